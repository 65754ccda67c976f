"""Weights alone: what the change of a layer's output matrices writes into the states most."""

from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.models.loading import LoadedModel
from metaprobe.models.lora import effective_weight
from metaprobe.models.runtime import torch
from metaprobe.probes.lighter.evidence import Answer, Evidence

OUTPUTS = ("o_proj", "down_proj")
"""Names of the linear layers that write into the residual stream."""


class Weights:
    """The first left singular vector of the change of the layer's output matrices, side by side.

    It reads no text, so it cannot say which skill moved, and its direction is the same for all
    skills and has no sign: which way is back is left to whoever steers.
    """

    name = "weights"

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        base, tuned = (written(m, evidence.module) for m in (evidence.base, evidence.tuned))
        change = tuned - base
        if not bool(change.any()):
            raise ConfigError(f"the output matrices of {evidence.module} did not change")
        # Of the Gram matrix, which is (D, D) however wide the layers inside are.
        top = torch.linalg.eigh(change @ change.T).eigenvectors[:, -1]
        return Answer(None, dict.fromkeys(evidence.skills, top.numpy()))


@torch.inference_mode()
def written(loaded: LoadedModel, module: str) -> Tensor:
    """Return the output matrices of a layer side by side, (D, widths) in float64.

    Raises:
        ConfigError: the layer has none by a known name.
    """
    block = loaded.model.get_submodule(module)
    found = [m for name, m in block.named_modules() if name.rpartition(".")[2] in OUTPUTS]
    if not found:
        raise ConfigError(f"{module} has no output matrix named {' or '.join(OUTPUTS)}")
    return torch.cat([effective_weight(layer).double().cpu() for layer in found], dim=1)
