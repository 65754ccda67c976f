"""Controlled changes of a teacher's traces.

A change depends on the item, the variant and its own name alone, and which traces are touched on
item and variant, so that arms that differ in nothing but the quality of their traces share all
others, and a larger share touches more of the same. docs/training/traces.md says what each does.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple

from metaprobe.benchmark.distractors import distractors
from metaprobe.benchmark.items import Item
from metaprobe.core.streams import rng_for
from metaprobe.training.traces import Style, paraphrase_of

Quality = Literal["verified", "wrong_steps", "shuffled", "truncated", "paraphrased", "unverified"]

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BITS = frozenset("01")


class Trace(NamedTuple):
    """A worked solution on its way to the text of a completion."""

    steps: tuple[str, ...]
    answer: str
    style: Style


def with_quality(trace: Trace, item: Item, quality: Quality, share: float, variant: int) -> Trace:
    """Return the trace of an item, changed where it is one of the share that is touched.

    A trace stays as it is where it leaves nothing to change, as a single step to be shuffled.

    Args:
        trace: the right one.
        item: the problem.
        quality: what is done to it.
        share: of the traces that are touched.
        variant: which of the item's traces it is.
    """
    if rng_for("touched", item.id, variant).random() >= share:
        return trace
    if quality == "paraphrased":
        return trace._replace(style=paraphrase_of(item, variant))
    change = _CHANGES[quality]
    return change(trace, item, rng_for("quality", quality, item.id, variant))


def _unchanged(trace: Trace, item: Item, rng: Random) -> Trace:
    del item, rng
    return trace


def _wrong_steps(trace: Trace, item: Item, rng: Random) -> Trace:
    """Change a digit of the last number of each step, or the answer where there is no number."""
    steps = tuple(_with_slip(step, rng) for step in trace.steps)
    if steps == trace.steps:
        steps, _ = _with_another_answer(trace, item, rng)
    return trace._replace(steps=steps)


def _shuffled(trace: Trace, item: Item, rng: Random) -> Trace:
    """Put the steps into another order."""
    del item
    steps = trace.steps
    if len(set(steps)) < 2:
        return trace
    while steps == trace.steps:
        steps = tuple(rng.sample(trace.steps, len(trace.steps)))
    return trace._replace(steps=steps)


def _truncated(trace: Trace, item: Item, rng: Random) -> Trace:
    """Leave out the second half of the steps."""
    del item, rng
    return trace._replace(steps=trace.steps[: len(trace.steps) // 2])


def _unverified(trace: Trace, item: Item, rng: Random) -> Trace:
    """Give a wrong answer, with a slip in the steps that leads to it."""
    steps, answer = _with_another_answer(trace, item, rng)
    if answer != trace.answer and steps == trace.steps:
        at = max((n for n, step in enumerate(steps) if _NUMBER.search(step)), default=None)
        if at is not None:
            steps = (*steps[:at], _with_slip(steps[at], rng), *steps[at + 1 :])
    return trace._replace(steps=steps, answer=answer)


_CHANGES: dict[str, Callable[[Trace, Item, Random], Trace]] = {
    "verified": _unchanged,
    "wrong_steps": _wrong_steps,
    "shuffled": _shuffled,
    "truncated": _truncated,
    "unverified": _unverified,
}


def _with_another_answer(trace: Trace, item: Item, rng: Random) -> tuple[tuple[str, ...], str]:
    """Return the steps with a wrong answer where they end in the right one, and that answer."""
    wrong = distractors(item)
    if not wrong:
        return trace.steps, trace.answer
    other = rng.choice(wrong)
    ends = re.compile(rf"(?<!\w){re.escape(trace.answer)}(?=[.]?$)")
    return tuple(ends.sub(lambda _: other, step) for step in trace.steps), other


def _with_slip(step: str, rng: Random) -> str:
    """Return a step with another digit in its last number."""
    numbers = list(_NUMBER.finditer(step))
    if not numbers:
        return step
    number = numbers[-1]
    at = rng.choice([n for n, digit in enumerate(number[0]) if digit != "."])
    digits = "01" if len(number[0]) > 1 and set(number[0]) <= _BITS else "0123456789"
    leading = at == 0 and len(number[0]) > 1 and number[0][0] != "0"
    others = [d for d in digits if d != number[0][at] and not (leading and d == "0")]
    if not others:
        others = [d for d in "23456789" if d != number[0][at]]
    place = number.start() + at
    return step[:place] + rng.choice(others) + step[place + 1 :]
