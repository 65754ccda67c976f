"""How much of the change a fit explains in arms and seeds that it has not seen.

A fit is least squares with an intercept for each cell; ridge where several predictors enter.
Its errors come from rows that were held out as a whole arm, or a whole seed, and cell means,
scales and coefficients are all taken from the other rows. The explained share is

    R^2 = 1 - sum (y - fit)^2 / sum (y - mean of the cell in the other rows)^2

so that knowing which cell a row is about explains nothing. A predictor of a held-out row is moved
to the nearest end of the range that the fit has seen: a parabola means nothing beyond it. Intervals
are percentiles of a Bayesian bootstrap of the held-out errors, a weight for each run times one for
each arm: the stages and cells of a run belong together, and the seeds of an arm are alike.

RL's Razor (arXiv 2509.04259) fits forgetting by a quadratic in the forward KL on the training task;
`quadratic` is that form, for any predictor.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.results import Explained
from metaprobe.core.stats import FloatArray
from metaprobe.core.streams import numpy_rng_for

DRAWS = 2000
FEWEST_ARMS = 4
"""Fewer arms leave too little to fit when one is held out."""
FEWEST_TESTED_ARMS = 6
"""With fewer, no p-value of sign flips lies below 0.05."""
RIDGE = 0.1
"""Penalty of the ridge, as a share of the rows, on standardised predictors."""
_MOST_FLIPPED = 12
_FLAT = 1e-12

IntArray = NDArray[np.intp]


class Rows(NamedTuple):
    """What is fitted; each of shape (rows,)."""

    y: FloatArray
    cell: IntArray
    arm: IntArray
    seed: IntArray

    @property
    def run(self) -> IntArray:
        """Number of the run, which is an arm and a seed."""
        pairs = np.stack([self.arm, self.seed], axis=1)
        return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)

    def keep(self, kept: NDArray[np.bool_]) -> "Rows":
        """Return some of the rows."""
        return Rows(self.y[kept], self.cell[kept], self.arm[kept], self.seed[kept])


class Errors(NamedTuple):
    """Squared errors of held-out rows, each of shape (rows,)."""

    fit: FloatArray
    mean: FloatArray
    """Of the cell's mean in the other rows."""


def held_out(rows: Rows, x: FloatArray, folds: IntArray, *, ridge: float = 0.0) -> Errors:
    """Return the errors of rows that were predicted from the other folds.

    Args:
        rows: what is fitted.
        x: predictors, shape (rows, predictors).
        folds: fold of each row, shape (rows,).
        ridge: penalty as a share of the rows.
    """
    fit, mean = np.full(rows.y.size, np.nan), np.full(rows.y.size, np.nan)
    for fold in np.unique(folds):
        out = folds == fold
        inside = ~out
        centre_y = _cell_means(rows.y[inside, None], rows.cell[inside], rows.cell)
        centre_x = _cell_means(x[inside], rows.cell[inside], rows.cell)
        within = np.clip(x, x[inside].min(axis=0), x[inside].max(axis=0))
        inner, outer = within - centre_x, (rows.y[:, None] - centre_y)[:, 0]
        slope = _slopes(inner[inside], outer[inside], ridge)
        fit[out] = (outer[out] - inner[out] @ slope) ** 2
        mean[out] = outer[out] ** 2
    return Errors(fit, mean)


def _cell_means(values: FloatArray, cells: IntArray, where: IntArray) -> FloatArray:
    """Return the mean of each row's cell over some rows; NaN for a cell that they lack."""
    size = int(max(cells.max(), where.max())) + 1
    counts = np.bincount(cells, minlength=size)
    sums = np.stack([np.bincount(cells, v, minlength=size) for v in values.T], axis=1)
    means = np.full(sums.shape, np.nan)
    np.divide(sums, counts[:, None], out=means, where=counts[:, None] > 0)
    return means[where]


def _slopes(x: FloatArray, y: FloatArray, ridge: float) -> FloatArray:
    scale = x.std(axis=0)
    scale = np.where(scale > _FLAT, scale, np.inf)
    z = x / scale
    gram = z.T @ z + ridge * len(y) * np.eye(z.shape[1])
    slope: FloatArray = np.linalg.lstsq(gram, z.T @ y, rcond=1e-10)[0] / scale
    return slope


def explained(rows: Rows, x: FloatArray, *, by: str, ridge: float = 0.0) -> Explained:
    """Return the share of the change that is explained out of sample, with its interval.

    Args:
        rows: what is fitted.
        x: predictors, shape (rows, predictors).
        by: `arm` or `seed`: what is held out.
        ridge: penalty as a share of the rows.
    """
    why = _too_few(rows, by)
    if why:
        return _without(why)
    errors = held_out(rows, x, rows.arm if by == "arm" else rows.seed, ridge=ridge)
    known = np.isfinite(errors.fit)
    kept = rows.keep(known)
    fit, mean = (np.bincount(kept.run, values[known]) for values in errors)
    if mean.sum() <= _FLAT:
        return _without("the change is the same everywhere")
    weights = run_weights(kept)
    drawn = 1 - (weights @ fit) / (weights @ mean)
    value = float(1 - fit.sum() / mean.sum())
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Explained(value=value, low=float(min(low, value)), high=float(max(high, value)))


def _without(reason: str) -> Explained:
    return Explained(value=None, low=None, high=None, reason=reason)


def _too_few(rows: Rows, by: str) -> str | None:
    arms, seeds = np.unique(rows.arm).size, np.unique(rows.seed).size
    if by == "arm" and arms < FEWEST_ARMS:
        return f"{arms} of at least {FEWEST_ARMS} arms"
    if by == "seed" and seeds < 2:
        return f"{seeds} of at least 2 seeds"
    return None


def run_weights(rows: Rows) -> FloatArray:
    """Return bootstrap weights (draws, runs): one for each run, times one for its arm."""
    first = np.unique(rows.run, return_index=True)[1]
    return _weights(tuple(np.unique(rows.arm[first], return_inverse=True)[1].tolist()))


@lru_cache(maxsize=8)
def _weights(arms: tuple[int, ...]) -> FloatArray:
    rng = numpy_rng_for("prediction", "runs", *arms)
    of_arm = rng.standard_exponential((DRAWS, max(arms) + 1))
    return np.asarray(of_arm[:, arms] * rng.standard_exponential((DRAWS, len(arms))))


def flip_test(rows: Rows, given: FloatArray, extra: FloatArray) -> float | None:
    """Return the p-value of one more predictor; None with too few arms.

    Null: given the predictors that are held fixed and the cell, the extra one is not correlated
    with the change, in arms whose errors may be dependent and of any size but are as likely of
    either sign. The score of an arm is the sum of e * u over its rows, with e and u what the fixed
    predictors leave of the change and of the extra one; under the null its sign may be flipped.
    Source: Hemerik, Goeman and Finos, J. R. Stat. Soc. B 82 (2020) 841, with arms as the unit.

    Args:
        rows: what is fitted.
        given: predictors that are held fixed, shape (rows, predictors).
        extra: the one in question, shape (rows,).
    """
    both = np.column_stack([rows.y, extra])
    left = both - _cell_means(both, rows.cell, rows.cell)
    fixed = given - _cell_means(given, rows.cell, rows.cell)
    left -= fixed @ np.stack([_slopes(fixed, column, 0.0) for column in left.T], axis=1)
    arm = np.unique(rows.arm, return_inverse=True)[1].reshape(-1)
    scores = np.bincount(arm, left[:, 0] * left[:, 1])
    if scores.size < FEWEST_TESTED_ARMS:
        return None
    flips = _flips(scores.size)
    size = np.abs(flips @ scores)
    return float(np.mean(size >= size[0] * (1 - 1e-9)))


def _flips(n: int) -> FloatArray:
    """Return signs (flips, n), the first of them all 1; all that there are, or a sample."""
    if n <= _MOST_FLIPPED:
        rest = np.array(list(product((1.0, -1.0), repeat=n - 1)))
        return np.column_stack([np.ones(len(rest)), rest])
    signs = numpy_rng_for("prediction", "flips", n).integers(0, 2, (4096, n)) * 2.0 - 1.0
    signs[0] = 1.0
    return np.asarray(signs)
