"""Stages between a base and an arm lie on the straight line between their weights."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from toys import moved, toy_run

from metaprobe.core.errors import InputError
from metaprobe.stages.store import StageInfo, save_stage, stored_stages
from metaprobe.training.arms import InterpolationConfig
from metaprobe.training.interpolation import interpolate_arm, interpolated


def stage_of(arm: str, step: int) -> StageInfo:
    return StageInfo(
        arm=arm, kind="sft", seed=0, step=step, seconds=2.0, tokens=7, base="b", config={}
    )


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def test_the_stages_lie_between_the_files_of_base_and_arm(
    tiny_qwen3: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    base = save_stage(tmp_path, tiny_qwen3, tiny_tokenizer, stage_of("base", 0)).folder
    save_stage(tmp_path, moved(tiny_qwen3, 9.0), tiny_tokenizer, stage_of("sft", 3))
    tuned = save_stage(tmp_path, moved(tiny_qwen3, 0.1), tiny_tokenizer, stage_of("sft", 5)).folder
    run = toy_run(tmp_path, "between")
    run = type(run)(arm=run.arm, seed=0, base=str(base), root=tmp_path)
    interpolate_arm(InterpolationConfig(of="sft", shares=[0.25, 0.5]), run)
    stages = stored_stages(tmp_path, "between", 0)
    assert [s.info.step for s in stages] == [25, 50]
    ours, theirs = weights(base), weights(tuned)
    for stage in stages:
        assert (stage.info.kind, stage.info.tokens) == ("interpolation", 7)
        share = stage.info.step / 100
        for name, value in weights(stage.folder).items():
            expected = (1 - share) * ours[name].astype(float) + share * theirs[name].astype(float)
            np.testing.assert_allclose(value, expected, atol=1e-6)


@given(share=st.floats(0, 1))
def test_the_ends_of_the_line_are_the_models(tiny_qwen3: Any, share: float) -> None:
    same = interpolated(tiny_qwen3, tiny_qwen3, share)
    for name, value in tiny_qwen3.state_dict().items():
        np.testing.assert_allclose(same[name], value, rtol=1e-5, atol=1e-6)


def test_models_of_different_shape_are_refused(tiny_qwen3: Any, tiny_llama: Any) -> None:
    with pytest.raises(InputError, match="has shape"):
        interpolated(tiny_qwen3, copy.deepcopy(tiny_llama), 0.5)


def test_an_arm_without_stages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no stage"):
        interpolate_arm(InterpolationConfig(of="sft"), toy_run(tmp_path, "between"))


@pytest.mark.parametrize("shares", [[0.5, 0.25], [0.5, 0.5], [0.123], [1.0], []])
def test_shares_that_are_no_ascending_hundredths_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        InterpolationConfig(of="sft", shares=shares)
