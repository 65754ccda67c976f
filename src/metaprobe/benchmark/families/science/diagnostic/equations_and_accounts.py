"""science/diagnostic: equations and accounts checked for units, atoms and energy."""

import itertools
import operator
from collections import Counter
from dataclasses import dataclass
from functools import cache
from math import gcd
from random import Random

from metaprobe.benchmark.answers import SetAnswer, StepAnswer
from metaprobe.benchmark.family import Problem, family

_CLEAN_SHARE = 0.3
_CLEAN_IN_A_LIST = 0.5  # of the equations, where not all are right

_BASE_UNITS = ("kg", "m", "s", "A")
_QUANTITIES = {
    "x": ("m", (0, 1, 0, 0)),
    "t": ("s", (0, 0, 1, 0)),
    "v": ("m/s", (0, 1, -1, 0)),
    "a": ("m/s^2", (0, 1, -2, 0)),
    "f": ("1/s", (0, 0, -1, 0)),
    "m": ("kg", (1, 0, 0, 0)),
    "F": ("kg m/s^2", (1, 1, -2, 0)),
    "p": ("kg m/s", (1, 1, -1, 0)),
    "E": ("kg m^2/s^2", (1, 2, -2, 0)),
    "P": ("kg m^2/s^3", (1, 2, -3, 0)),
    "I": ("A", (0, 0, 0, 1)),
    "Q": ("A s", (0, 0, 1, 1)),
    "U": ("kg m^2/(A s^3)", (1, 2, -3, -1)),
    "R": ("kg m^2/(A^2 s^3)", (1, 2, -3, -2)),
}
_KNOWN = {1: "xtvaf", 2: "xtvaf", 3: "xtvamFp", 4: "xtvamFpEP", 5: "xtvamFpEPIQUR"}
_FACTORS = {1: 2, 2: 2, 3: 3, 4: 4, 5: 6}
_EQUATIONS = {1: 2, 2: 3, 3: 4, 4: 6, 5: 10}
_DIMENSION_ERRORS = ("operation swapped", "factor replaced", "left side replaced")
_DIMENSION_ERRORS_BY_LEVEL = {1: 1, 2: 2}
"""How many of the kinds occur at a level; all of them where it is not stated."""
_DIMENSION_WORDINGS = (
    "The units are {units}. Which equation has units that do not agree? {equations}.",
    "Given {units}, which equation is wrong in its units? {equations}.",
    "One of these equations may have units that do not agree: {equations}. "
    "The units are {units}. Which one, if any?",
)
_BY_NUMBER = " Answer with its number, or none."

_METALS = {
    "Li": 1,
    "Na": 1,
    "K": 1,
    "Ag": 1,
    "Mg": 2,
    "Ca": 2,
    "Ba": 2,
    "Zn": 2,
    "Sr": 2,
    "Al": 3,
    "Cr": 3,
    "Fe": 3,
}
"""Metals and the charge of the ion that they form here."""
_NONMETALS = {"F": (1, 2), "Cl": (1, 2), "Br": (1, 2), "O": (2, 2), "S": (2, 1)}
"""Nonmetals: the charge of the ion, and the atoms in a molecule of the element."""
_ACIDS = {
    "Cl": (1, {"Cl": 1}),
    "NO3": (1, {"N": 1, "O": 3}),
    "ClO4": (1, {"Cl": 1, "O": 4}),
    "SO4": (2, {"S": 1, "O": 4}),
    "PO4": (3, {"P": 1, "O": 4}),
}
"""Acid residues: the charge, and the atoms in one."""
_BALANCE_ERRORS = ("coefficient too large", "coefficient too small")
_BALANCE_WORDINGS = (
    "Which elements are not balanced in {equation}?",
    "In the equation {equation}, which elements are not balanced?",
    "Check {equation}. For which elements do the two sides have different numbers of atoms?",
)
_BY_SYMBOL = " Answer with their symbols, or none."
_LIST_LEVEL = 5
"""At this level several equations are listed and the wrong ones are asked for."""
_LISTED = 8

_ACCOUNT_ROWS = {1: 3, 2: 4, 3: 6, 4: 9, 5: 16}
_FORMS = {
    1: ("kinetic", "potential"),
    2: ("kinetic", "potential", "thermal"),
    3: ("kinetic", "potential", "thermal"),
    4: ("kinetic", "potential", "elastic", "thermal"),
    5: ("kinetic", "potential", "elastic", "electric", "thermal"),
}
_LARGEST_ENERGY = {1: 9, 2: 9, 3: 40, 4: 99, 5: 900}
_LARGEST_WORK = {3: 20, 4: 40, 5: 300}
_WORK_LEVEL = 3
"""From this level on work is done on the system between the rows."""
_ENERGY_ERRORS = ("one energy off", "two energies off", "work counted with the wrong sign")
_CLOSED_WORDINGS = (
    "Energies of a closed system in J:\n{rows}\n"
    "Which row is the first whose total differs from that of row 1?",
    "A closed system keeps its total energy. Its energies in J:\n{rows}\n"
    "Which row is the first to break this?",
    "No energy enters or leaves a system. Its energies in J:\n{rows}\n"
    "In which row does the total first differ from row 1?",
)
_OPEN_WORDINGS = (
    "Each row gives the work that a system received since the row before (negative if it did "
    "work) and then its energies, all in J:\n{rows}\nNo other energy enters or leaves. "
    "Which row is the first that cannot follow from the row before?",
    "A system exchanges energy only as work. Each row gives the work received since the row "
    "before (negative if given off) and then its energies, all in J:\n{rows}\n"
    "Which row is the first to violate the conservation of energy?",
    "Each row lists the work done on a system since the row before (negative if done by it) and "
    "then the energies of the system, all in J:\n{rows}\nNothing else is exchanged. "
    "Which row is the first that breaks the energy balance?",
)
_BY_ROW = " Answer with the row number, or none."


@dataclass(frozen=True)
class _Equation:
    left: str
    right: tuple[tuple[str, str], ...]
    """Pairs of operation (`*` or `/`) and quantity; the first operation is `*`."""

    @property
    def text(self) -> str:
        return f"{self.left} = " + " ".join(f"{o} {q}" for o, q in self.right).removeprefix("* ")

    @property
    def cancels(self) -> bool:
        """Whether a quantity could be struck out at once."""
        over = {self.left, *(q for o, q in self.right if o == "/")}
        under = {q for o, q in self.right if o == "*"}
        return bool(over & under)


@family(
    "science/diagnostic",
    capacity={1: 720, 2: 10**4, 3: 10**6, 4: 10**9, 5: 10**12},
)
def dimension_check(rng: Random, level: int) -> Problem:
    """Find the equation whose two sides have different units.

    Isolates comparing exponents of base units. Kinds of error: an operation swapped, a factor
    replaced, the left side replaced; 30 % of the draws are clean. A level adds equations, factors
    and quantities.
    """
    known = _KNOWN[level]
    equations: list[_Equation] = []
    while len(equations) < _EQUATIONS[level]:
        equation = _sound_equation(rng, known, _FACTORS[level])
        if equation not in equations:
            equations.append(equation)
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(len(equations))
    if wrong is not None:
        kinds = _DIMENSION_ERRORS[: _DIMENSION_ERRORS_BY_LEVEL.get(level)]
        equations[wrong] = _unsound_equation(rng, known, equations[wrong], kinds)
    bases = [i for i in range(4) if any(_QUANTITIES[q][1][i] for q in known)]
    steps = []
    for number, equation in enumerate(equations[: len(equations) if wrong is None else wrong + 1]):
        steps += _checked_equation(number + 1, equation, bases)
    listed = "; ".join(f"{i}: {e.text}" for i, e in enumerate(equations, start=1))
    units = ", ".join(f"{q} in {_QUANTITIES[q][0]}" for q in known)
    found = None if wrong is None else wrong + 1
    return Problem(
        question=rng.choice(_DIMENSION_WORDINGS).format(units=units, equations=listed) + _BY_NUMBER,
        answer=StepAnswer(index=found, steps=len(equations)),
        short=(f"units differ in equation: {found or 'none'}",),
        long=(*steps, f"units differ in equation: {found or 'none'}"),
        key=f"dimension_check {listed}",
    )


@family(
    "science/diagnostic",
    capacity={1: 328, 2: 600, 3: 367, 4: 10**4, 5: 10**12},
)
def unbalanced_equation(rng: Random, level: int) -> Problem:
    """Find the elements that a chemical equation does not balance.

    Isolates counting atoms on both sides. Kinds of error: one coefficient too large or too small;
    30 % of the draws are clean. A level goes from salts to combustion, neutralisation and larger
    molecules; level 5 asks which of several equations are not balanced.
    """
    if level == _LIST_LEVEL:
        return _listed_reactions(rng)
    reaction, text = _reaction(rng, level)
    steps, wrong = _atom_count(reaction)
    steps.append(f"not balanced: {', '.join(wrong) or 'none'}")
    return Problem(
        question=rng.choice(_BALANCE_WORDINGS).format(equation=text) + _BY_SYMBOL,
        answer=SetAnswer(items=tuple(wrong)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"unbalanced_equation {text}",
    )


@family(
    "science/diagnostic",
    capacity={1: 10_000, 2: 10**5, 3: 10**9, 4: 10**12, 5: 10**15},
)
def energy_account_violated(rng: Random, level: int) -> Problem:
    """Find the first row of an account of energies that violates their conservation.

    Isolates comparing sums row by row. Kinds of error: one energy off, two energies off, work
    counted with the wrong sign; 30 % of the draws are clean. A level adds rows and forms of
    energy, and from level 3 on work is done on the system.
    """
    rows, works, wrong = _account(rng, level)
    header = ["work", *_FORMS[level]] if level >= _WORK_LEVEL else _FORMS[level]
    lines, steps = [f"row: {', '.join(header)}"], []
    total = 0
    for number, (row, work) in enumerate(zip(rows, works, strict=True), start=1):
        entries = [work, *row] if level >= _WORK_LEVEL else row
        lines.append(f"{number}: {', '.join(map(str, entries))}")
        if wrong is not None and number > wrong:
            continue
        added = f"row {number}: {_running_sum(row)}"
        if number == 1:
            steps.append(added)
        else:
            due = total + work
            shown = f"{total} + {_term(work)} = {due}" if level >= _WORK_LEVEL else f"{due}"
            off = sum(row) - due
            verdict = "wrong" if off else "right"
            steps.append(f"{added}, due {shown}, off by {sum(row)} - {due} = {off}, {verdict}")
        total = sum(row) if number == 1 else total + work
    listed = "\n".join(lines)
    steps.append(f"first wrong row: {wrong or 'none'}")
    wordings = _OPEN_WORDINGS if level >= _WORK_LEVEL else _CLOSED_WORDINGS
    return Problem(
        question=rng.choice(wordings).format(rows=listed) + _BY_ROW,
        answer=StepAnswer(index=wrong, steps=len(rows)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"energy_account_violated {listed}",
    )


def _units(factors: tuple[tuple[str, str], ...]) -> tuple[int, ...]:
    total = [0, 0, 0, 0]
    for operation, quantity in factors:
        sign = 1 if operation == "*" else -1
        total = [n + sign * e for n, e in zip(total, _QUANTITIES[quantity][1], strict=True)]
    return tuple(total)


@cache
def _completions(known: str) -> dict[tuple[int, ...], list[tuple[str, tuple[str, str]]]]:
    """Return by units the pairs of a left side and the last factor that such a product lacks."""
    table: dict[tuple[int, ...], list[tuple[str, tuple[str, str]]]] = {}
    for left, operation, last in itertools.product(known, "*/", known):
        inverse = "/" if operation == "*" else "*"
        lacking = _units((("*", left), (inverse, last)))
        table.setdefault(lacking, []).append((left, (operation, last)))
    return table


def _sound_equation(rng: Random, known: str, count: int) -> _Equation:
    while True:
        places = {quantity: rng.choice("*/") for quantity in known}
        chosen = rng.choices(known, k=count - 1)
        start = tuple((places[q], q) for q in chosen)
        fitting = [
            _Equation(left, tuple(sorted((*start, last), key=operator.itemgetter(0))))
            for left, last in _completions(known).get(_units(start), ())
            if places[last[1]] == last[0]
        ]
        fitting = [e for e in fitting if e.right[0][0] == "*" and not e.cancels]
        if fitting:
            return rng.choice(fitting)


def _unsound_equation(
    rng: Random, known: str, sound: _Equation, kinds: tuple[str, ...]
) -> _Equation:
    while True:
        kind = rng.choice(kinds)
        left, right = sound.left, list(sound.right)
        place = rng.randrange(len(right))
        if kind == "left side replaced":
            left = rng.choice(known)
        elif kind == "factor replaced":
            right[place] = (right[place][0], rng.choice(known))
        elif place > 0:
            right[place] = ("*" if right[place][0] == "/" else "/", right[place][1])
        equation = _Equation(left, tuple(right))
        if _units(equation.right) != _QUANTITIES[left][1] and not equation.cancels:
            return equation


def _exponents(units: tuple[int, ...], bases: list[int]) -> str:
    return " ".join(f"{_BASE_UNITS[i]} {units[i]}" for i in bases)


def _checked_equation(number: int, equation: _Equation, bases: list[int]) -> list[str]:
    left = _QUANTITIES[equation.left][1]
    steps = [f"{number}: {equation.left} has {_exponents(left, bases)}"]
    for end, (operation, quantity) in enumerate(equation.right, start=1):
        size = _exponents(_QUANTITIES[quantity][1], bases)
        if end == 1:
            steps.append(f"{quantity} has {size}")
            continue
        total = _exponents(_units(equation.right[:end]), bases)
        steps.append(f"{operation} {quantity} with {size}: {total}")
    agree = left == _units(equation.right)
    steps[-1] += ", the same" if agree else ", not the same"
    return steps


@dataclass(frozen=True)
class _Species:
    text: str
    atoms: dict[str, int]
    product: bool


_Reaction = list[tuple[int, _Species]]


def _index(count: int) -> str:
    return str(count) if count > 1 else ""


def _plain(atoms: dict[str, int], *, product: bool) -> _Species:
    kept = {e: n for e, n in atoms.items() if n}
    return _Species("".join(f"{e}{_index(n)}" for e, n in kept.items()), kept, product)


def _salt(rng: Random) -> _Reaction:
    metal, nonmetal = rng.choice(sorted(_METALS)), rng.choice(sorted(_NONMETALS))
    charge, (other, molecule) = _METALS[metal], _NONMETALS[nonmetal]
    common = gcd(charge, other)
    metals, others = other // common, charge // common
    scale = molecule // gcd(molecule, others)
    return [
        (scale * metals, _plain({metal: 1}, product=False)),
        (scale * others // molecule, _plain({nonmetal: molecule}, product=False)),
        (scale, _plain({metal: metals, nonmetal: others}, product=True)),
    ]


def _combustion(rng: Random, *, large: bool) -> _Reaction:
    carbon = rng.randint(3, 12) if large else rng.randint(2, 6)
    oxygen = rng.randint(0, 6 if large else 2)
    nitrogen, sulfur = (rng.randint(1, 3), rng.randint(0, 2)) if large else (0, 0)
    hydrogen = 2 * rng.randint(1, carbon + 1) - nitrogen % 2
    needed = 4 * carbon + hydrogen + 4 * sulfur - 2 * oxygen
    if needed <= 0:
        return _combustion(rng, large=large)
    amounts = [4, needed, 4 * carbon, 2 * hydrogen, 2 * nitrogen, 4 * sulfur]
    common = gcd(*amounts)
    fuel = {"C": carbon, "H": hydrogen, "N": nitrogen, "O": oxygen, "S": sulfur}
    species = [
        _plain(fuel, product=False),
        _plain({"O": 2}, product=False),
        _plain({"C": 1, "O": 2}, product=True),
        _plain({"H": 2, "O": 1}, product=True),
        _plain({"N": 2}, product=True),
        _plain({"S": 1, "O": 2}, product=True),
    ]
    return [(n // common, s) for n, s in zip(amounts, species, strict=True) if n]


def _neutralisation(rng: Random) -> _Reaction:
    metal = rng.choice(sorted(set(_METALS) - {"Ag"}))
    residue = rng.choice(sorted(_ACIDS))
    charge, (acidity, atoms) = _METALS[metal], _ACIDS[residue]
    common = gcd(charge, acidity)
    metals, residues = acidity // common, charge // common
    base_text = f"{metal}OH" if charge == 1 else f"{metal}(OH){charge}"
    grouped = f"({residue}){residues}" if residues > 1 and len(atoms) > 1 else None
    acid = _Species(f"H{_index(acidity)}{residue}", {"H": acidity, **atoms}, product=False)
    salt = _Species(
        f"{metal}{_index(metals)}{grouped or residue + _index(residues)}",
        {metal: metals, **{e: n * residues for e, n in atoms.items()}},
        product=True,
    )
    base = _Species(base_text, {metal: 1, "O": charge, "H": charge}, product=False)
    water = _plain({"H": 2, "O": 1}, product=True)
    return [(metals, base), (residues, acid), (1, salt), (metals * charge, water)]


def _reaction(rng: Random, level: int, clean_share: float = _CLEAN_SHARE) -> tuple[_Reaction, str]:
    """Return a reaction, with one wrong coefficient or none, and how it is written."""
    if level == 1:
        reaction = _salt(rng)
    elif level == 3:
        reaction = _neutralisation(rng)
    else:
        reaction = _combustion(rng, large=level > 2)
    if rng.random() >= clean_share:
        kind = rng.choice(_BALANCE_ERRORS)
        place = rng.randrange(len(reaction))
        coefficient, species = reaction[place]
        change = -1 if kind == "coefficient too small" and coefficient > 1 else 1
        reaction[place] = (coefficient + change, species)
    sides = [
        " + ".join(f"{n} {s.text}" if n > 1 else s.text for n, s in reaction if s.product == side)
        for side in (False, True)
    ]
    return reaction, " -> ".join(sides)


def _atom_count(reaction: _Reaction) -> tuple[list[str], list[str]]:
    steps, wrong = [], []
    elements = list(Counter(e for _, species in reaction for e in species.atoms))
    for element in elements:
        sides = []
        for side in (False, True):
            found = [
                (n, s.atoms[element])
                for n, s in reaction
                if s.product == side and element in s.atoms
            ]
            total = sum(n * k for n, k in found)
            sides.append((" + ".join(f"{n} * {k}" for n, k in found), total))
        (left, one), (right, two) = sides
        same = "same" if one == two else "differs"
        steps.append(f"{element}: left {left} = {one}, right {right} = {two}, {same}")
        if one != two:
            wrong.append(element)
    return steps, wrong


def _listed_reactions(rng: Random) -> Problem:
    texts: list[str] = []
    steps, wrong = [], []
    clean_share = 1.0 if rng.random() < _CLEAN_SHARE else _CLEAN_IN_A_LIST
    while len(texts) < _LISTED:
        like = rng.choice((3, 4, 4, 4))
        reaction, text = _reaction(rng, like, clean_share)
        if text in texts:
            continue
        counted, unequal = _atom_count(reaction)
        texts.append(text)
        steps += [f"equation {len(texts)}: {text}", *counted]
        if unequal:
            wrong.append(str(len(texts)))
    listed = "\n".join(f"{i}: {text}" for i, text in enumerate(texts, start=1))
    steps.append(f"not balanced: {', '.join(wrong) or 'none'}")
    return Problem(
        question=f"Which of these equations are not balanced?\n{listed}\n"
        "List their numbers, or answer none.",
        answer=SetAnswer(items=tuple(wrong)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"unbalanced_equation {listed}",
    )


def _term(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _running_sum(row: list[int]) -> str:
    sums = list(itertools.accumulate(row))
    return ", ".join(f"{a} + {b} = {c}" for a, b, c in zip(sums, row[1:], sums[1:], strict=False))


def _split(rng: Random, total: int, parts: int) -> list[int]:
    cuts = sorted(rng.randint(0, total) for _ in range(parts - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]


def _account(rng: Random, level: int) -> tuple[list[list[int]], list[int], int | None]:
    """Return the rows, the work before each and the number of the first wrong row."""
    forms, count = len(_FORMS[level]), _ACCOUNT_ROWS[level]
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randint(2, count)
    total = sum(rng.randint(1, _LARGEST_ENERGY[level]) for _ in range(2))
    rows, works = [_split(rng, total, forms)], [0]
    for number in range(2, count + 1):
        limit = min(_LARGEST_WORK.get(level, 0), total // 2)
        work = rng.randint(-limit, limit)
        total += work
        row = _split(rng, total, forms)
        if number == wrong:
            row = _spoilt(rng, row, work)
            total = sum(row)
        rows.append(row)
        works.append(work)
    return rows, works, wrong


def _spoilt(rng: Random, row: list[int], work: int) -> list[int]:
    kind = rng.choice(_ENERGY_ERRORS)
    while True:
        bad = list(row)
        shift = rng.choice((-10, -2, -1, 1, 2, 10) if sum(row) > 30 else (-2, -1, 1, 2))
        if kind == "work counted with the wrong sign" and work:
            shift = -2 * work
        place = rng.randrange(len(row))
        bad[place] += shift
        if kind == "two energies off":
            bad[(place + 1) % len(row)] += 1 if shift > 0 else -1
        if min(bad) >= 0:
            return bad
        kind = rng.choice(_ENERGY_ERRORS)
