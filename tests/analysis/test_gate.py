"""The gate's language means what the same words mean in Python, and nothing else runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.analysis.gate import NAMES, conditions, evaluate, parse_gate
from metaprobe.core.errors import ConfigError

FIELDS = ("", ".low", ".high")
VALUES = {
    f"{name}{field}": 0.01 * math.sin(7 * n + m)
    for n, name in enumerate(NAMES)
    for m, field in enumerate(FIELDS)
}


def value_of(quantity):
    return VALUES[str(quantity)]


def verdict(text, *, collapsed=False):
    return evaluate(parse_gate(text), value_of, collapsed=collapsed)


numbers = st.floats(-1, 1, allow_nan=False).map(lambda x: f"{x:.5f}") | st.sampled_from(
    ["0", "1", "-.02", "+3e-2", "5.", "1e-3"]
)
names = st.sampled_from(sorted(VALUES))
sides = st.one_of(
    numbers.map(lambda text: (text, text)), names.map(lambda text: (text, f"v[{text!r}]"))
)
blanks = st.sampled_from(["", " ", "  "])


@st.composite
def compared(draw):
    left, right = draw(sides), draw(sides)
    sign, gap = draw(st.sampled_from(["<", "<=", ">", ">="])), draw(blanks)
    return tuple(f"{a}{gap}{sign}{gap}{b}" for a, b in zip(left, right, strict=True))


def grown(inner):
    joined = st.tuples(inner, st.sampled_from(["and", "or"]), inner)
    return st.one_of(
        joined.map(lambda t: tuple(f"{a} {t[1]} {b}" for a, b in zip(t[0], t[2], strict=True))),
        inner.map(lambda t: tuple(f"not {a}" for a in t)),
        inner.map(lambda t: tuple(f"({a})" for a in t)),
    )


expressions = st.recursive(compared() | st.just(("collapse", "collapse")), grown, max_leaves=12)


@given(expressions, st.booleans())
def test_an_expression_means_what_it_means_in_python(pair, collapsed):
    ours, python = pair
    # Generated above, out of numbers, signs and these names alone.
    expected = eval(python, {"__builtins__": {}}, {"v": VALUES, "collapse": collapsed})
    assert verdict(ours, collapsed=collapsed) is expected


@given(expressions)
def test_what_is_shown_of_a_condition_reads_back_as_the_same(pair):
    for condition in conditions(parse_gate(pair[0])):
        (again,) = conditions(parse_gate(str(condition)))
        assert str(again) == str(condition)


@given(st.text(max_size=60) | st.lists(st.sampled_from(["(", ")", "<", "or", "0", "worst"])))
def test_any_text_is_an_expression_or_one_clear_line(text):
    message = None
    try:
        parse_gate(text if isinstance(text, str) else " ".join(text))
    except ConfigError as error:
        message = str(error)
    assert message is None or (
        message.startswith("--fail-on: column ") and len(message.splitlines()) == 1
    )


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "expected a name or a number, got the end"),
        ("collapse or", 12, "got the end"),
        ("mathematic < 0", 1, "unknown name 'mathematic'; did you mean 'mathematics'?"),
        ("mathematics.mean < 0", 1, ".low and .high"),
        ("mathematics", 12, "expected < <= > or >="),
        ("collapse mathematics < 0", 10, "expected and, or, or the end"),
        ("(collapse", 10, "expected ')'"),
        ("worst < -0.02 < 0", 15, "expected and, or, or the end"),
        ("worst == 0", 7, "'=' has no meaning here"),
        ("__import__ < 0", 1, "unknown name '__import__'"),
        ("__import__('os').system('x') < 0", 12, "has no meaning here"),
        ("worst < mathematics/", 20, "'/' has no meaning here"),
        ("worst < ٣", 9, "has no meaning here"),
        ("not" * 1, 4, "got the end"),
    ],
)
def test_an_error_names_the_column(text, column, words):
    with pytest.raises(ConfigError) as caught:
        parse_gate(text)
    assert str(caught.value).startswith(f"--fail-on: column {column}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["(" * 5000 + "collapse" + ")" * 5000, "not " * 5000 + "collapse"])
def test_deep_nesting_is_refused_before_the_stack_ends(text):
    with pytest.raises(ConfigError, match="inside each other"):
        parse_gate(text)


def test_a_long_expression_is_no_deep_one():
    assert verdict(" or ".join(["collapse"] * 5000), collapsed=True)
    assert not verdict(" and ".join(["collapse"] * 5000))
