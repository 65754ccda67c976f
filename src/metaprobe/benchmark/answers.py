"""Typed gold answers.

Each kind knows how it is written inside `\\boxed{}` (`render`), whether a written answer has its
type and equals it (`compare`), and the accuracy of guessing among its stated options (`chance`).
Typed comparison never evaluates text: numbers are read by explicit patterns of bounded length.
Free-form mathematics is the one kind that another library decides; see `FreeFormAnswer`.
"""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from metaprobe.benchmark.bounds import read_bound
from metaprobe.benchmark.expressions import same_expression
from metaprobe.benchmark.formulas import NotAFormulaError, value_at
from metaprobe.benchmark.literals import read_literal
from metaprobe.benchmark.units import read_unit

MAX_ANSWER_CHARACTERS = 2000
"""A longer text is not an answer of any kind here and counts as unparsed."""

_INTEGER = re.compile(r"\d{1,9}")
_NUMBER = re.compile(
    r"""(?P<sign>[+-]?)\s*(?:
    \\[cdt]?frac\s*(?P<over>\d|\{\s*[+-]?\d{1,60}\s*\})\s*(?P<under>\d|\{\s*[+-]?\d{1,60}\s*\})
    | (?P<numerator>\d{1,60})\s*/\s*(?P<denominator>\d{1,60})
    | (?P<digits>
        \d{1,3}(?P<gap>[, ])\d{3}(?:(?P=gap)\d{3}){0,18}(?:\.\d{0,60})?(?!,|[ ]?\d)
        | \d{1,60}(?:\.\d{0,60})? | \.\d{1,60})
      (?:[eE](?P<e>[+-]?\d{1,3})
      | \s*[×·*]\s*10\^(?P<power>[+-]?\d{1,3}))?
    )""",
    re.VERBOSE,
)
_NO_NUMBER_IN_A_LIST = re.compile(r"[+-]?0\d|.*\d\s+\d", re.DOTALL)
_PLAIN = str.maketrans({**dict.fromkeys("−‐‑‒–", "-"), **dict.fromkeys("’‘", "'"), "⁄": "/"})
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_VULGAR_FRACTION = re.compile("(?<=\\d)(?=[¼-¾⅐-⅞])")
_LATEX_ESCAPE = re.compile(r"\\([_%&#${}])")
_LATEX_WRAPPER = re.compile(
    r"\\(?:text|mathrm|mbox|textbf|mathbf|textit|mathit|texttt|mathtt|emph|operatorname)"
    r"\{([^{}]*)\}"
)
_LATEX_SIZE = re.compile(r"\\(?:left|right)(?![a-zA-Z])|\\!|(?<=\d)\\,(?=\d)")
_LATEX_SPACE = re.compile(r"\\(?:[,;:> ]|q?quad(?![a-zA-Z]))")
_LATEX_SIGN = re.compile(r"\\(times|cdot|Omega|mu)(?![a-zA-Z])\s*")
_SIGNS = {"times": "×", "cdot": "·", "Omega": "Ω", "mu": "μ"}
_CURRENCIES = "€£¥"
_BRACED_POWER = re.compile(r"\^\{([^{}]*)\}")
_WRAPPERS_DEEP = 3
_STEP_WORD = re.compile(r"^(?:step|line|claim|statement|entry|row|number)\s*[:#]?\s*")
_PARTNER = {"(": ")", "[": "]", "{": "}"}
_EMPTY = frozenset({"none", "{}", "[]", "()", "\\emptyset", "\\varnothing", "∅"})
_CONSTANT = re.compile(r"\s*\+\s*[cCkK]\s*[.$]*\s*$")
_PLACES = (0.3, 0.45, 0.7, 1.2, 1.9, 2.6)
_FORMULA_TOLERANCE = 1e-9
_NOTHING_WRONG = frozenset({"none", "0", "no error", "no errors"})


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def chance(self) -> float:
        """Probability of a blind guess among the options that the question states."""
        return 0.0

    def render(self) -> str:
        """Return the answer as it is boxed."""
        raise NotImplementedError

    def compare(self, text: str) -> bool | None:
        """Return whether `text` equals the gold, or None when it is not an answer of this kind."""
        return None if len(text) > MAX_ANSWER_CHARACTERS else self._compare(text)

    def _compare(self, text: str) -> bool | None:
        raise NotImplementedError


class IntegerAnswer(_Answer):
    """A whole number."""

    kind: Literal["integer"] = "integer"
    value: int

    def render(self) -> str:
        """Return the answer as it is boxed."""
        return str(self.value)

    def _compare(self, text: str) -> bool | None:
        number = parse_number(text)
        return None if number is None else number == self.value


class RationalAnswer(_Answer):
    """An exact fraction; any equal fraction, decimal or whole number is accepted."""

    kind: Literal["rational"] = "rational"
    numerator: int
    denominator: Annotated[int, Field(gt=0)]

    def render(self) -> str:
        """Return the reduced fraction, as a whole number where it is one."""
        return str(Fraction(self.numerator, self.denominator))

    def _compare(self, text: str) -> bool | None:
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
        number = format(self.value, "f")
        number = number.rstrip("0").rstrip(".") if "." in number else number
        return f"{number} {self.unit}" if self.unit else number

    def _compare(self, text: str) -> bool | None:
        quantity = _read_quantity(text)
        if quantity is None:
            return None
        number, unit = quantity
        if unit and (self.unit is None or read_unit(unit) != read_unit(normalise(self.unit))):
            return False
        return abs(number - Fraction(self.value)) <= Fraction(self.tolerance)


class TextAnswer(_Answer):
    """A word or name, compared without regard to case, accents, articles and punctuation.

    A value of the form O(...) is compared as a bound of growth; see `read_bound`.
    """

    kind: Literal["text"] = "text"
    value: str
    aliases: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the preferred form."""
        return self.value

    def _compare(self, text: str) -> bool | None:
        word = fold(text)
        return None if not word else word in {fold(v) for v in (self.value, *self.aliases)}


class BoundAnswer(_Answer):
    """An asymptotic bound such as O(n log n), in any spelling of the same expression."""

    kind: Literal["bound"] = "bound"
    value: str
    aliases: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the preferred form."""
        return self.value

    def _compare(self, text: str) -> bool | None:
        bound = read_bound(_plain(text))
        return (
            None
            if bound is None
            else bound in {read_bound(form) for form in (self.value, *self.aliases)}
        )


class FormulaAnswer(_Answer):
    """A formula in x; any formula with the same values is accepted.

    Values are compared at fixed places between 0 and pi where the gold has one. A formula that
    fails the comparison at one place differs; the functions asked for are too plain to agree at
    all places by chance.
    """

    kind: Literal["formula"] = "formula"
    value: str
    up_to_constant: bool = False
    """Whether a constant may be added, as to an antiderivative."""

    def render(self) -> str:
        """Return the formula."""
        return self.value

    def _compare(self, text: str) -> bool | None:
        clean = _plain_unicode(text)
        if self.up_to_constant:
            clean = _CONSTANT.sub("", clean)
        try:
            found = [value_at(clean, x) for x in _PLACES]
        except NotAFormulaError:
            return None
        pairs = [
            (theirs, gold)
            for theirs, x in zip(found, _PLACES, strict=True)
            if (gold := value_at(self.value, x)) is not None
        ]
        differences = [None if theirs is None else theirs - gold for theirs, gold in pairs]
        offset = differences[0] if self.up_to_constant else 0.0
        return offset is not None and all(
            d is not None and abs(d - offset) <= _FORMULA_TOLERANCE * (1 + abs(gold))
            for d, (_, gold) in zip(differences, pairs, strict=True)
        )


class SequenceAnswer(_Answer):
    """Elements in order, separated by commas."""

    kind: Literal["sequence"] = "sequence"
    items: tuple[str, ...]

    def render(self) -> str:
        """Return the elements joined by a comma and a space; `none` where there are none."""
        return ", ".join(self.items) or "none"

    def _compare(self, text: str) -> bool | None:
        readings = _read_elements(text)
        return None if readings is None else [_element(i) for i in self.items] in readings


class SetAnswer(_Answer):
    """Distinct elements in any order, separated by commas; a repeated element is wrong."""

    kind: Literal["set"] = "set"
    items: tuple[str, ...]

    def render(self) -> str:
        """Return the elements joined by a comma and a space; `none` where there are none."""
        return ", ".join(self.items) or "none"

    def _compare(self, text: str) -> bool | None:
        readings = _read_elements(text)
        if readings is None:
            return None
        return sorted(_element(i) for i in self.items) in [sorted(parts) for parts in readings]


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

    def _compare(self, text: str) -> bool | None:
        labels = {fold(option) for option in self.options}
        for word in (fold(text), fold(fold(text).strip("()[]"))):
            if word in labels:
                return word == fold(self.value)
        return None


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

    def _compare(self, text: str) -> bool | None:
        word = _STEP_WORD.sub("", fold(text))
        if word in _NOTHING_WRONG:
            return self.index is None
        return int(word) == self.index if _INTEGER.fullmatch(word) else None


class FreeFormAnswer(_Answer):
    """A mathematical expression in LaTeX, from a corpus whose golds follow no stated form.

    Two numbers are compared exactly; everything else is decided by math-verify, which takes an
    expression for equal where it agrees to some digits. What it cannot read, or cannot decide
    within the limits of `expressions.py`, counts as unparsed.
    """

    kind: Literal["expression"] = "expression"
    value: str

    def render(self) -> str:
        """Return the expression as the corpus writes it."""
        return self.value

    def _compare(self, text: str) -> bool | None:
        numbers = parse_number(self.value), parse_number(text)
        if None not in numbers:
            return numbers[0] == numbers[1]
        return same_expression(_plain_unicode(self.value), _plain_unicode(text))


class LiteralAnswer(_Answer):
    """What a Python expression returns, written as a literal and compared by value and type.

    A text may also be written without its quotes, where that is no literal.
    """

    kind: Literal["literal"] = "literal"
    value: str

    def render(self) -> str:
        """Return the literal as Python writes it."""
        return self.value

    def _compare(self, text: str) -> bool | None:
        gold = read_literal(self.value)
        for form in (text.strip(), _plain(text).strip().strip("$").strip("`")):
            found = read_literal(form)
            if found is not None:
                return found == gold
        return gold[1] == repr(text.strip()) if gold and gold[0] == "str" else None


Answer = Annotated[
    IntegerAnswer
    | RationalAnswer
    | DecimalAnswer
    | TextAnswer
    | BoundAnswer
    | FormulaAnswer
    | SequenceAnswer
    | SetAnswer
    | ChoiceAnswer
    | StepAnswer
    | FreeFormAnswer
    | LiteralAnswer,
    Field(discriminator="kind"),
]
"""Any typed gold; `kind` tells which."""


def normalise(text: str) -> str:
    """Return `text` in NFKC without invisible marks, LaTeX wrappers, `$` and outer space.

    Superscripts become `^2`, so that they do not join the digits before them.
    """
    clean = text if text.isascii() else _plain_unicode(text)
    clean = _BRACED_POWER.sub(r"^\1", clean)
    if "\\" in clean:
        clean = _plain_latex(clean)
    return clean.strip().strip("$").strip().rstrip(".").strip()


def parse_number(text: str) -> Fraction | None:
    """Return the exact number that `text` writes, or None.

    Whole numbers, decimals, `1e5`, `1.5 \\times 10^3`, `a/b`, `\\frac{a}{b}`, `\\frac12` and
    thousands separators are read; nothing else is.
    """
    quantity = _read_quantity(text)
    return quantity[0] if quantity is not None and not quantity[1] else None


def fold(text: str) -> str:
    """Return `text` in lower case without accents, articles and outer punctuation."""
    plain = normalise(text).casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    plain = re.sub(r"\s+", " ", plain).strip(" .,;:!?\"'`")
    # A single letter after `a` is a label beside another label, as in `A B`.
    return re.sub(r"^(?:a|an|the) (?=\S\S)", "", plain)


def _plain(text: str) -> str:
    clean = text if text.isascii() else _plain_unicode(text)
    return _plain_latex(clean) if "\\" in clean else clean


def _plain_unicode(text: str) -> str:
    text = _SUPERSCRIPTS.sub(r"^{\g<0>}", _VULGAR_FRACTION.sub(" ", text))
    text = unicodedata.normalize("NFKC", text)
    visible = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.decimal(c, c)) for c in visible).translate(_PLAIN)


def _plain_latex(text: str) -> str:
    text = text.replace("^\\circ", "°")
    text = _LATEX_SPACE.sub(" ", _LATEX_SIZE.sub("", text))
    text = _LATEX_SIGN.sub(lambda match: _SIGNS[match[1]], text)
    for _ in range(_WRAPPERS_DEEP):
        text = _LATEX_WRAPPER.sub(r"\1", text)
    return _LATEX_ESCAPE.sub(r"\1", text)


def _read_quantity(text: str) -> tuple[Fraction, str] | None:
    """Return the number at the start of `text` and the unit behind it; None without a number."""
    clean = normalise(text).replace("{,}", ",")
    if clean[:1] in _CURRENCIES:
        clean = clean[1:].lstrip() + clean[:1]
    match = _NUMBER.match(clean)
    if match is None:
        return None
    unit = clean[match.end() :].replace("~", " ").strip()
    if unit and (unit[0] in ".,+-/^" or unit[0].isdigit()):
        return None
    value = _value(match)
    return None if value is None else (value, unit)


def _value(match: re.Match[str]) -> Fraction | None:
    sign = -1 if match["sign"] == "-" else 1
    over, under = match["over"] or match["numerator"], match["under"] or match["denominator"]
    if over is not None:
        above, below = int(over.strip("{} ")), int(under.strip("{} "))
        return sign * Fraction(above, below) if below else None
    number = Decimal(re.sub("[, ]", "", match["digits"]))
    return sign * Fraction(number) * Fraction(10) ** int(match["e"] or match["power"] or 0)


def _read_elements(text: str) -> list[list[str]] | None:
    """Return the readings of `text` as comma-separated elements; None when it is empty.

    Commas inside brackets do not separate, so that `(1, 2), (3, 4)` has two elements. Brackets
    around everything may belong to the list or to its only element: both readings are given.
    """
    clean = normalise(text)
    if not clean:
        return None
    if fold(clean) in _EMPTY:
        return [[]]
    parts, enclosed = _split(clean)
    return [parts, _split(clean[1:-1])[0]] if enclosed else [parts]


def _split(text: str) -> tuple[list[str], bool]:
    """Return the elements, and whether one pair of brackets encloses all of `text`."""
    parts, depth, start = [], 0, 0
    enclosed = _PARTNER.get(text[:1]) == text[-1:] != ""
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and position < len(text) - 1:
            enclosed = False
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [_element(part) for part in parts], enclosed


def _element(text: str) -> str:
    """Return an element in a comparable form: a number, or folded text.

    Digits with a leading zero are text, since `010` is not `10`, and so are digits apart, since
    `100 200` is not `100200`; other spaces do not count.
    """
    number = None if _NO_NUMBER_IN_A_LIST.match(normalise(text)) else parse_number(text)
    return str(number) if number is not None else re.sub(r"(?<!\d)\s|\s(?!\d)", "", fold(text))
