"""Which folder and which files a model's name stands for; nothing here needs torch."""

import json
from importlib.resources import files
from pathlib import Path

from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.models.smol import SMOL_PREFIX, smol_folder

NANO_PREFIX = "nano/"


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
