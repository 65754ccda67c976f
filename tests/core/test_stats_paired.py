"""McNemar's test, Holm's adjustment, the BCa interval, and corrected accuracy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as reference

from metaprobe.core import stats
from metaprobe.core.streams import numpy_rng_for

HITS = st.integers(1, 30).flatmap(
    lambda n: arrays(np.float64, (2, n), elements=st.sampled_from([0.0, 1.0]))
)


@given(HITS)
def test_mcnemar_agrees_with_the_binomial_and_the_permutation_test(values):
    base, tuned = values
    lost, turned = int(((base - tuned) > 0).sum()), int((base != tuned).sum())
    expected = reference.binomtest(lost, turned).pvalue if turned else 1.0
    assert stats.mcnemar_p(base, tuned) == pytest.approx(expected)
    assert stats.permutation_p(base, tuned, stream="t") == pytest.approx(expected)
    seen = reference.binom(turned, 0.5).pmf(lost) if turned else 0.0
    mid = stats.mcnemar_p(base, tuned, mid=True)
    even = turned == 2 * lost
    assert mid == pytest.approx(expected - (0.0 if even else seen))


def test_mcnemar_needs_one_sample_an_item():
    with pytest.raises(ValueError, match="one sample"):
        stats.mcnemar_p(np.array([0.5]), np.array([1.0]))
    with pytest.raises(ValueError, match="pair"):
        stats.mcnemar_p(np.zeros(2), np.zeros(3))


def turned_over(rng, turned, lost, shape):
    """Base and tuned answers of items of which a share turned over, a share of those to wrong."""
    base = (rng.random(shape) < lost).astype(float)
    return base, np.where(rng.random(shape) < turned, 1 - base, base)


@pytest.mark.parametrize("n", [25, 100])
@pytest.mark.parametrize("turned", [0.1, 0.4])
def test_mcnemar_keeps_its_level_and_mid_p_is_nearer_to_it(n, turned):
    rng = numpy_rng_for("mcnemar", n, turned)
    base, tuned = turned_over(rng, turned, 0.5, (1000, n))
    rates = []
    for mid in (False, True):
        p = [stats.mcnemar_p(b, t, mid=mid) for b, t in zip(base, tuned, strict=True)]
        rates.append(np.mean(np.array(p) <= 0.05))
    print(f"\nMcNemar at 5 %, {n} items, {turned} turned: exact {rates[0]:.3f}, mid {rates[1]:.3f}")
    assert rates[0] <= rates[1] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_holm_agrees_with_its_definition():
    p = numpy_rng_for("t").random(40) ** 3
    ranked = np.sort(p)
    expected = [
        min(1.0, max((40 - j) * ranked[j] for j in range(40) if ranked[j] <= each)) for each in p
    ]
    assert stats.holm(p) == pytest.approx(expected)
    assert stats.holm(np.zeros(0)).size == 0
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        stats.holm(np.array([0.5, np.nan]))


def test_holm_and_benjamini_hochberg_keep_their_rates():
    """Of 20 hypotheses 10 are false; test statistics are correlated, as changes of one base are."""
    rng = numpy_rng_for("rates")
    common, own = rng.standard_normal((1000, 1)), rng.standard_normal((1000, 20))
    p = 2 * reference.norm.sf(np.abs(np.sqrt(0.3) * common + np.sqrt(0.7) * own + 3 * SHIFTED))
    family = np.mean([(stats.holm(row)[~SHIFTED] <= 0.05).any() for row in p])
    found = np.array([stats.benjamini_hochberg(row) <= 0.05 for row in p])
    false_share = (found[:, ~SHIFTED].sum(axis=1) / np.maximum(found.sum(axis=1), 1)).mean()
    print(f"\nany false one with Holm {family:.3f}, share of false ones with BH {false_share:.3f}")
    assert family <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
    assert false_share <= 0.05


SHIFTED = np.arange(20) < 10


def test_bca_agrees_with_scipy():
    rng = numpy_rng_for("bca")
    base, tuned = rng.integers(3, 5, 60) / 4, rng.integers(0, 5, 60) / 4
    expected = reference.bootstrap(
        (tuned - base,), np.mean, n_resamples=20_000, method="BCa", rng=rng
    ).confidence_interval
    found = stats.bca_delta(base, tuned, stream="t", draws=20_000)
    assert found.value == pytest.approx((tuned - base).mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.006)


def test_bca_has_no_width_where_all_items_moved_alike():
    assert stats.bca_delta(np.zeros(9), np.full(9, 0.5), stream="t") == (0.5, 0.5, 0.5, 9)


@given(arrays(np.float64, (2, 12), elements=st.integers(0, 4).map(lambda hits: hits / 4)))
def test_bca_holds_its_value_and_repeats(values):
    interval = stats.bca_delta(*values, stream="t", draws=200)
    assert interval.low <= interval.value <= interval.high
    assert interval == stats.bca_delta(*values, stream="t", draws=200)


def covered(method, base, tuned, truth):
    found = [method(b, t, stream=str(i)) for i, (b, t) in enumerate(zip(base, tuned, strict=True))]
    return np.mean([i.low <= truth + 1e-9 and truth - 1e-9 <= i.high for i in found])


@pytest.mark.slow
@pytest.mark.parametrize("n", [25, 50, 100])
@pytest.mark.parametrize("samples", [1, 4])
def test_the_interval_in_use_covers_where_bca_does_not(n, samples):
    """The table of docs/power.md: nominal 0.95, 250 studies each."""
    coverage = {stats.paired_delta: [], stats.bca_delta: []}
    for share, spread in ((0.02, 0.5), (0.5, 2.0), (0.98, 2.0)):
        for lost in (0.0, 0.05):
            rng = numpy_rng_for("intervals", n, samples, share, lost)
            before = rng.beta(share * spread, (1 - share) * spread, (250, n))
            after = np.where(rng.random((250, n)) < lost, 0.0, before)
            base = rng.binomial(samples, before) / samples
            tuned = rng.binomial(samples, after) / samples
            for method, found in coverage.items():
                found.append(covered(method, base, tuned, -lost * share))
    ours, bca = coverage.values()
    print(
        f"\n| {n} | {samples} | {np.mean(ours):.3f} | {min(ours):.3f} "
        f"| {np.mean(bca):.3f} | {min(bca):.3f} |"
    )
    assert min(ours) >= 0.91
    assert min(bca) < min(ours)
    assert np.mean(bca) < np.mean(ours)


def test_corrected_accuracy_is_0_for_guessing_and_1_for_certainty():
    chance = np.array([0.25, 0.25, 0.5, 0.5])
    assert stats.chance_corrected(np.ones(4), chance).value == 1
    assert stats.chance_corrected(chance, chance).value == pytest.approx(0)
    assert stats.chance_corrected(np.zeros(4), chance).value == pytest.approx(-0.375 / 0.625)
    assert stats.chance_corrected(chance, np.zeros(4)) == stats.mean_interval(chance)
    assert stats.chance_corrected(np.zeros(0), np.zeros(0)) is None


@pytest.mark.parametrize("chance", [[0.5], [0.5, 1.5], [1.0, 1.0], [np.nan, 0.5]])
def test_impossible_chances_are_refused(chance):
    with pytest.raises(ValueError, match="chance"):
        stats.chance_corrected(np.array([0.5, 0.5]), np.array(chance))


@pytest.mark.parametrize("skill", [0.0, 0.5])
def test_corrected_accuracy_covers_where_chances_differ(skill):
    rng = numpy_rng_for("chance", skill)
    chance = rng.choice([0.2, 0.5], (500, 40))
    known = rng.random((500, 40)) < skill
    values = rng.binomial(4, np.where(known, 1.0, chance)) / 4
    found = [stats.chance_corrected(v, c) for v, c in zip(values, chance, strict=True)]
    rate = np.mean([i.low <= skill <= i.high for i in found])
    print(f"\ncorrected accuracy, skill {skill}: coverage {rate:.3f}")
    assert rate >= 0.92
