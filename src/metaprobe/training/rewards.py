"""Rewards of a rollout; pure functions of an item and a response.

docs/training/rewards.md has the formulas, their sources, and how each can be gamed.
"""

from typing import Literal, NamedTuple

from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.steps import check_steps
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import Verdict

Reward = Literal["answer", "steps", "strict", "format", "random"]

RANDOM_SHARE = 0.5
"""Probability of a reward under `random` (arXiv 2506.10947)."""

_OPENED, _CLOSED = "<think>", "</think>"


class RewardSettings(NamedTuple):
    """What is rewarded."""

    kind: Reward = "answer"
    step_weight: float = 1.0
    """Of `steps`: weight w in (1 - w) answer + w steps."""


def answer_correctness(item: Item, response: str, *, truncated: bool) -> float:
    """Return 1 for a correct boxed answer and 0 otherwise."""
    verdict = grade(item.answer, response, truncated=truncated).verdict
    return 1.0 if verdict is Verdict.CORRECT else 0.0


def reward_for(
    settings: RewardSettings, item: Item, response: str, *, correct: float, stream: str
) -> float:
    """Return the reward of a response, from 0 to 1.

    - `answer`: whether the answer is correct;
    - `steps`: (1 - w) answer + w times the share of verified steps (the mix of arXiv 2512.07783);
    - `strict`: 1 where the answer is correct and every step verified (same source);
    - `format`: 1 where a thought is closed and an answer of the gold's type boxed after it;
    - `random`: 1 or 0 by the toss of a coin (arXiv 2506.10947).

    Args:
        settings: what is rewarded.
        item: the training problem.
        response: the decoded completion.
        correct: 1 where its answer is correct, else 0.
        stream: name of the random stream of this response.
    """
    match settings.kind:
        case "answer":
            return correct
        case "steps":
            weight = settings.step_weight
            return (1 - weight) * correct + weight * check_steps(item, response).share
        case "strict":
            return correct if correct and check_steps(item, response).share == 1 else 0.0
        case "format":
            return float(has_form(item, response))
        case "random":
            return float(rng_for("reward", stream).random() < RANDOM_SHARE)


def has_form(item: Item, response: str) -> bool:
    """Return whether one thought is closed and an answer of the gold's type boxed after it.

    `<think>` may be missing where the prompt has it; whether the answer is right does not count.
    """
    before, closed, after = response.partition(_CLOSED)
    thought = before.lstrip().removeprefix(_OPENED)
    if not closed or _OPENED in thought or _OPENED in after or _CLOSED in after:
        return False
    return grade(item.answer, after).verdict in (Verdict.CORRECT, Verdict.WRONG)
