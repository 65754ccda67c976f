"""How the change from the base grows over the stages of each arm."""

from typing import Any

import altair as alt

from metaprobe.core.vocabulary import Domain, Skill
from metaprobe.report.figures.theme import (
    arm_scales,
    change_axis,
    of_means,
    of_seeds,
    readable,
    rows,
    step_axis,
    to_svg,
    zero_line,
)
from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView, Pooled, View


def trajectories(view: View, groups: type[Skill] | type[Domain]) -> Html:
    """The change per skill or domain against the step, one row of panels an arm."""
    values = [value for arm in view.arms for key in groups for value in _arm_rows(arm, key)]
    largest = max((value["step"] for value in values), default=1)
    color, _ = arm_scales(view)
    x = step_axis(largest)
    y = alt.Y("delta:Q", title=None, axis=change_axis(4))
    lines = of_means(alt.Chart()).mark_line(strokeWidth=2).encode(x=x, y=y, color=color)
    band = of_means(alt.Chart()).mark_area(opacity=0.22)
    points = alt.Chart().mark_circle(opacity=1, size=34)
    chart = alt.layer(
        zero_line().encode(y=alt.datum(0)),
        band.encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q", color=color),
        of_seeds(alt.Chart())
        .mark_tick(thickness=1, size=7, opacity=0.9, orient="horizontal")
        .encode(x=x, y="delta:Q", color=color),
        lines,
        points.transform_filter("datum.marked").encode(x=x, y=y, color=color),
        data=rows(values),
    ).properties(width=(940 - 12 * len(groups)) // len(groups), height=92)
    arms = [arm.name for arm in view.arms]
    row_header = alt.Header(
        title=None, labelAngle=0, labelAlign="left", labelOrient="left", labelLimit=110
    )
    faceted = chart.facet(
        row=alt.Row("arm:N", sort=arms, header=row_header),
        column=alt.Column(
            "group:N", sort=[readable(key) for key in groups], header=alt.Header(title=None)
        ),
        spacing={"row": 14, "column": 12},
    )
    kind = groups.__name__.lower()
    label = f"Change from the base by {kind} against training step, one row of panels for each arm"
    return to_svg(faceted, label, f"trajectories-{kind}")


def _arm_rows(arm: ArmView, key: Skill | Domain) -> list[dict[str, Any]]:
    measured = []
    for stage in arm.stages:
        row = stage.skills.get(key) if isinstance(key, Skill) else stage.domains.get(key)
        if row is not None and row.delta is not None:
            measured += _rows(stage.step, row, row.delta)
    if measured and measured[0]["step"] > 0:
        start = {"step": 0, "delta": 0.0, "low": 0.0, "high": 0.0, "marked": False, "single": False}
        measured.insert(0, start)
    return [{**value, "arm": arm.name, "group": readable(key)} for value in measured]


def _rows(step: int, row: Pooled, delta: float) -> list[dict[str, Any]]:
    average = {
        "step": step,
        "single": False,
        "delta": 100 * delta,
        "low": 100 * (delta if row.delta_low is None else row.delta_low),
        "high": 100 * (delta if row.delta_high is None else row.delta_high),
        "marked": row.marked,
    }
    singles = [{"step": step, "single": True, "delta": 100 * d} for d in row.seed_deltas]
    return [average, *singles]
