r"""Bounds of growth, such as O(n log n), read from the many ways in which people write them.

A bound becomes a set of products of powers, so that `O(V E^2)`, `\Theta(|E|^{2} \cdot |V|)` and
`v * e**2` are one. The base of a logarithm is dropped, since growth does not depend on it, except
in an exponent, where it does. What has a constant factor, a quotient or a difference is not read.
"""

import re
from fractions import Fraction

Product = frozenset[tuple[str, Fraction]]
"""Atoms, such as `n`, `n!`, `2^n` and `log n`, with their powers; empty for a constant."""
Bound = frozenset[Product]
"""The terms of a sum."""

_HEAD = re.compile(r"(?:\\mathcal\s*\{?O\}?|\\?Theta|[OΘ])\s*\((?P<body>.*)\)", re.DOTALL)
_SPACE = re.compile(r"\\(?:[;:>]|quad)|~|\\[bB]igg?[lr]?(?![a-z])")
_BAR = re.compile(r"\\[lr]?vert(?![a-z])|\\mid(?![a-z])")
_TOKEN = re.compile(
    r"\\?(?:log|lg|ln|sqrt)|\\(?:cdot|times|ast)|\*\*|[0-9]+(?:\.[0-9]+)?|[a-z]"
    r"|[+/*·×⋅∙√^_!|(){}\[\]]"
)
_LOGARITHMS = ("log", "lg", "ln")
_ROOTS = ("sqrt", "√")
_TIMES = ("cdot", "times", "ast", *"*·×⋅∙")
_PARTNER = {"(": ")", "[": "]", "{": "}"}
_ONE: Bound = frozenset({frozenset()})
_LONGEST = 100
_MOST_TERMS = 16


class _UnreadableError(Exception):
    """The text is not a bound of a form that is read."""


def read_bound(text: str) -> Bound | None:
    r"""Return the bound that `text` writes, or None.

    The head may be O, \mathcal{O}, Θ or \Theta. It may be missing except around a constant, since
    a bare 1 may be a count. Case matters in the head only: o is another symbol than O.
    """
    plain = _BAR.sub("|", _SPACE.sub(" ", text)).strip(" \t\n$.")
    if len(plain) > _LONGEST:
        return None
    head = _HEAD.fullmatch(plain)
    try:
        bound = _Reader((head["body"] if head else plain).casefold()).whole()
    except _UnreadableError:
        return None
    return bound if head or bound != _ONE else None


def _power(atom: str) -> Bound:
    return frozenset({frozenset({(atom, Fraction(1))})})


def _name(bound: Bound) -> str:
    """Return the only atom of a bound that is nothing else."""
    match [list(term) for term in bound]:
        case [[(str(atom), power)]] if power == 1:
            return atom
    raise _UnreadableError


def _raised(bound: Bound, power: Fraction) -> Bound:
    if len(bound) > 1:
        raise _UnreadableError
    return frozenset(frozenset((a, p * power) for a, p in term if power) for term in bound)


def _multiply(first: Bound, second: Bound) -> Bound:
    terms = set()
    for one in first:
        for other in second:
            powers = dict(one)
            for atom, power in other:
                powers[atom] = powers.get(atom, Fraction(0)) + power
            terms.add(frozenset(powers.items()))
    if len(terms) > _MOST_TERMS:
        raise _UnreadableError
    return frozenset(terms)


class _Reader:
    """Reads a bound by recursive descent; `_LONGEST` limits the depth."""

    def __init__(self, text: str) -> None:
        found = _TOKEN.findall(text)
        if "".join(found) != "".join(text.split()):
            raise _UnreadableError
        plain: list[str] = [token.removeprefix("\\").replace("**", "^") for token in found]
        self.tokens = [*plain, ""]
        self.open_ended = False
        """Whether a function without brackets ends here, which could take what follows."""

    def whole(self) -> Bound:
        bound = self.sum()
        self.expect("")
        return bound

    @property
    def next(self) -> str:
        return self.tokens[0]

    def take(self, *wanted: str) -> str | None:
        """Return the next token and go on, if it is one of these."""
        return self.tokens.pop(0) if self.next in wanted else None

    def expect(self, wanted: str) -> None:
        if self.take(wanted) is None:
            raise _UnreadableError

    def sum(self) -> Bound:
        total = self.product()
        while self.take("+"):
            total |= self.product()
        return total

    def product(self) -> Bound:
        self.open_ended = False
        result = self.factor()
        while self.take(*_TIMES) or self.next not in ("", "+", *_PARTNER.values()):
            if self.open_ended:
                raise _UnreadableError
            result = _multiply(result, self.factor())
        return result

    def factor(self) -> Bound:
        if self.next[:1].isdigit():
            return self.number()
        base = self.atom()
        if self.take("!"):
            base = _power(f"{_name(base)}!")
        if self.open_ended or not self.take("^"):
            return base
        exponent = self.exponent()
        if isinstance(exponent, str):
            return _power(f"{_name(base)}^{exponent}")
        return _raised(base, exponent)

    def number(self) -> Bound:
        digits = self.tokens.pop(0)
        if self.take("^"):
            exponent = self.exponent()
            if isinstance(exponent, str):
                return _power(f"{digits}^{exponent}")
        elif digits == "1":
            return _ONE
        raise _UnreadableError

    def atom(self) -> Bound:
        if self.next in _LOGARITHMS:
            return self.logarithm()
        if self.take(*_ROOTS):
            return _raised(self.argument(), Fraction(1, 2))
        if self.take("|"):
            letter = self.letter()
            self.expect("|")
            return _power(letter)
        if self.next in _PARTNER:
            closing = self.opened()
            inner = self.sum()
            self.close(closing)
            return inner
        return _power(self.letter())

    def logarithm(self) -> Bound:
        self.base()
        return _power(f"log {_name(self.argument())}")

    def argument(self) -> Bound:
        open_ended = self.next == "|" or self.next not in (*_PARTNER, *_LOGARITHMS)
        found = self.atom()
        self.open_ended = open_ended or self.open_ended
        return found

    def base(self) -> str | None:
        """Go past the name of a logarithm and return its base, which may not be stated.

        Without braces the base is one digit, or 10.
        """
        if self.tokens.pop(0) == "lg":
            return "2"
        if self.take("_") and self.take("{"):
            base = self.digits()
            self.expect("}")
            return base
        if not self.next[:1].isdigit():
            return None
        digits = self.digits()
        size = 2 if digits.startswith("10") else 1
        if digits[size:]:
            self.tokens.insert(0, digits[size:])
        return digits[:size]

    def exponent(self) -> Fraction | str:
        """Return a number, or the name of a variable or of a logarithm to the base 2."""
        closing = self.opened()
        exponent: Fraction | str
        if self.next[:1].isdigit():
            exponent = Fraction(self.digits())
            if closing and self.take("/"):
                self.expect("2")
                exponent /= 2
        elif self.next in _LOGARITHMS:
            exponent = self.binary_logarithm()
            self.open_ended = True
        else:
            exponent = self.letter()
        self.close(closing)
        return exponent

    def binary_logarithm(self) -> str:
        if self.base() != "2":
            raise _UnreadableError
        closing = self.opened()
        name = f"log2 {self.digits()}"
        self.close(closing)
        return name

    def digits(self) -> str:
        if not self.next[:1].isdigit():
            raise _UnreadableError
        return self.tokens.pop(0)

    def letter(self) -> str:
        if len(self.next) != 1 or not "a" <= self.next <= "z":
            raise _UnreadableError
        return self.tokens.pop(0)

    def opened(self) -> str | None:
        """Go past an opening bracket and return its partner; None where there is no bracket."""
        return _PARTNER[self.tokens.pop(0)] if self.next in _PARTNER else None

    def close(self, closing: str | None) -> None:
        if closing:
            self.expect(closing)
            self.open_ended = False
