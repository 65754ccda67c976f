"""The representation probe: reads both models once and puts its measures together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from metaprobe.core.results import (
    CellRepresentation,
    LayerSimilarity,
    LensLayer,
    Representation,
    RepresentationRow,
)
from metaprobe.core.stats import FloatArray, Interval, mean_interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Cell, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence import ratio_interval
from metaprobe.probes.representation.directions import skill_directions
from metaprobe.probes.representation.lens import final_norm, first_choices
from metaprobe.probes.representation.shift import pca_shift, published_features
from metaprobe.probes.representation.similarity import (
    GROUPS,
    Alignment,
    add_products,
    alignment,
    empty_sums,
    sum_bytes,
)
from metaprobe.probes.representation.states import ItemText, PairStates, check_pair, pair_states

VERSION = 1
"""Raised whenever the same models and texts would give other values."""

_SUM_BYTES = 8 * 2**30
"""Most memory for the sums of CKA; more layers than fit are read in further passes."""

_LENSES = ("base", "tuned", "between")


class _Read(NamedTuple):
    """What one pass over the texts leaves; texts stand in the order of the argument."""

    drift: FloatArray
    """Sum over the positions of each text of one minus the cosine, (layers, texts)."""
    lenses: FloatArray | None
    """Positions of each text at which two first choices are the same, (layers, 3, texts)."""
    features: tuple[FloatArray, FloatArray]
    """Mean states of each text in both models, (texts, layers, D); zero without a position."""
    alignments: dict[Cell | None, list[Alignment]]
    """CKA of each layer, by cell and over all of them."""


def measure_representation(
    base: LoadedModel, tuned: LoadedModel, texts: Sequence[ItemText]
) -> Representation:
    """Return how far the hidden states of a stage are from its base's.

    Both models read the same texts, which should be responses of the base, so that all stages are
    compared on the same positions: those that predict a completion token.

    Args:
        base: The model before post-training.
        tuned: The stage; same shape and vocabulary.
        texts: Responses to items of the benchmark, one or several an item.

    Raises:
        ConfigError: the models have another shape or vocabulary, there is no completion token, a
            prompt is empty, or a token is outside the vocabulary.
        InputError: a model's states are not finite.
    """
    n_layers, width = check_pair(base, tuned, texts)
    texts = [t for t in texts if len(t.text.completion)]
    lengths = np.array([len(t.text.completion) for t in texts], dtype=np.float64)
    cells = [t.cell for t in texts]
    with torch.inference_mode():
        read = _read(base, tuned, texts, n_layers, width)
        published = [published_features(m, [t.text for t in texts]) for m in (base, tuned)]

    def row(cell: Cell | None) -> dict[str, object]:
        chosen = np.array([cell is None or c == cell for c in cells])
        return {
            "n_texts": int(chosen.sum()),
            "n_positions": int(lengths[chosen].sum()),
            "layers": [
                _similarity(layer, found, read.drift[layer, chosen], lengths[chosen])
                for layer, found in enumerate(read.alignments[cell])
            ],
            "published": pca_shift(published[0][chosen], published[1][chosen], "published"),
            "corrected": pca_shift(read.features[0][chosen], read.features[1][chosen], "corrected"),
        }

    return Representation(
        all=RepresentationRow.model_validate(row(None)),
        cells=[
            CellRepresentation.model_validate({"domain": c.domain, "skill": c.skill} | row(c))
            for c in CELLS
            if c in read.alignments
        ],
        lens=None if read.lenses is None else _lens_layers(read.lenses, lengths),
        directions=skill_directions(*_item_features(texts, read.features)),
    )


def _read(
    base: LoadedModel, tuned: LoadedModel, texts: Sequence[ItemText], n_layers: int, width: int
) -> _Read:
    """Pass over the texts, cell by cell, so that only one cell's sums are held at any time."""
    norms = [final_norm(m.model) for m in (base, tuned)]
    lenses = torch.zeros(n_layers, 3, len(texts), dtype=torch.float64)
    drift = torch.zeros(n_layers, len(texts), dtype=torch.float64)
    features = torch.zeros(2, len(texts), n_layers, width, dtype=torch.float64)
    groups = text_groups(texts).to(base.device)
    members = {c: [n for n, t in enumerate(texts) if t.cell == c] for c in CELLS}
    alignments: dict[Cell | None, list[Alignment]] = defaultdict(list)
    for number, layers in enumerate(_passes(n_layers, width)):
        whole = empty_sums(len(layers), width, base.device)
        origins: list[tuple[Tensor, Tensor]] = []
        for cell, indices in members.items():
            if not indices:
                continue
            sums = empty_sums(len(layers), width, base.device)
            for states in pair_states(base, tuned, [t.text for t in texts], indices):
                origins = origins or [
                    (states.base[n].double().mean(0), states.tuned[n].double().mean(0))
                    for n in layers
                ]
                for place, layer in enumerate(layers):
                    x, y = states.base[layer].double(), states.tuned[layer].double()
                    origin_x, origin_y = origins[place]
                    add_products(sums[place], groups[states.owner], x - origin_x, y - origin_y)
                if number == 0:
                    _add_positions(states, drift, features)
                    if norms[0] is not None and norms[1] is not None:
                        _add_lenses(states, lenses, (base, norms[0]), (tuned, norms[1]))
            alignments[cell] += [alignment(s) for s in sums]
            whole += sums
        alignments[None] += [alignment(s) for s in whole]
    counts = torch.tensor([len(t.text.completion) for t in texts])[:, None, None]
    means = [np.asarray((f / counts).numpy()) for f in features]
    known = lenses.numpy() if all(norm is not None for norm in norms) else None
    return _Read(drift.numpy(), known, (means[0], means[1]), dict(alignments))


def text_groups(texts: Sequence[ItemText]) -> Tensor:
    """Return the group of each text: the texts of an item stay together, those of a cell spread."""
    group: dict[str, int] = {}
    for cell in CELLS:
        items = sorted({t.item for t in texts if t.cell == cell})
        order = numpy_rng_for("representation", "groups", cell).permutation(len(items))
        start = len(group)
        for rank, place in enumerate(order):
            group.setdefault(items[place], (start + rank) % GROUPS)
    return torch.tensor([group[t.item] for t in texts])


def _passes(n_layers: int, width: int) -> Iterator[range]:
    """Yield the layers of each pass; the sums of one cell and of all are held at once."""
    size = max(1, _SUM_BYTES // (2 * sum_bytes(width)))
    for start in range(0, n_layers, size):
        yield range(start, min(start + size, n_layers))


def _add_positions(states: PairStates, drift: Tensor, features: Tensor) -> None:
    """Add the cosine drift and the states of each position to those of its text."""
    owner = states.owner.cpu()
    for layer, pair in enumerate(zip(states.base, states.tuned, strict=True)):
        x, y = (h.double() for h in pair)
        drift[layer].index_add_(0, owner, cosine_drift(x, y).cpu())
        for model, h in enumerate((x, y)):
            features[model, :, layer].index_add_(0, owner, h.cpu())


def cosine_drift(x: Tensor, y: Tensor) -> Tensor:
    """Return one minus the cosine of each pair of rows, (N,), exact for small angles too.

    Half the squared distance of the unit vectors; 0 where both rows are zero.
    """
    u, v = (torch.nn.functional.normalize(h, dim=1) for h in (x, y))
    return (u - v).square().sum(1) / 2


def _add_lenses(
    states: PairStates,
    lenses: Tensor,
    base: tuple[LoadedModel, torch.nn.Module],
    tuned: tuple[LoadedModel, torch.nn.Module],
) -> None:
    """Add up where the lenses agree, in the order of `_LENSES`."""
    one = first_choices(base[0].model, base[1], states.base)
    other = first_choices(tuned[0].model, tuned[1], states.tuned)
    for layer, (a, b) in enumerate(zip(one, other, strict=True)):
        for number, same in enumerate((a == one[-1], b == other[-1], a == b)):
            lenses[layer, number].index_add_(0, states.owner.cpu(), same.double().cpu())


def _similarity(
    layer: int, found: Alignment, drift: FloatArray, lengths: FloatArray
) -> LayerSimilarity:
    interval = ratio_interval(drift, lengths)
    return LayerSimilarity(
        layer=layer,
        cka=found.debiased,
        cka_low=found.low,
        cka_high=found.high,
        cka_biased=found.biased,
        cosine_drift=float(drift.sum() / lengths.sum()),
        cosine_low=interval.low if interval else None,
        cosine_high=interval.high if interval else None,
    )


def _lens_layers(lenses: FloatArray, lengths: FloatArray) -> list[LensLayer]:
    rows = []
    for layer, hits in enumerate(lenses):
        values: dict[str, float] = {}
        for name, same in zip(_LENSES, hits, strict=True):
            found = _share(same, lengths)
            values |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        n = {"n_texts": lengths.size, "n_positions": int(lengths.sum())}
        rows.append(LensLayer.model_validate({"layer": layer} | values | n))
    return rows


def _share(hits: FloatArray, lengths: FloatArray) -> Interval:
    """Return the share of positions with its interval over texts."""
    owners = np.repeat(np.arange(lengths.size), lengths.astype(np.int64))
    place = np.concatenate([np.arange(n) for n in lengths.astype(np.int64)])
    found = mean_interval((place < hits[owners]).astype(np.float64), clusters=owners)
    if found is None:  # `measure_representation` keeps only texts with a position
        raise ValueError("no position")
    return found


def _item_features(
    texts: Sequence[ItemText], features: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, list[str], list[Skill]]:
    """Return the features of both models averaged over the texts of an item, items and skills."""
    members: dict[str, list[int]] = defaultdict(list)
    for n, text in enumerate(texts):
        members[text.item].append(n)
    base, tuned = (np.stack([f[rows].mean(0) for rows in members.values()]) for f in features)
    return base, tuned, list(members), [texts[rows[0]].cell.skill for rows in members.values()]
