"""An arm that begins from the last stage of another one."""

from pathlib import Path
from typing import Any

import pytest

from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.stages.store import read_stage
from metaprobe.study.config import StudyConfig
from metaprobe.study.layout import Layout
from metaprobe.study.plan import Planned, plan_study

ARMS: dict[str, Any] = {
    "rl": {"kind": "grpo", "steps": 2, "stages": [2], "after": "warm"},
    "warm": {"kind": "sft", "steps": 3, "stages": [3], "batch_size": 2},
    "plain": {"kind": "sft", "steps": 2, "stages": [2]},
}


def study_of(arms: dict[str, Any], **changes: Any) -> StudyConfig:
    table = {"name": "x", "base": "nano/qwen3", "arms": arms, **changes}
    return parse_config(StudyConfig, table, "x.toml")


def planned(arms: dict[str, Any], root: Path) -> dict[str, Planned]:
    plan = plan_study(study_of(arms, seeds=[0, 1]), Layout(root), "hash")
    return {p.unit.name: p for p in plan}


def test_it_waits_for_the_other_and_begins_where_that_ends(tmp_path: Path) -> None:
    plan = planned(ARMS, tmp_path)
    for seed in (0, 1):
        unit: Any = plan[f"train-rl-{seed}"].unit
        assert unit.after == (f"train-warm-{seed}",)
        assert unit.task.arm.base == str(tmp_path / "stages" / "warm" / f"seed-{seed}" / "step-3")
        others: list[Any] = [plan[f"train-{arm}-{seed}"].unit for arm in ("warm", "plain")]
        assert [(u.after, u.task.arm.base) for u in others] == [((), "nano/qwen3")] * 2


def test_a_change_of_the_first_retrains_both(tmp_path: Path) -> None:
    changed = ARMS | {"warm": ARMS["warm"] | {"learning_rate": 1e-5}}
    before, after = (planned(arms, tmp_path) for arms in (ARMS, changed))
    stale = {name for name in before if before[name].key != after[name].key}
    assert {name.split("-")[1] for name in stale} == {"warm", "rl"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rl": {"kind": "grpo", "after": "worm"}}, "did you mean 'warm'"),
        ({"warm": {"kind": "sft", "after": "rl"}}, "no arm of .* begins"),
        ({"warm": {"kind": "sft", "after": "warm"}}, "no arm of rl after warm begins"),
    ],
)
def test_an_arm_that_never_begins_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        study_of(ARMS | changes)
    assert "\n" not in str(error.value)


def test_the_second_is_trained_on_the_first(tmp_path: Path) -> None:
    arms = {
        "two": {"kind": "sft", "steps": 1, "stages": [1], "batch_size": 2, "after": "one"},
        "one": {"kind": "sft", "steps": 1, "stages": [1], "batch_size": 2},
    }
    config = study_of(arms, data={"problems": 20, "cells": ["mathematics/calculation"]})
    plan = {p.unit.name: p for p in plan_study(config, Layout(tmp_path), "hash")}
    for name in ("train-one-0", "train-two-0"):
        plan[name].unit.task.run(lambda share: None)
    one, two = (tmp_path / "stages" / arm / "seed-0" / "step-1" for arm in ("one", "two"))
    assert read_stage(two).info.base == str(one)
    spent = [read_stage(folder).info.forward_tokens or 0 for folder in (one, two)]
    assert 0 < spent[0] < spent[1]  # what the first cost is a part of the second's
