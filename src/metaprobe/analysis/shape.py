"""The shape of a change: how it is spread over the cells of the grid.

Formulas: reference/paper.md section 3, point 3 (the paper's own definitions are unknown).
Cells weigh the same; standard deviations are over the cells present, not a sample of them.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metaprobe.analysis.profile import paired_items
from metaprobe.core.results import CellResult, Shape
from metaprobe.core.stats import FloatArray, flipped_sums
from metaprobe.core.vocabulary import CELLS, Cell

PERMUTATIONS = 5_000
"""Random exchanges of base and tuned within items."""


def _accuracies(cells: list[CellResult]) -> dict[Cell, float]:
    return {Cell(row.domain, row.skill): row.accuracy for row in cells if row.accuracy is not None}


def _balance(accuracy: dict[Cell, float]) -> float:
    """Return the smallest skill accuracy over the largest, a skill being the mean of its cells.

    1 where every skill is at 0: they are equal.
    """
    skills = {cell.skill for cell in accuracy}
    means = [float(np.mean([a for c, a in accuracy.items() if c.skill == s])) for s in skills]
    return min(means) / max(means) if max(means) > 0 else 1.0


def _cosine(first: FloatArray, second: FloatArray) -> float | None:
    centred = first - first.mean(), second - second.mean()
    norms = float(np.linalg.norm(centred[0]) * np.linalg.norm(centred[1]))
    if norms < 1e-12:
        return None
    return float(np.clip(centred[0] @ centred[1] / norms, -1.0, 1.0))


def _specialisation(delta: FloatArray, trained: NDArray[np.bool_]) -> float:
    """Return the mean change of trained cells minus that of the others; 0 without both kinds."""
    if trained.all() or not trained.any():
        return 0.0
    return float(delta[trained].mean() - delta[~trained].mean())


def _jaggedness_p(difference: FloatArray, cell: NDArray[np.int64], stream: str) -> float:
    """Return how often exchanging base and tuned within items is at least as jagged.

    Args:
        difference: tuned - base of each item, shape (items,).
        cell: Index of each item's cell, shape (items,).
        stream: Name of the random stream.
    """
    share = np.zeros((difference.size, int(cell.max()) + 1))
    share[np.arange(difference.size), cell] = difference / np.bincount(cell)[cell]
    observed = float(share.sum(axis=0).std())
    exchanged = flipped_sums(share, stream=stream, draws=PERMUTATIONS).std(axis=1)
    hits = int(np.count_nonzero(exchanged >= observed - 1e-6))
    return (hits + 1) / (len(exchanged) + 1)


def shape(
    base_cells: list[CellResult],
    tuned_cells: list[CellResult],
    base_items: pl.DataFrame,
    tuned_items: pl.DataFrame,
    trained: set[str],
    *,
    stream: str,
) -> Shape | None:
    """Return the shape of the change, or None when base and stage share no measured cell.

    Jaggedness, specialisation and the worst cell are of changes paired by item; balance, drift
    and cosine are of the accuracies in the profile rows.

    Args:
        base_cells: Profile rows of the base.
        tuned_cells: Profile rows of the stage.
        base_items: `item_accuracies` of the base.
        tuned_items: `item_accuracies` of the stage.
        trained: Cells that the arm was trained on, written `domain/skill`.
        stream: Name of the random stream of the stage.
    """
    before, after = _accuracies(base_cells), _accuracies(tuned_cells)
    items = paired_items(base_items, tuned_items)
    names = (items["domain"].cast(pl.String) + "/" + items["skill"].cast(pl.String)).to_numpy()
    present = set(names)
    cells = [c for c in CELLS if c in before and c in after and str(c) in present]
    if not cells:
        return None
    order = {str(cell): i for i, cell in enumerate(cells)}
    kept = np.array([name in order for name in names])
    cell = np.array([order[name] for name in names[kept]], dtype=np.int64)
    difference = (items["tuned"] - items["base"]).to_numpy()[kept]
    delta = np.bincount(cell, difference) / np.bincount(cell)
    first = np.array([before[c] for c in cells])
    second = np.array([after[c] for c in cells])
    worst = int(np.argmin(delta))
    return Shape(
        balance=_balance(after),
        jaggedness=float(delta.std()),
        specialisation=_specialisation(delta, np.array([str(c) in trained for c in cells])),
        worst_cell=str(cells[worst]),
        worst_delta=float(delta[worst]),
        drift=float(np.linalg.norm(second - first) / np.sqrt(len(cells))),
        cosine=_cosine(first, second),
        permutation_p=_jaggedness_p(difference, cell, stream) if len(cells) > 1 else None,
    )
