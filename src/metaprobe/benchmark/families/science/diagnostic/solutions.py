"""science/diagnostic: worked solutions of physics problems, checked step by step."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

_CLEAN_SHARE = 0.3
_SOLUTION_ERRORS = ("wrong result", "wrong number put in", "wrong formula")
_ERRORS_BY_LEVEL = {1: 1, 2: 2}
"""How many of the kinds occur at a level; all of them where it is not stated."""
_STEPS = {1: 3, 2: 4, 3: 5, 4: 10, 5: 18}
_STORIES = {1: 1, 2: 1, 3: 1, 4: 2, 5: 3}
_LARGEST = {1: 9, 2: 9, 3: 20, 4: 40, 5: 90}
_NAMED_LEVEL = 3
"""From this level on each step names its quantity, and formulas may be wrong."""
_CLOSINGS = (
    "Give the number of the first wrong step, or none.",
    "Which step is the first wrong one? Answer with its number, or none.",
    "Find the first wrong step; answer with its number, or none.",
)
_WRONG_MEANS = (
    "A step is wrong if its formula, a number put into it or its result is wrong. All numbers are "
    "in SI units. "
)


@dataclass(frozen=True)
class _Rule:
    symbol: str
    name: str
    formula: str
    """Symbols joined by ` * `, ` / `, ` + ` and `^2`, read from left to right."""
    mistaken: tuple[str, ...]
    """Formulas that are wrong in every situation of this kind."""


@dataclass(frozen=True)
class _Story:
    opening: str
    draw: Callable[[Random, int], dict[str, int]]
    rules: tuple[_Rule, ...]


@dataclass(frozen=True)
class _Step:
    rule: _Rule
    formula: str
    put_in: tuple[Fraction, ...]
    result: Fraction

    def written(self, *, named: bool) -> str:
        """Return the step as it stands in the solution."""
        name = f" ({self.rule.name})" if named else ""
        filled = _filled(self.formula, self.put_in)
        return f"{self.rule.symbol} = {self.formula} = {filled} = {_number(self.result)}{name}"


def _moving(rng: Random, top: int) -> dict[str, int]:
    return {
        "m": rng.randint(2, top),
        "a": rng.randint(2, min(top, 15)),
        "t": 2 * rng.randint(1, max(2, top // 4)),
    }


def _connected(rng: Random, top: int) -> dict[str, int]:
    one, two = rng.randint(2, top), rng.randint(2, top)
    current = rng.randint(2, min(top, 12))
    return {"U": current * (one + two), "R1": one, "R2": two, "T": rng.randint(2, top)}


def _filled_tank(rng: Random, top: int) -> dict[str, int]:
    return {
        "A": rng.randint(2, top),
        "h": rng.randint(2, top),
        "d": rng.choice((700, 800, 900, 1000, 1200)) if top > 9 else rng.randint(2, 9) * 100,
        "g": 10,
    }


_MOTION = _Story(
    "A body of mass m = {m} kg speeds up from rest at a = {a} m/s^2 for t = {t} s.",
    _moving,
    (
        _Rule("v", "final speed", "a * t", ("a / t", "a * t / 2")),
        _Rule("F", "force", "m * a", ("m / a", "m * v")),
        _Rule("p", "final momentum", "m * v", ("m * a", "m * v / 2")),
        _Rule("s", "distance", "v * t / 2", ("v * t", "a * t / 2")),
        _Rule("W", "work", "F * s", ("F * t", "F / s", "F * v")),
        _Rule("P", "mean power", "W / t", ("W * t", "W / s")),
        _Rule("E", "final kinetic energy", "m * v^2 / 2", ("m * v^2", "m * v / 2")),
    ),
)
_CIRCUIT = _Story(
    "R1 = {R1} ohm and R2 = {R2} ohm in series are connected to U = {U} V for T = {T} s.",
    _connected,
    (
        _Rule("R", "total resistance", "R1 + R2", ("R1 * R2",)),
        _Rule("I", "current", "U / R", ("U * R", "U / R1", "U / R2")),
        _Rule("Q", "charge", "I * T", ("U * T", "I / T")),
        _Rule("U1", "voltage across R1", "I * R1", ("I * R", "I / R1", "U * R1")),
        _Rule("U2", "voltage across R2", "I * R2", ("I * R", "I / R2", "U * R2")),
        _Rule("N", "total power", "U * I", ("U / I", "U1 * I")),
        _Rule("N1", "power of R1", "U1 * I", ("U1 / I", "U * I")),
        _Rule("H", "total heat", "N * T", ("N / T", "N1 * T")),
    ),
)
_TANK = _Story(
    "A tank with base A = {A} m^2 holds h = {h} m of liquid with density d = {d} kg/m^3; "
    "g = {g} N/kg.",
    _filled_tank,
    (
        _Rule("V", "volume", "A * h", ("A / h", "A * h / 2")),
        _Rule("M", "mass of the liquid", "d * V", ("d / V", "d * h", "d * A")),
        _Rule("G", "weight of the liquid", "M * g", ("M / g", "V * g")),
        _Rule("B", "pressure of the liquid on the base", "G / A", ("G * A", "G / h", "G / V")),
        _Rule("C", "force of the liquid on 2 m^2 of the base", "B * 2", ("B / 2", "B * A")),
    ),
)
_ALL_STORIES = (_MOTION, _CIRCUIT, _TANK)
_SHORT_STORIES = {1: (_MOTION,), 2: (_MOTION, _CIRCUIT)}
_EASY_RULES = {1: 3, 2: 5}
"""How many rules of a story occur at levels 1 and 2."""


@family(
    "science/diagnostic",
    capacity={1: 2_000, 2: 5_000, 3: 10**5, 4: 10**9, 5: 10**12},
)
def first_wrong_step_physics(rng: Random, level: int) -> Problem:
    """Find the first wrong step of the worked solution of a physics problem, or that none is wrong.

    Isolates checking formula, numbers and result of each step. Kinds of error: a wrong result, a
    wrong number put in, a wrong formula; 30 % of the draws are clean, and what follows an error is
    worked out from it. A level adds steps; level 1 has wrong results only, wrong formulas begin at
    level 3, and levels 4 and 5 mix two and three problems.
    """
    stories = rng.sample(_SHORT_STORIES.get(level, _ALL_STORIES), _STORIES[level])
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(_STEPS[level])
    kinds = _SOLUTION_ERRORS[: _ERRORS_BY_LEVEL.get(level)]
    steps: list[_Step] | None = None
    while steps is None:
        given: dict[str, int] = {}
        for story in stories:
            given |= story.draw(rng, _LARGEST[level])
        easy = [rule for story in stories for rule in story.rules[: _EASY_RULES.get(level)]]
        rules = _ordered(rng, easy, _STEPS[level])
        steps = _solution(rng, given, rules, wrong, kinds)
    named = level >= _NAMED_LEVEL
    opening = " ".join(story.opening.format(**given) for story in stories)
    listed = "\n".join(f"{n}: {s.written(named=named)}" for n, s in enumerate(steps, start=1))
    found = None if wrong is None else wrong + 1
    verdict = f"first wrong step: {found or 'none'}"
    return Problem(
        question=f"{opening}\n{listed}\n" + (_WRONG_MEANS if named else "") + rng.choice(_CLOSINGS),
        answer=StepAnswer(index=found, steps=len(steps)),
        short=(verdict,),
        long=(*_checks(given, steps, wrong), verdict),
        key=f"first_wrong_step_physics {sorted(given.items())} {listed}",
    )


def _symbols(formula: str) -> list[str]:
    return re.findall(r"[A-Za-z]\d?", formula)


def _ordered(rng: Random, rules: Sequence[_Rule], count: int) -> list[_Rule]:
    """Return rules in a random order in which each needs only symbols that are known by then."""
    left = list(rules)
    made = {rule.symbol for rule in left}
    order: list[_Rule] = []
    while len(order) < count:
        known = {rule.symbol for rule in order}
        ready = [r for r in left if all(s in known or s not in made for s in _symbols(r.formula))]
        chosen = rng.choice(ready)
        left.remove(chosen)
        order.append(chosen)
    return order


def _solution(
    rng: Random,
    given: Mapping[str, int],
    rules: Sequence[_Rule],
    wrong: int | None,
    kinds: Sequence[str],
) -> list[_Step] | None:
    """Return the steps, with the error planted at `wrong`; None where the numbers get ugly."""
    known = {symbol: Fraction(value) for symbol, value in given.items()}
    steps = []
    for position, rule in enumerate(rules):
        step = _step(rule, rule.formula, known)
        if position == wrong:
            step = _spoilt(rng, step, known, rng.choice(kinds))
        if (step.result * 100).denominator != 1:
            return None
        known[rule.symbol] = step.result
        steps.append(step)
    return steps


def _step(rule: _Rule, formula: str, known: Mapping[str, Fraction]) -> _Step:
    put_in = tuple(known[symbol] for symbol in _symbols(formula))
    return _Step(rule, formula, put_in, _value(formula, put_in))


def _spoilt(rng: Random, step: _Step, known: Mapping[str, Fraction], kind: str) -> _Step:
    while True:
        formula, put_in, result = step.formula, list(step.put_in), step.result
        if kind == "wrong formula":
            formula = rng.choice(step.rule.mistaken)
            if all(symbol in known for symbol in _symbols(formula)):
                other = _step(step.rule, formula, known)
                put_in, result = list(other.put_in), other.result
            else:
                formula = step.formula
        elif kind == "wrong number put in":
            place = rng.randrange(len(put_in))
            put_in[place] = rng.choice((*known.values(), put_in[place] + 1, put_in[place] + 10))
            result = _value(formula, put_in)
        else:
            result += rng.choice((-10, -2, -1, 1, 2, 10))
        if result != step.result and result > 0:
            return _Step(step.rule, formula, tuple(put_in), result)
        kind = "wrong result"


def _value(formula: str, put_in: Sequence[Fraction]) -> Fraction:
    total, sign = Fraction(0), "+"
    for part, value in _parts(formula, put_in):
        if part in "+*/":
            sign = part
        elif sign == "+":
            total += value
        else:
            total = total * value if sign == "*" else total / value
    return total


def _parts(formula: str, put_in: Sequence[Fraction]) -> list[tuple[str, Fraction]]:
    """Return the words of a formula with the value of each; signs have none."""
    values = iter(put_in)
    parts = []
    for word in formula.split():
        if word in "+*/":
            parts.append((word, Fraction(0)))
        elif word.isdigit():
            parts.append((word, Fraction(word)))
        else:
            value = next(values)
            parts.append((word, value**2 if word.endswith("^2") else value))
    return parts


def _filled(formula: str, put_in: Sequence[Fraction]) -> str:
    values = iter(put_in)
    return re.sub(r"[A-Za-z]\d?", lambda _: _number(next(values)), formula)


def _checks(given: Mapping[str, int], steps: Sequence[_Step], wrong: int | None) -> list[str]:
    known = {symbol: Fraction(value) for symbol, value in given.items()}
    lines = []
    for number, step in enumerate(steps[: None if wrong is None else wrong + 1], start=1):
        right = _step(step.rule, step.rule.formula, known)
        known[step.rule.symbol] = right.result
        if step.formula != right.formula:
            lines.append(f"{number}: {step.rule.symbol} is {right.formula}, wrong formula")
            break
        read = ", ".join(
            f"{symbol} = {_number(value)}"
            for symbol, value in zip(_symbols(right.formula), right.put_in, strict=True)
        )
        if step.put_in != right.put_in:
            lines.append(f"{number}: {read}, wrong number put in")
            break
        filled = f"{_filled(right.formula, right.put_in)} = {_number(right.result)}"
        verdict = "right" if step.result == right.result else "wrong result"
        lines.append(f"{number}: {read}; {filled}, {verdict}")
    return lines


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value)
    return f"{float(value):.2f}".rstrip("0")
