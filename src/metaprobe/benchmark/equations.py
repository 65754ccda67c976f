"""Equations between numbers inside a line of working, checked by bounded exact arithmetic.

`25 + 7 = 32` and `3 * 3 = 9 = 2 * 4 + 1` are read; what has letters, units, clock times or dates in
it is not. Text is parsed, never evaluated as code, and length, powers and size are bounded.
"""

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

MAX_CHARACTERS = 300
"""A longer line is not read."""

_LONGEST_SIDE = 80
_MOST_BITS = 2048

# Sides are atomic: giving a digit back would turn `5 = 12.5 m` into `5 = 12`.
_SIDE = r"[-+(]*+\d[\d.+\-*/^%()]*+"
_CHAIN = re.compile(
    r"(?<![\w.+\-*/^%)\]<>|&])(?<!\d:)"
    r"(?:(?P<name>[a-z]\w{0,15})[:=])?+"
    rf"(?P<sides>(?>{_SIDE}(?:={_SIDE})++))"
    r"(?! ?\d)(?![\w(\[:<>|&])"
)
_LABEL = re.compile(r"(?:[a-z_' ]{0,40} )?(?=[a-z]\w{0,15}:)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Equation(NamedTuple):
    """One chain of equalities between numbers."""

    name: str
    """The word before it, as in `numerator: 25 + 7 = 32` or `k = 8 + 9 = 17`; empty without one."""
    numbers: tuple[tuple[str, ...], ...]
    """The numbers of each side without signs, sorted: what is computed from what."""
    holds: bool


def equations(line: str) -> list[Equation]:
    """Return the equations in a line that can be read.

    Args:
        line: in the form of `claim`: lower case, no spaces around signs.
    """
    if "=" not in line or len(line) > MAX_CHARACTERS:
        return []
    found = (_equation(match) for match in _CHAIN.finditer(_plain(line)))
    return [equation for equation in found if equation is not None]


def only_equations(line: str) -> list[Equation]:
    """Return the equations of a line that consists of nothing else but a label; else none."""
    if "=" not in line or len(line) > MAX_CHARACTERS:
        return []
    text = _LABEL.sub("", _plain(line), count=1)
    matches = list(_CHAIN.finditer(text))
    if ",".join(match[0] for match in matches) != text:
        return []
    found = [_equation(match) for match in matches]
    return [e for e in found if e and e.holds] if all(e and e.holds for e in found) else []


def _plain(line: str) -> str:
    return line.replace("**", "^").replace(" mod ", "%")


def _equation(match: re.Match[str]) -> Equation | None:
    sides = [_balanced(side) for side in match["sides"].split("=")]
    values = [_value(side) for side in sides]
    if None in values:
        return None
    numbers = tuple(tuple(sorted(_NUMBER.findall(side))) for side in sides)
    return Equation(match["name"] or "", numbers, len(set(values)) == 1)


def _balanced(side: str) -> str:
    """Return a side without the brackets that were opened before the equation."""
    while side.endswith(")") and side.count(")") > side.count("("):
        side = side[:-1]
    return side


def _value(side: str) -> Fraction | None:
    """Return the exact value of an expression; None where it has none or is too large."""
    if len(side) > _LONGEST_SIDE:
        return None
    text = side.replace("^", "**")
    try:
        return _computed(ast.parse(text, mode="eval").body, text)
    except (SyntaxError, ArithmeticError, _UnreadableError):
        return None


class _UnreadableError(ValueError):
    pass


def _computed(node: ast.expr, text: str) -> Fraction:
    match node:
        case ast.Constant():
            value = Fraction(ast.get_source_segment(text, node) or "")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            value = _computed(operand, text) * (-1 if isinstance(sign, ast.USub) else 1)
        case ast.BinOp(op=ast.Pow()):
            value = _power(_computed(node.left, text), _computed(node.right, text))
        case ast.BinOp() if type(node.op) in _OPERATIONS:
            operation = _OPERATIONS[type(node.op)]
            value = operation(_computed(node.left, text), _computed(node.right, text))
        case _:
            raise _UnreadableError
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise _UnreadableError
    return value


_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: lambda a, b: a % b,
}


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) * size > _MOST_BITS:
        raise _UnreadableError
    return Fraction(base ** int(exponent))
