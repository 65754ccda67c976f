"""Items from generators, against reasoning-gym on families that ask for comparable things.

Our items come with typed golds, both worked solutions, a split, and no two alike; the peer's with
a question, an answer and metadata. Levels 1 to 5 are drawn equally, and where the peer can be told
how large its numbers or how long its tasks are to be, it is told what the level of ours has.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from common import Bench, Turn, main

ITEMS_A_LEVEL = 20


class Peer(NamedTuple):
    """A data set of the peer, and its settings for each of our levels."""

    name: str
    settings: Callable[[int], dict[str, Any]]


def _by_level(**values: tuple[Any, ...]) -> Callable[[int], dict[str, Any]]:
    return lambda level: {name: by_level[level - 1] for name, by_level in values.items()}


_TERMS, _DIGITS = (2, 3, 4, 7, 16), (1, 1, 2, 2, 3)
_LENGTHS, _EDITS = (4, 5, 7, 10, 14), (3, 4, 8, 12, 20)

PAIRS = {
    "integer_expression": Peer(
        "basic_arithmetic",
        _by_level(min_terms=_TERMS, max_terms=_TERMS, max_digits=_DIGITS),
    ),
    "prime_factorisation": Peer(
        "prime_factorization",
        _by_level(min_value=(4, 100, 400, 10**5, 10**6), max_value=(99, 399, 9_999, 10**6, 10**8)),
    ),
    "base_conversion": Peer(
        "base_conversion",
        _by_level(min_value=(4, 32, 128, 5_000, 10**9), max_value=(31, 127, 4_000, 10**6, 10**13)),
    ),
    "primes_in_interval": Peer("count_primes", _by_level(max_n=(40, 99, 999, 9_999, 99_999))),
    "recurrence": Peer("number_sequence", _by_level()),
    "euclid_trace": Peer("gcd", _by_level(max_value=(60, 300, 9_999, 10**7, 10**12))),
    "bit_operations": Peer("bitwise_arithmetic", _by_level(difficulty=(1, 1, 2, 3, 4))),
    "sorting_passes": Peer("number_sorting", _by_level(min_numbers=_LENGTHS, max_numbers=_LENGTHS)),
    "string_edits": Peer(
        "string_manipulation", _by_level(min_num_rules=_EDITS, max_num_rules=_EDITS)
    ),
    "clock_and_duration": Peer(
        "time_intervals",
        lambda level: {"task_types": ["time_seconds" if level == 5 else "time"]},
    ),
    "calendar_offset": Peer(
        "calendar_arithmetic",
        lambda level: {"tasks": ["weekday_offset"], "offset_upper_bound": 10**level},
    ),
}
"""The peer's data set by our family."""


def ours(_base: str | None) -> None:
    """Our families, each level a fifth; a new seed at every turn."""
    from metaprobe.benchmark.family import find_family
    from metaprobe.core.vocabulary import LEVELS, Split

    found = [find_family(name) for name in PAIRS]
    turn, seed = Turn(), 0
    while True:
        turn.start()
        items = [
            item
            for family in found
            for level in LEVELS
            for item in family.stream(
                split=Split.TRAIN, level=level, seed=seed, limit=ITEMS_A_LEVEL
            )
        ]
        turn.stop(len(items))
        assert all(item.long for item in items)
        seed += 1


def peer(_base: str | None) -> None:
    """As many entries of the peer's data sets; seeds far apart, since near ones share entries."""
    from reasoning_gym import create_dataset

    from metaprobe.core.vocabulary import LEVELS

    turn, seed = Turn(), 0
    while True:
        turn.start()
        entries = [
            entry
            for name, settings in PAIRS.values()
            for level in LEVELS
            for entry in create_dataset(name, size=ITEMS_A_LEVEL, seed=seed, **settings(level))
        ]
        turn.stop(len(entries))
        seed += 1000 * ITEMS_A_LEVEL


if __name__ == "__main__":
    main(
        Bench(
            name="items",
            peer="reasoning-gym",
            sides={"ours": ours, "peer": peer},
            unit="items",
            packages=("reasoning-gym",),
            needs={"peer": "reasoning-gym"},
        )
    )
