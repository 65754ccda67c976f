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
