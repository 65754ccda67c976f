"""p-values of many tests at once."""

import numpy as np

from metaprobe.core.stats.shares import FloatArray


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Return the q-value of each p-value, shape (tests,); empty for no test.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    if np.size(p) == 0:
        return np.zeros(0)
    from scipy.stats import false_discovery_control  # importing it takes most of a second

    return np.asarray(false_discovery_control(p), dtype=np.float64)


def holm(p: FloatArray) -> FloatArray:
    """Return each p-value adjusted for the number of tests, shape (tests,); empty for no test.

    Those at most alpha hold together: the probability that any of them is wrong is at most alpha,
    whatever the dependence. Source: Holm, Scand. J. Statist. 6 (1979) 65.

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    p = np.asarray(p, dtype=np.float64)
    if p.size == 0:
        return np.zeros(0)
    if not (p.min() >= 0 and p.max() <= 1):
        raise ValueError("p-values must lie in [0, 1]")
    order = np.argsort(p)
    adjusted = np.empty(p.size)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1.0)
