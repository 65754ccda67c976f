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

from metaprobe.benchmark.bounds import read_bound
from metaprobe.benchmark.formulas import NotAFormulaError, value_at

MAX_ANSWER_CHARACTERS = 2000
"""A longer boxed text is not an answer of any kind here and counts as unparsed."""

_INTEGER = re.compile(r"\d{1,9}")
_NUMBER = re.compile(
    r"""(?P<sign>[+-]?)\s*(?:
    \\[cdt]?frac\s*\{\s*(?P<over>[+-]?\d{1,60})\s*\}\s*\{\s*(?P<under>\d{1,60})\s*\}
    | (?P<numerator>\d{1,60})\s*/\s*(?P<denominator>\d{1,60})
    | (?P<digits>
        \d{1,3}(?:,\d{3}){1,19}(?:\.\d{0,60})?(?![\d,]) | \d{1,60}(?:\.\d{0,60})? | \.\d{1,60})
      (?:[eE](?P<e>[+-]?\d{1,3})
      | \s*(?:\\times|\\cdot|[×·*])\s*10\^(?P<power>[+-]?\d{1,3}))?
    )""",
    re.VERBOSE,
)
_WRITTEN_OUT = 4
_UNIT_SYMBOLS = {
    **{"metre": "m", "meter": "m", "gram": "g", "tonne": "t", "litre": "L", "liter": "L", "l": "L"},
    **{"second": "s", "sec": "s", "minute": "min", "hour": "h", "hr": "h", "hertz": "Hz"},
    **{"ampere": "A", "amp": "A", "volt": "V", "ohm": "Ω", "ω": "Ω", "\\omega": "Ω"},
    **{"newton": "N", "joule": "J", "watt": "W", "pascal": "Pa", "kelvin": "K", "mole": "mol"},
    **{"electronvolt": "eV", "per": "/"},
}
_UNIT_PREFIXES = {"kilo": "k", "milli": "m", "centi": "c", "deci": "d", "mega": "M"}
_UNIT_WORD = re.compile(r"\\?[^\W\d_]+")
_UNIT_FRACTION = re.compile(r"\\[cdt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_UNIT_BELOW = re.compile(r"[\s*·~]*(?<![^\W\d_])([^\W\d_]+)\^-(\d)")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_PLAIN = str.maketrans({**dict.fromkeys("−‐‑‒–", "-"), **dict.fromkeys("’‘", "'"), "⁄": "/"})
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_VULGAR_FRACTION = re.compile("(?<=\\d)(?=[¼-¾⅐-⅞])")
_LATEX_ESCAPE = re.compile(r"\\([_%&#${}])")
_LATEX_WRAPPER = re.compile(
    r"\\(?:text|mathrm|mbox|textbf|mathbf|textit|mathit|texttt|mathtt|emph|operatorname)"
    r"\{([^{}]*)\}"
)
_THIN_SPACE = re.compile(r"(?<=\d)\\[,!](?=\d)")
_LATEX_SIZE = re.compile(r"\\(?:left|right)(?![a-zA-Z])")
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


class IntegerAnswer(_Answer):
    """A whole number."""

    kind: Literal["integer"] = "integer"
    value: int

    def render(self) -> str:
        """Return the answer as it is boxed."""
        return str(self.value)

    def compare(self, text: str) -> bool | None:
        """Return whether `text` equals the gold, or None when it is not a number."""
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

    def compare(self, text: str) -> bool | None:
        """Return whether `text` equals the gold, or None when it is not a number."""
        number = parse_number(text)
        return None if number is None else number == Fraction(self.numerator, self.denominator)


class DecimalAnswer(_Answer):
    """A measured quantity.

    The unit is optional in a response, but a wrong unit makes the answer wrong. Case matters in
    a unit's symbol, since mW is not MW, and does not in a unit that is written out.
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
        quantity = _read_quantity(text)
        if quantity is None:
            return None
        number, unit = quantity
        if unit and (self.unit is None or _squash(unit) != _squash(self.unit)):
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

    def compare(self, text: str) -> bool | None:
        """Return whether `text` is the value or an alias; None when it is empty."""
        word, forms = fold(text), (self.value, *self.aliases)
        if not word:
            return None
        if not self.value.startswith("O("):
            return word in {fold(form) for form in forms}
        bound = read_bound(_plain(text))
        return bound is not None and bound in {read_bound(form) for form in forms}


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

    def compare(self, text: str) -> bool | None:
        """Return whether the formulas agree; None when `text` is not a formula in x."""
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

    def compare(self, text: str) -> bool | None:
        """Return whether the elements agree in order; None when `text` is empty."""
        readings = _read_elements(text)
        return None if readings is None else [_element(i) for i in self.items] in readings


class SetAnswer(_Answer):
    """Distinct elements in any order, separated by commas; a repeated element is wrong."""

    kind: Literal["set"] = "set"
    items: tuple[str, ...]

    def render(self) -> str:
        """Return the elements joined by a comma and a space; `none` where there are none."""
        return ", ".join(self.items) or "none"

    def compare(self, text: str) -> bool | None:
        """Return whether exactly the gold elements are listed; None when `text` is empty."""
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

    def compare(self, text: str) -> bool | None:
        """Return whether the label is right; None when `text` is not one of the options."""
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

    def compare(self, text: str) -> bool | None:
        """Return whether the step is right; None when `text` is neither a number nor `none`."""
        word = _STEP_WORD.sub("", fold(text))
        if word in _NOTHING_WRONG:
            return self.index is None
        return int(word) == self.index if _INTEGER.fullmatch(word) else None


Answer = Annotated[
    IntegerAnswer
    | RationalAnswer
    | DecimalAnswer
    | TextAnswer
    | FormulaAnswer
    | SequenceAnswer
    | SetAnswer
    | ChoiceAnswer
    | StepAnswer,
    Field(discriminator="kind"),
]
"""Any typed gold; `kind` tells which."""


def normalise(text: str) -> str:
    """Return `text` in NFKC without invisible marks, LaTeX wrappers, `$` and outer space.

    Superscripts become `^2`, so that they do not join the digits before them.
    """
    clean = _BRACED_POWER.sub(r"^\1", _plain(text))
    return clean.strip().strip("$").strip().rstrip(".").strip()


def parse_number(text: str) -> Fraction | None:
    """Return the exact number that `text` writes, or None.

    Whole numbers, decimals, `1e5`, `1.5 \\times 10^3`, `a/b`, `\\frac{a}{b}` and thousands
    separators are read; nothing else is.
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
    return "".join(c for c in text if unicodedata.category(c) != "Cf").translate(_PLAIN)


def _plain_latex(text: str) -> str:
    text = _THIN_SPACE.sub("", text).replace("\\,", " ").replace("\\!", "").replace("\\ ", " ")
    text = text.replace("{,}", ",")
    text = text.replace("^{\\circ}", "°").replace("^\\circ", "°")
    text = _BRACED_POWER.sub(r"^\1", _LATEX_SIZE.sub("", text))
    for _ in range(_WRAPPERS_DEEP):
        text = _LATEX_WRAPPER.sub(r"\1", text)
    return _LATEX_ESCAPE.sub(r"\1", text)


def _read_quantity(text: str) -> tuple[Fraction, str] | None:
    """Return the number at the start of `text` and the unit behind it; None without a number."""
    clean = normalise(text).replace("{,}", ",")
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
        return sign * Fraction(int(over), int(under)) if int(under) else None
    number = Decimal(match["digits"].replace(",", ""))
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

    Digits with a leading zero are text, since `010` is not `10`; spaces count between digits
    only, since `1 2` is not `12`.
    """
    number = None if _LEADING_ZERO.match(normalise(text)) else parse_number(text)
    return str(number) if number is not None else re.sub(r"(?<!\d)\s|\s(?!\d)", "", fold(text))


def _squash(unit: str) -> str:
    """Return a unit in a comparable form: symbols for names, one way to write a quotient."""
    plain = _UNIT_FRACTION.sub(r"\1/\2", normalise(unit).replace("\\cdot", "*"))
    plain = _UNIT_WORD.sub(_symbol, plain)
    plain = _UNIT_BELOW.sub(lambda m: f"/{m[1]}" + (m[2] if m[2] != "1" else ""), plain)
    plain = re.sub(r"[\s^{}*·~]", "", plain)
    written_out = plain.isalpha() and len(plain) >= _WRITTEN_OUT
    return plain.casefold().removesuffix("s") if written_out else plain


def _symbol(word: re.Match[str]) -> str:
    """Return the symbol of a unit's name, with its prefix; other words as they are."""
    name = word[0].casefold()
    for prefix, sign in {"": "", **_UNIT_PREFIXES}.items():
        for stem in (name, name.removesuffix("s")):
            symbol = _UNIT_SYMBOLS.get(stem.removeprefix(prefix)) if stem != prefix else None
            if symbol and stem.startswith(prefix):
                return sign + symbol
    return word[0]
