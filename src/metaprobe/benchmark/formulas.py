"""Formulas in one variable x, as people and models write them, read into values.

Plain text and LaTeX are read by a small grammar that knows numbers, x, e, pi, the elementary
functions, fractions, roots, powers and absolute values. Nothing is evaluated as code, and length
and nesting are bounded. Left out: other variables, and products of an absolute value on the right.
"""

import math
import re
from collections.abc import Callable

MAX_CHARACTERS = 200
_DEEPEST = 30

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "cot": lambda v: 1 / math.tan(v),
    "sec": lambda v: 1 / math.cos(v),
    "csc": lambda v: 1 / math.sin(v),
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "coth": lambda v: 1 / math.tanh(v),
    "sech": lambda v: 1 / math.cosh(v),
    "csch": lambda v: 1 / math.sinh(v),
    "ln": math.log,
    "log": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "abs": abs,
}
_INVERSES: dict[str, Callable[[float], float]] = {
    "sin": math.asin,
    "cos": math.acos,
    "tan": math.atan,
    "cot": lambda v: math.pi / 2 - math.atan(v),
    "sinh": math.asinh,
    "cosh": math.acosh,
    "tanh": math.atanh,
    "coth": lambda v: math.atanh(1 / v),
}
_ALL = _FUNCTIONS | {
    prefix + name: inverse for name, inverse in _INVERSES.items() for prefix in ("a", "ar", "arc")
}
_VALUES = {"e": math.e, "pi": math.pi}
_WORDS = "|".join(sorted((*_ALL, *_VALUES, "frac", "x"), key=len, reverse=True))
_TOKEN = re.compile(rf"\d{{1,15}}(?:\.\d{{1,15}})?|\.\d{{1,15}}|{_WORDS}|[-+*/^()\[\]{{}}|]")
_WRAPPER = re.compile(r"\\(?:text|mathrm|operatorname\*?)\s*\{([a-z]+)\}")
_PLAIN = (
    (re.compile(r"\\(?:left|right|big[lr]?)(?![a-z])|\\[,;:! ]|[$~\s]"), " "),
    (re.compile(r"\\[lr]vert(?![a-z])"), "|"),
    (re.compile(r"\\(?:cdot|times)(?![a-z])|[·×∙⋅]"), "*"),
    (re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)"), r"(\1/\2)"),
    (re.compile(r"\\[dt]frac"), r"\\frac"),
    (re.compile("√"), "sqrt"),
    (re.compile(r"\\(?=[a-z])"), ""),
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class NotAFormulaError(ValueError):
    """The text is not a formula of this grammar."""


def value_at(text: str, x: float) -> float | None:
    """Return the value of the formula at `x`; None where it has none there.

    `log` is the natural logarithm. What stands before an equals sign is passed over.

    Raises:
        NotAFormulaError: the text is no formula, or longer or deeper than any answer.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotAFormulaError
    reader = _Reader(_tokens(text), x)
    try:
        value = reader.whole()
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, NotAFormulaError):
            raise
        return None
    return value if math.isfinite(value) else None


def _tokens(text: str) -> list[str]:
    plain = _WRAPPER.sub(r"\1", text.rpartition("=")[2].casefold())
    for pattern, replacement in _PLAIN:
        plain = pattern.sub(replacement, plain)
    plain = plain.strip().removesuffix(".")
    tokens = _TOKEN.findall(plain)
    if "".join(tokens) != plain.replace(" ", ""):
        raise NotAFormulaError
    return tokens


class _Reader:
    """A descent through the tokens that computes as it reads."""

    def __init__(self, tokens: list[str], x: float) -> None:
        self.tokens = [*tokens, ""]
        self.x = x
        self.at = 0
        self.depth = 0

    def whole(self) -> float:
        value = self.sum()
        self.take("")
        return value

    def sum(self) -> float:
        value = self.product()
        while self.next in ("+", "-"):
            sign = 1 if self.pop() == "+" else -1
            value += sign * self.product()
        return value

    def product(self) -> float:
        """A product from left to right; a sign left out binds like a written one."""
        value = self.signed()
        while True:
            if self.next == "*":
                self.pop()
                value *= self.signed()
            elif self.next == "/":
                self.pop()
                value /= self.signed()
            elif self.starts_factor():
                value *= self.power()
            else:
                return value

    def signed(self) -> float:
        sign = 1
        while self.next in ("+", "-"):
            sign = -sign if self.pop() == "-" else sign
        return sign * self.power()

    def power(self) -> float:
        value = self.primary()
        if self.next == "^":
            self.pop()
            value = math.pow(value, self.exponent())
        return value

    def exponent(self) -> float:
        sign = 1
        while self.next in ("+", "-"):
            sign = -sign if self.pop() == "-" else sign
        return sign * self.power()

    def primary(self) -> float:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotAFormulaError
        token = self.pop()
        if token in _CLOSING:
            value = self.sum()
            self.take(_CLOSING[token])
        elif token == "|":
            value = abs(self.sum())
            self.take("|")
        elif token == "frac":
            value = self.primary() / self.primary()
        elif token in _ALL:
            value = self.function(token)
        elif token == "x":
            value = self.x
        elif token in _VALUES:
            value = _VALUES[token]
        elif token[:1].isdigit() or token[:1] == ".":
            value = float(token)
        else:
            raise NotAFormulaError
        self.depth -= 1
        return value

    def function(self, name: str) -> float:
        """A function of what follows, with a power or the -1 of an inverse between them."""
        power = None
        if self.next == "^":
            self.pop()
            power = self.exponent()
        apply = _ALL[name]
        if power == -1 and name in _INVERSES:
            apply, power = _INVERSES[name], None
        value = apply(self.argument())
        return value if power is None else math.pow(value, power)

    def argument(self) -> float:
        if self.next in (*_CLOSING, "|"):
            return self.primary()
        value = self.power()
        while self.starts_factor() and self.next not in (*_ALL, *_CLOSING):
            value *= self.power()
        return value

    def starts_factor(self) -> bool:
        return self.next != "" and self.next not in "+-*/^)]}|"

    @property
    def next(self) -> str:
        return self.tokens[self.at]

    def pop(self) -> str:
        token = self.next
        self.at += 1
        if token == "":
            raise NotAFormulaError
        return token

    def take(self, token: str) -> None:
        if self.next != token:
            raise NotAFormulaError
        self.at += 1
