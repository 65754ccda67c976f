"""Logits and log-probabilities of given text.

Texts are right-padded; positions that are masked out never reach the output matrix, and the
vocabulary-wide work is done in chunks of positions, so memory does not grow with the batch.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torch.nn import functional

from metaprobe.models.attention import ATTENTION
from metaprobe.models.loading import Model
from metaprobe.models.runtime import torch

CHUNK_POSITIONS = 4096
"""Positions whose full-vocabulary distributions are held at once."""
WIDTH_MULTIPLE = 16
"""Texts are padded to a multiple of this many tokens.

Every new shape of a bfloat16 product is compiled once and kept by the CPU library: few shapes keep
both its time and its memory small.
"""
_POSITION_MULTIPLE = 256
"""The output layer runs on a multiple of this many positions, for the same reason."""


class Text(NamedTuple):
    """A prompt and a completion, as token ids."""

    prompt: Sequence[int]
    completion: Sequence[int]


def hidden_states(model: Model, input_ids: Tensor) -> Tensor:
    """Return the last hidden states (B, T, D) of right-padded texts."""
    hidden: Tensor = model.base_model(input_ids=input_ids, use_cache=False).last_hidden_state
    return hidden


def masked_logits(model: Model, input_ids: Tensor, mask: Tensor) -> Tensor:
    """Return the logits (N, V) of the N positions where `mask` (B, T) is true, row by row."""
    positions = mask.flatten().nonzero()[:, 0]
    padded = functional.pad(positions, (0, -len(positions) % _POSITION_MULTIPLE))
    hidden = hidden_states(model, input_ids).flatten(0, 1)[padded]
    return output_logits(model, hidden)[: len(positions)]


def output_logits(model: Model, hidden: Tensor) -> Tensor:
    """Return the logits (N, V) of hidden states (N, D), with the model's final soft cap if any."""
    logits: Tensor = model.get_output_embeddings()(hidden)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return torch.tanh(logits / cap) * cap if cap else logits


def use_float32_attention(model: Model) -> None:
    """Let the model attend in float32 without masks, where its layers allow it.

    Models with sliding windows or attention sinks keep their own attention.
    """
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds == {"full_attention"} and config.model_type in _PLAIN_CAUSAL:
        model.set_attn_implementation(ATTENTION)


_PLAIN_CAUSAL = {"qwen3", "qwen2", "llama", "smollm3", "olmo2"}


def padded_width(length: int) -> int:
    """Return the width that a batch with texts of at most `length` tokens is padded to."""
    return -(-length // WIDTH_MULTIPLE) * WIDTH_MULTIPLE


def pad_texts(texts: Sequence[Text], pad: int) -> tuple[Tensor, Tensor]:
    """Return ids (B, T) and the mask (B, T) of the positions that predict completion tokens."""
    width = padded_width(max(len(t.prompt) + len(t.completion) for t in texts))
    ids = np.full((len(texts), width), pad, dtype=np.int64)
    mask = np.zeros((len(texts), width), dtype=bool)
    for row, text in enumerate(texts):
        total = len(text.prompt) + len(text.completion)
        ids[row, : len(text.prompt)] = text.prompt
        ids[row, len(text.prompt) : total] = text.completion
        mask[row, len(text.prompt) - 1 : total - 1] = True
    return torch.from_numpy(ids), torch.from_numpy(mask)


def length_batches(texts: Sequence[Text], tokens: int = 16_384) -> Iterator[list[int]]:
    """Yield index batches of at most `tokens` padded tokens, shortest texts first."""
    size = [len(t.prompt) + len(t.completion) for t in texts]
    batch: list[int] = []
    for index in sorted(range(len(texts)), key=size.__getitem__):
        if batch and (len(batch) + 1) * size[index] > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def token_logprobs(model: Model, texts: Sequence[Text], pad: int) -> list[Tensor]:
    """Return, for each text, the log-probabilities (T,) in nats of its completion tokens."""
    results: list[Tensor] = [torch.empty(0)] * len(texts)
    with torch.inference_mode():
        for indices in length_batches(texts):
            batch = [texts[i] for i in indices]
            ids, mask = pad_texts(batch, pad)
            ids = ids.to(model.device)
            hidden = hidden_states(model, ids)[mask.to(model.device)]
            targets = torch.cat([torch.as_tensor(t.completion) for t in batch]).to(model.device)
            parts = [
                _picked(output_logits(model, h), t)
                for h, t in zip(
                    hidden.split(CHUNK_POSITIONS), targets.split(CHUNK_POSITIONS), strict=True
                )
            ]
            lengths = [len(t.completion) for t in batch]
            for index, row in zip(indices, torch.cat(parts).cpu().split(lengths), strict=True):
                results[index] = row
    return results


def _picked(logits: Tensor, targets: Tensor) -> Tensor:
    logits = logits.float()
    return logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(1)
