"""Equations inside prose, against exact arithmetic of its own."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.claims import claim
from metaprobe.benchmark.equations import equations, only_equations

NUMBERS = st.integers(0, 99)
LEAVES = NUMBERS.map(lambda n: (str(n), Fraction(n)))


def combined(parts):
    (left, a), sign, (right, b) = parts
    values = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}
    return f"({left} {sign} {right})", values[sign]


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner)
        .map(combined)
        .filter(lambda made: made[1] is not None)
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(EXPRESSIONS, st.integers(-2, 2))
def test_an_equation_holds_exactly_where_both_sides_are_equal(made, off) -> None:
    text, value = made
    (found,) = equations(claim(f"So {text} = {value + off}, as said"))
    assert found.holds is (off == 0)


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("25 + 7 = 32", [True]),
        ("3 * 3 = 9 = 2 * 4 + 1", [True]),
        ("3 * 3 = 9 = 2 * 4 + 2", [False]),
        ("7 * 4 = 28, 28 + 4 = 33", [True, False]),
        ("11^5 mod 4 = 3", [True]),
        ("2 ** 6 = 64", [True]),
        ("47 // 4 = 11", [True]),
        ("-60^0 = -1", [True]),
        ("0.1 + 0.2 = 0.3", [True]),
        (r"3 \times 4 = 12", [True]),
        ("2 · 1,000 = 2,000", [True]),
        ("it is right (since 2 + 2 = 4)", [True]),
        ("2x + 3 = 7", []),
        ("x - 60 = 17", []),
        ("60 = 77x - 33", []),
        ("5 = 12.5m", []),
        ("7x = 77 / 11 = 7", [True]),
        ("10:55 + 50 = 11:45", []),
        ("2055-06-09 + 22 = 2055-07-01", []),
        ("6 = 4 + 2 = 0 1 1 0", []),
        ("1 / 0 = 0", []),
        ("9^9^9^9 = 1", []),
        ("x = 4", []),
        ("4 < 5 = 5", []),
    ],
)
def test_lines_are_read_as_people_mean_them(line, holds) -> None:
    assert [e.holds for e in equations(claim(line))] == holds


def test_names_and_numbers_are_told() -> None:
    (found,) = equations(claim("Numerator: 25 + 7 = 32"))
    assert (found.name, found.numbers) == ("numerator", (("25", "7"), ("32",)))
    assert equations(claim("k = 8 + 9 = 17"))[0].name == "k"


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("25 + 7 = 32", 1),
        ("New speed: 4 + 6 = 10", 1),
        ("7 * 4 = 28, 28 + 4 = 32", 2),
        ("R = 4 + 2 = 6", 1),
        ("23 is odd, 3 * 23 + 1 = 70", 0),
        ("2 + 2 = 5", 0),
        ("7523 < 32768", 0),
    ],
)
def test_a_line_of_equations_only_is_told_from_others(line, count) -> None:
    assert len(only_equations(claim(line))) == count


@settings(max_examples=50)
@given(st.text("0123456789+-*/^%()=. ax", max_size=400))
def test_any_text_is_read_without_an_error(text) -> None:
    equations(claim(text))
    only_equations(claim(text))
