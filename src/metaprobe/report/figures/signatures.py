"""The curves behind a signature, each with its onset marked."""

from typing import Any

import altair as alt

from metaprobe.core.results import Evidence, Signature
from metaprobe.report.figures.theme import (
    INK,
    OKABE_ITO,
    arm_color,
    readable,
    rows,
    step_axis,
    to_svg,
)
from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView

MOST_CURVES = 3
"""Curves that are shown of a signature; the most telling ones come first."""

_STAGES = 12
"""Points up to which a curve is one of stages, whose steps are mostly spaced as on a log scale."""


def signature_chart(arm: ArmView, seen: Signature) -> Html:
    """The first curves of a signature side by side; a dashed rule is the onset."""
    panels = [_panel(arm, evidence) for evidence in seen.evidence[:MOST_CURVES]]
    label = f"{readable(seen.name)} of {arm.name}: {seen.text}"
    return to_svg(alt.hconcat(*panels, spacing=24), label, f"signature-{seen.name}-{arm.index}")


def _panel(arm: ArmView, evidence: Evidence) -> Any:
    points = [{"step": point.step, "value": point.value} for point in evidence.curve]
    largest = evidence.curve[-1].step
    of_stages = len(points) <= _STAGES
    axis = alt.Axis(tickCount=5, format="~s", grid=False)
    plain = alt.X("step:Q", title="step", scale=alt.Scale(nice=False), axis=axis)
    x = step_axis(largest) if of_stages else plain
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    line = alt.Chart(rows(points)).encode(x=x, y=y)
    mark = {"color": arm_color(arm), "strokeWidth": 2, "point": of_stages}
    layers = [line.mark_line(**mark)]
    if evidence.onset is not None:
        ends = {"low": evidence.onset_low, "high": evidence.onset_high, "step": evidence.onset}
        onset = alt.Chart(rows([ends]))
        if evidence.onset_low is not None and evidence.onset_high is not None:
            band = onset.mark_rect(color=OKABE_ITO[1], opacity=0.16)
            layers.insert(0, band.encode(x=alt.X("low:Q", title="step"), x2="high:Q"))
        layers.append(onset.mark_rule(color=INK, strokeDash=[4, 3], opacity=0.8).encode(x="step:Q"))
    title = alt.TitleParams(readable(evidence.subject), fontSize=12, limit=230)
    return alt.layer(*layers).properties(width=250, height=90, title=title)
