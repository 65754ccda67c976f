"""Figures of the skill profile at the last stage: radar, dots with whiskers, heat map."""

from math import cos, pi, sin
from typing import Any

import altair as alt

from metaprobe.core.vocabulary import CELLS, Domain, Skill
from metaprobe.report.figures.theme import (
    GREY,
    INK,
    arm_color,
    arm_scales,
    change_axis,
    of_means,
    of_seeds,
    readable,
    rows,
    to_svg,
    zero_line,
)
from metaprobe.report.markup import NOT_MEASURED, Html, interval, percent, points
from metaprobe.report.view import ArmView, Pooled, StageView, View

HEAT_RANGE = 40
"""Points of change at which the colour of the heat map is full."""
HEAT_COLORS = ("#a83f00", "#e9a26f", "#f5f5f2", "#7db4dc", "#005a91")
_RADIUS = 98.0
_HALF_WIDTH = 134.0
_ABOVE, _BELOW = 136.0, 116.0
_DOMAIN_LABELS = {Domain.MATHEMATICS: "maths"}


def radar(view: View, arm: ArmView) -> Html:
    """Five skills on a fixed scale from 0 to 1: the base in grey, the arm with its interval."""
    last = arm.last
    tuned = last.skills if last else {}
    color = arm_color(arm)
    base_ring = _ring(view.base, "accuracy")
    parts = [_grid(), _polygon(base_ring, GREY, 0.16, GREY, 1.5)]
    if last:
        outer, inner = _ring(last, "high"), _ring(last, "low")
        if outer and len(outer) == len(inner):
            band = [*outer, outer[0], inner[0], *reversed(inner)]
            parts.append(_polygon(band, color, 0.22, "transparent", 0))
        parts.append(_polygon(_ring(last, "accuracy"), "transparent", 0, color, 2.2))
        parts.append(_dots(_ring(last, "accuracy"), color))
    parts.append(_axis_labels(view.base.skills, tuned))
    chart = alt.layer(*parts).properties(width=2 * _HALF_WIDTH, height=_ABOVE + _BELOW)
    label = f"Radar of {arm.name}: " + "; ".join(_spoken(skill, view, tuned) for skill in Skill)
    return to_svg(chart, label, f"radar{arm.index}")


def _spoken(skill: Skill, view: View, tuned: dict[Skill, Pooled]) -> str:
    base, now = view.base.skills.get(skill), tuned.get(skill)
    values = f"base {percent(base.accuracy if base else None)}"
    return f"{readable(skill)} {values}, tuned {percent(now.accuracy if now else None)}"


def _at(skill: Skill, radius: float) -> tuple[float, float]:
    angle = pi / 2 - 2 * pi * list(Skill).index(skill) / len(Skill)
    return radius * cos(angle), radius * sin(angle)


def _ring(stage: StageView, field: str) -> list[dict[str, float]]:
    ring = []
    for skill in Skill:
        value = getattr(stage.skills[skill], field) if skill in stage.skills else None
        if value is not None:
            x, y = _at(skill, max(0.0, min(1.0, value)))
            ring.append({"x": x, "y": y})
    return ring


def _place(x: str = "x", y: str = "y") -> dict[str, Any]:
    width, top, bottom = _HALF_WIDTH / _RADIUS, _ABOVE / _RADIUS, _BELOW / _RADIUS
    x_scale = alt.Scale(domain=[-width, width], nice=False, zero=False)
    y_scale = alt.Scale(domain=[-bottom, top], nice=False, zero=False)
    return {
        "x": alt.X(f"{x}:Q", scale=x_scale, axis=None),
        "y": alt.Y(f"{y}:Q", scale=y_scale, axis=None),
    }


def _polygon(
    ring: list[dict[str, float]], fill: str, fill_opacity: float, stroke: str, width: float
) -> Any:
    numbered = [{**point, "i": i} for i, point in enumerate(ring)]
    mark = alt.Chart(rows(numbered)).mark_line(
        interpolate="linear-closed",
        fill=fill,
        fillOpacity=fill_opacity,
        stroke=stroke,
        strokeWidth=width,
        strokeJoin="round",
    )
    return mark.encode(order="i:Q", **_place())


def _dots(ring: list[dict[str, float]], color: str) -> Any:
    return (
        alt.Chart(rows(list(ring))).mark_circle(color=color, opacity=1, size=26).encode(**_place())
    )


def _grid() -> Any:
    levels = (0.25, 0.5, 0.75, 1.0)
    rings = [
        {"x": x, "y": y, "i": i, "level": level}
        for level in levels
        for i, (x, y) in enumerate(_at(skill, level) for skill in Skill)
    ]
    spokes = [{"x": 0, "y": 0, "x2": x, "y2": y} for x, y in (_at(skill, 1.0) for skill in Skill)]
    ticks = [{"x": 0.03, "y": level, "label": f"{level:.0%}"[:-1]} for level in (0.5, 1.0)]
    return alt.layer(
        alt.Chart(rows(rings))
        .mark_line(interpolate="linear-closed", stroke=INK, strokeOpacity=0.17, strokeWidth=1)
        .encode(order="i:Q", detail="level:N", **_place()),
        alt.Chart(rows(spokes))
        .mark_rule(stroke=INK, strokeOpacity=0.17)
        .encode(x2="x2:Q", y2="y2:Q", **_place()),
        alt.Chart(rows(ticks))
        .mark_text(align="left", baseline="top", fontSize=9, color=INK, opacity=0.6, dx=1, dy=1)
        .encode(text="label:N", **_place()),
    )


def _axis_labels(base: dict[Skill, Pooled], tuned: dict[Skill, Pooled]) -> Any:
    values = []
    for skill in Skill:
        x, y, side, above = _label_place(skill)
        change = _before_after(base.get(skill), tuned.get(skill))
        for line, words in enumerate((readable(skill), change)):
            raised = y + (above - 14 * line) / _RADIUS
            values.append({"x": x, "y": raised, "side": side, "first": line == 0, "label": words})
    mark = alt.Chart(rows(values)).mark_text(
        align=alt.ExprRef("datum.side"),
        fontWeight=alt.ExprRef("datum.first ? 'bold' : 'normal'"),
        opacity=alt.ExprRef("datum.first ? 1 : 0.85"),
        baseline="middle",
        fontSize=12,
        color=INK,
    )
    return mark.encode(text="label:N", **_place())


def _label_place(skill: Skill) -> tuple[float, float, str, int]:
    """Return where a label stands, how it is aligned, and its pixels above that point."""
    x, y = _at(skill, 1.0)
    if abs(x) < 0.1:
        return x, y, "center", 27
    if y < 0:
        return x, y, "center", -14
    edge = (_HALF_WIDTH - 3) / _RADIUS
    return (edge, y, "right", 36) if x > 0 else (-edge, y, "left", 36)


def _before_after(before: Pooled | None, after: Pooled | None) -> str:
    if after is None or after.accuracy is None:
        return NOT_MEASURED
    start = "?" if before is None or before.accuracy is None else f"{100 * before.accuracy:.0f}"
    return f"{start} \N{RIGHTWARDS ARROW} {100 * after.accuracy:.0f}"


def whiskers(view: View) -> Html:
    """The change of every skill, over all domains and in each, with its 95 % interval."""
    values = _whisker_rows(view)
    color, shape = arm_scales(view)
    names = [arm.name for arm in view.arms]
    y = alt.Y("skill:N", sort=[readable(s) for s in Skill], title=None, axis=alt.Axis(ticks=False))
    offset = alt.YOffset("arm:N", sort=names, scale=alt.Scale(paddingOuter=0.35))
    x = alt.X("delta:Q", title="change, points", axis=change_axis(5))
    bars = of_means(alt.Chart()).mark_rule(strokeWidth=2, opacity=0.65)
    dots = of_means(alt.Chart()).mark_point(filled=True, size=42, opacity=1)
    ticks = of_seeds(alt.Chart()).mark_tick(thickness=1, size=9, opacity=0.8)
    chart = alt.layer(
        zero_line().encode(x=alt.datum(0)),
        bars.encode(
            x=alt.X("low:Q", title="change, points"), x2="high:Q", y=y, yOffset=offset, color=color
        ),
        ticks.encode(x="delta:Q", y=y, yOffset=offset, color=color),
        dots.encode(x=x, y=y, yOffset=offset, color=color, shape=shape),
        alt.Chart()
        .transform_filter("datum.absent")
        .mark_text(fontSize=10, color=INK, opacity=0.7, text=NOT_MEASURED, dx=4, align="left")
        .encode(x=alt.datum(0), y=y),
        data=rows(values),
    ).properties(width=182, height=5 * (11 * len(view.arms) + 14))
    order = ["all domains", *[readable(d) for d in Domain]]
    header = alt.Header(title=None, labelOrient="top")
    faceted = chart.facet(column=alt.Column("group:N", sort=order, header=header), spacing=16)
    label = "Change from the base by skill, over all domains and in each domain, for every arm"
    return to_svg(faceted, label, "whiskers")


def _whisker_rows(view: View) -> list[dict[str, Any]]:
    values = []
    for arm in view.arms:
        if arm.last is None:
            continue
        groups: list[tuple[str, Skill, Pooled]] = [
            ("all domains", skill, row) for skill, row in arm.last.skills.items()
        ]
        groups += [(readable(c.domain), c.skill, row) for c, row in arm.last.cells.items()]
        for group, skill, row in groups:
            if row.delta is None:
                continue
            place = {"arm": arm.name, "group": group, "skill": readable(skill)}
            values.append(
                {
                    **place,
                    "single": False,
                    "delta": 100 * row.delta,
                    "low": 100 * (row.delta if row.delta_low is None else row.delta_low),
                    "high": 100 * (row.delta if row.delta_high is None else row.delta_high),
                }
            )
            values += [{**place, "single": True, "delta": 100 * d} for d in row.seed_deltas]
    return values + _absent_rows(values)


def _absent_rows(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for the panels' lines on which no arm has a value."""
    present = {(value["group"], value["skill"]) for value in values}
    return [
        {"group": readable(cell.domain), "skill": readable(cell.skill), "absent": True}
        for cell in CELLS
        if (readable(cell.domain), readable(cell.skill)) not in present
    ]


def heat_map(view: View, arm: ArmView) -> Html:
    """Skills by domains: the change in whole points, starred where it is significant."""
    values, spoken = [], []
    for cell in CELLS:
        row = arm.last.cells.get(cell) if arm.last else None
        delta = None if row is None or row.delta is None else 100 * row.delta
        words = "not\nmeasured"
        if row is not None and row.delta is not None:
            words = points(row.delta) + ("*" if row.marked else "")
            spoken.append(
                f"{cell} {words} ({interval(row.delta_low, row.delta_high, signed=True)})"
            )
        values.append(
            {
                "skill": readable(cell.skill),
                "domain": _DOMAIN_LABELS.get(cell.domain, cell.domain.value),
                "delta": delta,
                "words": words,
                "bold": bool(row and row.marked),
                "missing": delta is None,
                "strong": delta is not None and abs(delta) > 0.72 * HEAT_RANGE,
                "trained": view.is_trained(cell),
            }
        )
    label = f"Change by cell for {arm.name}, in points: {'; '.join(spoken) or 'not measured'}"
    return to_svg(_heat_chart(values), label, f"heat{arm.index}")


def _heat_chart(values: list[dict[str, Any]]) -> Any:
    x = alt.X(
        "domain:N",
        sort=[_DOMAIN_LABELS.get(d, d.value) for d in Domain],
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelLimit=80),
        scale=alt.Scale(padding=0),
    )
    y = alt.Y(
        "skill:N",
        sort=[readable(s) for s in Skill],
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=6),
        scale=alt.Scale(padding=0),
    )
    half = HEAT_RANGE / 2
    scale = alt.Scale(
        domain=[-HEAT_RANGE, -half, 0, half, HEAT_RANGE],
        range=list(HEAT_COLORS),
        clamp=True,
        interpolate="lab",
    )
    base = alt.Chart(rows(values)).encode(x=x, y=y)
    cells = base.transform_filter("!datum.missing").mark_rect(cornerRadius=3)
    inside = {"width": alt.RelativeBandSize(band=0.9), "height": alt.RelativeBandSize(band=0.87)}
    empty = base.transform_filter("datum.missing").mark_rect(
        fill="transparent", stroke=INK, strokeOpacity=0.35, strokeDash=[3, 3], **inside
    )
    trained = base.transform_filter("datum.trained && !datum.missing").mark_rect(
        fill="transparent", stroke="#111", strokeWidth=1.6, cornerRadius=2, **inside
    )
    words = base.transform_filter("!datum.missing").mark_text(
        fontSize=13,
        fontWeight=alt.ExprRef("datum.bold ? 'bold' : 'normal'"),
        fill=alt.ExprRef("datum.strong ? '#fff' : '#111'"),
    )
    blank = base.transform_filter("datum.missing").mark_text(
        fontSize=9, lineBreak="\n", color=INK, opacity=0.8, dy=-5
    )
    return alt.layer(
        cells.encode(color=alt.Color("delta:Q", scale=scale, legend=None)),
        empty,
        trained,
        words.encode(text="words:N"),
        blank.encode(text="words:N"),
    ).properties(width=4 * 48, height=5 * 34)
