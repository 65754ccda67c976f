"""science/calculation: amounts of substance and radioactive decay."""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import gcd
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, RationalAnswer
from metaprobe.benchmark.facts import table
from metaprobe.benchmark.family import Problem, family

_EXACT = " Answer with the number alone, as a whole number or a reduced fraction."
_REMOVED = {3: "a third", 4: "a quarter", 5: "a fifth"}
_MASS_WORDINGS = (
    "With the atomic masses {masses} (in g/mol), what is the mass of {amounts}, in g?{exactly}",
    "The atomic masses in g/mol are {masses}. Find the mass in g of {amounts}.{exactly}",
    "Take {masses} as atomic masses in g/mol. How many g are {amounts}?{exactly}",
)
_MOLAR_WORDINGS = (
    "With the atomic masses {masses} (in g/mol), what is the molar mass of {formula}, in g/mol?",
    "The atomic masses in g/mol are {masses}. Find the molar mass of {formula} in g/mol.",
    "Take {masses} as atomic masses in g/mol. How many g/mol is the molar mass of {formula}?",
)
_DECIMALS = {1: 0, 2: 0, 3: 1, 4: 3, 5: 3}
_CATIONS = {
    "Na": 1,
    "K": 1,
    "Li": 1,
    "NH4": 1,
    "Mg": 2,
    "Ca": 2,
    "Ba": 2,
    "Sr": 2,
    "Ni": 2,
    "Zn": 2,
    "Al": 3,
    "Cr": 3,
}
_ANIONS = {"F": 1, "OH": 1, "NO3": 1, "SO4": 2, "S": 2, "PO4": 3}
_ALUM_METALS = ("Al", "Cr", "Fe")
_TUTTON_METALS = ("Mg", "Mn", "Fe", "Co", "Ni", "Cu", "Zn")
_SINGLE_IONS = ("K", "NH4", "Rb", "Cs")

_LIFE_WORDINGS = {
    "left": (
        "A nuclide has a half-life of {life} days. Of {start} g, how much is left after {time} "
        "days, in g?",
        "There are {start} g of a nuclide with a half-life of {life} days. How many g remain "
        "after {time} days?",
        "The half-life of a nuclide is {life} days. From {start} g, how many g are left after "
        "{time} days?",
    ),
    "time": (
        "A nuclide has a half-life of {life} days. After how many days are {end} g left of "
        "{start} g?",
        "There are {start} g of a nuclide with a half-life of {life} days. How many days pass "
        "until {end} g remain?",
        "The half-life of a nuclide is {life} days. In how many days do {start} g fall to {end} g?",
    ),
    "life": (
        "Of {start} g of a nuclide, {end} g are left after {time} days. What is its half-life, in "
        "days?",
        "Within {time} days, {start} g of a nuclide fall to {end} g. How many days is the "
        "half-life?",
        "A nuclide decays from {start} g to {end} g in {time} days. Find its half-life in days.",
    ),
}
_MIXTURE_WORDINGS = (
    "A sample holds {parts}. How many g of these nuclides are left in all after {time} days?",
    "Nuclides are mixed: {parts}. What total mass in g of them is left after {time} days?",
    "A mixture has {parts}. Find the total mass in g of these nuclides after {time} days.",
)
_NUCLIDES = {3: 2, 4: 4}
_MOST_HALVINGS = {3: 5, 4: 9}
_DOSE_WORDINGS = (
    "Two drugs decay in a body, A with a half-life of {a} h and B with one of {b} h. Events, by "
    "the hour: {events}. How many mg of A and B together are in the body at hour {end}?",
    "In a body drug A has a half-life of {a} h, drug B one of {b} h. In order of hours: {events}. "
    "What is the total of A and B at hour {end}, in mg?",
    "The half-life in a body is {a} h for drug A and {b} h for drug B. By the hour: {events}. "
    "Find how many mg of both together are left at hour {end}.",
)
_EVENTS = 6
"""Of each drug."""
_REMOVALS = (2, 4)
"""Which of them, counted from 0, remove a share."""
_LARGEST_DENOMINATOR = 5_000


@family(
    "science/calculation",
    capacity={1: 128, 2: 576, 3: 10**5, 4: 3_000, 5: 10**12},
)
def molar_mass(rng: Random, level: int) -> Problem:
    """Find the molar mass of a compound, or the mass of some amount of it.

    Isolates counting atoms in a formula and adding up their masses, which are given. Level 1 has
    no brackets, level 2 salts; from level 3 on masses have decimals, level 4 has hydrates of
    double salts and level 5 mixtures of them.
    """
    count = 4 if level == 5 else 1
    formulas: list[str] = []
    while len(formulas) < count:
        formula = _formula(rng, level)
        if formula not in formulas:
            formulas.append(formula)
    atoms = [_atoms(formula) for formula in formulas]
    elements = list(dict.fromkeys(e for counted in atoms for e in counted))
    masses = {e: _rounded(e, _DECIMALS[level]) for e in elements}
    amounts = [_amount(rng, level) for _ in formulas]
    steps, total = [], Decimal(0)
    for formula, counted, amount in zip(formulas, atoms, amounts, strict=True):
        lines, molar = _weighed(counted, masses)
        steps += [f"{formula}:", *lines] if count > 1 else lines
        if level > 1:
            steps.append(f"{_plain(amount)} * {_plain(molar)} = {_plain(amount * molar)}")
        if count > 1:
            after = _plain(total + amount * molar)
            steps.append(f"sum: {_plain(total)} + {_plain(amount * molar)} = {after}")
        total += amount * molar
    shown = ", ".join(f"{e} {_plain(mass)}" for e, mass in masses.items())
    parts = [f"{_plain(n)} mol of {f}" for n, f in zip(amounts, formulas, strict=True)]
    given = parts[0] if count == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]} together"
    exactly = "" if level <= 2 else " Do not round."
    wording = rng.choice(_MOLAR_WORDINGS if level == 1 else _MASS_WORDINGS)
    return Problem(
        question=wording.format(masses=shown, formula=formulas[0], amounts=given, exactly=exactly),
        answer=DecimalAnswer(value=total, unit="g/mol" if level == 1 else "g"),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"molar_mass {level} {given}",
    )


@family(
    "science/calculation",
    capacity={1: 396, 2: 2_280, 3: 10**6, 4: 10**9, 5: 10**15},
)
def half_life(rng: Random, level: int) -> Problem:
    """Work out what a number of half-lives leave, how many passed, or how long one is.

    Isolates repeated halving. Level 1 asks for what is left, level 2 also for the time and the
    half-life; levels 3 and 4 add up two and four nuclides, level 5 follows doses of two drugs.
    """
    if level == 5:
        return _doses(rng)
    if level >= 3:
        return _mixture(rng, level)
    asked = "left" if level == 1 else rng.choice(("time", "life"))
    halvings, life, end = rng.randint(1, 4), rng.randint(2, 12), rng.randint(1, 9)
    if level == 2:
        halvings, life, end = rng.randint(2, 5), rng.randint(2, 20), rng.randint(1, 15)
    start, time = end * 2**halvings, halvings * life
    value, unit = {"left": (end, "g"), "time": (time, "days"), "life": (life, "days")}[asked]
    halved = [f"{end * 2**n} / 2 = {end * 2 ** (n - 1)}" for n in range(halvings, 0, -1)]
    steps = [f"half-lives: {time} / {life} = {halvings}", *halved]
    if asked != "left":
        last = (
            f"{halvings} * {life} = {time}" if asked == "time" else f"{time} / {halvings} = {life}"
        )
        steps = [*halved, f"half-lives: {halvings}", last]
    return Problem(
        question=rng.choice(_LIFE_WORDINGS[asked]).format(
            life=life, start=start, end=end, time=time
        ),
        answer=DecimalAnswer(value=Decimal(value), unit=unit),
        short=(", ".join(halved),) if asked == "left" else (steps[-1],),
        long=tuple(steps),
        key=f"half_life {asked} {start} {life} {halvings}",
    )


def _formula(rng: Random, level: int) -> str:
    if level == 1:
        carbon, oxygen = rng.randint(2, 8), rng.randint(0, 3)
        hydrogen = 2 * rng.randint(max(1, carbon - 3), carbon + 1)
        return _joined({"C": carbon, "H": hydrogen, "O": oxygen})
    if level == 2:
        cation, anion = rng.choice(sorted(_CATIONS)), rng.choice(sorted(_ANIONS))
        common = gcd(_CATIONS[cation], _ANIONS[anion])
        return _joined({cation: _ANIONS[anion] // common, anion: _CATIONS[cation] // common})
    if level == 3:
        carbon, nitrogen = rng.randint(6, 30), rng.randint(1, 6)
        hydrogen = 2 * rng.randint(carbon // 2, carbon) + nitrogen % 2
        sulfur, oxygen = rng.randint(0, 3), rng.randint(1, 12)
        parts = {"C": carbon, "H": hydrogen, "N": nitrogen, "O": oxygen, "S": sulfur}
        return _joined(parts)
    single = rng.choice(_SINGLE_IONS)
    if rng.random() < 0.5:
        return _joined({single: 1, rng.choice(_ALUM_METALS): 1, "SO4": 2, "H2O": 12})
    return _joined({single: 2, rng.choice(_TUTTON_METALS): 1, "SO4": 2, "H2O": 6})


def _joined(parts: Mapping[str, int]) -> str:
    text = ""
    for part, count in parts.items():
        several = count > 1 and not re.fullmatch("[A-Z][a-z]?", part)
        text += (f"({part})" if several else part) * (count > 0) + str(count) * (count > 1)
    return text


def _atoms(formula: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for group, times, symbol, count in re.findall(r"\(([^()]+)\)(\d*)|([A-Z][a-z]?)(\d*)", formula):
        if group:
            for element, n in _atoms(group).items():
                total[element] += n * int(times or 1)
        else:
            total[symbol] += int(count or 1)
    return total


def _rounded(element: str, decimals: int) -> Decimal:
    (mass,) = [row["mass"] for row in table("atomic_masses") if row["symbol"] == element]
    return round(Decimal(mass), decimals)


def _amount(rng: Random, level: int) -> Decimal:
    if level <= 2:
        return Decimal(1 if level == 1 else rng.randint(2, 9))
    return Decimal(rng.randint(11, 99)) / 10 if level > 3 else Decimal(rng.randint(2, 40))


def _weighed(
    counted: Mapping[str, int], masses: Mapping[str, Decimal]
) -> tuple[list[str], Decimal]:
    lines, total = [], Decimal(0)
    for element, count in counted.items():
        part = count * masses[element]
        line = f"{element}: {count} * {_plain(masses[element])} = {_plain(part)}"
        if total:
            line += f", {_plain(total)} + {_plain(part)} = {_plain(total + part)}"
        lines.append(line)
        total += part
    return lines, total


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _mixture(rng: Random, level: int) -> Problem:
    count = _NUCLIDES[level]
    time = rng.choice((12, 24, 60)) if level == 3 else rng.choice((24, 60, 120, 360))
    lives = [n for n in range(2, time + 1) if time % n == 0 and time // n <= _MOST_HALVINGS[level]]
    parts: list[str] = []
    steps: list[str] = []
    total = Fraction(0)
    for name, life in zip("ABCD", rng.sample(lives, count), strict=False):
        start, halvings = rng.randint(2, 99) * (4 if level == 3 else 1), time // life
        left = Fraction(start, 2**halvings)
        parts.append(f"{start} g of {name} with a half-life of {life} days")
        steps += [
            f"half-lives of {name}: {time} / {life} = {halvings}",
            f"2^{halvings} = {2**halvings}",
            f"{start} / {2**halvings} = {left}",
            f"sum: {_term(total)} + {_term(left)} = {total + left}",
        ]
        total += left
    given = ", ".join(parts[:-1]) + f" and {parts[-1]}"
    return Problem(
        question=rng.choice(_MIXTURE_WORDINGS).format(parts=given, time=time) + _EXACT,
        answer=RationalAnswer(numerator=total.numerator, denominator=total.denominator),
        short=(f"in all: {total}",),
        long=tuple(steps),
        key=f"half_life {given} {time}",
    )


def _doses(rng: Random) -> Problem:
    """Each drug has events of its own, all a whole number of its half-lives apart."""
    while True:
        lives = dict(zip("AB", rng.sample((2, 3, 4, 6), 2), strict=True))
        end = 12 * rng.randint(3, 5)
        courses = [_course(rng, name, life, end) for name, life in lives.items()]
        total = sum((left for left, _, _ in courses), Fraction(0))
        if total.denominator <= _LARGEST_DENOMINATOR:
            break
    events = [event for _, own, _ in courses for event in own]
    steps = [step for _, _, own in courses for step in own]
    (one, _, _), (two, _, _) = courses
    steps.append(f"sum: {_term(one)} + {_term(two)} = {total}")
    listed = "; ".join(f"hour {hour}: {what}" for hour, what in sorted(events))
    return Problem(
        question=rng.choice(_DOSE_WORDINGS).format(
            a=lives["A"], b=lives["B"], events=listed, end=end
        )
        + _EXACT,
        answer=RationalAnswer(numerator=total.numerator, denominator=total.denominator),
        short=(f"in all: {total}",),
        long=tuple(steps),
        key=f"half_life {lives} {listed} {end}",
    )


def _course(
    rng: Random, name: str, life: int, end: int
) -> tuple[Fraction, list[tuple[int, str]], list[str]]:
    """Return what is left of a drug at the end, the events by hour and the steps."""
    hours = sorted(rng.sample(range(end % life, end, life), _EVENTS))
    events: list[tuple[int, str]] = []
    steps: list[str] = []
    left, last = Fraction(0), hours[0]
    for number, hour in enumerate(hours):
        left = _halved(left, (hour - last) // life, f"{name} at hour {hour}", steps)
        if number in _REMOVALS:
            share = rng.choice(sorted(_REMOVED))
            events.append((hour, f"{_REMOVED[share]} of {name} is removed"))
            after, sign = left * Fraction(share - 1, share), f"* {share - 1} / {share}"
        else:
            dose = rng.randint(10, 400)
            events.append((hour, f"{dose} mg of {name} are given"))
            after, sign = left + dose, f"+ {dose}"
        steps.append(f"{_term(left)} {sign} = {after}")
        left, last = after, hour
    return _halved(left, (end - last) // life, f"{name} at hour {end}", steps), events, steps


def _halved(left: Fraction, halvings: int, when: str, steps: list[str]) -> Fraction:
    after = left * Fraction(1, 2**halvings)
    if left:
        steps.append(f"{when}: {_term(left)} / 2^{halvings} = {after}")
    return after


def _term(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"
