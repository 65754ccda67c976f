"""Typed gold answers.

Each kind knows how it is written inside `\\boxed{}` (`render`), whether a written answer has its
type and equals it (`compare`), and the accuracy of guessing among its stated options (`chance`).
Comparison never evaluates text: numbers are read by explicit patterns of bounded length.
"""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_ANSWER_CHARACTERS = 2000
"""A longer boxed text is not an answer of any kind here and counts as unparsed."""

_INTEGER = re.compile(r"[+-]?\d{1,60}")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?=\.|$)")
_DECIMAL = re.compile(r"[+-]?(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,3})?")
_RATIONAL = re.compile(r"([+-]?\d{1,60})\s*/\s*(\d{1,60})")
_LATEX_FRACTION = re.compile(r"([+-]?)\\[dt]?frac\{([+-]?\d{1,60})\}\{(\d{1,60})\}")
_UNIT = re.compile(r"\s*([^\d\s.,+\-].*)$")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def chance(self) -> float:
        """Probability of a blind guess among the options that the question states."""
        return 0.0


class IntegerAnswer(_Answer):
    """A whole number."""

    kind: Literal["integer"] = "integer"
    value: int

    def render(self) -> str:
        """Return the answer as it is boxed."""
        return str(self.value)

    def compare(self, text: str) -> bool | None:
        """Return whether `text` equals the gold, or None when it is not a whole number."""
        number = parse_number(text)
        if number is None or number.denominator != 1:
            return None if number is None else False
        return number == self.value


class RationalAnswer(_Answer):
    """An exact fraction; any equal fraction, decimal or whole number is accepted."""

    kind: Literal["rational"] = "rational"
    numerator: int
    denominator: Annotated[int, Field(gt=0)]

    def render(self) -> str:
        """Return the reduced fraction, as a whole number where it is one."""
        return str(Fraction(self.numerator, self.denominator))

    def compare(self, text: str) -> bool | None:
        """Return whether `text` equals the gold, or None when it is not a number."""
        number = parse_number(text)
        return None if number is None else number == Fraction(self.numerator, self.denominator)


class DecimalAnswer(_Answer):
    """A measured quantity.

    The unit is optional in a response, but a wrong unit makes the answer wrong.
    """

    kind: Literal["decimal"] = "decimal"
    value: Decimal
    unit: str | None = None
    tolerance: Decimal = Decimal(0)
    """Largest absolute difference that still counts as equal."""

    def render(self) -> str:
        """Return the number, followed by the unit if there is one."""
        number = format(self.value.normalize(), "f")
        return f"{number} {self.unit}" if self.unit else number

    def compare(self, text: str) -> bool | None:
        """Return whether `text` is within tolerance in the same unit; None without a number."""
        clean = normalise(text)
        number = parse_number(clean)
        if number is None:
            match = _UNIT.search(clean)
            if not match:
                return None
            number = parse_number(clean[: match.start()])
            if number is None:
                return None
            if self.unit is None or _squash(match[1]) != _squash(self.unit):
                return False
        return abs(number - Fraction(self.value)) <= Fraction(self.tolerance)


class TextAnswer(_Answer):
    """A word or name, compared without regard to case, accents, articles and punctuation."""

    kind: Literal["text"] = "text"
    value: str
    aliases: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the preferred form."""
        return self.value

    def compare(self, text: str) -> bool | None:
        """Return whether `text` is the value or an alias; None when it is empty."""
        word = fold(text)
        return None if not word else word in {fold(v) for v in (self.value, *self.aliases)}


class SequenceAnswer(_Answer):
    """Elements in order, separated by commas."""

    kind: Literal["sequence"] = "sequence"
    items: tuple[str, ...]

    def render(self) -> str:
        """Return the elements joined by a comma and a space; `none` where there are none."""
        return ", ".join(self.items) or "none"

    def compare(self, text: str) -> bool | None:
        """Return whether the elements agree in order; None when `text` is empty."""
        parts = split_elements(text)
        return None if parts is None else parts == [_element(i) for i in self.items]


class SetAnswer(_Answer):
    """Distinct elements in any order, separated by commas; a repeated element is wrong."""

    kind: Literal["set"] = "set"
    items: tuple[str, ...]

    def render(self) -> str:
        """Return the elements joined by a comma and a space; `none` where there are none."""
        return ", ".join(self.items) or "none"

    def compare(self, text: str) -> bool | None:
        """Return whether exactly the gold elements are listed; None when `text` is empty."""
        parts = split_elements(text)
        return None if parts is None else sorted(parts) == sorted(_element(i) for i in self.items)


class ChoiceAnswer(_Answer):
    """One of the labelled options that the question lists, such as `yes` or `B`."""

    kind: Literal["choice"] = "choice"
    value: str
    options: tuple[str, ...]

    @property
    def chance(self) -> float:
        """Probability of a blind guess among the options."""
        return 1 / len(self.options)

    def render(self) -> str:
        """Return the right label."""
        return self.value

    def compare(self, text: str) -> bool | None:
        """Return whether the label is right; None when `text` is not one of the options."""
        word = fold(text)
        if word not in {fold(option) for option in self.options}:
            return None
        return word == fold(self.value)


class StepAnswer(_Answer):
    """The number of the first wrong step or line, or `none` where nothing is wrong."""

    kind: Literal["step"] = "step"
    index: int | None
    """Counted from one; None where every step is right."""
    steps: Annotated[int, Field(gt=0)]

    @property
    def chance(self) -> float:
        """Probability of a blind guess among the steps and `none`."""
        return 1 / (self.steps + 1)

    def render(self) -> str:
        """Return the step's number or `none`."""
        return "none" if self.index is None else str(self.index)

    def compare(self, text: str) -> bool | None:
        """Return whether the step is right; None when `text` is neither a number nor `none`."""
        word = re.sub(r"^(?:step|line)\s*", "", fold(text))
        if word in ("none", "0", "no error"):
            return self.index is None
        return word == str(self.index) if _INTEGER.fullmatch(word) else None


Answer = Annotated[
    IntegerAnswer
    | RationalAnswer
    | DecimalAnswer
    | TextAnswer
    | SequenceAnswer
    | SetAnswer
    | ChoiceAnswer
    | StepAnswer,
    Field(discriminator="kind"),
]
"""Any typed gold; `kind` tells which."""


def normalise(text: str) -> str:
    """Return `text` in NFKC without invisible marks, mathematical wrappers and outer space."""
    clean = unicodedata.normalize("NFKC", text)
    clean = "".join(c for c in clean if unicodedata.category(c) != "Cf")
    clean = clean.replace("−", "-").replace("’", "'").replace("\\,", "").replace("\\!", "").replace("\\ ", " ")
    clean = clean.strip().strip("$").strip()
    wrapped = re.fullmatch(r"\\(?:text|mathrm|mbox|textbf)\{([^{}]*)\}", clean)
    return (wrapped[1] if wrapped else clean).strip().rstrip(".").strip()


def parse_number(text: str) -> Fraction | None:
    """Return the exact number that `text` writes, or None.

    Whole numbers, decimals, scientific notation, `a/b`, `\\frac{a}{b}` and thousands separators
    are read; nothing else is.
    """
    clean = normalise(text)
    grouped = _THOUSANDS.match(clean)
    if grouped:
        clean = grouped[0].replace(",", "") + clean[grouped.end() :]
    latex = _LATEX_FRACTION.fullmatch(clean)
    plain = _RATIONAL.fullmatch(clean)
    if latex and int(latex[3]):
        return Fraction(int(latex[2]), int(latex[3])) * (-1 if latex[1] == "-" else 1)
    if plain and int(plain[2]):
        return Fraction(int(plain[1]), int(plain[2]))
    return Fraction(Decimal(clean)) if _DECIMAL.fullmatch(clean) else None


def fold(text: str) -> str:
    """Return `text` in lower case without accents, articles and outer punctuation."""
    decomposed = unicodedata.normalize("NFKD", normalise(text).casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    plain = re.sub(r"\s+", " ", plain).strip(" .,;:!?\"'`")
    return re.sub(r"^(?:a|an|the) (?=\S)", "", plain)


def split_elements(text: str) -> list[str] | None:
    """Return the comma-separated elements in a comparable form; None when `text` is empty.

    Enclosing brackets are dropped; `none`, `{}` and `[]` are the empty list. Commas inside
    brackets do not separate, so that `(1, 2), (3, 4)` has two elements.
    """
    clean = normalise(text).replace("\\{", "{").replace("\\}", "}")
    if fold(clean) in ("none", "{}", "[]", "()", "\\emptyset", "∅"):
        return []
    if not clean:
        return None
    if clean[0] in "[{" and clean[-1] in "]}":
        clean = clean[1:-1]
    parts, depth, start = [], 0, 0
    for position, character in enumerate(clean):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(clean[start:position])
            start = position + 1
    parts.append(clean[start:])
    return [_element(part) for part in parts]


def _element(text: str) -> str:
    number = parse_number(text)
    return str(number) if number is not None else re.sub(r"\s+", "", fold(text))


def _squash(unit: str) -> str:
    unit = re.sub(r"\\(?:text|mathrm)\{([^{}]*)\}", r"\1", unit)
    return re.sub(r"[\s^{}*·]", "", unit).casefold()
