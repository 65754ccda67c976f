"""The expressions of `metaprobe compare --fail-on`; nothing is ever handed to Python's `eval`.

    either     = both ("or" both)*
    both       = one ("and" one)*
    one        = "not" one | "(" either ")" | condition
    condition  = "collapse" | quantity sign quantity
    sign       = "<" | "<=" | ">" | ">="
    quantity   = number | name [".low" | ".high"]
    name       = domain | skill | domain "/" skill | "worst"

A name stands for the change of accuracy between the two runs, as a share: -0.02 is two points down.
Alone it is the estimate; `.low` and `.high` are the ends of its 95 % interval.
"""

import re
from collections.abc import Callable, Iterator
from operator import ge, gt, le, lt
from typing import NamedTuple, Union

from metaprobe.core.errors import ConfigError, nearest
from metaprobe.core.vocabulary import CELLS, Domain, Skill

COLLAPSE = "collapse"
WORST = "worst"
NAMES = (WORST, *(str(name) for name in (*Domain, *Skill, *CELLS)))
"""What a quantity may be called."""

FIELDS = ("low", "high")

_SIGNS = {"<": lt, "<=": le, ">": gt, ">=": ge}
_WORDS = ("and", "or", "not")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    r"|(?P<name>[a-z_]+(?:/[a-z_]+)?(?:\.[a-z]+)?)|(?P<sign><=|>=|<|>)|(?P<bracket>[()]))"
)
_DEEPEST = 50
"""Brackets and `not` inside each other; more would exhaust Python's stack."""


class Quantity(NamedTuple):
    """The change of a group, or an end of its interval."""

    name: str
    field: str | None

    def __str__(self) -> str:
        return self.name if self.field is None else f"{self.name}.{self.field}"


class Compared(NamedTuple):
    """Two quantities or numbers, one of which may be less."""

    left: Quantity | float
    sign: str
    right: Quantity | float

    def __str__(self) -> str:
        sides = (f"{x:g}" if isinstance(x, float) else str(x) for x in (self.left, self.right))
        return f" {self.sign} ".join(sides)


class Collapsed(NamedTuple):
    """Whether any cell fell."""

    def __str__(self) -> str:
        return COLLAPSE


class Not(NamedTuple):
    """The opposite."""

    inner: "Expression"


class Either(NamedTuple):
    """True where any part is."""

    parts: tuple["Expression", ...]


class Both(NamedTuple):
    """True where all parts are."""

    parts: tuple["Expression", ...]


Condition = Compared | Collapsed
Expression = Union[Compared, Collapsed, Not, Either, Both]  # noqa: UP007 (forward references)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int
    """Counted from 1."""


def parse_gate(text: str) -> Expression:
    """Return the expression that a text stands for.

    Raises:
        ConfigError: it is none; the column is named.
    """
    return _Parser(_tokens(text)).whole()


def evaluate(
    expression: Expression, value: Callable[[Quantity], float], *, collapsed: bool
) -> bool:
    """Return whether an expression is true.

    Args:
        expression: what `parse_gate` returned.
        value: of a quantity.
        collapsed: whether any cell fell.
    """
    match expression:
        case Collapsed():
            return collapsed
        case Compared(left, sign, right):
            sides = (x if isinstance(x, float) else value(x) for x in (left, right))
            return bool(_SIGNS[sign](*sides))
        case Not(inner):
            return not evaluate(inner, value, collapsed=collapsed)
        case Either(parts):
            return any(evaluate(part, value, collapsed=collapsed) for part in parts)
        case Both(parts):
            return all(evaluate(part, value, collapsed=collapsed) for part in parts)


def conditions(expression: Expression) -> Iterator[Condition]:
    """Yield the conditions of an expression, from left to right."""
    match expression:
        case Not(inner):
            yield from conditions(inner)
        case Either(parts) | Both(parts):
            for part in parts:
                yield from conditions(part)
        case _:
            yield expression


def _tokens(text: str) -> list[_Token]:
    found = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            raise _error(column, f"{text[column - 1]!r} has no meaning here")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return [*found, _Token("end", "the end", end + 1)]


def _error(column: int, message: str) -> ConfigError:
    return ConfigError(f"--fail-on: column {column}: {message}")


class _Parser:
    """Reads tokens from left to right, one function a rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> bool:
        """Go on if the next token is one of these words or signs."""
        if self._token.kind == "end" or self._token.text not in texts:
            return False
        self._next += 1
        return True

    def whole(self) -> Expression:
        expression = self._either()
        if self._token.kind != "end":
            raise _error(self._token.column, f"expected and, or, or the end, got {self._shown()}")
        return expression

    def _shown(self) -> str:
        return self._token.text if self._token.kind == "end" else repr(self._token.text)

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Expression:
        column = self._token.column
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _error(column, f"more than {_DEEPEST} brackets or nots inside each other")
        if self._take("not"):
            found: Expression = Not(self._one())
        elif self._take("("):
            found = self._either()
            if not self._take(")"):
                raise _error(self._token.column, f"expected ')', got {self._shown()}")
        else:
            found = self._condition()
        self._depth -= 1
        return found

    def _condition(self) -> Expression:
        if self._take(COLLAPSE):
            return Collapsed()
        left = self._quantity()
        sign = self._token.text
        if self._token.kind != "sign":
            raise _error(self._token.column, f"expected < <= > or >=, got {self._shown()}")
        self._next += 1
        return Compared(left, sign, self._quantity())

    def _quantity(self) -> Quantity | float:
        token = self._token
        if token.kind == "number":
            self._next += 1
            return float(token.text)
        if token.kind != "name" or token.text in (*_WORDS, COLLAPSE):
            raise _error(token.column, f"expected a name or a number, got {self._shown()}")
        name, _, field = token.text.partition(".")
        if name not in NAMES:
            known = (COLLAPSE, *NAMES)
            raise _error(token.column, f"unknown name {name!r}{nearest(name, known)}")
        if field and field not in FIELDS:
            raise _error(token.column, f"{name} has .low and .high, not .{field}")
        self._next += 1
        return Quantity(name, field or None)
