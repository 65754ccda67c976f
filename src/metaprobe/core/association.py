"""Rates, rank statistics and agreement, each with its interval; the rules of `core.stats` hold.

The unit is the item: what several responses to one item give is added up or averaged first.
"""

from functools import lru_cache

import numpy as np
from scipy import special

from metaprobe.core.stats import PRIOR_ITEMS, FloatArray, Interval
from metaprobe.core.streams import numpy_rng_for

DRAWS = 2000
"""Bootstrap draws."""


def rate_interval(
    events: FloatArray, exposures: FloatArray, *, level: float = 0.95
) -> Interval | None:
    """Return events per exposure with its item-clustered interval, or None without exposure.

    Percentiles of the Bayesian bootstrap (Rubin, Ann. Statist. 9 (1981) 130) over items, with
    prior weight `PRIOR_ITEMS` on an item of mean exposure that has one event more than its share,
    and on one that has none: with no event at all the interval still has a width.
    tests/core/test_association.py simulates its coverage.

    Args:
        events: Events of each item, shape (items,).
        exposures: Responses, or tokens, of each item, shape (items,).
        level: Nominal coverage.

    Raises:
        ValueError: the shapes differ.
    """
    events, exposures = (np.asarray(values, dtype=np.float64) for values in (events, exposures))
    if events.shape != exposures.shape or events.ndim != 1:
        raise ValueError(f"cannot pair items of shapes {events.shape} and {exposures.shape}")
    total = float(exposures.sum())
    if not total:
        return None
    rate, n = float(events.sum()) / total, events.size
    mean = total / n
    weights = _item_weights(n)
    numerator = weights @ np.append(events, [rate * mean + 1.0, 0.0])
    denominator = weights @ np.append(exposures, [mean, mean])
    low, high = np.quantile(numerator / denominator, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(rate, max(0.0, min(float(low), rate)), max(float(high), rate), n)


@lru_cache(maxsize=8)
def _item_weights(n: int) -> FloatArray:
    """Return Dirichlet weights (draws, n + 2); the last two columns belong to the prior."""
    shapes = np.append(np.ones(n), [PRIOR_ITEMS, PRIOR_ITEMS])
    weights = numpy_rng_for("association", n).standard_gamma(shapes, size=(DRAWS, n + 2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def auroc(positive: FloatArray, negative: FloatArray) -> float:
    """Return the share of pairs whose positive has the greater score; a tie counts one half.

    Raises:
        ValueError: there is no score of one kind.
    """
    if not np.size(positive) or not np.size(negative):
        raise ValueError("an area under the curve needs scores of both kinds")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * np.size(negative)))


def auroc_interval(value: float, n_positive: int, n_negative: int, level: float = 0.95) -> Interval:
    """Return an area under the ROC curve with its interval, items as the unit.

    Method 5 of Newcombe, Stat. Med. 25 (2006) 559: the variance of Hanley and McNeil with both
    sizes replaced by their mean where they enter as a power, taken at the candidate value as in
    Wilson's interval. Unlike a bootstrap it has a width where every pair is in order.

    Args:
        value: The area.
        n_positive: Items of the one kind.
        n_negative: Items of the other.
        level: Nominal coverage.

    Raises:
        ValueError: there is no item of one kind, or the value is outside [0, 1].
    """
    if min(n_positive, n_negative) < 1 or not 0 <= value <= 1:
        raise ValueError(f"no area {value} of {n_positive} and {n_negative} items")
    z = float(special.ndtri(0.5 + level / 2))
    mean = (n_positive + n_negative) / 2

    def outside(area: float) -> bool:
        power = (2 - area) * (1 + area)
        spread = area * (1 - area) * (2 * mean - 1 - 3 * (mean - 1) / power)
        return (area - value) ** 2 > z * z * spread / (n_positive * n_negative)

    ends = []
    for end in (0.0, 1.0):
        inner, outer = value, end
        for _ in range(40):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if outside(middle) else (middle, outer)
        ends.append(outer if outside(end) else end)
    return Interval(value, ends[0], ends[1], n_positive + n_negative)


def kappa(first: FloatArray, second: FloatArray) -> Interval | None:
    """Return Cohen's kappa of two yes-or-no readings with its interval over pairs.

    (observed - expected agreement) / (1 - expected), Cohen, Educ. Psychol. Meas. 20 (1960) 37. The
    interval is of the Bayesian bootstrap, with prior weight `PRIOR_ITEMS` on a disagreement of
    each kind, so that perfect agreement of a few pairs is not taken for certain.

    Args:
        first: Readings as 0 or 1, shape (pairs,).
        second: The other readings of the same.

    Returns:
        None where agreement by chance is certain, both readings being one and the same constant.
    """
    first, second = _pairs(first, second)

    def values(weights: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
        yes_a, yes_b, both = weights @ a, weights @ b, weights @ (a * b)
        observed = 1 - yes_a - yes_b + 2 * both
        expected = yes_a * yes_b + (1 - yes_a) * (1 - yes_b)
        room = 1 - expected
        return np.divide(observed - expected, room, out=np.full_like(room, np.nan), where=room > 0)

    n = first.size
    if not n or (first.min() == first.max() == second.min() == second.max()):
        return None
    value = float(values(np.full((1, n), 1 / n), first, second)[0])
    drawn = values(_item_weights(n), np.append(first, [1, 0]), np.append(second, [0, 1]))
    return _around(value, drawn, n)


def spearman(first: FloatArray, second: FloatArray) -> Interval | None:
    """Return the rank correlation of two counts with its interval over pairs.

    Pearson's correlation of mid-ranks. The interval is of the Bayesian bootstrap, with prior
    weight `PRIOR_ITEMS` on a pair with the highest rank on one side and the lowest on the other,
    both ways round.

    Args:
        first: Shape (pairs,).
        second: Shape (pairs,).

    Returns:
        None where one side is constant.
    """
    first, second = _pairs(first, second)
    n = first.size
    if not n or first.min() == first.max() or second.min() == second.max():
        return None
    ranks = [_mid_ranks(values) for values in (first, second)]

    def values(weights: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
        mean_a, mean_b = weights @ a, weights @ b
        products = weights @ (a * b) - mean_a * mean_b
        spread = (weights @ (a * a) - mean_a**2) * (weights @ (b * b) - mean_b**2)
        return np.asarray(products / np.sqrt(np.maximum(spread, 1e-12)))

    value = float(values(np.full((1, n), 1 / n), *ranks)[0])
    a, b = ranks
    drawn = values(
        _item_weights(n),
        np.append(a, [a.max(), a.min()]),
        np.append(b, [b.min(), b.max()]),
    )
    return _around(value, drawn, n)


def _pairs(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    first, second = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"cannot pair readings of shapes {first.shape} and {second.shape}")
    return first, second


def _mid_ranks(values: FloatArray) -> FloatArray:
    ordered = np.sort(values)
    ends = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(ends / (2.0 * values.size))


def _around(value: float, drawn: FloatArray, n: int) -> Interval:
    low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975])
    value = max(-1.0, min(1.0, value))
    return Interval(value, max(-1.0, min(float(low), value)), min(1.0, max(float(high), value)), n)
