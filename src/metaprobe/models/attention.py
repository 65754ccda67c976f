"""Causal attention in float32 for right-padded batches.

Right padding needs no mask under causal attention, since a real token never looks at the padding
behind it. Matrix products may run in bfloat16, but the backward pass of attention in bfloat16 is
an order of magnitude slower than in float32 on CPUs, so it is kept in float32. Registered through
transformers' own attention interface as `ATTENTION`. A model that also decodes with a cache or
under a mask, as between two updates of an on-policy arm, does so by transformers' own attention.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

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
        module: the attention layer.
        query: (batch, heads, tokens, head size).
        key: (batch, key heads, tokens, head size); with a cache there are more tokens than queries.
        value: as `key`.
        attention_mask: None for whole right-padded texts.
        scaling: factor of the scores.
        kwargs: further arguments of the interface; only `dropout` zero is supported.

    Raises:
        ValueError: dropout or a sliding window was given.
    """
    if kwargs.get("dropout") or kwargs.get("sliding_window"):
        raise ValueError("this attention has neither dropout nor a sliding window")
    if attention_mask is not None or query.shape[2] != key.shape[2]:
        found: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return found
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


def _mask(*, attention_mask: Tensor | None, q_length: int, kv_length: int, **how: Any) -> Any:
    """Return None for whole texts whose padding nobody marked, else transformers' own mask."""
    if attention_mask is None and q_length == kv_length:
        return None
    return sdpa_mask(attention_mask=attention_mask, q_length=q_length, kv_length=kv_length, **how)


AttentionInterface.register(ATTENTION, causal_attention)
AttentionMaskInterface.register(ATTENTION, _mask)
