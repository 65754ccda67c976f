"""What a teacher is, and what its solutions are: a thought, or none, and an answer."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from metaprobe.models.chat import THINK, THINK_END
from metaprobe.training.traces import Length

Variant = Length
"""Without (short) or with (long) a thought, as thinking is switched off or on."""

_CONTROL = re.compile(r"</?think>|<\|[^|<>\s]{1,40}\|>")


class TraceSampling(BaseModel):
    """How traces are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(default=0.6, ge=0)
    """Softmax temperature; 0 takes the most likely token."""
    top_p: float = Field(default=0.95, gt=0, le=1)
    """Smallest probability mass of the nucleus that is sampled from."""
    max_new_tokens: int = Field(default=16384, ge=1)
    """Token limit of a trace; one that reaches it is never kept."""
    seed: int = Field(default=0, ge=0)
    """Names the random streams."""


class Job(NamedTuple):
    """A problem to be solved."""

    key: str
    """Names the problem and its gold."""
    question: str
    missing: tuple[int, ...]
    """Numbers of the samples that are still to be drawn."""


class Reply(NamedTuple):
    """One sampled solution."""

    key: str
    sample: int
    thought: str
    """What was thought before the answer; empty without a thought."""
    text: str
    """The answer, without the thought."""
    truncated: bool
    tokens: int | None
    """Thought and answer in the teacher's tokens, where it tells."""
    error: str | None = None
    """Why there is no solution."""


Tell = Callable[[Reply], None]


class Teacher(Protocol):
    """Solves problems."""

    @property
    def name(self) -> str:
        """As the user wrote it."""

    @property
    def key(self) -> str:
        """Names all that decides its solutions, except their sampling."""

    def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        """Draw the missing samples and tell each as soon as it is there.

        Args:
            jobs: all problems, those without missing samples too.
            variant: whether to think.
            tell: called once for each missing sample, in any order.
        """


def fits(variant: Variant, thought: str, text: str) -> bool:
    """Return whether a trace is of its variant, and holds no mark that would end a turn.

    A server may not know how to switch thinking, and a response may imitate the marks of a chat,
    which a tokenizer would read as such.
    """
    return bool(thought) == (variant == "long") and not _CONTROL.search(f"{thought}\n{text}")


def completion(thought: str, text: str) -> str:
    """Return a trace as one text: the thought in its marks, where there is one, and the answer."""
    return f"{THINK}\n{thought}\n{THINK_END}\n\n{text}" if thought else text
