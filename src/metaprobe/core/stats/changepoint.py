"""Where the level of a series of training metrics changed, if it did.

The noise of such a series is correlated from step to step and its level may drift, so neither a
test for independent points nor one that takes all correlation for noise will do. The statistic is
the largest standardised difference between the means before and after a point (CUSUM). Its noise
is first-order autoregressive, estimated from the residuals of a line on either side of that point,
which leaves neither a step nor a drift in it. The p-value comes from series without a change that
go through the same steps.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.stats.shares import FloatArray
from metaprobe.core.streams import numpy_rng_for

MIN_POINTS = 20
"""Points below which no change is looked for."""

CHANGE_LEVEL = 0.01
"""How often a series without a change may have one found."""

_MAX_POINTS = 128
_SHORTEST = 3
_SIMULATIONS = 999
_CORRELATIONS = np.append(np.arange(0.0, 0.9, 0.1), [0.9, 0.95])
_SET_LEVEL = -2 * np.log(1 - np.sqrt(0.95))
"""95 % quantile of (1 - exp(-x / 2))^2, about 7.35: Hansen, Econometrica 68 (2000), theorem 2."""


class LevelChange(NamedTuple):
    """The level of a series is another one from `start` on."""

    start: int
    """Index of the first point of the new level."""
    low: int
    """Lower end of the 95 % interval of `start`: a likelihood-ratio set for one step."""
    high: int
    before: float
    """Mean before `start`, back to the previous change."""
    after: float
    """Mean from `start` on, up to the next change."""
    p_value: float


class _Fit(NamedTuple):
    """The best step in each of several series."""

    place: NDArray[np.int64]  # (series,) points before the step
    cusum: FloatArray  # (series, points - 1)
    statistic: FloatArray  # (series,)
    correlation: FloatArray  # (series,)


def level_changes(values: FloatArray) -> list[LevelChange]:
    """Return the changes of level of a series, in order; none where it has too few points.

    Binary segmentation (Vostrikova 1981): the strongest change splits the series, and each part is
    searched again. A series without a change has one found with about
    that probability. A long series is searched in averages of consecutive points.

    Args:
        values: The points in order, shape (points,), all finite.
    """
    edges = np.linspace(0, len(values), min(len(values), _MAX_POINTS) + 1).astype(int)
    if len(values) < MIN_POINTS:
        return []
    binned = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    found = sorted(_split(binned, 0))
    ends = [0, *(change.start for change in found), len(binned)]
    means = [float(values[edges[a] : edges[b]].mean()) for a, b in pairwise(ends)]
    return [
        LevelChange(
            start=int(edges[change.start]),
            low=int(edges[change.low - 1] + 1),
            high=int(edges[change.high + 1] - 1),
            before=means[n],
            after=means[n + 1],
            p_value=change.p_value,
        )
        for n, change in enumerate(found)
    ]


def _split(values: FloatArray, offset: int) -> list[LevelChange]:
    for start, end, level in _windows(len(values)):
        change = _change(values[start:end], level)
        if change is not None:
            place, low, high = (start + part for part in change[:3])
            own = LevelChange(place + offset, low + offset, high + offset, *change[3:])
            rest = _split(values[place:], offset + place)
            return [*_split(values[:place], offset), own, *rest]
    return []


def _windows(n: int) -> list[tuple[int, int, float]]:
    """Return the parts of n points to search, and the level of each test: `CHANGE_LEVEL` in sum.

    What rises and falls again has no single step that fits the whole; a part of it has (seeded
    binary segmentation, Kovacs et al., Biometrika 110 (2023)).
    """
    if n < MIN_POINTS:
        return []
    if n < 2 * MIN_POINTS:
        return [(0, n, CHANGE_LEVEL)]
    half, quarter = n // 2, n // 4
    parts = [(0, half), (quarter, quarter + half), (half, n)]
    return [(0, n, CHANGE_LEVEL / 2), *((*part, CHANGE_LEVEL / 6) for part in parts)]


def _change(values: FloatArray, level: float) -> LevelChange | None:
    if np.ptp(values) < 1e-12 * (1 + np.abs(values).max()):
        return None
    fit = _fit(values[None])
    correlation = float(fit.correlation[0])
    p_value = _p_value(float(fit.statistic[0]), len(values), correlation)
    if p_value >= level:
        return None
    place = int(fit.place[0])
    inside = np.flatnonzero(_likely(values, fit, correlation)) + 1
    means = float(values[:place].mean()), float(values[place:].mean())
    return LevelChange(place, int(inside.min()), int(inside.max()), *means, p_value)


def _likely(values: FloatArray, fit: _Fit, correlation: float) -> NDArray[np.bool_]:
    """Return which places of the step the likelihood ratio does not reject, (points - 1,)."""
    cusum = fit.cusum[0]
    residual = np.sum((values - values.mean()) ** 2) - cusum.max() ** 2
    variance = max(residual, 0.0) / (len(values) - 2) * (1 + correlation) / (1 - correlation)
    return np.asarray(cusum.max() ** 2 - cusum**2 <= _SET_LEVEL * variance + 1e-12)


def _fit(series: FloatArray) -> _Fit:
    """Fit one step to each row of (series, points)."""
    n = series.shape[1]
    counts = np.arange(1, n)
    centred = series - series.mean(axis=1, keepdims=True)
    cusum = np.abs(np.cumsum(centred, axis=1)[:, :-1]) * np.sqrt(n / (counts * (n - counts)))
    cusum[:, : _SHORTEST - 1] = 0.0
    cusum[:, n - _SHORTEST :] = 0.0
    place = cusum.argmax(axis=1) + 1
    before = np.arange(n) < place[:, None]
    residuals = _off_line(series, before) + _off_line(series, ~before)
    variance = (residuals**2).sum(axis=1) / (n - 4)
    together = (before[:, 1:] == before[:, :-1]) * residuals[:, 1:] * residuals[:, :-1]
    lagged = together.sum(axis=1) / np.maximum((residuals**2).sum(axis=1), 1e-300)
    # A line through m points takes (2 + 4 r) / m off the correlation (Kendall 1954); m is n / 2.
    correlation = np.clip((lagged + 4 / n) / (1 - 8 / n), 0.0, 0.95)
    noise = np.sqrt(variance * (1 + correlation) / (1 - correlation))
    statistic = cusum.max(axis=1) / np.maximum(noise, 1e-300)
    return _Fit(place, cusum, statistic, correlation)


def _off_line(series: FloatArray, chosen: NDArray[np.bool_]) -> FloatArray:
    """Return what the chosen points of each row lie off the line through them; 0 elsewhere."""
    weight = chosen / chosen.sum(axis=1, keepdims=True)
    times = np.arange(series.shape[1]) - (weight @ np.arange(series.shape[1]))[:, None]
    values = series - (weight * series).sum(axis=1, keepdims=True)
    slope = (weight * times * values).sum(axis=1) / (weight * times**2).sum(axis=1)
    return np.asarray(chosen * (values - slope[:, None] * times))


def _p_value(statistic: float, n: int, correlation: float) -> float:
    # One standard error and a rounding up: an error is to fall on the side of no change.
    highest = correlation + np.sqrt((1 - correlation**2) / n)
    place = min(int(np.searchsorted(_CORRELATIONS, highest)), len(_CORRELATIONS) - 1)
    null = _null_statistics(n, place)
    return float((1 + np.sum(null >= statistic)) / (1 + len(null)))


@lru_cache(maxsize=512)
def _null_statistics(n: int, place: int) -> FloatArray:
    """Return the statistics of autoregressive series without a change."""
    rng = numpy_rng_for("stats", "changepoint", n, place)
    correlation = float(_CORRELATIONS[place])
    shocks = rng.standard_normal((_SIMULATIONS, n))
    series = shocks.copy()
    series[:, 0] /= np.sqrt(1 - correlation**2)
    for t in range(1, n):
        series[:, t] += correlation * series[:, t - 1]
    return _fit(series).statistic
