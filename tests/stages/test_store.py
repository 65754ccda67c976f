"""Stages appear whole or not at all, in order, and metrics end where the resumed step begins."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from metaprobe.core.errors import InputError, StorageError
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.stages.store import (
    StageInfo,
    append_metrics,
    arm_folder,
    read_stage,
    save_stage,
    stored_stages,
    truncate_metrics,
)


class Writer:
    """Stands in for a model or tokenizer; writes one file, or fails half way."""

    def __init__(self, name: str, failure: BaseException | None = None) -> None:
        self.name, self.failure = name, failure

    def save_pretrained(self, folder: Path) -> None:
        (folder / self.name).write_text("half")
        if self.failure:
            raise self.failure
        (folder / self.name).write_text("whole")


def info(step: int = 1, **changes: Any) -> StageInfo:
    fields: dict[str, Any] = {
        "arm": "a",
        "kind": "sft",
        "seed": 0,
        "step": step,
        "seconds": 1.5,
        "tokens": 10,
        "base": "nano/qwen3",
        "config": {"steps": 9},
    }
    return StageInfo(**{**fields, **changes})


def test_a_stage_comes_back_as_it_was_saved(
    tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any
) -> None:
    written = save_stage(tmp_path, tiny_qwen3, tiny_tokenizer, info(metrics={"loss": 0.5}))
    assert written.folder == tmp_path / "a" / "seed-0" / "step-1"
    assert read_stage(written.folder) == written
    again = load_model(str(written.folder)).model.state_dict()
    assert all(torch.equal(again[k], v) for k, v in tiny_qwen3.state_dict().items())
    assert written.folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("place", ["model", "tokenizer"])
def test_a_failed_save_leaves_no_folder(tmp_path: Path, place: str) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    model = Writer("m", full if place == "model" else None)
    tokenizer = Writer("t", full if place == "tokenizer" else None)
    with pytest.raises(StorageError, match="disk is full"):
        save_stage(tmp_path, model, tokenizer, info())
    assert list(arm_folder(tmp_path, "a", 0).iterdir()) == []
    assert stored_stages(tmp_path, "a", 0) == []


def test_an_interrupted_save_leaves_the_stage_that_was_there(tmp_path: Path) -> None:
    save_stage(tmp_path, Writer("m"), Writer("t"), info(tokens=1))
    with pytest.raises(KeyboardInterrupt):
        save_stage(tmp_path, Writer("m"), Writer("t", KeyboardInterrupt()), info(tokens=2))
    (stage,) = stored_stages(tmp_path, "a", 0)
    assert stage.info.tokens == 1
    assert (stage.folder / "t").read_text() == "whole"


def test_a_stage_saved_again_replaces_the_first(tmp_path: Path) -> None:
    save_stage(tmp_path, Writer("old"), Writer("t"), info(tokens=1))
    stage = save_stage(tmp_path, Writer("new"), Writer("t"), info(tokens=2))
    assert {p.name for p in stage.folder.iterdir()} == {"new", "t", "stage.json"}


def test_stages_are_listed_in_order_of_their_steps(tmp_path: Path) -> None:
    for step in (10, 2, 100, 1):
        save_stage(tmp_path, Writer("m"), Writer("t"), info(step))
    save_stage(tmp_path, Writer("m"), Writer("t"), info(5, seed=1))
    save_stage(tmp_path, Writer("m"), Writer("t"), info(6, arm="b"))
    assert [s.info.step for s in stored_stages(tmp_path, "a", 0)] == [1, 2, 10, 100]
    assert stored_stages(tmp_path, "c", 0) == []


@pytest.mark.parametrize("text", [None, "{", "[]", '{"arm": "a"}'])
def test_a_damaged_stage_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "stage.json").write_text(text)
    with pytest.raises(InputError, match=r"stage\.json"):
        read_stage(tmp_path)


def test_metrics_after_the_step_and_a_cut_off_line_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in range(1, 6):
        append_metrics(path, {"step": step, "loss": 1 / step})
    with path.open("a") as file:
        file.write('{"step": 6, "lo')
    truncate_metrics(path, 9)
    assert [row["step"] for row in read(path)] == [1, 2, 3, 4, 5]
    truncate_metrics(path, 3)
    append_metrics(path, {"step": 4, "loss": 9.0})
    assert read(path) == [
        *({"step": n, "loss": 1 / n} for n in (1, 2, 3)),
        {"step": 4, "loss": 9.0},
    ]
    truncate_metrics(path, 0)
    assert path.read_text() == ""
    truncate_metrics(tmp_path / "absent.jsonl", 0)


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]
