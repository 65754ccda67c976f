"""science/enumeration: all states, offspring or spectral lines that meet explicit constraints."""

import operator
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_LARGEST_L = 6
_BOUNDS = ("at least", "at most", "greater than", "less than")
_M_WORDINGS = (
    "An electron has orbital quantum number l = {l}. List all values of its magnetic quantum "
    "number m that are {bound}.",
    "For l = {l}, which values of the magnetic quantum number m are {bound}? List them all.",
    "List every magnetic quantum number m that is allowed for l = {l} and is {bound}.",
)
_PAIR_WORDINGS = (
    "The orbital quantum number l is one of {ls}. List all pairs (l, m) of allowed quantum "
    "numbers with {rule}.",
    "An electron has l = {ls}. List every pair (l, m) with {rule} that is allowed, m being the "
    "magnetic quantum number.",
    "With m the magnetic quantum number and l one of {ls}, list all allowed pairs (l, m) with "
    "{rule}.",
)
_FEWEST_PAIRS = {2: 1, 3: 6}
_SPREAD = {2: 3, 3: 5}
_SUBSHELLS = {"p": 1, "d": 2, "f": 3}
_SHELL_FILLINGS = {
    4: (("p", 3, 3), ("d", 2, 4)),
    5: (("d", 5, 6), ("f", 4, 6)),
}
_FEWEST_MICROSTATES = {4: 2, 5: 4}
_MICROSTATE_WORDINGS = (
    "How many microstates of the configuration {shell}^{count} have M_L = {ml} and M_S = {ms}?",
    "Count the microstates with M_L = {ml} and M_S = {ms} of {count} equivalent electrons in one "
    "{shell} subshell.",
    "The configuration is {shell}^{count}. Find the number of its microstates that have "
    "M_L = {ml} and M_S = {ms}.",
)

_GENES = "ABDEGHKM"
_CROSS_WORDINGS = (
    "The parents' genotypes are {one} and {two}. ",
    "A parent {one} is crossed with a parent {two}. ",
    "One parent has the genotype {one}, the other {two}. ",
)
_GENES_CROSSED = {1: 1, 2: 1, 3: 2, 4: 2, 5: 6}
_ALLELES = {1: 4, 2: 5, 3: 2, 4: 3, 5: 3}

_LINE_WORDINGS = (
    "An atom has these energy levels, in eV: {levels}. ",
    "The energy levels of an atom, in eV, are {levels}. ",
    "An atom can have the energies {levels}, in eV, and no others. ",
)
_LINE_LEVELS = {1: 3, 2: 4, 3: 6, 4: 8, 5: 13}
_LINE_TOP = {1: 9, 2: 20, 3: 40, 4: 90, 5: 300}


@family(
    "science/enumeration",
    capacity={1: 168, 2: 168, 3: 316, 4: 72, 5: 245},
)
def quantum_states(rng: Random, level: int) -> Problem:
    """List or count the quantum states that meet a constraint.

    Isolates running through every allowed value: m from -l to l. Level 1 lists m for one l,
    levels 2 and 3 list pairs (l, m), levels 4 and 5 count microstates of equivalent electrons.
    """
    if level == 1:
        return _magnetic_numbers(rng)
    return _pairs(rng, level) if level <= 3 else _microstates(rng, level)


@family(
    "science/enumeration",
    capacity={1: 800, 2: 5_000, 3: 1_000, 4: 10**4, 5: 10**6},
    claim=unordered_claim,
)
def punnett_offspring(rng: Random, level: int) -> Problem:
    """List or count the distinct genotypes that a cross can give.

    Isolates combining every gamete of one parent with every one of the other. Level 2 adds a
    constraint, levels 3 and 4 a second gene, level 5 counts over six genes.
    """
    genes = sorted(rng.sample(_GENES, _GENES_CROSSED[level]))
    parents = [[_genotype(rng, _ALLELES[level]) for _ in genes] for _ in range(2)]
    opening = rng.choice(_CROSS_WORDINGS).format(
        one=_written(genes, parents[0]), two=_written(genes, parents[1])
    )
    key = f"punnett_offspring {level} {genes} {parents}"
    if level <= 2:
        return _one_gene(rng, level, opening, genes[0], (parents[0][0], parents[1][0]), key)
    boxes = [_boxes(one, two) for one, two in zip(*parents, strict=True)]
    if level == 5:
        return _counted_offspring(rng, opening, genes, boxes, key)
    return _two_genes(level, opening, genes, boxes, key)


@family(
    "science/enumeration",
    capacity={1: 120, 2: 5_000, 3: 10**6, 4: 10**9, 5: 10**12},
    claim=unordered_claim,
)
def transition_lines(rng: Random, level: int) -> Problem:
    """List the photon energies that an atom with given energy levels can emit.

    Isolates forming every pair and its difference. A level adds energy levels; from level 3 on
    only a window of energies counts, and level 5 has a selection rule.
    """
    energies = sorted(rng.sample(range(_LINE_TOP[level] + 1), _LINE_LEVELS[level]))
    orbital = [rng.randint(0, 3) for _ in energies]
    low, high = _window(rng, level)
    steps, lines = [], []
    for (a, la), (b, lb) in combinations(zip(energies, orbital, strict=True), 2):
        if level == 5 and abs(la - lb) != 1:
            continue
        inside = low <= b - a <= high
        steps.append(f"{b} - {a} = {b - a}" + ("" if level < 3 or inside else ", outside"))
        if inside:
            lines.append(b - a)
    found = [str(line) for line in sorted(set(lines))]
    steps.append("each once, in order: " + (", ".join(found) or "none"))
    shown = ", ".join(
        f"{e} (l = {n})" if level == 5 else str(e) for e, n in zip(energies, orbital, strict=True)
    )
    return Problem(
        question=rng.choice(_LINE_WORDINGS).format(levels=shown) + _lines_asked(level, low, high),
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(steps[:-1]),) if level < 3 else (steps[-1],),
        long=tuple(steps),
        key=f"transition_lines {shown} {low} {high}",
    )


def _magnetic_numbers(rng: Random) -> Problem:
    while True:
        largest, limit = rng.randint(1, _LARGEST_L), rng.randint(-_LARGEST_L, _LARGEST_L)
        bound = rng.choice(_BOUNDS)
        allowed = range(-largest, largest + 1)
        kept = [str(m) for m in allowed if _within(m, bound, limit)]
        if abs(limit) <= largest and 0 < len(kept) < len(allowed):
            break
    written = ", ".join(kept)
    return Problem(
        question=rng.choice(_M_WORDINGS).format(l=largest, bound=f"{bound} {limit}"),
        answer=SetAnswer(items=tuple(kept)),
        short=(f"m is {bound} {limit}: {written}",),
        long=(
            f"m runs from {-largest} to {largest}",
            f"all m: {', '.join(map(str, allowed))}",
            f"m is {bound} {limit}: {written}",
        ),
        key=f"quantum_states {largest} {bound} {limit}",
    )


def _within(value: int, bound: str, limit: int) -> bool:
    if bound in ("at least", "greater than"):
        return value > limit or (bound == "at least" and value == limit)
    return value < limit or (bound == "at most" and value == limit)


def _pairs(rng: Random, level: int) -> Problem:
    while True:
        first = rng.randint(0, 3)
        ls = range(first, first + rng.randint(2 if level == 2 else 4, _SPREAD[level]))
        form, limit = rng.choice(("m", "l + m", "l - m")), rng.randint(-6, 12)
        relation = "=" if level == 2 else rng.choice(("<=", "<", ">=", ">"))
        steps, found = _search_pairs(ls, form, relation, limit)
        whole = sum(2 * orbital + 1 for orbital in ls)
        if _FEWEST_PAIRS[level] <= len(found) <= min(16, whole - 1):
            break
    rule = f"{form} {relation} {limit}"
    shown = ", ".join(map(str, ls[:-1])) + f" or {ls[-1]}"
    return Problem(
        question=rng.choice(_PAIR_WORDINGS).format(ls=shown, rule=rule),
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(found),),
        long=(*steps, f"all pairs: {', '.join(found)}"),
        key=f"quantum_states {ls} {rule}",
    )


_RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}


def _search_pairs(ls: range, form: str, relation: str, limit: int) -> tuple[list[str], list[str]]:
    steps, found = [], []
    for orbital in ls:
        ms = range(-orbital, orbital + 1)
        values = [{"m": m, "l + m": orbital + m, "l - m": orbital - m}[form] for m in ms]
        fits = _RELATIONS[relation]
        pairs = [f"({orbital}, {m})" for m, v in zip(ms, values, strict=True) if fits(v, limit)]
        steps.append(f"l = {orbital}: m = {', '.join(map(str, ms))}")
        if form != "m":
            steps.append(f"{form} = {', '.join(map(str, values))}")
        steps.append(f"fits: {', '.join(pairs) or 'none'}")
        found += pairs
    return steps, found


def _microstates(rng: Random, level: int) -> Problem:
    shell, fewest, most = rng.choice(_SHELL_FILLINGS[level])
    orbital, count = _SUBSHELLS[shell], rng.randint(fewest, most)
    while True:
        up = rng.randint(max(0, count - 2 * orbital - 1), min(count, 2 * orbital + 1))
        target = rng.randint(-2 * orbital - 2, 2 * orbital + 2)
        sums = [_sums_of_m(orbital, n) for n in (up, count - up)]
        total = sum(ways * sums[1][target - m] for m, ways in sums[0].items())
        if total >= _FEWEST_MICROSTATES[level]:
            break
    spin = Fraction(2 * up - count, 2)
    terms = [
        f"({m}, {target - m}): {ways} * {sums[1][target - m]} = {ways * sums[1][target - m]}"
        for m, ways in sorted(sums[0].items())
        if sums[1][target - m]
    ]
    return Problem(
        question=rng.choice(_MICROSTATE_WORDINGS).format(
            shell=shell, count=count, ml=target, ms=spin
        ),
        answer=IntegerAnswer(value=total),
        short=(f"spins up: {up}, spins down: {count - up}; microstates: {total}",),
        long=(
            f"M_S = {spin} with {count} electrons; spins up: {up}, spins down: {count - up}",
            *(
                f"ways to place the {name} spins, by their sum of m: "
                + ", ".join(f"{m}: {ways}" for m, ways in sorted(table.items()))
                for name, table in zip(("upward", "downward"), sums, strict=True)
            ),
            f"pairs of sums that give {target}, and their ways:",
            *terms,
            f"in all: {total}",
        ),
        key=f"quantum_states {shell}{count} {target} {spin}",
    )


@cache
def _sums_of_m(orbital: int, electrons: int) -> Counter[int]:
    return Counter(sum(c) for c in combinations(range(-orbital, orbital + 1), electrons))


def _genotype(rng: Random, alleles: int) -> tuple[int, int]:
    one, two = sorted((rng.randint(1, alleles), rng.randint(1, alleles)))
    return one, two


def _written(genes: list[str], pairs: list[tuple[int, int]]) -> str:
    return " ".join(f"{g}{a}{g}{b}" for g, (a, b) in zip(genes, pairs, strict=True))


def _boxes(one: tuple[int, int], two: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the four boxes of a Punnett square, the smaller allele first in each."""
    return [(min(a, b), max(a, b)) for a, b in product(one, two)]


def _one_gene(
    rng: Random,
    level: int,
    opening: str,
    gene: str,
    parents: tuple[tuple[int, int], tuple[int, int]],
    key: str,
) -> Problem:
    boxes = _boxes(*parents)
    carried = rng.choice(sorted({a for box in boxes for a in box}))
    steps = [
        f"{gene}{a} and {gene}{b}: {_written([gene], [box])}"
        for (a, b), box in zip(product(*parents), boxes, strict=True)
    ]
    kept = [box for box in sorted(set(boxes)) if level == 1 or carried in box]
    found = [_written([gene], [box]) for box in kept]
    asked = "List all distinct genotypes of their offspring"
    if level == 2:
        asked += f" that carry the allele {gene}{carried}"
        steps.append(f"with {gene}{carried}: {', '.join(found)}")
        key += f" {carried}"
    else:
        steps.append(f"distinct: {', '.join(found)}")
    return Problem(
        question=f"{opening}{asked}. Write the smaller number first.",
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(found),),
        long=tuple(steps),
        key=key,
    )


def _two_genes(
    level: int,
    opening: str,
    genes: list[str],
    boxes: list[list[tuple[int, int]]],
    key: str,
) -> Problem:
    """Levels 3 and 4: both genes together; level 4 keeps those homozygous in at least one."""
    options = [sorted(set(four)) for four in boxes]
    steps = [
        f"gene {gene}: {', '.join(_written([gene], [pair]) for pair in pairs)}"
        for gene, pairs in zip(genes, options, strict=True)
    ]
    found = []
    for pairs in product(*options):
        if level == 3 or any(a == b for a, b in pairs):
            found.append(_written(genes, list(pairs)))
    rule = "" if level == 3 else " that are homozygous in at least one of the two genes"
    steps.append(f"combined: {', '.join(found) or 'none'}")
    closing = "Write the smaller number first in each gene"
    closing += ", and none if there is no such genotype." if level == 4 else "."
    return Problem(
        question=f"{opening}The genes are independent. List all distinct genotypes of their "
        f"offspring{rule}. {closing}",
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(found) or "none",),
        long=tuple(steps),
        key=key,
    )


def _counted_offspring(
    rng: Random, opening: str, genes: list[str], boxes: list[list[tuple[int, int]]], key: str
) -> Problem:
    wanted = rng.randint(2, 4)
    ways = [1] + [0] * len(genes)
    steps = []
    for gene, four in zip(genes, boxes, strict=True):
        pairs = sorted(set(four))
        same = sum(a == b for a, b in pairs)
        mixed = len(pairs) - same
        steps.append(
            f"gene {gene}: {', '.join(_written([gene], [p]) for p in pairs)}; "
            f"{same} homozygous, {mixed} heterozygous"
        )
        ways = [ways[0] * mixed] + [w * mixed + v * same for v, w in pairwise(ways)]
        steps.append(
            "genotypes so far, by number of homozygous genes: "
            + ", ".join(f"{k}: {n}" for k, n in enumerate(ways))
        )
    steps.append(f"exactly {wanted} homozygous genes: {ways[wanted]}")
    return Problem(
        question=f"{opening}The genes are independent. How many distinct genotypes of their "
        f"offspring are homozygous in exactly {wanted} of the {len(genes)} genes?",
        answer=IntegerAnswer(value=ways[wanted]),
        short=(f"count: {ways[wanted]}",),
        long=tuple(steps),
        key=f"{key} {wanted}",
    )


def _window(rng: Random, level: int) -> tuple[int, int]:
    top = _LINE_TOP[level]
    if level < 3:
        return 0, top
    low = rng.randint(1, top // 3)
    return low, low + top // 3


def _lines_asked(level: int, low: int, high: int) -> str:
    rule = ""
    if level == 5:
        rule = "A photon is emitted only if l changes by exactly 1. "
    window = "" if level < 3 else f" from {low} eV to {high} eV"
    closing = "" if level < 3 else " Answer none if there are none."
    return (
        f"{rule}List all photon energies{window} that it can emit by falling from a level to a "
        f"lower one, each once, in increasing order.{closing}"
    )
