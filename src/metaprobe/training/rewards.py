"""Rewards of a rollout; pure functions of an item and a response."""

from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Verdict


def answer_correctness(item: Item, response: str, *, truncated: bool) -> float:
    """Return 1 for a correct boxed answer and 0 otherwise."""
    verdict = grade(item.answer, response, truncated=truncated).verdict
    return 1.0 if verdict is Verdict.CORRECT else 0.0
