"""mathematics/enumeration: sums with a given total, and solutions of linear equations."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby, product
from random import Random

from metaprobe.benchmark.answers import Answer, IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_TOTAL = {1: (5, 16), 2: (9, 24), 3: (14, 30), 4: (24, 45), 5: (45, 75)}
_PARTS = {1: (2, 3), 2: (3, 3), 3: (3, 4), 4: (4, 5), 5: (6, 8)}
_WAYS = {1: (1, 5), 2: (2, 8), 3: (4, 15), 4: (12, 30), 5: (60, 200)}
_LOWEST = {1: 2, 2: 4, 3: 4, 4: 5, 5: 5}
_DIFFERENT_FROM = 3
_COUNT_FROM = 5
_PARTITION_WORDINGS = (
    "Write {n} as a sum of exactly {k} {kind} from {low} to {high} (both included) in every way, "
    "where the order does not matter.",
    "In which ways is {n} a sum of exactly {k} {kind} between {low} and {high} (both included), "
    "if the order is ignored?",
    "Find all groups of exactly {k} {kind} from {low} to {high} (both included) with the sum "
    "{n}. Order does not matter.",
)

_PARTITIONS_COUNTED = (
    "In how many ways is {n} a sum of exactly {k} {kind} from {low} to {high} (both included), if "
    "the order is ignored?",
    "How many groups of exactly {k} {kind} between {low} and {high} (both included) have the sum "
    "{n}? Order does not matter.",
    "Count the ways to write {n} as a sum of exactly {k} {kind} from {low} to {high} (both "
    "included), where the order does not matter.",
)

_FACTORS = {1: (2, 6), 2: (3, 9), 3: (4, 12), 4: (5, 15), 5: (3, 12)}
_VALUE = {1: (8, 30), 2: (30, 80), 3: (40, 90), 4: (90, 180), 5: (60, 120)}
_UNKNOWNS = {1: "xy", 2: "xy", 3: "xyz", 4: "xyz", 5: "wxyz"}
_SOLUTIONS = {1: (1, 5), 2: (1, 6), 3: (3, 12), 4: (12, 30), 5: (60, 900)}
_LINES = {1: 10, 2: 13, 3: 99, 4: 99, 5: 99}
_EQUATION_WORDINGS = (
    "Which solutions does {equation} have in whole numbers that are not negative?",
    "Find all ({names}) with {equation}, where every letter is a whole number of at least 0.",
    "Solve {equation} in whole numbers from 0 upwards; find every solution.",
)
_SOLUTIONS_COUNTED = (
    "How many solutions does {equation} have in whole numbers that are not negative?",
    "How many ({names}) have {equation}, where every letter is a whole number of at least 0?",
    "In how many ways can {equation} be solved in whole numbers from 0 upwards?",
)


@family(
    "mathematics/enumeration",
    capacity={1: 149, 2: 150, 3: 431, 4: 496, 5: 1_888},
    claim=unordered_claim,
)
def integer_partitions(rng: Random, level: int) -> Problem:
    """List all ways to write a number as a sum of so many parts, or count them at level 5.

    Isolates an order in which no sum is forgotten and none comes twice. A level has larger
    numbers and more parts; from level 3 on the parts of a sum are all different.
    """
    different = level >= _DIFFERENT_FROM
    fewest, most = _WAYS[level]
    while True:
        total, size = rng.randint(*_TOTAL[level]), rng.randint(*_PARTS[level])
        low = rng.randint(1, _LOWEST[level])
        if low * size > total:
            continue
        high = rng.randint(-(-total // size), total - low * (size - 1))
        if fewest <= _partition_count(total, size, low, high, different) <= most:
            break
    counted = level >= _COUNT_FROM
    question = rng.choice(_PARTITIONS_COUNTED if counted else _PARTITION_WORDINGS).format(
        n=total,
        k=size,
        low=low,
        high=high,
        kind="different whole numbers" if different else "whole numbers",
    )
    found = list(_partitions(total, size, low, high, different=different))
    names = ["+".join(map(str, parts)) for parts in found]
    if counted:
        groups = [list(group) for _, group in groupby(names, lambda name: name.partition("+")[0])]
        steps = [f"{', '.join(group)}: {len(group)}" for group in groups]
    else:
        steps = [
            f"Starting with {start}: " + ", ".join(group) for start, group in groupby(names, _start)
        ]
    form = f"Write each as {'+'.join('abcde'[:size])}, largest number first, separated by commas."
    return _listed_or_counted(
        question,
        [] if counted else names,
        len(names),
        tuple(steps),
        form,
        key=f"integer_partitions {total} {size} {low} {high} {different}",
    )


def _start(name: str) -> str:
    """Return all but the last two parts of a sum, and at least the first one."""
    parts = name.split("+")
    return "+".join(parts[:-2] or parts[:1])


@cache
def _partition_count(total: int, size: int, low: int, high: int, different: bool) -> int:
    """Return how many sums of `size` parts from `low` to `high` there are."""
    if size == 0:
        return int(total == 0)
    return sum(
        _partition_count(total - part, size - 1, low, part - different, different)
        for part in range(max(low, -(-total // size)), min(high, total - low * (size - 1)) + 1)
    )


def _partitions(
    total: int, size: int, low: int, high: int, *, different: bool
) -> Iterator[tuple[int, ...]]:
    """Yield the sums of `size` parts from `low` to `high`, each with its largest part first."""
    if size == 0:
        if total == 0:
            yield ()
        return
    for part in range(min(high, total - low * (size - 1)), low - 1, -1):
        if part * size < total:
            return
        below = part - 1 if different else part
        for rest in _partitions(total - part, size - 1, low, below, different=different):
            yield (part, *rest)


@family(
    "mathematics/enumeration",
    capacity={1: 306, 2: 1_200, 3: 10**4, 4: 10**4, 5: 10**5},
    claim=unordered_claim,
)
def solutions_of_linear_equation(rng: Random, level: int) -> Problem:
    """List all solutions of a linear equation in whole numbers from 0 upwards, or count them.

    Isolates going through one unknown after the other. Levels 1 and 2 have two unknowns, levels
    3 and 4 three; level 5 has four and asks for the number of solutions.
    """
    names = _UNKNOWNS[level]
    fewest, most = _SOLUTIONS[level]
    while True:
        factors = [rng.randint(*_FACTORS[level]) for _ in names]
        value = rng.randint(*_VALUE[level])
        found = list(_solutions(factors, value))
        lines = value // factors[0] + 1
        if fewest <= len(found) <= most and len(set(factors)) > 1 and lines <= _LINES[level]:
            break
    left = " + ".join(f"{factor}{name}" for factor, name in zip(factors, names, strict=True))
    listed = ", ".join(names)
    counted = level >= _COUNT_FROM
    wordings = _SOLUTIONS_COUNTED if counted else _EQUATION_WORDINGS
    question = rng.choice(wordings).format(equation=f"{left} = {value}", names=listed)
    return _listed_or_counted(
        question,
        [] if counted else [f"({', '.join(map(str, s))})" for s in found],
        len(found),
        tuple(_by_first_unknowns(factors, names, value)),
        f"Write each as ({listed}), separated by commas.",
        key=f"solutions_of_linear_equation {left} = {value}",
    )


def _solutions(factors: list[int], value: int) -> Iterator[tuple[int, ...]]:
    factor, *others = factors
    if not others:
        if value % factor == 0:
            yield (value // factor,)
        return
    for number in range(value // factor + 1):
        for tail in _solutions(others, value - factor * number):
            yield (number, *tail)


def _by_first_unknowns(factors: list[int], names: str, value: int) -> Iterator[str]:
    """Yield a line for every choice of all unknowns but the last, or but the last two of four."""
    fixed = min(len(names) - 1, 2)
    for head in product(*(range(value // factor + 1) for factor in factors[:fixed])):
        rest = value - sum(f * n for f, n in zip(factors, head, strict=False))
        if rest < 0:
            continue
        chosen = ", ".join(f"{name} = {n}" for name, n in zip(names, head, strict=False))
        tail = factors[fixed:]
        if len(tail) > 1:
            left = " + ".join(f"{f}{name}" for f, name in zip(tail, names[fixed:], strict=True))
            pairs = [f"({y}, {z})" for y, z in _solutions(tail, rest)]
            yield f"{chosen}: {left} = {rest}, {', '.join(pairs) or 'no pair'}: {len(pairs)}"
        elif rest % tail[0]:
            yield f"{chosen}: {tail[0]}{names[-1]} = {rest}, no"
        else:
            yield f"{chosen}: {tail[0]}{names[-1]} = {rest}, {names[-1]} = {rest // tail[0]}"


def _listed_or_counted(
    question: str, names: list[str], count: int, steps: tuple[str, ...], form: str, *, key: str
) -> Problem:
    """Return the problem of listing `names`, or of counting where there are none."""
    listing = ", ".join(names)
    result = f"Found: {listing}" if names else f"Number: {count}"
    answer: Answer = SetAnswer(items=tuple(names)) if names else IntegerAnswer(value=count)
    return Problem(
        question=f"{question} {form}" if names else question,
        answer=answer,
        short=(result,),
        long=(*steps, result),
        key=key,
    )
