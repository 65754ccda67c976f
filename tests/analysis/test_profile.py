from statistics import fmean

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.analysis.profile import (
    COLUMNS,
    assign_q_values,
    item_accuracies,
    paired_items,
    profile,
)
from metaprobe.core import stats
from metaprobe.core.errors import InputError
from metaprobe.core.results import ArmResult, CellResult, StageResult
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill, Verdict


def rows_of(item, cell, verdicts, *, self_check=False, chance=0.25, majority=0.3):
    return [
        {
            "item_id": item,
            "domain": str(cell.domain),
            "skill": str(cell.skill),
            "family": "toy",
            "level": 1,
            "sample": sample,
            "verdict": str(verdict),
            "self_check": self_check,
            "chance": chance,
            "majority": majority,
        }
        for sample, verdict in enumerate(verdicts)
    ]


def grid(share, name, *, items=25, cells=CELLS):
    """A table of 4 responses an item; `share(cell)` is the accuracy of all its items."""
    rng = numpy_rng_for(name)
    rows = []
    for cell in cells:
        for i in range(items):
            hits = rng.random(4) < share(cell)
            rows += rows_of(f"{cell}/{i}", cell, ["correct" if h else "wrong" for h in hits])
    return pl.DataFrame(rows)


ONE, TWO = CELLS[0], CELLS[7]
SMALL = pl.DataFrame(
    rows_of("a", ONE, ["correct", "wrong", "errored", "errored"], self_check=True)
    + rows_of("b", ONE, ["truncated", "unparsed", "correct", "correct"], chance=0.75)
    + rows_of("c", ONE, ["errored"] * 4)
    + rows_of("d", TWO, ["correct"] * 4)
)


def test_errored_samples_are_not_graded():
    found = item_accuracies(SMALL)
    assert found.columns == [
        *("item_id", "domain", "skill", "family", "level"),
        *("accuracy", "n", "chance", "majority"),
    ]
    assert found.select("item_id", "accuracy", "n").rows() == [
        ("a", 0.5, 2),
        ("b", 0.5, 4),
        ("d", 1.0, 4),
    ]


def test_row_counts_every_verdict():
    row = profile(SMALL, None, stream="t").cells[0]
    assert (row.domain, row.skill) == ONE
    counts = {str(v): getattr(row, str(v)) for v in Verdict}
    assert counts == {"correct": 3, "wrong": 1, "unparsed": 1, "truncated": 1, "errored": 6}
    assert row.n_samples == sum(counts.values()) == 12
    assert row.n_items == 3
    assert row.accuracy == 0.5
    assert row.chance == pytest.approx((0.25 + 0.75 + 0.25) / 3)
    assert row.self_check_rate == pytest.approx(2 / 6)


def test_base_has_no_change():
    for rows in profile(SMALL, None, stream="t"):
        for row in rows:
            assert row.delta is row.delta_low is row.p_value is row.q_value is row.mde is None
            assert not row.collapsed


def test_cells_without_rows_are_absent():
    found = profile(SMALL, None, stream="t")
    assert [Cell(r.domain, r.skill) for r in found.cells] == [ONE, TWO]
    assert [r.skill for r in found.skills] == [s for s in Skill if s in (ONE.skill, TWO.skill)]
    assert [r.domain for r in found.domains] == [d for d in Domain if d in (ONE.domain, TWO.domain)]
    empty = profile(SMALL.clear(), None, stream="t")
    assert empty == ([], [], [])


def test_cell_with_only_errored_samples_has_no_accuracy():
    table = pl.DataFrame(rows_of("a", ONE, ["errored"] * 4))
    row = profile(table, SMALL, stream="t").cells[0]
    assert row.accuracy is row.low is row.high is row.delta is row.self_check_rate is None
    assert (row.n_items, row.errored) == (1, 4)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from(list(Verdict)), min_size=1, max_size=5), min_size=1))
def test_accuracy_is_the_mean_over_items(items):
    rows = [r for i, verdicts in enumerate(items) for r in rows_of(f"i{i}", ONE, verdicts)]
    graded = [[v for v in item if v != Verdict.ERRORED] for item in items]
    shares = [g.count(Verdict.CORRECT) / len(g) for g in graded if g]
    found = profile(pl.DataFrame(rows), None, stream="t").cells[0].accuracy
    assert found == (pytest.approx(fmean(shares)) if shares else None)


def test_change_is_paired_by_item_whatever_the_order():
    base = grid(lambda _: 0.5, "base")
    tuned = grid(lambda _: 0.3, "tuned")
    found = profile(tuned, base, stream="t")
    shuffled = profile(tuned, base.sample(fraction=1.0, shuffle=True, seed=3), stream="t")
    assert found == shuffled
    row = found.cells[4]
    wanted = f"{row.domain}/{row.skill}/"
    a, b = (
        [
            fmean(v == "correct" for v in t.filter(pl.col("item_id") == f"{wanted}{i}")["verdict"])
            for i in range(25)
        ]
        for t in (base, tuned)
    )
    differences = np.array(b) - np.array(a)
    assert row.delta == pytest.approx(differences.mean())
    assert row.p_value == pytest.approx(stats.permutation_p(np.array(a), np.array(b), stream="x"))
    assert row.mde == pytest.approx(stats.minimum_detectable_effect(differences))
    assert row.delta_low is not None
    assert row.delta_high is not None
    assert row.delta_low < row.delta < row.delta_high


def test_change_is_over_the_items_that_both_grade():
    base = pl.DataFrame(rows_of("a", ONE, ["correct"]) + rows_of("b", ONE, ["errored"]))
    tuned = pl.DataFrame(rows_of("a", ONE, ["wrong"]) + rows_of("b", ONE, ["correct"]))
    row = profile(tuned, base, stream="t").cells[0]
    assert row.accuracy == 0.5
    assert row.delta == -1.0
    pairs = paired_items(item_accuracies(base), item_accuracies(tuned))
    assert pairs.select("item_id", "base", "tuned").rows() == [("a", 1.0, 0.0)]
    other = pl.DataFrame(rows_of("z", ONE, ["correct"]))
    assert profile(other, base, stream="t").cells[0].delta is None


def test_skills_and_domains_average_their_equal_cells():
    found = profile(grid(lambda c: 0.2 + 0.1 * list(Skill).index(c.skill), "t"), None, stream="t")
    for row in found.skills:
        cells = [c.accuracy for c in found.cells if c.skill == row.skill]
        assert row.accuracy == pytest.approx(fmean(cells))
    for row in found.domains:
        cells = [c.accuracy for c in found.cells if c.domain == row.domain]
        assert row.accuracy == pytest.approx(fmean(cells))


@pytest.mark.parametrize("column", COLUMNS)
def test_missing_column_is_named(column):
    with pytest.raises(InputError, match=column):
        profile(SMALL.drop(column), None, stream="t")


def test_unknown_verdict_is_named():
    with pytest.raises(InputError, match="maybe"):
        item_accuracies(pl.DataFrame(rows_of("a", ONE, ["maybe"])))


def stage(step, deltas, p_values):
    """A stage of cells with the given changes and p-values; None leaves the cell out."""
    cells = [
        CellResult(
            domain=cell.domain,
            skill=cell.skill,
            **dict.fromkeys(("correct", "wrong", "unparsed", "truncated", "errored"), 0),
            n_items=25,
            n_samples=100,
            accuracy=0.5,
            low=0.4,
            high=0.6,
            chance=0.0,
            majority=0.1,
            self_check_rate=0.0,
            delta=delta,
            p_value=p,
        )
        for cell, delta, p in zip(CELLS, deltas, p_values, strict=False)
        if p is not None
    ]
    return StageResult(step=step, seconds=0, tokens=0, cells=cells, skills=[], domains=[])


def arm(*steps, seed=0):
    return ArmResult(arm="a", kind="sft", seed=seed, steps=list(steps))


def collapsed(result):
    return [[row.collapsed for row in s.cells] for s in result.steps]


def test_q_values_span_cells_stages_and_seeds():
    p = [[0.001, 0.2, 0.03], [0.5, 0.04, 0.9], [0.01, 0.012, 0.7]]
    arms = [
        arm(stage(1, [-0.1] * 3, p[0]), stage(2, [-0.1] * 3, p[1])),
        arm(stage(1, [-0.1] * 3, p[2]), seed=1),
    ]
    found = assign_q_values(arms)
    q = [row.q_value for a in found for s in a.steps for row in s.cells]
    assert q == pytest.approx(stats.benjamini_hochberg(np.ravel(p)))
    assert all(row.q_value is None for a in arms for s in a.steps for row in s.cells)


def test_collapse_lasts_to_the_last_stage():
    low, high = 1e-6, 0.9
    stages = [
        stage(1, [-0.2, -0.2, -0.2, 0.3], [low, low, high, low]),
        stage(2, [-0.2, -0.2, -0.2, 0.3], [low, high, low, low]),
        stage(3, [-0.2, -0.2, -0.2, 0.3], [low, low, low, low]),
    ]
    (found,) = assign_q_values([arm(*stages)])
    assert collapsed(found) == [
        [True, False, False, False],
        [True, False, True, False],
        [True, True, True, False],
    ]


def test_a_cell_not_measured_at_the_end_is_not_collapsed():
    (found,) = assign_q_values(
        [arm(stage(1, [-0.2] * 2, [1e-6] * 2), stage(2, [-0.2] * 2, [1e-6, None]))]
    )
    assert collapsed(found) == [[True, False], [True]]


def test_collapse_of_one_seed_says_nothing_of_another():
    found = assign_q_values([arm(stage(1, [-0.2], [1e-6])), arm(stage(1, [0.0], [1.0]), seed=1)])
    assert [collapsed(a) for a in found] == [[[True]], [[False]]]


def test_two_runs_of_one_model_collapse_nowhere():
    base = grid(lambda _: 0.5, "base")
    arms = []
    for seed in range(2):
        rows = profile(grid(lambda _: 0.5, f"run/{seed}"), base, stream=str(seed))
        step = StageResult(step=1, seconds=0, tokens=0, **rows._asdict())
        arms.append(arm(step, seed=seed))
    found = assign_q_values(arms)
    assert not any(row.collapsed for a in found for s in a.steps for row in s.cells)
    assert all(row.q_value is not None for a in found for row in a.steps[0].skills)


def test_a_real_collapse_is_found_where_it_is():
    base = grid(lambda _: 0.7, "base")
    rows = profile(grid(lambda c: 0.2 if c == TWO else 0.7, "run"), base, stream="t")
    (found,) = assign_q_values([arm(StageResult(step=1, seconds=0, tokens=0, **rows._asdict()))])
    assert [Cell(r.domain, r.skill) for r in found.steps[0].cells if r.collapsed] == [TWO]


def test_skills_over_samples_agree_with_all_choices():
    """pass@k and pass^k with k all samples are 'any right' and 'all right', errors left out."""
    names = {"c": "correct", "w": "wrong", "e": "errored"}
    verdicts = {"a": "ccc", "b": "cwc", "c": "www", "d": "cce"}
    rows = [
        {
            "item_id": item,
            "domain": "coding",
            "skill": "simulation",
            "family": "toy",
            "level": 1,
            "sample": n,
            "verdict": names[letter],
            "self_check": False,
            "chance": 0.25,
            "majority": 0.3,
        }
        for item, letters in verdicts.items()
        for n, letter in enumerate(letters)
    ]
    (row,) = profile(pl.DataFrame(rows), None, stream="s").skills
    assert row.k == 3
    assert row.pass_at_k.value == pytest.approx(2 / 3)
    assert row.pass_hat_k.value == pytest.approx(1 / 3)
    assert row.pass_at_k.low < 2 / 3 < row.pass_at_k.high
    assert row.beyond_chance.value == pytest.approx((row.accuracy - 0.25) / 0.75)
    single = [dict(r, chance=None) for r in rows if r["sample"] == 0]
    (row,) = profile(pl.DataFrame(single), None, stream="s").skills
    assert (row.k, row.pass_at_k, row.pass_hat_k, row.beyond_chance) == (None, None, None, None)
