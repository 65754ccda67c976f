"""Any server that speaks the chat protocol of OpenAI (vLLM, SGLang, llama.cpp, ...) as a teacher.

One request a sample, so that a failure loses one. What a server sends is checked and bounded, in
size and in time; it is never trusted to be well-formed.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from metaprobe.core.errors import ConfigError, MetaprobeError, MissingExtraError
from metaprobe.core.streams import rng_for, seed_for, short_hash
from metaprobe.models.chat import user_message
from metaprobe.training.corpus.teachers import (
    Job,
    Reply,
    Tell,
    TraceSampling,
    Variant,
    split_thought,
)

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

_ATTEMPTS = 5
_LONGEST_PAUSE = 60.0
_MOST_BYTES = 16 * 2**20
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_NEVER = frozenset({401, 403, 404})
_EXCERPT = 160


class ServerError(MetaprobeError, OSError):
    """A server has stopped answering."""


class ServerSettings(NamedTuple):
    """How a server is asked."""

    url: str
    """Base of its interface, as http://localhost:8000/v1."""
    parallel: int = 16
    """Most requests at any time."""
    timeout: float = 1800.0
    """Longest wait for one sample, in seconds."""
    key_variable: str | None = None
    """Environment variable that holds the key; without it none is sent."""
    pause: float = 1.0
    """Seconds before a second attempt; each further one waits twice as long."""


class _Message(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    completion_tokens: int | None = Field(default=None, ge=0)


class _Chat(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Failed(NamedTuple):
    """An attempt without a solution."""

    reason: str
    wait: float | None
    """Seconds that the server asks to wait; 0 where it does not; None where nothing would help."""


class ServerTeacher:
    """A model behind a server."""

    def __init__(self, name: str, sampling: TraceSampling, settings: ServerSettings) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: the address or the environment variable of the key is wrong.
            MissingExtraError: httpx2 is not installed.
        """
        if find_spec("httpx2") is None:
            raise MissingExtraError("a server needs httpx2: pip install 'metaprobe[server]'")
        import httpx2

        try:
            url = httpx2.URL(settings.url)
        except (httpx2.InvalidURL, TypeError) as error:
            raise ConfigError(f"--server {settings.url!r}: not an address ({error})") from error
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ConfigError(
                "--server: give an address like http://localhost:8000/v1, and a key by the name "
                "of its environment variable with --key-variable"
            )
        variable = settings.key_variable
        if variable and not os.environ.get(variable):
            raise ConfigError(f"--key-variable {variable}: no such environment variable is set")
        self.name, self.sampling, self.settings = name, sampling, settings
        self.key = short_hash("server", name)
        self._lost = 0

    def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        """Draw the missing samples and tell each; see `Teacher`.

        Raises:
            ConfigError: the server refuses the key, or knows no such model or path.
            ServerError: it answers nothing any more.
        """
        asyncio.run(self._solve_all(jobs, variant, tell))

    async def _solve_all(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        import httpx2

        # One queue for all workers: who is done takes the next, so a long trace holds up nothing.
        queue: Iterator[tuple[Job, int]] = ((j, number) for j in jobs for number in j.missing)
        secret = os.environ.get(self.settings.key_variable or "")
        headers = {"Accept-Encoding": "identity"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        limits = httpx2.Limits(max_connections=self.settings.parallel)
        async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=None) as client:

            async def work() -> None:
                for job, number in queue:
                    tell(await self._ask(client, job, number, variant))

            tasks = [asyncio.create_task(work()) for _ in range(self.settings.parallel)]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _count_lost(self, reason: str) -> None:
        """Stop where as many in a row have had no answer as are asked at once."""
        self._lost += 1
        if self._lost >= max(4, self.settings.parallel):
            raise ServerError(
                f"{self.settings.url}: {self._lost} requests in a row without an answer "
                f"({reason}); the same command goes on from here"
            )

    async def _ask(self, client: "AsyncClient", job: Job, number: int, variant: Variant) -> Reply:
        body = self._body(job, number, variant)
        jitter = rng_for("retry", job.key, number)
        failed = _Failed("", None)
        for attempt in range(_ATTEMPTS):
            result = await self._attempt(client, body)
            if isinstance(result, _Chat):
                self._lost = 0
                return _reply(job, number, result)
            failed = result
            if failed.wait is None:  # the server is there, and will not answer this
                self._lost = 0
                break
            if attempt == _ATTEMPTS - 1:
                self._count_lost(failed.reason)
                break
            pause = self.settings.pause * 2**attempt * (1 + jitter.random())
            await asyncio.sleep(min(max(pause, failed.wait), _LONGEST_PAUSE))
        return Reply(job.key, number, "", "", False, None, failed.reason)

    def _body(self, job: Job, number: int, variant: Variant) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": [{"role": "user", "content": user_message(job.question)}],
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "max_tokens": self.sampling.max_new_tokens,
            # Servers keep seeds in 32 bits or fewer.
            "seed": seed_for("teacher", self.sampling.seed, variant, job.key, number) >> 32,
            "chat_template_kwargs": {"enable_thinking": variant == "long"},
        }

    async def _attempt(self, client: "AsyncClient", body: dict[str, Any]) -> _Chat | _Failed:
        import httpx2

        url = f"{self.settings.url.rstrip('/')}/chat/completions"
        try:
            async with (
                asyncio.timeout(self.settings.timeout),
                client.stream("POST", url, json=body) as response,
            ):
                content = bytearray()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > _MOST_BYTES:
                        return _Failed(f"an answer of more than {_MOST_BYTES} bytes", None)
        except TimeoutError:
            return _Failed(f"no whole answer within {self.settings.timeout:g} s", 0)
        except httpx2.HTTPError as error:
            return _Failed(f"{type(error).__name__}: {error}"[:_EXCERPT], 0)
        if response.status_code != 200:
            return self._refused(response, bytes(content))
        try:
            return _Chat.model_validate_json(bytes(content))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "answer"
            return _Failed(f"malformed answer: {where}: {first['msg']}"[:_EXCERPT], 0)

    def _refused(self, response: "Response", content: bytes) -> _Failed:
        status = response.status_code
        said = " ".join(content[: 4 * _EXCERPT].decode(errors="replace").split())[:_EXCERPT]
        reason = f"HTTP {status}: {said!r}"
        if status in _NEVER:
            raise ConfigError(f"--server {self.settings.url}, --teacher {self.name}: {reason}")
        if status not in _TRY_AGAIN and status < 500:
            return _Failed(reason, None)
        asked = response.headers.get("Retry-After", "")
        return _Failed(reason, float(asked) if asked.isascii() and asked.isdigit() else 0)


def _reply(job: Job, number: int, chat: _Chat) -> Reply:
    choice = chat.choices[0]
    message = choice.message
    thought = message.reasoning_content or message.reasoning or ""
    text = message.content or ""
    # A server with a parser of reasoning keeps the thought apart; others leave it in the text.
    thought, text = (thought.strip(), text.strip()) if thought.strip() else split_thought(text)
    tokens = chat.usage.completion_tokens if chat.usage else None
    return Reply(job.key, number, thought, text, choice.finish_reason == "length", tokens)
