"""The PCA shift of arXiv 2507.00432, as its code computes it and corrected.

A feature is the mean of a text's states at one layer. The first two principal components are those
of the base's features, and the shift is how far the mean feature moves along them.

- `published`: the mean runs over the first 128 tokens of prompt and completion padded on the
  left, pads included; projections are not centred; over the layers the two-dimensional shifts are
  averaged as vectors, so that they cancel where components happen to have opposite signs.
- `corrected`: the mean runs over the completion positions; projections are centred on the base;
  over the layers the lengths of the shifts are averaged, which no sign can change.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from torch import Tensor

from metaprobe.core.results import PCAPoint, PCAShift
from metaprobe.core.stats import FloatArray, Interval, t_interval
from metaprobe.models.chat import padding
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.representation.states import BATCH_TOKENS, hidden_layers

PUBLISHED_TOKENS = 128
"""Tokens of a text that the published code reads."""

Mode = Literal["published", "corrected"]


@torch.inference_mode()
def published_features(loaded: LoadedModel, texts: Sequence[Text]) -> FloatArray:
    """Return the mean states of each text as the published code takes them.

    All texts are padded on the left to the longest of them, 128 tokens at most. What a pad's states
    are depends on how the model's attention treats a row without anything to see.

    Returns:
        Shape (texts, layers, D).
    """
    rows = [[*t.prompt, *t.completion][:PUBLISHED_TOKENS] for t in texts]
    width = max(map(len, rows))
    pad = padding(loaded.tokenizer)
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])
    seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    size = max(1, BATCH_TOKENS // width)
    parts: list[Tensor] = []
    for part, attention in zip(ids.split(size), seen.split(size), strict=True):
        states = hidden_layers(loaded.model, part, attention)
        parts.append(torch.stack([h.float().mean(1) for h in states], dim=1).cpu())
    return np.asarray(torch.cat(parts).double().numpy())


def pca_shift(base: FloatArray, tuned: FloatArray, mode: Mode) -> PCAShift | None:
    """Return the shift of the mean features along the base's first two components.

    The intervals have texts as their unit and hold the components fixed.

    Args:
        base: Features of the base, (texts, layers, D).
        tuned: Features of the tuned model on the same texts.
        mode: How projections are centred and layers put together.

    Returns:
        None below three texts, or where the width is one.
    """
    if base.shape[0] < 3 or base.shape[2] < 2:
        return None
    moves, points = [], []
    for layer in range(base.shape[1]):
        components = _components(base[:, layer])
        origin = base[:, layer].mean(0) if mode == "corrected" else np.zeros(base.shape[2])
        start = (base[:, layer] - origin) @ components.T
        move = (tuned[:, layer] - base[:, layer]) @ components.T
        moves.append(move)
        length = length_interval(move)
        first, second = move.mean(0).tolist()
        points.append(
            PCAPoint(
                layer=layer,
                base_first=float(start[:, 0].mean()),
                base_second=float(start[:, 1].mean()),
                first=first,
                second=second,
                distance=length.value,
                low=length.low,
                high=length.high,
            )
        )
    whole = length_interval(np.mean(moves, axis=0)) if mode == "published" else _mean_length(moves)
    return PCAShift(
        distance=whole.value, low=whole.low, high=whole.high, n_texts=len(base), layers=points
    )


def _components(features: FloatArray) -> FloatArray:
    """Return the first two principal components (2, D), their largest loadings positive."""
    _, _, components = np.linalg.svd(features - features.mean(0), full_matrices=False)
    top = components[:2]
    largest = np.abs(top).argmax(1)
    return np.asarray(top * np.where(top[[0, 1], largest] < 0, -1.0, 1.0)[:, None])


def length_interval(moves: FloatArray) -> Interval:
    """Return the length of the mean of moves (texts, K), with its interval over texts."""
    return _mean_length([moves])


def _mean_length(moves: Sequence[FloatArray]) -> Interval:
    """Return the mean over layers of the length of the mean move, with its interval over texts.

    To first order a length changes by the component along its direction, so the lengths' mean is
    the mean over texts of the moves' components along the mean moves (delta method).
    """
    along = np.zeros(len(moves[0]))
    for move in moves:
        mean = move.mean(0)
        length = float(np.linalg.norm(mean))
        if length:
            along += move @ (mean / length) / len(moves)
    found = t_interval(along)
    if found is None:  # `pca_shift` asks for three texts
        raise ValueError("a shift needs two texts")
    return Interval(found.value, max(0.0, found.low), found.high, found.n)
