"""Shares and means over items, each with its interval.

All accuracies are shares (1.0 is 100 percentage points).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate, the ends of its interval and the number of units behind it."""

    value: float
    low: float
    high: float
    n: int


def _wilson(share: float, n: float, level: float) -> tuple[float, float]:
    z = float(special.ndtri(0.5 + level / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def wilson(hits: int, n: int, level: float = 0.95) -> Interval | None:
    """Return hits / n with its Wilson score interval, or None when n is 0.

    Source: Wilson, JASA 22 (1927) 209.

    Raises:
        ValueError: `hits` is not between 0 and n.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"hits must lie between 0 and n, got {hits} of {n}")
    if n == 0:
        return None
    low, high = _wilson(hits / n, n, level)
    return Interval(hits / n, low, high, n)


def mean_interval(
    values: FloatArray, *, clusters: NDArray[Any] | None = None, level: float = 0.95
) -> Interval | None:
    """Return the mean of per-item accuracies with its interval, or None without items.

    A Wilson interval at the effective number of items p(1 - p) / var(mean), as for surveys
    (Dean and Pagliari, J. Surv. Stat. Methodol. 3 (2015) 484). With few items the variance seen
    is too often too small, so p and var(mean) are taken with one more cluster of zeros and one
    of ones; the effective number is at least the number of clusters. For one sample an item
    and no clusters this is the Wilson interval.

    Args:
        values: Accuracy of each item in [0, 1], shape (items,).
        clusters: Label of each item's cluster, shape (items,); None when items are independent.
        level: Nominal coverage.

    Raises:
        ValueError: a value is outside [0, 1], or `clusters` has another shape than `values`.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        return None
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError("accuracies must lie in [0, 1]")
    if clusters is None:
        return share_interval(values, np.ones_like(values), level=level)
    if np.shape(clusters) != values.shape:
        raise ValueError(f"{np.shape(clusters)} cluster labels for {values.shape} items")
    index = np.unique(clusters, return_inverse=True)[1]
    return share_interval(np.bincount(index, values), np.bincount(index), level=level)


def share_interval(
    hits: NDArray[Any], sizes: NDArray[Any], *, level: float = 0.95
) -> Interval | None:
    """Return sum(hits) / sum(sizes) with its interval, or None without units.

    The interval of `mean_interval` with clusters, from the totals of each cluster.

    Args:
        hits: Sum of the values of each cluster's units, which lie in [0, 1], shape (clusters,).
        sizes: Number of units of each cluster, at least 1, shape (clusters,).
        level: Nominal coverage.
    """
    n = int(np.sum(sizes))
    if n == 0:
        return None
    n_clusters = len(sizes)
    size = n / n_clusters
    total = n + 2 * size
    centre = float(np.sum(hits) + size) / total
    sums = hits - centre * sizes
    squares = float(sums @ sums) + size**2 * (centre**2 + (1 - centre) ** 2)
    effective = centre * (1 - centre) * total * n / squares
    mean = float(np.sum(hits)) / n
    low, high = _wilson(mean, max(effective, n_clusters), level)
    return Interval(mean, low, high, n)


def t_interval(values: FloatArray, *, level: float = 0.95) -> Interval | None:
    """Return the mean of unbounded per-item values with its interval, or None below two items.

    Source: Student, Biometrika 6 (1908) 1.
    """
    values = np.asarray(values, dtype=np.float64)
    n = values.size
    if n < 2:
        return None
    mean, error = float(values.mean()), float(values.std(ddof=1)) / float(np.sqrt(n))
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * error
    return Interval(mean, mean - half, mean + half, n)


def chance_corrected(
    values: FloatArray,
    chance: FloatArray,
    *,
    clusters: NDArray[Any] | None = None,
    level: float = 0.95,
) -> Interval | None:
    """Return (accuracy - chance) / (1 - chance) with its interval, or None without items.

    0 is what a blind guess reaches, 1 is always right, and below 0 is worse than guessing. The
    ends are those of `mean_interval`: chance is a property of these items and has no error.
    Source: Cohen, Educ. Psychol. Meas. 20 (1960) 37.

    Args:
        values: Accuracy of each item in [0, 1], shape (items,).
        chance: Accuracy of a blind guess at each item in [0, 1], shape (items,).
        clusters: Label of each item's cluster, shape (items,); None when items are independent.
        level: Nominal coverage.

    Raises:
        ValueError: a number is outside [0, 1], the shapes differ, or every guess is right.
    """
    if np.shape(chance) != np.shape(values):
        raise ValueError(f"{np.shape(chance)} chances for {np.shape(values)} items")
    interval = mean_interval(values, clusters=clusters, level=level)
    if interval is None:
        return None
    chance = np.asarray(chance, dtype=np.float64)
    if not (chance.min() >= 0 and chance.max() <= 1 and chance.mean() < 1):
        raise ValueError("chances must lie in [0, 1], and not all of them at 1")
    guess = float(chance.mean())
    value, low, high = ((share - guess) / (1 - guess) for share in interval[:3])
    return Interval(value, low, high, interval.n)
