"""Stages on disk: `<root>/<arm>/seed-<s>/step-<n>/`, a Hugging Face folder with `stage.json`.

A stage appears under its name only when it is complete. Beside the stages of an arm lie
`metrics.jsonl` and one file of optimiser state, from which an interrupted training goes on.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, storage_errors, write_json, write_text
from metaprobe.models.loading import Model
from metaprobe.models.lora import Adapter, merged_state

ADAPTER_FOLDER = "adapter"
"""Where in a stage its LoRA adapter lies."""

COLLECTED = "collected.json"
"""Marks the stages of an arm and seed that another engine has trained."""


class StageInfo(BaseModel):
    """`stage.json`: what a stage is and where it comes from."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    arm: str
    kind: str
    """Kind of the arm, such as `sft`."""
    seed: int
    step: int
    """Optimiser steps taken since the base."""
    seconds: float
    """Training time up to this step, without probes."""
    tokens: int
    """Tokens that took part in the loss, up to this step."""
    forward_tokens: int | None = None
    """Compute since the base, in tokens that go forward through the model; None if not known."""
    base: str
    """The model that training began from."""
    config: dict[str, Any]
    """The arm's settings."""
    metrics: dict[str, float] = {}
    """Training metrics of the last step."""
    adapter: str | None = None
    """Folder inside the stage with the LoRA adapter that the weights are merged with, if any."""
    dtype: str | None = None
    """Number format of the weights of a stage that another engine wrote; None for our own."""


class Stage(NamedTuple):
    """A complete stage and its folder."""

    info: StageInfo
    folder: Path


def arm_folder(root: Path, arm: str, seed: int) -> Path:
    """Return the folder that holds the stages of one arm and seed."""
    return root / arm / f"seed-{seed}"


def save_stage(
    root: Path, model: Model, tokenizer: Any, info: StageInfo, *, adapter: Adapter | None = None
) -> Stage:
    """Write a stage; it appears under its name only when it is complete.

    Args:
        root: folder of all stages.
        model: the model as it is; of an adapted one the merged weights are written.
        tokenizer: the model's.
        info: what the stage is.
        adapter: written beside the weights, in peft's format.

    Raises:
        StorageError: the disk is full or the folder is not writable.
    """
    parent = arm_folder(root, info.arm, info.seed)
    target = parent / f"step-{info.step}"
    with storage_errors(target):
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".stage-", dir=parent))
        try:
            if adapter is None:
                model.save_pretrained(temporary)
            else:
                info = info.model_copy(update={"adapter": ADAPTER_FOLDER})
                model.save_pretrained(temporary, state_dict=merged_state(model))
                _save_adapter(adapter, temporary / ADAPTER_FOLDER)
            tokenizer.save_pretrained(temporary)
            write_json(temporary / "stage.json", info.model_dump(mode="json"))
            temporary.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Stage(info, target)


def _save_adapter(adapter: Adapter, folder: Path) -> None:
    # Without the setting peft asks the hub whether the base's vocabulary was changed.
    adapter.save_pretrained(folder, selected_adapters=["default"], save_embedding_layers=False)


def read_stage(folder: Path) -> Stage:
    """Return the stage in a folder.

    Raises:
        InputError: `stage.json` is missing or damaged.
    """
    path = folder / "stage.json"
    value = read_json(path)
    try:
        return Stage(StageInfo.model_validate(value), folder)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {first['loc']}: {first['msg']}") from error


def stored_stages(root: Path, arm: str, seed: int) -> list[Stage]:
    """Return the complete stages of one arm and seed, in order of their steps."""
    folders = arm_folder(root, arm, seed).glob("step-*/stage.json")
    return sorted((read_stage(p.parent) for p in folders), key=lambda s: s.info.step)


def append_metrics(path: Path, row: dict[str, Any]) -> None:
    """Append one row to a `metrics.jsonl`."""
    with storage_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def truncate_metrics(path: Path, step: int) -> None:
    """Drop the rows of a `metrics.jsonl` after `step`, and a last line that was cut off."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if row["step"] <= step:
            kept.append(line)
    write_text(path, "".join(line + "\n" for line in kept))
