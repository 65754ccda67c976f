"""The table of lighter methods against direct computation on made-up stages."""

import numpy as np
import pytest
from scipy import stats

from metaprobe.analysis.lighter import lighter_table
from metaprobe.core.association import auroc
from metaprobe.core.results import (
    ArmResult,
    Lighter,
    LighterMethod,
    SkillMovement,
    SkillResult,
    StageResult,
    SteeringEffect,
)
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill

STAGES = 6
RNG = numpy_rng_for("test-lighter", "table")
CHANGES = RNG.normal(0, 0.2, (STAGES, 5))
SIZES = {name: RNG.normal(0, 1, (STAGES, 5)) for name in ("mean_difference", "sae")}
CHANGES[:, :2] = 0.3, 0.01  # at every stage a skill that moved, and one that did not
MOVED = np.abs(CHANGES) > 0.1


def method(name: str, stage: int) -> LighterMethod:
    movements = None
    if name in SIZES:
        movements = [
            SkillMovement(skill=s, value=v, low=v - 1, high=v + 1, n_items=8)
            for s, v in zip(Skill, SIZES[name][stage], strict=True)
        ]
    gain = 0.01 * stage
    steering = SteeringEffect(
        coefficient=1,
        effect=gain,
        effect_low=-1,
        effect_high=1,
        beyond_random=gain / 2,
        beyond_random_low=-1,
        beyond_random_high=1,
        n_items=8,
    )
    return LighterMethod(
        method=name,
        movements=movements,
        cosine=None if name == "sae" else 0.1 * stage,
        steering=steering if stage < 2 else None,
        tokens=None,
        cpu_seconds=stage,
        peak_mb=10 * stage,
        problem=None,
    )


def stage(number: int) -> StageResult:
    counts = dict.fromkeys(("correct", "wrong", "unparsed", "truncated", "errored"), 2)
    row = {"n_items": 8, "n_samples": 10, "accuracy": 0.5, "low": 0.2, "high": 0.8, **counts}
    row |= {"chance": None, "majority": None, "self_check_rate": None}
    skills = [
        SkillResult(skill=s, delta=d, delta_low=d - 0.1, delta_high=d + 0.1, **row)
        for s, d in zip(Skill, CHANGES[number], strict=True)
    ]
    lighter = Lighter(
        module="m",
        n_texts=40,
        lost=None,
        change=None,
        step=None,
        random_cosine=0.2,
        random=[],
        methods=[method(name, number) for name in ("mean_difference", "weights", "sae")],
        states_cpu_seconds=1,
        states_peak_mb=None,
        sae=None,
    )
    rows = {"cells": [], "skills": skills, "domains": []}
    return StageResult(step=1, seconds=None, tokens=None, lighter=lighter, **rows)


def arms(count: int) -> list[ArmResult]:
    return [ArmResult(arm=f"a{n}", kind="sft", seed=0, steps=[stage(n)]) for n in range(count)]


def test_rank_correlations_and_areas_are_those_of_a_library() -> None:
    row = lighter_table(arms(STAGES))[0]
    size, change = np.abs(SIZES["mean_difference"]), np.abs(CHANGES)
    assert row.accuracy is not None
    assert row.accuracy.value == pytest.approx(stats.spearmanr(size.ravel(), change.ravel())[0])
    inside = [stats.spearmanr(*pair)[0] for pair in zip(size, change, strict=True)]
    assert row.within is not None
    assert row.within.value == pytest.approx(np.mean(inside))
    half = stats.t.ppf(0.975, STAGES - 1) * np.std(inside, ddof=1) / np.sqrt(STAGES)
    assert row.within.high == pytest.approx(min(1, np.mean(inside) + half))
    other = np.abs(SIZES["sae"])
    agree = [stats.spearmanr(*pair)[0] for pair in zip(size, other, strict=True)]
    assert row.agreement is not None
    assert row.agreement.value == pytest.approx(np.mean(agree))
    assert row.moved is not None
    assert row.moved.value == pytest.approx(auroc(size[MOVED], size[~MOVED]))
    assert (row.n_stages, row.n_skills, row.n_moved) == (STAGES, 30, MOVED.sum())
    for found in (row.accuracy, row.moved):
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high


def test_what_a_method_cannot_tell_is_none_and_the_rest_is_averaged() -> None:
    _, weights, coder = lighter_table(arms(STAGES))
    assert (weights.accuracy, weights.within, weights.moved, weights.agreement) == (None,) * 4
    assert weights.cosine is not None
    assert weights.cosine.value == pytest.approx(0.25)
    assert (coder.cosine, coder.agreement) == (None, None)
    assert coder.effect is not None
    assert coder.effect.value == pytest.approx(0.005)
    assert (coder.effect.low, coder.effect.high) == (-1, 1)
    assert (coder.n_steered, coder.cpu_seconds, coder.peak_mb) == (2, 2.5, 50)


def test_a_single_stage_has_values_without_intervals() -> None:
    row = lighter_table(arms(1))[0]
    assert row.accuracy is not None
    assert (row.accuracy.low, row.accuracy.high) == (None, None)
    assert row.within is not None
    assert row.within.low is None


def test_nothing_asked_is_no_row() -> None:
    plain = [ArmResult(arm="a", kind="sft", seed=0, steps=[])]
    assert lighter_table(plain) == []
