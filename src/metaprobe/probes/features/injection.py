"""Token injection: what a feature's top tokens bring it where there is nothing of its skill.

For each feature with q below `LEVEL`, its top tokens are those with the greatest sum of activations
over the responses of the first half's items of the group. They are put at random places into
responses to held-out items of other skills, as often as they stand in the group's responses, and
the model reads these:

    injection = (mean w - mean u) / (mean s - mean u)

with w the feature's mean over such a response, u that over the same response untouched, and s that
over all responses to a held-out item of the group. 0 says that the tokens do nothing, 1 that they
are all the feature needs. A feature survives where the upper end of the interval is below `LIMIT`.

After Ma and others, arXiv 2601.05679, who put three of the top tokens into text without reasoning
and call a feature one of tokens by Cohen's d. Here the count follows the group's own text, and the
scale is the group's own value, since d grows without bound where the untouched text is silent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from metaprobe.core.results import FeatureScore
from metaprobe.core.stats import FloatArray, Interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.logprobs import Text, length_batches, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import TokenKind, module_states
from metaprobe.probes.features.sae import Sae
from metaprobe.probes.features.scoring import LEVEL, ItemValues, Subject, held_out, members

TOP_TOKENS = 5
CARRIERS = 16
"""Held-out items of other skills that the tokens are put into."""
CARRIER_TOKENS = 64
"""Tokens of a response that carry them; the rest is cut off."""
FEWEST = 3
"""Tokens that are put in, at least."""
LIMIT = 0.5

_BATCH_TOKENS = 4096


class TopTokens(NamedTuple):
    """What a feature fires on in a group."""

    tokens: NDArray[np.int64]
    weights: FloatArray
    """Share of each in the sum of their activations."""
    share: float
    """Share of them among the group's response tokens."""


class _Carrier(NamedTuple):
    text: Text
    before: FloatArray
    """Of each feature in the untouched text."""


def inject_tokens(
    subject: Subject, values: ItemValues, scores: Sequence[FeatureScore]
) -> list[FeatureScore]:
    """Return the scores with the control of token injection, where q is below `LEVEL`.

    Args:
        subject: The model and its features.
        values: Of the items that were scored.
        scores: Of `score_features`.

    Raises:
        InputError: a shard is damaged.
    """
    found = [s for s in scores if s.q_value < LEVEL]
    if not found:
        return list(scores)
    features = sorted({s.feature for s in found})
    coder = part(subject.sae, features)
    tops = top_tokens(subject, values, [(s.group, s.feature) for s in found])
    carriers = _carriers(subject, values, coder, {_skill(s.group) for s in found})
    texts = [
        _with_tokens(carrier.text, top, s, number)
        for s, top in zip(found, tops, strict=True)
        for number, carrier in enumerate(carriers[_skill(s.group)])
    ]
    after = iter(response_means(subject, coder, texts))
    held, rows = held_out(values), []
    for score in scores:
        if score.q_value >= LEVEL:
            rows.append(score)
            continue
        mine, column = carriers[_skill(score.group)], features.index(score.feature)
        own = values.features[held & members(score.group, values.cells), score.feature]
        way = share_of_way(
            np.array([c.before[column] for c in mine]),
            np.array([next(after)[column] for _ in mine]),
            own,
        )
        rows.append(
            score.model_copy(
                update={
                    "injection": way and way.value,
                    "injection_low": way and way.low,
                    "injection_high": way and way.high,
                    "n_injection": len(mine),
                    "survives_injection": way is not None and way.high < LIMIT,
                }
            )
        )
    return rows


def part(sae: Sae, features: Sequence[int]) -> Sae:
    """Return the autoencoder with these features alone."""
    p, kept = sae.parameters, list(features)
    parameters = p._replace(
        encoder=p.encoder[kept],
        encoder_bias=p.encoder_bias[kept],
        decoder=p.decoder[kept],
        threshold=p.threshold[kept],
    )
    return Sae(parameters=parameters)


def top_tokens(
    subject: Subject, values: ItemValues, pairs: Sequence[tuple[str, int]]
) -> list[TopTokens]:
    """Return the tokens that each feature fires on in responses to the group's first half.

    Args:
        subject: The model and its features.
        values: Of the items.
        pairs: Groups with features.

    Raises:
        InputError: a shard is damaged.
    """
    entries = subject.store.index.texts
    half = dict(zip(values.items, (~held_out(values)).tolist(), strict=True))
    chosen = torch.tensor([half.get(e.item, False) for e in entries])
    cells = [e.cell for e in entries]
    of_group = {name: torch.as_tensor(members(name, cells)) & chosen for name, _ in pairs}
    coder = part(subject.sae, [feature for _, feature in pairs])
    size = int(subject.loaded.model.config.get_text_config().vocab_size)
    sums = torch.zeros(len(pairs), size)
    counts = {name: torch.zeros(size) for name in of_group}
    for shard in range(len(subject.store.index.shards)):
        places = subject.store.places(shard)
        mask = (places.kind == TokenKind.RESPONSE) & chosen[places.text.long()]
        token, text = places.token[mask].long(), places.text[mask].long()
        values_f = coder.encode(subject.store.read(subject.module, shard)[mask].float())
        for name, members_t in of_group.items():
            mine = members_t[text]
            counts[name].index_add_(0, token[mine], torch.ones(int(mine.sum())))
        for n, (name, _) in enumerate(pairs):
            mine = of_group[name][text]
            sums[n].index_add_(0, token[mine], values_f[mine, n])
    tops = []
    for (name, _), row in zip(pairs, sums, strict=True):
        best = row.topk(min(TOP_TOKENS, size))
        kept = best.indices[best.values > 0]
        weights = row[kept].double()
        share = counts[name][kept].sum() / counts[name].sum()
        tops.append(TopTokens(kept.numpy(), (weights / weights.sum()).numpy(), float(share)))
    return tops


def share_of_way(before: FloatArray, after: FloatArray, own: FloatArray) -> Interval | None:
    """Return (mean after - mean before) / (mean own - mean before) with its interval.

    By the delta method, as both means before are of the same items. None where the group's mean is
    not above that of the others.

    Args:
        before: Values of other items, untouched, (n,).
        after: Of the same items with the tokens, (n,).
        own: Of the group's items, (m,).
    """
    gap = float(own.mean() - before.mean())
    if gap <= 0:
        return None
    value = float((after - before).mean()) / gap
    others = after - before + value * before
    spread = others.var(ddof=1) / len(others) + value**2 * own.var(ddof=1) / len(own)
    half = float(special.ndtri(0.975)) * float(np.sqrt(spread)) / gap
    return Interval(value, value - half, value + half, len(before))


@torch.inference_mode()
def response_means(subject: Subject, coder: Sae, texts: Sequence[Text]) -> FloatArray:
    """Return each feature's mean over the response tokens of each text, (texts, F).

    Args:
        subject: The model that reads.
        coder: Gives the features.
        texts: Each with a token in the response that is not a special one.
    """
    special_ids = torch.tensor(subject.loaded.tokenizer.all_special_ids, dtype=torch.long)
    means = np.zeros((len(texts), coder.features))
    for batch in length_batches(texts, _BATCH_TOKENS):
        # The padding is never seen: attention is causal and padding stands on the right.
        ids, _ = pad_texts([texts[t] for t in batch], 0)
        states = module_states(subject.loaded.model, [subject.module], ids)[subject.module].cpu()
        for row, number in enumerate(batch):
            start, length = len(texts[number].prompt), len(texts[number].completion)
            here = slice(start, start + length)
            kept = ~torch.isin(ids[row, here], special_ids)
            means[number] = coder.encode(states[row, here][kept].float()).mean(0).numpy()
    return means


def _skill(group: str) -> str:
    return group.rpartition("/")[2]


def _carriers(
    subject: Subject, values: ItemValues, coder: Sae, skills: set[str]
) -> dict[str, list[_Carrier]]:
    """Return for each skill responses to held-out items of the other skills."""
    held = held_out(values)
    numbers: dict[str, list[int]] = {}
    for number, entry in enumerate(subject.store.index.texts):
        numbers.setdefault(entry.item, []).append(number)
    chosen: dict[str, list[str]] = {}
    for skill in sorted(skills):
        others = np.flatnonzero(held & ~members(skill, values.cells))
        order = numpy_rng_for("features", "carriers", skill).permutation(len(others))
        chosen[skill] = [values.items[n] for n in others[order[:CARRIERS]]]
    items = sorted({item for names in chosen.values() for item in names})
    known = subject.store.texts([number for item in items for number in numbers[item]])
    texts = {}
    for item in items:
        text = next(known[n] for n in numbers[item] if n in known)
        texts[item] = Text(text.prompt, text.completion[:CARRIER_TOKENS])
    before = response_means(subject, coder, list(texts.values()))
    carriers = {
        item: _Carrier(text, row) for (item, text), row in zip(texts.items(), before, strict=True)
    }
    return {skill: [carriers[item] for item in names] for skill, names in chosen.items()}


def _with_tokens(text: Text, top: TopTokens, score: FeatureScore, number: int) -> Text:
    """Return the text with top tokens at random places of its response."""
    rng = numpy_rng_for("features", "injection", score.group, score.feature, number)
    share = min(top.share, 0.5)
    count = max(FEWEST, round(len(text.completion) * share / (1 - share)))
    drawn = rng.choice(top.tokens, size=count, p=top.weights)
    places = rng.integers(0, len(text.completion) + 1, count)
    return Text(text.prompt, np.insert(np.asarray(text.completion), places, drawn).tolist())
