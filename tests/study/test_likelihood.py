"""The likelihood probe inside a study, with a base that has no chat template."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metaprobe.benchmark.freeze import load_benchmark
from metaprobe.core.errors import InputError
from metaprobe.core.results import Summary, read_summary
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes import divergence
from metaprobe.probes.likelihood import measure_likelihood
from metaprobe.probes.prompts import item_prompts
from metaprobe.stages.discover import FoundStage
from metaprobe.study.config import ProbeSettings
from metaprobe.study.layout import Layout, StageName
from metaprobe.study.plan import Measuring, plan_probe
from metaprobe.study.tasks import ProbeTask

SMALL = ("benchmark.items_per_cell=2", "sampling.samples=1", "sampling.max_new_tokens=24")


def probe(out: Path, base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "metaprobe.cli.main",
        "probe",
        "nano=nano/qwen3",
        "--workers",
        "1",
    ]
    settings = [part for setting in (*SMALL, "probes.shots=2") for part in ("--set", setting)]
    return subprocess.run(
        [*command, "--base", str(base), "--out", str(out), *settings, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


pytestmark = pytest.mark.slow  # the study that all of them look at takes a minute


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nano base without its chat template."""
    shipped = resolve_model("nano/qwen3")
    assert shipped is not None
    folder = tmp_path_factory.mktemp("plain") / "base"
    shutil.copytree(shipped, folder, ignore=shutil.ignore_patterns("*.jinja"))
    return folder


@pytest.fixture(scope="module")
def folder(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("probe") / "run"
    done = probe(out, plain, "--probes", "accuracy,likelihood,divergence")
    assert done.returncode == 0, done.stderr + done.stdout
    return out


@pytest.fixture(scope="module")
def summary(folder: Path) -> Summary:
    return read_summary(folder / "summary.json")


def test_base_and_stage_have_rankings_by_cell(summary):
    stages = (summary.base.profile, summary.arms[0].steps[0])
    for stage in stages:
        assert stage.likelihood is not None
        assert stage.likelihood.all.n_items == 40
        assert [(c.n_items, c.left_out) for c in stage.likelihood.cells] == [(2, 0)] * 20
    before, after = (stage.likelihood.all for stage in stages)
    assert before.delta is None
    assert after.delta == pytest.approx(after.accuracy - before.accuracy)
    assert after.delta_low < after.delta < after.delta_high
    assert after.accuracy > after.chance


def test_scores_are_those_of_the_probe_and_stand_in_the_tables(folder, summary):
    items = load_benchmark(str(folder / "benchmark")).items
    expected = measure_likelihood(load_model("nano/qwen3", dtype=torch.float32), items, shots=2)
    scores = pl.read_parquet(folder / "results/likelihood/items" / "nano-0-0.parquet")
    assert scores.select("item_id", "options", "correct").equals(
        expected.select("item_id", "options", "correct")
    )
    values = pl.read_parquet(folder / "results" / "likelihood" / "nano-0-0.parquet")
    row = values.row(by_predicate=(pl.col("cell") == "all") & (pl.col("metric") == "accuracy"))
    whole = summary.arms[0].steps[0].likelihood.all
    assert row[2:] == (whole.accuracy, whole.accuracy_low, whole.accuracy_high, 40)


def test_each_model_is_asked_in_its_own_form(folder, plain, summary):
    assert "after 2 worked examples" in summary.provenance["prompt"]
    items = load_benchmark(str(folder / "benchmark")).items
    for name, examples in (("nano/qwen3", 0), (str(plain), 2)):
        loaded = load_model(name)
        prompts = loaded.tokenizer.batch_decode(item_prompts(loaded, items, 2, room=0))
        assert all(p.startswith("Question: ") == bool(examples) for p in prompts)
        assert all(p.count("\n\nQuestion: ") == examples for p in prompts)
    responses = pl.read_parquet(folder / "responses" / "base-0-0.parquet")["response"]
    assert not any("Question:" in text for text in responses)
    assert summary.arms[0].steps[0].divergence.base_text.n_texts == 40


def test_a_second_run_does_nothing(folder, plain):
    again = probe(folder, plain, "--probes", "accuracy,likelihood,divergence")
    assert "2 units of work were done before" in again.stdout


def test_it_is_off_unless_asked_for_and_other_examples_are_other_work(tmp_path):
    assert not ProbeSettings().likelihood
    settings = [ProbeSettings(), ProbeSettings(likelihood=True), ProbeSettings(shots=1)]
    plans = [
        plan_probe([], Measuring("nano/qwen3", "hash", Sampling(), probes), Layout(tmp_path))
        for probes in settings
    ]
    assert len({planned.key for plan in plans for planned in plan}) == 3


def test_nothing_older_stays_where_it_is_switched_off(folder, plain, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    layout = Layout(tmp_path / "run")
    sampling = Sampling(samples=1, max_new_tokens=2)
    stage = StageName("nano", 0, 0)
    assert layout.detail("likelihood", stage).is_file()
    task = ProbeTask(
        root=layout.root,
        stage=stage,
        model="nano/qwen3",
        base=str(plain),
        sampling=sampling,
        probes=ProbeSettings(divergence=False, parameters=False),
    )
    task.run(lambda _: None)
    for probe in ("likelihood", "divergence"):
        assert not layout.detail(probe, stage).exists()
        assert not layout.result(probe, stage).exists()


def test_a_probe_that_cannot_measure_a_stage_is_named_and_the_others_go_on(
    folder, plain, tmp_path, monkeypatch
):
    shutil.copytree(folder, tmp_path / "run")
    layout, stage = Layout(tmp_path / "run"), StageName("nano", 0, 0)

    def refuse(*_: Any) -> None:
        raise InputError("the vocabularies differ")

    monkeypatch.setattr(divergence, "measure_divergence", refuse)
    task = ProbeTask(
        root=layout.root,
        stage=stage,
        model="nano/qwen3",
        base=str(plain),
        sampling=Sampling(samples=1, max_new_tokens=2),
        probes=ProbeSettings(likelihood=True),
    )
    task.run(lambda _: None)
    assert layout.detail("likelihood", stage).is_file()
    assert layout.detail("parameters", stage).is_file()
    assert not layout.detail("divergence", stage).exists()
    assert layout.problems(stage) == ["divergence of nano-0-0: the vocabularies differ"]
    measuring = Measuring(str(plain), "hash", Sampling(), ProbeSettings(likelihood=True))
    found = FoundStage("nano", "external", 0, 0, 0.0, 0, None, "nano/qwen3")
    planned = plan_probe([found], measuring, layout)[-1]
    assert all(path.exists() for path in planned.outputs)
    layout.discard(stage)
    assert not layout.problems(stage)
    assert not layout.responses(stage).exists()


def test_examples_that_do_not_exist_are_one_line_and_exit_status_2(tmp_path, plain):
    done = probe(tmp_path / "run", plain, "--set", "probes.shots=5000")
    assert done.returncode == 2
    assert "set probes.shots lower" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
