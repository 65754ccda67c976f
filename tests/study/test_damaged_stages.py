"""Checkpoints that cannot be measured: each is named in a line, and the others are measured."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from metaprobe.core.config import parse_config
from metaprobe.core.errors import InputError
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.stages.discover import find_stages
from metaprobe.study.config import StudyConfig
from metaprobe.study.run import Outcome, run_probe, silent

BASE = "nano/qwen3"
WEIGHTS = "model.safetensors"


def moved(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    tensors["model.norm.weight"] *= 1.01
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


def corrupt(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[8:40] = b"\xff" * 32
    (folder / WEIGHTS).write_bytes(content)


def truncated(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def sharded(folder: Path) -> None:
    names = list(load_file(folder / WEIGHTS))
    (folder / WEIGHTS).rename(folder / "model-1.safetensors")
    places = {name: f"model-{1 + n % 2}.safetensors" for n, name in enumerate(names)}
    index = json.dumps({"metadata": {}, "weight_map": places})
    (folder / "model.safetensors.index.json").write_text(index)


def narrower(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    name = "model.layers.0.mlp.down_proj.weight"
    tensors[name] = tensors[name][:, 8:].contiguous()
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


def resized(folder: Path) -> None:
    model = load_model(BASE).model
    model.resize_token_embeddings(model.config.vocab_size + 8, mean_resizing=False)
    model.save_pretrained(folder)


def not_a_number(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    tensors["model.layers.0.mlp.down_proj.weight"][0, 0] = torch.nan
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


NOT_MEASURED = {
    corrupt: "not a readable safetensors file",
    truncated: "not a readable safetensors file",
    sharded: "missing, though the index of its folder names it",
    narrower: "has shape",
    not_a_number: "logits are NaN or infinite",
}


def probe(folders: list[Path], out: Path) -> Outcome:
    table = {
        "name": "damaged",
        "base": BASE,
        "benchmark": {"items_per_cell": 1},
        "sampling": {"samples": 1, "max_new_tokens": 8},
        "probes": {"likelihood": False, "behaviours": False},
    }
    config = parse_config(StudyConfig, table, "test")
    found = [stage for folder in folders for stage in find_stages(str(folder))]
    return run_probe(config, found, out, watch=silent, workers=1)


@pytest.mark.slow
def test_each_damaged_checkpoint_is_named_in_one_line_and_the_others_are_measured(tmp_path):
    shipped = resolve_model(BASE)
    assert shipped is not None
    folders = []
    for damage in (moved, *NOT_MEASURED, resized):
        folders.append(tmp_path / damage.__name__)
        shutil.copytree(shipped, folders[-1])
        damage(folders[-1])
    summary = probe(folders, tmp_path / "out").summary
    assert [arm.arm for arm in summary.arms] == ["moved", "resized"]
    measured = summary.arms[0].steps[0]
    assert measured.divergence is not None
    assert measured.parameters is not None
    assert not any("\n" in line for line in summary.missing)
    for damage, said in NOT_MEASURED.items():
        (line,) = [m for m in summary.missing if m.startswith(f"probe-{damage.__name__}-")]
        assert said in line
    of_resized = [line for line in summary.missing if "resized" in line]
    assert len(of_resized) == 2  # divergence and weights; accuracy can be measured
    assert all("vocabulary of" in line for line in of_resized)
    assert len(summary.missing) == len(NOT_MEASURED) + 2


def test_where_no_checkpoint_can_be_read_nothing_is_measured(tmp_path):
    shipped = resolve_model(BASE)
    assert shipped is not None
    folder = tmp_path / "corrupt"
    shutil.copytree(shipped, folder)
    corrupt(folder)
    with pytest.raises(InputError, match="not a readable safetensors file"):
        probe([folder], tmp_path / "out")
