"""One schema for the rows of every corpus.

What stands in a row is data of strangers: it is carried as text, and is never a program, a path
or markup here.
"""

from typing import NamedTuple


class Written(NamedTuple):
    """A gold as the corpus writes it: a number, an expression, or a worked solution."""

    text: str
    worked: bool
    """Whether it is a worked solution, of which only a marked answer is taken."""


class Label(NamedTuple):
    """The right one of labelled options, which the question lists."""

    value: str
    options: tuple[str, ...]
    """The labels, as `A`, or the options themselves where they are one word, as `Yes`."""


class Aliases(NamedTuple):
    """Texts of which each is right; the first is preferred."""

    texts: tuple[str, ...]


class Output(NamedTuple):
    """What a call of a program returns; see `sandbox.py`, where it is executed again."""

    code: str
    call: str
    """An expression, as `f([1, 2])`."""
    stated: str
    """The value as the corpus writes it."""


RawGold = Written | Label | Aliases | Output


class Record(NamedTuple):
    """One row of a corpus."""

    corpus: str
    """Name of the corpus."""
    place: str
    """File and row, counted from 1, or the split of a data set of the hub and the row."""
    question: str
    """All that is asked, a passage and options too; without halves of characters."""
    gold: RawGold
    level: int | None
    """Of difficulty where the corpus states one from 1 to 5."""
    licence: str | None
    """As the corpus states it."""
