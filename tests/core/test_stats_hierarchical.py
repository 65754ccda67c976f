import numpy as np
import pytest

from metaprobe.core import stats
from metaprobe.core.streams import numpy_rng_for

FAMILIES = np.repeat(np.arange(6), 5)


def test_seeds_that_move_all_items_alike_give_the_t_interval_over_seeds():
    of_seed = np.array([0.1, -0.05, 0.2])
    found = stats.arm_change(np.repeat(of_seed[:, None], 30, axis=1), FAMILIES)
    expected = stats.t_interval(of_seed)
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3])
    assert (found.n_seeds, found.n_families, found.n_items) == (3, 6, 30)
    assert found.seed_sd == pytest.approx(of_seed.std(ddof=1))
    assert found.family_sd == 0


def test_seeds_that_agree_give_the_t_interval_over_families():
    of_family = numpy_rng_for("families").normal(0.1, 0.3, 6)
    found = stats.arm_change(np.tile(np.repeat(of_family, 5), (4, 1)), FAMILIES)
    expected = stats.t_interval(of_family)
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3])
    assert found.family_sd == pytest.approx(of_family.std(ddof=1))


def test_order_and_names_of_families_do_not_matter():
    rng = numpy_rng_for("order")
    changes, order = rng.integers(-4, 5, (3, 30)) / 4, rng.permutation(30)
    names = np.array([f"family {n}" for n in FAMILIES])
    assert stats.arm_change(changes[::-1, order], names[order]) == pytest.approx(
        stats.arm_change(changes, FAMILIES)
    )


def test_p_is_that_of_the_interval_that_ends_at_0():
    changes = numpy_rng_for("p").normal(0.1, 0.2, (3, 30)).clip(-1, 1)
    p = stats.arm_change(changes, FAMILIES).p_value
    ends = stats.arm_change(changes, FAMILIES, level=1 - p)
    assert 0 < p < 1
    assert min(abs(ends.low), abs(ends.high)) == pytest.approx(0, abs=1e-9)


def test_an_arm_that_changes_nothing_has_an_interval_with_width():
    found = stats.arm_change(np.zeros((3, 30)), FAMILIES)
    assert (found.value, found.p_value) == (0, 1)
    assert found.low < 0 < found.high


def test_one_seed_or_one_family_is_no_claim():
    assert stats.arm_change(np.zeros((1, 30)), FAMILIES) is None
    assert stats.arm_change(np.zeros((3, 30)), np.zeros(30)) is None


def test_changes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="families"):
        stats.arm_change(np.zeros((3, 29)), FAMILIES)
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        stats.arm_change(np.full((3, 30), np.nan), FAMILIES)


def changes_of(rng, n_seeds, sizes, seed_sd, family_sd, samples=2):
    """Changes (seeds, items), 0 on average, of an arm whose effect differs by seed and family."""
    families = np.repeat(np.arange(len(sizes)), sizes)
    effect = rng.normal(0, seed_sd, (n_seeds, 1)) + rng.normal(0, family_sd, len(sizes))
    effect = (effect + rng.normal(0, 0.03, effect.shape))[:, families]
    effect = effect + rng.normal(0, 0.1, families.size)
    base = rng.uniform(0.4, 0.6, families.size)
    tuned = (base + effect).clip(0, 1)
    hits = rng.binomial(samples, base), rng.binomial(samples, tuned)
    return (hits[1] - hits[0]) / samples, families


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
@pytest.mark.parametrize("sizes", [[6] * 5, [2, 4, 6, 8, 10], [5] * 20])
def test_arm_change_covers_with_few_seeds_and_families(n_seeds, sizes):
    for seed_sd, family_sd in ((0.0, 0.0), (0.05, 0.0), (0.0, 0.08), (0.05, 0.08), (0.15, 0.02)):
        rng = numpy_rng_for("arm", n_seeds, len(sizes), seed_sd, family_sd)
        found = [
            stats.arm_change(*changes_of(rng, n_seeds, sizes, seed_sd, family_sd))
            for _ in range(300)
        ]
        rate = np.mean([each.low <= 0 <= each.high for each in found])
        width = np.mean([each.high - each.low for each in found])
        print(
            f"\n{n_seeds} seeds, {len(sizes)} families of {sizes[0]} to {sizes[-1]}, "
            f"sd {seed_sd} and {family_sd}: coverage {rate:.3f}, width {width:.3f}"
        )
        assert rate >= 0.92
