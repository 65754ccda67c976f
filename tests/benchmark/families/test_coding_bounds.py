"""Which spellings of a bound are accepted, and which are not."""

from itertools import combinations

import pytest

from metaprobe.benchmark.answers import TextAnswer, fold
from metaprobe.benchmark.family import families
from metaprobe.core.vocabulary import LEVELS, Split


def golds() -> dict[str, TextAnswer]:
    """The golds of the family, by their own rendering."""
    family = next(f for f in families() if f.name == "complexity_of_algorithm")
    items = [
        item
        for level in LEVELS
        for item in family.stream(split=Split.TRAIN, level=level, seed=0, limit=50)
    ]
    return {item.answer.render(): item.answer for item in items}


GOLDS = golds()


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("O(n log n)", r"$O(n\log n)$"),
        ("O(n log n)", r"\mathcal{O}(n \log_2 n)"),
        ("O(n log n)", "O(N log(N))"),
        ("O(n log n)", "O(n·log n)"),
        ("O(log n)", r"O(\log_{2}(n))"),
        ("O(V + E)", r"O(|E|+|V|)"),
        ("O(V E)", r"O(|V| \cdot |E|)"),
        ("O(V E^2)", r"O(VE^{2})"),
        ("O(V E^2)", "O(V·E²)"),
        ("O(E sqrt(V))", r"O(\sqrt{V}E)"),
        ("O(E sqrt(V))", r"O(\sqrt{|V|} \cdot |E|)"),
        ("O(n^(log2 3))", r"\mathcal{O}\left(n^{\log_2 3}\right)"),
        ("O(n^(log2 3))", "O(n^(log₂3))"),
        ("O(n^2 2^n)", r"O(2^n \cdot n^2)"),
        ("O(d (n + k))", "O(d(n+k))"),
        ("O(n log log n)", r"O(n \log(\log n))"),
    ],
)
def test_usual_spelling_of_a_bound_is_accepted(gold, text):
    assert GOLDS[gold].compare(text) is True


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("O(n log n)", "O(log n n)"),
        ("O(E sqrt(V))", "O(sqrt V E)"),
        ("O(E sqrt(V))", "O(E V)"),
        ("O(n^2 2^n)", "O(2^n)"),
        ("O(n!)", "n"),
        ("O(n)", "n!"),
        ("O(1)", "O(n)"),
    ],
)
def test_other_bound_is_rejected(gold, text):
    assert GOLDS[gold].compare(text) is False


def test_no_spelling_belongs_to_two_bounds():
    spellings = {
        gold: {fold(text) for text in (answer.value, *answer.aliases)}
        for gold, answer in GOLDS.items()
    }
    for one, other in combinations(spellings, 2):
        assert not spellings[one] & spellings[other], (one, other)
