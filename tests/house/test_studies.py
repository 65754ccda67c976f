"""Every study file in the repository and in the package is one that `metaprobe run` accepts."""

import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT, SOURCE

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import read_summary
from metaprobe.study.config import load_study

BUILT_IN = sorted((SOURCE / "study" / "builtin").glob("*.toml"))
STUDIES = sorted((ROOT / "studies").glob("*.toml")) + BUILT_IN
EACH = pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)


def test_there_is_a_study() -> None:
    assert [path for path in STUDIES if path not in BUILT_IN]


@EACH
def test_a_study_file_is_valid(path: Path) -> None:
    study = load_study(str(path))
    assert study.arms
    assert study.name


@EACH
def test_an_override_reaches_it(path: Path) -> None:
    assert load_study(str(path), ["seeds=[3, 4]"]).seeds == [3, 4]


@EACH
def test_an_unknown_key_in_it_is_refused(path: Path, tmp_path: Path) -> None:
    broken = tmp_path / path.name
    broken.write_text(f"basse = 'x'\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(ConfigError, match="basse"):
        load_study(str(broken))


SMALL = {
    "benchmark.items_per_cell": 1,
    "sampling.samples": 1,
    "sampling.max_new_tokens": 16,
    "data.problems": 40,
    "probes.divergence_items": 1,
}
SMALL_ARM = {
    "sft": {"batch_size": 2},
    "sft_on_policy": {"batch_size": 4, "samples": 4, "refresh": 2, "max_new_tokens": 96},
    "grpo": {"prompts": 2, "group_size": 4, "max_new_tokens": 48},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    # tests/study/test_smollm2.py runs that one, where its model is installed.
    [path for path in STUDIES if path.stem != "smollm2"],
    ids=lambda path: path.stem,
)
def test_a_study_file_runs_when_it_is_made_small(path: Path, tmp_path: Path) -> None:
    changes = dict(SMALL)
    for name, arm in load_study(str(path)).arms.items():
        if arm.kind == "interpolation":
            continue
        for key, value in {"steps": 2, "stages": [2], **SMALL_ARM[arm.kind]}.items():
            changes[f"arms.{name}.{key}"] = value
    settings = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    command = ["run", str(path), "--out", str(tmp_path / "run"), "--workers", "1", *settings]
    done = subprocess.run(
        [sys.executable, "-m", "metaprobe.cli.main", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    summary = read_summary(tmp_path / "run" / "summary.json")
    assert {arm.arm for arm in summary.arms} == set(load_study(str(path)).arms)
