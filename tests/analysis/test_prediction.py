"""What predicts loss: planted relations are found, noise is not, and nothing leaks."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.analysis.prediction import prediction, prediction_table
from metaprobe.analysis.prediction.fits import Rows, explained, flip_test, held_out
from metaprobe.analysis.prediction.warning import early_cells, warning
from metaprobe.core.results import (
    ArmResult,
    CellDivergence,
    CellResult,
    Divergence,
    FeatureChange,
    FeatureChanges,
    FeatureShare,
    ParameterChange,
    StageFeatures,
    StageResult,
)
from metaprobe.core.vocabulary import CELLS

ARMS, SEEDS, STAGES = 8, 3, 4


def design(arms=ARMS, seeds=SEEDS, stages=STAGES, cells=1):
    """The labels of a full study, a row for each stage and cell."""
    arm, seed, _, cell = (a.ravel() for a in np.indices((arms, seeds, stages, cells)))
    return Rows(np.zeros(arm.size), cell, arm, seed)


def study(rng, effect=0.0, *, arm_sd=0.0, cells=1):
    """Rows and one predictor, both with parts that a run, or an arm, has in common."""
    rows = design(cells=cells)
    x = rng.normal(size=ARMS * SEEDS)[rows.run] + rng.normal(size=rows.y.size)
    shared = arm_sd * rng.normal(size=ARMS)[rows.arm] + 0.5 * rng.normal(size=24)[rows.run]
    y = effect * x + shared + rng.normal(size=rows.y.size) + 3.0 * rows.cell
    return rows._replace(y=y), x[:, None]


def by_hand(rows, x, folds):
    """R^2 by a dummy variable for each cell, one fold after the other."""
    cells = (rows.cell[:, None] == np.unique(rows.cell)).astype(float)
    fit, mean = 0.0, 0.0
    for fold in set(folds.tolist()):
        out = folds == fold
        ends = x[~out].min(axis=0), x[~out].max(axis=0)
        for columns, full in ((np.hstack([cells, x]), True), (cells, False)):
            solved = np.linalg.lstsq(columns[~out], rows.y[~out], rcond=None)[0]
            seen = columns[out].copy()
            if full:
                seen[:, cells.shape[1] :] = np.clip(x[out], *ends)
            error = float(((rows.y[out] - seen @ solved) ** 2).sum())
            fit, mean = (fit + error, mean) if full else (fit, mean + error)
    return 1 - fit / mean


@given(st.integers(0, 10**6), st.integers(1, 3))
@settings(max_examples=6)
def test_the_explained_share_is_that_of_a_fit_with_dummies_fold_by_fold(seed, cells):
    rng = np.random.default_rng(seed)
    rows, x = study(rng, -1.0, cells=cells)
    x = np.hstack([x, x**2])
    for by, folds in (("arm", rows.arm), ("seed", rows.seed)):
        found = explained(rows, x, by=by)
        assert found.value == pytest.approx(by_hand(rows, x, folds), abs=1e-8)
        assert found.low <= found.value <= found.high


def test_a_planted_relation_is_found():
    rows, x = study(np.random.default_rng(1), -2.0)
    found = explained(rows, x, by="arm")
    # Of 4 * 2 + 0.25 + 1 in variance all but 1.25 comes from the predictor.
    assert found.value == pytest.approx(8 / 9.25, abs=0.06)
    assert found.low > 0.6


def test_noise_explains_nothing():
    above = 0
    for seed in range(25):
        rows, x = study(np.random.default_rng([2, seed]), arm_sd=0.5)
        found = explained(rows, x, by="arm")
        assert found.value < 0.25
        above += found.low > 0
    assert above <= 2


def test_what_tells_arms_apart_explains_nothing_of_an_arm_that_was_not_seen():
    rng = np.random.default_rng(3)
    rows = design()
    rows = rows._replace(y=rng.normal(size=ARMS)[rows.arm] + 0.1 * rng.normal(size=rows.y.size))
    names = (rows.arm[:, None] == np.arange(ARMS)).astype(float)
    assert explained(rows, names, by="arm").value < 0.05
    leaky = held_out(rows, names, rng.integers(0, 5, rows.y.size))
    assert 1 - leaky.fit.sum() / leaky.mean.sum() > 0.9


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_a_prediction_does_not_depend_on_what_is_held_out(ridge):
    rng = np.random.default_rng(4)
    rows, x = study(rng, -1.0, cells=2)
    shift = 5.0
    for arm in range(ARMS):
        out = rows.arm == arm
        before = held_out(rows, x, rows.arm, ridge=ridge).fit[out]
        moved = rows._replace(y=rows.y + shift * out)
        after = held_out(moved, x, rows.arm, ridge=ridge).fit[out]
        error = (after - before - shift**2) / (2 * shift)
        assert error**2 == pytest.approx(before, abs=1e-9)


def test_too_few_arms_or_seeds_have_a_reason_and_no_value():
    rows, x = study(np.random.default_rng(5), -1.0)
    few = (rows.arm < 3) & (rows.seed == 0)
    for by, reason in (("arm", "3 of at least 4 arms"), ("seed", "1 of at least 2 seeds")):
        found = explained(rows.keep(few), x[few], by=by)
        assert (found.value, found.low, found.reason) == (None, None, reason)
    assert flip_test(rows.keep(few), x[few], x[few, 0] ** 2) is None


def test_the_flip_test_is_that_over_all_signs():
    rng = np.random.default_rng(6)
    rows, x = study(rng, -1.0, cells=2)
    extra = rng.normal(size=rows.y.size) + 0.3 * rows.y
    cells = (rows.cell[:, None] == np.arange(2)).astype(float)
    fixed = np.hstack([cells, x])
    rest = np.eye(rows.y.size) - fixed @ np.linalg.pinv(fixed)
    scores = [float(((rest @ rows.y) * (rest @ extra))[rows.arm == a].sum()) for a in range(ARMS)]
    sums = [
        abs(sum(s * (1 if n >> a & 1 else -1) for a, s in enumerate(scores)))
        for n in range(2**ARMS)
    ]
    observed = abs(sum(scores))
    wanted = sum(value >= observed - 1e-9 for value in sums) / len(sums)
    assert flip_test(rows, x, extra) == pytest.approx(wanted)


@pytest.mark.slow
def test_rates_of_error_and_coverage_are_as_said():
    """Arms differ for reasons of their own, as they do in studies."""
    flips, fits = [], []
    for seed in range(400):
        rng = np.random.default_rng([7, seed])
        rows, x = study(rng, -1.0, arm_sd=0.5)
        extra = rng.normal(size=ARMS)[rows.arm] + rng.normal(size=rows.y.size) + x[:, 0]
        flips.append(flip_test(rows, x, extra) <= 0.05)
        noise, other = study(rng, 0.0, arm_sd=0.5)
        fits.append(explained(noise, other, by="arm").low > 0)
    assert np.mean(flips) <= 0.08
    assert np.mean(fits) <= 0.05


def cell_row(cell, delta, *, below, collapsed):
    counts = dict.fromkeys(("correct", "wrong", "unparsed", "truncated", "errored"), 0)
    known = {"accuracy": 0.5 + delta, "low": 0.0, "high": 1.0, "chance": 0.0, "majority": 0.0}
    return CellResult(
        domain=cell.domain,
        skill=cell.skill,
        n_items=10,
        n_samples=10,
        **counts,
        **known,
        self_check_rate=None,
        delta=delta,
        p_value=0.001,
        q_value=0.01 if below else 0.5,
        collapsed=collapsed,
    )


def divergence(level):
    whole = dict.fromkeys(
        ("kl_reverse", "js", "top1_agreement", "rank_shift", "entropy", "entropy_base"), 0.5
    ) | {"kl_forward": level, "high_js_share": 0.0, "n_texts": 1, "n_positions": 1}
    cells = [
        CellDivergence(domain=c.domain, skill=c.skill, text="base", **whole) for c in CELLS[:6]
    ]
    return Divergence(base_text=whole, own_text=whole, per_cell=cells)


def arms_with_collapse():
    """Runs of four stages in which a large early KL goes before a collapse two stages later."""
    rng = np.random.default_rng(8)
    arms = []
    for n in range(ARMS):
        for seed in range(2):
            doomed = n % 2 == 0
            steps = []
            for place, step in enumerate((10, 20, 40, 80)):
                level = (1.0 + doomed) * (place + 1) / 4 + 0.01 * rng.random()
                fallen = doomed and place >= 3
                rows = [
                    cell_row(c, -0.2 * level + 0.01 * rng.normal(), below=fallen, collapsed=fallen)
                    for c in CELLS[1:6]
                ]
                steps.append(
                    StageResult(
                        step=step,
                        seconds=None,
                        tokens=None,
                        cells=[cell_row(CELLS[0], 0.1, below=False, collapsed=False), *rows],
                        skills=[],
                        domains=[],
                        divergence=divergence(level),
                        parameters=ParameterChange(
                            changed=[], relative_norm=float(rng.random()), per_module=[], n=1
                        ),
                    )
                )
            arms.append(ArmResult(arm=f"a{n}", kind="sft", seed=seed, steps=steps))
    return arms


BASE = StageResult(
    step=0,
    seconds=0,
    tokens=0,
    cells=[cell_row(c, 0.0, below=False, collapsed=False) for c in CELLS[:6]],
    skills=[],
    domains=[],
)


def test_a_study_with_a_planted_law_is_read_from_its_results():
    found = prediction(arms_with_collapse(), BASE, {str(CELLS[0])})
    assert (found.n_arms, found.n_seeds, found.n_stages) == (8, 2, 64)
    fits = {(f.predictor, f.target, f.form): f for f in found.fits}
    for target in ("others", "cells"):
        law = fits["kl_forward_task", target, "linear"]
        assert law.across_arms.low > 0.8
        assert law.across_seeds.low > 0.8
        assert fits["relative_norm", target, "linear"].across_arms.low < 0.05
    assert fits["kl_forward_task", "others", "linear"].n == 64
    assert fits["kl_forward_task", "cells", "linear"].n == 64 * 5
    assert {test.predictor for test in found.nested} == {"relative_norm"}
    assert all(test.p_value > 0.01 for test in found.nested)
    kl = next(w for w in found.warnings if w.predictor == "kl_forward_task")
    # Of the 56 that stay, the trained cells of the eight doomed runs score as those that fall.
    assert kl.auroc == pytest.approx(1 - 0.5 * 8 / 56)
    assert (kl.n_collapsed, kl.n_kept, kl.lead) == (40, 56, 2.0)
    assert 0.7 < kl.low < kl.auroc < kl.high


def test_interpolations_and_trained_cells_are_no_rows_of_a_fit():
    arms = arms_with_collapse()
    between = [a.model_copy(update={"kind": "interpolation", "arm": "i"}) for a in arms[:1]]
    table, _ = prediction_table([*arms, *between], BASE, {str(CELLS[0])})
    assert set(table["arm"]) == {f"a{n}" for n in range(ARMS)}
    assert set(table.filter(pl.col("trained"))["cell"]) == {str(CELLS[0])}


def with_features(stage, lost):
    share = FeatureShare(count=int(100 * lost), n=100, share=lost, low=None, high=None)
    none = FeatureShare(count=0, n=0, share=None, low=None, high=None)
    change = FeatureChange(kept=none, rotated=none, lost=share, gained=none)
    changes = FeatureChanges.model_construct(change=change)
    found = StageFeatures.model_construct(changes=changes)
    return stage.model_copy(update={"features": found})


def test_lost_features_predict_like_any_other_figure_of_a_stage():
    arms = [
        arm.model_copy(update={"steps": [with_features(s, s.step / 100) for s in arm.steps]})
        for arm in arms_with_collapse()
    ]
    table, known = prediction_table(arms, BASE, {str(CELLS[0])})
    names = {p.name for p in known if p.family == "features"}
    assert names == {"features_lost"}
    assert (table["features_lost"] == table["step"] / 100).all()


def test_a_cell_that_is_below_already_needs_no_warning():
    rows = [
        {
            "arm": f"a{n}",
            "seed": 0,
            "step": step,
            "place": place,
            "cell": cell,
            "change": -0.1 * n,
            "below": cell == "early" and n > 3,
            "collapsed": n > 3 and (cell == "early" or place == 2),
        }
        for n in range(12)
        for place, step in enumerate((5, 10, 40))
        for cell in ("early", "late")
    ]
    early = early_cells(pl.DataFrame(rows))
    assert set(early["step"]) == {10}
    assert early.filter(pl.col("cell") == "early").height == 4
    found = warning(early, "change")
    assert (found.auroc, found.lead, found.n_collapsed, found.n_kept) == (1.0, 1.0, 8, 8)
    few = warning(early.filter(pl.col("arm") != "a9", pl.col("cell") == "early"), "change")
    assert few.auroc is None
    assert "0 cells collapse later and 4 do not" in few.reason


def test_a_single_stage_predicts_nothing():
    arm = arms_with_collapse()[0]
    assert prediction([], BASE, set()) is None
    assert prediction([arm.model_copy(update={"steps": arm.steps[:1]})], BASE, set()) is None
