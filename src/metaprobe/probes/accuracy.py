"""Sampled responses of one stage, graded: the accuracy probe.

The random stream of a response is named by the item and the sample alone, so base and stages
answer an item with the same random numbers, and a difference between them is the models'.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.self_check import has_self_check
from metaprobe.models.chat import (
    NEXT_QUESTION,
    SHOTS,
    end_of_turn,
    has_chat_template,
    padding,
)
from metaprobe.models.decoding import Decoder
from metaprobe.models.loading import LoadedModel
from metaprobe.models.sampler import Request, StopText, sample, sample_from
from metaprobe.models.sampling import Sampling
from metaprobe.probes.prompts import item_prompts

VERSION = 3
"""Raised whenever the same model and items would give other rows."""

Majority = Mapping[tuple[str, int], float]
"""Majority-answer baseline by family name (`domain/skill/name`) and level."""


def measure_responses(
    loaded: LoadedModel,
    items: Sequence[Item],
    sampling: Sampling,
    majority: Majority,
    *,
    shots: int = SHOTS,
    decoder: Decoder | None = None,
) -> pl.DataFrame:
    """Sample and grade `sampling.samples` responses to each item.

    A model without a chat template sees `shots` worked examples before the question, and its
    response ends where it goes on to another one.

    Args:
        loaded: the model.
        items: what is asked.
        sampling: how responses are drawn.
        majority: goes into the column of that name.
        shots: worked examples, where the model has no chat template.
        decoder: computes the logits, in the place of the fastest of the model.

    Returns:
        One row a response: `item_id, domain, skill, family, level, sample, verdict, self_check,
        chance, majority, answer, response, tokens, logprob`; `logprob` is the mean over tokens,
        in nats.
    """
    tokenizer = loaded.tokenizer
    stop_text = None if has_chat_template(tokenizer) else StopText(tokenizer, NEXT_QUESTION)
    prompts = item_prompts(loaded, items, shots, room=sampling.max_new_tokens)
    requests = [Request(item.id, prompt) for item, prompt in zip(items, prompts, strict=True)]
    draw = (
        partial(sample, loaded.model)
        if decoder is None
        else partial(sample_from, lambda _: decoder)
    )
    completions = draw(
        requests,
        sampling,
        stop=end_of_turn(tokenizer),
        pad=padding(tokenizer),
        stop_text=stop_text,
    )
    rows = []
    for item, group in zip(items, completions, strict=True):
        texts = tokenizer.batch_decode([c.tokens for c in group], skip_special_tokens=True)
        for number, (completion, text) in enumerate(zip(group, texts, strict=True)):
            if stop_text:
                text = text.partition(stop_text.text)[0]
            graded = grade(item.answer, text, truncated=completion.truncated)
            rows.append(
                {
                    "item_id": item.id,
                    "domain": str(item.domain),
                    "skill": str(item.skill),
                    "family": item.family,
                    "level": item.level,
                    "sample": number,
                    "verdict": str(graded.verdict),
                    "self_check": has_self_check(text),
                    "chance": item.answer.chance,
                    "majority": majority[f"{item.cell}/{item.family}", item.level],
                    "answer": graded.answer,
                    "response": text,
                    "tokens": completion.tokens,
                    "logprob": sum(completion.logprobs) / len(completion.logprobs),
                }
            )
    return pl.DataFrame(rows, schema_overrides={"answer": pl.String, "tokens": pl.List(pl.Int32)})
