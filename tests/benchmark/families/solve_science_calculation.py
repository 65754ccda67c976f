"""Second solvers for science/calculation: amounts of gas, repeated symbols, ray matrices."""

import re
from fractions import Fraction
from math import prod

from solvers import solves

SHARES = {"half": 2, "third": 3, "quarter": 4, "fifth": 5}
EXACT = " Answer with"


@solves("science/calculation/ideal_gas")
def ideal_gas(question: str) -> str:
    """Keeps p V / T equal to the amount of gas, and solves it for the asked quantity."""
    text = question.split(EXACT)[0]
    if "(1)" in text:
        return gas_chain(text)
    asked = re.search(r"(?:What is|What is its|Find the new|Find the later) ([pVT])\b", text)[1]
    given = [(q, Fraction(n)) for q, n in re.findall(r"\b([pVT]) = (\d+)", text)]
    moved = re.search(r"([pVT]) (?:becomes|goes from (\d+) (?:L|K|kPa) to) (\d+)", text)
    if moved:
        before = [(moved[1], Fraction(moved[2]))] if moved[2] else []
        given = [*given, *before, (moved[1], Fraction(moved[3]))]
    first, second = {}, {}
    for quantity, value in given:
        (second if quantity in first else first)[quantity] = value
    for quantity, name in (("p", "pressure"), ("V", "volume"), ("T", "temperature")):
        if name in text and quantity not in first:
            first[quantity] = second[quantity] = Fraction(1)
    amount = first["p"] * first["V"] / first["T"]
    return str(solved(second, amount, asked))


def solved(state: dict, amount: Fraction, asked: str) -> Fraction:
    if asked == "T":
        return state["p"] * state["V"] / amount
    other = "V" if asked == "p" else "p"
    return amount * state["T"] / state[other]


def gas_chain(text: str) -> str:
    opening, *changes = re.split(r"\(\d\) ", text)
    state = {q: Fraction(n) for q, n in re.findall(r"\b([pVT]) = (\d+)", opening)}
    amount = state["p"] * state["V"] / state["T"]
    for change in changes:
        part = re.match(r"(?:a )?(half|third|quarter|fifth) of the gas", change)
        if part:
            amount -= amount / SHARES[part[1]]
            state["p"] = solved(state, amount, "p")
            continue
        kept, driven, value = re.match(r"at constant (\w+) to ([pVT]) = (\d+)", change).groups()
        kept = {"pressure": "p", "volume": "V", "temperature": "T"}[kept]
        state[driven] = Fraction(value)
        (free,) = {"p", "V", "T"} - {kept, driven}
        state[free] = solved(state, amount, free)
    return str(state[re.search(r"(?:What is|the final|What is the final) ([pVT])\b", text)[1]])


@solves("science/calculation/molar_mass")
def molar_mass(question: str) -> str:
    """Writes the brackets out and replaces every symbol by its mass."""
    masses = {
        e: Fraction(m) for e, m in re.findall(r"\b([A-Z][a-z]?) (\d+(?:\.\d+)?)(?=[, .])", question)
    }
    compounds = re.findall(r"(\d+(?:\.\d+)?) mol of ([A-Z(][A-Za-z0-9()]*)", question)
    if not compounds:
        formula = re.search(r"molar mass of ([A-Z][A-Za-z0-9]*)", question)[1]
        compounds = [("1", formula)]
    total = Fraction(0)
    for amount, formula in compounds:
        flat = re.sub(r"\(([^()]*)\)(\d+)", lambda m: m[1] * int(m[2]), formula)
        flat = re.sub(r"([A-Z][a-z]?)(\d+)", lambda m: m[1] * int(m[2]), flat)
        symbols = re.findall(r"[A-Z][a-z]?", flat)
        total += Fraction(amount) * sum(masses[s] for s in symbols)
    return str(total.numerator) if total.denominator == 1 else f"{float(total):.4f}"


@solves("science/calculation/half_life")
def half_life(question: str) -> str:
    text = question.split(EXACT)[0]
    if "drug" in text:
        return superposed_doses(text)
    if " with a half-life of " in text and " of A " in text:
        time = int(re.search(r"after (\d+) days", text)[1])
        parts = re.findall(r"(\d+) g of [A-D] with a half-life of (\d+) days", text)
        return str(sum(Fraction(int(g)) / 2 ** (time // int(life)) for g, life in parts))
    days = [int(n) for n in re.findall(r"(\d+) days", text)]
    grams = sorted((int(n) for n in re.findall(r"(\d+) g\b", text)), reverse=True)
    if len(grams) == 2:
        number = next(n for n in range(60) if grams[1] << n == grams[0])
        asks_time = "fter how many days" in text or "days pass" in text or "In how many" in text
        return str(days[0] * number if asks_time else Fraction(days[0], number))
    life, time = sorted(days)
    left = Fraction(grams[0])
    for _ in range(life, time + 1, life):
        left /= 2
    return str(left)


def superposed_doses(text: str) -> str:
    """Follows each dose alone to the end."""
    lives = {"A": None, "B": None}
    numbers = re.findall(r"(\d+) h(?:\b)", text)
    lives["A"], lives["B"] = int(numbers[0]), int(numbers[1])
    end = int(re.search(r"at hour (\d+)", text)[1])
    doses = re.findall(r"hour (\d+): (\d+) mg of ([AB])", text)
    removed = re.findall(r"hour (\d+): a (\w+) of ([AB])", text)
    total = Fraction(0)
    for hour, dose, name in doses:
        kept = [
            1 - Fraction(1, SHARES[s]) for h, s, n in removed if n == name and int(h) > int(hour)
        ]
        total += int(dose) * prod(kept, start=Fraction(1)) / 2 ** ((end - int(hour)) // lives[name])
    return str(total)


@solves("science/calculation/lens_and_wave")
def lens_and_wave(question: str) -> str:
    """Multiplies the ray matrices of the lenses and of the gaps between them."""
    text = question.split(" Answer with")[0]
    if "wave" in text:
        numbers = [int(n) for n in re.findall(r"\d+", text)]
        if re.search(r"How fast|the speed in|its speed, in", text):
            return str(numbers[0] * numbers[1])
        return str(Fraction(*numbers))
    listed = r"(-?\d+(?:, -?\d+)*) cm"
    focal = re.search(rf"(?:f = |focal length |lens is ){listed}", text)[1]
    between = re.search(rf"(?:them are|gaps of|right and) {listed}", text)
    first = re.search(r"(\d+) cm (?:in front|to the left)|(?:g = |object distance )(\d+) cm", text)
    gaps = [int(n) for n in between[1].split(", ")] if between else []
    rays = (Fraction(0), Fraction(1))
    for distance, f in zip([int(first[1] or first[2]), *gaps], focal.split(", "), strict=True):
        height = rays[0] + distance * rays[1]
        rays = (height, rays[1] - height / int(f))
    return str(-rays[0] / rays[1])
