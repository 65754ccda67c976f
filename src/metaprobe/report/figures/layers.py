"""How far the hidden states moved, layer by layer."""

from typing import Any

import altair as alt

from metaprobe.report.figures.theme import arm_scales, rows, to_svg
from metaprobe.report.markup import Html
from metaprobe.report.view import View, mean

_PANELS = {
    "cka": "similarity of the geometry (linear CKA)",
    "cosine_drift": "rotation of each state (1 − cosine)",
}


def layer_change(view: View) -> Html | None:
    """CKA and cosine drift against the layer, by arm at its last stage; None without any."""
    values: list[dict[str, Any]] = [
        {"arm": arm.name, "panel": title, "layer": layer, "value": value}
        for arm in view.arms
        for field, title in _PANELS.items()
        for layer, value in _by_layer(arm.last.representations if arm.last else (), field)
    ]
    if not values:
        return None
    color, shape = arm_scales(view)
    layers = sorted({value["layer"] for value in values})
    x = alt.X("layer:O", title="layer", axis=alt.Axis(values=layers, labelAngle=0, grid=False))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    chart = alt.layer(
        alt.Chart().mark_line(strokeWidth=2).encode(x=x, y=y, color=color),
        alt.Chart()
        .mark_point(filled=True, size=36, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape),
        data=rows(values),
    ).properties(width=380, height=220)
    column = alt.Column("panel:N", sort=list(_PANELS.values()), header=alt.Header(title=None))
    faceted = chart.facet(column=column, spacing=24).resolve_scale(y="independent")
    label = "Similarity of hidden states to the base's and their rotation, by layer and arm"
    return to_svg(faceted, label, "layers")


def _by_layer(found: Any, field: str) -> list[tuple[int, float]]:
    by_layer: dict[int, list[float | None]] = {}
    for representation in found:
        for layer in representation.all.layers:
            by_layer.setdefault(layer.layer, []).append(getattr(layer, field))
    averages = [(layer, mean(values)) for layer, values in sorted(by_layer.items())]
    return [(layer, value) for layer, value in averages if value is not None]
