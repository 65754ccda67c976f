"""What every job folder has: its manifest, the base where it is shipped, and how it is written.

A job folder names no path of the machine that wrote it, so that it can be copied to a cluster, and
the same settings give the same bytes.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict

from metaprobe import __version__
from metaprobe.core.errors import ConfigError
from metaprobe.core.files import sha256_file, storage_errors, write_json, write_parquet, write_text
from metaprobe.models.folders import NANO_PREFIX, resolve_model
from metaprobe.training.arms import ArmConfig

MANIFEST = "job.json"
"""The file that makes a folder a job."""

BASE = "base"
"""Folder of a shipped base inside the job."""

LAUNCH = "launch.sh"
"""Starts the engine; arguments are passed on to it."""

Content = str | pl.DataFrame
"""What a file of a job holds."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is trained, and on how many devices."""

    arm: str
    seed: int
    base: str
    """The model to begin from: shipped, a folder, or a hub name."""
    nodes: int = 1
    gpus: int = 8
    """Devices of a node."""
    preset: str | None = None
    """Name of the published hyperparameters that stand in for the arm's."""

    @property
    def devices(self) -> int:
        """Devices in all."""
        return self.nodes * self.gpus


class Setting(NamedTuple):
    """One key of an engine with its value."""

    key: str
    value: Any
    of: str = ""
    """The setting of the arm that it carries over; empty for what the engine needs besides."""


class Job(BaseModel):
    """`job.json`: which arm a job trains, with what, and how it differs from our own loop."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    engine: str
    engine_version: str
    """The only version that the job is written for."""
    metaprobe: str = __version__
    arm: str
    kind: str
    """Kind of the arm."""
    seed: int
    base: str
    """The model that training begins from, as the user named it."""
    preset: str | None
    """Published hyperparameters that stand in for the arm's."""
    nodes: int
    gpus: int
    """Devices of a node."""
    config: dict[str, Any]
    """The arm's settings."""
    mapped: dict[str, str]
    """By setting of the arm, what the engine is told."""
    differences: list[str]
    """Where the engine does something else than our own loop would."""
    stages: list[int] | None
    """Steps at which checkpoints are written; None where the engine counts epochs."""
    checkpoints: str
    """Folder inside the job in which checkpoints can be collected."""
    rows: int
    """Rows of the training data."""
    files: dict[str, str] = {}
    """SHA-256 of every other file of the job, by its path inside it."""


class Draft(NamedTuple):
    """A job that has not been written yet."""

    job: Job
    files: Mapping[str, Content]


def describe(settings: Sequence[Setting]) -> dict[str, str]:
    """Return what the engine is told, by setting of the arm."""
    told: dict[str, list[str]] = {}
    for setting in settings:
        if setting.of:
            told.setdefault(setting.of, []).append(f"{setting.key}: {spell(setting.value)}")
    return {of: ", ".join(lines) for of, lines in told.items()}


def spell(value: Any) -> str:
    """Return a value as YAML and Hydra read it, numbers with an exponent included."""
    if isinstance(value, float):
        mantissa, exponent, power = repr(value).partition("e")
        point = "" if "." in mantissa or not exponent else ".0"
        return f"{mantissa}{point}{exponent}{power}"
    return json.dumps(value, ensure_ascii=False)


def refuse_unmapped(
    config: ArmConfig, mapped: frozenset[str], engine: str, *, in_order: bool
) -> None:
    """Refuse an arm that sets what has no counterpart in the engine.

    Args:
        config: the arm.
        mapped: names of the settings that are carried over, or have no effect on the result.
        engine: its name.
        in_order: whether the rows are written in the arm's own order.

    Raises:
        ConfigError: another setting is not at its default, or the order would be lost.
    """
    if not in_order and config.curriculum != "shuffled":
        raise ConfigError(
            f"curriculum = {config.curriculum!r} orders problems of the benchmark; a prepared "
            "file is shuffled by the engine"
        )
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if name not in mapped and value != field.get_default(call_default_factory=True):
            raise ConfigError(f"{engine} has no counterpart of {name} = {value!r}; leave it out")


def saved_steps(stages: Sequence[int], steps: int) -> tuple[int, list[int]]:
    """Return a distance between checkpoints, and the steps at which it gives one.

    Both engines write one at every multiple of a distance and one at the end. Where the stages lie
    so, the distance is theirs; otherwise it is the one that gives about as many.

    Args:
        stages: ascending; the last is `steps`.
        steps: of the arm.
    """
    for distance in (stages[0], max(1, round(steps / len(stages)))):
        saved = sorted({*range(distance, steps + 1, distance), steps})
        if saved == list(stages):
            break
    return distance, saved


def base_in_job(base: str) -> str:
    """Return what a job calls its base.

    A shipped base lies inside the job; a folder is named absolutely, since jobs are run elsewhere.

    Raises:
        ConfigError: there is no such model.
    """
    folder = resolve_model(base)
    if base.startswith(NANO_PREFIX):
        return BASE
    return str(folder.resolve()) if folder else base


def version_check(package: str, version: str) -> str:
    """Return lines of a shell script that stop where another version of the engine is installed."""
    return f"""\
found=$(python3 -c 'from importlib.metadata import version; print(version("{package}"))')
if [ "$found" != "{version}" ]; then
  echo "this job is written for {package} {version}, but $found is installed" >&2
  exit 2
fi
"""


def write_draft(out: Path, draft: Draft) -> None:
    """Write a job folder.

    Args:
        out: the folder.
        draft: what it holds.

    Raises:
        ConfigError: the folder holds a job that has been run.
        StorageError: it cannot be written.
    """
    if (out / draft.job.checkpoints).exists():
        raise ConfigError(f"{out}: a job that has been run already; choose another --out")
    names = list(draft.files)
    for name, content in draft.files.items():
        if isinstance(content, str):
            write_text(out / name, content)
        else:
            write_parquet(out / name, content)
        if name.endswith(".sh"):
            (out / name).chmod(0o755)
    if draft.job.base.startswith(NANO_PREFIX):
        names += _copy_base(draft.job.base, out)
    files = {name: sha256_file(out / name) for name in sorted(names)}
    job = draft.job.model_copy(update={"files": files})
    write_json(out / MANIFEST, job.model_dump(mode="json"))


def _copy_base(base: str, out: Path) -> list[str]:
    source = resolve_model(base)
    assert source is not None
    with storage_errors(out / BASE):
        (out / BASE).mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            if path.is_file():
                shutil.copyfile(path, out / BASE / path.name)
    return [f"{BASE}/{path.name}" for path in source.iterdir() if path.is_file()]


def safe_name(name: str) -> str:
    """Return a name that no shell or configuration language reads anything into.

    Raises:
        ConfigError: the name has other characters than letters, digits, `_`, `.` and `-`.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ConfigError(f"arm {name!r}: rename it; a job's name has letters, digits, _ . - only")
    return name
