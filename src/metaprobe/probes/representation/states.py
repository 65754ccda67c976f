"""The hidden states of two models on the same texts, batch by batch."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import Cell, Verdict
from metaprobe.models.loading import LoadedModel, Model
from metaprobe.models.logprobs import Text, length_batches, pad_texts
from metaprobe.models.runtime import torch

BATCH_TOKENS = 4096
"""Padded tokens that go through a model at once."""


class ItemText(NamedTuple):
    """A text, the item that it answers and the cell of that item."""

    item: str
    cell: Cell
    text: Text
    verdict: Verdict | None = None
    """Of the response, where it was graded."""


class PairStates(NamedTuple):
    """States of both models at the completion positions of one batch."""

    owner: Tensor
    """Number of the text that each position belongs to, shape (N,)."""
    base: list[Tensor]
    """A tensor (N, D) for each layer, embeddings first."""
    tuned: list[Tensor]


def check_pair(base: LoadedModel, tuned: LoadedModel, texts: Sequence[ItemText]) -> tuple[int, int]:
    """Return the number of layers, embeddings included, and the width of two models.

    Raises:
        ConfigError: the models have another shape or vocabulary, there is no completion token, a
            prompt is empty, or a token is outside the vocabulary.
    """
    shapes = []
    for loaded in (base, tuned):
        config = loaded.model.config.get_text_config()
        shapes.append((config.num_hidden_layers + 1, config.hidden_size, config.vocab_size))
    if shapes[0] != shapes[1]:
        told = " and ".join(
            f"{loaded.name} has {layers - 1} layers of width {width} and {words} tokens"
            for loaded, (layers, width, words) in zip((base, tuned), shapes, strict=True)
        )
        raise ConfigError(f"{told}: name the base that the stage was trained from")
    layers, width, vocabulary = shapes[0]
    if not any(len(t.text.completion) for t in texts):
        raise ConfigError("the texts hold no completion token: pass at least one response")
    for item, cell, text, _ in texts:
        if len(text.prompt) == 0:
            raise ConfigError(f"item {item} of {cell} has an empty prompt: begin it with a token")
        ids = [*text.prompt, *text.completion]
        if min(ids) < 0 or max(ids) >= vocabulary:
            raise ConfigError(
                f"item {item} of {cell} holds a token outside the vocabulary of {vocabulary}: "
                "encode it with the tokenizer of the base"
            )
    return layers, width


def pair_states(
    base: LoadedModel, tuned: LoadedModel, texts: Sequence[Text], indices: Sequence[int]
) -> Iterator[PairStates]:
    """Yield the states of both models on some of the texts, on the base's device.

    A position is one that predicts a completion token, from the last of the prompt on.

    Raises:
        InputError: a state is not finite.
    """
    for part in length_batches([texts[i] for i in indices], BATCH_TOKENS):
        chosen = [indices[i] for i in part]
        # The padding is never seen: attention is causal and padding stands on the right.
        ids, mask = pad_texts([texts[i] for i in chosen], 0)
        owner = torch.tensor(chosen).repeat_interleave(mask.sum(1)).to(base.device)
        states = [
            [h[mask.to(m.device)].to(base.device) for h in hidden_layers(m.model, ids)]
            for m in (base, tuned)
        ]
        for loaded, layers in zip((base, tuned), states, strict=True):
            check_finite(loaded, layers[-1])
        yield PairStates(owner, states[0], states[1])


def hidden_layers(model: Model, ids: Tensor, attention: Tensor | None = None) -> Sequence[Tensor]:
    """Return the states (B, T, D) of all layers, embeddings first.

    The last is what enters the output matrix, after the final norm.

    Args:
        model: a causal language model.
        ids: (B, T).
        attention: (B, T), 1 where a token may be seen; needed for padding on the left alone.
    """
    seen = {} if attention is None else {"attention_mask": attention.to(model.device)}
    output = model.base_model(
        input_ids=ids.to(model.device), output_hidden_states=True, use_cache=False, **seen
    )
    states: Sequence[Tensor] = output.hidden_states
    return states


def check_finite(loaded: LoadedModel, states: Tensor) -> None:
    """Refuse states that are not finite.

    Raises:
        InputError: they are not.
    """
    if not bool(states.isfinite().all()):
        raise InputError(
            f"{loaded.name}: its hidden states are not finite; the weights are damaged or the "
            "training diverged, probe an earlier stage"
        )
