"""science/calculation: quantities worked out with one formula after another."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, RationalAnswer
from metaprobe.benchmark.family import Problem, family

_PHASES = {1: 1, 2: 2, 3: 2, 4: 4, 5: 9}
_SPEED_LEVELS = (1, 2)
_LONGEST_PHASE = {1: 9, 2: 5, 3: 9, 4: 12, 5: 29}
_VEHICLES = ("car", "train", "cyclist", "sled", "boat", "tram")
_SPEED_WORDINGS = (
    "A {vehicle} moves at {start} m/s. It {phases}. What is its final speed in m/s?",
    "The speed of a {vehicle} is {start} m/s at first. It {phases}. "
    "How fast is it at the end, in m/s?",
    "A {vehicle} starts with a speed of {start} m/s. It {phases}. Find its final speed in m/s.",
)
_DISTANCE_WORDINGS = (
    "A {vehicle} moves at {start} m/s. It {phases}. "
    "How far does it travel in these phases together, in m?",
    "The speed of a {vehicle} is {start} m/s at first. It {phases}. "
    "Find the total distance covered, in m.",
    "A {vehicle} starts with a speed of {start} m/s. It {phases}. "
    "What is the total length of its path, in m?",
)
_OHM_WORDINGS = {
    "V": (
        "A current of {a} A flows through a resistor of {b} ohm. What is the voltage across it, "
        "in V?",
        "Find the voltage in V across a resistor of {b} ohm that carries a current of {a} A.",
        "A resistor of {b} ohm carries {a} A. How many volts are across it?",
    ),
    "I": (
        "A voltage of {a} V lies across a resistor of {b} ohm. What current flows through it, "
        "in A?",
        "Find the current in A through a resistor of {b} ohm with {a} V across it.",
        "A resistor of {b} ohm is connected to {a} V. How many amperes flow through it?",
    ),
    "R": (
        "A voltage of {a} V drives a current of {b} A through a resistor. What is its resistance, "
        "in ohm?",
        "Find the resistance in ohm of a resistor that carries {b} A when connected to {a} V.",
        "A resistor connected to {a} V carries {b} A. How many ohms does it have?",
    ),
}
_SERIES_WORDINGS = (
    "Resistors of {a} ohm and {b} ohm are in series and carry {c} A. "
    "What is the voltage across both together, in V?",
    "A current of {c} A flows through {a} ohm and then {b} ohm, joined in series. "
    "Find the total voltage in V.",
    "Two resistors in series, {a} ohm and {b} ohm, carry {c} A. "
    "How many volts are across the pair?",
)
_NETWORK_WORDINGS = (
    "Resistors are joined as {}, where + means in series, || means in parallel and the numbers "
    "are in ohm. Find the total resistance in ohm.",
    "What is the total resistance, in ohm, of the network {}? "
    "Here + is series, || is parallel, and all numbers are in ohm.",
    "A network of resistors (in ohm) is written {}, with + for series and || for parallel. "
    "Work out its total resistance in ohm.",
)
_EXACT = " Answer with the number alone, as a whole number or a reduced fraction."
_LEAVES = {3: 3, 4: 5, 5: 9}
_LARGEST_RESISTOR = {3: 12, 4: 15, 5: 30}

_UNITS = {
    "length": {
        "mm": Fraction(1, 1000),
        "cm": Fraction(1, 100),
        "dm": Fraction(1, 10),
        "m": Fraction(1),
        "km": Fraction(1000),
    },
    "mass": {"mg": Fraction(1, 1000), "g": Fraction(1), "kg": Fraction(1000), "t": Fraction(10**6)},
    "time": {"s": Fraction(1), "min": Fraction(60), "h": Fraction(3600)},
    "volume": {"mL": Fraction(1, 1000), "L": Fraction(1)},
    "charge": {"mC": Fraction(1, 1000), "C": Fraction(1)},
    "energy": {"J": Fraction(1), "kJ": Fraction(1000)},
}
_SINGLE_FACTORS = (
    ("km", "m", 1000),
    ("m", "cm", 100),
    ("m", "dm", 10),
    ("m", "mm", 1000),
    ("cm", "mm", 10),
    ("dm", "cm", 10),
    ("kg", "g", 1000),
    ("g", "mg", 1000),
    ("t", "kg", 1000),
    ("h", "min", 60),
    ("min", "s", 60),
    ("L", "mL", 1000),
    ("C", "mC", 1000),
    ("kJ", "J", 1000),
)
_DIMENSIONS = {
    3: ({"length": 1, "time": -1}, {"mass": 1, "length": -3}, {"mass": 1, "time": -1}),
    4: (
        {"mass": 1, "length": 1, "time": -2},
        {"mass": 1, "length": 2, "time": -2},
        {"mass": 1, "length": -1, "time": -2},
        {"mass": 1, "length": 2, "time": -3},
    ),
}
_DIMENSIONS[5] = _DIMENSIONS[4]
_CONVERT_WORDINGS = (
    "Convert {amount} to {unit}.",
    "Express {amount} in {unit}.",
    "How many {unit} are {amount}?",
    "Write {amount} in {unit}.",
)
_SUM_WORDINGS = (
    "Add {amount}. Give the sum in {unit}.",
    "What is the sum of {amount}, in {unit}?",
    "Find the total of {amount} and express it in {unit}.",
)


@family(
    "science/calculation",
    capacity={1: 600, 2: 4_000, 3: 10**4, 4: 10**7, 5: 10**12},
)
def kinematics(rng: Random, level: int) -> Problem:
    """Find the final speed or the path of a body that moves in phases of constant acceleration.

    Isolates v = u + a t and s = (u + v) t / 2. Levels 1 and 2 ask for the final speed after one
    or two phases; each level above asks for the distance over more phases and larger numbers.
    """
    start = rng.randint(1, {1: 9, 2: 9}.get(level, 20))
    speed = Fraction(start)
    phases: list[tuple[Fraction, int]] = []
    while len(phases) < _PHASES[level]:
        acceleration = _acceleration(rng, level)
        duration = rng.randint(2, _LONGEST_PHASE[level])
        if 0 <= speed + acceleration * duration <= {1: 99, 2: 99}.get(level, 150):
            phases.append((acceleration, duration))
            speed += acceleration * duration
    asks_speed = level in _SPEED_LEVELS
    steps, speed, path = _drive(Fraction(start), phases, asks_speed)
    wording = rng.choice(_SPEED_WORDINGS if asks_speed else _DISTANCE_WORDINGS)
    value = speed if asks_speed else path
    unit = "m/s" if asks_speed else "m"
    return Problem(
        question=wording.format(
            vehicle=rng.choice(_VEHICLES), start=start, phases=_joined_phases(phases)
        ),
        answer=DecimalAnswer(value=_decimal(value), unit=unit),
        short=(f"{'final speed' if asks_speed else 'distance'}: {_number(value)} {unit}",),
        long=tuple(steps),
        key=f"kinematics {level} {start} {phases}",
    )


@family(
    "science/calculation",
    capacity={1: 192, 2: 648, 3: 3_000, 4: 10**6, 5: 10**12},
)
def ohm_and_circuits(rng: Random, level: int) -> Problem:
    """Apply Ohm's law, or find the resistance of a network of resistors.

    Isolates V = I R and the rules for series and parallel resistors. Level 1 is one use of Ohm's
    law, level 2 two resistors in series; each level above nests more resistors in a network.
    """
    if level == 1:
        return _ohm(rng)
    if level == 2:
        return _series(rng)
    numbers = [rng.randint(1, _LARGEST_RESISTOR[level]) for _ in range(_LEAVES[level])]
    steps: list[str] = []
    text, total = _network(rng, numbers, rng.choice("+|"), steps)
    while "+" not in text or "|" not in text:
        steps.clear()
        text, total = _network(rng, numbers, rng.choice("+|"), steps)
    text = text[1:-1]
    return Problem(
        question=rng.choice(_NETWORK_WORDINGS).format(text) + _EXACT,
        answer=RationalAnswer(numerator=total.numerator, denominator=total.denominator),
        short=(f"{text} = {total}",),
        long=tuple(steps),
        key=f"ohm_and_circuits {text}",
    )


@family(
    "science/calculation",
    capacity={1: 112, 2: 4_000, 3: 5_000, 4: 10**5, 5: 10**12},
)
def unit_conversion(rng: Random, level: int) -> Problem:
    """Convert an amount into another unit.

    Isolates multiplication by the right factor. Level 1 has one factor, level 2 an amount in two
    units, levels 3 and 4 units built of two and three quantities, level 5 a sum of such amounts.
    """
    if level <= 2:
        return _simple_conversion(rng, level)
    dimension = rng.choice(_DIMENSIONS[level])
    target = _compound(rng, dimension)
    sources: list[_Compound] = []
    while len(sources) < (4 if level == 5 else 1):
        source = _compound(rng, dimension)
        if source != target and source not in sources:
            sources.append(source)
    amounts = [rng.randint(2, 500) for _ in sources]
    steps: list[str] = []
    total = Fraction(0)
    for amount, source in zip(amounts, sources, strict=True):
        converted = _convert(amount, source, target, steps)
        if len(sources) > 1:
            steps.append(f"sum: {total} + {converted} = {total + converted}")
        total += converted
    parts = [f"{n} {source.text}" for n, source in zip(amounts, sources, strict=True)]
    given = parts[0] if level < 5 else ", ".join(parts[:-1]) + " and " + parts[-1]
    wording = rng.choice(_CONVERT_WORDINGS if level < 5 else _SUM_WORDINGS)
    return Problem(
        question=wording.format(amount=given, unit=target.text) + _EXACT,
        answer=RationalAnswer(numerator=total.numerator, denominator=total.denominator),
        short=(f"total = {total} {target.text}",),
        long=tuple(steps),
        key=f"unit_conversion {given} to {target.text}",
    )


def _acceleration(rng: Random, level: int) -> Fraction:
    if level == 1:
        return Fraction(rng.randint(1, 9))
    if level == 2:
        return Fraction(rng.choice((1, 2, 3, 4, 5, -1, -2, -3)))
    if level == 5:
        return Fraction(rng.randint(-40, 40), 10)
    return Fraction(rng.choice((0, 2, 4, 6, -2, -4)))


def _joined_phases(phases: list[tuple[Fraction, int]]) -> str:
    parts = []
    for acceleration, duration in phases:
        if acceleration > 0:
            parts.append(f"accelerates at {_number(acceleration)} m/s^2 for {duration} s")
        elif acceleration < 0:
            parts.append(f"brakes at {_number(-acceleration)} m/s^2 for {duration} s")
        else:
            parts.append(f"keeps its speed for {duration} s")
    return ", then ".join(parts)


def _drive(
    speed: Fraction, phases: list[tuple[Fraction, int]], asks_speed: bool
) -> tuple[list[str], Fraction, Fraction]:
    steps, path = [], Fraction(0)
    for acceleration, duration in phases:
        change, old = abs(acceleration) * duration, speed
        speed += acceleration * duration
        sign = "-" if acceleration < 0 else "+"
        steps.append(
            f"change of speed: {_number(abs(acceleration))} * {duration} = {_number(change)}"
        )
        steps.append(f"new speed: {_number(old)} {sign} {_number(change)} = {_number(speed)}")
        if asks_speed:
            continue
        mean = (old + speed) / 2
        piece = mean * duration
        steps.append(f"mean speed: ({_number(old)} + {_number(speed)}) / 2 = {_number(mean)}")
        steps.append(f"distance: {_number(mean)} * {duration} = {_number(piece)}")
        steps.append(f"total: {_number(path)} + {_number(piece)} = {_number(path + piece)}")
        path += piece
    return steps, speed, path


def _ohm(rng: Random) -> Problem:
    current, resistance = rng.randint(2, 9), rng.randint(2, 9)
    voltage = current * resistance
    asked = rng.choice("VIR")
    a, b, value, unit, formula, sign = {
        "V": (current, resistance, voltage, "V", "V = I * R", "*"),
        "I": (voltage, resistance, current, "A", "I = V / R", "/"),
        "R": (voltage, current, resistance, "ohm", "R = V / I", "/"),
    }[asked]
    return Problem(
        question=rng.choice(_OHM_WORDINGS[asked]).format(a=a, b=b),
        answer=DecimalAnswer(value=Decimal(value), unit=unit),
        short=(f"{a} {sign} {b} = {value}",),
        long=(formula, f"{asked} = {a} {sign} {b} = {value}"),
        key=f"ohm_and_circuits {asked} {a} {b}",
    )


def _series(rng: Random) -> Problem:
    a, b, c = rng.randint(1, 9), rng.randint(1, 9), rng.randint(2, 9)
    total = a + b
    return Problem(
        question=rng.choice(_SERIES_WORDINGS).format(a=a, b=b, c=c),
        answer=DecimalAnswer(value=Decimal(total * c), unit="V"),
        short=(f"{c} * ({a} + {b}) = {c * total}",),
        long=(
            "in series: R = R1 + R2",
            f"R = {a} + {b} = {total}",
            "V = I * R",
            f"V = {c} * {total} = {c * total}",
        ),
        key=f"ohm_and_circuits series {a} {b} {c}",
    )


def _network(rng: Random, numbers: list[int], join: str, steps: list[str]) -> tuple[str, Fraction]:
    if len(numbers) == 1:
        return str(numbers[0]), Fraction(numbers[0])
    cut = rng.randint(1, len(numbers) - 1)
    other = "|" if join == "+" else "+"
    left_text, left = _network(rng, numbers[:cut], rng.choice((other, other, join)), steps)
    right_text, right = _network(rng, numbers[cut:], rng.choice((other, other, join)), steps)
    if join == "+":
        total = left + right
        steps.append(f"series: {left} + {right} = {total}")
        return f"({left_text} + {right_text})", total
    product, together = left * right, left + right
    total = product / together
    steps.append(f"product: {_term(left)} * {_term(right)} = {product}")
    steps.append(f"sum: {left} + {right} = {together}")
    steps.append(f"parallel: {_term(product)} / {_term(together)} = {total}")
    return f"({left_text} || {right_text})", total


def _term(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"


@dataclass(frozen=True)
class _Compound:
    text: str
    parts: tuple[tuple[str, Fraction, int], ...]


def _compound(rng: Random, dimension: dict[str, int]) -> _Compound:
    parts = []
    for quantity, power in dimension.items():
        unit = rng.choice(sorted(_UNITS[quantity]))
        parts.append((unit, _UNITS[quantity][unit], power))
    above = [_power(unit, power) for unit, _, power in parts if power > 0]
    below = [_power(unit, -power) for unit, _, power in parts if power < 0]
    bottom = below[0] if len(below) == 1 else f"({'*'.join(below)})"
    return _Compound(f"{'*'.join(above)}/{bottom}", tuple(parts))


def _power(unit: str, power: int) -> str:
    return unit if power == 1 else f"{unit}^{power}"


def _convert(amount: int, source: _Compound, target: _Compound, steps: list[str]) -> Fraction:
    value = Fraction(amount)
    for (old, old_size, power), (new, new_size, _) in zip(source.parts, target.parts, strict=True):
        if old == new:
            continue
        factor = old_size / new_size
        steps.append(f"1 {old} = {factor} {new}")
        if power != 1:
            steps.append(f"factor: {_term(factor)}^{power} = {factor**power}")
        steps.append(f"{value} * {factor**power} = {value * factor**power}")
        value *= factor**power
    return value


def _simple_conversion(rng: Random, level: int) -> Problem:
    large, small, factor = rng.choice(_SINGLE_FACTORS)
    amount, rest = rng.randint(2, 9), rng.randint(1, min(factor, 100) - 1)
    product = amount * factor
    steps = [f"1 {large} = {factor} {small}", f"{amount} * {factor} = {product}"]
    given, value = f"{amount} {large}", product
    if level == 2:
        given, value = f"{given} {rest} {small}", product + rest
        steps.append(f"{product} + {rest} = {value}")
    return Problem(
        question=rng.choice(_CONVERT_WORDINGS).format(amount=given, unit=small),
        answer=DecimalAnswer(value=Decimal(value), unit=small),
        short=(steps[-1],) if level == 1 else (f"{amount} * {factor} + {rest} = {value}",),
        long=tuple(steps),
        key=f"unit_conversion {given} to {small}",
    )


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _number(value: Fraction) -> str:
    return format(_decimal(value).normalize(), "f")
