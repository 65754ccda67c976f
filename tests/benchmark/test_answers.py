"""Typed golds: every kind accepts its own rendering and the usual ways of writing it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.answers import (
    ChoiceAnswer,
    DecimalAnswer,
    IntegerAnswer,
    RationalAnswer,
    SequenceAnswer,
    SetAnswer,
    StepAnswer,
    TextAnswer,
    fold,
    parse_number,
)

integers = st.integers(-(10**40), 10**40)
words = st.text("bcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).filter("none".__ne__)
elements = st.one_of(words, st.integers(-999, 999).map(str))
plain_decimals = st.decimals(-(10**9), 10**9, places=4, allow_nan=False)


@given(integers)
def test_integer_accepts_its_rendering_and_no_other_number(value):
    answer = IntegerAnswer(value=value)
    assert answer.compare(answer.render()) is True
    assert answer.compare(str(value + 1)) is False
    assert answer.compare(f"{value}.5") is False


@given(integers)
def test_thousands_separators_do_not_change_a_number(value):
    assert parse_number(f"{value:,}") == value
    assert parse_number(f"{value:,}".replace(",", "{,}")) == value
    assert parse_number(f"{value:,}.25") == Fraction(f"{value}.25")


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**20))
def test_rational_accepts_every_way_to_write_the_fraction(numerator, denominator):
    answer = RationalAnswer(numerator=numerator, denominator=denominator)
    sign = "-" if numerator < 0 else ""
    for text in (
        answer.render(),
        f"{numerator}/{denominator}",
        f"{sign}\\frac{{{abs(numerator)}}}{{{denominator}}}",
        f"\\dfrac{{{3 * numerator}}}{{{3 * denominator}}}",
    ):
        assert answer.compare(text) is True
    assert answer.compare(f"{numerator + 1}/{denominator}") is False


@given(plain_decimals, st.sampled_from([None, "m/s", "km", "euros", "m/s^2", "µm", "°C"]))
def test_decimal_accepts_its_rendering_with_and_without_unit(value, unit):
    answer = DecimalAnswer(value=value, unit=unit)
    assert answer.compare(answer.render()) is True
    assert answer.compare(format(value, "f")) is True
    assert answer.compare(f"{format(value, 'f')} \\text{{ parsecs}}") is False


@given(plain_decimals, st.decimals("0.0001", 100, places=4))
def test_decimal_tolerance_is_the_largest_difference_that_counts(value, tolerance):
    answer = DecimalAnswer(value=value, tolerance=tolerance)
    for offset, expected in ((tolerance, True), (tolerance + Decimal("0.0001"), False)):
        assert answer.compare(format(value + offset, "f")) is expected
        assert answer.compare(format(value - offset, "f")) is expected


@given(st.lists(elements, min_size=1, max_size=6))
def test_sequence_accepts_its_rendering_in_any_brackets_and_in_order_only(items):
    answer = SequenceAnswer(items=tuple(items))
    inside = answer.render()
    for text in (inside, f"[{inside}]", f"({inside})", f"\\left[{inside}\\right]"):
        assert answer.compare(text) is True
    if items != items[::-1]:
        assert answer.compare(", ".join(reversed(items))) is False
    assert answer.compare(", ".join([*items, "zz"])) is False


def test_empty_sequence_is_none_or_empty_brackets():
    answer = SequenceAnswer(items=())
    assert [answer.compare(t) for t in (answer.render(), "[]", "()", "none.", "1", "")] == [
        *(True, True, True, True, False, None)
    ]


@given(st.sets(elements, max_size=6), st.randoms(use_true_random=False))
def test_set_accepts_any_order_and_no_repetition(items, rng):
    ordered = sorted(items)
    shuffled = rng.sample(ordered, len(ordered))
    answer = SetAnswer(items=tuple(ordered))
    assert answer.compare(answer.render()) is True
    assert answer.compare(f"\\{{{','.join(shuffled)}\\}}") is True
    assert answer.compare(", ".join([*shuffled, "zz"])) is False
    if items:
        assert answer.compare(", ".join([*shuffled, shuffled[0]])) is False


@given(words.filter(lambda word: fold(word)))
def test_text_is_blind_to_case_articles_accents_and_quotes(word):
    answer = TextAnswer(value=word)
    for text in (word.upper(), f"the {word}" if len(word) > 1 else word, f"'{word}'.", f"{word}́"):
        assert answer.compare(text) is True
    assert answer.compare(word + "q") is False


@given(st.integers(1, 30), st.integers(1, 30))
def test_step_accepts_its_number_in_usual_words(index, other):
    answer = StepAnswer(index=index, steps=30)
    for text in (str(index), f"Step {index}", f"\\text{{Line }}{index}", f"claim: {index}"):
        assert answer.compare(text) is True
    assert answer.compare(str(other)) is (index == other)
    assert answer.compare("none") is False
    assert answer.compare("the second") is None


def test_chance_is_a_blind_guess_among_the_stated_options():
    assert ChoiceAnswer(value="A", options=("A", "B", "C", "D")).chance == 0.25
    assert StepAnswer(index=None, steps=4).chance == 0.2
    assert IntegerAnswer(value=3).chance == 0.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("٤٢", 42),
        ("４２", 42),
        ("−7", -7),
        ("\u200f-7\u200e", -7),
        ("½", Fraction(1, 2)),
        ("$\\$18$", 18),
        ("1.5 \\times 10^{3}", 1500),
        ("2e-3", Fraction(1, 500)),
        (" \\text{12}. ", 12),
        ("\\mathrm{\\text{12}}", 12),
        ("\\frac12", Fraction(1, 2)),
        ("-\\tfrac{1}2", Fraction(-1, 2)),
        ("\\dfrac { -1 } { -2 }", Fraction(1, 2)),
        ("1\\;000", 1000),
        ("1\\,000\\,000.5", Fraction(2000001, 2)),
        ("12\u202f345", 12345),
    ],
)
def test_numbers_are_read_in_usual_notations(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1,23", "1,2345", "12 34", "1/0", "1/2/3", "10²", "1½", "2+2", "0x10", "inf"),
        *("nan", "1e", "--3", "5 km", "__import__('os')", "9" * 61, "\\frac{1}{0}", "1e9999"),
        *("1,000 000", "1 000 00", "\\frac123", "1\\frac12", "7\0", "\ud800", "10^6", "x = 7"),
    ],
)
def test_what_is_not_a_number_is_unparsed(text):
    assert parse_number(text) is None
    assert IntegerAnswer(value=3).compare(text) is None


@pytest.mark.parametrize(
    ("unit", "same", "other"),
    [
        ("ohm", ["Ω", r"\Omega", "ohms", r"\,\text{Ohm}"], ["A", "V", "kΩ", r"k\Omega"]),
        (
            "m/s",
            ["metres per second", r"\frac{m}{s}", "m s^{-1}", r"\mathrm{m\,s^{-1}}"],
            ["m s", "km/s"],
        ),
        ("m/s^2", [r"\text{ m/s}^2", "m s^-2", r"m\cdot s^{-2}"], ["m/s", "m s^-1"]),
        ("kPa", ["kilopascals", r"\text{kPa}"], ["Pa", "pascal", "MPa"]),
        ("g/mol", ["grams per mole", "g mol^-1"], ["kg/mol", "mol"]),
        ("A", ["amperes", "amps", "ampere"], ["mA", "milliamperes", "V"]),
        ("min", ["minutes", "minute"], ["m", "s", "meters"]),
        ("days", ["day"], ["hours", "d"]),
        ("J", ["joules"], ["kJ", "j"]),
    ],
)
def test_a_unit_may_be_written_out_or_as_a_power_but_not_be_another(unit, same, other):
    answer = DecimalAnswer(value=Decimal(5), unit=unit)
    for text in same:
        assert answer.compare(f"5 {text}") is True, text
    for text in other:
        assert answer.compare(f"5 {text}") is False, text


def test_case_of_a_unit_symbol_matters_and_that_of_a_word_does_not():
    assert DecimalAnswer(value=Decimal(5), unit="MW").compare("5 mW") is False
    assert DecimalAnswer(value=Decimal(5), unit="euros").compare("5 Euros") is True
    assert DecimalAnswer(value=Decimal(5), unit="m/s^2").compare("5 m/s²") is True
    assert DecimalAnswer(value=Decimal(5), unit="Ω").compare("5~Ω") is True
    assert DecimalAnswer(value=Decimal(5)).compare("5 kg") is False


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("MW", "5 mW", False),
        ("euros", "5 Euros", True),
        ("euros", "€5", True),
        ("euros", "5\\,€", True),
        ("m/s^2", "5 m/s²", True),
        ("m/s", "5\\;\\mathrm{m\\,s^{-1}}", True),
        ("m/s", "5 metres per second", True),
        ("m/s", "5 s/m", False),
        ("ms", "5 m s", False),
        ("Ω", "5~Ω", True),
        ("ohm", "5\\ \\Omega", True),
        ("mg", "5 milligrams", True),
        ("m", "5 or 6 m", False),
        (None, "5 kg", False),
    ],
)
def test_units_are_compared_as_products_of_symbols(unit, text, expected):
    assert DecimalAnswer(value=Decimal(5), unit=unit).compare(text) is expected


@pytest.mark.parametrize(
    ("items", "text", "expected"),
    [
        (("(0, 1)", "(1, 0)"), "(1,0), (0,1)", True),
        (("(0, 1)",), "(0, 1)", True),
        (("(0, 1)",), "{(0, 1)}", True),
        (("{1}", "{2}"), "\\{2\\}, \\{1\\}", True),
        (("010", "10"), "10, 10", False),
        (("1 2", "3"), "12, 3", False),
        (("A B",), "B", False),
        ((), "\\emptyset", True),
        ((), "{}", True),
        (("1",), "none", False),
        (("100 200",), "100200", False),
        (("1000", "2"), "2, 1{,}000", True),
        (("0.5", "2"), "2.0, 1/2", True),
        (("1", "234"), "1,234", True),
        (("kg^-1", "m^2"), "m², kg^{-1}", True),
    ],
)
def test_set_elements_are_told_apart(items, text, expected):
    assert SetAnswer(items=items).compare(text) is expected


def test_choice_outside_the_options_is_unparsed():
    answer = ChoiceAnswer(value="B", options=("A", "B", "C"))
    assert [answer.compare(t) for t in ("b.", "(B)", "\\text{B}", "A", "D", "")] == [
        *(True, True, True, False, None, None)
    ]
