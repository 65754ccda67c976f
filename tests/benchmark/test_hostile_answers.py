"""Hostile and oddly written answers: always a verdict, and the same one where writing differs.

What such answers cost is measured by `tools/fuzz_grading.py`, and not here: how long a test takes
says more about the machine's other work.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.answers import (
    MAX_ANSWER_CHARACTERS,
    ChoiceAnswer,
    DecimalAnswer,
    IntegerAnswer,
    RationalAnswer,
    SequenceAnswer,
    SetAnswer,
    StepAnswer,
    TextAnswer,
    parse_number,
)
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.vocabulary import Verdict

MEGABYTE = 10**6
GOLDS = (
    IntegerAnswer(value=7),
    RationalAnswer(numerator=1, denominator=2),
    DecimalAnswer(value=Decimal("7.5"), unit="m"),
    TextAnswer(value="seven"),
    SequenceAnswer(items=("1", "7")),
    SetAnswer(items=("1", "7")),
    ChoiceAnswer(value="A", options=("A", "B")),
    StepAnswer(index=1, steps=7),
)
SCRIPTS = [chr(zero) for zero in (0x30, 0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE, 0x1FBF0)]
"""The zero of several sets of decimal digits, ASCII first."""
INVISIBLE = ["\u200b", "\u200e", "\u200f", "\u2066", "\u2069", "\u00ad", "\ufeff"]
MINUS = ["-", "\u2212", "\u2010", "\u2013", "\uff0d", "\ufe63"]
SPACE = ["", " ", "  ", "\n", "\t", "\u00a0", "\u202f", "\\ ", "\\;", "~"]
GAPS = [",", " ", "{,}", "\\,", "\\ ", ",\\!", "\u202f", "\u00a0"]

names = st.text("bcdfghjklmnpqrstvwxyz", min_size=1, max_size=6)
elements = st.one_of(names, st.integers(-999, 999).map(str))


@given(st.text(max_size=60))
def test_any_text_gets_a_comparison(text):
    for answer in GOLDS:
        assert answer.compare(text) in (True, False, None)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "(",
            "{",
            "}",
            "\\{",
            "\\text{",
            "\\frac{",
            "\\frac1",
            "^{",
            "\\boxed{",
            "\\boxed{}",
            "$",
        ),
        *("1,", "1 ", "1{,}", "1e9", "10^{", "/1", "a ", "m/", "\\,", "½", "²", "٣", "ﷺ", "#"),
        *(
            "\x00",
            "\ud800",
            "\udfff",
            "\u200f",
            "\u202e",
            "9",
            "=",
            "answer is ",
            "check ",
            "sanity check ",
        ),
    ],
    ids=ascii,
)
def test_a_megabyte_gets_a_verdict(piece):
    text = piece * (MEGABYTE // len(piece))
    responses = (text, f"\\boxed{{{text}}}", f"{text}\\boxed{{1}}", f"\\boxed{{1}}{text}")
    for answer in GOLDS:
        assert answer.compare(text) is None
        for response in responses:
            assert grade(answer, response, lenient=True, marked=True).verdict in Verdict
    assert has_self_check(text) is (piece == "sanity check ")


@pytest.mark.parametrize("answer", GOLDS, ids=lambda answer: answer.kind)
@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{}",
        "1e999999999",
        "10^{10^{10}}",
        "9" * 61,
        "7\x00",
        "\ud800",
        "{" * 900 + "}" * 900,
    ],
    ids=ascii,
)
def test_what_no_gold_is_is_never_correct(answer, text):
    assert grade(answer, f"\\boxed{{{text}}}").verdict in (Verdict.WRONG, Verdict.UNPARSED)


def test_an_empty_box_in_a_box_is_no_answer():
    assert grade(GOLDS[0], "\\boxed{\\boxed{}}").verdict is Verdict.UNPARSED
    assert grade(GOLDS[0], "\\boxed{\\boxed{7}}").verdict is Verdict.CORRECT


def test_no_answer_is_longer_than_the_limit():
    word = "x" * MAX_ANSWER_CHARACTERS
    assert TextAnswer(value=word).compare(word) is True
    assert TextAnswer(value=word + "x").compare(word + "x") is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(SCRIPTS), st.data())
def test_writing_of_a_whole_number_does_not_matter(value, zero, data):
    digits = "".join(chr(ord(zero) + int(digit)) for digit in str(abs(value)))
    sign = data.draw(st.sampled_from(MINUS)) if value < 0 else data.draw(st.sampled_from(["", "+"]))
    marked = data.draw(st.sampled_from(INVISIBLE)).join([*sign, *digits])
    left, right = data.draw(st.sampled_from(SPACE[:-1])), data.draw(st.sampled_from(SPACE))
    text = f"{left}{marked}{right}"
    assert IntegerAnswer(value=value).compare(text) is True
    assert IntegerAnswer(value=value + 1).compare(text) is False


@given(st.integers(-(10**15), 10**15), st.sampled_from(GAPS), st.integers(0, 999))
def test_thousands_are_set_apart_in_any_usual_way(value, gap, decimals):
    text = f"{value:,}".replace(",", gap)
    assert parse_number(text) == value
    assert parse_number(f"{text}.{decimals:03}") == Fraction(f"{value}.{decimals:03}")
    assert DecimalAnswer(value=Decimal(value), unit="m").compare(f"{text} m") is True


@given(st.lists(st.from_regex(r"\d{1,4}", fullmatch=True), min_size=2, max_size=5))
def test_spaces_and_commas_make_thousands_only_where_three_digits_follow(groups):
    grouped = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    expected = int("".join(groups)) if grouped else None
    assert parse_number(" ".join(groups)) == expected
    assert parse_number(",".join(groups)) == expected


@given(
    st.integers(-99, 99),
    st.integers(1, 99),
    st.sampled_from(["frac", "dfrac", "tfrac", "cfrac"]),
    st.sampled_from(["", " "]),
    st.booleans(),
)
def test_latex_fractions_are_exact(over, under, command, space, braces):
    brace = braces or not (0 <= over <= 9 and under <= 9)
    parts = (f"{{{over}}}", f"{{{under}}}") if brace else (str(over), str(under))
    text = f"\\{command}{space if brace else ' ' * (not braces)}{parts[0]}{space}{parts[1]}"
    value = Fraction(over, under)
    right = RationalAnswer(numerator=value.numerator, denominator=value.denominator)
    assert right.compare(text) is True
    assert right.compare(f"-{text}") is (value == 0)


@given(st.lists(elements, min_size=1, max_size=6, unique=True), st.data())
def test_a_set_has_no_order_and_a_sequence_has(items, data):
    order = data.draw(st.permutations(items))
    space = data.draw(st.sampled_from(SPACE[:-1]))
    opening, closing = data.draw(st.sampled_from(["{}", "[]", "()", ("\\{", "\\}"), ("", "")]))
    text = f"{opening}{space}{f'{space},{space}'.join(order)}{space}{closing}"
    assert SetAnswer(items=tuple(items)).compare(text) is True
    assert SequenceAnswer(items=tuple(items)).compare(text) is (order == items)
    assert SetAnswer(items=tuple(items)).compare(f"{text}, zzzzzzz") is False


@given(st.decimals(-(10**30), 10**30, places=20, allow_nan=False))
def test_a_quantity_of_any_precision_accepts_its_rendering(value):
    answer = DecimalAnswer(value=value)
    assert Fraction(answer.render()) == Fraction(value)
    assert answer.compare(answer.render()) is True
