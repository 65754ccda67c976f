"""The prompt of each item: a chat turn, or worked examples where the model has no chat template.

Examples are train items of the item's own family and level, so that they show the form of the
answer. They are drawn by a stream that the item names: base and stages see the same ones.
"""

from collections.abc import Sequence
from functools import cache

from metaprobe.benchmark.family import find_family
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import CapacityError, ConfigError
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import Split
from metaprobe.models.chat import (
    Example,
    Tokenizer,
    encode_prompt,
    has_chat_template,
    plain_prompt,
    prompt_text,
)
from metaprobe.models.loading import LoadedModel

LEAD = "The answer is \\boxed{"
"""What stands before an answer in an example."""

_POOL = 24
"""Train items of a family and level that examples are drawn from, at least."""


def prompt_form(tokenizer: Tokenizer, shots: int) -> str:
    """Return in words how a model with this tokenizer is asked."""
    if has_chat_template(tokenizer):
        return "chat template of the model"
    return f"Question and Answer after {shots} worked examples, for want of a chat template"


def item_text(loaded: LoadedModel, item: Item, shots: int, *, worked: bool = True) -> str:
    """Return the text of an item's prompt.

    Args:
        loaded: the model; its chat template is used if it has one, without examples.
        item: the item that is asked.
        shots: examples before it, otherwise.
        worked: whether examples show the long solution before the answer; without it they, and
            the template's turn, go on with the answer at once.

    Raises:
        ConfigError: there are not so many examples.
    """
    if has_chat_template(loaded.tokenizer):
        return prompt_text(loaded.tokenizer, item.question, thinking=None if worked else False)
    return plain_prompt(item.question, examples(item, shots, worked=worked))


def item_prompts(
    loaded: LoadedModel, items: Sequence[Item], shots: int, *, room: int
) -> list[list[int]]:
    """Return the prompt ids of each item, as `item_text` with worked examples.

    Args:
        loaded: the model.
        items: the items that are asked.
        shots: examples before each, where the model has no chat template.
        room: tokens that must fit after a prompt.

    Raises:
        ConfigError: there are not so many examples, or they do not fit into the model's context.
    """
    prompts = [encode_prompt(loaded.tokenizer, item_text(loaded, i, shots)) for i in items]
    check_length(loaded, max(map(len, prompts), default=0) + room, shots)
    return prompts


def check_length(loaded: LoadedModel, tokens: int, shots: int) -> None:
    """Check that a text with examples fits into the model's context.

    Raises:
        ConfigError: it does not.
    """
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    if limit and tokens > limit and shots and not has_chat_template(loaded.tokenizer):
        raise ConfigError(
            f"{loaded.name}: a prompt of {shots} examples with its response takes {tokens} tokens, "
            f"its context has {limit}; set probes.shots or sampling.max_new_tokens lower"
        )


def examples(item: Item, shots: int, *, worked: bool) -> list[Example]:
    """Return `shots` train items of the item's family and level with their answers.

    Raises:
        ConfigError: the family is not a generator, or has fewer train items.
    """
    if not shots:
        return []
    pool = [i for i in _train_items(f"{item.cell}/{item.family}", item.level, shots) if i != item]
    if len(pool) < shots:
        raise CapacityError(
            f"{item.cell}/{item.family} has only {len(pool)} train items at level {item.level}, "
            f"{shots} examples were asked for; set probes.shots lower"
        )
    drawn = rng_for("shots", item.id).sample(pool, shots)
    return [Example(i.question, _answer(i, worked=worked)) for i in drawn]


def _answer(item: Item, *, worked: bool) -> str:
    steps = item.long if worked else ()
    return "\n".join([*steps, f"{LEAD}{item.answer.render()}}}."])


@cache
def _train_items(place: str, level: int, shots: int) -> tuple[Item, ...]:
    try:
        family = find_family(place)
    except ConfigError as error:
        raise ConfigError(
            f"no worked examples for a model without a chat template: {error}; set probes.shots=0"
        ) from error
    limit = max(_POOL, shots + 1)
    return tuple(family.stream(split=Split.TRAIN, level=level, seed=0, limit=limit))
