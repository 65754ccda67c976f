"""mathematics/diagnostic: where the solution of an equation breaks, or whether it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

ALGEBRA_ERRORS = ("wrong_result", "sign_kept", "half_expanded", "subtracted")
"""A number is off; a term keeps the sign it should change; only one part of a bracket is
multiplied; the factor of x is subtracted where it should divide."""
_CLEAN_SHARE = 0.3

_SHAPES = {
    1: ("xc", "c"),
    2: ("xc", "xc"),
    3: ("bc", "xc"),
    4: ("bx", "bc"),
    5: ("bbbx", "bbbc"),
}
"""The parts of both sides: x a multiple of x, c a constant, b a bracket with a factor."""
_STEPS = {1: 2, 2: 3, 3: 5, 4: 7, 5: 11}
_NUMBERS = {1: (2, 9), 2: (2, 9), 3: (2, 9), 4: (2, 15), 5: (2, 19)}
_SOLUTION = {1: (1, 9), 2: (1, 9), 3: (-9, 9), 4: (-20, 20), 5: (-99, 99)}
_NEGATIVE_FROM = 3
_WORDINGS = (
    "An equation is solved for x.\n{lines}\n"
    "Which is the first step whose solution differs from that of the line before it?",
    "{lines}\nEach step should have the same solution x as the line before it. "
    "Which step is the first that does not?",
    "A pupil solves an equation:\n{lines}\n"
    "A step is wrong if it changes the solution x. Which step is the first wrong one?",
)


@dataclass(frozen=True)
class _Part:
    """`x` times x plus `constant`; in a bracket with `factor` before it where there is one."""

    x: int = 0
    constant: int = 0
    factor: int | None = None


@dataclass(frozen=True)
class _Line:
    left: tuple[_Part, ...]
    right: tuple[_Part, ...]

    def written(self) -> str:
        return f"{_side(self.left)} = {_side(self.right)}"

    def solution(self) -> Fraction | None:
        """Return x, or None where no x or every x solves the equation."""
        (a, b), (c, d) = _totals(self.left), _totals(self.right)
        return None if a == c else Fraction(d - b, a - c)


@dataclass(frozen=True)
class _Move:
    """One step as it should be, and as it would be with an error."""

    work: str
    right: _Line
    wrong: Callable[[], dict[str, tuple[_Line, ...]]]
    """By kind of error; most moves are made without one, so that it is worked out on demand."""


@dataclass(frozen=True)
class _Step:
    work: str
    right: _Line
    written: _Line


@family(
    "mathematics/diagnostic",
    capacity={1: 600, 2: 10**4, 3: 10**5, 4: 10**6, 5: 10**9},
)
def first_wrong_step_algebra(rng: Random, level: int) -> Problem:
    """Find the first wrong step in the solution of a linear equation, or that there is none.

    Isolates checking one transformation at a time: the steps after an error follow from it. 30 %
    of the solutions are right; in the others one error of `ALGEBRA_ERRORS` is planted. A level
    has more steps: x on both sides, then brackets, negative factors and larger numbers.
    """
    count = _STEPS[level]
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(count)
    given, steps = _solved(rng, level, wrong)
    lines = [f"Given: {given.written()}"]
    lines += [f"Step {n}: {s.written.written()}" for n, s in enumerate(steps, start=1)]
    question = rng.choice(_WORDINGS).format(lines="\n".join(lines))
    verdict = "No step is wrong" if wrong is None else f"Step {wrong + 1} is wrong"
    return Problem(
        question=f"{question} Answer with the step number, or none.",
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=count),
        short=(verdict,),
        long=(*_checks(steps), verdict),
        key="first_wrong_step_algebra " + "; ".join(lines),
    )


def _solved(rng: Random, level: int, wrong: int | None) -> tuple[_Line, list[_Step]]:
    """Return an equation and its solution in whole numbers, with an error in the step `wrong`."""
    while True:
        given = line = _equation(rng, level)
        kind = rng.choice(ALGEBRA_ERRORS)
        steps: list[_Step] = []
        while (move := _move(line)) is not None:
            written = move.right
            if len(steps) == wrong:
                planted = [w for w in move.wrong().get(kind, ()) if _misleads(level, w, line)]
                if not planted:
                    break
                written = rng.choice(planted)
            steps.append(_Step(move.work, move.right, written))
            line = written
        solved = line.left == (_Part(x=1),) and _totals(line.right)[0] == 0
        if solved and len(steps) == _STEPS[level]:
            return given, steps


def _equation(rng: Random, level: int) -> _Line:
    """Return an equation with a whole solution; its last constant is what makes it so."""
    low, high = _NUMBERS[level]

    def number() -> int:
        sign = rng.choice((-1, 1)) if level >= _NEGATIVE_FROM else 1
        return sign * rng.randint(low, high)

    while True:
        sides = []
        for shape in _SHAPES[level]:
            parts = []
            for letter in shape:
                bracket = letter == "b"
                x = number() if letter in "xb" else 0
                constant = number() if letter in "cb" else 0
                parts.append(_Part(x, constant, number() if bracket else None))
            sides.append(parts)
        (a, b), (c, d) = (_totals(side) for side in sides)
        solution = rng.randint(*_SOLUTION[level])
        last = sides[1][-1].constant + a * solution + b - c * solution - d
        sides[1][-1] = _Part(constant=last)
        if a != c and last and (last > 0 or level >= _NEGATIVE_FROM):
            return _Line(tuple(sides[0]), tuple(sides[1]))


def _misleads(level: int, line: _Line, before: _Line) -> bool:
    """Return whether a line has another solution, of a size that does not give it away."""
    solution, (low, high) = line.solution(), _SOLUTION[level]
    if solution is None or solution == before.solution():
        return False
    return solution.denominator == 1 and low <= solution <= high


def _move(line: _Line) -> _Move | None:
    """Return the next step of a solution, or None where none is left or none is whole."""
    for name, side in (("left", line.left), ("right", line.right)):
        for position, part in enumerate(side):
            if part.factor is not None:
                return _expanded(line, name, position)
    for name, side in (("left", line.left), ("right", line.right)):
        if sum(p.x != 0 for p in side) > 1 or sum(p.constant != 0 for p in side) > 1:
            return _collected(line, name)
    (a, b), (c, d) = _totals(line.left), _totals(line.right)
    if c:
        work = f"{_minus(f'{a}x', c, 'x')} = {_side(_sum(a - c, 0))}"
        wrong = {"sign_kept": [(a + c, b, 0, d)], "wrong_result": [(a - c + 1, b, 0, d)]}
        return _isolated(work, (a - c, b, 0, d), wrong)
    if b:
        work = f"{_minus(str(d), b)} = {d - b}"
        off = [(a, 0, 0, d - b + slip) for slip in (-1, 1, 10)]
        return _isolated(
            work, (a, 0, 0, d - b), {"sign_kept": [(a, 0, 0, d + b)], "wrong_result": off}
        )
    if a in (0, 1) or d % a:
        return None
    off = [(1, 0, 0, d // a + slip) for slip in (-1, 1)]
    wrong = {"subtracted": [(1, 0, 0, d - a)], "wrong_result": off}
    if a < 0:
        wrong["sign_kept"] = [(1, 0, 0, -d // a)]
    return _isolated(f"{d} / {_inner(a)} = {d // a}", (1, 0, 0, d // a), wrong)


def _expanded(line: _Line, name: str, position: int) -> _Move:
    side = getattr(line, name)
    part = side[position]
    k, x, constant = part.factor, part.x, part.constant

    def with_parts(x_part: int, constant_part: int) -> _Line:
        parts = (_Part(x=x_part), _Part(constant=constant_part))
        return _changed(line, name, (*side[:position], *parts, *side[position + 1 :]))

    products = f"{k} * {_inner(x, 'x')} = {k * x}x, {k} * {_inner(constant)} = {k * constant}"

    def wrong() -> dict[str, tuple[_Line, ...]]:
        slips = (with_parts(k * x, k * constant + 1), with_parts(k * x, k * constant - 1))
        found = {"half_expanded": (with_parts(k * x, constant),), "wrong_result": slips}
        if k < 0:
            found["sign_kept"] = (with_parts(k * x, -k * constant),)
        return found

    return _Move(products, with_parts(k * x, k * constant), wrong)


def _collected(line: _Line, name: str) -> _Move:
    side = getattr(line, name)
    x, constant = _totals(side)
    work = []
    for of_x in (True, False):
        terms = tuple(p for p in side if bool(p.x) == of_x and (p.x or p.constant))
        if len(terms) > 1:
            total = _Part(x=x) if of_x else _Part(constant=constant)
            work.append(f"{_side(terms)} = {_side((total,))}")

    def wrong() -> dict[str, tuple[_Line, ...]]:
        flipped = [p for p in side[1:] if p.constant < 0] or [p for p in side[1:] if p.constant]
        slips = (_changed(line, name, _sum(x, constant + slip)) for slip in (-1, 1, 10))
        signs = (_changed(line, name, _sum(x, constant - 2 * p.constant)) for p in flipped)
        return {"wrong_result": tuple(slips), "sign_kept": tuple(signs)}

    return _Move(", ".join(work), _changed(line, name, _sum(x, constant)), wrong)


def _isolated(
    work: str,
    right: tuple[int, int, int, int],
    wrong: dict[str, list[tuple[int, int, int, int]]],
) -> _Move:
    """Return a move between lines that are given as the numbers of a x + b = c x + d."""

    def line(numbers: tuple[int, int, int, int]) -> _Line:
        a, b, c, d = numbers
        return _Line(_sum(a, b), _sum(c, d))

    return _Move(
        work, line(right), lambda: {k: tuple(map(line, lines)) for k, lines in wrong.items()}
    )


def _changed(line: _Line, name: str, side: tuple[_Part, ...]) -> _Line:
    return _Line(side, line.right) if name == "left" else _Line(line.left, side)


def _sum(x: int, constant: int) -> tuple[_Part, ...]:
    parts = (_Part(x=x), _Part(constant=constant))
    return tuple(p for p in parts if p.x or p.constant) or (_Part(),)


def _totals(side: Sequence[_Part]) -> tuple[int, int]:
    """Return the factor of x and the constant that a side amounts to."""
    factors = [1 if p.factor is None else p.factor for p in side]
    return (
        sum(f * p.x for f, p in zip(factors, side, strict=True)),
        sum(f * p.constant for f, p in zip(factors, side, strict=True)),
    )


def _side(parts: Sequence[_Part]) -> str:
    text = ""
    for part in parts:
        if part.factor is not None:
            inner = _side((_Part(x=part.x), _Part(constant=part.constant)))
            number, body = part.factor, f"{abs(part.factor)}({inner})"
        elif part.x:
            number, body = part.x, f"{abs(part.x)}x" if abs(part.x) > 1 else "x"
        else:
            number, body = part.constant, str(abs(part.constant))
        sign = "-" if number < 0 else "+"
        text += f" {sign} {body}" if text else body if number >= 0 else f"-{body}"
    return text


def _minus(left: str, number: int, unit: str = "") -> str:
    return f"{left} - {number}{unit}" if number >= 0 else f"{left} + {-number}{unit}"


def _inner(number: int, unit: str = "") -> str:
    return f"{number}{unit}" if number >= 0 else f"({number}{unit})"


def _checks(steps: list[_Step]) -> list[str]:
    lines = []
    for number, step in enumerate(steps, start=1):
        check = f"Check step {number}: {step.work}, so {step.right.written()}"
        if step.right != step.written:
            lines.append(f"{check}, not {step.written.written()}, wrong.")
            break
        lines.append(f"{check}, right.")
    return lines
