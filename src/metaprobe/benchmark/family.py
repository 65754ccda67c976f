"""What a family is, and how its items are drawn.

A family is a function `(rng, level) -> Problem` under the `family` decorator. Everything else
is derived here: the hashed stream of each draw, the split that a problem belongs to, the
removal of duplicates and the check against the family's capacity.

A problem belongs to a split by the hash of its `key`, so no problem can be in both. The key is
what makes two problems the same (numbers, not wording); for fact families it is the fact
*together with* the wording, because a fact that was never seen cannot be recalled.
"""

import importlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import Answer, fold
from metaprobe.benchmark.claims import claim as plain_claim
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.errors import CapacityError, ConfigError, nearest
from metaprobe.core.streams import digest, rng_for
from metaprobe.core.vocabulary import CELLS, LEVELS, Cell, Domain, Skill, Split

EVAL_SHARE = 0.25
"""Share of a family's problems that are kept for evaluation."""

_NOTHING = "none"
"""The answer to a diagnostic question about something in which nothing is wrong."""

_ATTEMPTS_PER_ITEM = 2000
_BASELINE_DRAWS = 300


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a generator draws."""

    question: str
    """The whole question, ending with how the answer is to be written where it could be unclear."""
    answer: Answer
    short: tuple[str, ...] = ()
    """Steps of a short worked solution: the least that leads to the answer."""
    long: tuple[str, ...]
    """Steps of a long worked solution: every operation on its own, and a check where one exists."""
    key: str
    """What makes the problem the same as another; see the module's docstring."""


Draw = Callable[[Random, int], Problem]
Claim = Callable[[str], str]
"""What a step of working says: equal for two wordings of the same step."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A generator of items in one cell."""

    cell: Cell
    name: str
    draw: Draw
    capacity: Mapping[int, int]
    """By level, how many distinct problems exist (both splits together), or a lower bound."""
    claim: Claim = plain_claim
    """When two steps are the same; see `steps.py`."""

    @property
    def summary(self) -> str:
        """First line of the generator's docstring."""
        return (self.draw.__doc__ or "").strip().splitlines()[0]

    def items(self, *, split: Split, level: int, count: int, seed: int = 0) -> list[Item]:
        """Return `count` items with distinct problems and questions.

        Raises:
            CapacityError: the family has too few problems at that level and split.
        """
        items = list(self.stream(split=split, level=level, seed=seed, limit=count))
        if len(items) < count:
            raise CapacityError(
                f"{self.cell}/{self.name} has only {len(items)} distinct {split} items at level "
                f"{level}, {count} were asked for; ask for fewer or add levels"
            )
        return items

    def stream(self, *, split: Split, level: int, seed: int, limit: int) -> Iterator[Item]:
        """Yield up to `limit` distinct items; fewer where the family is exhausted."""
        for found in self._distinct(split=split, level=level, seed=seed, limit=limit):
            yield self._item(found, split, level, seed)

    def baseline(self, level: int) -> float:
        """Return the share of the most frequent answer among train problems of that level."""
        return _guessing(self, level).majority

    def chance(self, level: int) -> float:
        """Return the mean accuracy of a blind guess on the same problems as `baseline`."""
        return _guessing(self, level).chance

    def clean(self, level: int) -> float | None:
        """Return the share of those problems where nothing is wrong; None if not diagnostic."""
        return _guessing(self, level).clean if self.cell.skill is Skill.DIAGNOSTIC else None

    def _distinct(self, *, split: Split, level: int, seed: int, limit: int) -> Iterator["_Found"]:
        name = ("item", str(self.cell), self.name, str(split), level, seed)
        seen: set[str] = set()
        made = barren = index = 0
        while made < limit and barren < _ATTEMPTS_PER_ITEM:
            problem = self.draw(rng_for(*name, index), level)
            index += 1
            barren += 1
            # The tests are in order of cost: most draws of an exhausted family fail the first.
            if problem.key in seen or split_of(problem.key) is not split:
                continue
            question = content_hash(problem.question)
            if question in seen:
                continue
            seen |= {problem.key, question}
            made, barren = made + 1, 0
            yield _Found(problem, question, index - 1)

    def _item(self, found: "_Found", split: Split, level: int, seed: int) -> Item:
        problem = found.problem
        return Item(
            id=found.question_hash,
            domain=self.cell.domain,
            skill=self.cell.skill,
            family=self.name,
            level=level,
            split=split,
            question=problem.question,
            answer=problem.answer,
            short=problem.short,
            long=problem.long,
            source=f"generator/{self.cell}/{self.name}/{split}/{level}/{seed}/{found.draw}",
        )

    def __hash__(self) -> int:
        return hash((self.cell, self.name))


class _Found(NamedTuple):
    problem: Problem
    question_hash: str
    draw: int
    """Of the draw in its stream."""


_REGISTRY: dict[tuple[Cell, str], Family] = {}


def family(
    cell: str, *, capacity: Mapping[int, int], claim: Claim = plain_claim
) -> Callable[[Draw], Draw]:
    """Register the decorated generator as the family of its name.

    Args:
        cell: the cell as `domain/skill`.
        capacity: by level, how many distinct problems exist, or a lower bound.
        claim: when two steps of its solutions are the same.
    """
    domain, skill = cell.split("/")
    place = Cell(Domain(domain), Skill(skill))
    if set(capacity) != set(LEVELS):
        raise ConfigError(f"{cell}: capacity must be stated for the levels {LEVELS}")

    def register(draw: Draw) -> Draw:
        name = draw.__name__
        _REGISTRY[place, name] = Family(
            cell=place, name=name, draw=draw, capacity=dict(capacity), claim=claim
        )
        return draw

    return register


@cache
def families() -> tuple[Family, ...]:
    """Return all families, in grid order and then by name."""
    for cell in CELLS:
        importlib.import_module(f"metaprobe.benchmark.families.{cell.domain}.{cell.skill}")
    order = {cell: position for position, cell in enumerate(CELLS)}
    return tuple(sorted(_REGISTRY.values(), key=lambda f: (order[f.cell], f.name)))


def families_of(cell: Cell, only: Collection[str] | None = None) -> tuple[Family, ...]:
    """Return the families of one cell; of these only the named ones where `only` is given."""
    return tuple(f for f in families() if f.cell == cell and (only is None or f.name in only))


def find_family(name: str) -> Family:
    """Return the family of that name.

    Raises:
        ConfigError: no family has that name; the nearest one is named.
    """
    for candidate in families():
        if name in (candidate.name, f"{candidate.cell}/{candidate.name}"):
            return candidate
    raise ConfigError(f"unknown family {name!r}{nearest(name, [f.name for f in families()])}")


def claim_of(item: Item) -> Claim:
    """Return when two steps of the item's family are the same; the default for a corpus's items."""
    families()
    known = _REGISTRY.get((item.cell, item.family))
    return known.claim if known else plain_claim


def split_of(key: str) -> Split:
    """Return the split that a problem belongs to, by the hash of its key."""
    share = int.from_bytes(digest("split", key)[:4], "big") / 2**32
    return Split.EVAL if share < EVAL_SHARE else Split.TRAIN


class _Guessing(NamedTuple):
    majority: float
    chance: float
    clean: float


@cache
def _guessing(of: Family, level: int) -> _Guessing:
    drawn = of._distinct(split=Split.TRAIN, level=level, seed=0, limit=_BASELINE_DRAWS)
    answers = [found.problem.answer for found in drawn]
    counts = Counter(fold(answer.render()) for answer in answers)
    return _Guessing(
        majority=max(counts.values()) / len(answers),
        chance=sum(answer.chance for answer in answers) / len(answers),
        clean=counts[_NOTHING] / len(answers),
    )
