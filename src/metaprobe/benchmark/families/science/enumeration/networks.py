"""science/enumeration: all resistances that networks of given resistors can have."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_RESISTORS = {1: 3, 2: 3, 3: 4, 4: 3, 5: 4}
_LARGEST = {1: 20, 2: 30, 3: 12, 4: 12, 5: 9}
_OPENINGS = (
    "There are resistors of {ohms} ohm, one of each. ",
    "You have one resistor each of {ohms} ohm. ",
    "A box holds these resistors, each once: {ohms} ohm. ",
)
_OPENINGS_WITH_REPEATS = (
    "There are {count} resistors: {ohms} ohm. ",
    "You have {count} resistors of {ohms} ohm. ",
    "A box holds {count} resistors, of {ohms} ohm. ",
)
_ASKED = {
    1: "List the total resistance, in ohm, of every pair of them in series.",
    2: "List all total resistances, in ohm, of two or more of them in series, each once.",
    3: "Two of them are joined, in series or in parallel. List all possible total resistances in "
    "ohm, each once, as whole numbers or reduced fractions.",
    4: "All {count} are joined to one network by series and parallel connections only. List all "
    "possible total resistances in ohm, each once, as whole numbers or reduced fractions.",
    5: "All {count} are joined to one network by series and parallel connections only. How many "
    "different total resistances of at most {limit} ohm are possible?",
}


@family(
    "science/enumeration",
    capacity={1: 1_140, 2: 4_060, 3: 495, 4: 220, 5: 2_000},
    claim=unordered_claim,
)
def resistor_values(rng: Random, level: int) -> Problem:
    """List or count the total resistances that networks of some resistors can have.

    Isolates going through every choice and every way to join it. Level 1 joins pairs in series,
    level 2 also more; level 3 joins pairs in both ways, levels 4 and 5 all three and four
    resistors in every way.
    """
    count = _RESISTORS[level]
    if level == 5:
        ohms = sorted(rng.choices(range(1, _LARGEST[5] + 1), k=count))
    else:
        ohms = sorted(rng.sample(range(1, _LARGEST[level] + 1), count))
    steps, values = _totals(ohms, level)
    limit = 0
    openings = _OPENINGS if level < 5 else _OPENINGS_WITH_REPEATS
    if level == 5:
        limit = rng.randint(int(values[len(values) // 3]), int(values[-1]))
        values = [value for value in values if value <= limit]
        steps += [f"at most {limit}: {_joined(values)}", f"count: {len(values)}"]
    else:
        steps.append(f"each once: {_joined(values)}")
    listed = ", ".join(map(str, ohms[:-1])) + f" and {ohms[-1]}"
    return Problem(
        question=rng.choice(openings).format(ohms=listed, count=count)
        + _ASKED[level].format(count=count, limit=limit),
        answer=IntegerAnswer(value=len(values))
        if level == 5
        else SetAnswer(items=tuple(map(str, values))),
        short=(_joined(values) if level < 5 else steps[-1],),
        long=tuple(steps),
        key=f"resistor_values {level} {ohms} {limit}",
    )


def _joined(values: Sequence[Fraction]) -> str:
    return ", ".join(map(str, values))


def _totals(ohms: Sequence[int], level: int) -> tuple[list[str], list[Fraction]]:
    """Return the steps and the distinct totals in increasing order."""
    if level > 3:
        return _networks([Fraction(n) for n in ohms])
    steps, found = [], set()
    for size in range(2, len(ohms) + 1 if level == 2 else 3):
        for chosen in combinations(ohms, size):
            total = sum(chosen)
            found.add(Fraction(total))
            steps.append(f"{' + '.join(map(str, chosen))} = {total}")
            if level == 3:
                a, b = chosen
                found.add(Fraction(a * b, total))
                steps.append(f"{a} * {b} = {a * b}, {a * b} / {total} = {Fraction(a * b, total)}")
    return steps, sorted(found)


def _networks(ohms: Sequence[Fraction]) -> tuple[list[str], list[Fraction]]:
    """Build up the totals of every group of resistors from those of its two parts."""
    whole = frozenset(range(len(ohms)))
    totals: dict[frozenset[int], set[Fraction]] = {}
    steps: list[str] = []
    for size in range(1, len(ohms) + 1):
        for chosen in combinations(range(len(ohms)), size):
            group = frozenset(chosen)
            if size == 1:
                totals[group] = {ohms[chosen[0]]}
                continue
            found: set[Fraction] = set()
            for part in _parts_with_first(chosen):
                rest = group - part
                for one in sorted(totals[part]):
                    for two in sorted(totals[rest]):
                        found |= {one + two, one * two / (one + two)}
                        steps.append(
                            f"{one} with {two}: series {one + two}, "
                            f"parallel {one * two / (one + two)}"
                        )
            totals[group] = found
            names = ", ".join(str(ohms[i]) for i in chosen)
            steps.append(f"totals of {names}: {_joined(sorted(found))}")
    return steps, sorted(totals[whole])


def _parts_with_first(chosen: Sequence[int]) -> list[frozenset[int]]:
    """Return one of the two parts of every split, namely the one with the first resistor."""
    first, *others = chosen
    return [
        frozenset((first, *more))
        for size in range(len(others))
        for more in combinations(others, size)
    ]
