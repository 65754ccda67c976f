"""Logits and log-probabilities of given text.

Texts are right-padded; positions that are masked out never reach the output matrix, and the
vocabulary-wide work is done in chunks of positions, so memory does not grow with the batch.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.nn import functional

from metaprobe.models.attention import ATTENTION
from metaprobe.models.forward import SharedPrompts, Whole, fusible, last_hidden
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
_TOKEN_MULTIPLE = 512
"""A flat list of tokens is padded to a multiple of this many, for the same reason."""
_FORWARD_TOKENS = 4096
"""Padded tokens of texts of similar length that go through the model at once."""
_LOSS_CHUNK = 256
"""Positions whose logits the loss holds at once; few enough for a processor's cache."""


class Text(NamedTuple):
    """A prompt and a completion, as token ids."""

    prompt: Sequence[int]
    completion: Sequence[int]


def hidden_states(model: Model, input_ids: Tensor) -> Tensor:
    """Return the last hidden states (B, T, D) of right-padded texts."""
    hidden: Tensor
    if _runs_fused(model):
        hidden = last_hidden(model, Whole(input_ids))
        return hidden.view(*input_ids.shape, -1)
    hidden = model.base_model(input_ids=input_ids, use_cache=False).last_hidden_state
    return hidden


def masked_logits(model: Model, input_ids: Tensor, mask: Tensor) -> Tensor:
    """Return the logits (N, V) of the N positions where `mask` (B, T) is true, row by row."""
    hidden, count = _masked_hidden(model, input_ids, mask)
    return output_logits(model, hidden)[:count]


def masked_log_softmax(
    model: Model, input_ids: Tensor, mask: Tensor, *, temperature: float = 1.0
) -> Tensor:
    """Return the log-probabilities (N, V) of all tokens at the positions of `masked_logits`."""
    return (masked_logits(model, input_ids, mask).float() / temperature).log_softmax(1)


def masked_logprobs(
    model: Model, input_ids: Tensor, mask: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities (N,) of targets and the entropies (N,), both in nats.

    The N positions are those where `mask` is true, row by row. The whole distributions are held
    once, in the precision of the matrix products; entropies have no gradient.

    Args:
        model: a causal language model.
        input_ids: (B, T), right-padded.
        mask: (B, T).
        targets: (N,) a token id for each position.
    """
    hidden, _ = _masked_hidden(model, input_ids, mask)
    return _target_logprobs(model, hidden, targets, 1.0)


def completion_logprobs(
    model: Model, texts: Sequence[Text], pad: int, *, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Return log-probabilities (N,) and entropies (N,) of all completion tokens, text by text.

    As `masked_logprobs`, but texts of similar length go together, so little of the work is on
    padding, and a prompt that several of them share is read once, if the model allows.

    Args:
        model: a causal language model.
        texts: prompts and completions.
        pad: the padding id.
        temperature: of the softmax.
    """
    parts = list(length_batches(texts, _FORWARD_TOKENS))
    found = [_batch_logprobs(model, [texts[i] for i in part], pad, temperature) for part in parts]
    lengths = torch.tensor([len(t.completion) for t in texts])
    starts = lengths.cumsum(0) - lengths
    place = [
        torch.arange(n) + starts[i]
        for part in parts
        for i, n in zip(part, lengths[part].tolist(), strict=True)
    ]
    order = torch.cat(place).argsort().to(model.device)
    logprobs, entropies = (torch.cat(values)[order] for values in zip(*found, strict=True))
    return logprobs, entropies


def _batch_logprobs(
    model: Model, texts: Sequence[Text], pad: int, temperature: float
) -> tuple[Tensor, Tensor]:
    device = model.device
    targets = torch.cat([torch.as_tensor(t.completion) for t in texts]).to(device)
    if _runs_fused(model):
        layout, positions = _shared_prompts(texts, pad, device)
        hidden = last_hidden(model, layout, _to_multiple(positions))
    else:
        ids, mask = pad_texts(texts, pad)
        hidden, _ = _masked_hidden(model, ids.to(device), mask.to(device))
    return _target_logprobs(model, hidden, targets, temperature)


def _shared_prompts(
    texts: Sequence[Text], pad: int, device: torch.device
) -> tuple[SharedPrompts, Tensor]:
    """Return the layout of texts, and the positions in it that predict their completions."""
    number = {prompt: n for n, prompt in enumerate(dict.fromkeys(tuple(t.prompt) for t in texts))}
    lengths = [len(prompt) for prompt in number]
    source = [number[tuple(t.prompt)] for t in texts]
    prompts = _padded(list(number), pad)
    inputs = _padded([t.completion[:-1] for t in texts], pad)
    layout = SharedPrompts(
        prompts.to(device),
        torch.tensor(lengths, device=device),
        inputs.to(device),
        torch.tensor(source, device=device),
        multiple=_TOKEN_MULTIPLE,
    )
    positions: list[int] = []
    for row, (text, prompt) in enumerate(zip(texts, source, strict=True)):
        start = prompts.numel() + row * inputs.shape[1]
        positions.append(prompt * prompts.shape[1] + lengths[prompt] - 1)
        positions.extend(range(start, start + len(text.completion) - 1))
    return layout, torch.tensor(positions, device=device)


def _padded(rows: Sequence[Sequence[int]], pad: int) -> Tensor:
    ids = np.full((len(rows), padded_width(max(1, *map(len, rows)))), pad, dtype=np.int64)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
    return torch.from_numpy(ids)


def _target_logprobs(
    model: Model, hidden: Tensor, targets: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and entropies (N,) of the first N hidden states (M, D)."""
    output, count = model.get_output_embeddings(), len(targets)
    plain = type(output) is torch.nn.Linear and output.bias is None
    if plain and not getattr(model.config, "final_logit_softcapping", None):
        padded = functional.pad(targets, (0, len(hidden) - count))
        chosen, entropy = _chosen_and_entropy(hidden, output.weight, padded, temperature)
        return chosen[:count], entropy[:count]
    logits = output_logits(model, hidden)[:count].float() / temperature
    logprobs = logits.log_softmax(1)
    entropy = -(logprobs.exp() * logprobs).sum(1).detach()
    return logprobs.gather(1, targets[:, None])[:, 0], entropy


def _masked_hidden(model: Model, input_ids: Tensor, mask: Tensor) -> tuple[Tensor, int]:
    """Return hidden states (M, D), the first N of which are those under the mask, and N."""
    positions = mask.flatten().nonzero()[:, 0]
    padded = _to_multiple(positions)
    if _runs_fused(model):
        return last_hidden(model, Whole(input_ids), padded), len(positions)
    hidden = hidden_states(model, input_ids).flatten(0, 1)
    return hidden.index_select(0, padded), len(positions)


def _to_multiple(positions: Tensor) -> Tensor:
    return functional.pad(positions, (0, -len(positions) % _POSITION_MULTIPLE))


def _runs_fused(model: Model) -> bool:
    return model.dtype == torch.float32 and fusible(model)


class _TargetLogprobs(torch.autograd.Function):
    """Output layer, softmax and choice of the targets, in chunks of positions.

    Between forward and backward only the error, probabilities minus one-hot targets, is kept.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        kind = hidden.device.type
        autocast = torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if autocast else hidden.dtype
        hidden, weight = hidden.to(dtype), weight.to(dtype)
        chosen = hidden.new_empty(len(hidden), dtype=torch.float32)
        entropy = torch.empty_like(chosen)
        error = hidden.new_empty(len(hidden) if ctx.needs_input_grad[0] else 0, len(weight))
        for part in _chunks(len(hidden)):
            logits = (hidden[part] @ weight.T).float().div_(temperature)
            target = targets[part, None]
            shares = logits.softmax(1)
            normaliser = logits.amax(1) - shares.amax(1).log()
            chosen[part] = logits.gather(1, target)[:, 0] - normaliser
            entropy[part] = normaliser - torch.linalg.vecdot(shares, logits)
            if len(error):
                error[part] = shares.scatter_add_(1, target, -torch.ones_like(target).float())
        ctx.save_for_backward(hidden, weight, error)
        ctx.temperature = temperature
        ctx.mark_non_differentiable(entropy)
        return chosen, entropy

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden, weight, error = ctx.saved_tensors
        scale = (grad / -ctx.temperature).to(error.dtype)[:, None]
        grad_hidden = torch.empty_like(hidden)
        trained = ctx.needs_input_grad[1]
        grad_weight = weight.new_zeros(weight.shape, dtype=torch.float32) if trained else None
        for part in _chunks(len(hidden)):
            scaled = error[part] * scale[part]
            grad_hidden[part] = scaled @ weight
            if grad_weight is not None:
                grad_weight += scaled.T @ hidden[part]
        return grad_hidden, grad_weight, None, None


_chosen_and_entropy: Callable[..., tuple[Tensor, Tensor]] = _TargetLogprobs.apply


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + _LOSS_CHUNK) for start in range(0, count, _LOSS_CHUNK))


def output_logits(model: Model, hidden: Tensor) -> Tensor:
    """Return the logits (N, V) of hidden states (N, D), with the model's final soft cap if any."""
    logits: Tensor = model.get_output_embeddings()(hidden)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return torch.tanh(logits / cap) * cap if cap else logits


def frozen_copy(model: Model) -> Model:
    """Return a copy of the model as it is now, for evaluation, whose weights take no gradient."""
    frozen = copy.deepcopy(model).eval().requires_grad_(False)
    use_float32_attention(frozen)
    return frozen


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
