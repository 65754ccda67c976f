"""What a model answers, as the texts whose activations are read."""

import math
from collections.abc import Sequence

from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.chat import SHOTS
from metaprobe.models.loading import LoadedModel
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import Majority, measure_responses
from metaprobe.probes.divergence import response_texts
from metaprobe.probes.representation import ItemText


def unread_majority(items: Sequence[Item]) -> Majority:
    """Return baselines that are no numbers, for a table of responses in which nobody reads them."""
    return {(f"{item.cell}/{item.family}", item.level): math.nan for item in items}


def answered(loaded: LoadedModel, items: Sequence[Item], sampling: Sampling) -> list[ItemText]:
    """Return the model's responses to the items, with the prompts that it saw and their verdicts.

    Raises:
        ConfigError: there are not enough worked examples for a model without a chat template.
    """
    table = measure_responses(loaded, items, sampling, unread_majority(items))
    by_id = {item.id: item for item in items}
    asked = [by_id[name] for name in table["item_id"].to_list()]
    texts = response_texts(loaded, asked, table["tokens"].to_list(), SHOTS)
    verdicts = [Verdict(verdict) for verdict in table["verdict"].to_list()]
    return [
        ItemText(item.id, item.cell, read.text, verdict)
        for item, read, verdict in zip(asked, texts, verdicts, strict=True)
    ]
