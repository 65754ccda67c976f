"""Gold and wrong answers as continuations of the prompt, ranked by log-likelihood.

The gold of an item and its distractors follow the prompt and `The answer is \\boxed{`; each is
scored with the brace that closes it, so that an answer is not preferred for being the beginning
of another. The greatest log-likelihood per byte wins. Sources: Gao, "Multiple Choice Normalization
in LM Evaluation", EleutherAI 2021; lm-evaluation-harness 0.4, `acc` (the sum), `acc_bytes` (the
sum per byte) and `acc_norm` (per character, the same in ASCII). Nothing is sampled.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import polars as pl

from metaprobe.benchmark.distractors import distractors
from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_prompt, has_chat_template, padding
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text, completion_logprobs
from metaprobe.models.runtime import torch
from metaprobe.probes.prompts import LEAD, check_length, item_text

VERSION = 1
"""Raised whenever the same model and items would give other rows."""


class Ranked(NamedTuple):
    """What the scores of a gold and of wrong answers come to."""

    correct: float
    """1 where the gold has the greatest log-likelihood per byte, its share of a tie, else 0."""
    unnormalised: float
    """The same for the log-likelihood itself."""
    margin: float
    """Log-likelihood per byte of the gold minus that of the best wrong answer, in nats."""


def rank(logprobs: Sequence[float], lengths: Sequence[int]) -> Ranked:
    """Return how the first of several answers fares against the others.

    Args:
        logprobs: log-likelihood of each answer in nats, the gold's first.
        lengths: bytes of each answer.
    """
    per_byte = [value / length for value, length in zip(logprobs, lengths, strict=True)]
    return Ranked(_wins(per_byte), _wins(logprobs), per_byte[0] - max(per_byte[1:]))


def _wins(scores: Sequence[float]) -> float:
    best = max(scores)
    return (scores[0] == best) / scores.count(best)


def measure_likelihood(loaded: LoadedModel, items: Sequence[Item], *, shots: int) -> pl.DataFrame:
    """Score the gold of each item against its distractors.

    Args:
        loaded: the model.
        items: the items.
        shots: examples before each question, where the model has no chat template.

    Returns:
        One row an item: `item_id, domain, skill, family, level, options, logprobs, bytes, chance,
        correct, unnormalised, margin`; the gold is the first of the options, and the last four
        are null where it has no distractor.

    Raises:
        ConfigError: there are not enough examples, or they do not fit into the model's context.
    """
    options = [[item.answer.render(), *distractors(item)] for item in items]
    texts = [
        text
        for item, answers in zip(items, options, strict=True)
        for text in _texts(loaded, item_text(loaded, item, shots, worked=False), answers)
    ]
    check_length(loaded, max((len(p) + len(c) for p, c in texts), default=0), shots)
    totals = iter(_log_likelihoods(loaded, texts))
    rows = []
    for item, answers in zip(items, options, strict=True):
        logprobs = [next(totals) for _ in answers]
        lengths = [len(f"{answer}}}".encode()) for answer in answers]
        ranked = rank(logprobs, lengths) if len(answers) > 1 else None
        rows.append(
            {
                "item_id": item.id,
                "domain": str(item.domain),
                "skill": str(item.skill),
                "family": item.family,
                "level": item.level,
                "options": answers,
                "logprobs": logprobs,
                "bytes": lengths,
                "chance": 1 / len(answers) if ranked else None,
                "correct": ranked.correct if ranked else None,
                "unnormalised": ranked.unnormalised if ranked else None,
                "margin": ranked.margin if ranked else None,
            }
        )
    floats = ("chance", "correct", "unnormalised", "margin")
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(floats, pl.Float64))


def _texts(loaded: LoadedModel, prompt: str, answers: Sequence[str]) -> list[Text]:
    """Return prompt and continuation of each answer, as tokens.

    A token that reaches over the border belongs to the continuation, and the prompt is what all
    answers share of it, so that every answer is scored from the same place.
    """
    tokenizer = loaded.tokenizer
    context = f"{prompt}{'' if has_chat_template(tokenizer) else ' '}{LEAD}"
    wholes = [encode_prompt(tokenizer, f"{context}{answer}}}") for answer in answers]
    together = zip(encode_prompt(tokenizer, context), *wholes, strict=False)
    shared = len(list(takewhile(lambda ids: len(set(ids)) == 1, together)))
    return [Text(ids[:shared], ids[shared:]) for ids in wholes]


def _log_likelihoods(loaded: LoadedModel, texts: Sequence[Text]) -> list[float]:
    """Return the log-likelihood of each continuation in nats."""
    if not texts:
        return []
    with torch.inference_mode():
        logprobs, _ = completion_logprobs(loaded.model, texts, padding(loaded.tokenizer))
    parts = logprobs.double().cpu().split([len(text.completion) for text in texts])
    return [float(part.sum()) for part in parts]
