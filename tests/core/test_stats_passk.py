import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.core import stats

COUNTS = st.integers(1, 7).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


@given(COUNTS)
def test_both_are_means_over_all_choices_of_k_samples(counts):
    n, correct, k = counts
    chosen = list(itertools.combinations([True] * correct + [False] * (n - correct), k))
    c, size = np.array([correct]), np.array([n])
    assert stats.pass_at_k(c, size, k)[0] == pytest.approx(np.mean([any(x) for x in chosen]))
    assert stats.pass_hat_k(c, size, k)[0] == pytest.approx(np.mean([all(x) for x in chosen]))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 1.0])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_both_are_unbiased(share, k):
    correct = np.arange(9)
    chances = [comb(8, c) * share**c * (1 - share) ** (8 - c) for c in correct]
    samples = np.full(9, 8)
    assert stats.pass_at_k(correct, samples, k) @ chances == pytest.approx(1 - (1 - share) ** k)
    assert stats.pass_hat_k(correct, samples, k) @ chances == pytest.approx(share**k)


def test_one_sample_is_accuracy_and_items_may_differ_in_samples():
    correct, samples = np.array([0, 3, 1000]), np.array([4, 4, 2000])
    assert stats.pass_at_k(correct, samples, 1) == pytest.approx(correct / samples)
    assert stats.pass_hat_k(correct, samples, 1) == pytest.approx(correct / samples)
    assert stats.pass_at_k(correct, samples, 4) == pytest.approx([0, 1, 15 / 16], abs=1e-3)
    assert stats.pass_at_k(np.zeros(0, int), np.zeros(0, int), 3).size == 0


@pytest.mark.parametrize("function", [stats.pass_at_k, stats.pass_hat_k])
def test_impossible_counts_are_refused(function):
    one = np.array([1])
    for k in (0, 3):
        with pytest.raises(ValueError, match="k must lie"):
            function(one, np.array([2]), k)
    for correct in (-1, 3):
        with pytest.raises(ValueError, match="between 0 and"):
            function(np.array([correct]), np.array([2]), 1)
    with pytest.raises(ValueError, match="items"):
        function(one, np.array([2, 2]), 1)
