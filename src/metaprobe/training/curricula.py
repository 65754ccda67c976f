"""Curricula: the same problems as without one, in another order.

The problems of an arm are drawn first, at random; a curriculum then sorts what was drawn, so arms
that differ only in their curriculum are trained on the same problems. Ties keep the random order.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Literal

from metaprobe.benchmark.items import Item
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill

Curriculum = Literal["shuffled", "level", "pass_rate", "skill_balance", "skill_gated"]

ATOMIC_SKILLS = frozenset({Skill.CALCULATION, Skill.FACT_RETRIEVAL})
"""Skills that the others are composed of; `skill_gated` begins with them."""


def ordered(
    drawn: Sequence[int], items: Sequence[Item], kind: Curriculum, rates: Sequence[float]
) -> list[int]:
    """Return the drawn indices in the order of a curriculum.

    - `shuffled`: as they were drawn;
    - `level`: lower levels first;
    - `pass_rate`: problems that the base solves about half of the time first;
    - `skill_balance`: the skills take turns, as long as each has problems left;
    - `skill_gated`: calculation and fact retrieval first, then the skills that build on them.

    Args:
        drawn: indices of items, in random order; an item may occur several times.
        items: the problems.
        kind: the curriculum.
        rates: by item, the share of the base's samples that were correct; for `pass_rate` only.
    """
    met: Counter[Skill] = Counter()

    def turn(index: int) -> int:
        met[items[index].skill] += 1
        return met[items[index].skill]

    keys: dict[Curriculum, Callable[[int], float]] = {
        "shuffled": lambda _: 0,
        "level": lambda i: items[i].level,
        "pass_rate": lambda i: abs(rates[i] - 0.5),
        "skill_balance": turn,
        "skill_gated": lambda i: items[i].skill not in ATOMIC_SKILLS,
    }
    return sorted(drawn, key=keys[kind])


def shuffled(count: int, stream: str) -> Iterator[int]:
    """Yield indices below `count` for ever, each once an epoch."""
    epoch = 0
    while True:
        yield from numpy_rng_for(stream, epoch).permutation(count).tolist()
        epoch += 1


def batches(
    items: Sequence[Item],
    size: int,
    stream: str,
    *,
    kind: Curriculum = "shuffled",
    planned: int = 0,
    rates: Sequence[float] = (),
    skip: int = 0,
) -> Iterator[list[int]]:
    """Yield index batches for ever: the planned ones by the curriculum, more in random order.

    Args:
        items: the problems.
        size: of a batch.
        stream: name of the random stream.
        kind: the curriculum.
        planned: batches that the curriculum orders.
        rates: see `ordered`.
        skip: batches to leave out at the start.
    """
    drawn = shuffled(len(items), stream)
    first = ordered(list(islice(drawn, planned * size)), items, kind, rates)
    rest = islice(chain(first, drawn), skip * size, None)
    while True:
        yield list(islice(rest, size))
