"""A whole study on the shipped base: what is on disk, what is skipped, and killing it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from metaprobe.core.results import read_summary

SMALL = [
    "--set", "benchmark.items_per_cell=3",
    "--set", "sampling.samples=2",
    "--set", "sampling.max_new_tokens=48",
    "--set", "data.problems=60",
    "--set", "probes.divergence_items=1",
    "--set", "arms.sft_short.steps=4",
    "--set", "arms.sft_long.steps=4",
    "--set", "arms.sft_on_policy.steps=4",
    "--set", "arms.sft_on_policy.refresh=2",
    "--set", "arms.sft_on_policy.batch_size=4",
    "--set", "arms.sft_on_policy.samples=4",
    "--set", "arms.sft_on_policy.max_new_tokens=96",
    "--set", "arms.grpo.steps=4",
    "--set", "arms.grpo.prompts=2",
    "--set", "arms.grpo.max_new_tokens=48",
]  # fmt: skip
TWO_STAGES = [
    part
    for arm in ("sft_short", "sft_long", "sft_on_policy", "grpo")
    for part in ("--set", f"arms.{arm}.stages=[2, 4]")
]
TIMES = {"seconds", "created", "provenance"}


def metaprobe(*arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "metaprobe.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return done


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def values(folder):
    return without_times(json.loads((folder / "summary.json").read_text()))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "run"
    metaprobe("run", "nano", *SMALL, *TWO_STAGES, "--out", folder)
    return folder


def test_every_arm_has_its_stages_and_every_stage_its_cells(study):
    summary = read_summary(study / "summary.json")
    assert [a.arm for a in summary.arms] == ["sft_short", "sft_long", "sft_on_policy", "grpo"]
    assert len(summary.base.profile.cells) == 20
    for arm in summary.arms:
        assert [s.step for s in arm.steps] == [2, 4]
        for stage in arm.steps:
            assert len(stage.cells) == 20
            assert stage.divergence is not None
            assert stage.parameters is not None
            for cell in stage.cells:
                counts = (cell.correct, cell.wrong, cell.unparsed, cell.truncated, cell.errored)
                assert sum(counts) == cell.n_samples == 6
    assert (study / "report.html").stat().st_size > 10_000


def test_training_moves_the_weights_further_at_each_stage_and_the_output_with_them(study):
    for arm in read_summary(study / "summary.json").arms:
        first, last = arm.steps
        assert 0 < first.parameters.relative_norm < last.parameters.relative_norm
        assert first.divergence.base_text.kl_forward > 0
        assert last.divergence.base_text.kl_forward > 0


def test_values_stand_in_the_tables_as_in_the_summary(study):
    summary = read_summary(study / "summary.json")
    table = pl.read_parquet(study / "results" / "divergence" / "grpo-0-4.parquet")
    row = table.filter((pl.col("cell") == "all/own_text") & (pl.col("metric") == "js"))
    assert row["value"].item() == summary.arms[3].steps[-1].divergence.own_text.js
    responses = pl.read_parquet(study / "responses" / "grpo-0-4.parquet")
    assert len(responses) == 20 * 3 * 2


def test_a_second_run_skips_everything(study):
    before = (study / "responses" / "grpo-0-4.parquet").stat().st_mtime_ns
    again = metaprobe("run", "nano", *SMALL, *TWO_STAGES, "--out", study)
    assert "13 units of work were done before" in again.stdout
    assert (study / "responses" / "grpo-0-4.parquet").stat().st_mtime_ns == before


@pytest.mark.slow
def test_probing_a_stage_by_itself_gives_the_same_cell_values(study, tmp_path):
    stage = study / "stages" / "grpo" / "seed-0" / "step-4"
    metaprobe("probe", stage, "--base", "nano/qwen3", "--out", tmp_path / "p")
    probed = read_summary(tmp_path / "p" / "summary.json").arms[0]
    trained = read_summary(study / "summary.json").arms[3]
    for ours, theirs in zip(probed.steps[0].cells, trained.steps[-1].cells, strict=True):
        assert ours.accuracy == theirs.accuracy
        assert (ours.delta, ours.delta_low) == (theirs.delta, theirs.delta_low)
    assert probed.steps[0].divergence == trained.steps[-1].divergence


@pytest.mark.slow
def test_changed_settings_retrain_that_arm_only(study, tmp_path):
    copy = shutil.copytree(study, tmp_path / "copy")
    changed = ["--set", "arms.sft_short.learning_rate=1e-4"]
    again = metaprobe("run", "nano", *SMALL, *TWO_STAGES, *changed, "--out", copy)
    assert "10 units of work were done before" in again.stdout


def session_members(leader: int) -> list[int]:
    """Processes of a session that still run, on Linux."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("delay", [9.0, 14.0, 20.0])
def test_a_killed_run_goes_on_to_the_same_values(study, tmp_path, delay):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "metaprobe.cli.main", "run", "nano", *SMALL, *TWO_STAGES]
    run = subprocess.Popen(
        [*command, "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(delay)
    killed = run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 20
    while session_members(run.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not session_members(run.pid)
    metaprobe("run", "nano", *SMALL, *TWO_STAGES, "--out", folder)
    assert killed, "the run was over before it could be killed"
    assert values(folder) == values(study)


@pytest.mark.slow
def test_two_runs_cannot_share_a_folder(study):
    import fcntl

    with (study / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        refused = metaprobe("run", "nano", *SMALL, *TWO_STAGES, "--out", study, check=False)
    assert refused.returncode == 1
    assert "another run is writing" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nano", "--set", "arms.grpo.stepz=3"], "did you mean 'steps'"),
        (["run", "nano", "--set", "base=nano/qwen33"], "did you mean 'nano/qwen3'"),
        (["run", "absent.toml"], "absent.toml"),
        (["probe", "./absent", "--base", "nano/qwen3"], "absent"),
        (["probe", "nano/qwen3", "--base", "nano/qwen3", "--probes", "acuracy"], "'accuracy'"),
    ],
)
def test_wrong_input_is_one_line_and_status_two(arguments, message, tmp_path):
    refused = metaprobe(*arguments, "--out", tmp_path / "x", check=False)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_damaged_checkpoint_is_named_in_one_line(study, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(study / "stages" / "grpo" / "seed-0" / "step-4", broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    refused = metaprobe(
        "probe", broken, "--base", "nano/qwen3", "--out", tmp_path / "x", check=False
    )
    assert refused.returncode == 2
    assert "model.safetensors" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
