import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as reference
from scipy.special import expit, logit

from metaprobe.core import stats
from metaprobe.core.streams import numpy_rng_for

SHARES = st.integers(0, 4).map(lambda hits: hits / 4)


def accuracies(rng, share, spread, shape, k=4):
    """Accuracies of items whose difficulty is beta-distributed around `share`."""
    difficulty = rng.beta(share * spread, (1 - share) * spread, shape)
    return rng.binomial(k, difficulty) / k


@pytest.mark.parametrize(("hits", "n"), [(0, 25), (1, 25), (13, 25), (25, 25), (7, 200)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_agrees_with_scipy(hits, n, level):
    expected = reference.binomtest(hits, n).proportion_ci(level, method="wilson")
    interval = stats.wilson(hits, n, level)
    assert interval is not None
    assert interval == pytest.approx((hits / n, expected.low, expected.high, n))


def test_no_data_has_no_interval():
    assert stats.wilson(0, 0) is None
    assert stats.mean_interval(np.zeros(0)) is None
    assert stats.minimum_detectable_effect(np.array([0.5])) is None
    assert stats.benjamini_hochberg(np.zeros(0)).size == 0


@pytest.mark.parametrize("values", [[0.0, 1.5], [float("nan"), 0.5], [-0.1]])
def test_what_is_no_accuracy_is_refused(values):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        stats.mean_interval(np.array(values))
    with pytest.raises(ValueError, match="hits"):
        stats.wilson(3, 2)


@pytest.mark.parametrize("function", [stats.paired_delta, stats.permutation_p])
def test_items_that_do_not_pair_are_refused(function):
    with pytest.raises(ValueError, match="pair"):
        function(np.zeros(3), np.zeros(4), stream="t")
    with pytest.raises(ValueError, match="pair"):
        function(np.zeros(0), np.zeros(0), stream="t")
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        function(np.zeros(2), np.array([0.0, np.nan]), stream="t")


def test_the_t_interval_agrees_with_scipy_and_covers():
    draws = numpy_rng_for("t interval").normal(3.0, 2.0, (2000, 6))
    found = [stats.t_interval(row) for row in draws]
    for row, interval in zip(draws[:20], found, strict=False):
        expected = reference.ttest_1samp(row, 0).confidence_interval()
        assert interval == pytest.approx((row.mean(), *expected, 6))
    assert np.mean([i.low <= 3.0 <= i.high for i in found]) == pytest.approx(0.95, abs=0.015)
    assert stats.t_interval(np.array([1.0])) is None


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0])))
def test_one_sample_an_item_gives_the_wilson_interval(values):
    expected = stats.wilson(int(values.sum()), values.size)
    assert stats.mean_interval(values) == pytest.approx(expected)


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, st.integers(1, 60), elements=SHARES))
def test_mean_interval_is_mirrored_and_holds_its_mean(values):
    interval = stats.mean_interval(values)
    mirrored = stats.mean_interval(1 - values)
    assert interval is not None
    assert mirrored is not None
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.high > interval.low
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((interval.low, interval.high))


def test_copies_of_a_cluster_add_nothing():
    values = numpy_rng_for("t").integers(0, 2, 30).astype(float)
    once = stats.mean_interval(values)
    copied = stats.mean_interval(np.repeat(values, 5), clusters=np.repeat(np.arange(30), 5))
    assert once is not None
    assert copied is not None
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_single_item_clusters_are_no_clusters():
    values = numpy_rng_for("t").integers(0, 5, 40) / 4
    clustered = stats.mean_interval(values, clusters=np.array([f"c{i}" for i in range(40)]))
    assert clustered == pytest.approx(stats.mean_interval(values))
    with pytest.raises(ValueError, match="labels"):
        stats.mean_interval(values, clusters=np.zeros(3))


@pytest.mark.parametrize("n", [10, 25, 100])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.98])
def test_mean_interval_covers(n, share):
    for spread in (0.5, 2.0, 10.0):
        rng = numpy_rng_for("coverage", n, share, spread)
        found = [stats.mean_interval(v) for v in accuracies(rng, share, spread, (500, n))]
        assert np.mean([i is not None and i.low <= share <= i.high for i in found]) >= 0.92


def test_mean_interval_covers_clusters():
    rng = numpy_rng_for("clusters")
    covered = []
    for _ in range(500):
        difficulty = np.repeat(rng.beta(2, 2, 20), 5)
        interval = stats.mean_interval(
            rng.binomial(4, difficulty) / 4, clusters=np.repeat(np.arange(20), 5)
        )
        assert interval is not None
        covered.append(interval.low <= 0.5 <= interval.high)
    assert np.mean(covered) >= 0.92


CHANGES = {
    "none": lambda _, difficulty: difficulty,
    "all harder": lambda _, difficulty: expit(logit(difficulty) - 1),
    "a few lost": lambda rng, difficulty: np.where(
        rng.random(difficulty.shape) < 0.05, 1e-9, difficulty
    ),
    "a few won": lambda rng, difficulty: np.where(
        rng.random(difficulty.shape) < 0.05, 1 - 1e-9, difficulty
    ),
    "some replaced": lambda rng, difficulty: np.where(
        rng.random(difficulty.shape) < 0.3, rng.beta(2, 2, difficulty.shape), difficulty
    ),
}


def pairs(rng, change, share, spread, n, trials):
    """Return (base, tuned) accuracies of shape (trials, n) and the true change."""
    size = 200_000
    flat = rng.beta(share * spread, (1 - share) * spread, size + trials * n).clip(1e-9, 1 - 1e-9)
    after = CHANGES[change](rng, flat)
    truth = float((after - flat)[:size].mean())
    base = rng.binomial(4, flat[size:]).reshape(trials, n) / 4
    return base, rng.binomial(4, after[size:]).reshape(trials, n) / 4, truth


@pytest.mark.parametrize("change", list(CHANGES))
@pytest.mark.parametrize("n", [10, 25, 50, 100])
def test_paired_delta_covers(change, n):
    for share, spread in ((0.02, 0.5), (0.3, 2.0), (0.98, 2.0)):
        rng = numpy_rng_for("coverage", change, n, share)
        base, tuned, truth = pairs(rng, change, share, spread, n, 250)
        found = [
            stats.paired_delta(b, t, stream=str(i))
            for i, (b, t) in enumerate(zip(base, tuned, strict=True))
        ]
        assert np.mean([i.low <= truth <= i.high for i in found]) >= 0.90, (share, spread)
        if n == 100 and share == 0.3:
            assert np.mean([i.low <= truth <= i.high for i in found]) <= 0.99


def test_paired_delta_nears_the_plain_bootstrap_with_many_items():
    rng = numpy_rng_for("bootstrap")
    base, tuned = rng.integers(0, 5, 400) / 4, rng.integers(0, 5, 400) / 4
    plain = reference.bootstrap(
        (tuned - base,), np.mean, n_resamples=4000, method="percentile", rng=rng
    ).confidence_interval
    interval = stats.paired_delta(base, tuned, stream="t")
    assert interval.value == pytest.approx((tuned - base).mean())
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high), abs=0.012)


@pytest.mark.parametrize("n", [1, 10, 25, 100])
def test_models_that_agree_everywhere_have_an_interval_with_width(n):
    interval = stats.paired_delta(np.ones(n), np.ones(n), stream="t", draws=20_000)
    tail = reference.beta(0.5, n + 0.5).ppf(0.975)
    assert interval.value == 0
    assert interval.low < 0 < interval.high
    assert (-interval.low, interval.high) == pytest.approx((tail, tail), rel=0.35)


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, (2, 12), elements=SHARES), st.integers(0, 9))
def test_paired_delta_holds_its_value_and_repeats(values, stream):
    base, tuned = values
    interval = stats.paired_delta(base, tuned, stream=str(stream))
    assert interval.low <= interval.value <= interval.high
    assert interval == stats.paired_delta(base, tuned, stream=str(stream))


def test_streams_differ():
    rng = numpy_rng_for("t")
    base, tuned = rng.random(40), rng.random(40)
    assert stats.paired_delta(base, tuned, stream="a") != stats.paired_delta(
        base, tuned, stream="b"
    )
    assert stats.permutation_p(base, tuned, stream="a") != stats.permutation_p(
        base, tuned, stream="b"
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 10).flatmap(lambda n: arrays(np.float64, (2, n), elements=SHARES)))
def test_permutation_p_counts_all_sign_vectors(values):
    difference = values[1] - values[0]
    sums = [abs(np.dot(s, difference)) for s in itertools.product((-1, 1), repeat=values.shape[1])]
    expected = np.mean([s >= abs(difference.sum()) - 1e-9 for s in sums])
    assert stats.permutation_p(values[0], values[1], stream="t") == pytest.approx(expected)


def test_permutation_p_of_other_fractions_counts_all_sign_vectors():
    rng = numpy_rng_for("t")
    base, tuned = rng.random(9), rng.random(9)
    expected = reference.permutation_test(
        (base, tuned), lambda b, t: np.mean(t - b), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert stats.permutation_p(base, tuned, stream="t") == pytest.approx(expected)


def test_monte_carlo_agrees_with_the_exact_test():
    rng = numpy_rng_for("t")
    base = rng.integers(0, 5, 30) / 4
    tuned = np.clip(base + rng.integers(-1, 3, 30) / 8, 0, 1)
    exact = stats.permutation_p(base, tuned, stream="t")
    noise = rng.normal(0, 1e-6, 30)
    sampled = stats.permutation_p(base, np.clip(tuned + noise, 0, 1), stream="t")
    assert 0.0005 < exact < 0.2
    assert sampled == pytest.approx(exact, abs=4 * np.sqrt(exact / 10_000) + 0.004)


def test_monte_carlo_p_is_never_zero():
    rng = numpy_rng_for("t")
    assert stats.permutation_p(np.zeros(60), rng.random(60), stream="t") == 1 / 10_001


def test_permutation_p_resolves_the_smallest_p():
    assert stats.permutation_p(np.zeros(20), np.ones(20), stream="t") == pytest.approx(2**-19)
    assert 0 < stats.permutation_p(np.zeros(100), np.ones(100), stream="t") < 1e-12
    assert stats.permutation_p(np.ones(30), np.ones(30), stream="t") == 1


@pytest.mark.parametrize("n", [10, 25, 100])
@pytest.mark.parametrize("share", [0.05, 0.4])
def test_permutation_p_keeps_its_level_on_two_runs_of_one_model(n, share):
    rng = numpy_rng_for("a/a", n, share)
    base, tuned, _ = pairs(rng, "none", share, 2.0, n, 1000)
    p = [stats.permutation_p(b, t, stream="t") for b, t in zip(base, tuned, strict=True)]
    for level in (0.01, 0.05, 0.2):
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level / 1000)


def test_benjamini_hochberg_agrees_with_its_definition():
    p = numpy_rng_for("t").random(50) ** 2
    order = np.argsort(p)
    expected = np.empty(50)
    expected[order] = [min(p[order[j]] * 50 / (j + 1) for j in range(i, 50)) for i in range(50)]
    assert stats.benjamini_hochberg(p) == pytest.approx(expected)


def test_study_without_effects_finds_nothing_most_of_the_time():
    rng = numpy_rng_for("a/a study")
    base, tuned, _ = pairs(rng, "none", 0.4, 2.0, 25, 20 * 100)
    p = [stats.permutation_p(b, t, stream="t") for b, t in zip(base, tuned, strict=True)]
    studies = np.reshape(p, (100, 20))
    alarms = [(stats.benjamini_hochberg(study) < 0.05).any() for study in studies]
    assert np.mean(alarms) <= 0.12


def test_minimum_detectable_effect_is_found_with_its_power():
    rng = numpy_rng_for("power")
    n, spread = 50, 0.3
    effect = stats.minimum_detectable_effect(np.array([-spread, spread] * (n // 2)))
    assert effect is not None
    scaled = np.array([-spread, spread]) * np.sqrt((n - 1) / n)
    differences = rng.choice(scaled, (600, n)) + effect
    half = differences / 2
    p = [stats.permutation_p(0.5 - h, 0.5 + h, stream="t", draws=2000) for h in half]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.8, abs=0.06)


def test_minimum_detectable_effect_has_a_floor_and_shrinks():
    none = [stats.minimum_detectable_effect(np.zeros(n)) for n in (2, 10, 25, 100)]
    assert none[0] == 1.0
    assert all(e is not None and e > 0 for e in none)
    assert none == sorted(none, key=lambda e: -(e or 0))
    weak = stats.minimum_detectable_effect(np.array([-0.5, 0.5] * 20), power=0.5)
    strong = stats.minimum_detectable_effect(np.array([-0.5, 0.5] * 20), power=0.9)
    assert weak is not None
    assert strong is not None
    assert weak < strong


def test_a_study_s_calls_are_quick():
    rng = numpy_rng_for("t")
    base, tuned = rng.integers(0, 5, 100) / 4, rng.integers(0, 5, 100) / 4
    stats.paired_delta(base, tuned, stream="warm")
    start = time.process_time()
    for i in range(100):
        stats.paired_delta(base, tuned, stream=str(i))
        stats.permutation_p(base, tuned, stream=str(i))
    assert time.process_time() - start < 0.5
