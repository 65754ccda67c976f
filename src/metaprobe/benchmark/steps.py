"""Which steps of a response are verified: the step checkers of the families.

A step of a response is *verified* if it is a step of the item's own worked solution that was not
reached before. It is that step if it claims the same (see `claims.py`; a family may say otherwise
what its steps claim), or if the solution's step is nothing but equations and the response's step
states all of them and no equation that is false. A true equation that has no part in the solution
is not verified, and neither is a repetition.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from metaprobe.benchmark.claims import split_steps
from metaprobe.benchmark.equations import Equation, equations, only_equations
from metaprobe.benchmark.family import Claim, claim_of
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Verdict

MAX_STEPS = 2000
"""Steps beyond this count as written, but are not read."""

_WORD = re.compile(r"[^\W\d_]+")
_STATES = re.compile(r"[\d=<>]")
_IGNORED_WORDS = (
    "a about all an and are as at be both by do does for from get has have if in is it let no not "
    "of on one or so that the then there this to us we with"
)


class CheckedStep(NamedTuple):
    """One step of a response."""

    text: str
    verified: bool


class StepCheck(NamedTuple):
    """The steps of a response, and the share of them that is verified."""

    steps: tuple[CheckedStep, ...]
    share: float
    """Verified steps over those of the solution or of the response, whichever are more."""


class _Solution(NamedTuple):
    """One worked solution, indexed by what its steps claim."""

    claims: tuple[tuple[str, ...], ...]
    """Of each step, whose sentences may be several."""
    places: dict[str, list[int]]
    """By the first claim of a step, the places where it stands, ascending."""
    computed: dict[tuple[tuple[str, ...], ...], list[tuple[int, list[Equation]]]]
    """By the numbers of its first equation, place and equations of a step that is nothing else."""


class _Written(NamedTuple):
    """A step of a response, and the places of the solution where it may stand."""

    text: str
    places: list[int]


def check_steps(item: Item, response: str) -> StepCheck:
    """Return which steps of a response are verified against the item's short or long solution.

    The solution is taken that gives the larger share, which is

        verified / max(steps of the solution, steps written)

    Verified are as many steps as stand in the solution in the same order, each place of the
    solution once. Prose without a number, a relation or a word of the solution is no step. Where a
    solution has no steps, the boxed answer is its one step.

    Args:
        item: the question with its worked solutions.
        response: the decoded completion, without the prompt.
    """
    claim, words, solutions = _prepared(item)
    texts = split_steps(response)
    claims = [claim(text) for text in texts[:MAX_STEPS]]
    checks = []
    for solution in solutions:
        if solution.claims:
            written = _written(texts, claims, solution, words)
            kept = _in_order([step.places for step in written])
            size = max(len(solution.claims), len(written) + len(texts[MAX_STEPS:]))
            steps = [CheckedStep(step.text, n in kept) for n, step in enumerate(written)]
            checks.append(StepCheck(tuple(steps), len(kept) / size))
        else:
            others = [t for t, c in zip(texts, claims, strict=False) if _is_step(c, words)]
            right = grade(item.answer, response).verdict is Verdict.CORRECT
            steps = [CheckedStep(text, False) for text in others]
            checks.append(StepCheck(tuple(steps), right / (1 + len(others))))
    return max(checks, key=lambda check: check.share)


@lru_cache(maxsize=256)
def _prepared(item: Item) -> tuple[Claim, frozenset[str], list[_Solution]]:
    claim = claim_of(item)
    solutions = [_indexed(steps, claim) for steps in (item.long, item.short)]
    said = " ".join(part for s in solutions for parts in s.claims for part in parts)
    return claim, frozenset(_WORD.findall(said)).difference(_IGNORED_WORDS.split()), solutions


def _indexed(steps: Sequence[str], claim: Claim) -> _Solution:
    parted = (tuple(map(claim, split_steps(step))) for step in steps)
    solution = _Solution(tuple(parts for parts in parted if parts), {}, {})
    for place, parts in enumerate(solution.claims):
        solution.places.setdefault(parts[0], []).append(place)
        found = only_equations(parts[0]) if len(parts) == 1 else []
        if found:
            solution.computed.setdefault(found[0].numbers, []).append((place, found))
    return solution


def _written(
    texts: Sequence[str], claims: Sequence[str], solution: _Solution, words: frozenset[str]
) -> list[_Written]:
    """Return the steps of a response; sentences that are one step of the solution are joined."""
    written: list[_Written] = []
    at = 0
    while at < len(claims):
        length, places = _places(claims, at, solution)
        if not places:
            places = _computed_places(claims[at], solution)
        if places or _is_step(claims[at], words):
            written.append(_Written(". ".join(texts[at : at + length]), places))
        at += length
    return written


def _places(claims: Sequence[str], at: int, solution: _Solution) -> tuple[int, list[int]]:
    """Return the longest run from `at` that is a step of the solution, and where it stands."""
    fitting: dict[int, list[int]] = {}
    for place in solution.places.get(claims[at], ()):
        parts = solution.claims[place]
        if tuple(claims[at : at + len(parts)]) == parts:
            fitting.setdefault(len(parts), []).append(place)
    return max(fitting.items(), default=(1, []))


def _computed_places(line: str, solution: _Solution) -> list[int]:
    """Return the places of the solution's steps whose equations a line states, ascending."""
    stated = equations(line) if solution.computed else []
    if not all(equation.holds for equation in stated):
        return []
    places = {
        place
        for own in stated
        for place, wanted in solution.computed.get(own.numbers, ())
        if all(any(_same(own, other) for own in stated) for other in wanted)
    }
    return sorted(places)


def _same(own: Equation, wanted: Equation) -> bool:
    return own.numbers == wanted.numbers and own.name in ("", wanted.name)


def _is_step(claim: str, words: frozenset[str]) -> bool:
    return bool(_STATES.search(claim)) or not words.isdisjoint(_WORD.findall(claim))


def _in_order(places: Sequence[Sequence[int]]) -> set[int]:
    """Return indices of a largest choice of steps whose places ascend (Hunt and Szymanski, 1977).

    Args:
        places: of each step, where it may stand, ascending.
    """
    lasts: list[int] = []
    chains: list[tuple[int, object]] = []
    for index, own in enumerate(places):
        for place in reversed(own):
            length = bisect_left(lasts, place)
            chain = (index, chains[length - 1] if length else None)
            lasts[length : length + 1] = [place]
            chains[length : length + 1] = [chain]
    kept: set[int] = set()
    link: object = chains[-1] if chains else None
    while isinstance(link, tuple):
        kept.add(link[0])
        link = link[1]
    return kept
