"""Where features are strongest: tokens of responses with those around them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metaprobe.core.results import FeatureCard, FeatureCards, FeatureContext, FeatureScore
from metaprobe.core.stats import FloatArray, share_interval
from metaprobe.probes.features.activations import TokenKind
from metaprobe.probes.features.injection import part, top_tokens
from metaprobe.probes.features.sae import Sae
from metaprobe.probes.features.scoring import ItemValues, Subject

CONTEXTS = 8
"""Contexts of a card."""
BEFORE = 16
"""Tokens that stand before the strongest one."""
AFTER = 8
"""Tokens that stand after it."""


class _Peaks(NamedTuple):
    """Of each item, for each feature."""

    value: FloatArray
    """Greatest activation at a response token, (items, F)."""
    text: FloatArray
    """Number of the text where it is, (items, F)."""
    position: FloatArray
    fired: FloatArray
    """Response tokens at which the feature is active, (items, F)."""
    tokens: FloatArray
    """Response tokens, (items,)."""


def feature_cards(
    subject: Subject, values: ItemValues, scores: Sequence[FeatureScore]
) -> FeatureCards:
    """Return a card for each feature of a skill or cell, and for the best of each other group.

    Args:
        subject: The model and its features.
        values: Of the items that were scored.
        scores: After all controls.

    Raises:
        InputError: a shard is damaged.
    """
    shown = _shown(scores)
    if not shown:
        return FeatureCards(module=subject.module, cards=[])
    features = sorted({s.feature for s in shown})
    coder = part(subject.sae, features)
    peaks = _peaks(subject, values, coder)
    tops = top_tokens(subject, values, [(s.group, s.feature) for s in shown])
    contexts = _contexts(subject, peaks, coder)
    cards = []
    for score, top in zip(shown, tops, strict=True):
        column = features.index(score.feature)
        fires = share_interval(peaks.fired[:, column], peaks.tokens)
        if fires is None:
            continue
        cards.append(
            FeatureCard(
                score=score,
                top_tokens=[_written(subject, t) for t in top.tokens.tolist()],
                fires=fires.value,
                fires_low=fires.low,
                fires_high=fires.high,
                n_tokens=fires.n,
                contexts=contexts[column],
            )
        )
    return FeatureCards(module=subject.module, cards=cards)


def _shown(scores: Sequence[FeatureScore]) -> list[FeatureScore]:
    """Return the features of each group that are its own, else the one with the greatest AUROC."""
    shown = []
    for group in dict.fromkeys(s.group for s in scores):
        rows = sorted((s for s in scores if s.group == group), key=lambda s: -s.auroc)
        shown += [s for s in rows if s.of_skill] or rows[:1]
    return shown


def _peaks(subject: Subject, values: ItemValues, coder: Sae) -> _Peaks:
    store = subject.store
    place = {item: n for n, item in enumerate(values.items)}
    shape = len(place), coder.features
    value, text, position, fired = (np.zeros(shape) for _ in range(4))
    tokens = np.zeros(len(place))
    for shard, numbers in enumerate(store.index.shards):
        places = store.places(shard)
        rows = store.read(subject.module, shard)
        for number in numbers:
            mine = ((places.text == number) & (places.kind == TokenKind.RESPONSE)).nonzero()[:, 0]
            if not len(mine):
                continue
            found = coder.encode(rows[mine].float())
            item = place[store.index.texts[number].item]
            fired[item] += (found > 0).sum(0).numpy()
            tokens[item] += len(mine)
            best = found.max(0)
            better = best.values.numpy() > value[item]
            value[item, better] = best.values.numpy()[better]
            text[item, better] = number
            position[item, better] = places.position[mine][best.indices].numpy()[better]
    return _Peaks(value, text, position, fired, tokens)


def _contexts(subject: Subject, peaks: _Peaks, coder: Sae) -> list[list[FeatureContext]]:
    """Return the strongest contexts of each feature, at most one of an item."""
    order = np.argsort(-peaks.value, axis=0, kind="stable")[:CONTEXTS]
    wanted = [
        (int(peaks.text[n, column]), int(peaks.position[n, column]), column, rank)
        for rank, items in enumerate(order)
        for column, n in enumerate(items)
        if peaks.value[n, column] > 0
    ]
    found: dict[tuple[int, int], FeatureContext] = {}
    for shard, numbers in enumerate(subject.store.index.shards):
        places, rows = subject.store.places(shard), subject.store.read(subject.module, shard)
        for number, position, column, rank in wanted:
            if number in numbers:
                near = places.position - position
                mine = (places.text == number) & (near >= -BEFORE) & (near <= AFTER)
                values = coder.encode(rows[mine].float())[:, column]
                before = int((near[mine] < 0).sum())
                tokens = places.token[mine].tolist()
                found[column, rank] = _context(subject, number, tokens, values.tolist(), before)
    columns = range(coder.features)
    return [[found[c, rank] for rank in range(CONTEXTS) if (c, rank) in found] for c in columns]


def _context(
    subject: Subject, number: int, tokens: list[int], activations: list[float], peak: int
) -> FeatureContext:
    entry = subject.store.index.texts[number]
    return FeatureContext(
        item=entry.item,
        domain=entry.domain,
        skill=entry.skill,
        verdict=entry.verdict,
        tokens=[_written(subject, t) for t in tokens],
        activations=activations,
        peak=peak,
    )


def _written(subject: Subject, token: int) -> str:
    return str(subject.loaded.tokenizer.decode([token]))
