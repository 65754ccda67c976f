import itertools

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.profile import item_accuracies, profile
from metaprobe.analysis.shape import shape
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
    return shape(
        profile(base, None, stream="b").cells,
        profile(tuned, None, stream="t").cells,
        item_accuracies(base),
        item_accuracies(tuned),
        trained,
        stream="t",
    )


def cell_means(responses):
    """Accuracy of each cell in grid order, without the package."""
    hits: dict[str, list[bool]] = {str(cell): [] for cell in CELLS}
    for row in responses.iter_rows(named=True):
        hits[f"{row['domain']}/{row['skill']}"].append(row["verdict"] == "correct")
    return np.array([np.mean(h) for h in hits.values()])


def test_numbers_follow_their_definitions():
    base = table(np.linspace(0.2, 0.8, 20), "base")
    tuned = table(np.linspace(0.7, 0.3, 20), "tuned")
    found = shape_of(base, tuned)
    first, second = cell_means(base), cell_means(tuned)
    delta = second - first
    assert found is not None
    assert found.jaggedness == pytest.approx(np.sqrt(np.mean((delta - delta.mean()) ** 2)))
    assert found.specialisation == pytest.approx(delta[:5].mean() - delta[5:].mean())
    assert found.drift == pytest.approx(np.sqrt(np.mean(delta**2)))
    assert found.cosine == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found.worst_cell == str(CELLS[int(delta.argmin())])
    assert found.worst_delta == pytest.approx(delta.min())
    skills = [
        np.mean([a for a, c in zip(second, CELLS, strict=True) if c.skill == s]) for s in Skill
    ]
    assert found.balance == pytest.approx(min(skills) / max(skills))


def test_a_model_has_no_distance_from_itself():
    base = table(np.linspace(0.2, 0.8, 20), "base")
    found = shape_of(base, base)
    assert found is not None
    assert (found.drift, found.jaggedness, found.worst_delta) == (0, 0, 0)
    assert found.cosine == pytest.approx(1)
    assert found.permutation_p == 1


def test_a_constant_grid_has_no_cosine():
    found = shape_of(table([1.0] * 20, "base"), table([0.0] * 20, "tuned"))
    assert found is not None
    assert found.cosine is None
    assert found.balance == 1
    assert found.drift == 1


def test_specialisation_needs_trained_and_other_cells():
    base, tuned = table([0.5] * 20, "base"), table([0.6] * 20, "tuned")
    for trained in (set(), {str(c) for c in CELLS}):
        found = shape_of(base, tuned, trained)
        assert found is not None
        assert found.specialisation == 0


def test_no_common_cell_has_no_shape():
    base = table([0.5], "base", cells=CELLS[:1])
    assert shape_of(base, table([0.5], "tuned", cells=CELLS[1:2])) is None
    alone = shape_of(base, table([0.5], "tuned", cells=CELLS[:1]))
    assert alone is not None
    assert alone.permutation_p is None


def test_permutation_p_agrees_with_all_exchanges():
    cells = CELLS[:3]
    base = table([0.5, 0.4, 0.6], "base", items=4, cells=cells)
    tuned = table([0.9, 0.3, 0.4], "tuned", items=4, cells=cells)
    found = shape_of(base, tuned)
    difference = (item_accuracies(tuned)["accuracy"] - item_accuracies(base)["accuracy"]).to_numpy()
    jagged = [
        (np.array(signs) * difference).reshape(3, 4).mean(axis=1).std()
        for signs in itertools.product((-1, 1), repeat=12)
    ]
    expected = np.mean(np.array(jagged) >= jagged[-1] - 1e-9)
    assert found is not None
    assert found.permutation_p == pytest.approx(expected, abs=1e-3)


def test_two_runs_of_one_model_keep_the_level():
    p = []
    for i in range(40):
        found = shape_of(
            table([0.5] * 20, f"base/{i}", items=5), table([0.5] * 20, f"tuned/{i}", items=5)
        )
        assert found is not None
        p.append(found.permutation_p)
    assert np.mean(np.array(p) <= 0.1) <= 0.25
    assert 0.3 < np.median(p) < 0.7


def test_an_uneven_change_is_seen():
    shares = [0.9] * 5 + [0.2] * 15
    found = shape_of(table([0.5] * 20, "base"), table(shares, "tuned"))
    assert found is not None
    assert found.permutation_p is not None
    assert found.permutation_p < 0.001
    assert found.specialisation > 0.5
