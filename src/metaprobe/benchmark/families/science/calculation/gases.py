"""science/calculation: states of an ideal gas."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, RationalAnswer
from metaprobe.benchmark.family import Problem, family

_EXACT = " Answer with the number alone, as a whole number or a reduced fraction."

_GAS_UNITS = {"p": "kPa", "V": "L", "T": "K"}
_GAS_NAMES = {"p": "pressure", "V": "volume", "T": "temperature"}
_KEPT_BY_LEVEL = {1: ("T",), 2: ("T", "p", "V")}
_LAW = {"T": "p * V", "p": "V / T", "V": "p / T"}
"""What stays the same in an ideal gas, by the quantity that is kept constant."""
_GAS_WORDINGS = (
    "An ideal gas has {a} = {x} {ux} and {b} = {y} {uy}. At constant {kept}, {a} becomes "
    "{new} {ux}. What is {b} then, in {uy}?",
    "At constant {kept}, an ideal gas goes from {a} = {x} {ux}, {b} = {y} {uy} to {a} = {new} "
    "{ux}. Find the new {b} in {uy}.",
    "The {kept} of an ideal gas is kept constant while {a} goes from {x} {ux} to {new} {ux}. "
    "At first {b} = {y} {uy}. What is {b} at the end, in {uy}?",
)
_COMBINED_WORDINGS = (
    "An ideal gas goes from {first} to {second}. What is {asked} then, in {unit}?",
    "An ideal gas has {first} at first and {second} later. Find the later {asked} in {unit}.",
    "The state of an ideal gas changes from {first} to {second}. What is its {asked} in the new "
    "state, in {unit}?",
)
_CHAIN_WORDINGS = (
    "A cylinder with a piston holds an ideal gas with {first}. In turn: {changes}. "
    "What is {asked} at the end, in {unit}?",
    "An ideal gas in a cylinder with a piston starts with {first}. These changes follow one after "
    "another: {changes}. Find the final {asked} in {unit}.",
    "An ideal gas behind a piston has {first}. It goes through these changes in order: {changes}. "
    "What is the final {asked}, in {unit}?",
)
_CHANGES = {4: 4, 5: 9}
_LARGEST_DENOMINATOR = {3: 99, 4: 200, 5: 2_000}
_LEAK_LEVEL = 5
_LEAKS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}


@family(
    "science/calculation",
    capacity={1: 800, 2: 3_000, 3: 10**5, 4: 10**8, 5: 10**15},
)
def ideal_gas(rng: Random, level: int) -> Problem:
    """Find pressure, volume or temperature of an ideal gas after changes of its state.

    Isolates p V / T = constant. Level 1 keeps the temperature, level 2 one of three quantities,
    level 3 changes all; levels 4 and 5 have four and nine changes, level 5 also leaks.
    """
    if level <= 2:
        return _one_law(rng, level)
    return _combined(rng) if level == 3 else _chain(rng, level)


def _one_law(rng: Random, level: int) -> Problem:
    """Two quantities change while the third is kept; all numbers are whole."""
    kept = rng.choice(_KEPT_BY_LEVEL[level])
    a, b = rng.sample([q for q in _GAS_UNITS if q != kept], 2)
    while True:
        x, new, y = (_measured(rng, level, quantity) for quantity in (a, a, b))
        value = Fraction(x * y, new) if kept == "T" else Fraction(y * new, x)
        if value.denominator == 1 and new != x:
            break
    one, two, under = (x, y, new) if kept == "T" else (y, new, x)
    return Problem(
        question=rng.choice(_GAS_WORDINGS).format(
            a=a, b=b, x=x, y=y, new=new, ux=_GAS_UNITS[a], uy=_GAS_UNITS[b], kept=_GAS_NAMES[kept]
        ),
        answer=DecimalAnswer(value=Decimal(int(value)), unit=_GAS_UNITS[b]),
        short=(f"{one} * {two} / {under} = {value}",),
        long=(
            f"{_LAW[kept]} stays the same",
            f"{one} * {two} = {one * two}",
            f"{one * two} / {under} = {value}",
        ),
        key=f"ideal_gas {a} {b} {x} {y} {new}",
    )


def _measured(rng: Random, level: int, quantity: str) -> int:
    top = 5 if level == 1 else 12
    if quantity == "T":
        return 25 * rng.randint(4, 40)
    return rng.randint(2, top) * rng.randint(1, top)


def _combined(rng: Random) -> Problem:
    asked = rng.choice("pVT")
    while True:
        first, second = _state(rng), _state(rng)
        value = _scaled(first, second, asked)
        if value.denominator <= _LARGEST_DENOMINATOR[3] and value != first[asked]:
            break
    over, under = ("V", "T") if asked == "p" else ("p", "T") if asked == "V" else ("p", "V")
    if asked == "T":
        top = [first["T"], second["p"], second["V"]]
        bottom = [first["p"], first["V"]]
    else:
        top = [first[asked], first[over], second["T"]]
        bottom = [first[under], second[over]]
    above, below = top[0] * top[1] * top[2], bottom[0] * bottom[1]
    rest = {q: n for q, n in second.items() if q != asked}
    return Problem(
        question=rng.choice(_COMBINED_WORDINGS).format(
            first=_listed(first), second=_listed(rest), asked=asked, unit=_GAS_UNITS[asked]
        )
        + _EXACT,
        answer=RationalAnswer(numerator=value.numerator, denominator=value.denominator),
        short=(f"{asked} = {above} / {below} = {value}",),
        long=(
            "p * V / T stays the same",
            f"{top[0]} * {top[1]} = {top[0] * top[1]}",
            f"{top[0] * top[1]} * {top[2]} = {above}",
            f"{bottom[0]} * {bottom[1]} = {below}",
            f"{asked} = {above} / {below} = {value}",
        ),
        key=f"ideal_gas {asked} {_listed(first)} {_listed(rest)}",
    )


_State = dict[str, Fraction]


def _state(rng: Random) -> _State:
    return {
        "p": Fraction(10 * rng.randint(2, 40)),
        "V": Fraction(rng.randint(2, 30)),
        "T": Fraction(25 * rng.randint(8, 24)),
    }


def _scaled(first: Mapping[str, Fraction], second: Mapping[str, Fraction], asked: str) -> Fraction:
    """Return the asked quantity of the second state, whose other two are known."""
    ratio = Fraction(1)
    for quantity in _GAS_UNITS:
        if quantity != asked:
            ratio *= (second[quantity] / first[quantity]) ** (-1 if quantity == "T" else 1)
    return first[asked] * (ratio if asked == "T" else 1 / ratio)


def _listed(state: Mapping[str, Fraction]) -> str:
    return ", ".join(f"{q} = {n} {_GAS_UNITS[q]}" for q, n in state.items())


def _chain(rng: Random, level: int) -> Problem:
    while True:
        first, asked = _state(rng), ""
        state, changes, steps = dict(first), [], ["p * V / T stays the same while no gas leaks"]
        for number in range(_CHANGES[level]):
            if level >= _LEAK_LEVEL and number % 3 == 1:
                changes.append(_leak(rng, state, steps))
            else:
                asked, change = _change(rng, state, steps)
                changes.append(change)
        value = state[asked]
        small = max(n.denominator for n in state.values()) <= _LARGEST_DENOMINATOR[level]
        if small and value != first[asked]:
            break
    listed = "; ".join(f"({n}) {change}" for n, change in enumerate(changes, start=1))
    return Problem(
        question=rng.choice(_CHAIN_WORDINGS).format(
            first=_listed(first), changes=listed, asked=asked, unit=_GAS_UNITS[asked]
        )
        + _EXACT,
        answer=RationalAnswer(numerator=value.numerator, denominator=value.denominator),
        short=(f"{asked} = {value}",),
        long=(*steps, f"{asked} = {value}"),
        key=f"ideal_gas {asked} {_listed(first)} {listed}",
    )


def _change(rng: Random, state: _State, steps: list[str]) -> tuple[str, str]:
    """Change one quantity, and the returned one with it, while the third is kept."""
    kept, driven, follower = rng.sample(list(_GAS_UNITS), 3)
    old = state[driven]
    target = _state(rng)[driven]
    while target == old:
        target = _state(rng)[driven]
    inverse = kept == "T"
    value = state[follower] * (old / target if inverse else target / old)
    shown = (old, target) if inverse else (target, old)
    steps.append(
        f"constant {kept}, {driven} from {old} to {target}: "
        f"{follower} = {_term(state[follower])} * {_term(shown[0])} / {_term(shown[1])} = {value}"
    )
    state[driven], state[follower] = target, value
    return follower, f"at constant {_GAS_NAMES[kept]} to {driven} = {target} {_GAS_UNITS[driven]}"


def _leak(rng: Random, state: _State, steps: list[str]) -> str:
    share = rng.choice(sorted(_LEAKS))
    left = state["p"] * Fraction(share - 1, share)
    steps.append(f"{_LEAKS[share]} leaks: p = {_term(state['p'])} * {share - 1} / {share} = {left}")
    state["p"] = left
    return f"{_LEAKS[share]} of the gas leaks out at constant volume and temperature"


def _term(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"
