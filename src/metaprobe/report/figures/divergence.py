"""Divergence of the output distribution: against the change per cell, and over the stages."""

from math import isfinite
from typing import Any

import altair as alt

from metaprobe.core.vocabulary import Cell
from metaprobe.report.figures.theme import (
    INK,
    arm_scales,
    change_axis,
    log_ticks,
    rows,
    step_axis,
    to_svg,
)
from metaprobe.report.markup import Html
from metaprobe.report.view import View, mean


def divergence_against_change(view: View) -> Html | None:
    """Forward KL on base text per cell against the change of the cell; None without either."""
    values = _cell_rows(view)
    if not values:
        return None
    color, shape = arm_scales(view)
    x = alt.X(
        "kl:Q",
        title="forward KL on text of the base, nats per token",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(values=log_ticks([v["kl"] for v in values]), format="~g"),
    )
    y = alt.Y("delta:Q", title="change, points", axis=change_axis(6))
    encoded = alt.Chart(rows(values)).encode(x=x, y=y, color=color, shape=shape)
    chart = alt.layer(
        alt.Chart(rows([{}])).mark_rule(color=INK, opacity=0.55).encode(y=alt.datum(0)),
        encoded.transform_filter("datum.trained").mark_point(
            filled=False, size=170, opacity=0.9, strokeWidth=1.4
        ),
        encoded.mark_point(filled=True, size=52, opacity=0.85),
    ).properties(width=430, height=280)
    label = f"Divergence against change: {len(values)} points, one for each cell and arm"
    return to_svg(chart, label, "scatter")


def _cell_rows(view: View) -> list[dict[str, Any]]:
    values = []
    for arm in view.arms:
        if arm.last is None:
            continue
        kl: dict[Cell, list[float]] = {}
        for divergence in arm.last.divergences:
            for row in divergence.per_cell:
                if row.text == "base":
                    kl.setdefault(Cell(row.domain, row.skill), []).append(row.kl_forward)
        for cell, found in kl.items():
            average, change = mean(found), arm.last.cells.get(cell)
            if average is None or average <= 0 or change is None or change.delta is None:
                continue
            values.append(
                {
                    "arm": arm.name,
                    "kl": average,
                    "delta": 100 * change.delta,
                    "trained": view.is_trained(cell),
                }
            )
    return values


def divergence_over_stages(view: View) -> Html | None:
    """Forward KL against the step, on text of the base and of the stage; None without any."""
    values = _stage_rows(view)
    if not values:
        return None
    color, shape = arm_scales(view)
    x = step_axis(max(value["step"] for value in values))
    title = "forward KL, nats per token"
    y = alt.Y(
        "kl:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=alt.Axis(values=log_ticks([v["kl"] for v in values]), format="~g"),
    )
    dash = alt.StrokeDash(
        "text:N",
        scale=alt.Scale(domain=["base", "own"], range=[[1, 0], [4, 3]]),
        legend=None,
    )
    base = alt.Chart(rows(values))
    chart = alt.layer(
        base.transform_filter("datum.low > 0")
        .mark_area(opacity=0.18)
        .encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q", color=color),
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=color, strokeDash=dash),
        base.mark_point(filled=True, size=34, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ).properties(width=430, height=280)
    return to_svg(chart, "Divergence from the base against training step, by arm", "kl-stages")


def _stage_rows(view: View) -> list[dict[str, Any]]:
    values = []
    for arm in view.arms:
        for stage in arm.stages:
            for text in ("base", "own"):
                parts = [getattr(d, f"{text}_text") for d in stage.divergences]
                kl = mean(part.kl_forward for part in parts)
                if kl is None or kl <= 0 or not isfinite(kl):
                    continue
                value = {"arm": arm.name, "step": stage.step, "text": text, "kl": kl}
                low, high = (
                    mean(getattr(part, f"kl_forward_{end}") for part in parts)
                    for end in ("low", "high")
                )
                if text == "base" and low is not None and high is not None and low > 0:
                    value |= {"low": low, "high": high}
                values.append(value)
    return values
