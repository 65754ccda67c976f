"""Items from generators, against reasoning-gym on families that ask for comparable things.

Our items come with typed golds, both worked solutions, a split, and no two alike; the peer's with
a question, an answer and metadata. Levels 1 to 5 are drawn equally; the peer has its defaults.
"""

from common import Bench, Turn, main

ITEMS_A_FAMILY = 100
PAIRS = {
    "integer_expression": "basic_arithmetic",
    "fraction_arithmetic": "fraction_simplification",
    "modular_power": "power_function",
    "divisors": "prime_factorization",
    "primes_in_interval": "count_primes",
    "recurrence": "number_sequence",
    "queue_of_operations_on_a_number": "chain_sum",
    "bit_operations": "bitwise_arithmetic",
    "clock_and_duration": "time_intervals",
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
                split=Split.TRAIN, level=level, seed=seed, limit=ITEMS_A_FAMILY // len(LEVELS)
            )
        ]
        turn.stop(len(items))
        assert all(item.long for item in items)
        seed += 1


def peer(_base: str | None) -> None:
    """As many entries of the peer's data sets; seeds far apart, since near ones share entries."""
    from reasoning_gym import create_dataset

    turn, seed = Turn(), 0
    while True:
        turn.start()
        entries = [
            entry
            for name in PAIRS.values()
            for entry in create_dataset(name, size=ITEMS_A_FAMILY, seed=seed)
        ]
        turn.stop(len(entries))
        seed += 1000 * ITEMS_A_FAMILY


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
