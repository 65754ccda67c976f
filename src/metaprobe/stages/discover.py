"""Finding the checkpoints of a training run: ours, TRL's, LLaMA-Factory's or verl's."""

import re
from pathlib import Path
from typing import NamedTuple

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models.folders import resolve_model
from metaprobe.stages.store import read_stage

_STEP_FOLDER = re.compile(r"(?:checkpoint-|global_step_|step-)(\d+)")
_NAME = re.compile(r"[A-Za-z0-9_.]+")


class FoundStage(NamedTuple):
    """One checkpoint that somebody trained."""

    arm: str
    kind: str
    """Kind of the arm where its `stage.json` tells, else `external`."""
    seed: int
    step: int
    seconds: float
    tokens: int
    forward_tokens: int | None
    model: str
    """Folder or hub name."""


def find_stages(argument: str) -> list[FoundStage]:
    """Return the checkpoints that one command-line argument names, in order of their steps.

    Args:
        argument: a hub name, a model folder, or a run folder whose `checkpoint-N`,
            `global_step_N` or `step-N` folders become stages; `NAME=` in front names the arm.

    Raises:
        ConfigError: nothing of that kind is there, or the arm's name is unusable.
    """
    arm, place = named_place(argument)
    folder = Path(place)
    if not folder.is_dir() or (folder / "config.json").is_file():
        resolve_model(place)
        return [_single(arm, place)]
    steps = step_folders(folder)
    if not steps:
        raise InputError(
            f"{folder}: neither a model (no config.json) nor a run (no checkpoint-N, "
            "global_step_N or step-N folder in it)"
        )
    return [stage_in(folder, step, path, arm) for step, path in steps]


def named_place(argument: str) -> tuple[str | None, str]:
    """Return the arm that `NAME=PLACE` names, or None, and the place.

    Raises:
        ConfigError: the name is unusable.
    """
    name, equals, rest = argument.partition("=")
    arm, place = (name, rest) if equals else (None, argument)
    if arm is not None and not _NAME.fullmatch(arm):
        raise ConfigError(f"{argument!r}: an arm's name has letters, digits, _ and . only")
    return arm, place


def step_folders(folder: Path) -> list[tuple[int, Path]]:
    """Return the steps of a run's checkpoints and their folders, in order; whole or not."""
    return sorted(
        (int(match[1]), path)
        for path in folder.iterdir()
        if path.is_dir() and (match := _STEP_FOLDER.fullmatch(path.name))
    )


def stage_in(folder: Path, step: int, path: Path, arm: str | None = None) -> FoundStage:
    """Return the stage in one checkpoint of a run.

    Args:
        folder: the run's.
        step: of the checkpoint.
        path: the checkpoint's folder.
        arm: its name; that of the run's folder where None.

    Raises:
        InputError: there is no model in the checkpoint.
    """
    return _stage(arm or _clean(folder.resolve().name), step, model_folder(path))


def _single(arm: str | None, place: str) -> FoundStage:
    folder = Path(place)
    match = _STEP_FOLDER.fullmatch(folder.name)
    step = int(match[1]) if match else 0
    name = folder.parent.name if match else folder.name
    return _stage(arm or _clean(name), step, place)


def _stage(arm: str, step: int, model: str) -> FoundStage:
    if (Path(model) / "stage.json").is_file():
        info = read_stage(Path(model)).info
        return FoundStage(
            arm if not arm.startswith("seed") else info.arm,
            info.kind,
            info.seed,
            info.step,
            info.seconds,
            info.tokens,
            info.forward_tokens,
            model,
        )
    return FoundStage(arm, "external", 0, step, 0.0, 0, None, model)


def model_folder(path: Path) -> str:
    """Return where a checkpoint's weights are; verl keeps them in a sub-folder.

    Raises:
        InputError: there is no model in it.
    """
    for candidate in (path, path / "actor" / "huggingface", path / "huggingface"):
        if (candidate / "config.json").is_file():
            return str(candidate)
    raise InputError(f"{path}: no config.json in this checkpoint; merge or export it first")


def _clean(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", name) or "model"
