"""Checkpoints of the engines become stages, with the number format that they are stored in."""

import json
from pathlib import Path
from typing import Any

import pytest
from cases import ITEMS, target
from typer.testing import CliRunner

from metaprobe.cli.handoff import app
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import measure_parameters
from metaprobe.stages.discover import find_stages
from metaprobe.stages.store import read_stage
from metaprobe.study.config import StudyConfig
from metaprobe.study.layout import study_of_stage
from metaprobe.study.run import run_study
from metaprobe.training.arms import GRPOConfig, SFTConfig
from metaprobe.training.handoff import llamafactory, verl
from metaprobe.training.handoff.collect import collect_job, copy_study, find_jobs, stored_dtype
from metaprobe.training.handoff.data import problems
from metaprobe.training.handoff.job import write_draft


@pytest.fixture
def sft(tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any) -> Path:
    """A job of LLaMA-Factory with two checkpoints."""
    job, config = tmp_path / "jobs" / "a", SFTConfig(steps=4, batch_size=2)
    draft = llamafactory.draft_job(
        config, llamafactory.arm_corpus(ITEMS, config, target()), target(), None
    )
    write_draft(job, draft._replace(files={**draft.files, "study.toml": "name = 'x'\n"}))
    for step in (2, 4):
        folder = job / "output" / f"checkpoint-{step}"
        tiny_qwen3.save_pretrained(folder)
        tiny_tokenizer.save_pretrained(folder)
        (folder / "optimizer.pt").write_bytes(b"pickle")
        (folder / "training_args.bin").write_bytes(b"pickle")
        (folder / "trainer_state.json").write_text("{}")
    log = [
        {"current_steps": 2, "elapsed_time": "0:00:05"},
        {"current_steps": 4, "elapsed_time": "1 day, 1:00:00"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in log)
    (job / "output" / "trainer_log.jsonl").write_text(lines)
    return job


@pytest.fixture
def grpo(tmp_path: Path) -> Path:
    """A job of verl with one checkpoint in shards."""
    job, config = tmp_path / "jobs" / "b", GRPOConfig(steps=2, prompts=2, group_size=2)
    of = target(arm="b")
    corpus = verl.arm_corpus(ITEMS, config, of)
    write_draft(job, verl.draft_job(config, corpus, problems(ITEMS[:1]), of, "vllm"))
    actor = job / "checkpoints" / "global_step_2" / "actor"
    actor.mkdir(parents=True)
    (actor / "model_world_size_1_rank_0.pt").write_bytes(b"pickle")
    return job


def test_checkpoints_of_llamafactory_become_stages(sft: Path, tmp_path: Path) -> None:
    stages = collect_job(sft, tmp_path / "out" / "stages")
    assert [s.name for s in stages] == ["step-2", "step-4"]
    infos = [read_stage(s).info for s in stages]
    assert [(i.arm, i.kind, i.seed, i.step, i.dtype) for i in infos] == [
        ("a", "sft", 0, 2, "float32"),
        ("a", "sft", 0, 4, "float32"),
    ]
    assert [i.seconds for i in infos] == [5.0, 90_000.0]
    found = find_stages(str(stages[0].parent))
    assert [(f.arm, f.kind, f.step) for f in found] == [("a", "sft", 2), ("a", "sft", 4)]


def test_no_pickle_is_taken_over(sft: Path, tmp_path: Path) -> None:
    for stage in collect_job(sft, tmp_path / "stages"):
        names = {path.name for path in stage.iterdir()}
        assert {"model.safetensors", "config.json", "tokenizer.json", "stage.json"} <= names
        assert not {n for n in names if n.endswith((".pt", ".bin"))}
        assert "trainer_state.json" not in names


def test_a_second_collection_adds_what_is_new(
    sft: Path, tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any
) -> None:
    first = collect_job(sft, tmp_path / "stages")
    written = [(s / "stage.json").stat().st_mtime_ns for s in first]
    tiny_qwen3.save_pretrained(sft / "output" / "checkpoint-6")
    tiny_tokenizer.save_pretrained(sft / "output" / "checkpoint-6")
    again = collect_job(sft, tmp_path / "stages")
    assert [s.name for s in again] == ["step-2", "step-4", "step-6"]
    assert [(s / "stage.json").stat().st_mtime_ns for s in first] == written


def test_shards_have_to_be_merged_first(grpo: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"merge\.sh"):
        collect_job(grpo, tmp_path / "stages")
    assert not (tmp_path / "stages").exists()


def test_rounding_to_bfloat16_is_no_change(
    grpo: Path, tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any
) -> None:
    tiny_qwen3.save_pretrained(tmp_path / "base")
    merged = grpo / "merged" / "global_step_2"
    tiny_qwen3.save_pretrained(merged)
    _store_in_bfloat16(merged / "model.safetensors")
    tiny_tokenizer.save_pretrained(merged)
    [stage] = collect_job(grpo, tmp_path / "stages")
    assert read_stage(stage).info.dtype == stored_dtype(stage) == "bfloat16"
    change = measure_parameters(tmp_path / "base", stage)
    assert change.rounded_to == "bfloat16"
    assert change.relative_norm == 0
    assert all(point.share == 0 for point in change.changed)


def _store_in_bfloat16(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_file({n: t.to(torch.bfloat16) for n, t in load_file(path).items()}, path)


def test_a_damaged_checkpoint_stops_before_anything_is_written(sft: Path, tmp_path: Path) -> None:
    (sft / "output" / "checkpoint-4" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(InputError, match="checkpoint-4"):
        collect_job(sft, tmp_path / "stages")
    assert not (tmp_path / "stages").exists()


def test_stages_of_another_run_are_not_mixed_in(sft: Path, tmp_path: Path) -> None:
    (tmp_path / "stages" / "a" / "seed-0").mkdir(parents=True)
    with pytest.raises(ConfigError, match="another run"):
        collect_job(sft, tmp_path / "stages")


def test_a_job_that_was_not_run_has_nothing_to_collect(grpo: Path, tmp_path: Path) -> None:
    (grpo / "checkpoints").rename(grpo / "elsewhere")
    with pytest.raises(InputError, match="run the job"):
        collect_job(grpo, tmp_path / "stages")


def test_jobs_are_found_below_a_folder(sft: Path, grpo: Path, tmp_path: Path) -> None:
    assert find_jobs(tmp_path / "jobs") == [sft, grpo]
    assert find_jobs(sft) == [sft]
    with pytest.raises(InputError, match=r"job\.json"):
        find_jobs(tmp_path / "empty")


def test_stages_are_measured_as_their_study_says(sft: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    [stage, _] = collect_job(sft, out / "stages")
    copy_study(sft, out)
    assert study_of_stage(stage) == out / "study.toml"
    (out / "study.toml").write_text("name = 'other'\n")
    with pytest.raises(ConfigError, match="another study"):
        copy_study(sft, out)


def test_the_command_collects_every_job_below_a_folder(sft: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["collect", str(sft.parent), "--out", str(tmp_path / "out")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert "2 stages" in done.stdout
    assert (tmp_path / "out" / "study.toml").is_file()
    assert (tmp_path / "out" / "stages" / "a" / "seed-0" / "step-4" / "stage.json").is_file()


@pytest.mark.slow
def test_a_study_does_not_train_over_collected_stages(sft: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stages = collect_job(sft, out / "stages")
    arms = {"a": SFTConfig(steps=4, batch_size=2)}
    benchmark: Any = {"items_per_cell": 1}
    study = StudyConfig(name="x", base="nano/qwen3", arms=arms, benchmark=benchmark)
    with pytest.raises(ConfigError, match="trained elsewhere"):
        run_study(study, out, watch=lambda units, skipped: pytest.fail("it began"))
    assert all((stage / "stage.json").is_file() for stage in stages)
