"""LoRA adapters in peft's format: the change of each weight matrix as a product of two thin ones.

The change is scale · B A (arXiv 2106.09685), scale being alpha / r, or alpha / √r with `use_rslora`
(arXiv 2312.03732). Whatever else an adapter may do is refused.
"""

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.errors import InputError
from metaprobe.probes.parameters.files import StoredTensor, Weights

CONFIG = "adapter_config.json"
"""The file that makes a folder an adapter."""

_PREFIX = "base_model.model."
_FACTOR = re.compile(r"(.+)\.lora_(embedding_)?([AB])(\.weight)?")
_REFUSED = (
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "alora_invocation_tokens",
    "arrow_config",
    "kasa_config",
    "layer_replication",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "velora_config",
)
_PLAIN_STARTS = (None, True, False, "gaussian", "orthogonal", "eva")


@dataclass(frozen=True)
class LowRank:
    """A change that is `left @ right`."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]

    def entries(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return entries of the flattened product."""
        width = self.right.shape[1]
        first, last = start // width, -(-stop // width)
        rows = (self.left[first:last] @ self.right).ravel()
        return rows[start - first * width : stop - first * width]


class Adapter:
    """The factors in an adapter's folder, and the tensors that it replaces."""

    def __init__(self, folder: Path, base: Weights, stack: ExitStack) -> None:
        """Open an adapter of `base`; `stack` closes its files.

        Raises:
            InputError: it is damaged, does something other than add B A, or is not of this base.
        """
        self.folder = folder
        self._config = _read_config(folder)
        self._files = Weights(folder, stack)
        self._factors: dict[str, dict[str, StoredTensor]] = {}
        self.replaced: dict[str, StoredTensor] = {}
        """Tensors that stand in for the base's."""
        for key in self._files.tensors:
            tensor = self._files.tensor(key)
            name = key.removeprefix(_PREFIX).replace(".base_layer.", ".")
            match = _FACTOR.fullmatch(name)
            if match:
                name = f"{match[1]}.weight"
                self._factors.setdefault(name, {})[(match[2] or "") + match[3]] = tensor
            else:
                self.replaced[name] = tensor
            if name not in base.tensors:
                raise InputError(
                    f"{tensor.path}: changes {name!r}, which {base.folder} does not have; name "
                    "the base that the adapter was trained on"
                )
        if not self._factors:
            raise InputError(f"{folder}: no lora_A and lora_B tensors in it")

    def changes(self, name: str) -> bool:
        """Return whether the adapter says anything about a tensor of the base."""
        return name in self._factors or name in self.replaced

    def change(self, weight: StoredTensor) -> LowRank | None:
        """Return the change of one of the base's tensors, or None where it has none.

        Raises:
            InputError: the factors do not fit each other or the weight.
        """
        factors = self._factors.get(weight.name)
        if factors is None:
            return None
        embedding = set(factors) == {"embedding_A", "embedding_B"}
        if not embedding and set(factors) != {"A", "B"}:
            raise InputError(
                f"{self.folder}: {weight.name!r} has {', '.join(sorted(factors))} of lora_A and "
                "lora_B; it needs both"
            )
        a, b = (_floats(factors[name]) for name in sorted(factors))
        if embedding or self._config.get("fan_in_fan_out"):
            left, right = a.T, b.T
        else:
            left, right = b, a
        if left.shape[1:] != right.shape[:1] or (len(left), *right.shape[1:]) != weight.shape:
            raise InputError(
                f"{self.folder}: lora_A {a.shape} and lora_B {b.shape} do not make up "
                f"{weight.name!r} of shape {weight.shape}"
            )
        scale = np.float32(self._scale(weight.name.removesuffix(".weight"), left.shape[1]))
        return LowRank(np.ascontiguousarray(left * scale), np.ascontiguousarray(right))

    def _scale(self, module: str, rank: int) -> float:
        alpha = float(self._config["lora_alpha"])
        for pattern, value in (self._config.get("alpha_pattern") or {}).items():
            if re.fullmatch(rf"(.*\.)?({pattern})", module):
                alpha = float(value)
                break
        return alpha / (sqrt(rank) if self._config.get("use_rslora") else rank)


def is_adapter(folder: Path) -> bool:
    """Return whether a folder holds an adapter and no model."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind, start = config["peft_type"], config.get("init_lora_weights")
        float(config["lora_alpha"])
        for pattern in config.get("alpha_pattern") or {}:
            re.compile(pattern)
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise InputError(f"{path}: not an adapter's settings ({error!r})") from error
    refused = [name for name in _REFUSED if config.get(name)]
    if start not in _PLAIN_STARTS:
        refused.append(f"init_lora_weights = {start!r}")
    if kind != "LORA":
        refused.append(f"peft_type = {kind!r}")
    if refused:
        raise InputError(
            f"{path}: {refused[0]} does more than add B A to the base; merge the adapter first"
        )
    checked: dict[str, Any] = config
    return checked


def _floats(tensor: StoredTensor) -> NDArray[np.float32]:
    # blocks knows the classes of this module.
    from metaprobe.probes.parameters.blocks import read_floats

    return read_floats(tensor, 0, tensor.n).reshape(tensor.shape)
