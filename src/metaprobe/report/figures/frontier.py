"""What each arm gained where it was trained, against what it kept elsewhere."""

from typing import Any

import altair as alt

from metaprobe.core.results import Comparison
from metaprobe.report.figures.theme import INK, arm_scales, change_axis, rows, to_svg, zero_line
from metaprobe.report.markup import Html
from metaprobe.report.view import View


def frontier(view: View, comparison: Comparison) -> Html:
    """The path of each arm from the base at the origin; the large mark is its last stage."""
    values: list[dict[str, Any]] = []
    for arm in comparison.arms:
        values.append({"arm": arm.arm, "order": 0, "trained": 0.0, "others": 0.0, "last": False})
        for point in arm.path:
            place = {"trained": 100 * point.trained, "others": 100 * point.others}
            last = point is arm.path[-1]
            values.append({"arm": arm.arm, "order": point.step, "last": last, **place})
    color, shape = arm_scales(view)
    x = alt.X("trained:Q", title="change in the trained cells (points)", axis=change_axis(8))
    y = alt.Y("others:Q", title="change in the other cells (points)", axis=change_axis(6))
    path = alt.Chart().encode(x=x, y=y, color=color)
    layers = [
        zero_line().encode(y=alt.datum(0)),
        zero_line().encode(x=alt.datum(0)),
        path.mark_line(strokeWidth=1.6, opacity=0.85).encode(order="order:Q"),
        path.mark_point(size=18, filled=True).encode(shape=shape),
        path.transform_filter("datum.last").mark_point(size=120, filled=True).encode(shape=shape),
    ]
    if comparison.gain is not None:
        mark = zero_line().mark_rule(color=INK, strokeDash=[4, 3], opacity=0.8)
        layers.insert(2, mark.encode(x=alt.datum(100 * comparison.gain)))
    chart = alt.layer(*layers, data=rows(values)).properties(width=620, height=330)
    label = "Change in the other cells against change in the trained cells, a path for each arm"
    return to_svg(chart, label, "frontier")


def pareto(view: View, comparison: Comparison) -> Html:
    """The last stage of each arm: gain in the trained cells against the worst cell."""
    values: list[dict[str, Any]] = []
    for arm in comparison.arms:
        shape = view.summary.shapes.get(arm.arm)
        ends = (shape.worst.low, shape.worst.high) if shape else (None, None)
        low, high = (arm.worst if end is None else end for end in ends)
        place = {"gain": arm.last.value, "gain_low": arm.last.low, "gain_high": arm.last.high}
        place |= {"worst": arm.worst, "worst_low": low, "worst_high": high}
        values.append(
            {
                "arm": arm.arm,
                "front": arm.on_front,
                "share": f"{100 * arm.front_share:.0f} %",
                **{name: 100 * value for name, value in place.items()},
            }
        )
    color, shapes = arm_scales(view)
    x = alt.X("gain:Q", title="change in the trained cells (points)", axis=change_axis(8))
    y = alt.Y("worst:Q", title="change in the worst cell (points)", axis=change_axis(6))
    arms = alt.Chart().encode(x=x, y=y, color=color)
    front = alt.Chart().transform_filter("datum.front")
    layers = [
        zero_line().encode(y=alt.datum(0)),
        zero_line().encode(x=alt.datum(0)),
        arms.mark_rule(opacity=0.35).encode(x="gain_low:Q", x2="gain_high:Q"),
        arms.mark_rule(opacity=0.35).encode(y="worst_low:Q", y2="worst_high:Q"),
        front.mark_line(color=INK, strokeDash=[4, 3], opacity=0.6, strokeWidth=1).encode(
            x=x, y=y, order="gain:Q"
        ),
        front.mark_point(color=INK, size=260, strokeWidth=1.2).encode(x=x, y=y),
        arms.mark_point(size=90, filled=True, opacity=1).encode(shape=shapes),
        arms.mark_text(dx=14, dy=-12, align="left").encode(text="share:N"),
    ]
    chart = alt.layer(*layers, data=rows(values)).properties(width=620, height=260)
    label = "Change in the worst cell against change in the trained cells, a mark for each arm"
    return to_svg(chart, label, "pareto")
