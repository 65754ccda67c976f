"""The logit lens: the first choice that the output matrix reads off each layer.

Source: nostalgebraist, "interpreting GPT: the logit lens", 2020: the final norm and the output
matrix on the states of a layer in the middle, as if no further layer followed.
"""

from collections.abc import Sequence

from torch import Tensor

from metaprobe.models.loading import Model
from metaprobe.models.logprobs import output_logits
from metaprobe.models.runtime import torch

_POSITIONS = 512


def final_norm(model: Model) -> torch.nn.Module | None:
    """Return the norm whose output enters the output matrix, or None where there is none.

    It has another name in each architecture, so it is found by what it returns: the very tensor
    that the model gives as its last hidden state.
    """
    found: list[tuple[int, torch.nn.Module]] = []

    def note(module: torch.nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor):
            found.append((output.data_ptr(), module))

    norms = [m for m in model.base_model.modules() if "norm" in type(m).__name__.lower()]
    hooks = [norm.register_forward_hook(note) for norm in norms]
    try:
        ids = torch.zeros(1, 2, dtype=torch.long, device=model.device)
        last = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
    finally:
        for hook in hooks:
            hook.remove()
    place = last.data_ptr()
    return next((module for at, module in reversed(found) if at == place), None)


def first_choices(model: Model, norm: torch.nn.Module, layers: Sequence[Tensor]) -> list[Tensor]:
    """Return the token that each layer would choose, a tensor (N,) a layer.

    Args:
        model: the model that the states are of.
        norm: its final norm.
        layers: states (N, D) of all layers; the last has passed the norm already.
    """
    choices = []
    for number, states in enumerate(layers):
        last = number == len(layers) - 1
        parts = states.to(model.device).split(_POSITIONS)
        found = [output_logits(model, h if last else norm(h)).argmax(1) for h in parts]
        choices.append(torch.cat(found).to(states.device))
    return choices
