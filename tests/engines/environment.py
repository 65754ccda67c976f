"""The genuine engines, each in an environment of its own that `make test-engines` makes."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from metaprobe.cli.main import app

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Engine(NamedTuple):
    """An environment with one engine."""

    folder: Path

    def run(self, command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command in which `python3` is the engine's."""
        env = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{HERE / 'stubs'}{os.pathsep}{ROOT / 'src'}",
            "HOME": os.environ.get("HOME", str(cwd)),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(cwd / "hf"),
            "TQDM_DISABLE": "1",
        }
        return subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600
        )


def engine(name: str) -> Engine:
    """The environment of an engine; the test is skipped where it was not made."""
    folder = Path(os.environ.get("METAPROBE_ENGINES", ROOT / "build" / "engines")) / name
    if not (folder / ".made").is_file():
        pytest.skip(f"no environment in {folder}; make test-engines makes it")
    return Engine(folder.absolute())


def metaprobe(*arguments: object) -> str:
    """Run our own command line and return what it prints."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def options(settings: Sequence[str]) -> list[str]:
    """Settings of a study as arguments of the command line."""
    return [part for setting in settings for part in ("--set", setting)]
