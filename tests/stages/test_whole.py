"""A checkpoint counts as whole only when all of it is there, wherever the writer stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from metaprobe.stages.whole import signature, unfinished


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Two shards with their index, a config and a tokenizer."""
    folder = tmp_path / "checkpoint-5"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    (folder / "tokenizer.json").write_text("{}")
    shards = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for n, name in enumerate(shards):
        save_file({f"w{n}": np.arange(50, dtype=np.float32)}, folder / name)
    index = {"weight_map": {f"w{n}": name for n, name in enumerate(shards)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_a_whole_checkpoint_lacks_nothing(checkpoint: Path) -> None:
    assert unfinished(checkpoint) is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("config.json", "config.json"),
        ("tokenizer.json", "tokenizer"),
        ("model-00002-of-00002.safetensors", "missing"),
        ("model.safetensors.index.json", "though there are shards"),
    ],
)
def test_a_file_that_is_not_there_yet_is_named(checkpoint: Path, name: str, word: str) -> None:
    (checkpoint / name).unlink()
    assert word in str(unfinished(checkpoint))


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"]
)
def test_a_file_cut_off_anywhere_is_not_whole(checkpoint: Path, name: str) -> None:
    path = checkpoint / name
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        assert name in str(unfinished(checkpoint)), length
    path.write_bytes(whole)
    assert unfinished(checkpoint) is None


def test_an_empty_folder_is_not_whole(tmp_path: Path) -> None:
    assert "no config.json" in str(unfinished(tmp_path))


def test_the_signature_changes_with_what_a_probe_reads_alone(checkpoint: Path) -> None:
    before = signature(checkpoint)
    (checkpoint / "optimizer.pt").write_bytes(b"state")
    assert signature(checkpoint) == before
    (checkpoint / "config.json").write_text('{"model_type": "llama"}')
    assert signature(checkpoint) != before
    assert signature(checkpoint / "gone") == ()
