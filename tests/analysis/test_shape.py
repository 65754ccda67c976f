import itertools

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.profile import item_accuracies
from metaprobe.analysis.shape import mean_over_seeds, shape
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Skill

TRAINED = {str(cell) for cell in CELLS[:5]}


def table(shares, name, *, items=20, cells=CELLS, k=4):
    """Responses in which each item of cell i is right with probability shares[i]."""
    rng = numpy_rng_for(name)
    return pl.DataFrame(
        [
            {
                "item_id": f"{cell}/{i}",
                "domain": str(cell.domain),
                "skill": str(cell.skill),
                "family": "toy",
                "level": 1,
                "sample": sample,
                "verdict": "correct" if rng.random() < share else "wrong",
                "self_check": False,
                "chance": 0.0,
                "majority": 0.1,
            }
            for cell, share in zip(cells, shares, strict=True)
            for i in range(items)
            for sample in range(k)
        ]
    )


def shape_of(base, tuned, trained=TRAINED):
    return shape(item_accuracies(base), item_accuracies(tuned), trained, stream="t")


def cell_means(responses):
    """Accuracy of each cell in grid order, without the package."""
    hits: dict[str, list[bool]] = {str(cell): [] for cell in CELLS}
    for row in responses.iter_rows(named=True):
        hits[f"{row['domain']}/{row['skill']}"].append(row["verdict"] == "correct")
    return np.array([np.mean(h) for h in hits.values()])


def mean_products(first, second):
    """Mean product over cells of two centred profiles."""
    return np.mean((first - first.mean()) * (second - second.mean()))


def sampling(first, second, items=20):
    """Mean over cells of the sampling covariance of two means; (cells, items) each."""
    pairs = zip(first, second, strict=True)
    return np.mean([np.cov(a, b)[0, 1] for a, b in pairs]) / items


def by_item(responses, items=20):
    """Accuracy of each item, (cells, items), without the package."""
    means = responses.group_by("item_id", maintain_order=True).agg(
        (pl.col("verdict") == "correct").mean()
    )
    return means["verdict"].to_numpy().reshape(-1, items)


def test_raw_numbers_follow_their_definitions():
    base = table(np.linspace(0.2, 0.8, 20), "base")
    tuned = table(np.linspace(0.7, 0.3, 20), "tuned")
    found = shape_of(base, tuned)
    first, second = cell_means(base), cell_means(tuned)
    delta = second - first
    assert found.n_cells == 20
    assert found.n_items == 400
    assert found.jaggedness.raw == pytest.approx(np.sqrt(mean_products(delta, delta)))
    assert found.specialisation.value == pytest.approx(delta[:5].mean() - delta[5:].mean())
    assert found.drift.raw == pytest.approx(np.sqrt(np.mean(delta**2)))
    assert found.cosine.raw == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found.worst_cell == str(CELLS[int(delta.argmin())])
    assert found.worst.value == pytest.approx(delta.min())
    skills = [
        np.mean([a for a, c in zip(second, CELLS, strict=True) if c.skill == s]) for s in Skill
    ]
    assert found.balance.value == pytest.approx(min(skills) / max(skills))


def test_values_are_those_without_the_sampling_variance():
    base = table(np.linspace(0.2, 0.8, 20), "base")
    tuned = table(np.linspace(0.1, 0.9, 20), "tuned")
    found = shape_of(base, tuned)
    first, second = by_item(base), by_item(tuned)
    delta = (second - first).mean(axis=1)
    noise = sampling(second - first, second - first)
    jagged = mean_products(delta, delta) - noise * 19 / 20
    assert found.jaggedness.value == pytest.approx(np.sqrt(jagged), rel=0.03)
    assert found.drift.value == pytest.approx(np.sqrt(np.mean(delta**2) - noise), rel=0.03)
    both, of_first, of_second = (
        mean_products(a.mean(axis=1), b.mean(axis=1)) - sampling(a, b) * 19 / 20
        for a, b in ((first, second), (first, first), (second, second))
    )
    expected = min(1.0, both / np.sqrt(of_first * of_second))
    assert found.cosine.value == pytest.approx(expected, abs=0.01)


def test_a_model_has_no_distance_from_itself():
    base = table(np.linspace(0.2, 0.8, 20), "base")
    found = shape_of(base, base)
    for number in (found.drift, found.jaggedness):
        assert (number.value, number.low, number.high, number.raw) == (0, 0, 0, 0)
    assert found.worst.value == 0
    assert found.worst.low < 0 < found.worst.high
    assert found.cosine.value == pytest.approx(1)
    assert found.unchanged_p == 1
    assert found.uneven_p == 1


def test_a_flat_profile_has_no_cosine_and_one_at_zero_no_balance():
    found = shape_of(table([1.0] * 20, "base"), table([0.0] * 20, "tuned"))
    assert found.cosine is None
    assert found.balance is None
    assert found.drift.value == pytest.approx(1)


def test_specialisation_needs_trained_and_other_cells():
    base, tuned = table([0.5] * 20, "base"), table([0.6] * 20, "tuned")
    for trained in (set(), {str(c) for c in CELLS}):
        assert shape_of(base, tuned, trained).specialisation is None


def test_no_common_cell_with_two_items_has_no_shape():
    base = table([0.5], "base", cells=CELLS[:1])
    assert shape_of(base, table([0.5], "tuned", cells=CELLS[1:2])) is None
    single = table([0.5], "base", items=1, cells=CELLS[:1])
    assert shape_of(single, single) is None
    alone = shape_of(base, table([0.5], "tuned", cells=CELLS[:1]))
    assert alone.uneven_p is None


def test_p_values_agree_with_all_exchanges():
    cells = CELLS[:3]
    base = table([0.5, 0.4, 0.6], "base", items=4, cells=cells)
    tuned = table([0.9, 0.3, 0.4], "tuned", items=4, cells=cells)
    found = shape_of(base, tuned)
    difference = by_item(tuned, 4) - by_item(base, 4)
    rest = (difference - difference.mean(axis=1, keepdims=True)) * np.sqrt(4 / 3)
    signs = np.array(list(itertools.product((-1, 1), repeat=12))).reshape(-1, 3, 4)
    drift = np.sqrt(np.mean((signs * difference).mean(axis=2) ** 2, axis=1))
    jagged = (signs * rest).mean(axis=2).std(axis=1)
    unchanged = np.mean(drift >= drift[-1] - 1e-9)
    uneven = np.mean(jagged >= difference.mean(axis=1).std() - 1e-9)
    assert found.unchanged_p == pytest.approx(unchanged, abs=1e-3)
    assert found.uneven_p == pytest.approx(uneven, abs=1e-3)


def test_an_even_change_is_a_change_but_not_uneven():
    found = shape_of(table([0.8] * 20, "base"), table([0.3] * 20, "tuned"))
    assert found.unchanged_p < 0.001
    assert found.uneven_p > 0.05


def test_an_uneven_change_is_seen():
    shares = [0.9] * 5 + [0.2] * 15
    found = shape_of(table([0.5] * 20, "base"), table(shares, "tuned"))
    assert found.unchanged_p < 0.001
    assert found.uneven_p < 0.001
    assert found.specialisation.low > 0.5


def test_seeds_are_averaged_over_the_items_that_all_have():
    rows = {
        "item_id": ["a", "b"],
        "domain": "coding",
        "skill": "simulation",
        "accuracy": [0.0, 1.0],
    }
    one = pl.DataFrame(rows)
    other = one.with_columns(accuracy=pl.Series([1.0, 0.5])).head(1)
    merged = mean_over_seeds([one, other])
    assert merged["item_id"].to_list() == ["a"]
    assert merged["accuracy"].to_list() == [0.5]


WORLDS = {
    "same": (np.full(20, 0.5), np.full(20, 0.5)),
    "even": (np.linspace(0.3, 0.8, 20), np.linspace(0.2, 0.7, 20)),
    "mild": (np.linspace(0.2, 0.8, 20), np.linspace(0.1, 0.86, 20)),
    "peaks": (np.linspace(0.3, 0.8, 20), np.linspace(0.25, 0.75, 20) + 0.2 * (np.arange(20) < 5)),
    "rare": (np.full(20, 0.9), np.where(np.arange(20) < 10, 0.86, 0.9)),
}


def drawn(rng, world, items=25):
    """One sample of each item; half of the items are as hard after as before."""
    cell = np.repeat(np.arange(20), items)
    before, after = rng.random((2, cell.size))
    after = np.where(rng.random(cell.size) < 0.5, before, after)
    names = {
        "item_id": np.arange(cell.size).astype(str),
        "domain": np.array([str(c.domain) for c in CELLS])[cell],
        "skill": np.array([str(c.skill) for c in CELLS])[cell],
    }
    return [
        pl.DataFrame({**names, "accuracy": (chance < share[cell]).astype(float)})
        for chance, share in zip((before, after), world, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_intervals_cover_the_truth_and_tests_keep_their_level(name):
    rng = numpy_rng_for("coverage", name)
    world = WORLDS[name]
    delta = world[1] - world[0]
    skills = world[1].reshape(4, 5).mean(axis=0)
    truth = {
        "jaggedness": delta.std(),
        "drift": np.sqrt(np.mean(delta**2)),
        "worst": delta.min(),
        "specialisation": delta[:5].mean() - delta[5:].mean(),
        "balance": skills.min() / skills.max(),
    }
    runs = 150
    found = [shape(*drawn(rng, world), TRAINED, stream=f"{name}/{n}") for n in range(runs)]
    for field, value in truth.items():
        ends = [getattr(one, field) for one in found]
        hits = sum(e.low - 1e-9 <= value <= e.high + 1e-9 for e in ends)
        assert hits >= 0.9 * runs, field
    if name in ("same", "even"):
        assert sum(one.uneven_p <= 0.05 for one in found) <= 0.1 * runs
    if name == "same":
        assert sum(one.unchanged_p <= 0.05 for one in found) <= 0.1 * runs
    if name == "peaks":
        assert sum(one.uneven_p <= 0.05 for one in found) >= 0.5 * runs
