"""science/diagnostic: tables of measured values, checked for units that do not fit."""

from collections.abc import Sequence
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

_CLEAN_SHARE = 0.3
_UNIT_ERRORS = ("unit of another quantity", "power off", "factor on the wrong side")
_ROWS = {1: 3, 2: 4, 3: 6, 4: 9, 5: 14}
_LARGEST_VALUE = {1: 9, 2: 20, 3: 99, 4: 99, 5: 999}
_WORDINGS = (
    "Measured values:\n{rows}\nWhich row has a unit that does not fit its quantity?",
    "A table of values:\n{rows}\nIn which row does the unit not belong to the quantity?",
    "{rows}\nOne of these rows may have a unit that cannot measure its quantity. Which one?",
)
_BY_ROW = " Answer with the row number, or none."
_FITS_MEANS = (
    " A unit fits if, written in base units, it is a unit of the quantity; "
    "its size does not matter."
)

_BASE = ("kg", "m", "s", "A")
_Exponents = tuple[int, int, int, int]
_UNITS: dict[str, _Exponents] = {
    "kg": (1, 0, 0, 0),
    "m": (0, 1, 0, 0),
    "s": (0, 0, 1, 0),
    "A": (0, 0, 0, 1),
    "N": (1, 1, -2, 0),
    "J": (1, 2, -2, 0),
    "W": (1, 2, -3, 0),
    "Pa": (1, -1, -2, 0),
    "C": (0, 0, 1, 1),
    "V": (1, 2, -3, -1),
    "ohm": (1, 2, -3, -2),
    "F": (-1, -2, 4, 2),
    "T": (1, 0, -2, -1),
}
_Factors = tuple[tuple[str, int], ...]
_SIMPLE: dict[str, tuple[_Factors, ...]] = {
    "length": ((("m", 1),), (("cm", 1),), (("km", 1),), (("mm", 1),)),
    "mass": ((("kg", 1),), (("g", 1),), (("mg", 1),)),
    "time": ((("s", 1),), (("min", 1),), (("h", 1),)),
    "area": ((("m", 2),), (("cm", 2),), (("km", 2),)),
    "volume": ((("m", 3),), (("cm", 3),), (("L", 1),)),
    "speed": ((("m", 1), ("s", -1)), (("km", 1), ("h", -1))),
    "force": ((("N", 1),), (("kN", 1),)),
    "energy": ((("J", 1),), (("kJ", 1),)),
    "power": ((("W", 1),), (("kW", 1),)),
    "pressure": ((("Pa", 1),), (("kPa", 1),)),
    "charge": ((("C", 1),), (("mC", 1),)),
    "current": ((("A", 1),), (("mA", 1),)),
    "voltage": ((("V", 1),), (("kV", 1),)),
}
_SIMPLE_KNOWN = {1: 6, 2: 13}
"""How many of the simple quantities occur at levels 1 and 2."""
_QUANTITIES: dict[str, _Exponents] = {
    "speed": (0, 1, -1, 0),
    "acceleration": (0, 1, -2, 0),
    "force": (1, 1, -2, 0),
    "energy": (1, 2, -2, 0),
    "power": (1, 2, -3, 0),
    "pressure": (1, -1, -2, 0),
    "momentum": (1, 1, -1, 0),
    "density": (1, -3, 0, 0),
    "electric charge": (0, 0, 1, 1),
    "voltage": (1, 2, -3, -1),
    "electric resistance": (1, 2, -3, -2),
    "electric current": (0, 0, 0, 1),
    "area": (0, 2, 0, 0),
    "volume": (0, 3, 0, 0),
    "capacitance": (-1, -2, 4, 2),
    "electric field strength": (1, 1, -3, -1),
    "magnetic flux density": (1, 0, -2, -1),
    "magnetic flux": (1, 2, -2, -1),
    "inductance": (1, 2, -2, -2),
    "dynamic viscosity": (1, -1, -1, 0),
    "surface tension": (1, 0, -2, 0),
    "moment of inertia": (1, 2, 0, 0),
}
_KNOWN = {3: 12, 4: 16, 5: 22}
_DERIVED_FACTORS = {3: (1, 1), 4: (1, 2), 5: (2, 4)}
_LARGEST_POWER = {3: 2, 4: 3, 5: 4}


@family(
    "science/diagnostic",
    capacity={1: 5_000, 2: 10**5, 3: 10**9, 4: 10**12, 5: 10**15},
)
def wrong_unit_in_table(rng: Random, level: int) -> Problem:
    """Find the row of a table whose unit does not fit its quantity, or that every unit fits.

    Isolates knowing which unit measures what. Kinds of error: the unit of another quantity, a
    power that is off, a factor on the wrong side of the fraction line; 30 % of the draws are
    clean. A level adds rows and quantities; from level 3 on units are products that have to be
    reduced, of ever more factors.
    """
    simple = level in _SIMPLE_KNOWN
    known = list(_SIMPLE)[: _SIMPLE_KNOWN[level]] if simple else list(_QUANTITIES)[: _KNOWN[level]]
    names = rng.sample(known, _ROWS[level])
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(len(names))
    rows, steps = [], []
    for number, name in enumerate(names):
        if simple:
            owner = name if number != wrong else rng.choice([k for k in known if k != name])
            # As a unit of time, m is in use for minutes.
            units = [u for u in _SIMPLE[owner] if name != "time" or u != (("m", 1),)]
            unit = rng.choice(units)
            check = f"{_written(unit)} is a unit of {owner}"
        else:
            unit = _compound(rng, _QUANTITIES[name], level)
            if number == wrong:
                unit = _spoilt(rng, unit, _QUANTITIES[name], level)
            check = _reduced(name, unit)
        rows.append(f"{name} {rng.randint(2, _LARGEST_VALUE[level])} {_written(unit)}")
        if wrong is None or number <= wrong:
            verdict = "does not fit" if number == wrong else "fits"
            steps.append(f"{number + 1}: {name}; {check}, {verdict}")
    listed = "\n".join(f"{n}: {row}" for n, row in enumerate(rows, start=1))
    found = None if wrong is None else wrong + 1
    steps.append(f"unit does not fit in row: {found or 'none'}")
    return Problem(
        question=rng.choice(_WORDINGS).format(rows=listed)
        + ("" if simple else _FITS_MEANS)
        + _BY_ROW,
        answer=StepAnswer(index=found, steps=len(rows)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"wrong_unit_in_table {listed}",
    )


def _total(factors: Sequence[tuple[str, int]]) -> _Exponents:
    sums = [sum(power * _UNITS[unit][i] for unit, power in factors) for i in range(len(_BASE))]
    return sums[0], sums[1], sums[2], sums[3]


def _compound(rng: Random, wanted: _Exponents, level: int) -> _Factors:
    """Return random derived units, completed with base units to the wanted dimension."""
    derived = list(_UNITS)[len(_BASE) :]
    while True:
        count = rng.randint(*_DERIVED_FACTORS[level])
        factors = [(unit, rng.choice((-1, 1))) for unit in rng.sample(derived, count)]
        rest = [w - h for w, h in zip(wanted, _total(factors), strict=True)]
        factors += [(unit, power) for unit, power in zip(_BASE, rest, strict=True) if power]
        if max(map(abs, rest)) <= _LARGEST_POWER[level] and any(p > 0 for _, p in factors):
            return tuple(factors)


def _spoilt(rng: Random, unit: _Factors, right: _Exponents, level: int) -> _Factors:
    while True:
        kind = rng.choice(_UNIT_ERRORS)
        if kind == "unit of another quantity":
            other = list(_QUANTITIES.values())[: _KNOWN[level]]
            bad = _compound(rng, rng.choice(other), level)
        else:
            place = rng.randrange(len(unit))
            symbol, power = unit[place]
            power = -power if kind == "factor on the wrong side" else power + rng.choice((-1, 1))
            bad = tuple(f for f in (*unit[:place], (symbol, power), *unit[place + 1 :]) if f[1])
        if bad and _total(bad) != right and any(p > 0 for _, p in bad):
            return bad


def _written(unit: _Factors) -> str:
    above = [_power(symbol, power) for symbol, power in unit if power > 0]
    below = [_power(symbol, -power) for symbol, power in unit if power < 0]
    if not below:
        return " ".join(above)
    bottom = below[0] if len(below) == 1 else f"({' '.join(below)})"
    return f"{' '.join(above)}/{bottom}"


def _power(symbol: str, power: int) -> str:
    return symbol if power == 1 else f"{symbol}^{power}"


def _exponents(units: _Exponents) -> str:
    return " ".join(f"{name} {power}" for name, power in zip(_BASE, units, strict=True) if power)


def _reduced(name: str, unit: _Factors) -> str:
    """Return the base units of the quantity, and those of the unit factor by factor."""
    parts = [f"needs {_exponents(_QUANTITIES[name])}"]
    for end, (symbol, power) in enumerate(unit, start=1):
        part = f"{symbol} with power {power}"
        parts.append(f"{part}: {_exponents(_total(unit[:end])) or 'no unit'}")
    return "; ".join(parts)
