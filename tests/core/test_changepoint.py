"""Changes of level: the best step, its interval, and how often noise alone shows one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.core.stats.changepoint import CHANGE_LEVEL, MIN_POINTS, level_changes


def noise(n, correlation, runs, name):
    """First-order autoregressive series of unit variance, shape (runs, n)."""
    rng = np.random.default_rng([n, round(100 * correlation), *name.encode()])
    series = rng.standard_normal((runs, n)) * np.sqrt(1 - correlation**2)
    series[:, 0] /= np.sqrt(1 - correlation**2)
    for t in range(1, n):
        series[:, t] += correlation * series[:, t - 1]
    return series


def best_split(values):
    """Where two means leave the least squared error, by trying all splits."""
    errors = {
        k: values[:k].var() * k + values[k:].var() * (len(values) - k)
        for k in range(3, len(values) - 2)
    }
    return min(errors, key=errors.get)


@pytest.mark.parametrize("size", [2.5, -4.0, 8.0])
def test_one_step_is_found_where_least_squares_puts_it(size):
    for series in noise(60, 0.3, 5, f"step{size}"):
        series[35:] += size
        changes = level_changes(series)
        assert len(changes) == 1
        (change,) = changes
        assert change.start == best_split(series)
        assert change.low <= change.start <= change.high
        assert change.before == pytest.approx(series[: change.start].mean())
        assert change.after == pytest.approx(series[change.start :].mean())
        assert change.p_value < CHANGE_LEVEL


def test_a_rise_and_a_fall_are_two_changes():
    (series,) = 0.2 * noise(90, 0.0, 1, "two")
    series[30:60] += 3
    assert {30, 60} <= {change.start for change in level_changes(series)}


@settings(max_examples=15)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_changes_do_not_depend_on_the_unit(offset, scale):
    (series,) = noise(40, 0.3, 1, "unit")
    series[20:] += 6
    (own,), (other,) = level_changes(series), level_changes(offset + scale * series)
    assert (own.start, own.low, own.high, own.p_value) == (
        other.start,
        other.low,
        other.high,
        other.p_value,
    )


def test_too_few_points_and_a_constant_show_no_change():
    steep = np.repeat([0.0, 100.0], MIN_POINTS)
    assert level_changes(steep[MIN_POINTS // 2 + 1 : -MIN_POINTS // 2]) == []
    assert level_changes(np.ones(100)) == []
    assert level_changes(steep)[0].start == MIN_POINTS


def test_a_long_series_is_searched_in_averages():
    series = noise(5000, 0.5, 1, "long")[0]
    series[3000:] += 3
    (change,) = level_changes(series)
    assert abs(change.start - 3000) <= 5000 / 128 + 1
    assert change.low <= 3000 <= change.high


@pytest.mark.slow
@pytest.mark.parametrize("n", [24, 40, 80, 200])
@pytest.mark.parametrize(
    ("correlation", "most"), [(0.0, 0.02), (0.3, 0.02), (0.6, 0.06), (0.8, 0.09)]
)
def test_steady_noise_seldom_shows_a_change(n, correlation, most):
    found = [bool(level_changes(series)) for series in noise(n, correlation, 400, "rate")]
    assert np.mean(found) <= most + 2 * np.sqrt(most * (1 - most) / 400)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "correlation", "size"), [(40, 0.0, 2), (80, 0.0, 2), (80, 0.5, 4)])
def test_the_interval_covers_the_step(n, correlation, size):
    covered = []
    for series in noise(n, correlation, 300, "cover"):
        series[n // 2 :] += size
        changes = level_changes(series)
        if len(changes) == 1:
            covered.append(changes[0].low <= n // 2 <= changes[0].high)
    assert len(covered) > 200
    assert np.mean(covered) >= 0.93
