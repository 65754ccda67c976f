"""Items and targets of the tests of hand-over."""

from typing import Any

from metaprobe.benchmark.answers import FreeFormAnswer, IntegerAnswer, RationalAnswer
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.vocabulary import Domain, Skill, Split
from metaprobe.training.handoff.job import Draft, Target


def item(number: int, answer: Any = None, level: int = 1) -> Item:
    """A problem with a solution of one step."""
    question = f"What is {number} + 1?"
    return Item(
        id=content_hash(question),
        domain=Domain.MATHEMATICS,
        skill=Skill.CALCULATION,
        family="sums",
        level=level,
        split=Split.TRAIN,
        question=question,
        answer=answer or IntegerAnswer(value=number + 1),
        short=(),
        long=(f"{number} + 1 = {number + 1}",),
        source="test",
    )


ITEMS = [item(n, level=1 + n % 3) for n in range(12)]
MIXED = [
    item(1),
    item(2, RationalAnswer(numerator=1, denominator=3)),
    item(3, FreeFormAnswer(value="x^2")),
]
"""Golds whose kinds have different fields."""


def target(**changes: Any) -> Target:
    """One device, one arm, the shipped base."""
    fields: dict[str, Any] = {"arm": "a", "seed": 0, "base": "nano/qwen3", "nodes": 1, "gpus": 1}
    return Target(**{**fields, **changes})


def text(draft: Draft, name: str) -> str:
    """A file of a job as text."""
    content = draft.files[name]
    assert isinstance(content, str)
    return content
