"""Bad models end in one clear line; good ones come back as they were stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from metaprobe.core.errors import ConfigError, InputError, MetaprobeError
from metaprobe.models import folders
from metaprobe.models.folders import resolve_model, weight_files
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch


@pytest.fixture
def folder(tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any) -> Path:
    """A complete model folder."""
    path = tmp_path / "model"
    tiny_qwen3.save_pretrained(path)
    tiny_tokenizer.save_pretrained(path)
    return path


@pytest.fixture(autouse=True)
def _shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "shipped_models", lambda: ["nano/llama", "nano/qwen3"])


def line_of(error: pytest.ExceptionInfo[MetaprobeError]) -> str:
    """The message, which must be one line of a size that can be read."""
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


def test_a_folder_is_loaded_for_evaluation(folder: Path, tiny_qwen3: Any) -> None:
    loaded = load_model(str(folder))
    assert not loaded.model.training
    assert loaded.folder == folder
    assert loaded.parameters == sum(p.numel() for p in tiny_qwen3.parameters())
    for name, value in tiny_qwen3.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value)
    assert loaded.model.dtype == torch.float32
    assert load_model(str(folder), dtype=torch.bfloat16).model.dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["qwen3", "./qwen3", "/nowhere/qwen3", "a/b/c"])
def test_what_is_neither_folder_nor_hub_name_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"neither a folder nor a hub name") as error:
        load_model(name)
    assert name in line_of(error)


def test_a_hub_name_is_left_to_the_hub() -> None:
    assert resolve_model("org/model") is None


def test_an_unknown_nano_base_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'nano/qwen3'\?") as error:
        load_model("nano/qwen4")
    assert "nano/llama" in line_of(error)


def test_a_folder_without_config_is_an_error(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json") as error:
        load_model(str(folder))
    line_of(error)


def test_a_config_that_is_not_json_is_an_error(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot load model") as error:
        load_model(str(folder))
    line_of(error)


@pytest.mark.parametrize("kept", [0, 5, 40, 0.5, 0.99])
def test_a_truncated_weight_file_is_named(folder: Path, kept: float) -> None:
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    with pytest.raises(InputError, match="not a readable safetensors file") as error:
        load_model(str(folder))
    assert "model.safetensors" in line_of(error)


def test_a_missing_shard_is_named(folder: Path, tiny_qwen3: Any) -> None:
    (folder / "model.safetensors").unlink()
    tiny_qwen3.save_pretrained(folder, max_shard_size="20KB")
    paths = weight_files(folder)
    assert len(paths) > 1
    load_model(str(folder))
    paths[1].unlink()
    with pytest.raises(InputError, match="missing, though the index") as error:
        load_model(str(folder))
    assert paths[1].name in line_of(error)


@pytest.mark.parametrize("text", ["[]", "{", json.dumps({"weight_map": 3}), "{}"])
def test_a_damaged_index_is_named(folder: Path, text: str) -> None:
    (folder / "model.safetensors.index.json").write_text(text)
    with pytest.raises(InputError, match="not a safetensors index") as error:
        load_model(str(folder))
    line_of(error)


def without_first_tensor(tensors: dict[str, Any]) -> None:
    tensors.pop("model.layers.0.mlp.down_proj.weight")


def with_a_column_less(tensors: dict[str, Any]) -> None:
    name = "model.layers.0.mlp.down_proj.weight"
    tensors[name] = tensors[name][:, 1:].contiguous()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_first_tensor, r"down_proj.weight' is in none of its files"),
        (with_a_column_less, r"down_proj.weight' has shape \(\d+, \d+\) and should have"),
    ],
)
def test_no_tensor_is_filled_with_random_numbers(folder: Path, damage: Any, said: str) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    damage(tensors)
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(InputError, match=said) as error:
        load_model(str(folder))
    line_of(error)


def test_pickled_weights_are_refused(folder: Path, tiny_qwen3: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(tiny_qwen3.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="convert pickled weights to safetensors") as error:
        load_model(str(folder))
    line_of(error)


def test_a_folder_without_tokenizer_is_an_error(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="no tokenizer in it") as error:
        load_model(str(folder))
    line_of(error)
