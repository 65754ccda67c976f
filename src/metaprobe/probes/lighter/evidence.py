"""What every method reads: both models, and their states on the same texts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metaprobe.core.stats import FloatArray, Interval
from metaprobe.core.vocabulary import Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import ActivationStore, TokenKind
from metaprobe.probes.representation import ItemText

Mask = NDArray[np.bool_]

_ROWS = 4096


@dataclass(frozen=True)
class Evidence:
    """Two models and what they compute on the responses of the base."""

    base: LoadedModel
    tuned: LoadedModel
    module: str
    """Whose output is read."""
    texts: Sequence[ItemText]
    """One for each item."""
    half: Mask
    """Texts that directions may come from, (texts,); steering is measured on the others."""
    stores: tuple[ActivationStore, ActivationStore]
    """States of base and tuned model at every token of the texts."""

    @cached_property
    def means(self) -> tuple[FloatArray, FloatArray]:
        """Mean states over response tokens, of base and tuned model, each (texts, D)."""
        base, tuned = (text_means(s, self.module, lambda x: x) for s in self.stores)
        return base, tuned

    @property
    def moves(self) -> FloatArray:
        """Change of each text's mean state, (texts, D)."""
        base, tuned = self.means
        return tuned - base

    @property
    def spread(self) -> float:
        """Root mean square distance of the base's mean states from their centre."""
        return float(np.sqrt(self.means[0].var(0).sum()))

    def members(self, skill: Skill) -> Mask:
        """Return which texts are of a skill, (texts,)."""
        return np.array([text.cell.skill == skill for text in self.texts])

    @property
    def skills(self) -> list[Skill]:
        """Skills with two texts in each half, in their usual order."""
        counts = {s: (self.members(s), self.half) for s in Skill}
        return [s for s, (m, h) in counts.items() if min((m & h).sum(), (m & ~h).sum()) >= 2]


class Answer(NamedTuple):
    """What a method says."""

    movements: Mapping[Skill, Interval] | None
    """How far each skill moved; None where the method cannot tell them apart."""
    directions: Mapping[Skill, FloatArray]
    """What to add to the tuned model's states to undo a skill's change, (D,) of any length."""
    tokens: list[str] | None = None
    """Tokens that stand for the direction."""


class Method(Protocol):
    """One way of asking what moved."""

    @property
    def name(self) -> str:
        """Of the method."""

    def answer(self, evidence: Evidence) -> Answer:
        """Return what the method says.

        Raises:
            ConfigError: the models or texts are not such as it can read.
            InputError: the states or weights are not such as it can read.
        """


def text_means(store: ActivationStore, module: str, read: Callable[[Tensor], Tensor]) -> FloatArray:
    """Return the mean over the response tokens of each text of what is read there, (texts, K).

    Args:
        store: Of the module's states.
        module: Whose output.
        read: From states (N, D) in float32 to (N, K).
    """
    texts = len(store.index.texts)
    sums, counts = torch.zeros(texts, 0), torch.zeros(texts, 1, dtype=torch.float64)
    for shard in range(len(store.index.shards)):
        places = store.places(shard)
        mask = places.kind == TokenKind.RESPONSE
        owners = places.text[mask].long()
        rows = store.read(module, shard)[mask].float()
        for x, owner in zip(rows.split(_ROWS), owners.split(_ROWS), strict=True):
            values = read(x).double()
            if not sums.shape[1]:
                sums = torch.zeros(texts, values.shape[1], dtype=torch.float64)
            sums.index_add_(0, owner, values)
            counts.index_add_(0, owner, torch.ones(len(owner), 1, dtype=torch.float64))
    return np.asarray((sums / counts).numpy())
