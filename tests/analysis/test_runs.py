"""Two runs beside each other, against the functions and the published example behind it."""

import polars as pl
import pytest

from metaprobe.analysis.foreign import arrange, summarise_foreign
from metaprobe.analysis.runs import Run, compare_runs, judge, read_run
from metaprobe.analysis.summary import Context
from metaprobe.analysis.tables import responses_path
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import write_summary
from metaprobe.core.stats import paired_delta, permutation_p, wilson
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS

SHOWN = CELLS[:7]
"""All of mathematics, and two cells of science."""


def graded(model, share, *, stage=0, seed=0, cells=SHOWN, items=30):
    """Rows as `read_graded` returns them; `share(cell)` of an item's responses are right."""
    rng = numpy_rng_for(model, stage, seed)
    rows = [
        {
            "model": model,
            "stage": stage,
            "seed": seed,
            "item": str(n),
            "cell": str(cell),
            "verdict": "correct" if rng.random() < share(cell) else "wrong",
            "told": "correct wrong errored",
        }
        for cell in cells
        for n in range(items)
        for _ in range(2)
    ]
    empty = {"self_check": pl.Boolean, "chance": pl.Float64, "majority": pl.Float64}
    return pl.DataFrame(rows).with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in empty.items()
    )


def made(folder, *tables, base="base", trained=()):
    """A folder of results as `metaprobe analyse` writes it."""
    foreign = arrange(pl.concat(tables), base, {})
    benchmark = {"hash": foreign.content_hash}
    context = Context(
        "made", None, foreign.base, None, None, trained, foreign.missing, 0.0,
        {"benchmark": benchmark},
    )  # fmt: skip
    for place, table in foreign.tables.items():
        path = responses_path(folder, *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        table.write_parquet(path)
    write_summary(folder / "summary.json", summarise_foreign(foreign, context))
    return read_run(folder)


def even(_):
    return 0.6


def fallen(cell):
    return 0.05 if cell == CELLS[2] else 0.6


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    base = graded("base", even)
    before = made(root / "before", base, *(graded("sft", even, stage=9, seed=s) for s in (0, 1)))
    after = made(root / "after", base, graded("sft", even, stage=3), graded("sft", fallen, stage=7))
    return before, after


def table_of(run, seed, step):
    path = responses_path(run.folder, "sft", seed, step)
    right = pl.read_parquet(path).with_columns(right=pl.col("verdict") == "correct")
    return right.group_by("item_id", maintain_order=True).agg(
        pl.col("domain").first(), pl.col("right").mean()
    )


def test_paired_changes_are_those_of_the_items(runs):
    found = compare_runs(*runs)
    assert found.paired
    assert found.caveats == []
    (arm,) = found.arms
    assert (arm.before_step, arm.after_step, arm.before_seeds, arm.after_seeds) == (9, 7, 2, 1)
    seeds = [table_of(runs[0], seed, 9) for seed in (0, 1)]
    new = table_of(runs[1], 0, 7)
    for row in (group for group in arm.groups if group.kind == "domain"):
        here = (new["domain"] == row.name).to_numpy()
        old = ((seeds[0]["right"] + seeds[1]["right"]) / 2).to_numpy()[here]
        expected = paired_delta(
            old, new["right"].to_numpy()[here], stream=f"compare/sft/{row.name}"
        )
        assert (row.change, row.low, row.high, row.n_items) == pytest.approx(tuple(expected))
        assert row.after - row.before == pytest.approx(row.change)
    names = [group.name for group in arm.groups]
    assert names[:4] == ["mathematics", "science", "calculation", "enumeration"]


def test_q_values_run_over_the_groups_of_a_kind(runs):
    (arm,) = compare_runs(*runs).arms
    cells = [group for group in arm.groups if group.kind == "cell"]
    assert [group.name for group in cells if group.fell] == [str(CELLS[2])]
    assert not any(group.rose for group in cells)
    seeds = [table_of(runs[0], seed, 9)["right"] for seed in (0, 1)]
    old, new = ((seeds[0] + seeds[1]) / 2).to_numpy(), table_of(runs[1], 0, 7)["right"].to_numpy()
    smallest = permutation_p(old[60:90], new[60:90], stream="t")
    assert cells[2].q_value == pytest.approx(smallest * len(cells), rel=1e-6)


def test_without_responses_the_interval_is_newcombes(tmp_path):
    def accuracies(folder, hits, n):
        rows = graded("m", even, cells=CELLS[:1], items=n).filter(pl.int_range(pl.len()) % 2 == 0)
        right = pl.when(pl.int_range(pl.len()) < hits).then(pl.lit("correct"))
        rows = rows.with_columns(verdict=right.otherwise(pl.lit("wrong")))
        return made(folder, rows.with_columns(model=pl.lit("base")), rows)

    before, after = accuracies(tmp_path / "a", 48, 80), accuracies(tmp_path / "b", 56, 70)
    found = compare_runs(before, after)
    assert not found.paired
    assert "different items" in found.caveats[0]
    (cell,) = [group for group in found.arms[0].groups if group.kind == "cell"]
    # Newcombe, Statist. Med. 17 (1998) 873, table II, method 10, example (a).
    assert (cell.low, cell.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    old, new = wilson(48, 80), wilson(56, 70)
    assert (cell.before, cell.after) == pytest.approx((old.value, new.value))
    assert cell.rose == (cell.q_value < 0.05)
    assert 0.005 < cell.q_value < 0.02


def test_runs_of_the_same_items_without_tables_are_not_paired(runs, tmp_path):
    alone = Run(tmp_path, runs[0].summary)
    found = compare_runs(alone, runs[1])
    assert not found.paired
    assert "not all there" in found.caveats[0]
    paired = compare_runs(*runs)
    for ours, theirs in zip(found.arms[0].groups, paired.arms[0].groups, strict=True):
        assert ours.change == pytest.approx(theirs.change)


def test_identical_runs_show_nothing(runs):
    for arm in compare_runs(runs[0], runs[0]).arms:
        for group in arm.groups:
            assert group.change == 0
            assert not group.fell
            assert not group.rose


def test_different_sampling_is_a_caveat(runs):
    old, new = (
        run._replace(
            summary=run.summary.model_copy(
                update={"provenance": run.summary.provenance | {"sampling": {"temperature": t}}}
            )
        )
        for run, t in zip(runs, (0.6, 1.0), strict=True)
    )
    assert any("sampled" in line for line in compare_runs(old, new).caveats)


def test_arms_are_matched_by_name_or_as_asked(runs):
    (arm,) = compare_runs(*runs, ["base=sft"]).arms
    assert (arm.before, arm.before_step, arm.after) == ("base", 0, "sft")
    with pytest.raises(ConfigError, match="first run has no arm 'stf'; did you mean 'sft'"):
        compare_runs(*runs, ["stf=sft"])
    other = runs[1].summary.model_copy(
        update={"arms": [a.model_copy(update={"arm": "dpo"}) for a in runs[1].summary.arms]}
    )
    with pytest.raises(ConfigError, match=r"no arm in common \(sft; dpo\)"):
        compare_runs(runs[0], Run(runs[1].folder, other))


@pytest.mark.parametrize(
    ("expression", "failed"),
    [
        ("collapse", True),
        ("not collapse", False),
        ("mathematics < -0.02", True),
        ("mathematics < -0.5", False),
        (f"{CELLS[2]}.high < 0", True),
        (f"{CELLS[0]}.high < 0", False),
        ("worst < -0.4 and science > -1", True),
        ("worst.low > -0.1 or calculation >= 1", False),
    ],
)
def test_the_gate_reads_the_changes(runs, expression, failed):
    gate = judge(compare_runs(*runs), expression).gate
    assert gate.failed is failed
    assert gate.failing_arms == (["sft"] if failed else [])
    assert all(condition.detail for condition in gate.conditions)


def test_what_was_not_measured_cannot_be_gated(runs):
    with pytest.raises(ConfigError, match="coding was not measured in both runs"):
        judge(compare_runs(*runs), "collapse or coding < 0")


def test_a_damaged_table_is_one_clear_line(runs, tmp_path):
    folder = tmp_path / "copy"
    run = made(folder, graded("base", even), graded("sft", even, stage=9))
    responses_path(folder, "sft", 0, 9).write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="not a table of responses"):
        compare_runs(run, run)
