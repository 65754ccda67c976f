"""How well texts fit the cells, and which of them say something new."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.benchmark.curation.search import cosines
from metaprobe.benchmark.curation.seeds import Seeds
from metaprobe.benchmark.embedding import Embedder, Vectors

VERSION = 1
"""Raised whenever the same texts and seeds would give other scores."""

PENALTY = 0.5
"""Weight of the nearest near miss."""

NEAREST = 3
"""Seeds that belong whose cosines are averaged: one seed may be near by a mere word."""


class Fit(NamedTuple):
    """How well texts fit the cells, each of shape (texts, cells)."""

    scores: NDArray[np.float32]
    belongs: NDArray[np.int64]
    """Place, among a cell's seeds that belong, of the nearest."""
    near_miss: NDArray[np.int64]
    """Place, among a cell's near misses, of the nearest."""


class Scorer:
    """Scores of texts for cells: near to what belongs, and not to what only seems to.

    score = mean of the NEAREST highest cosines with seeds that belong
            - PENALTY * highest cosine with a near miss
    """

    def __init__(self, seeds: Sequence[Seeds], embedder: Embedder) -> None:
        """Embed the seeds' examples.

        Args:
            seeds: of the cells.
            embedder: made for the seeds' examples.
        """
        self.sizes = [len(one.belongs) for one in seeds]
        self.belongs = embedder.encode([b.example for one in seeds for b in one.belongs])
        self._misses = embedder.encode([m.example for one in seeds for m in one.near_miss])
        self._miss_sizes = [len(one.near_miss) for one in seeds]

    def fit(self, vectors: Vectors) -> Fit:
        """Return how well texts fit.

        Args:
            vectors: of the texts, shape (texts, D).
        """
        belonging = np.split(cosines(vectors, self.belongs), np.cumsum(self.sizes)[:-1], axis=1)
        missing = np.split(cosines(vectors, self._misses), np.cumsum(self._miss_sizes)[:-1], axis=1)
        scores = [
            np.sort(near, axis=1)[:, -NEAREST:].mean(axis=1) - PENALTY * miss.max(axis=1)
            for near, miss in zip(belonging, missing, strict=True)
        ]
        return Fit(
            np.stack(scores, axis=1),
            np.stack([near.argmax(axis=1) for near in belonging], axis=1),
            np.stack([miss.argmax(axis=1) for miss in missing], axis=1),
        )


def diverse_order(scores: NDArray[np.float32], vectors: Vectors, diversity: float) -> Iterator[int]:
    """Yield the texts in the order of maximal marginal relevance.

    Next comes the text of the highest (1 - d) * score - d * (highest cosine with one before it):
    Carbonell and Goldstein, SIGIR 1998, with lambda = 1 - d. Ties go to the earlier text.

    Args:
        scores: of the texts, shape (texts,).
        vectors: of the texts, shape (texts, D).
        diversity: d, from 0 (by score alone) to 1.
    """
    left = np.ones(len(scores), dtype=bool)
    closest = np.zeros(len(scores), dtype=np.float32)
    while left.any():
        value = (1 - diversity) * scores - diversity * closest
        value[~left] = -np.inf
        chosen = int(value.argmax())
        yield chosen
        left[chosen] = False
        if diversity:
            closest = np.maximum(closest, cosines(vectors, vectors[[chosen]])[:, 0])
