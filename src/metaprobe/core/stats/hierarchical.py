"""What an arm does, over items, families and seeds at once.

The interval of one trained model says nothing about the next seed, and items of one family are
alike. A claim about the arm has to hold for other seeds and other families.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from metaprobe.core.stats.shares import FloatArray


class ArmChange(NamedTuple):
    """The change that an arm makes, for seeds and families like those seen."""

    value: float
    low: float
    high: float
    p_value: float
    """Two-sided, of no change."""
    n_seeds: int
    n_families: int
    n_items: int
    seed_sd: float
    """Standard deviation of the mean change between seeds, beyond what items explain."""
    family_sd: float
    """Standard deviation of the mean change between families, common to all seeds."""


def arm_change(
    changes: FloatArray, families: NDArray[Any], *, level: float = 0.95
) -> ArmChange | None:
    """Return the mean change with a t interval over seeds and families, crossed.

    change = mean + seed + family + (seed by family), all of them random. Items and their samples
    lie within a family, so its items are summed first, and the last term holds what is left of
    them. With S seeds, F families, the mean squares M of a two-way table without replicates and t
    the quantiles of Student's t at S - 1 and F - 1 degrees of freedom, the interval reaches to

        sqrt((t_S^2 M_seed + t_F^2 max(0, M_family - M_both)) / (S F))

    on either side. Each variance keeps its own quantile, as in Cochran and Cox's test: with
    Satterthwaite's single one the interval covered as little as 0.88 where two seeds differ much,
    since they may be close to each other by chance. Families of unequal size enter as deviations
    F / n * sum(change - mean), as the clusters of a survey do. The sum of squares over items
    counts as at least 1 for each seed, one item that turned over.

    Sources: Cornfield and Tukey, Ann. Math. Statist. 27 (1956) 907; Cochran and Cox, Experimental
    Designs (1957), section 4.14; Clark, J. Verb. Learn. Verb. Behav. 12 (1973) 335.

    Args:
        changes: tuned - base of each seed and item, shape (seeds, items).
        families: Label of each item's family, shape (items,).
        level: Nominal coverage.

    Returns:
        None with fewer than two seeds or two families: nothing is known of others then.

    Raises:
        ValueError: the shapes do not fit, or a change is outside [-1, 1].
    """
    changes = np.asarray(changes, dtype=np.float64)
    if changes.ndim != 2 or changes.shape[1:] != np.shape(families) or changes.size == 0:
        raise ValueError(f"{np.shape(families)} families for changes of shape {changes.shape}")
    if not np.abs(changes).max() <= 1:
        raise ValueError("changes must lie in [-1, 1]")
    index = np.unique(families, return_inverse=True)[1]
    n_seeds, n_items, n_families = *changes.shape, int(index.max()) + 1
    if n_seeds < 2 or n_families < 2:
        return None
    value = float(changes.mean())
    table = np.stack([np.bincount(index, row) for row in changes - value]) * n_families / n_items
    seed, family, both = _mean_squares(table)
    parts = np.array([seed, max(0.0, family - both)]) / table.size
    free = np.array([n_seeds - 1, n_families - 1])
    floor = 1 / (n_seeds * n_items * (n_items - 1))
    half = _reach(parts, free, floor, 1 - level)
    return ArmChange(
        value=value,
        low=max(-1.0, value - half),
        high=min(1.0, value + half),
        p_value=_p_value(abs(value), parts, free, floor),
        n_seeds=n_seeds,
        n_families=n_families,
        n_items=n_items,
        seed_sd=float(np.sqrt(max(0.0, seed - both) / n_families)),
        family_sd=float(np.sqrt(max(0.0, family - both) / n_seeds)),
    )


def _reach(parts: FloatArray, free: NDArray[np.int64], floor: float, p: float) -> float:
    """Return half the width of the interval of level 1 - p.

    Args:
        parts: Variance of the mean that seeds and that families bring, shape (2,).
        free: Their degrees of freedom, shape (2,).
        floor: Least variance of the mean.
        p: Probability outside the interval.
    """
    squares = special.stdtrit(free, p / 2) ** 2
    return float(np.sqrt(max(squares @ parts, squares[0] * floor)))


def _p_value(size: float, parts: FloatArray, free: NDArray[np.int64], floor: float) -> float:
    """Return p of the interval that just reaches 0; none is said to be below 1e-16."""
    low, high = -16.0, 0.0
    for _ in range(40):
        middle = (low + high) / 2
        if _reach(parts, free, floor, 10**middle) > size:
            low = middle
        else:
            high = middle
    return float(10**high)


def _mean_squares(table: FloatArray) -> tuple[float, float, float]:
    """Return the mean squares of seeds, of families and of both.

    Args:
        table: Deviations from the mean, shape (seeds, families).
    """
    n_seeds, n_families = table.shape
    of_seed, of_family = table.mean(axis=1), table.mean(axis=0)
    rest = table - of_seed[:, None] - of_family
    return (
        float(of_seed @ of_seed) * n_families / (n_seeds - 1),
        float(of_family @ of_family) * n_seeds / (n_families - 1),
        float((rest**2).sum()) / ((n_seeds - 1) * (n_families - 1)),
    )
