"""Intervals of means over the positions of texts, with texts as the unit."""

import numpy as np
from scipy import special

from metaprobe.core.stats import FloatArray, Interval


def ratio_interval(totals: FloatArray, lengths: FloatArray, level: float = 0.95) -> Interval | None:
    """Return sum(totals) / sum(lengths) with its interval over texts, or None below two texts.

    The linearised standard error of a ratio estimator (Cochran, Sampling Techniques, 1977, 6.5)
    taken to the log scale, with Student's t at texts - 1 degrees of freedom. Divergences of texts
    are skewed: on the log scale the interval stays positive and covers better with few texts than
    a symmetric one. Its simulated coverage at 95 % is 0.95 with 8 texts whose divergences spread
    by a factor of 1.6 (one standard deviation of the log); where they spread by 2.7 it is 0.93
    with 160 texts, 0.91 with 40 and 0.87 with 8. It has no width when all texts are alike, as for
    a model against itself.

    Args:
        totals: Sum over the positions of each text, at least 0, shape (texts,).
        lengths: Positions of each text, shape (texts,).
        level: Nominal coverage.
    """
    symmetric = signed_ratio_interval(totals, lengths, level)
    if symmetric is None:
        return None
    ratio = symmetric.value
    if ratio <= 0:
        return Interval(0.0, 0.0, 0.0, symmetric.n)
    factor = float(np.exp((symmetric.high - ratio) / ratio))
    return Interval(ratio, ratio / factor, ratio * factor, symmetric.n)


def signed_ratio_interval(
    totals: FloatArray, lengths: FloatArray, level: float = 0.95
) -> Interval | None:
    """Return sum(totals) / sum(lengths) as `ratio_interval`, for totals of either sign.

    The interval is symmetric.
    """
    n = totals.size
    if n < 2:
        return None
    ratio = float(totals.sum() / lengths.sum())
    residuals = totals - ratio * lengths
    error = float(np.sqrt(residuals @ residuals * n / (n - 1)) / lengths.sum())
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * error
    return Interval(ratio, ratio - half, ratio + half, n)
