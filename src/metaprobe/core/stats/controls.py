"""A treatment beside the same treatment at random, a few random ones of very many."""

from typing import NamedTuple

import numpy as np
from scipy import special

from metaprobe.core.stats.shares import FloatArray


class Gap(NamedTuple):
    """How far a treatment is from a further one at random."""

    value: float
    low: float
    high: float
    p_value: float
    """Two-sided, of a treatment that is itself one at random."""
    n_random: int
    n_items: int


def random_gap(treated: FloatArray, random: FloatArray, *, level: float = 0.95) -> Gap | None:
    """Return the mean of a treatment minus that of random ones, with its interval.

    Asking whether a treatment differs from the *mean* of random ones would find every treatment to
    differ, given items enough. So it is compared with one more random treatment: with S of them,
    s their standard deviation, d the items' differences from the mean of all random ones and t the
    quantile of Student's t at S - 1 degrees of freedom, the interval reaches to

        t sqrt(s^2 (1 + 1 / S) + var(d) / n)

    on either side. The first term is Crawford and Howell's, Clin. Neuropsychol. 12 (1998) 482; the
    second, which lets the items vary, counts as at least one item that turned over.

    Args:
        treated: Accuracy of each item, shape (items,).
        random: Accuracy of each random treatment and item, shape (random, items).
        level: Nominal coverage.

    Returns:
        None with fewer than two random treatments or two items: nothing is known of others then.

    Raises:
        ValueError: the shapes do not fit, or an accuracy is outside [0, 1].
    """
    treated, random = (np.asarray(x, dtype=np.float64) for x in (treated, random))
    if random.ndim != 2 or treated.shape != random.shape[1:] or random.size == 0:
        raise ValueError(f"cannot set items {treated.shape} beside random ones {random.shape}")
    if not (min(treated.min(), random.min()) >= 0 and max(treated.max(), random.max()) <= 1):
        raise ValueError("accuracies must lie in [0, 1]")
    count, n = random.shape
    if count < 2 or n < 2:
        return None
    difference = treated - random.mean(0)
    of_items = max(float(difference.var(ddof=1)) / n, 1 / n**2)
    error = float(np.sqrt(random.mean(1).var(ddof=1) * (1 + 1 / count) + of_items))
    value = float(difference.mean())
    half = float(special.stdtrit(count - 1, 0.5 + level / 2)) * error
    p_value = 2 * float(special.stdtr(count - 1, -abs(value) / error))
    return Gap(value, max(-1.0, value - half), min(1.0, value + half), p_value, count, n)
