"""Transfer against sums done by hand and another writing of the published formulas.

The values that arXiv 2507.00432 prints cannot be made again: of the accuracies behind them only
the means over four benchmarks are published.
"""

from math import copysign, sqrt
from statistics import fmean, pstdev

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.analysis.transfer import domain_index, relative_gain, transfer
from metaprobe.core.vocabulary import CELLS, Domain

TRAINED = {str(cell) for cell in CELLS if cell.domain == Domain.MATHEMATICS}
ITEMS = 20


def items(accuracy, *, cells=CELLS):
    """Items of which the first ones are right, so that a cell has just this accuracy."""
    return pl.DataFrame(
        [
            {
                "item_id": f"{cell}/{n}",
                "domain": str(cell.domain),
                "skill": str(cell.skill),
                "accuracy": float(n < round(accuracy(cell) * ITEMS)),
            }
            for cell in cells
            for n in range(ITEMS)
        ]
    )


def by_number(values):
    return lambda cell: values[CELLS.index(cell)]


def published(base, tuned, base_t, tuned_t):
    """Both indices, in percent of accuracies in percent, as the papers write them."""

    def relative(b, t):
        return fmean((y - x) / x for x, y in zip(b, t, strict=True))

    def weighted(b, t):
        gains = [y - x for x, y in zip(b, t, strict=True)]
        scaled = [gain / pstdev(gains) for gain in gains]
        signed = [copysign(sqrt(abs(d)), d) if d else 0.0 for d in scaled]
        weights = [(100 - x) / sum(100 - u for u in b) for x in b]
        return sum(w * s for w, s in zip(weights, signed, strict=True))

    return (
        100 * relative(base, tuned) / relative(base_t, tuned_t),
        100 * weighted(base, tuned) / weighted(base_t, tuned_t),
    )


def test_both_indices_by_hand():
    # Trained: 40 -> 60 and 50 -> 60. Gains 20 and 10, mean relative gain (0.5 + 0.2) / 2 = 0.35;
    # deviation 5, so roots 2 and sqrt 2, weights 60 and 50 of 110: (120 + 50 sqrt 2) / 110.
    base_t, tuned_t = np.array([0.4, 0.5]), np.array([0.6, 0.6])
    assert relative_gain(base_t, tuned_t) == pytest.approx(0.35)
    assert domain_index(base_t, tuned_t) == pytest.approx((120 + 50 * sqrt(2)) / 110)
    # Group: 80 -> 60 and 50 -> 55. Relative (-0.25 + 0.1) / 2 = -0.075; gains -20 and 5,
    # deviation 12.5, roots -sqrt 1.6 and sqrt 0.4, weights 20 and 50 of 70.
    base, tuned = np.array([0.8, 0.5]), np.array([0.6, 0.55])
    assert relative_gain(base, tuned) == pytest.approx(-0.075)
    assert domain_index(base, tuned) == pytest.approx((-20 * sqrt(1.6) + 50 * sqrt(0.4)) / 70)


shares = st.integers(1, ITEMS - 1).map(lambda n: n / ITEMS)


@given(st.lists(st.tuples(shares, shares), min_size=3, max_size=6))
def test_indices_are_those_of_the_papers(pairs):
    base, tuned = (np.array(column) for column in zip(*pairs, strict=True))
    base_t, tuned_t = np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.55, 0.45])
    if np.ptp(tuned - base) < 1e-9:
        assert np.isnan(domain_index(base, tuned))
        return
    ours = (
        100 * relative_gain(base, tuned) / relative_gain(base_t, tuned_t),
        100 * domain_index(base, tuned) / domain_index(base_t, tuned_t),
    )
    theirs = published(*(list(100 * x) for x in (base, tuned, base_t, tuned_t)))
    assert ours == (pytest.approx(theirs[0], abs=1e-9), pytest.approx(theirs[1], abs=1e-6))


def test_transfer_of_a_study_has_the_values_of_its_cells():
    rng = np.random.default_rng(3)
    before = rng.integers(4, 12, 20) / ITEMS
    after = before + np.array([0.2, 0.3, 0.25, 0.4, 0.35] + [-0.05, 0.1, 0.0, 0.05, -0.1] * 3)
    found = transfer(items(by_number(before)), {"sft": [items(by_number(after))]}, TRAINED)
    assert found.trained_domains == [Domain.MATHEMATICS]
    (arm,) = found.arms
    assert arm.trained.value == pytest.approx(0.3)
    assert arm.backward.value == pytest.approx(fmean([-0.05, 0.1, 0.0, 0.05, -0.1]))
    assert arm.backward.low < arm.backward.value < arm.backward.high
    for cell, entry in zip(CELLS, arm.cells, strict=True):
        n = CELLS.index(cell)
        assert (entry.domain, entry.skill, entry.n_items) == (*cell, ITEMS)
        assert entry.trained == (n < 5)
        assert entry.change.value == pytest.approx(after[n] - before[n])
    other, non = arm.groups
    assert (other.group, other.domains) == ("other", [Domain.SCIENCE, Domain.CODING])
    assert (non.group, non.domains) == ("non", [Domain.GENERAL])
    for group, part in ((other, slice(5, 15)), (non, slice(15, 20))):
        columns = (before[part], after[part], before[:5], after[:5])
        relative, weighted = published(*(list(100 * x) for x in columns))
        assert group.relative.value == pytest.approx(relative)
        assert group.difficulty_weighted.value == pytest.approx(weighted)
        assert group.relative.low < group.relative.value < group.relative.high
        assert group.change.value == pytest.approx(fmean(after[part] - before[part]))


@pytest.mark.parametrize(
    ("before", "after", "relative", "weighted"),
    [
        (0.5, lambda n: 0.5, "no gain in the trained", "trained domains changed by the same"),
        (0.5, lambda n: 0.4 - 0.05 * (n % 5), "no gain in the trained", "no gain in the trained"),
        (0.0, lambda n: 0.05 * n / 2, "the base is at 0 on mathematics/calculation", None),
        (0.5, lambda n: 0.6 if n > 4 else 0.5 + 0.05 * n, None, "the group changed by the same"),
        (1.0, lambda n: 1.0 - 0.05 * (n % 3), "no gain in the trained", "at 100 %"),
    ],
)
def test_an_undefined_index_has_no_value_and_a_reason(before, after, relative, weighted):
    base, tuned = items(lambda _: before), items(by_number([after(n) for n in range(20)]))
    (arm,) = transfer(base, {"a": [tuned]}, TRAINED).arms
    for group in arm.groups:
        for index, reason in ((group.relative, relative), (group.difficulty_weighted, weighted)):
            if reason is None:
                assert index.value is not None
            else:
                assert index.value is index.low is index.high is None
                assert reason in index.reason


def test_a_loss_that_the_weights_turn_into_a_gain_has_no_index():
    before = [0.2, 0.2, 0.2, 0.2, 0.95] + [0.5] * 15
    after = [0.25, 0.25, 0.25, 0.25, 0.3] + [0.4, 0.6, 0.5] * 5
    assert domain_index(np.array(before[:5]), np.array(after[:5])) > 0 > sum(after[:5]) - 1.75
    (arm,) = transfer(items(by_number(before)), {"a": [items(by_number(after))]}, TRAINED).arms
    for group in arm.groups:
        assert group.difficulty_weighted.value is None
        assert group.difficulty_weighted.reason == "no gain in the trained domains"


def test_a_gain_that_is_not_clear_has_no_interval():
    after = [0.55, 0.5, 0.5, 0.5, 0.5] + [0.4, 0.6, 0.5] * 5
    rng = np.random.default_rng(0)
    shuffled = items(by_number(after)).with_columns(
        accuracy=pl.Series(rng.permutation(np.repeat([0.0, 1.0], 200)).astype(float))
    )
    (arm,) = transfer(items(lambda _: 0.5), {"a": [shuffled]}, TRAINED).arms
    for group in arm.groups:
        if group.relative.value is not None:
            assert group.relative.low is group.relative.high is None
            assert "of the resamples" in group.relative.reason


def test_identical_models_transfer_nothing():
    table = items(lambda _: 0.5)
    (arm,) = transfer(table, {"same": [table, table]}, TRAINED).arms
    assert arm.n_seeds == 2
    assert (arm.backward.low, arm.backward.value, arm.backward.high) == (0, 0, 0)


def test_without_a_trained_cell_nothing_is_said():
    table = items(lambda _: 0.5)
    assert transfer(table, {"a": [table]}, set()) is None
    science = items(lambda _: 0.5, cells=[c for c in CELLS if c.domain == Domain.SCIENCE])
    assert transfer(science, {"a": [science]}, TRAINED) is None


def test_with_every_cell_trained_there_is_nothing_else():
    table = items(lambda _: 0.5)
    (arm,) = transfer(table, {"a": [table]}, {str(cell) for cell in CELLS}).arms
    assert arm.backward is None
    assert arm.groups == []
