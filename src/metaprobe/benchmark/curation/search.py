"""The rows nearest to groups of seeds, out of any number of rows, in one pass over blocks.

Exact: every row is compared with every seed. Memory is that of one block and of the rows kept.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from metaprobe.benchmark.embedding import Vectors
from metaprobe.core.errors import MissingExtraError

_BLOCK = 16_384


class Nearest(NamedTuple):
    """The rows nearest to one group, nearest first."""

    rows: NDArray[np.int64]
    """Numbers, counted from 0 in the order in which they were added."""
    cosines: NDArray[np.float32]
    """Of each with the nearest seed of the group."""


class Search(Protocol):
    """Keeps the rows that are nearest to any seed of a group."""

    def add(self, vectors: Vectors) -> None:
        """Compare further rows, shape (rows, D)."""

    def nearest(self) -> list[Nearest]:
        """Return what is nearest to each group so far."""


def cosines(rows: Vectors, seeds: Vectors) -> NDArray[np.float32]:
    """Return the cosines of unit rows with unit seeds, shape (rows, seeds)."""
    product = rows @ seeds.T
    dense = product.toarray() if sparse.issparse(product) else product
    return np.asarray(dense, dtype=np.float32)


class ExactSearch:
    """Products of blocks with all seeds; ties go to the row that came first."""

    def __init__(self, seeds: Vectors, sizes: Sequence[int], keep: int) -> None:
        """Take the seeds.

        Args:
            seeds: of all groups, one after the other, shape (seeds, D).
            sizes: number of seeds of each group, at least one.
            keep: most rows of each group.
        """
        self._seeds, self._keep = seeds, keep
        self._starts = np.cumsum([0, *sizes[:-1]])
        empty = Nearest(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
        self._best = [empty for _ in sizes]
        self._n = 0

    def add(self, vectors: Vectors) -> None:
        """Compare further rows, shape (rows, D)."""
        for start in range(0, vectors.shape[0], _BLOCK):
            found = cosines(vectors[start : start + _BLOCK], self._seeds)
            highest = np.maximum.reduceat(found, self._starts, axis=1)
            for group in range(len(self._best)):
                self._merge(group, np.ascontiguousarray(highest[:, group]))
            self._n += len(highest)

    def nearest(self) -> list[Nearest]:
        """Return what is nearest to each group so far."""
        return list(self._best)

    def _merge(self, group: int, found: NDArray[np.float32]) -> None:
        known = self._best[group]
        full = len(known.rows) >= self._keep
        new = np.flatnonzero(found > known.cosines[-1]) if full else np.arange(len(found))
        if not len(new):
            return
        rows = np.concatenate([known.rows, new + self._n])
        values = np.concatenate([known.cosines, found[new]])
        order = np.argsort(-values, kind="stable")[: self._keep]
        self._best[group] = Nearest(rows[order], values[order])


class UsearchSearch:
    """The same by an approximate index of usearch, which holds all vectors as half floats.

    Worth its while where the same rows are searched for many seeds; it may miss some.
    """

    def __init__(self, seeds: Vectors, sizes: Sequence[int], keep: int) -> None:
        """Take the seeds, as `ExactSearch` does.

        Raises:
            MissingExtraError: usearch is not installed.
        """
        if find_spec("usearch") is None:
            raise MissingExtraError("--search usearch: pip install 'metaprobe[select]'")
        from usearch.index import Index

        self._seeds = _dense(seeds)
        self._sizes, self._keep = list(sizes), keep
        self._index: Any = Index(
            ndim=self._seeds.shape[1], metric="ip", dtype="f16", expansion_search=max(64, keep)
        )

    def add(self, vectors: Vectors) -> None:
        """Put further rows into the index, shape (rows, D)."""
        first = len(self._index)
        self._index.add(np.arange(first, first + vectors.shape[0]), _dense(vectors))

    def nearest(self) -> list[Nearest]:
        """Return what is nearest to each group so far."""
        groups = np.split(self._seeds, np.cumsum(self._sizes)[:-1])
        return [self._nearest(group) for group in groups]

    def _nearest(self, seeds: NDArray[np.float32]) -> Nearest:
        best: dict[int, float] = {}
        for seed in seeds:
            found = self._index.search(seed, self._keep)
            for row, distance in zip(found.keys.tolist(), found.distances.tolist(), strict=True):
                best[row] = max(best.get(row, -1.0), 1 - distance)
        order = sorted(best, key=lambda row: (-best[row], row))[: self._keep]
        values = np.array([best[row] for row in order], dtype=np.float32)
        return Nearest(np.array(order, dtype=np.int64), values)


def _dense(vectors: Vectors) -> NDArray[np.float32]:
    rows = vectors.toarray() if sparse.issparse(vectors) else vectors
    return np.ascontiguousarray(rows, dtype=np.float32)
