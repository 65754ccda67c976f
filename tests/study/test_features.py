"""The features probe inside a study: settings, stages, and what a second run makes again."""

import subprocess
import sys
from pathlib import Path

import pytest

from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import StageFeatures, read_summary
from metaprobe.core.vocabulary import Skill
from metaprobe.models.sampling import Sampling
from metaprobe.stages.discover import FoundStage
from metaprobe.study.config import FeatureSettings, ProbeSettings, load_study
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.study.plan import Measuring, plan_probe, plan_study

SMALL = (
    *("benchmark.items_per_cell=15", "sampling.samples=1", "sampling.max_new_tokens=24"),
    *("probes.features.items=14", "probes.features.edit_items=1", "probes.features.width=2"),
    *("probes.features.steps=12", "probes.features.k=8", "probes.divergence=false"),
)


def test_features_are_off_or_a_table_and_true_stands_for_its_defaults() -> None:
    assert ProbeSettings().features is None
    assert ProbeSettings(features=False).features is None
    assert ProbeSettings(features=True).features == FeatureSettings()
    assert ProbeSettings(features={"layer": "middle", "width": 8}).features == FeatureSettings()
    assert load_study("nano", ["probes.features.width=4"]).probes.features.width == 4


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("probes.features.wdth=4", "unknown key 'probes.features.wdth'; did you mean 'width'"),
        ("probes.features=3", "probes.features: 3 is neither true, false nor a table"),
        ("probes.features.layer=0", "0 is neither `middle` nor a number from 1 up"),
        ("probes.features.layer=top", "'top' is neither `middle`"),
        ("probes.features.stages=first", "probes.features.stages"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(setting: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        load_study("nano", [setting])
    assert "\n" not in str(error.value)


def test_settings_survive_being_written_and_read_again() -> None:
    for settings in (ProbeSettings(), ProbeSettings(features={"layer": 2, "stages": "all"})):
        table = settings.model_dump(mode="json", exclude_none=True)
        assert parse_config(ProbeSettings, table, "again") == settings


@pytest.mark.parametrize(("stages", "read"), [("last", [False, True]), ("all", [True, True])])
def test_only_the_last_stage_is_read_unless_all_are(tmp_path: Path, stages: str, read: list[bool]):
    probes = ProbeSettings(features={"stages": stages}, divergence=False)
    measuring = Measuring("nano/qwen3", "hash", Sampling(), probes)
    found = [FoundStage("arm", "sft", 0, n, None, None, None, "nano/llama") for n in (3, 9)]
    base, *planned = plan_probe(found, measuring, Layout(tmp_path))
    assert [any("features" in str(o) for o in p.outputs) for p in planned] == read
    assert any("features" in str(o) for o in base.outputs)


def test_of_a_study_the_base_and_the_last_stage_of_every_arm_are_read(tmp_path: Path) -> None:
    config = load_study("nano", ["probes.features=true"])
    planned = plan_study(config, Layout(tmp_path), "hash")
    read = [p.stage for p in planned if p.stage and p.unit.task.probes.features]
    last = {name: arm.planned_stages[-1] for name, arm in config.arms.items()}
    assert read == [BASE, *(StageName(name, 0, step) for name, step in last.items())]


def probe(out: Path) -> subprocess.CompletedProcess[str]:
    """Probe the nano base against itself."""
    settings = [part for setting in SMALL for part in ("--set", setting)]
    command = [sys.executable, "-m", "metaprobe.cli.main", "probe", "nano=nano/qwen3"]
    return subprocess.run(
        [*command, "--workers", "1", "--base", "nano/qwen3", "--out", str(out), *settings],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_study_with_features_runs_and_resumes_without_training_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = probe(out)
    assert done.returncode == 0, done.stderr + done.stdout
    summary = read_summary(out / "summary.json")
    assert not summary.missing
    base, stage = summary.base.profile.features, summary.arms[0].steps[0].features
    assert base.changes.floor is None
    assert not base.interventions
    assert stage.changes.floor == base.changes.change
    assert [g.group for g in stage.candidates] == [str(s) for s in Skill]
    assert {s.group for s in stage.scores.scores} >= {str(s) for s in Skill}
    assert [edit.mode for edit in stage.interventions] == ["ablate", "patch"]
    # The stage is the base: patching its own values in changes no answer.
    assert {effect.effect for effect in stage.interventions[1].skills} == {0.0}
    # Trained alike on the same texts, the stage's autoencoder is the one that gives the floor.
    assert stage.changes.change.lost.count == base.changes.change.lost.count
    page = (out / "report.html").read_text("utf-8")
    assert '<section id="features"' in page
    assert any(f.kind == "features" for f in summary.findings)

    folders = [out / "features" / name for name in ("base-0-0", "nano-0-0")]
    assert not any((folder / "work").exists() for folder in folders)
    weights = [folder / "sae" / "sae_weights.safetensors" for folder in folders]
    before = [path.stat().st_mtime_ns for path in weights]
    Layout(out).unit("probe-nano-0-0").unlink()  # as if it had been killed at its very end
    (out / "results" / "features" / "nano-0-0.json").unlink()
    again = probe(out)
    assert again.returncode == 0, again.stderr + again.stdout
    assert [path.stat().st_mtime_ns for path in weights] == before
    found = read_summary(out / "summary.json").arms[0].steps[0].features
    assert timeless(found) == timeless(stage)


def timeless(found: StageFeatures) -> dict[str, object]:
    """Features without the seconds that they took."""
    told = found.model_dump(exclude={"training": {"cpu_seconds"}})
    for edit in told["interventions"]:
        del edit["cpu_seconds"]
    return told
