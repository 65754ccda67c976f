"""From the checkpoints of a job that was run to stages.

Only safetensors and text are taken over; verl's shards are pickles, which `merge.sh` of the job
turns into model folders where verl is installed.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import read_json, read_jsonl, storage_errors, write_json, write_text
from metaprobe.models.folders import weight_files
from metaprobe.models.loading import check_weights
from metaprobe.stages.store import COLLECTED, StageInfo, arm_folder
from metaprobe.training.handoff import llamafactory, verl
from metaprobe.training.handoff.job import MANIFEST, Job

STUDY = "study.toml"
"""The study of a job, beside its manifest."""

_TAKEN = {".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken"}
_LEFT = {"trainer_state.json"}
_STEP = re.compile(r"(?:checkpoint-|global_step_)(\d+)")
_ELAPSED = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")


def find_jobs(folder: Path) -> list[Path]:
    """Return the job folders at or below a folder.

    Raises:
        InputError: there is none.
    """
    found = sorted(path.parent for path in folder.glob(f"**/{MANIFEST}"))
    if not found:
        raise InputError(f"{folder}: no {MANIFEST} at or below it; name what handoff has written")
    return found


def read_job(folder: Path) -> Job:
    """Return the manifest of a job.

    Raises:
        InputError: it is damaged.
    """
    path = folder / MANIFEST
    try:
        return Job.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {first['loc']}: {first['msg']}") from error


def collect_job(folder: Path, root: Path) -> list[Path]:
    """Make stages of all checkpoints of a job; those that are there already are left as they are.

    Weights are hard links where both folders lie on one file system, else copies.

    Args:
        folder: the job.
        root: folder of all stages.

    Returns:
        The folders of the stages, in order of their steps.

    Raises:
        InputError: there are no checkpoints, or one is damaged or not merged.
        ConfigError: the folder has stages of the same arm that were trained elsewhere.
        StorageError: a stage cannot be written.
    """
    job = read_job(folder)
    arm = arm_folder(root, job.arm, job.seed)
    marker = arm / COLLECTED
    if arm.exists() and not (marker.is_file() and read_json(marker) == _identity(job)):
        raise ConfigError(f"{arm}: stages of another run; choose another --out")
    checkpoints = _checkpoints(folder, job)
    for _, path in checkpoints:
        check_weights(path)
    write_json(marker, _identity(job))
    return [_collect(path, step, job, arm) for step, path in checkpoints]


def copy_study(folder: Path, out: Path) -> None:
    """Write the study of a job beside the stages, so that they are measured as it says.

    Raises:
        ConfigError: another study lies there.
    """
    text = (folder / STUDY).read_text(encoding="utf-8")
    place = out / STUDY
    if place.is_file() and place.read_text(encoding="utf-8") != text:
        raise ConfigError(f"{place}: another study; choose another --out")
    write_text(place, text)


def stored_dtype(folder: Path) -> str:
    """Return the number formats of the weights in a model folder, as `bfloat16`.

    Several are joined by `+`.

    Raises:
        InputError: a weight file is missing or damaged.
    """
    from safetensors import safe_open

    found = set()
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - a handle is not a mapping
                found.add(file.get_slice(name).get_dtype())
    names = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
    return "+".join(sorted(names.get(dtype, dtype.lower()) for dtype in found))


def _identity(job: Job) -> dict[str, object]:
    return {"engine": f"{job.engine} {job.engine_version}", "files": job.files}


def _checkpoints(folder: Path, job: Job) -> list[tuple[int, Path]]:
    written = dict(_steps(folder / job.checkpoints))
    if not written:
        raise InputError(f"{folder / job.checkpoints}: no checkpoints in it; run the job first")
    if job.engine == llamafactory.ENGINE:
        return sorted(written.items())
    merged = dict(_steps(folder / verl.MERGED))
    missing = sorted(written.keys() - merged.keys())
    if missing:
        raise InputError(
            f"{written[missing[0]]}: not merged; run {folder / verl.MERGE} where verl is installed"
        )
    return sorted(merged.items())


def _steps(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("*"):
        match = _STEP.fullmatch(path.name)
        if match and path.is_dir():
            yield int(match[1]), path


def _collect(checkpoint: Path, step: int, job: Job, arm: Path) -> Path:
    target = arm / f"step-{step}"
    if (target / "stage.json").is_file():
        return target
    info = StageInfo(
        arm=job.arm,
        kind=job.kind,
        seed=job.seed,
        step=step,
        seconds=_seconds(checkpoint.parent, step),
        tokens=0,
        base=job.base,
        config={
            "engine": f"{job.engine} {job.engine_version}",
            "preset": job.preset,
            "arm": job.config,
            "differences": job.differences,
        },
        dtype=stored_dtype(checkpoint),
    )
    temporary = arm / f".step-{step}"
    with storage_errors(target):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for path in sorted(checkpoint.iterdir()):
            if path.is_file() and path.suffix in _TAKEN and path.name not in _LEFT:
                _link(path, temporary / path.name)
        write_json(temporary / "stage.json", json.loads(info.model_dump_json()))
        temporary.replace(target)
    return target


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _seconds(output: Path, step: int) -> float:
    """Return the training time up to a step as LLaMA-Factory logs it; 0 where nothing does."""
    log = output / "trainer_log.jsonl"
    for row in read_jsonl(log) if log.is_file() else []:
        match = _ELAPSED.fullmatch(str(row.get("elapsed_time")))
        if row.get("current_steps") == step and match:
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
            spent = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            return spent.total_seconds()
    return 0.0
