"""Crosscoders: features that a base and the models trained from it share, or do not.

All models read the same texts. Their activations at a token, each divided by its root mean square
around the mean, stand side by side, and a BatchTopK autoencoder is trained on that (`train`):

    f = pre where it is active, pre = sum_m W_enc^m (x^m - b^m) + b,   x_hat^m = W_dec^m f + b^m

A feature thus has one activation and a direction d^m in every model, whose length says how much of
it is there. The directions of a feature together have length one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import atomic_path, read_json, write_json
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import ActivationStore
from metaprobe.probes.features.sae import Parameters, Sae, SaeConfig
from metaprobe.probes.features.train import (
    TRAINED_KINDS,
    Progress,
    activation_batches,
    held_out_rows,
    train_sae,
)

VERSION = 1
"""Raised whenever the same activations and settings would give another crosscoder or measures."""

CONFIG = "crosscoder.json"
WEIGHTS = "crosscoder.safetensors"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Crosscoder:
    """A trained crosscoder of M models of width D."""

    sae: Sae
    """Of the normalised activations side by side, (N, M times D)."""
    scales: Tensor
    """What the activations of each model are divided by, (M,)."""

    @property
    def models(self) -> int:
        """Number of models, M."""
        return len(self.scales)

    @property
    def directions(self) -> Tensor:
        """Directions of the decoder in units of the normalised activations, (M, F, D)."""
        decoder = self.sae.parameters.decoder
        return decoder.view(len(decoder), self.models, -1).transpose(0, 1)

    def columns(self, model: int) -> slice:
        """Return where a model's activations stand among all."""
        width = self.sae.width // self.models
        return slice(model * width, (model + 1) * width)


def check_aligned(stores: Sequence[ActivationStore], module: str) -> None:
    """Check that several models were read at the same tokens.

    Raises:
        ConfigError: there are not two or three, their texts or widths differ, or one of them lacks
            the module.
    """
    if len(stores) not in (2, 3):
        raise ConfigError(f"a crosscoder is over two or three models, not {len(stores)}")
    first, *others = stores
    for other in others:
        if (
            other.index.texts != first.index.texts
            or other.index.shards != first.index.shards
            or any(
                not torch.equal(first.places(n).token, other.places(n).token)
                for n in range(len(first.index.shards))
            )
        ):
            raise ConfigError(
                f"{first.folder} and {other.folder} hold activations at other tokens: "
                "collect both on the same texts"
            )
    widths = [store.index.widths.get(module) for store in stores]
    if len(set(widths)) > 1 or None in widths:
        raise ConfigError(
            f"{module} has the widths {', '.join(map(str, widths))}: "
            "name models of one architecture"
        )


def activation_scale(store: ActivationStore, module: str) -> float:
    """Return the root mean square of a module's activations around their mean, in the first shard.

    Raises:
        InputError: they do not vary.
    """
    rows = store.read(module, 0)[torch.isin(store.places(0).kind, torch.tensor(TRAINED_KINDS))]
    scale = float(rows.double().var(0, correction=0).mean().sqrt())
    if not scale > 0:
        raise InputError(f"{store.folder}: the activations do not vary: take another module")
    return scale


def joined_rows(
    stores: Sequence[ActivationStore], module: str, scales: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield held-out rows (B, M times D), normalised, with the text that each is of, (B,)."""
    for parts in zip(*(held_out_rows(store, module) for store in stores), strict=True):
        yield _join([rows for rows, _ in parts], scales), parts[0][1]


def train_crosscoder(
    stores: Sequence[ActivationStore],
    module: str,
    config: SaeConfig,
    *,
    device: torch.device | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Crosscoder:
    """Train a crosscoder on activations of several models at the same tokens.

    Args:
        stores: Of the models, the base first.
        module: Whose output.
        config: The settings; `k` features of a token are active in all models together, and
            there are `expansion` times D of them.
        device: As for `train_sae`.
        progress: Told where it stands after every step.

    Raises:
        ConfigError: see `check_aligned`, or there are too few rows.
        InputError: a shard is damaged, or activations are not finite or do not vary.
    """
    check_aligned(stores, module)
    scales = torch.tensor([activation_scale(store, module) for store in stores])
    # The order of rows comes from names, settings and shapes alone: it is the same for all.
    batches = zip(*(activation_batches(s, module, config) for s in stores), strict=True)
    joined = (_join(parts, scales) for parts in batches)
    sae = train_sae(joined, config, models=len(stores), device=device, progress=progress)
    return Crosscoder(sae=sae, scales=scales)


def save_crosscoder(folder: Path, crosscoder: Crosscoder, metadata: dict[str, Any]) -> None:
    """Write a crosscoder; the config comes last, so that a folder with one is whole.

    Names and shapes are those of the BatchTopK crosscoders of dictionary_learning's fork for
    crosscoders, in safetensors; SAELens has no crosscoder, and reads none.

    Args:
        folder: Where it goes.
        crosscoder: The crosscoder.
        metadata: JSON values.

    Raises:
        StorageError: it cannot be written.
    """
    parameters, models = crosscoder.sae.parameters, crosscoder.models
    features = len(parameters.encoder)
    encoder = parameters.encoder.view(features, models, -1)
    tensors = {
        "encoder.weight": encoder.permute(1, 2, 0).contiguous(),
        "encoder.bias": parameters.encoder_bias,
        "decoder.weight": crosscoder.directions.contiguous(),
        "decoder.bias": parameters.decoder_bias.view(models, -1),
        "threshold": parameters.threshold,
        "scale": crosscoder.scales,
    }
    with atomic_path(folder / WEIGHTS) as path:
        save_file(tensors, path)
    shape = {"models": models, "features": features, "width": encoder.shape[2]}
    write_json(folder / CONFIG, {"version": _FORMAT, **shape, "metadata": metadata})


def load_crosscoder(folder: Path) -> tuple[Crosscoder, dict[str, Any]]:
    """Return the crosscoder in a folder and its metadata.

    Raises:
        InputError: it is damaged, or not what `save_crosscoder` writes.
    """
    place, path = folder / CONFIG, folder / WEIGHTS
    config = read_json(place)
    if not isinstance(config, dict) or config.get("version") != _FORMAT:
        raise InputError(f"{place}: not the config of a crosscoder; train it again")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
    models, features, width = (config.get(name) for name in ("models", "features", "width"))
    shapes = {
        "encoder.weight": (models, width, features),
        "encoder.bias": (features,),
        "decoder.weight": (models, features, width),
        "decoder.bias": (models, width),
        "threshold": (features,),
        "scale": (models,),
    }
    for name, shape in shapes.items():
        if name not in tensors or tuple(tensors[name].shape) != shape:
            raise InputError(f"{path}: {name} should be of shape {shape}; copy both files again")
    parameters = Parameters(
        encoder=tensors["encoder.weight"].permute(2, 0, 1).flatten(1).contiguous(),
        encoder_bias=tensors["encoder.bias"],
        decoder=tensors["decoder.weight"].transpose(0, 1).flatten(1).contiguous(),
        decoder_bias=tensors["decoder.bias"].flatten(),
        threshold=tensors["threshold"],
    )
    metadata = config.get("metadata")
    if not isinstance(metadata, dict):
        raise InputError(f"{place}: has no metadata; copy both files again")
    return Crosscoder(sae=Sae(parameters=parameters), scales=tensors["scale"]), metadata


def _join(parts: Sequence[Tensor], scales: Tensor) -> Tensor:
    """Return the activations (N, D) of all models side by side, each divided by its scale."""
    return torch.cat([x / s for x, s in zip(parts, scales, strict=True)], dim=1)
