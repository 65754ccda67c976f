"""LoRA through peft: low-rank adapters on all linear layers, and the weights they amount to.

An adapted layer computes W x + (alpha / rank) B A x with W frozen (arXiv 2106.09685). The model
stays the transformers model that it was; its linear layers are wrapped in place.
"""

import warnings
from typing import Any

from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.core.streams import seed_for
from metaprobe.models.loading import Model
from metaprobe.models.runtime import torch

Adapter = Any
"""A peft model around an adapted model; the library's own classes are not typed."""


def attach_lora(model: Model, *, rank: int, alpha: float, stream: str) -> Adapter:
    """Freeze a model and put an adapter on each of its linear layers, the output layer excepted.

    At first the adapters change nothing: A is random and B is zero.

    Args:
        model: changed in place.
        rank: of the change of each matrix.
        alpha: the change is scaled by alpha / rank.
        stream: name of the random stream of the first weights.

    Raises:
        ConfigError: peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ConfigError("lora needs peft; pip install 'metaprobe[lora]'") from error
    settings = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed_for(stream))  # peft draws from the global stream
        # peft still asks transformers by an old name.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(model, settings, autocast_adapter_dtype=False)


def base_layer(layer: Any) -> Any:
    """Return the layer that an adapter is wrapped around, or the layer itself."""
    return getattr(layer, "base_layer", layer)


def effective_weight(layer: Any) -> Tensor:
    """Return the matrix that a layer multiplies by, that of its adapters included."""
    weight: Tensor = base_layer(layer).weight
    for name in getattr(layer, "active_adapters", ()):
        weight = weight + layer.get_delta_weight(name)
    return weight


def merged_state(model: Model) -> dict[str, Tensor]:
    """Return the weights of an adapted model as those of an ordinary one, by their usual names."""
    state = {
        name.replace(".base_layer.", "."): value
        for name, value in model.state_dict().items()
        if ".lora_" not in name
    }
    for name, layer in model.named_modules():
        if base_layer(layer) is not layer:
            state[f"{name}.weight"] = effective_weight(layer).detach()
    return state
