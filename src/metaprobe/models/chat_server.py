"""Any server that speaks the chat protocol of OpenAI (vLLM, SGLang, llama.cpp, ...).

One request an answer, so that a failure loses one. What a server sends is checked and bounded, in
size and in time; it is never trusted to be well-formed.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field, ValidationError

from metaprobe.core.errors import ConfigError, MetaprobeError, MissingExtraError
from metaprobe.core.streams import rng_for
from metaprobe.models.chat import split_thought

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

Key = TypeVar("Key")

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
    """Longest wait for one answer, in seconds."""
    key_variable: str | None = None
    """Environment variable that holds the key; without it none is sent."""
    pause: float = 1.0
    """Seconds before a second attempt; each further one waits twice as long."""
    option: str = "--server"
    """What the user gave the address with, for messages."""


class ChatReply(NamedTuple):
    """What a server answered to one request."""

    thought: str
    """What was thought before the answer; empty without a thought."""
    text: str
    """The answer, without the thought."""
    truncated: bool
    tokens: int | None
    """Thought and answer in the model's tokens, where the server tells."""
    error: str | None = None
    """Why there is no answer."""


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
    """An attempt without an answer."""

    reason: str
    wait: float | None
    """Seconds that the server asks to wait; 0 where it does not; None where nothing would help."""


class ChatServer:
    """A model behind a server."""

    def __init__(self, model: str, settings: ServerSettings) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: the address or the environment variable of the key is wrong.
            MissingExtraError: httpx2 is not installed.
        """
        if find_spec("httpx2") is None:
            raise MissingExtraError("a server needs httpx2: pip install 'metaprobe[server]'")
        import httpx2

        option = settings.option
        try:
            url = httpx2.URL(settings.url)
        except (httpx2.InvalidURL, TypeError) as error:
            raise ConfigError(f"{option} {settings.url!r}: not an address ({error})") from error
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ConfigError(
                f"{option}: give an address like http://localhost:8000/v1, and a key by the name "
                "of its environment variable"
            )
        variable = settings.key_variable
        if variable and not os.environ.get(variable):
            raise ConfigError(f"key of {option}: no environment variable {variable} is set")
        self.model, self.settings = model, settings
        self._lost = 0

    def ask(
        self,
        requests: Iterable[tuple[Key, dict[str, Any]]],
        tell: Callable[[Key, ChatReply], None],
    ) -> None:
        """Send requests, at most `parallel` at any time, and tell each answer as it comes.

        Args:
            requests: a key, which names the request, and the body without the model.
            tell: called once for each request, in any order, failed ones included.

        Raises:
            ConfigError: the server refuses the key, or knows no such model or path.
            ServerError: it answers nothing any more.
        """
        asyncio.run(self._ask_all(requests, tell))

    async def _ask_all(
        self,
        requests: Iterable[tuple[Key, dict[str, Any]]],
        tell: Callable[[Key, ChatReply], None],
    ) -> None:
        import httpx2

        # One queue for all workers: who is done takes the next, so a long answer holds up nothing.
        queue = iter(requests)
        secret = os.environ.get(self.settings.key_variable or "")
        headers = {"Accept-Encoding": "identity"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        limits = httpx2.Limits(max_connections=self.settings.parallel)
        async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=None) as client:

            async def work() -> None:
                for key, body in queue:
                    tell(key, await self._reply(client, key, {"model": self.model, **body}))

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

    async def _reply(self, client: "AsyncClient", key: object, body: dict[str, Any]) -> ChatReply:
        jitter = rng_for("retry", key)
        failed = _Failed("", None)
        for attempt in range(_ATTEMPTS):
            result = await self._attempt(client, body)
            if isinstance(result, _Chat):
                self._lost = 0
                return _read(result)
            failed = result
            if failed.wait is None:  # the server is there, and will not answer this
                self._lost = 0
                break
            if attempt == _ATTEMPTS - 1:
                self._count_lost(failed.reason)
                break
            pause = self.settings.pause * 2**attempt * (1 + jitter.random())
            await asyncio.sleep(min(max(pause, failed.wait), _LONGEST_PAUSE))
        return ChatReply("", "", False, None, failed.reason)

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
            raise ConfigError(
                f"{self.settings.option} {self.settings.url}, model {self.model}: {reason}"
            )
        if status not in _TRY_AGAIN and status < 500:
            return _Failed(reason, None)
        asked = response.headers.get("Retry-After", "")
        return _Failed(reason, float(asked) if asked.isascii() and asked.isdigit() else 0)


def _read(chat: _Chat) -> ChatReply:
    choice = chat.choices[0]
    message = choice.message
    thought = message.reasoning_content or message.reasoning or ""
    text = message.content or ""
    # A server with a parser of reasoning keeps the thought apart; others leave it in the text.
    thought, text = (thought.strip(), text.strip()) if thought.strip() else split_thought(text)
    tokens = chat.usage.completion_tokens if chat.usage else None
    return ChatReply(thought, text, choice.finish_reason == "length", tokens)
