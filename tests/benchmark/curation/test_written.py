"""Golds of corpora become the answers that they write."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.answers import FreeFormAnswer, IntegerAnswer, RationalAnswer
from metaprobe.benchmark.curation.written import parse_gold

INTEGERS = st.integers(-(10**12), 10**12)
PROSE = st.text("Then we add 1 + 2 = 3.\n$,é−²", max_size=40)


@given(INTEGERS, PROSE)
def test_what_follows_the_mark_of_gsm8k_is_the_gold(value: int, steps: str) -> None:
    for written in (f"{value}", f"{value:,}"):
        gold = parse_gold(f"{steps}\n#### {written}", worked=True)
        assert gold == IntegerAnswer(value=value)


@given(INTEGERS, PROSE, st.sampled_from(["{}", "${}$", "\\text{{{}}}", " {} "]))
def test_what_is_boxed_in_a_solution_is_the_gold(value: int, steps: str, form: str) -> None:
    text = f"{steps} $\\boxed{{{form.format(value)}}}$. {steps}"
    assert parse_gold(text, worked=True) == IntegerAnswer(value=value)


@given(INTEGERS, st.integers(1, 10**6), st.sampled_from(["{}/{}", "\\frac{{{}}}{{{}}}"]))
def test_a_fraction_is_exact(above: int, below: int, form: str) -> None:
    exact = Fraction(above, below)
    gold = parse_gold(form.format(above, below))
    if exact.denominator == 1:
        assert gold == IntegerAnswer(value=int(exact))
    else:
        expected = RationalAnswer(numerator=exact.numerator, denominator=exact.denominator)
        assert gold == expected


@given(PROSE)
def test_a_worked_solution_without_a_mark_has_no_gold(text: str) -> None:
    assert parse_gold(text, worked=True) is None


@given(st.one_of(INTEGERS.map(str), st.fractions().map(str)))
def test_a_gold_that_was_read_accepts_itself(text: str) -> None:
    gold = parse_gold(text)
    assert gold is not None
    assert gold.compare(text) is True
    assert gold.compare(gold.render()) is True


@pytest.mark.parametrize("text", ["", "  ", "$$", "two\nlines", "x" * 3000, "}{", "\\boxed{}"])
def test_what_is_no_answer_has_no_gold(text: str) -> None:
    assert parse_gold(text) is None


def test_mathematics_that_is_no_number_is_an_expression() -> None:
    gold = parse_gold("So $\\boxed{\\frac{\\sqrt{3}}{3}}$.", worked=True)
    assert gold == FreeFormAnswer(value="\\frac{\\sqrt{3}}{3}")
    assert gold.compare("1/\\sqrt{3}") is True
    assert gold.compare("\\sqrt{3}") is False
