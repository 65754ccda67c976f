"""Second solvers for science/diagnostic: true values from the givens alone, units as numbers."""

import re
from fractions import Fraction

from solvers import solves

TRUE_VALUES = {
    "v": lambda g: g["a"] * g["t"],
    "F": lambda g: g["a"] * g["m"],
    "p": lambda g: g["m"] * g["t"] * g["a"],
    "s": lambda g: g["a"] * g["t"] ** 2 / 2,
    "W": lambda g: g["m"] * (g["a"] * g["t"]) ** 2 / 2,
    "P": lambda g: g["m"] * g["a"] ** 2 * g["t"] / 2,
    "E": lambda g: g["m"] * g["a"] * (g["a"] * g["t"] ** 2 / 2),
    "R": lambda g: g["R1"] + g["R2"],
    "I": lambda g: g["U"] / (g["R1"] + g["R2"]),
    "Q": lambda g: g["U"] * g["T"] / (g["R1"] + g["R2"]),
    "U1": lambda g: g["U"] * g["R1"] / (g["R1"] + g["R2"]),
    "U2": lambda g: g["U"] - g["U"] * g["R1"] / (g["R1"] + g["R2"]),
    "N": lambda g: g["U"] ** 2 / (g["R1"] + g["R2"]),
    "N1": lambda g: g["U"] ** 2 * g["R1"] / (g["R1"] + g["R2"]) ** 2,
    "H": lambda g: g["U"] ** 2 * g["T"] / (g["R1"] + g["R2"]),
    "V": lambda g: g["A"] * g["h"],
    "M": lambda g: g["A"] * g["h"] * g["d"],
    "G": lambda g: g["A"] * g["h"] * g["d"] * g["g"],
    "B": lambda g: g["d"] * g["g"] * g["h"],
    "C": lambda g: g["d"] * g["g"] * g["h"] * 2,
}


@solves("science/diagnostic/first_wrong_step_physics")
def first_wrong_step_physics(question: str) -> str:
    """Compares every result with its true value, which needs the givens only."""
    opening, *lines = question.splitlines()
    given = {s: Fraction(n) for s, n in re.findall(r"\b([A-Za-z]\d?) = (\d+)", opening)}
    for number, line in enumerate(lines[:-1], start=1):
        symbol, _, filled, result = re.sub(r"^\d+: | \([a-z].*\)$", "", line).split(" = ")
        sum_ = re.sub(r"(\d+(?:\.\d+)?)", r"Fraction('\1')", filled.replace("^2", " ** N"))
        value = eval(sum_.replace("N", "2"), {"Fraction": Fraction})
        if not value == Fraction(result) == TRUE_VALUES[symbol](given):
            return str(number)
    return "none"


MEASURES = {
    "length": "m cm km mm",
    "mass": "kg g mg",
    "time": "s min h",
    "area": "m^2 cm^2 km^2",
    "volume": "m^3 cm^3 L",
    "speed": "m/s km/h",
    "force": "N kN",
    "energy": "J kJ",
    "power": "W kW",
    "pressure": "Pa kPa",
    "charge": "C mC",
    "current": "A mA",
    "voltage": "V kV",
}
SIZES = {"kg": Fraction(2), "m": Fraction(3), "s": Fraction(5), "A": Fraction(7)}
SIZES["N"] = SIZES["kg"] * SIZES["m"] / SIZES["s"] ** 2
SIZES["J"] = SIZES["N"] * SIZES["m"]
SIZES["W"] = SIZES["J"] / SIZES["s"]
SIZES["Pa"] = SIZES["N"] / SIZES["m"] ** 2
SIZES["C"] = SIZES["A"] * SIZES["s"]
SIZES["V"] = SIZES["J"] / SIZES["C"]
SIZES["ohm"] = SIZES["V"] / SIZES["A"]
SIZES["F"] = SIZES["C"] / SIZES["V"]
SIZES["T"] = SIZES["V"] * SIZES["s"] / SIZES["m"] ** 2
COMMON_UNITS = {
    "speed": "m/s",
    "acceleration": "m/s^2",
    "force": "N",
    "energy": "J",
    "power": "W",
    "pressure": "Pa",
    "momentum": "N s",
    "density": "kg/m^3",
    "electric charge": "C",
    "voltage": "V",
    "electric resistance": "ohm",
    "electric current": "A",
    "area": "m^2",
    "volume": "m^3",
    "capacitance": "F",
    "electric field strength": "N/C",
    "magnetic flux density": "T",
    "magnetic flux": "V s",
    "inductance": "V s/A",
    "dynamic viscosity": "Pa s",
    "surface tension": "J/m^2",
    "moment of inertia": "kg m^2",
}


def size_of(unit: str) -> Fraction:
    """Returns the product of prime base units; equal sizes are equal dimensions."""
    size = Fraction(1)
    for side, text in enumerate(unit.split("/")):
        for name, power in re.findall(r"([A-Za-z]+)(?:\^(\d+))?", text):
            size *= SIZES[name] ** (int(power or 1) * (-1 if side else 1))
    return size


@solves("science/diagnostic/wrong_unit_in_table")
def wrong_unit_in_table(question: str) -> str:
    compound = "written in base units" in question
    for number, name, unit in re.findall(r"(?m)^(\d+): ([a-z ]+) \d+ (.+)$", question):
        if compound:
            fits = size_of(unit) == size_of(COMMON_UNITS[name])
        else:
            fits = unit in MEASURES[name].split()
        if not fits:
            return number
    return "none"
