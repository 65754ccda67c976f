"""Checkpoints of our own runs, TRL's, LLaMA-Factory's and verl's are found by their folders."""

from pathlib import Path
from typing import Any

import pytest

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import write_json
from metaprobe.stages.discover import FoundStage, find_stages
from metaprobe.stages.store import StageInfo


def checkpoint(folder: Path) -> Path:
    """A folder that has the outside of a model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def external(arm: str, step: int, model: Path) -> FoundStage:
    return FoundStage(arm, "external", 0, step, 0.0, 0, None, str(model))


def test_checkpoints_of_trl_and_llama_factory_come_in_order(tmp_path: Path) -> None:
    run = tmp_path / "run"
    folders = {n: checkpoint(run / f"checkpoint-{n}") for n in (100, 20, 3)}
    (run / "runs").mkdir()
    (run / "checkpoint-7.txt").write_text("not a folder")
    (run / "checkpoint-last").mkdir()
    assert find_stages(str(run)) == [external("run", n, folders[n]) for n in (3, 20, 100)]


@pytest.mark.parametrize("inner", ["actor/huggingface", "huggingface", "."])
def test_weights_of_verl_lie_in_a_folder_of_the_step(tmp_path: Path, inner: str) -> None:
    folders = {n: checkpoint(tmp_path / "ppo" / f"global_step_{n}" / inner) for n in (5, 10)}
    found = find_stages(f"grpo={tmp_path / 'ppo'}")
    assert found == [external("grpo", n, folders[n]) for n in (5, 10)]


def stage(folder: Path, **changes: Any) -> StageInfo:
    fields: dict[str, Any] = {
        "arm": "sft_long",
        "kind": "sft",
        "seed": 2,
        "step": 40,
        "seconds": 9.5,
        "tokens": 800,
        "forward_tokens": 2400,
        "base": "nano/qwen3",
        "config": {},
    }
    info = StageInfo(**{**fields, **changes})
    write_json(checkpoint(folder) / "stage.json", info.model_dump(mode="json"))
    return info


def test_our_own_stages_bring_their_lineage(tmp_path: Path) -> None:
    run = tmp_path / "sft_long" / "seed-2"
    for step in (40, 8):
        stage(run / f"step-{step}", step=step)
    assert find_stages(str(run)) == [
        FoundStage("sft_long", "sft", 2, step, 9.5, 800, 2400, str(run / f"step-{step}"))
        for step in (8, 40)
    ]
    assert {found.arm for found in find_stages(f"mine={run}")} == {"mine"}


def test_one_checkpoint_is_one_stage(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "run-1" / "checkpoint-30")
    assert find_stages(str(model)) == [external("run_1", 30, model)]
    assert find_stages(f"b={model}") == [external("b", 30, model)]


def test_a_model_folder_is_a_stage_at_step_zero(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "my-model")
    assert find_stages(str(model)) == [external("my_model", 0, model)]


def test_a_hub_name_is_a_stage() -> None:
    assert find_stages("org/model") == [external("model", 0, Path("org/model"))]
    assert find_stages("x=org/model") == [external("x", 0, Path("org/model"))]


def test_a_folder_with_neither_model_nor_checkpoints_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither a model .* nor a run"):
        find_stages(str(tmp_path))


def test_a_checkpoint_that_was_not_merged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "global_step_5" / "actor").mkdir(parents=True)
    with pytest.raises(InputError, match="merge or export it first") as error:
        find_stages(str(tmp_path))
    assert "global_step_5" in str(error.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b"])
def test_an_unusable_name_of_an_arm_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="an arm's name has letters"):
        find_stages(f"{name}={tmp_path}")


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="neither a folder nor a hub name"):
        find_stages("./absent")
