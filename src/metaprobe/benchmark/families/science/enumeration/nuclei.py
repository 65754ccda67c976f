"""science/enumeration: all nuclei of a decay chain, or within given ranges."""

import operator
from collections.abc import Callable, Sequence
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_CHAIN_STARTS = (
    "A nucleus has Z = {z}, A = {a}. ",
    "A decay chain starts at Z = {z}, A = {a}. ",
    "Take a nucleus with Z = {z}, A = {a}. ",
)
_MODES = {
    "alpha": "alpha decay lowers Z by 2 and A by 4",
    "beta": "beta decay raises Z by 1",
    "neutron": "neutron emission lowers A by 1",
}
_CHANGES = {"alpha": (-2, -4), "beta": (1, 0), "neutron": (0, -1)}
_LIST_MEMBERS = (
    "List every (Z, A) that can occur, the start included.",
    "List all pairs (Z, A) that can occur, with the start.",
    "Which pairs (Z, A) can occur? List all, with the start.",
)
_COUNT_MEMBERS = (
    "How many different pairs (Z, A) can occur, the start included?",
    "Count the different pairs (Z, A) that can occur, with the start.",
    "Find the number of different pairs (Z, A) that can occur, the start included.",
)
_FIRST_Z = {1: (80, 94), 2: (80, 94), 3: (82, 96), 4: (82, 96), 5: (90, 110)}
_EXCESS = {1: (44, 54), 2: (44, 54), 3: (44, 54), 4: (44, 54), 5: (50, 70)}
"""How much A exceeds 2 Z at the start."""
_FEWEST_MEMBERS = {3: 5, 4: 9, 5: 40}
_MOST_MEMBERS = {3: 10, 4: 18, 5: 150}

_TREAT = "Every combination of whole numbers counts, known or not. "
_ISOTOPE_WORDINGS = (
    "An element has Z = {z}. List the mass numbers A of its nuclei with a neutron number N from "
    "{low} to {high}, both included.",
    "For Z = {z}, list all mass numbers A of nuclei whose neutron number N is at least {low} and "
    "at most {high}.",
    "A nucleus has Z = {z} protons and from {low} to {high} neutrons, both included. List all "
    "mass numbers A it can have.",
)
_RANGE_WORDINGS = (
    "{treat}List all nuclei (Z, N), Z protons and N neutrons, with {rules}.",
    "{treat}Which nuclei (Z, N) of Z protons and N neutrons have {rules}? List all.",
    "A nucleus (Z, N) has Z protons and N neutrons. {treat}List all with {rules}.",
)
_RANGE_COUNTS = (
    "{treat}How many nuclei (Z, N), with Z protons and N neutrons, have {rules}?",
    "{treat}Count the nuclei (Z, N) of Z protons and N neutrons that have {rules}.",
    "A nucleus (Z, N) has Z protons and N neutrons. {treat}How many have {rules}?",
)
_INCLUDED = "A stands for Z + N; ranges include both ends. "
_SEARCHED = {2: 4, 3: 5, 4: 8, 5: 25}
"""How many values of Z are gone through."""
_WANTED = {2: (2, 6), 3: (5, 12), 4: (8, 20), 5: (15, 200)}
_PARITY: dict[str, Callable[[int, int], bool]] = {
    "Z and N both even": lambda z, n: z % 2 == 0 and n % 2 == 0,
    "Z and N both odd": lambda z, n: z % 2 == 1 and n % 2 == 1,
    "A odd": lambda z, n: (z + n) % 2 == 1,
    "A divisible by 3": lambda z, n: (z + n) % 3 == 0,
    "Z and N with no common divisor above 1": lambda z, n: _coprime(z, n),
}


@family(
    "science/enumeration",
    capacity={1: 495, 2: 495, 3: 10**4, 4: 10**5, 5: 10**6},
    claim=unordered_claim,
)
def decay_chain_members(rng: Random, level: int) -> Problem:
    """List or count the nuclei that can occur in a decay chain.

    Isolates following every order of decays without repeats. Levels 1 and 2 limit the number of
    decays of each kind; from level 3 on it depends on the nucleus which decays are possible, and
    level 5 counts the members with a third kind of decay.
    """
    z, excess = rng.randint(*_FIRST_Z[level]), rng.randint(*_EXCESS[level])
    start = (z, 2 * z + excess)
    opening = rng.choice(_CHAIN_STARTS).format(z=z, a=start[1])
    if level <= 2:
        return _limited_chain(rng, level, start, opening)
    modes = list(_CHANGES)[: 3 if level == 5 else 2]
    while True:
        limits = _limits(rng, level, start)
        steps, members = _followed(start, modes, limits)
        if _FEWEST_MEMBERS[level] <= len(members) <= _MOST_MEMBERS[level]:
            break
    rules = "; ".join(f"{_MODES[m]} and is possible exactly if {_said(limits[m])}" for m in modes)
    found = [_pair(member) for member in members]
    counted = level == 5
    return Problem(
        question=f"{opening}{rules[0].upper()}{rules[1:]}. No other decays occur. "
        + rng.choice(_COUNT_MEMBERS if counted else _LIST_MEMBERS),
        answer=IntegerAnswer(value=len(found)) if counted else SetAnswer(items=tuple(found)),
        short=(f"count: {len(found)}" if counted else f"members: {', '.join(found)}",),
        long=(*steps, f"members: {', '.join(found)}", *[f"count: {len(found)}"] * counted),
        key=f"decay_chain_members {start} {limits}",
    )


@family(
    "science/enumeration",
    capacity={1: 1_000, 2: 1_000, 3: 10**4, 4: 10**5, 5: 10**6},
    claim=unordered_claim,
)
def isotopes_in_range(rng: Random, level: int) -> Problem:
    """List or count the nuclei whose numbers of protons and neutrons lie within ranges.

    Isolates going through all combinations. Level 1 is about one element, level 2 about one mass
    number; each level above has more conditions and elements, and level 5 counts.
    """
    if level == 1:
        return _isotopes(rng)
    first = rng.randint(4, 60 if level > 2 else 30)
    protons = range(first, first + _SEARCHED[level])
    while True:
        rules, fits = _ranges(rng, level, protons)
        neutrons = range(3 * first + 100)
        found = {z: [n for n in neutrons if fits(z, n)] for z in protons}
        total = sum(map(len, found.values()))
        if _WANTED[level][0] <= total <= _WANTED[level][1] and total != len(protons):
            break
    nuclei = [_pair((z, n)) for z, listed in found.items() for n in listed]
    steps = [f"Z = {z}: N = {', '.join(map(str, listed)) or 'none'}" for z, listed in found.items()]
    counted = level == 5
    if counted:
        sums = " + ".join(str(len(listed)) for listed in found.values())
        steps.append(f"in all: {sums} = {total}")
    else:
        steps.append(f"nuclei: {', '.join(nuclei)}")
    wording = rng.choice(_RANGE_COUNTS if counted else _RANGE_WORDINGS)
    return Problem(
        question=_INCLUDED
        + wording.format(treat=_TREAT, rules=f"{', '.join(rules[:-1])} and {rules[-1]}"),
        answer=IntegerAnswer(value=total) if counted else SetAnswer(items=tuple(nuclei)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"isotopes_in_range {level} {rules}",
    )


_Nucleus = tuple[int, int]
_Limit = tuple[str, str, int]
_COMPARE: dict[str, Callable[[int, int], bool]] = {">=": operator.ge, "<=": operator.le}


def _pair(nucleus: _Nucleus) -> str:
    return f"({nucleus[0]}, {nucleus[1]})"


def _limited_chain(rng: Random, level: int, start: _Nucleus, opening: str) -> Problem:
    alphas, betas = rng.choice(((1, 1), (1, 2), (2, 1)) if level == 1 else ((1, 3), (2, 2), (3, 1)))
    steps, found = [], []
    for number in range(alphas + 1):
        z, a = start[0] - 2 * number, start[1] - 4 * number
        row = [_pair((z + more, a)) for more in range(betas + 1)]
        found += row
        steps.append(f"{number} alpha: {', '.join(row)}")
    return Problem(
        question=f"{opening}A{_MODES['alpha'][1:]}; {_MODES['beta']}. At most {alphas} alpha and "
        f"{betas} beta decays happen, in any order. " + rng.choice(_LIST_MEMBERS),
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(found),),
        long=tuple(steps),
        key=f"decay_chain_members {start} {alphas} {betas}",
    )


def _limits(rng: Random, level: int, start: _Nucleus) -> dict[str, _Limit]:
    """Return for each kind of decay the quantity, the relation and the number it needs."""
    z, a = start
    excess = a - 2 * z
    lowest = z - rng.randint(2, {3: 4, 4: 6, 5: 10}[level])
    limits = {
        "alpha": ("Z", ">=", lowest),
        "beta": ("A - 2 Z", ">=", excess - rng.randint(1, {3: 3, 4: 7, 5: 10}[level])),
    }
    if level == 5:
        limits["neutron"] = ("A - Z", ">=", a - z - rng.randint(4, 14))
    elif rng.random() < 0.5:
        limits["beta"] = ("Z", "<=", z + rng.randint(0, 1))
        limits["alpha"] = ("A", ">=", a - rng.randint(2, 12))
    return limits


def _said(limit: _Limit) -> str:
    return f"{limit[0]} {limit[1]} {limit[2]}"


def _possible(nucleus: _Nucleus, limit: _Limit) -> bool:
    z, a = nucleus
    value = {"Z": z, "A": a, "A - Z": a - z, "A - 2 Z": a - 2 * z}[limit[0]]
    return _COMPARE[limit[1]](value, limit[2])


def _followed(
    start: _Nucleus, modes: Sequence[str], limits: dict[str, _Limit]
) -> tuple[list[str], list[_Nucleus]]:
    """Return what each member decays to, and the members in the order in which they are found."""
    members, steps = [start], []
    for nucleus in members:
        if len(members) > max(_MOST_MEMBERS.values()):
            break
        products = []
        for mode in modes:
            if _possible(nucleus, limits[mode]):
                dz, da = _CHANGES[mode]
                product = (nucleus[0] + dz, nucleus[1] + da)
                products.append(f"{mode} to {_pair(product)}")
                if product not in members:
                    members.append(product)
        steps.append(f"{_pair(nucleus)}: {', '.join(products) or 'no decay'}")
    return steps, members


def _isotopes(rng: Random) -> Problem:
    z = rng.randint(3, 40)
    low = rng.randint(z - 2, z + z // 2 + 2)
    high = low + rng.randint(2, 4)
    found = [str(z + n) for n in range(low, high + 1)]
    return Problem(
        question=rng.choice(_ISOTOPE_WORDINGS).format(z=z, low=low, high=high),
        answer=SetAnswer(items=tuple(found)),
        short=(", ".join(found),),
        long=tuple(f"{z} + {n} = {z + n}" for n in range(low, high + 1)),
        key=f"isotopes_in_range {z} {low} {high}",
    )


def _ranges(
    rng: Random, level: int, protons: range
) -> tuple[list[str], Callable[[int, int], bool]]:
    """Return the conditions as they are written, and a test of all of them."""
    middle = 2 * protons[len(protons) // 2] + rng.randint(0, protons[0] // 2 + 2)
    width = {2: 0, 3: 2, 4: 4, 5: 15}[level]
    low, high = middle - rng.randint(0, width), middle + rng.randint(0, width)
    excess = middle - 2 * protons[len(protons) // 2]
    least, most = excess - rng.randint(0, 2 * width + 2), excess + rng.randint(0, 2 * width + 2)
    rules = [f"Z from {protons[0]} to {protons[-1]}"]
    rules.append(f"A = {low}" if low == high else f"A from {low} to {high}")
    rules.append(f"N - Z from {least} to {most}")
    extra = rng.choice(sorted(_PARITY)) if level > 2 else None
    if extra:
        rules.append(extra)

    def fits(z: int, n: int) -> bool:
        inside = low <= z + n <= high and least <= n - z <= most
        return inside and (extra is None or _PARITY[extra](z, n))

    return rules, fits


def _coprime(one: int, two: int) -> bool:
    while two:
        one, two = two, one % two
    return one == 1
