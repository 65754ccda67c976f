"""Features against skills: held-out AUROC with a permutation null, beside four controls.

The unit is the item: a feature's value is its mean over the response tokens of all responses to the
item. Items are split into two halves within each skill. For each skill, and each cell, the features
with the greatest AUROC on the first half are scored on the second:

- the p-value is the share of permutations of the labels that reach the AUROC; q-values are over all
  candidates of all groups;
- lexical control: ridge regression on the counts of tokens in the same responses, fitted to the
  first half; a feature survives where the AUROC's gap over it is above zero at 95 %;
- random control: as many random directions, each with a threshold at which it fires as often as
  the feature that it stands for, chosen on the first half by the same rule; a feature survives
  above all of them.

The other two controls let the model read again: token injection (`injection`) and paraphrase
(`paraphrase`). A feature counts as one of a skill where its q-value is below `LEVEL` and it
survives all four.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from metaprobe.core.association import auroc, auroc_interval
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import Control, ControlShare, FeatureScore
from metaprobe.core.stats import FloatArray, Interval, benjamini_hochberg, wilson
from metaprobe.core.streams import numpy_rng_for, seed_for
from metaprobe.core.vocabulary import CELLS, Cell, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import ActivationStore, TokenKind
from metaprobe.probes.features.sae import Parameters, Sae
from metaprobe.probes.representation.directions import first_half

VERSION = 2
"""Raised whenever the same activations and autoencoder would give other scores."""

LEVEL = 0.05
"""The q-value below which a feature is set against the controls."""
CANDIDATES = 5
"""Features of a skill or cell that are scored."""
PERMUTATIONS = 20_000
"""So many that a single feature can have a small q-value among all that are scored."""
MIN_ITEMS = 8
"""Fewest items of a group, and of the others."""

_BLOCK = 1000
_ROWS = 4096
_THRESHOLD_ROWS = 65_536

_Mask = NDArray[np.bool_]


class Subject(NamedTuple):
    """Whose features are scored."""

    loaded: LoadedModel
    sae: Sae
    store: ActivationStore
    """Activations of the model's responses."""
    module: str
    """Whose output the autoencoder is of."""


class ItemValues(NamedTuple):
    """What items are described by."""

    items: list[str]
    cells: list[Cell]
    features: FloatArray
    """Mean of each feature over response tokens, (items, F)."""
    random: FloatArray
    """The same of random directions that fire as often, (items, F)."""
    words: FloatArray
    """Share of each token among response tokens, (items, tokens that occur)."""


def item_values(sae: Sae, random: Sae, store: ActivationStore, module: str) -> ItemValues:
    """Return features, random directions and words of all items with a response token.

    Args:
        sae: The autoencoder.
        random: Its `random_directions`.
        store: Activations of the module.
        module: Whose output the autoencoder is of.

    Raises:
        ConfigError: the module was not collected.
        InputError: a shard is damaged.
    """
    entries = store.index.texts
    cells = {e.item: e.cell for e in entries}
    place = {item: n for n, item in enumerate(sorted(cells))}
    owner = torch.tensor([place[e.item] for e in entries])
    coders = (sae, random)
    sums = [torch.zeros(len(place), sae.features, dtype=torch.float64) for _ in coders]
    owners, tokens = [], []
    for shard in range(len(store.index.shards)):
        places = store.places(shard)
        mask = places.kind == TokenKind.RESPONSE
        item = owner[places.text[mask].long()]
        owners.append(item)
        tokens.append(places.token[mask].long())
        rows = store.read(module, shard)[mask].float()
        for x, n in zip(rows.split(_ROWS), item.split(_ROWS), strict=True):
            for coder, found in zip(coders, sums, strict=True):
                found.index_add_(0, n, coder.encode(x).double())
    item, token = torch.cat(owners), torch.cat(tokens)
    known, word = token.unique(return_inverse=True)
    words = torch.zeros(len(place), len(known), dtype=torch.float64)
    words.index_put_((item, word), torch.ones(len(item), dtype=torch.float64), accumulate=True)
    lengths = words.sum(1, keepdim=True)
    kept = lengths[:, 0] > 0
    values = [np.asarray((v[kept] / lengths[kept]).numpy()) for v in (*sums, words)]
    names = [name for name, n in place.items() if bool(kept[n])]
    return ItemValues(names, [cells[n] for n in names], *values)


@torch.inference_mode()
def random_directions(sae: Sae, store: ActivationStore, module: str) -> Sae:
    """Return an autoencoder of random directions that fire as often as the features, one for one.

    Rates and thresholds are those on the first response tokens of the store.
    """
    parts, count = [], 0
    for shard in range(len(store.index.shards)):
        rows = store.read(module, shard)[store.places(shard).kind == TokenKind.RESPONSE].float()
        parts.append(rows[: _THRESHOLD_ROWS - count])
        count += len(parts[-1])
    x = torch.cat(parts)
    if not len(x):
        raise ConfigError(f"{store.folder}: no response token: let the model answer first")
    fired = sum((sae.encode(part) > 0).sum(0) for part in x.split(_ROWS))
    generator = torch.Generator().manual_seed(seed_for("features", "random directions"))
    drawn = torch.randn(sae.features, sae.width, generator=generator)
    directions = torch.nn.functional.normalize(drawn, dim=1)
    origin = sae.parameters.decoder_bias
    levels = torch.empty(sae.features)
    for first in range(0, sae.features, 256):
        ordered = ((x - origin) @ directions[first : first + 256].T).sort(0, descending=True).values
        below = torch.as_tensor(fired)[first : first + 256].clamp(max=len(x) - 1)
        levels[first : first + 256] = ordered.gather(0, below[None])[0]
    zeros = torch.zeros(sae.features)
    return Sae(parameters=Parameters(directions, -levels, directions, origin, zeros))


def held_out(values: ItemValues) -> _Mask:
    """Return which items are scored; the others choose the features."""
    return ~first_half(values.items, [cell.skill for cell in values.cells])


def members(group: str, cells: Sequence[Cell]) -> _Mask:
    """Return which cells are of a group, a skill or a cell."""
    return np.array([group in (str(cell), str(cell.skill)) for cell in cells])


def candidates(features: FloatArray, positive: _Mask) -> NDArray[np.int64]:
    """Return the `CANDIDATES` features with the greatest AUROC, greatest first.

    Args:
        features: Of the items of the first half, (items, F).
        positive: Which of them are of the group.
    """
    return np.argsort(-aurocs(features, positive), kind="stable")[:CANDIDATES]


def score_features(values: ItemValues) -> list[FeatureScore]:
    """Return the scores of the candidates of each skill and cell with enough items.

    The two controls that let the model read again have not run on them.

    Args:
        values: Of the items.
    """
    held = held_out(values)
    scores = []
    for name in [*map(str, Skill), *map(str, CELLS)]:
        positive = members(name, values.cells)
        counts = [(side & kind).sum() for side in (held, ~held) for kind in (positive, ~positive)]
        if min(counts) >= MIN_ITEMS // 2:
            scores += _group_scores(name, values, positive, held)
    q_values = benjamini_hochberg(np.array([s.p_value for s in scores]))
    return [
        s.model_copy(update={"q_value": float(q)}) for s, q in zip(scores, q_values, strict=True)
    ]


def judged(scores: Sequence[FeatureScore]) -> list[FeatureScore]:
    """Return the scores with `of_skill` set, after all controls have run."""
    return [
        s.model_copy(update={"of_skill": s.q_value < LEVEL and all(s.survived.values())})
        for s in scores
    ]


def control_shares(scores: Sequence[FeatureScore]) -> list[ControlShare]:
    """Return what share of the features below `LEVEL` survives each control, and all of them.

    Args:
        scores: After `judged`.
    """
    found = [s for s in scores if s.q_value < LEVEL]
    skills = [s for s in found if "/" not in s.group]
    groups = {"skills": skills, "cells": [s for s in found if "/" in s.group]}
    groups |= {
        name: [s for s in found if s.group == name]
        for name in dict.fromkeys(s.group for s in found)
    }
    shares = []
    for name, rows in groups.items():
        kept: dict[Control | Literal["all four"], list[bool | None]]
        kept = {c: [s.survived[c] for s in rows] for c in get_args(Control)}
        kept["all four"] = [s.of_skill for s in rows]
        for control, survived in kept.items():
            known = [bool(s) for s in survived if s is not None]
            share = wilson(sum(known), len(known))
            if share:
                shares.append(
                    ControlShare(
                        group=name,
                        control=control,
                        share=share.value,
                        low=share.low,
                        high=share.high,
                        survived=sum(known),
                        n=share.n,
                    )
                )
    return shares


def _group_scores(
    name: str, values: ItemValues, positive: _Mask, held: _Mask
) -> list[FeatureScore]:
    labels = positive[held]
    lexical = _ridge_scores(values.words[~held], positive[~held], values.words[held])
    chosen, by_chance = (
        candidates(x[~held], positive[~held]) for x in (values.features, values.random)
    )
    features = values.features[held][:, chosen]
    random = float(aurocs(values.random[held][:, by_chance], labels).max())
    found = aurocs(features, labels)
    p_values = permutation_p(features, labels, name)
    rows = []
    for n, feature in enumerate(chosen.tolist()):
        interval = auroc_interval(float(found[n]), int(labels.sum()), int((~labels).sum()))
        gap = auroc_gap(features[:, n], lexical, labels)
        rows.append(
            FeatureScore(
                group=name,
                feature=feature,
                auroc=interval.value,
                low=interval.low,
                high=interval.high,
                p_value=float(p_values[n]),
                q_value=1.0,
                lexical=auroc(lexical[labels], lexical[~labels]),
                lexical_gap=gap.value,
                gap_low=gap.low,
                gap_high=gap.high,
                random=random,
                survives_lexical=gap.low > 0,
                survives_random=interval.value > random,
                n_items=len(labels),
                n_group=int(labels.sum()),
            )
        )
    return rows


def aurocs(values: FloatArray, positive: _Mask) -> FloatArray:
    """Return the AUROC of each column (items, F), ties counted by half.

    Args:
        values: (items, F).
        positive: Which items are of the group, both kinds present.
    """
    ranks = stats.rankdata(values, axis=0)
    return np.asarray(_areas(positive[None].astype(np.float64), np.asarray(ranks))[0])


def _areas(labels: FloatArray, ranks: FloatArray) -> FloatArray:
    """Return the AUROC of each column of ranks (items, F) for each row of labels (N, items)."""
    n = labels.sum(1, keepdims=True)
    u = labels @ ranks - n * (n + 1) / 2
    return np.asarray(u / (n * (labels.shape[1] - n)))


def permutation_p(values: FloatArray, positive: _Mask, name: str) -> FloatArray:
    """Return the one-sided permutation p-value of each column's AUROC, shape (F,).

    (1 + permutations that reach it) / (1 + permutations), Phipson and Smyth, Stat. Appl. Genet.
    Mol. Biol. 9 (2010) 39.

    Args:
        values: (items, F).
        positive: Which items are of the group.
        name: Of the group, which names the random stream.
    """
    ranks = np.asarray(stats.rankdata(values, axis=0))
    rng = numpy_rng_for("features", "permutations", name)
    labels = np.tile(positive, (_BLOCK, 1))
    found, reached = aurocs(values, positive), np.zeros(values.shape[1])
    for _ in range(PERMUTATIONS // _BLOCK):
        drawn = _areas(rng.permuted(labels, axis=1).astype(np.float64), ranks)
        reached += (drawn >= found - 1e-12).sum(0)
    return np.asarray((1 + reached) / (1 + PERMUTATIONS))


def auroc_gap(first: FloatArray, second: FloatArray, positive: _Mask) -> Interval:
    """Return the difference of the AUROCs of two scores of the same items, with its interval.

    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837.

    Args:
        first: (items,).
        second: (items,).
        positive: Which items are of the group; at least two of each kind.
    """
    parts = []
    for scores in (first, second):
        above = np.sign(scores[positive][:, None] - scores[~positive]) / 2 + 0.5
        parts.append((above.mean(1), above.mean(0)))
    gains = [a - b for a, b in zip(*parts, strict=True)]
    value = float(gains[0].mean())
    half = float(special.ndtri(0.975)) * float(np.sqrt(sum(g.var(ddof=1) / len(g) for g in gains)))
    return Interval(value, max(-1.0, value - half), min(1.0, value + half), len(positive))


def _ridge_scores(words: FloatArray, positive: _Mask, held: FloatArray) -> FloatArray:
    """Return the scores of held-out items by ridge regression on words, as in `directions`."""
    mean = words.mean(0)
    centred, labels = words - mean, positive - positive.mean()
    gram = centred @ centred.T
    penalty = float(np.trace(gram)) / len(words) or 1.0
    weights = np.linalg.solve(gram + penalty * np.eye(len(words)), labels)
    return np.asarray((held - mean) @ (centred.T @ weights))
