"""Known ways in which a run goes wrong, where one was seen: with evidence, onset and advice."""

from collections.abc import Iterable

from metaprobe.analysis.signatures.catalogue import KNOWN
from metaprobe.core.results import Signature, SignatureName
from metaprobe.report.figures.signatures import signature_chart
from metaprobe.report.markup import Html, folded, section, tag, text
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import ArmView, View

_NOTE = (
    "Looked for in the curves of the stages, in what the training logged and in the responses. A "
    "dashed line is the onset, the band its 95 % interval; the curves are those of the seed that "
    "is named. What no rule fits is not here, and may still be wrong."
)

_Seen = dict[int, Signature]
"""By seed."""


def signatures(view: View) -> Html:
    """Return the section; empty where nothing was seen."""
    parts = []
    for name in SignatureName:
        seen = [(arm, found) for arm in view.arms if (found := _seen(view, arm, name))]
        if seen:
            parts.append(_signature(name, seen))
    if not parts:
        return Html("")
    note = tag("p", text(_NOTE), class_="fine")
    return section("signatures", "Signs of trouble", note, *parts)


def _seen(view: View, arm: ArmView, name: SignatureName) -> _Seen:
    runs = (run for run in view.summary.arms if run.arm == arm.name)
    return {run.seed: s for run in runs for s in run.signatures or () if s.name == name}


def _signature(name: SignatureName, seen: Iterable[tuple[ArmView, _Seen]]) -> Html:
    cards, advice = [], KNOWN[name].advice
    for arm, found in seen:
        seed, first = next(iter(found.items()))
        where = f"seed {seed}"
        if len(arm.seeds) > 1:
            where = f"{len(found)} of {len(arm.seeds)} seeds; shown is seed {seed}"
        cards.append(
            tag(
                "div",
                tag("h4", arm_name(arm), text(f", {where}")),
                tag("p", text(_sentence(first)), class_="fine"),
                tag("div", signature_chart(arm, first), class_="graphic"),
            )
        )
        advice = tuple(first.advice)
    tried = tag("ul", *(tag("li", text(line)) for line in advice))
    return tag(
        "div",
        tag("h3", text(KNOWN[name].title)),
        *cards,
        folded(text("What to try"), tried),
    )


def _sentence(seen: Signature) -> str:
    if seen.onset is None:
        return seen.text
    ends = ""
    if seen.onset_low is not None and seen.onset_high is not None:
        ends = f" (95 % {seen.onset_low} to {seen.onset_high})"
    return f"{seen.text[:1].upper()}{seen.text[1:]} Onset: step {seen.onset}{ends}."
