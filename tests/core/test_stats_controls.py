"""The gap to random treatments: by hand, and its error rates by simulation."""

import numpy as np
import pytest

from metaprobe.core.stats import random_gap


def test_the_gap_is_that_of_the_formula() -> None:
    treated = np.tile([0.0, 0.5, 0.0, 1.0], 4)
    random = np.tile([[1.0, 1.0, 0.5, 1.0], [1.0, 0.5, 0.5, 1.0], [0.5, 1.0, 1.0, 1.0]], 4)
    found = random_gap(treated, random)
    assert found is not None
    differences = [0 - 2.5 / 3, 0.5 - 2.5 / 3, 0 - 2 / 3, 0] * 4
    means = [3.5 / 4, 3 / 4, 3.5 / 4]
    variance = np.var(means, ddof=1) * (4 / 3) + np.var(differences, ddof=1) / 16
    half = 4.302652729911275 * np.sqrt(variance)  # Student's t at two degrees of freedom
    assert found.value == pytest.approx(np.mean(differences))
    assert found.high == pytest.approx(found.value + half)
    assert found.low == pytest.approx(found.value - half)

    wide = random_gap(treated, random, level=1 - found.p_value)
    assert wide is not None
    assert wide.high == pytest.approx(0)


def test_all_alike_is_no_certainty() -> None:
    found = random_gap(np.ones(20), np.ones((5, 20)))
    assert found is not None
    assert found.p_value == 1
    assert found.low < -1 / 20
    assert random_gap(np.ones(20), np.ones((1, 20))) is None
    assert random_gap(np.ones(1), np.ones((5, 1))) is None


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot set items"):
        random_gap(np.ones(3), np.ones((5, 4)))
    with pytest.raises(ValueError, match="must lie in"):
        random_gap(np.full(3, 2.0), np.ones((5, 3)))


def accuracies(
    rng: np.random.Generator, shift: np.ndarray, items: np.ndarray, samples: int
) -> np.ndarray:
    """Accuracy (treatments, items) where treatments lower every item's by their own amount."""
    chance = np.clip(items + shift[:, None], 0, 1)
    return rng.binomial(samples, chance) / samples


@pytest.mark.slow
@pytest.mark.parametrize("sets", [2, 5])
@pytest.mark.parametrize("spread", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("n", [12, 60, 400])
def test_a_random_treatment_is_rarely_told_from_random_ones(
    sets: int, spread: float, n: int
) -> None:
    rng = np.random.default_rng([sets, int(100 * spread), n])
    hits, draws = 0, 1000
    for _ in range(draws):
        items = rng.beta(1, 1, n)
        shift = -np.abs(rng.normal(0, spread, sets + 1))
        found = accuracies(rng, shift, items, 4)
        gap = random_gap(found[0], found[1:])
        assert gap is not None
        hits += gap.p_value < 0.05
    print(f"{sets} sets, sd {spread}, {n} items: {hits / draws:.3f}")
    assert hits / draws < 0.075


def test_a_large_effect_is_told_from_five_random_ones() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        shift = np.array([-0.4, *rng.normal(-0.02, 0.03, 5)])
        found = accuracies(rng, shift, rng.uniform(0.5, 0.9, 60), 4)
        gap = random_gap(found[0], found[1:])
        assert gap is not None
        hits += gap.p_value < 0.01 and gap.high < 0
    assert hits > 180
