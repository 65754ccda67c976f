"""Bounds of growth: which spellings are read, and as what."""

from itertools import combinations

import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.answers import BoundAnswer
from metaprobe.benchmark.bounds import read_bound
from metaprobe.benchmark.facts import table

GOLDS = {row["bound"] for row in table("complexities")}


def accepts(gold: str, text: str) -> bool | None:
    return BoundAnswer(value=gold).compare(text)


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("O(n log n)", r"$O(n\log n)$"),
        ("O(n log n)", r"\mathcal{O}(n \log_2 n)"),
        ("O(n log n)", r"\Theta(n \lg n)"),
        ("O(n log n)", r"$\Theta\left(n \cdot \log_{10}(n)\right)$"),
        ("O(n log n)", "Θ(n·ln n)"),
        ("O(n log n)", "O(N log(N))"),
        ("O(n log n)", r"\text{O}(n \, \log n)."),
        ("O(n log n)", "n log₂ n"),
        ("O(log n)", r"O(\log_{2}(n))"),
        ("O(V + E)", r"O(|E|+|V|)"),
        ("O(V + E)", r"O(\lvert V\rvert + \lvert E\rvert)"),
        ("O(V E)", r"O(|V| \cdot |E|)"),
        ("O(V E)", r"O(|V||E|)"),
        ("O(V E^2)", r"O(VE^{2})"),
        ("O(V E^2)", "O(V·E²)"),
        ("O(V E^2)", "O(V * E**2)"),
        ("O(E sqrt(V))", r"O(\sqrt{V}E)"),
        ("O(E sqrt(V))", r"O(\sqrt{|V|} \cdot |E|)"),
        ("O(E sqrt(V))", "O(E√V)"),
        ("O(E sqrt(V))", "O(E V^{1/2})"),
        ("O(E sqrt(V))", "O(V^0.5 E)"),
        ("O(n^(log2 3))", r"\mathcal{O}\left(n^{\log_2 3}\right)"),
        ("O(n^(log2 3))", r"n^{\log_23}"),
        ("O(n^(log2 3))", r"n^{\log_{2}{3}}"),
        ("O(n^(log2 3))", "O(n^(lg 3))"),
        ("O(n^(log2 3))", "O(n^(log₂3))"),
        ("O(n^2 2^n)", r"O(2^n \cdot n^2)"),
        ("O(n^2 2^n)", r"O(n^{2}2^{n})"),
        ("O(n^2 2^n)", "O(n²2ⁿ)"),
        ("O(d (n + k))", "O(d(n+k))"),
        ("O(d (n + k))", "O(dk + dn)"),
        ("O(n log log n)", r"O(n \log(\log n))"),
        ("O(n!)", "n!"),
        ("O(1)", r"\Theta(1)"),
    ],
)
def test_usual_spelling_of_a_bound_is_accepted(gold, text):
    assert accepts(gold, text) is True


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("O(n)", "o(n)"),
        ("O(n)", "Ω(n)"),
        ("O(n)", r"\Omega(n)"),
        ("O(n)", "O(2n)"),
        ("O(n)", "O(n/2)"),
        ("O(n)", "linear"),
        ("O(1)", "1"),
        ("O(1)", "O(n^0) + 1"),
        ("O(2^n)", "O(2n)"),
        ("O(n^2)", "O(n2)"),
        ("O(n log n)", "O(log n n)"),
        ("O(n log n)", "O(n log n^2)"),
        ("O(n log n)", "O(n log^2 n)"),
        ("O(n log n)", "O(n log m)"),
        ("O(V + E)", "O(V) + O(E)"),
        ("O(E sqrt(V))", "O(sqrt V E)"),
        ("O(E sqrt(V))", "O(√|V||E|)"),
        ("O(E sqrt(V))", "O(E V^1/2)"),
        ("O(n^(log2 3))", "O(n^(log 3))"),
        ("O(n^(log2 3))", "O(n^(log2 7))"),
        ("O(n^2 2^n)", "O(n^22^n)"),
        ("O(n log n)", "O(n log n), as each of log n levels has n"),
    ],
)
def test_other_or_ambiguous_text_is_rejected(gold, text):
    assert accepts(gold, text) is not True


def test_the_golds_of_the_table_are_read_and_differ():
    bounds = {gold: read_bound(f"O({gold})") for gold in GOLDS}
    assert None not in bounds.values()
    for one, other in combinations(GOLDS, 2):
        assert bounds[one] != bounds[other], (one, other)


# The values of the variables at three places; in no two do they have the same proportions.
POINTS = [
    {"n": 19, "m": 23, "k": 29, "V": 31, "E": 37},
    {"n": 41, "m": 17, "k": 13, "V": 11, "E": 7},
    {"n": 6, "m": 43, "k": 5, "V": 47, "E": 18},
]

# By kind of factor: its value, and its spellings. Those in the last tuple end in a function without
# brackets, so that nothing can follow.
FACTORS = {
    "linear": (mp.mpf, ("{x}", "|{x}|"), ()),
    "square": (lambda x: mp.mpf(x) ** 2, ("{x}^2", "{x}^{{2}}", "{x}²", "{x}**2"), ()),
    "root": (
        mp.sqrt,
        ("sqrt({x})", r"\sqrt{{{x}}}", "{x}^(1/2)", "{x}^{{0.5}}"),
        ("√{x}", r"\sqrt {x}"),
    ),
    "logarithm": (
        mp.log,
        ("log({x})", r"\log_2({x})", "ln({x})", "(log {x})"),
        ("log {x}", r"\log_{{2}} {x}", "lg {x}", "log₂{x}"),
    ),
    "iterated": (
        lambda x: mp.log(mp.log(x)),
        ("log(log {x})", r"\log\log({x})"),
        ("log log {x}", r"\log \log {x}"),
    ),
    "exponential": (lambda x: mp.mpf(2) ** x, ("2^{x}", "2^{{{x}}}", "2^({x})"), ()),
    "factorial": (mp.factorial, ("{x}!", "({x})!"), ()),
    "karatsuba": (
        lambda x: x ** mp.log(3, 2),
        ("{x}^(log2 3)", r"{x}^{{\log_2 3}}", "{x}^(lg 3)"),
        (r"{x}^log_2 3",),
    ),
    "strassen": (
        lambda x: x ** mp.log(7, 2),
        ("{x}^(log2(7))", r"{x}^{{\log_{{2}} 7}}"),
        (),
    ),
}
HEADS = (
    "O({})",
    "Θ({})",
    r"\Theta({})",
    r"\mathcal{{O}}({})",
    r"O\left({}\right)",
    "$O({})$",
    "{}",
)
factors = st.tuples(st.sampled_from(sorted(FACTORS)), st.sampled_from("nmkVE"))
sums = st.lists(st.lists(factors, min_size=1, max_size=2), min_size=1, max_size=2)


def value(terms, point: dict[str, int]):
    return sum(mp.fprod(FACTORS[kind][0](point[x]) for kind, x in term) for term in terms)


def grow_equally(terms, others) -> bool:
    """Whether the proportion of two bounds is the same at all points."""
    with mp.workdps(400):  # even log log n shows beside n!
        proportions = [value(terms, point) / value(others, point) for point in POINTS]
        return mp.fabs(max(proportions) / min(proportions) - 1) < mp.mpf(10) ** -300


@st.composite
def spellings(draw, terms) -> str:
    """A way to write a sum of products, its parts in any order."""
    written = []
    for term in draw(st.permutations(terms)):
        factors = draw(st.permutations(term))
        texts = []
        for place, (kind, x) in enumerate(factors, start=1):
            _, closed, at_the_end = FACTORS[kind]
            usable = closed + at_the_end if place == len(factors) else closed
            texts.append(draw(st.sampled_from(usable)).format(x=x))
        written.append(draw(st.sampled_from((" ", " * ", "·", r" \cdot ", r"\times "))).join(texts))
    return draw(st.sampled_from(HEADS)).format(draw(st.sampled_from((" + ", "+"))).join(written))


def plain(terms) -> str:
    products = (" ".join(FACTORS[kind][1][0].format(x=x) for kind, x in term) for term in terms)
    return f"O({' + '.join(products)})"


@given(st.data(), sums)
def test_every_spelling_of_the_same_bound_is_accepted(data, terms):
    assert accepts(plain(terms), data.draw(spellings(terms))) is True


@given(st.data(), sums, sums)
def test_a_bound_is_accepted_if_and_only_if_it_grows_equally(data, terms, others):
    accepted = accepts(plain(terms), data.draw(spellings(others)))
    assert accepted is grow_equally(terms, others)


@given(st.text(r"OnmE0129 +*^!|(){}[]/\_.", max_size=150) | st.text())
def test_any_text_is_a_bound_or_none(text):
    assert read_bound(text) is None or isinstance(read_bound(text), frozenset)


@pytest.mark.parametrize("text", ["(" * 99, "√" * 99, "O(" + "log " * 24 + ")", "(a+b)" * 19])
def test_hostile_text_ends_soon(text):
    assert read_bound(text) is None
