"""The texts on which models are compared: what they answered, and what items give as solutions."""

from collections.abc import Sequence

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_completion, has_chat_template
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.probes.divergence.measure import CellText
from metaprobe.probes.prompts import LEAD, item_prompts


def response_texts(
    loaded: LoadedModel, items: Sequence[Item], tokens: Sequence[Sequence[int]], shots: int
) -> list[CellText]:
    """Return the responses of a model with the prompts that it saw.

    Args:
        loaded: the model that answered.
        items: what was asked.
        tokens: one response to each item.
        shots: worked examples before a question, for a model without a chat template.

    Raises:
        ConfigError: there are not so many examples.
    """
    prompts = item_prompts(loaded, items, shots, room=0)
    return [
        CellText(item.cell, Text(prompt, list(response)))
        for item, prompt, response in zip(items, prompts, tokens, strict=True)
    ]


def reference_texts(loaded: LoadedModel, items: Sequence[Item], shots: int) -> list[CellText]:
    """Return the long worked solution of each item and its gold, closed by the end of the turn.

    Args:
        loaded: the model whose prompts and tokenizer are used.
        items: the items.
        shots: worked examples before a question, for a model without a chat template.

    Raises:
        ConfigError: there are not so many examples.
    """
    border = "" if has_chat_template(loaded.tokenizer) else " "
    solutions = [
        border + "\n".join([*item.long, f"{LEAD}{item.answer.render()}}}."]) for item in items
    ]
    tokens = [encode_completion(loaded.tokenizer, solution) for solution in solutions]
    return response_texts(loaded, items, tokens, shots)
