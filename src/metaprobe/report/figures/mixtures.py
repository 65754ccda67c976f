"""What the tokens are worth at which base and stage disagree."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from metaprobe.core.results import CrossSampling
from metaprobe.core.results.model import Result
from metaprobe.report.figures.theme import GREY, INK, rows, to_svg
from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView, mean

_WRITERS = {
    "forward": "base writes, stage chooses",
    "backward": "stage writes, base chooses",
}
_CHOSEN = {"": "where they disagree", "control_": "at random"}
"""By the prefix of the fields."""


def mixtures(arm: ArmView) -> Html | None:
    """Accuracy against the share of tokens swapped, at an arm's last stage; None without any."""
    values = _values(arm.last.cross_samplings if arm.last else ())
    if not values:
        return None
    x = alt.X("share:Q", title="tokens swapped", axis=alt.Axis(format="~%", tickCount=4))
    y = alt.Y(
        "accuracy:Q",
        title="accuracy",
        scale=alt.Scale(zero=False, padding=8),
        axis=alt.Axis(format="%", tickCount=5),
    )
    kinds = list(_CHOSEN.values())
    color = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[INK, GREY]), legend=None)
    dash = alt.StrokeDash(
        "kind:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [4, 3]]), legend=None
    )
    whisker = alt.Y("low:Q", title="accuracy")
    chart = alt.layer(
        alt.Chart().mark_line(strokeWidth=1.8).encode(x=x, y=y, color=color, strokeDash=dash),
        alt.Chart().mark_rule(opacity=0.5).encode(x=x, y=whisker, y2="high:Q", color=color),
        alt.Chart().mark_point(filled=True, size=34, opacity=1).encode(x=x, y=y, color=color),
        data=rows(values),
    ).properties(width=200, height=170)
    column = alt.Column("panel:N", sort=list(_WRITERS.values()), header=alt.Header(title=None))
    label = f"Accuracy of mixtures of the base and {arm.name} against the share of tokens swapped"
    return to_svg(chart.facet(column=column, spacing=12), label, f"mixtures{arm.index}")


def _values(found: tuple[CrossSampling, ...]) -> list[dict[str, Any]]:
    """Return the points of both directions; nothing swapped is the model that writes, alone."""
    values = []
    for direction, panel in _WRITERS.items():
        alone = "base_accuracy" if direction == "forward" else "tuned_accuracy"
        rows_here = [row for mixed in found for row in mixed.rows if row.direction == direction]
        for control, kind in _CHOSEN.items():
            line: dict[str, Any] = {"panel": panel, "kind": kind}
            values.append(line | {"share": 0.0} | _accuracy(found, alone))
            for threshold in sorted({row.threshold for row in rows_here}):
                group = [row for row in rows_here if row.threshold == threshold]
                share = mean(getattr(row, f"{control or 'swapped_'}share") for row in group)
                values.append(line | {"share": share} | _accuracy(group, f"{control}accuracy"))
    return [v for v in values if v["share"] is not None and v["accuracy"] is not None]


def _accuracy(found: Sequence[Result], field: str) -> dict[str, float | None]:
    """Return the mean of a field over seeds with that of the ends of its interval."""
    names = {"accuracy": field, "low": f"{field}_low", "high": f"{field}_high"}
    return {key: mean(getattr(row, name) for row in found) for key, name in names.items()}
