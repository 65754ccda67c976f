"""Loading causal language models: a shipped nano base, a folder or a hub name; safetensors only."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.models.runtime import default_device, torch
from metaprobe.models.smol import SMOL_PREFIX, smol_folder

NANO_PREFIX = "nano/"

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")

Model = Any
"""A transformers causal language model; the library's own classes are not typed."""


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model in evaluation mode with its tokenizer."""

    name: str
    """As the user wrote it."""
    folder: Path | None
    """Where it was read from; None for a hub name."""
    model: Model
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """The device that the weights are on."""
        return torch.device(self.model.device)

    @property
    def parameters(self) -> int:
        """Number of parameters, tied ones counted once."""
        return sum(p.numel() for p in self.model.parameters())


def shipped_models() -> list[str]:
    """Return the names of the nano bases in the package."""
    root = Path(str(files("metaprobe.models.nano")))
    return sorted(f"{NANO_PREFIX}{p.parent.name}" for p in root.glob("*/config.json"))


def resolve_model(name: str) -> Path | None:
    """Return the folder that `name` stands for, or None where it can only be a hub name.

    Raises:
        ConfigError: a nano base of that name is not shipped, what a `smol/` model needs is not
            installed, or nothing at all is found.
    """
    if name.startswith(NANO_PREFIX):
        if name not in shipped_models():
            hint = nearest(name, shipped_models())
            raise ConfigError(
                f"unknown base {name!r}{hint} (shipped: {', '.join(shipped_models())})"
            )
        return Path(str(files("metaprobe.models.nano"))) / name.removeprefix(NANO_PREFIX)
    if name.startswith(SMOL_PREFIX):
        return smol_folder(name)
    path = Path(name)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise InputError(f"{path}: no config.json in it; name a Hugging Face model folder")
        return path
    if path.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise ConfigError(
            f"no model {name!r}: neither a folder nor a hub name like org/model"
            f"{nearest(name, shipped_models())}"
        )
    return None


def load_model(name: str, *, dtype: torch.dtype | None = None) -> LoadedModel:
    """Load a causal language model and its tokenizer for evaluation.

    Args:
        name: `nano/...`, `smol/...`, a folder, or a hub name.
        dtype: of the weights; as stored where None.

    Raises:
        ConfigError: there is no such model.
        InputError: its files are incomplete or damaged.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = resolve_model(name)
    source = str(folder) if folder else name
    if folder:
        check_weights(folder)
        _check_tokenizer(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype or "auto", use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        kind = InputError if folder else ConfigError
        raise kind(f"cannot load model {name!r}: {reason}") from error
    model.eval()
    model.to(default_device())
    return LoadedModel(name=name, folder=folder, model=model, tokenizer=tokenizer)


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a model folder, those of its index where it has one.

    Raises:
        InputError: there are none, or one that the index names is missing.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = set(json.loads(index.read_text())["weight_map"].values())
            paths = [folder / name for name in sorted(names)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{index}: not a safetensors index ({error})") from error
    else:
        paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise InputError(
            f"{folder}: no .safetensors file in it; convert pickled weights to safetensors first"
        )
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: missing, though the index of its folder names it")
    return paths


def check_weights(folder: Path) -> None:
    """Open every weight file of a model folder.

    Raises:
        InputError: one is missing or is not a readable safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                file.keys()
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: not a readable safetensors file ({error})") from error


def _check_tokenizer(folder: Path) -> None:
    # Without any of these files transformers makes a tokenizer with an empty vocabulary.
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise InputError(f"{folder}: no tokenizer in it; copy tokenizer.json from the base model")
