"""Colours, shapes and fonts that all figures share, and the way from a chart to SVG."""

import re
from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

import altair as alt
import vl_convert

from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView, View

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The Okabe-Ito palette without black and yellow, which vanish on a dark or a light page."""
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-left")
"""Seven shapes against six colours: the pair repeats only after 42 arms."""
GREY = "#8a8f98"
INK = "currentColor"
SANS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"

_ID = re.compile(r'(\bid="|url\(#|href="#)')
_GEOMETRY = re.compile(r' (?:d|transform|[xy][12]?|width|height)="[^"]*"')
_LONG = re.compile(r"(\.\d\d)\d+")
_DROPPED = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|xmlns:xlink)="[^"]*"')


def arm_color(arm: ArmView) -> str:
    """Return the colour of an arm, the same in every figure."""
    return OKABE_ITO[arm.index % len(OKABE_ITO)]


def arm_shape(arm: ArmView) -> str:
    """Return the marker of an arm, the same in every figure."""
    return SHAPES[arm.index % len(SHAPES)]


def arm_scales(view: View) -> tuple[Any, Any]:
    """Return the colour and shape encodings of the field `arm`, without a legend."""
    names = [arm.name for arm in view.arms]
    colors = alt.Scale(domain=names, range=[arm_color(arm) for arm in view.arms])
    shapes = alt.Scale(domain=names, range=[arm_shape(arm) for arm in view.arms])
    return (
        alt.Color("arm:N", scale=colors, legend=None),
        alt.Shape("arm:N", scale=shapes, legend=None),
    )


def rows(values: list[dict[str, Any]]) -> Any:
    """Return inline chart data."""
    return alt.Data(values=values)


def readable(word: str) -> str:
    """Return a word of the vocabulary as prose."""
    return word.replace("_", " ")


def zero_line() -> Any:
    """Return one rule a panel for a change of nothing; the caller says on which axis."""
    return alt.Chart().transform_aggregate(n="count()").mark_rule(color=INK, opacity=0.5)


def of_means(chart: Any) -> Any:
    """Keep the rows that are means over seeds."""
    return chart.transform_filter("!datum.single && !datum.absent")


def of_seeds(chart: Any) -> Any:
    """Keep the rows that are the values of single seeds."""
    return chart.transform_filter("datum.single")


def change_axis(ticks: int) -> Any:
    """Return an axis of signed points."""
    words = "datum.value == 0 ? '0' : format(datum.value, '+~g')"
    return alt.Axis(tickCount=ticks, labelExpr=words)


def log_ticks(values: Sequence[float]) -> list[float]:
    """Return round ticks for positive values on a log axis: tens, or 1-2-5 for a short range."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    ticks = [float(f"{m}e{e}") for e in range(low, high + 1) for m in steps]
    return [t for t in ticks if min(values) / 1.5 <= t <= max(values) * 1.5]


def step_axis(largest: int) -> Any:
    """Return the x encoding of `step`: symlog, so that log-spaced stages stand apart."""
    return alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(type="symlog", constant=1, domain=[0, max(largest, 1)], nice=False),
        axis=alt.Axis(values=step_ticks(largest), format="~s", grid=False, labelOverlap="greedy"),
    )


def step_ticks(largest: int) -> list[int]:
    """Return 0, the powers of ten well below the last step, and the last step."""
    powers = [10**k for k in range(9) if 10**k * 2 < largest]
    return [0, *powers, largest] if largest > 0 else [0]


def to_svg(chart: Any, label: str, name: str) -> Html:
    """Render a chart; `label` is what a screen reader says, `name` makes its ids unique."""
    configured = chart.configure(
        background="transparent",
        font=SANS,
        aria=False,
        padding=4,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=INK,
            titleColor=INK,
            gridColor=INK,
            domainColor=INK,
            tickColor=INK,
            gridOpacity=0.13,
            domainOpacity=0.35,
            tickOpacity=0.35,
            labelOpacity=0.85,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
        ),
        header=alt.HeaderConfig(
            labelColor=INK, titleColor=INK, labelFontSize=12, labelFontWeight="bold"
        ),
        legend=alt.LegendConfig(
            labelColor=INK, titleColor=INK, titleFontWeight="normal", labelFontSize=11
        ),
        title=alt.TitleConfig(color=INK, fontSize=12, fontWeight="bold", anchor="start"),
    )
    svg = vl_convert.vegalite_to_svg(configured.to_dict(validate=False))
    svg = _DROPPED.sub("", svg)
    svg = _GEOMETRY.sub(lambda found: _LONG.sub(r"\1", found.group(0)), svg)
    svg = _ID.sub(rf"\g<1>{name}-", svg)
    start = f'<svg role="img" aria-label="{escape(label, quote=True)}"'
    return Html(svg.replace("<svg", start, 1))
