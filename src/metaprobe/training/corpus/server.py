"""A model behind a server of OpenAI's chat protocol as a teacher; one request a sample."""

from collections.abc import Sequence
from typing import Any

from metaprobe.core.streams import seed_for, short_hash
from metaprobe.models.chat import user_message
from metaprobe.models.chat_server import ChatReply, ChatServer, ServerSettings
from metaprobe.training.corpus.teachers import Job, Reply, Tell, TraceSampling, Variant


class ServerTeacher:
    """A model behind a server."""

    def __init__(self, name: str, sampling: TraceSampling, settings: ServerSettings) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: the address or the environment variable of the key is wrong.
            MissingExtraError: httpx2 is not installed.
        """
        self._server = ChatServer(name, settings)
        self.name, self.sampling = name, sampling
        self.key = short_hash("server", name)

    def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        """Draw the missing samples and tell each; see `Teacher`.

        Raises:
            ConfigError: the server refuses the key, or knows no such model or path.
            ServerError: it answers nothing any more.
        """
        requests = (
            ((job.key, number), self._body(job, number, variant))
            for job in jobs
            for number in job.missing
        )

        def told(key: tuple[str, int], reply: ChatReply) -> None:
            job, number = key
            tell(Reply(job, number, **reply._asdict()))

        self._server.ask(requests, told)

    def _body(self, job: Job, number: int, variant: Variant) -> dict[str, Any]:
        return {
            "messages": [{"role": "user", "content": user_message(job.question)}],
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "max_tokens": self.sampling.max_new_tokens,
            # Servers keep seeds in 32 bits or fewer.
            "seed": seed_for("teacher", self.sampling.seed, variant, job.key, number) >> 32,
            "chat_template_kwargs": {"enable_thinking": variant == "long"},
        }
