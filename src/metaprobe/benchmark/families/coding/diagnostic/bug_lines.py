"""coding/diagnostic: which line of a program does not do what its comment says, if any."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of programs in which no line is wrong."""

BUG_KINDS = (
    "wrong number",
    "wrong operator",
    "wrong variable",
    "wrong condition",
    "reversed operands",
    "wrong formula",
)
_WORDINGS = (
    "Each comment says what its line should do. Which line does something else?\n{}",
    "In which line does the code not do what its comment says?\n{}",
    "One line of this Python code may differ from its comment. Which one?\n{}",
    "Compare each line with its comment. Which line is wrong?\n{}",
)
_BY_NUMBER = "Answer with the line number, or none."
_LINES = {1: 3, 2: 4, 3: 6, 4: 10, 5: 16}
_VARIABLES = {1: "x", 2: "ab", 3: "ab", 4: "abc", 5: "abcd"}


class _Line(NamedTuple):
    """What a line should do, the plain code for it, equivalent code and (kind, wrong code)."""

    task: str
    plain: str
    same: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]


class _Program(NamedTuple):
    lines: list[_Line]
    shown: list[str]
    """The code of each line."""
    bug: int | None
    kind: str


@family(
    "coding/diagnostic",
    capacity={1: 10**4, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def bug_line(rng: Random, level: int) -> Problem:
    """Find the line of a program that does not do what its comment says.

    Isolates comparing an intention with code; 30 % of the programs are right. Planted are the
    BUG_KINDS. Levels 1 and 2 have plain lines with one and two variables; from level 3 on right
    lines may be written in an unusual but equivalent way, and the level adds lines and variables.
    """
    program = _program(rng, level)
    while program.bug is not None and not _changes_values(program, program.bug):
        program = _program(rng, level)
    bug, steps = program.bug, []
    rows = list(zip(program.lines, program.shown, strict=True))
    for number, (line, code) in enumerate(rows, start=1):
        step = f"Line {number}: {line.task} is {line.plain}"
        if number - 1 == bug:
            steps.append(f"{step}, not {code}: {program.kind}.")
        elif bug is None or number <= bug:
            steps.append(
                f"{step}, right." if code == line.plain else f"{step}; {code} does the same."
            )
    if bug is None:
        steps.append("No line is wrong.")
    text = "\n".join(f"{n}: {code} # {line.task}" for n, (line, code) in enumerate(rows, start=1))
    return Problem(
        question=f"{rng.choice(_WORDINGS).format(text)}\n{_BY_NUMBER}",
        answer=StepAnswer(index=None if bug is None else bug + 1, steps=len(rows)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"bug_line {text}",
    )


def _program(rng: Random, level: int) -> _Program:
    names = _VARIABLES[level]
    lines = [_assignment(rng, name) for name in names]
    while len(lines) < _LINES[level]:
        lines.append(_task(rng, level, names))
    bug = None if rng.random() < CLEAN_SHARE else rng.randrange(len(lines))
    shown, kind = [], ""
    for number, line in enumerate(lines):
        code = line.plain
        if level >= 3 and line.same and rng.random() < 0.7:
            code = rng.choice(line.same)
        if number == bug:
            kind, code = rng.choice(line.wrong)
        shown.append(code)
    return _Program(lines, shown, bug, kind)


def _changes_values(program: _Program, bug: int) -> bool:
    """Tell whether the wrong line gives other values than the right one where it stands.

    A line that happens to give the right values, as a multiplication of 0 by a wrong number does,
    could be called right.
    """
    values: dict[str, int] = {}
    for code in program.shown[:bug]:
        values = _run(code, values)
    return _run(program.shown[bug], values) != _run(program.lines[bug].plain, values)


def _run(code: str, values: dict[str, int]) -> dict[str, int]:
    """Return the values of the variables after a line of this module's own making."""
    after = dict(values)
    exec(code, {}, after)
    return after


def _assignment(rng: Random, name: str) -> _Line:
    number, other = rng.sample(range(1, 10), 2)
    wrong = ((BUG_KINDS[0], f"{name} = {other}"),)
    return _Line(f"set {name} to {number}", f"{name} = {number}", (), wrong)


def _task(rng: Random, level: int, names: str) -> _Line:
    v = rng.choice(names)
    w = rng.choice([n for n in names if n != v] or [v])
    makers: tuple[Callable[..., _Line], ...] = (_add, _subtract, _multiply)
    if level >= 2:
        makers += (_add_variable, _subtract_variable)
    if level >= 3:
        makers += (_swap, _larger, _smaller, _remainder, _halve, _distance, _negate)
    n, other = rng.sample(range(2, 10), 2)
    return rng.choice(makers)(v, w, n, other)


def _add(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} += {n}", f"{v} -= -{n}", f"{v} = {n} + {v}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} + {other}"), (BUG_KINDS[1], f"{v} = {v} - {n}"))
    return _Line(f"add {n} to {v}", f"{v} = {v} + {n}", same, wrong)


def _subtract(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} -= {n}", f"{v} += -{n}", f"{v} = -{n} + {v}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} - {other}"), (BUG_KINDS[1], f"{v} = {v} + {n}"))
    return _Line(f"subtract {n} from {v}", f"{v} = {v} - {n}", same, wrong)


def _multiply(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} *= {n}", f"{v} = {n} * {v}", f"{v} += {v} * {n - 1}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} * {other}"), (BUG_KINDS[1], f"{v} = {v} + {n}"))
    return _Line(f"multiply {v} by {n}", f"{v} = {v} * {n}", same, wrong)


def _add_variable(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} += {w}", f"{v} = {w} + {v}", f"{v} -= -{w}")
    wrong = ((BUG_KINDS[2], f"{w} = {v} + {w}"), (BUG_KINDS[1], f"{v} = {v} - {w}"))
    return _Line(f"add {w} to {v}", f"{v} = {v} + {w}", same, wrong)


def _subtract_variable(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} -= {w}", f"{v} = -{w} + {v}", f"{v} += -{w}")
    wrong = ((BUG_KINDS[4], f"{v} = {w} - {v}"), (BUG_KINDS[1], f"{v} = {v} + {w}"))
    return _Line(f"subtract {w} from {v}", f"{v} = {v} - {w}", same, wrong)


def _swap(v: str, w: str, _n: int, _other: int) -> _Line:
    wrong = ((BUG_KINDS[4], f"{v}, {w} = {v}, {w}"), (BUG_KINDS[2], f"{v}, {w} = {w}, {w}"))
    return _Line(f"swap {v} and {w}", f"{v}, {w} = {w}, {v}", (f"{w}, {v} = {v}, {w}",), wrong)


def _larger(v: str, w: str, _n: int, _other: int) -> _Line:
    return _extreme(v, w, "larger", "max", ">", "<")


def _smaller(v: str, w: str, _n: int, _other: int) -> _Line:
    return _extreme(v, w, "smaller", "min", "<", ">")


def _extreme(v: str, w: str, word: str, function: str, sign: str, opposite: str) -> _Line:
    same = (f"{v} = {w} if {w} {sign} {v} else {v}", f"{v} = {v} if {w} {opposite} {v} else {w}")
    wrong = (
        (BUG_KINDS[3], f"{v} = {w} if {v} {sign} {w} else {v}"),
        (BUG_KINDS[3], f"{v} = {v} if {v} {opposite} {w} else {w}"),
        (BUG_KINDS[2], f"{w} = {function}({v}, {w})"),
    )
    task = f"set {v} to the {word} of {v} and {w}"
    return _Line(task, f"{v} = {function}({v}, {w})", same, wrong)


def _remainder(v: str, _w: str, n: int, _other: int) -> _Line:
    same = (f"{v} %= {n}", f"{v} -= {v} // {n} * {n}", f"{v} = ({v} + {n}) % {n}")
    wrong = (
        (BUG_KINDS[1], f"{v} = {v} // {n}"),
        (BUG_KINDS[5], f"{v} -= {v} // {n}"),
        (BUG_KINDS[0], f"{v} = {v} % {n} + {n}"),
    )
    return _Line(f"set {v} to its remainder modulo {n}", f"{v} = {v} % {n}", same, wrong)


def _halve(v: str, _w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} //= 2", f"{v} >>= 1", f"{v} = ({v} - {v} % 2) // 2")
    wrong = (
        (BUG_KINDS[5], f"{v} = ({v} + 1) // 2"),
        (BUG_KINDS[5], f"{v} -= {v} // 2"),
        (BUG_KINDS[1], f"{v} = {v} % 2"),
    )
    return _Line(f"halve {v}, rounding down", f"{v} = {v} // 2", same, wrong)


def _distance(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} = abs({w} - {v})", f"{v} = max({v}, {w}) - min({v}, {w})")
    wrong = (
        (BUG_KINDS[1], f"{v} = abs({v} + {w})"),
        (BUG_KINDS[5], f"{v} = abs({v}) - abs({w})"),
        (BUG_KINDS[4], f"{v} = min({v}, {w}) - max({v}, {w})"),
    )
    return _Line(f"set {v} to the distance from {v} to {w}", f"{v} = abs({v} - {w})", same, wrong)


def _negate(v: str, _w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} *= -1", f"{v} = 0 - {v}", f"{v} -= 2 * {v}", f"{v} = ~{v} + 1")
    wrong = ((BUG_KINDS[5], f"{v} = ~{v}"), (BUG_KINDS[1], f"{v} -= {v}"))
    return _Line(f"change the sign of {v}", f"{v} = -{v}", same, wrong)
