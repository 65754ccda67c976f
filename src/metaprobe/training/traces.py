"""Worked solutions as text: who words them (the style) and how long they are.

A style wraps the steps of an item's worked solution in words. `BASE_STYLES` are what a nano base
is trained on. A *teacher* words things differently from the base, as a larger model does: `near`
stays close to the base's habits, `far` does not. The distance is an experimental factor, since a
style that the base has never seen is a confound of every comparison of SFT with RL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from metaprobe.benchmark.items import Item
from metaprobe.core.streams import rng_for

Length = Literal["short", "long"]
Traces = Literal["short", "long", "mixed"]
Teacher = Literal["base", "near", "far"]
Solutions = Mapping[Length, Mapping[str, Sequence[str]]]
"""Completions of another teacher, by length and the item's id; see training/corpus/load.py."""

_NO_THOUGHT = "<think>\n\n</think>\n\n"


@dataclass(frozen=True, kw_only=True)
class Style:
    """One way of wording worked steps; `{step}`, `{n}` and `{answer}` are filled in."""

    name: str
    first: str = "{step}"
    """The first step."""
    later: str = "{step}"
    """Every later step."""
    joiner: str = "\n"
    opening: str = ""
    closing: str = ""
    final: str = "The answer is \\boxed{{{answer}}}."
    """What follows the thought, and states the answer."""

    def thought(self, steps: Sequence[str]) -> str:
        """Return the steps in this style's words."""
        worded = [
            (self.first if n == 1 else self.later).format(step=step, n=n)
            for n, step in enumerate(steps, start=1)
        ]
        return self.opening + self.joiner.join(worded) + self.closing


BASE_STYLES = (
    Style(name="plain"),
    Style(name="numbered", first="{n}. {step}", later="{n}. {step}"),
    Style(name="chained", first="First: {step}", later="then: {step}", joiner=" ; "),
)
"""The styles in a nano base's training text, equally often."""

TEACHERS: dict[str, tuple[Style, ...]] = {
    "base": BASE_STYLES,
    "near": (
        Style(
            name="near",
            first="Step {n}: {step}",
            later="Step {n}: {step}",
            final="So the answer is \\boxed{{{answer}}}.",
        ),
    ),
    "far": (
        Style(
            name="far",
            opening="Okay, let us think about this carefully. ",
            first="To begin with, we have {step}",
            later="From there we get {step}",
            joiner=". ",
            closing=". Everything is consistent.",
            final="**Final result** after the reasoning above: \\boxed{{{answer}}}",
        ),
    ),
}
"""The styles of each teacher."""


PARAPHRASES = (
    Style(name="next", later="Next, {step}", final="Thus the answer is \\boxed{{{answer}}}."),
    Style(name="bullets", first="- {step}", later="- {step}", final="Result: \\boxed{{{answer}}}"),
    Style(
        name="brackets",
        first="({n}) {step}",
        later="({n}) {step}",
        final="We find \\boxed{{{answer}}}.",
    ),
    Style(
        name="prose",
        first="First, {step}",
        later="Then, {step}",
        joiner=". ",
        closing=".",
        final="That gives \\boxed{{{answer}}}.",
    ),
    Style(
        name="we",
        first="We have {step}",
        later="Now we get {step}",
        final="Hence it is \\boxed{{{answer}}}.",
    ),
    Style(
        name="so",
        later="So {step}",
        final="Therefore: \\boxed{{{answer}}}",
    ),
    Style(
        name="after",
        opening="Okay.\n",
        later="After that, {step}",
        final="Finally, \\boxed{{{answer}}}.",
    ),
    Style(
        name="semicolons",
        later="next {step}",
        joiner="; ",
        final="In the end we have \\boxed{{{answer}}}.",
    ),
)
"""Other words for the same steps, each in its own; no base and no teacher uses them."""


def paraphrase_of(item: Item, variant: int) -> Style:
    """Return one of `PARAPHRASES`; the first eight variants of an item all differ."""
    order = rng_for("paraphrase", item.id).sample(PARAPHRASES, len(PARAPHRASES))
    return order[variant % len(order)]


def style_of(item: Item, teacher: Teacher, variant: int = 0) -> Style:
    """Return the style in which the teacher words this item's solution."""
    styles = TEACHERS[teacher]
    return styles[rng_for("style", teacher, item.id, variant).randrange(len(styles))]


def solution_text(item: Item, style: Style, length: Length) -> str:
    """Return the item's worked solution of that length as a completion."""
    return completion_text(steps_of(item, length), item.answer.render(), style, length)


def steps_of(item: Item, length: Length) -> tuple[str, ...]:
    """Return the steps of the item's worked solution of that length."""
    return item.long if length == "long" else item.short


def completion_text(steps: Sequence[str], answer: str, style: Style, length: Length) -> str:
    """Return steps and answer as Qwen3 writes a completion.

    A long one thinks in `<think>`; a short one has an empty thought, as with thinking switched
    off, and states its few steps in the answer.
    """
    final = style.final.format(answer=answer)
    if length == "long":
        return f"<think>\n{style.thought(steps)}\n</think>\n\n{final}"
    body = f"{style.thought(steps)}\n" if steps else ""
    return f"{_NO_THOUGHT}{body}{final}"


def prepared_text(item: Item, solutions: Solutions, length: Length, variant: int) -> str:
    """Return one of the prepared completions, with the empty thought of a short one.

    Args:
        item: the problem.
        solutions: the prepared completions.
        length: short or long.
        variant: which one; they are gone through again where the problem has fewer.
    """
    own = solutions[length][item.id]
    text = own[variant % len(own)]
    return text if length == "long" else f"{_NO_THOUGHT}{text}"


def trace_lengths(traces: Traces) -> tuple[Length, ...]:
    """Return the lengths that an arm may take of one item."""
    return ("short", "long") if traces == "mixed" else (traces,)


def choose_length(item: Item, traces: Traces, long_share: float, variant: int = 0) -> Length:
    """Return the length of this item's trace; `mixed` takes the long one with `long_share`."""
    if traces != "mixed":
        return traces
    return "long" if rng_for("length", item.id, variant).random() < long_share else "short"
