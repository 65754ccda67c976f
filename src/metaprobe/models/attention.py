"""Causal attention in float32 for right-padded batches.

Right padding needs no mask under causal attention, since a real token never looks at the padding
behind it. Matrix products may run in bfloat16, but the backward pass of attention in bfloat16 is
an order of magnitude slower than in float32 on CPUs, so it is kept in float32. Registered through
transformers' own attention interface as `ATTENTION`.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

ATTENTION = "metaprobe_causal"


def causal_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return causal attention over the whole of `key`.

    Args:
        module: the attention layer, which is not used.
        query: (batch, heads, tokens, head size).
        key: (batch, key heads, tokens, head size).
        value: as `key`.
        attention_mask: must be None; padding stands on the right.
        scaling: factor of the scores.
        kwargs: further arguments of the interface; only `dropout` zero is supported.

    Raises:
        ValueError: a mask, dropout, a sliding window or a cache was given.
    """
    del module
    if attention_mask is not None or kwargs.get("dropout") or query.shape[2] != key.shape[2]:
        raise ValueError("this attention is for whole right-padded texts without dropout or cache")
    if kwargs.get("sliding_window"):
        raise ValueError("this attention has no sliding window")
    with torch.autocast(query.device.type, enabled=False):
        mixed = functional.scaled_dot_product_attention(
            query.float().contiguous(),
            key.float().contiguous(),
            value.float().contiguous(),
            is_causal=True,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
    return mixed.transpose(1, 2).contiguous(), None


def _no_mask(*_: Any, **__: Any) -> None:
    return None


AttentionInterface.register(ATTENTION, causal_attention)
AttentionMaskInterface.register(ATTENTION, _no_mask)
