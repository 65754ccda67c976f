"""What k samples of an item reach, estimated without bias from n of them.

Both are means over the C(n, k) choices of k samples, and need n of at least k. A mean over items
has its interval from `mean_interval`.
"""

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.stats.shares import FloatArray

IntArray = NDArray[np.int64]


def pass_at_k(correct: IntArray, samples: IntArray, k: int) -> FloatArray:
    """Return the chance that at least one of k samples is right: 1 - C(n - c, k) / C(n, k).

    Unbiased for 1 - (1 - p)^k, unlike the same formula with c / n for p.
    Source: Chen et al., arXiv 2107.03374.

    Args:
        correct: Right samples c of each item, shape (items,).
        samples: Samples n of each item, shape (items,).
        k: Samples that one is allowed.

    Returns:
        Shape (items,).

    Raises:
        ValueError: k is not between 1 and n, or c not between 0 and n.
    """
    correct, samples = _checked(correct, samples, k)
    return 1 - _share_of_choices(samples - correct, samples, k)


def pass_hat_k(correct: IntArray, samples: IntArray, k: int) -> FloatArray:
    """Return pass^k, the chance that all of k samples are right: C(c, k) / C(n, k).

    Unbiased for p^k. Source: Yao et al., arXiv 2406.12045.

    Args:
        correct: Right samples c of each item, shape (items,).
        samples: Samples n of each item, shape (items,).
        k: Samples that all have to be right.

    Returns:
        Shape (items,).

    Raises:
        ValueError: k is not between 1 and n, or c not between 0 and n.
    """
    correct, samples = _checked(correct, samples, k)
    return _share_of_choices(correct, samples, k)


def _checked(correct: IntArray, samples: IntArray, k: int) -> tuple[IntArray, IntArray]:
    correct, samples = np.asarray(correct), np.asarray(samples)
    if correct.shape != samples.shape:
        raise ValueError(f"{correct.shape} items with right samples, {samples.shape} with samples")
    if correct.size and not (correct.min() >= 0 and (samples - correct).min() >= 0):
        raise ValueError("right samples must lie between 0 and all samples of their item")
    if k < 1 or (samples.size and k > samples.min()):
        raise ValueError(f"k must lie between 1 and the samples of every item, got {k}")
    return correct, samples


def _share_of_choices(chosen: IntArray, samples: IntArray, k: int) -> FloatArray:
    """Return the share of the choices of k samples that lie within the chosen ones."""
    taken = np.arange(k)
    left = np.maximum(chosen[:, None] - taken, 0)
    return np.asarray(np.prod(left / (samples[:, None] - taken), axis=1), dtype=np.float64)
