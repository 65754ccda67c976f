"""Paraphrase: whether a feature still tells its skill when the same items are asked in other words.

The held-out items are put in another wording by their generators (`benchmark.rewording`), the
model answers them anew, and the feature's AUROC over these answers is taken. They are not read with
the old answer: features are scored on responses, and those would hold the same tokens as before.

A feature survives where the lower end of the interval is above one half, and the AUROC above those
of the random directions that stand beside it, on the same answers.
"""

from collections.abc import Sequence

from metaprobe.benchmark.items import Item
from metaprobe.benchmark.rewording import reworded
from metaprobe.core.association import auroc, auroc_interval
from metaprobe.core.results import FeatureScore
from metaprobe.probes.features.scoring import (
    LEVEL,
    MIN_ITEMS,
    ItemValues,
    aurocs,
    candidates,
    held_out,
    members,
)


def other_wordings(items: Sequence[Item], values: ItemValues) -> list[Item]:
    """Return the held-out items in other words, those that have some.

    Args:
        items: All that the model has answered.
        values: Of these.
    """
    held = {name for name, mine in zip(values.items, held_out(values), strict=True) if mine}
    found: dict[str, Item] = {}
    for item in items:
        other = reworded(item, {i.id for i in items} | found.keys()) if item.id in held else None
        if other:
            found[other.id] = other
    return list(found.values())


def paraphrased(
    values: ItemValues, other: ItemValues, scores: Sequence[FeatureScore]
) -> list[FeatureScore]:
    """Return the scores with the control of paraphrase, where q is below `LEVEL`.

    Args:
        values: Of the items that were scored.
        other: Of the answers to the held-out items in other words.
        scores: Of `score_features`.
    """
    held, rows = held_out(values), []
    for score in scores:
        positive = members(score.group, other.cells)
        n_group = int(positive.sum())
        n_others = len(positive) - n_group
        if score.q_value >= LEVEL or min(n_group, n_others) < MIN_ITEMS // 2:
            rows.append(score)
            continue
        column = other.features[:, score.feature]
        area = auroc_interval(auroc(column[positive], column[~positive]), n_group, n_others)
        by_chance = candidates(values.random[~held], members(score.group, values.cells)[~held])
        random = float(aurocs(other.random[:, by_chance], positive).max())
        rows.append(
            score.model_copy(
                update={
                    "paraphrase": area.value,
                    "paraphrase_low": area.low,
                    "paraphrase_high": area.high,
                    "paraphrase_random": random,
                    "n_paraphrase": len(positive),
                    "n_paraphrase_group": n_group,
                    "survives_paraphrase": area.low > 0.5 and area.value > random,
                }
            )
        )
    return rows
