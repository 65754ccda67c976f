"""What became of a base's features, stage by stage, beside the noise floor."""

from collections.abc import Iterable
from typing import Any

import altair as alt

from metaprobe.core.results import FeatureShare, StageFeatures
from metaprobe.report.figures.theme import GREY, arm_scales, rows, to_svg
from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView, StageView, View, mean

PANELS = {
    "lost": "lost, of the base's",
    "rotated": "rotated, of the base's",
    "gained": "gained, of the stage's",
}


def read_stages(arm: ArmView) -> list[StageView]:
    """Return the stages of an arm whose features were measured."""
    return [stage for stage in arm.stages if stage.features]


def feature_changes(view: View) -> Html | None:
    """Shares of features lost, rotated and gained, by arm and stage; None without any."""
    values = []
    for arm in view.arms:
        for stage in read_stages(arm):
            where = f"{arm.name}, step {stage.step:,}"
            values += [_row(name, stage.features) | _of(arm, where) for name in PANELS]
    floors = [_row(name, view.base.features) for name in PANELS if view.base.features]
    values = [v for v in values if v["value"] is not None]
    if not values:
        return None
    order = list(dict.fromkeys(v["where"] for v in values))
    panels = [_panel(view, name, values, floors, order) for name in PANELS]
    label = "Shares of features that are lost, rotated and gained, by stage, and the noise floor"
    return to_svg(alt.hconcat(*panels, spacing=22), label, "features")


def _of(arm: ArmView, where: str) -> dict[str, Any]:
    return {"arm": arm.name, "where": where}


def _row(name: str, found: Iterable[StageFeatures]) -> dict[str, Any]:
    """Return a share in percent with its ends, averaged over seeds."""
    shares: list[FeatureShare] = [getattr(f.changes.change, name) for f in found]

    def percent(values: Iterable[float | None]) -> float | None:
        average = mean(values)
        return None if average is None else 100 * average

    return {
        "panel": name,
        "value": percent(s.share for s in shares),
        "low": percent(s.low for s in shares),
        "high": percent(s.high for s in shares),
    }


def _panel(
    view: View,
    name: str,
    values: list[dict[str, Any]],
    floors: list[dict[str, Any]],
    order: list[str],
) -> Any:
    color, shape = arm_scales(view)
    own = rows([v for v in values if v["panel"] == name])
    first = name == next(iter(PANELS))
    axis = alt.Axis(grid=False, ticks=False, domain=False, labelLimit=220, labels=first)
    y = alt.Y("where:N", sort=order, title=None, axis=axis)
    scale = alt.Scale(domainMin=0, nice=True)
    x = alt.X("value:Q", title="percent", scale=scale, axis=alt.Axis(tickCount=4))
    layers = []
    floor = [f for f in floors if f["panel"] == name and f["value"] is not None]
    if floor:
        band = alt.Chart(rows(floor))
        ends = {"x": alt.X("low:Q", title="percent", scale=scale), "x2": "high:Q"}
        layers.append(band.mark_rect(color=GREY, opacity=0.28).encode(**ends))
        line = band.mark_rule(color=GREY, strokeWidth=1.5, strokeDash=[4, 3])
        layers.append(line.encode(x="value:Q"))
    whisker = alt.X("low:Q", title="percent", scale=scale)
    layers += [
        alt.Chart(own).mark_rule(strokeWidth=2).encode(x=whisker, x2="high:Q", y=y, color=color),
        alt.Chart(own)
        .mark_point(filled=True, size=60, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape),
    ]
    height = max(90, 26 * len(order))
    title = alt.TitleParams(PANELS[name], fontSize=12)
    return alt.layer(*layers).properties(width=215, height=height, title=title)
