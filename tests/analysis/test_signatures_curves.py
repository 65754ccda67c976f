"""Signs of trouble in the accuracies of stages."""

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.foreign import arrange, summarise_foreign
from metaprobe.analysis.signatures.curves import turning_points
from metaprobe.analysis.summary import Context, Stage, summarise_stages
from metaprobe.core.results import SignatureName
from metaprobe.core.vocabulary import CELLS

DATA = Path(__file__).parents[1] / "data" / "signatures"
CONTEXT = partial(Context, "s", None, "base", None, None, missing=[], seconds=0.0, provenance={})
ITEMS = 60
STEPS = (10, 20, 40, 80)


def responses(chances, stream, text="fine"):
    """One response an item, correct with the chance of its cell; all are 0.6 where none is said."""
    rng = np.random.default_rng(list(stream.encode()))
    rows = [
        {
            "item_id": f"{cell}/{n}",
            "domain": str(cell.domain),
            "skill": str(cell.skill),
            "family": "f",
            "level": 1,
            "sample": 0,
            "verdict": "correct" if rng.random() < chances.get(str(cell), 0.6) else "wrong",
            "self_check": None,
            "chance": None,
            "majority": None,
            "response": text,
        }
        for cell in CELLS
        for n in range(ITEMS)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def run(stages, trained=(), texts=None):
    """The signatures of one arm, by name."""

    def stage(arm, step, table):
        return Stage(arm, 0, step, "sft", lambda: table, None, None, None, {})

    texts = texts or ["fine"] * len(stages)
    tables = [
        responses(chances, f"stage{step}", text)
        for step, chances, text in zip(STEPS, stages, texts, strict=False)
    ]
    summary = summarise_stages(
        stage("base", 0, responses({}, "base")),
        [stage("arm", step, table) for step, table in zip(STEPS, tables, strict=False)],
        CONTEXT(trained_cells=list(trained)),
    )
    return {seen.name: seen for seen in summary.arms[0].signatures}


@pytest.mark.slow
def test_a_steady_arm_shows_nothing():
    assert run([{}] * 4) == {}


@pytest.mark.slow
def test_collapse_and_dip_are_told_apart_with_their_onsets():
    lost, dipped = "science/simulation", "coding/diagnostic"
    both = {lost: 0.05, dipped: 0.05}
    found = run([{}, both, {lost: 0.05}, {lost: 0.05}])
    collapse, dip = found[SignatureName.COLLAPSE], found[SignatureName.DIP_AND_RECOVERY]
    assert [e.subject for e in collapse.evidence] == [lost]
    assert (collapse.onset, collapse.onset_low, collapse.onset_high) == (20, 10, 20)
    assert [e.subject for e in dip.evidence] == [dipped]
    assert (dip.onset, dip.onset_low, dip.onset_high) == (20, 20, 20)
    assert dip.evidence[0].lowest < 0.2 < dip.evidence[0].after
    assert set(found) == {SignatureName.COLLAPSE, SignatureName.DIP_AND_RECOVERY}


@pytest.mark.slow
def test_over_specialisation_needs_a_rise_where_the_arm_was_trained():
    ends = {"mathematics/calculation": 0.98, "general/simulation": 0.1}
    trained = run([{}, ends, ends, ends], trained=["mathematics/calculation"])
    elsewhere = run([{}, ends, ends, ends], trained=["science/calculation"])
    assert SignatureName.OVER_SPECIALISATION in trained
    assert SignatureName.OVER_SPECIALISATION not in elsewhere
    seen = trained[SignatureName.OVER_SPECIALISATION]
    assert (seen.onset, seen.onset_low, seen.onset_high) == (20, 10, 20)


@pytest.mark.slow
def test_failure_across_domains_needs_two_of_them():
    def fallen(*domains):
        return {str(cell): 0.2 for cell in CELLS if cell.domain in domains}

    one, two = fallen("coding"), fallen("coding", "general")
    assert SignatureName.FAILURE_ACROSS_DOMAINS not in run([{}, one, one, one])
    seen = run([{}, two, two, two])[SignatureName.FAILURE_ACROSS_DOMAINS]
    assert {e.subject for e in seen.evidence} == {"coding", "general"}
    assert seen.evidence[0].n == 5 * ITEMS


@pytest.mark.slow
def test_loops_in_responses_are_seen_where_they_begin():
    texts = ["fine", "fine", "so we go on and " * 40, "so we go on and " * 40]
    seen = run([{}] * 4, texts=texts)[SignatureName.REPETITION]
    assert (seen.onset, seen.onset_low, seen.onset_high) == (40, 20, 40)
    assert (seen.evidence[0].before, seen.evidence[0].after) == (0, 1)


def curve(*levels, items=200):
    """Item accuracies whose means are exactly the levels."""
    return np.stack([(np.arange(items) < round(level * items)).astype(float) for level in levels])


@pytest.mark.parametrize(
    ("levels", "pivots"),
    [
        ((0.5, 0.5, 0.5, 0.5, 0.5), [0]),
        ((0.5, 0.6, 0.7, 0.8, 0.9), [0, 4]),
        ((0.5, 0.1, 0.2, 0.5, 0.6), [0, 1, 4]),
        ((0.5, 0.1, 0.6, 0.1, 0.6), [0, 1, 2, 3, 4]),
        ((0.5, 0.49, 0.5, 0.49, 0.5), [0]),
        ((0.9, 0.1, 0.9), [0]),
    ],
)
def test_turns_are_counted_between_clear_moves(levels, pivots):
    assert turning_points(curve(*levels), tests=4) == pivots


@pytest.mark.slow
def test_noise_has_no_turns():
    rng = np.random.default_rng(5)
    turned = [
        len(turning_points((rng.random((6, 150)) < 0.6).astype(float), tests=1)) > 1
        for _ in range(1000)
    ]
    assert np.mean(turned) <= 0.05


@pytest.mark.slow
def test_the_nano_study_shows_only_what_is_true():
    """Long traces wiped out most cells and mathematics came back; the other arms kept all."""
    foreign = arrange(
        pl.read_parquet(DATA / "nano.parquet").with_columns(
            pl.col("stage").cast(pl.Int64),
            pl.col("item").cast(pl.String),
            seed=pl.lit(0, dtype=pl.Int64),
            told=pl.lit("correct wrong unparsed truncated errored"),
            self_check=pl.lit(None, dtype=pl.Boolean),
            chance=pl.lit(None, dtype=pl.Float64),
            majority=pl.lit(None, dtype=pl.Float64),
        ),
        "base",
        {},
    )
    trained = [str(cell) for cell in CELLS[:5]]
    summary = summarise_foreign(foreign, CONTEXT(trained_cells=trained))
    shown = {arm.arm: [seen.name for seen in arm.signatures] for arm in summary.arms}
    wiped_out = [
        SignatureName.COLLAPSE,
        SignatureName.DIP_AND_RECOVERY,
        SignatureName.FAILURE_ACROSS_DOMAINS,
    ]
    assert shown == {"grpo": [], "sft_long": wiped_out, "sft_on_policy": [], "sft_short": []}
