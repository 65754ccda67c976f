"""The shape of a change: how it is spread over the cells of the grid.

Formulas: docs/shape.md; arXiv 2512.24063 does not define its own. Cells weigh the same; standard
deviations are over the cells present, not a sample of them. The area of a radar is never used: it
depends on the order of its corners.

Noise in the accuracies makes the plain jaggedness and drift too large, and the plain cosine too
small. All three are made of mean products over cells, whose bias is the mean sampling (co)variance.
A Bayesian bootstrap over the items of each cell (Rubin, Ann. Statist. 9 (1981) 130), stretched to
the unbiased variance, measures that bias; it is taken off the value once, and off the draws twice,
since they carry it twice. The interval is too wide rather than too narrow where all cells changed
alike (tests/analysis/test_shape.py simulates its coverage).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metaprobe.analysis.profile import paired_items
from metaprobe.core.results import Corrected, Estimate, Shape
from metaprobe.core.stats import FloatArray, flipped_sums, mean_interval, paired_delta
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS

PERMUTATIONS = 2_000
"""Sign vectors of the two tests."""

DRAWS = 2_000
LEVEL = 0.95
_ENDS = [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]
_FLAT = 1e-12
"""Variance over cells below which a profile is flat."""


@lru_cache(maxsize=4)
def _weights(items: int) -> NDArray[np.float32]:
    """Return unnormalised Dirichlet weights, shape (items, draws)."""
    rng = numpy_rng_for("shape", "weights", items)
    return rng.standard_exponential((items, DRAWS), dtype=np.float32)


def _resampled(values: FloatArray, cell: NDArray[np.int64], stream: str) -> FloatArray:
    """Return the means of each cell, shape (columns, 1 + draws, cells), estimates first.

    Args:
        values: of each item, shape (items, columns); an item has one weight for all of them.
        cell: index of each item's cell, shape (items,).
        stream: decides which item meets which weight.
    """
    order = numpy_rng_for("shape", stream).permutation(len(cell))
    order = order[np.argsort(cell[order], kind="stable")]
    sizes = np.bincount(cell)
    weights = np.split(_weights(len(cell)), np.cumsum(sizes)[:-1])
    means = []
    for own, given in zip(np.split(values[order], np.cumsum(sizes)[:-1]), weights, strict=True):
        n, mean = len(own), own.mean(axis=0)[:, None]
        drawn = own.T.astype(np.float32) @ given / given.sum(axis=0)
        # Dirichlet weights give the variance of the mean with n + 1 for n - 1.
        means.append(np.hstack([mean, mean + np.sqrt((n + 1) / (n - 1)) * (drawn - mean)]))
    return np.stack(means, axis=2)


def _without_noise(products: FloatArray) -> FloatArray:
    """Return mean products over cells without their bias, shape (1 + draws,)."""
    bias = products[1:].mean() - products[0]
    return np.append(products[0] - bias, products[1:] - 2 * bias)


def _estimate(values: FloatArray) -> Estimate:
    low, high = np.quantile(values[1:], _ENDS)
    return Estimate(value=float(values[0]), low=float(low), high=float(high))


def _root(squares: FloatArray) -> Corrected:
    """Return the root of a mean square over cells, shape (1 + draws,), without its bias."""
    values = np.sqrt(np.maximum(_without_noise(squares), 0.0))
    low, high = np.quantile(values[1:], _ENDS)
    return Corrected(
        value=float(values[0]),
        low=min(float(low), float(values[0])),
        high=max(float(high), float(values[0])),
        raw=float(np.sqrt(squares[0])),
    )


def _cosine(first: FloatArray, second: FloatArray) -> Corrected | None:
    """Return the cosine of two centred profiles, each (1 + draws, cells)."""
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    raw = [(a * b).mean(axis=1) for a, b in ((first, second), (first, first), (second, second))]
    both, of_first, of_second = (_without_noise(products) for products in raw)
    known = (of_first > _FLAT) & (of_second > _FLAT)
    if not known[0]:
        return None
    scale = np.sqrt(np.where(known, of_first * of_second, 1.0))
    values = np.where(known, np.clip(both / scale, -1.0, 1.0), np.nan)
    low, high = np.quantile(values[1:], _ENDS)
    plain = raw[0][0] / np.sqrt(raw[1][0] * raw[2][0])
    return Corrected(
        value=float(values[0]),
        low=float(low) if known.all() else None,
        high=float(high) if known.all() else None,
        raw=float(np.clip(plain, -1.0, 1.0)),
    )


def _each(groups: int) -> float:
    """Return the level at which intervals of independent groups hold together (Sidak)."""
    return float(LEVEL ** (1 / groups))


def _balance(items: pl.DataFrame) -> Estimate | None:
    """Return the smallest skill accuracy over the largest; the ends are those of all intervals."""
    skills = [own["tuned"].to_numpy() for own in items.partition_by("skill")]
    found = [mean_interval(own, level=_each(len(skills))) for own in skills]
    values, lows, highs = np.array([f[:3] for f in found if f is not None]).T
    if values.max() <= 0:
        return None
    high = min(1.0, float(highs.min() / lows.max())) if lows.max() > 0 else 1.0
    return Estimate(
        value=float(values.min() / values.max()), low=float(lows.min() / highs.max()), high=high
    )


def _specialisation(delta: FloatArray, trained: NDArray[np.bool_]) -> Estimate | None:
    if trained.all() or not trained.any():
        return None
    return _estimate(delta[:, trained].mean(axis=1) - delta[:, ~trained].mean(axis=1))


def _worst(base: FloatArray, tuned: FloatArray, cell: NDArray[np.int64], stream: str) -> Estimate:
    """Return the lowest change of a cell.

    The lowest of many noisy changes is too low, so that the interval holds for all cells at once:
    the true lowest change lies between the lowest lower and the lowest upper end.
    """
    groups = [cell == c for c in range(int(cell.max()) + 1)]
    found = [
        paired_delta(
            base[own], tuned[own], stream=f"{stream}/{c}", draws=2 * DRAWS, level=_each(len(groups))
        )
        for c, own in enumerate(groups)
    ]
    value, low, high = (min(ends) for ends in zip(*(f[:3] for f in found), strict=True))
    return Estimate(value=value, low=low, high=high)


def _p_values(
    difference: FloatArray, cell: NDArray[np.int64], stream: str
) -> tuple[float, float | None]:
    """Return p of no change (statistic: drift) and p of an even change (jaggedness).

    Without any change base and tuned are exchangeable within an item, so the sign of each
    difference is random. With an even change only what is left of each difference, less the mean
    of its cell, has a random sign: the wild bootstrap of Wu, Ann. Statist. 14 (1986) 1261, which
    lets each cell keep its own variance.

    Args:
        difference: tuned - base of each item, shape (items,).
        cell: index of each item's cell, shape (items,).
        stream: name of the random stream.
    """
    sizes = np.bincount(cell)
    delta = np.bincount(cell, difference) / sizes
    rest = (difference - delta[cell]) * np.sqrt(sizes / (sizes - 1))[cell]
    drift, jaggedness = np.sqrt((delta**2).mean()), delta.std()
    flipped = _flipped_means(difference, cell, stream)
    nothing = _share(np.sqrt((flipped**2).mean(axis=1)), drift)
    if sizes.size == 1:
        return nothing, None
    return nothing, _share(_flipped_means(rest, cell, stream).std(axis=1), jaggedness)


def _flipped_means(values: FloatArray, cell: NDArray[np.int64], stream: str) -> NDArray[np.float32]:
    """Return the mean of each cell after sign flips, shape (sign vectors, cells)."""
    sizes = np.bincount(cell)
    shares = (cell[:, None] == np.arange(sizes.size)) * (values / sizes[cell])[:, None]
    return flipped_sums(shares, stream=stream, draws=PERMUTATIONS)


def _share(drawn: NDArray[np.float32], observed: float) -> float:
    hits = int(np.count_nonzero(drawn >= observed - 1e-6))
    return (hits + 1) / (len(drawn) + 1)


def mean_over_seeds(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return one table of `item_accuracies` with the mean over seeds, of items that all have."""
    grouped = pl.concat(tables).group_by("item_id", maintain_order=True)
    merged = grouped.agg(pl.all().exclude("accuracy").first(), pl.col("accuracy").mean(), pl.len())
    return merged.filter(pl.col("len") == len(tables)).drop("len")


def shape(
    base_items: pl.DataFrame, tuned_items: pl.DataFrame, trained: set[str], *, stream: str
) -> Shape | None:
    """Return the shape of the change, or None when no cell has two items of both.

    Everything is of the items that both tables grade, paired; intervals speak of the items.

    Args:
        base_items: `item_accuracies` of the base.
        tuned_items: `item_accuracies` of the stage.
        trained: Cells that the arm was trained on, written `domain/skill`.
        stream: Name of the random stream of the stage.
    """
    items = paired_items(base_items, tuned_items)
    name = pl.col("domain").cast(pl.String) + "/" + pl.col("skill").cast(pl.String)
    items = items.with_columns(cell=name).filter(pl.len().over("cell") > 1)
    present = set(items["cell"])
    cells = [str(cell) for cell in CELLS if str(cell) in present]
    if not cells:
        return None
    cell = np.array([cells.index(own) for own in items["cell"]], dtype=np.int64)
    base, tuned = items["base"].to_numpy(), items["tuned"].to_numpy()
    before, after = _resampled(np.stack([base, tuned], axis=1), cell, stream)
    delta = after - before
    unchanged_p, uneven_p = _p_values(tuned - base, cell, stream)
    return Shape(
        n_cells=len(cells),
        n_items=len(cell),
        balance=_balance(items),
        jaggedness=_root(delta.var(axis=1)),
        specialisation=_specialisation(delta, np.array([own in trained for own in cells])),
        worst_cell=cells[int(delta[0].argmin())],
        worst=_worst(base, tuned, cell, stream),
        drift=_root((delta**2).mean(axis=1)),
        cosine=_cosine(before, after),
        unchanged_p=unchanged_p,
        uneven_p=uneven_p,
    )
