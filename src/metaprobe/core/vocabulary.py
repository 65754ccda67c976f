"""The words that every room shares: skills, domains, cells and verdicts."""

from enum import StrEnum
from typing import NamedTuple

from metaprobe.core.errors import ConfigError, nearest


class Skill(StrEnum):
    """A core skill of arXiv 2512.24063."""

    CALCULATION = "calculation"
    """Executing arithmetic, algebraic or symbolic operations to a formal result."""
    ENUMERATION = "enumeration"
    """Systematic, exhaustive generation of all elements that meet explicit constraints."""
    SIMULATION = "simulation"
    """Enacting a process step by step to predict or trace its behaviour."""
    FACT_RETRIEVAL = "fact_retrieval"
    """Recalling a canonical unit of domain knowledge."""
    DIAGNOSTIC = "diagnostic"
    """Finding, localising or explaining the source of an error or inconsistency."""


class Domain(StrEnum):
    """A subject area; `general` is the paper's non-reasoning question answering."""

    MATHEMATICS = "mathematics"
    SCIENCE = "science"
    CODING = "coding"
    GENERAL = "general"


class Cell(NamedTuple):
    """One domain and one skill, written `mathematics/calculation`."""

    domain: Domain
    skill: Skill

    def __str__(self) -> str:
        return f"{self.domain}/{self.skill}"


CELLS: tuple[Cell, ...] = tuple(Cell(domain, skill) for domain in Domain for skill in Skill)
"""All cells of the grid, domain by domain."""

LEVELS: tuple[int, ...] = (1, 2, 3, 4, 5)
"""Levels of difficulty, easiest first."""


class Verdict(StrEnum):
    """What became of one response; only the first two say anything about the answer."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNPARSED = "unparsed"
    """No answer of the expected type was found."""
    TRUNCATED = "truncated"
    """The token limit was reached before an answer."""
    ERRORED = "errored"
    """The response could not be produced."""


class Split(StrEnum):
    """The part of a family's problems that an item comes from; the parts share no problem."""

    TRAIN = "train"
    EVAL = "eval"


def parse_cells(patterns: list[str]) -> list[Cell]:
    """Return the cells that match any of the patterns, in grid order.

    A pattern is `domain/skill`, where either side may be `*`.

    Raises:
        ConfigError: a pattern matches nothing; the nearest cell is named.
    """
    chosen: set[Cell] = set()
    for pattern in patterns:
        domain, _, skill = pattern.partition("/")
        matched = {c for c in CELLS if domain in ("*", c.domain) and skill in ("*", c.skill)}
        if not matched:
            hint = nearest(pattern, [str(c) for c in CELLS])
            raise ConfigError(f"unknown cell {pattern!r}: use domain/skill or a *{hint}")
        chosen |= matched
    return [c for c in CELLS if c in chosen]
