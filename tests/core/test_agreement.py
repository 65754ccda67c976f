"""Kappa and alpha against published examples, a count by hand, scikit-learn and simulation."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.core.stats import cohen_kappa, krippendorff_alpha, raw_agreement
from metaprobe.core.streams import numpy_rng_for

Rows = list[list[str | None]]

PAIRS = st.lists(st.lists(st.sampled_from("xyz"), min_size=2, max_size=2), max_size=12)
RAGGED = st.lists(
    st.lists(st.sampled_from(["x", "y", "z", None]), min_size=3, max_size=3), max_size=12
)


def columns(*people: str) -> Rows:
    """Rows of items from what each person calls them, a dot being no label."""
    return [[None if c == "." else c for c in item] for item in zip(*people, strict=True)]


def by_counting(rows: Rows) -> float | None:
    """Alpha from all ordered pairs, within items and of all labels."""
    kept = [[label for label in row if label is not None] for row in rows]
    kept = [row for row in kept if len(row) > 1]
    every = [label for row in kept for label in row]
    apart = sum(a != b for a, b in permutations(every, 2))
    if not apart:
        return None
    within = sum(sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in kept)
    return 1 - (within / len(every)) / (apart / (len(every) * (len(every) - 1)))


@pytest.mark.parametrize(
    ("people", "alpha"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_the_worked_examples_of_krippendorff_2011(people: tuple[str, ...], alpha: float) -> None:
    found = krippendorff_alpha(columns(*people), stream="t")
    assert found is not None
    assert found.value == pytest.approx(alpha, abs=5e-4)
    assert found.low < found.value < found.high


@given(RAGGED)
@settings(max_examples=60)
def test_alpha_is_that_of_all_pairs_counted(rows: Rows) -> None:
    found = krippendorff_alpha(rows, stream="t", draws=20)
    expected = by_counting(rows)
    assert (found is None) == (expected is None)
    if found and expected is not None:
        assert found.value == pytest.approx(expected)
        assert found.low <= found.value <= found.high
        assert found.n == sum(sum(label is not None for label in row) > 1 for row in rows)


@given(PAIRS)
@settings(max_examples=60)
def test_kappa_is_that_of_the_table(rows: Rows) -> None:
    found = cohen_kappa(rows, stream="t", draws=20)
    n = len(rows)
    same = sum(a == b for a, b in rows)
    guess = sum(sum(a == c for a, _ in rows) * sum(b == c for _, b in rows) for c in "xyz")
    if n == 0 or guess == n * n:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx((same / n - guess / n**2) / (1 - guess / n**2))


def test_kappa_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels = numpy_rng_for("test", "kappa").integers(0, 4, (40, 2))
    found = cohen_kappa(labels.tolist(), stream="t")
    assert found is not None
    assert found.value == pytest.approx(metrics.cohen_kappa_score(*labels.T))


@given(PAIRS, st.permutations("xyz"))
@settings(max_examples=40)
def test_other_names_and_another_order_change_nothing(rows: Rows, names: list[str]) -> None:
    renamed = [[names["xyz".index(label or "")] for label in row] for row in rows]
    for measure in (cohen_kappa, krippendorff_alpha):
        first, second = (measure(some, stream="t", draws=20) for some in (rows, renamed))
        assert (first is None) == (second is None)
        if first and second:
            assert second == pytest.approx(first)
        swapped = measure([row[::-1] for row in rows], stream="t", draws=20)
        assert first is None or (swapped is not None and swapped == pytest.approx(first))


@pytest.mark.parametrize("measure", [cohen_kappa, krippendorff_alpha])
def test_all_agreeing_is_one_with_an_end_below_that_rises_with_items(measure) -> None:
    few, many = (measure(columns("xy" * n, "xy" * n), stream="t") for n in (3, 40))
    assert few.value == few.high == many.value == 1
    assert few.low < 0.7 < 0.9 < many.low < 1


def test_without_two_labels_or_with_one_name_there_is_nothing_to_say() -> None:
    alone = columns("xyz", "...")
    assert krippendorff_alpha(alone, stream="t") is None
    assert cohen_kappa(alone, stream="t") is None
    assert raw_agreement(alone) is None
    assert krippendorff_alpha([], stream="t") is None
    one_name = columns("xxx", "xxx")
    assert krippendorff_alpha(one_name, stream="t") is None
    assert cohen_kappa(one_name, stream="t") is None
    raw = raw_agreement(one_name)
    assert raw is not None
    assert (raw.value, raw.n) == (1, 3)
    with pytest.raises(ValueError, match="two people"):
        cohen_kappa(columns("x", "y", "z"), stream="t")


def test_raw_agreement_is_a_mean_over_items() -> None:
    raw = raw_agreement(columns("xx.", "xyz", "xxz"))
    assert raw is not None
    assert raw.value == pytest.approx((1 + 1 / 3 + 1) / 3)


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 20, 50])
@pytest.mark.parametrize(
    ("share", "slip"),
    [((0.8, 0.2), 0.1), ((0.5, 0.5), 0.3), ((0.9, 0.1), 0.1), ((0.7, 0.2, 0.1), 0.1)],
)
def test_intervals_cover_the_truth(n: int, share: tuple[float, ...], slip: float) -> None:
    """Each person sees the true label, or at a slip draws one: kappa is (1 - slip)^2."""
    rng = numpy_rng_for("test", "coverage", n, share, slip)
    runs, truth = 400, (1 - slip) ** 2
    shape = (runs, n, 2)
    drawn = rng.choice(len(share), p=share, size=shape)
    true = rng.choice(len(share), p=share, size=(runs, n, 1))
    labels = np.where(rng.random(shape) < slip, drawn, true)
    for measure in (cohen_kappa, krippendorff_alpha):
        found = [measure(some.tolist(), stream=f"t{i}", draws=500) for i, some in enumerate(labels)]
        covered = [one.low <= truth <= one.high for one in found if one]
        assert np.mean(covered) > 0.87
