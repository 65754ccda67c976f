"""Linear centred kernel alignment from sums over positions, with an interval over texts.

CKA(X, Y) = HSIC(X, Y) / sqrt(HSIC(X, X) HSIC(Y, Y)) with linear kernels (Kornblith et al., arXiv
1905.00414). In feature space all three need only sums of products of the columns, so the memory
does not grow with the positions: of X with two more columns, a one and the squared norm of the
row, the products hold everything, centring and debiasing included.
"""

from typing import NamedTuple

import numpy as np
from scipy import special
from torch import Tensor

from metaprobe.core.stats import Interval
from metaprobe.models.runtime import torch

GROUPS = 8
"""Groups of texts, each of which the jackknife leaves out once."""

_XX, _YY, _XY = range(3)


class Alignment(NamedTuple):
    """Linear CKA of one layer."""

    debiased: float | None
    biased: float | None
    low: float | None
    high: float | None


def empty_sums(layers: int, width: int, device: torch.device) -> Tensor:
    """Return zeros for the sums of `add_products`: (layers, GROUPS, 3, width + 2, width + 2)."""
    shape = (layers, GROUPS, 3, width + 2, width + 2)
    return torch.zeros(shape, dtype=torch.float64, device=device)


def sum_bytes(width: int) -> int:
    """Return the bytes that the sums of one layer take."""
    return 8 * 3 * GROUPS * (width + 2) ** 2


def add_products(sums: Tensor, group: Tensor, x: Tensor, y: Tensor) -> None:
    """Add the products of the columns of both models, to the group of each position.

    Args:
        sums: Of one layer, (GROUPS, 3, D + 2, D + 2), added to in place.
        group: Group of each position, shape (N,).
        x: States of the base, (N, D), float64; near the origin, or precision is lost.
        y: States of the tuned model, likewise.
    """
    for g in group.unique().tolist():
        rows = group == g
        a, b = _augmented(x[rows]), _augmented(y[rows])
        sums[g, _XX] += a.T @ a
        sums[g, _YY] += b.T @ b
        sums[g, _XY] += a.T @ b


def _augmented(x: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(x[:, :1]), x, x.square().sum(1, keepdim=True)], dim=1)


def alignment(sums: Tensor, level: float = 0.95) -> Alignment:
    """Return the CKA of one layer with its interval.

    The interval is that of a jackknife over the groups of texts, with Student's t at groups - 1
    degrees of freedom.

    Args:
        sums: What `add_products` left, (GROUPS, 3, D + 2, D + 2).
        level: Nominal coverage.
    """
    used = sums[:, _XX, 0, 0] > 0
    parts, whole = sums[used], sums.sum(0)
    debiased, biased = _cka(whole, debiased=True), _cka(whole, debiased=False)
    left_out = [_cka(whole - part, debiased=True) for part in parts] if len(parts) > 1 else []
    values = [v for v in left_out if v is not None]
    if debiased is None or len(values) < 2 or len(values) < len(left_out):
        return Alignment(debiased, biased, None, None)
    n = len(values)
    error = float(np.std(values)) * float(np.sqrt(n - 1))
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * error
    interval = Interval(debiased, debiased - half, min(max(1.0, debiased), debiased + half), n)
    return Alignment(debiased, biased, interval.low, interval.high)


def _cka(sums: Tensor, *, debiased: bool) -> float | None:
    xx, yy, xy = (_hsic(sums[kind], debiased=debiased) for kind in (_XX, _YY, _XY))
    if xx is None or yy is None or xy is None or min(xx, yy) <= 0:
        return None
    return xy / float(np.sqrt(xx * yy))


def _hsic(products: Tensor, *, debiased: bool) -> float | None:
    """Return n² times the biased HSIC, or n (n - 3) times the unbiased one; None if undefined.

    The unbiased estimator is HSIC_1 of Song et al., JMLR 13 (2012) 1393, eq. 5, in the form that
    needs no kernel matrix: with centred rows, |X'Y|² - n / (n - 2) sum_i |x_i|² |y_i|² +
    sum_i |x_i|² sum_i |y_i|² / ((n - 1) (n - 2)).
    """
    n = float(products[0, 0])
    if n < 4:
        return None
    mean_x, mean_y = products[1:-1, 0] / n, products[0, 1:-1] / n
    cross = products[1:-1, 1:-1] - n * torch.outer(mean_x, mean_y)
    value = float(cross.square().sum())
    # Rounding of the centring; below it the states do not vary.
    if value <= 1e-24 * float(products[1:-1, 1:-1].square().sum()):
        return 0.0
    if not debiased:
        return value
    # Squared norms of centred rows as combinations of the columns: |m|² - 2 m·x + |x|².
    norms_x, norms_y = _norm_weights(mean_x), _norm_weights(mean_y)
    both = float(norms_x @ products @ norms_y)
    single = float(norms_x @ products[:, 0]) * float(products[0] @ norms_y)
    return value - n / (n - 2) * both + single / ((n - 1) * (n - 2))


def _norm_weights(mean: Tensor) -> Tensor:
    return torch.cat([mean.square().sum()[None], -2 * mean, torch.ones_like(mean[:1])])
