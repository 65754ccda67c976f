"""Rates, rank statistics and agreement against scipy, brute force and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metaprobe.core.association import auroc, auroc_interval, kappa, rate_interval, spearman
from metaprobe.core.streams import numpy_rng_for

COUNTS = st.lists(st.integers(0, 5), min_size=3, max_size=30)


@given(positive=COUNTS, negative=COUNTS)
def test_the_area_is_the_share_of_pairs_in_order(positive: list[int], negative: list[int]) -> None:
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    found = auroc(np.array(positive, dtype=float), np.array(negative, dtype=float))
    assert found == pytest.approx(np.mean(pairs))


def test_the_interval_of_an_area_solves_its_own_equation() -> None:
    value, m, n, z = 0.8, 12, 30, stats.norm.ppf(0.975)
    found = auroc_interval(value, m, n)
    for end in (found.low, found.high):
        power = (m + n) / 2 - 1
        hanley_mcneil = 1 + power * ((1 - end) / (2 - end) + end / (1 + end))
        variance = end * (1 - end) * hanley_mcneil / (m * n)
        assert (end - value) ** 2 == pytest.approx(z * z * variance, rel=1e-6)


def test_a_perfect_area_is_not_certain() -> None:
    found = auroc_interval(1.0, 10, 40)
    assert 0.6 < found.low < 0.98
    assert found.high == 1
    assert auroc_interval(0.0, 10, 40).high == pytest.approx(1 - found.low)


def test_the_interval_of_an_area_covers() -> None:
    rng = numpy_rng_for("test-association", "area")
    shift = 1.0
    truth = stats.norm.cdf(shift / np.sqrt(2))
    hits = 0
    for _ in range(300):
        area = auroc(rng.normal(shift, 1, 12), rng.normal(0, 1, 48))
        interval = auroc_interval(area, 12, 48)
        hits += interval.low <= truth <= interval.high
    assert 0.91 <= hits / 300 <= 0.995


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_kappa_and_spearman_agree_with_other_computations(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=float).T
    found = spearman(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-9)
        assert -1 <= found.low <= found.value <= found.high <= 1
    a, b = (first > 0).astype(float), (second > 0).astype(float)
    table = np.array([[np.mean((a == i) & (b == j)) for j in (0, 1)] for i in (0, 1)])
    expected = float(table.sum(1) @ table.sum(0))
    agreement = kappa(a, b)
    if expected == 1:
        assert agreement is None
    else:
        assert agreement is not None
        assert agreement.value == pytest.approx((np.trace(table) - expected) / (1 - expected))


def test_perfect_agreement_of_a_few_pairs_is_not_certain() -> None:
    readings = np.array([0.0, 1.0] * 6)
    for found in (kappa(readings, readings), spearman(readings, readings)):
        assert found is not None
        assert found.value == found.high == pytest.approx(1)
        assert found.low < 0.95


def test_the_interval_of_a_rate_covers_overdispersed_counts() -> None:
    rng = numpy_rng_for("test-association", "rate")
    hits = 0
    for _ in range(1000):
        exposures = rng.integers(1, 5, 40).astype(float)
        events = rng.poisson(exposures * rng.gamma(1.0, 0.5, 40)).astype(float)
        interval = rate_interval(events, exposures)
        assert interval is not None
        hits += interval.low <= 0.5 <= interval.high
    assert 0.9 <= hits / 1000 <= 0.98


def test_no_event_is_not_certainly_none_and_no_exposure_is_no_rate() -> None:
    found = rate_interval(np.zeros(20), np.full(20, 3.0))
    assert found is not None
    assert found.value == found.low == 0
    assert 0.01 < found.high < 0.1
    assert rate_interval(np.zeros(2), np.zeros(2)) is None
    with pytest.raises(ValueError, match="shapes"):
        rate_interval(np.zeros(2), np.zeros(3))
