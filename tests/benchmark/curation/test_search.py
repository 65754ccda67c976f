"""Narrowing finds what a sort of all cosines finds, and orders by score and novelty."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from metaprobe.benchmark.curation.scoring import diverse_order
from metaprobe.benchmark.curation.search import ExactSearch, UsearchSearch
from metaprobe.core.streams import numpy_rng_for


def unit(n: int, name: str, width: int = 8) -> np.ndarray:
    rows = numpy_rng_for("search", name).normal(size=(n, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_sorting(rows: np.ndarray, seeds: np.ndarray, sizes: list[int], keep: int) -> list[list[int]]:
    found = []
    for start, end in pairwise([0, *accumulate(sizes)]):
        highest = [max(float(row @ seed) for seed in seeds[start:end]) for row in rows]
        found.append(sorted(range(len(rows)), key=lambda i: (-round(highest[i], 5), i))[:keep])
    return found


@settings(max_examples=20)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.integers(1, 12),
    st.booleans(),
)
def test_blocks_give_the_rows_of_a_sort_of_all(
    sizes: list[int], blocks: list[int], keep: int, dense: bool
) -> None:
    seeds, rows = unit(sum(sizes), "seeds"), unit(sum(blocks), "rows")
    kind = np.asarray if dense else sparse.csr_array
    search = ExactSearch(kind(seeds), sizes, keep)
    for start, end in pairwise([0, *accumulate(blocks)]):
        search.add(kind(rows[start:end]))
    assert [n.rows.tolist() for n in search.nearest()] == by_sorting(rows, seeds, sizes, keep)


def test_usearch_finds_nearly_the_same() -> None:
    pytest.importorskip("usearch", reason="usearch is not installed")
    seeds, rows = unit(6, "seeds", 32), unit(2000, "rows", 32)
    searches = [kind(seeds, [2, 4], 50) for kind in (ExactSearch, UsearchSearch)]
    for search in searches:
        search.add(rows[:700])
        search.add(rows[700:])
    for exact, near in zip(*(search.nearest() for search in searches), strict=True):
        assert len(set(exact.rows) & set(near.rows)) >= 45
        assert np.all(np.diff(near.cosines) <= 0)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(0, 8), st.sampled_from([0, 0.2, 0.3, 0.5, 0.8]))
def test_the_order_is_that_of_maximal_marginal_relevance(n: int, diversity: float) -> None:
    vectors = np.abs(unit(n, "rows"))
    scores = vectors[:, 0]
    order: list[int] = []
    while len(order) < n:
        value = {
            i: (1 - diversity) * scores[i]
            - diversity * max([float(vectors[i] @ vectors[j]) for j in order], default=0)
            for i in range(n)
            if i not in order
        }
        best = max(value.values())
        order.append(next(i for i, v in value.items() if v >= best - 1e-5))
    assert list(diverse_order(scores, vectors, diversity)) == order


def test_without_diversity_the_order_is_by_score_and_with_it_copies_come_late() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    scores = np.array([0.9, 0.89, 0.5, 0.4], dtype=np.float32)
    assert list(diverse_order(scores, vectors, 0)) == [0, 1, 2, 3]
    assert list(diverse_order(scores, vectors, 0.6)) == [0, 2, 3, 1]
