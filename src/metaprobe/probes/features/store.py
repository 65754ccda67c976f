"""Sparse autoencoders on disk, in the format that SAELens reads as `jumprelu`.

A folder holds `cfg.json` and `sae_weights.safetensors` with `W_enc` (D, F), `W_dec` (F, D),
`b_enc`, `b_dec` and `threshold`. What SAELens does not know stands under `metadata`.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from metaprobe.core.errors import InputError
from metaprobe.core.files import atomic_path, read_json, write_json
from metaprobe.models.runtime import torch
from metaprobe.probes.features.sae import Parameters, Sae

CONFIG = "cfg.json"
WEIGHTS = "sae_weights.safetensors"
_FORMAT = "6.0.0"
"""Version of the format; without it SAELens reads the config as an older one."""
_SHAPES = {
    "W_enc": ("d_in", "d_sae"),
    "b_enc": ("d_sae",),
    "W_dec": ("d_sae", "d_in"),
    "b_dec": ("d_in",),
    "threshold": ("d_sae",),
}


def save_sae(folder: Path, sae: Sae, metadata: dict[str, Any]) -> None:
    """Write an autoencoder; the config comes last, so that a folder with one is whole.

    Args:
        folder: Where it goes.
        sae: In the units of the activations.
        metadata: JSON values; SAELens knows `model_name` and `hook_name`, among others.

    Raises:
        StorageError: it cannot be written.
    """
    p = sae.parameters
    tensors = {
        "W_enc": p.encoder.T.contiguous(),
        "b_enc": p.encoder_bias,
        "W_dec": p.decoder,
        "b_dec": p.decoder_bias,
        "threshold": p.threshold,
    }
    with atomic_path(folder / WEIGHTS) as path:
        save_file(tensors, path)
    config = {
        "architecture": "jumprelu",
        "d_in": sae.width,
        "d_sae": sae.features,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {**metadata, "sae_lens_version": _FORMAT},
    }
    write_json(folder / CONFIG, config)


def load_sae(folder: Path) -> tuple[Sae, dict[str, Any]]:
    """Return the autoencoder in a folder and its metadata.

    Raises:
        InputError: it is damaged, or of another kind than `save_sae` writes.
    """
    place = folder / CONFIG
    config = read_json(place)
    if not isinstance(config, dict) or not isinstance(config.get("metadata"), dict):
        raise InputError(f"{place}: not the config of an autoencoder")
    wanted = {"architecture": "jumprelu", "normalize_activations": "none"}
    for key, value in {**wanted, "apply_b_dec_to_input": True}.items():
        if config.get(key) != value:
            raise InputError(
                f"{place}: {key} is {config.get(key)!r}, only {value!r} is read; "
                "train the autoencoder with metaprobe features train"
            )
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
    for name, axes in _SHAPES.items():
        shape = tuple(config.get(axis) for axis in axes)
        if name not in tensors or tuple(tensors[name].shape) != shape:
            raise InputError(f"{path}: {name} should be of shape {shape}; copy both files again")
    values = {name: tensors[name].to(torch.float32) for name in _SHAPES}
    parameters = Parameters(
        encoder=values["W_enc"].T.contiguous(),
        encoder_bias=values["b_enc"],
        decoder=values["W_dec"],
        decoder_bias=values["b_dec"],
        threshold=values["threshold"],
    )
    metadata = {k: v for k, v in config["metadata"].items() if k != "sae_lens_version"}
    return Sae(parameters=parameters), metadata
