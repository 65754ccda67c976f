"""How far the weights moved: the tolerance curve, and the norm of the change by module."""

from math import floor, log10
from typing import Any

import altair as alt

from metaprobe.report.figures.theme import INK, arm_scales, rows, to_svg
from metaprobe.report.markup import Html
from metaprobe.report.view import ArmView, View, mean

_PANELS = {
    "float32": "compared in float32",
    "bfloat16": "both cast to bfloat16",
    "relative": "relative to the entry",
}
_SHADES = ("#dfe8ee", "#7fb5c9", "#2f7f9f", "#173f5f", "#0b1f33")


def tolerance_curve(view: View) -> Html | None:
    """The share of parameters that changed against the tolerance; None without measurements."""
    found: dict[tuple[str, str, float], list[float]] = {}
    for arm in view.arms:
        for change in arm.last.parameters if arm.last else ():
            for point in change.changed:
                found.setdefault((arm.name, point.dtype, point.tolerance), []).append(point.share)
    if not found:
        return None
    positive = [tolerance for _, _, tolerance in found if tolerance > 0]
    zero = min(positive) / 10 if positive else 1e-9
    values = [
        {
            "arm": arm,
            "panel": _PANELS[dtype],
            "tolerance": tolerance if tolerance > 0 else zero,
            "share": mean(shares),
        }
        for (arm, dtype, tolerance), shares in found.items()
    ]
    color, shape = arm_scales(view)
    exponents = range(floor(log10(zero)), round(log10(max([*positive, zero]))) + 1, 2)
    axis = alt.Axis(
        values=[float(f"1e{e}") for e in exponents],
        labelExpr=f"datum.value < {zero * 3!r} ? '0' : format(datum.value, '.0e')",
    )
    x = alt.X("tolerance:Q", title="tolerance", scale=alt.Scale(type="log", nice=False), axis=axis)
    y = alt.Y(
        "share:Q",
        title="share of parameters changed",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5),
    )
    chart = alt.layer(
        alt.Chart().mark_line(strokeWidth=2).encode(x=x, y=y, color=color),
        alt.Chart()
        .mark_point(filled=True, size=36, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape),
        data=rows(values),
    ).properties(width=318, height=210)
    header = alt.Header(title=None)
    faceted = chart.facet(
        column=alt.Column("panel:N", sort=list(_PANELS.values()), header=header), spacing=20
    )
    label = "Share of parameters changed against tolerance, by arm, in three ways of comparing"
    return to_svg(faceted, label, "tolerance")


def module_range(view: View) -> tuple[float, float] | None:
    """Return the smallest and largest relative norm over all arms, for one colour scale."""
    norms = [
        module.relative_norm
        for arm in view.arms
        for change in (arm.last.parameters if arm.last else ())
        for module in change.per_module
        if module.relative_norm > 0
    ]
    return (min(norms), max(norms)) if norms else None


def module_map(arm: ArmView, limits: tuple[float, float]) -> Html | None:
    """Relative norm of the change by module kind and layer; None without measurements."""
    found: dict[tuple[str, str], list[float]] = {}
    for change in arm.last.parameters if arm.last else ():
        for module in change.per_module:
            layer = "\N{EN DASH}" if module.layer is None else str(module.layer)
            found.setdefault((module.kind, layer), []).append(module.relative_norm)
    if not found:
        return None
    layers = sorted({layer for _, layer in found}, key=lambda x: int(x) if x.isdigit() else -1)
    width = max(10, min(38, 176 // len(layers)))
    values = [
        {
            "kind": kind,
            "layer": layer,
            "norm": max(mean(norms) or 0.0, limits[0]),
            "words": f"{100 * (mean(norms) or 0):.2g}",
            "strong": _depth(mean(norms) or 0.0, limits) > 0.42,
        }
        for (kind, layer), norms in found.items()
    ]
    chart = _module_chart(values, layers, limits, show_words=width >= 30)
    kinds = len({kind for kind, _ in found})
    chart = chart.properties(width=width * len(layers), height=25 * kinds)
    label = f"Relative norm of the change of {arm.name}, by module kind and layer"
    return to_svg(chart, label, f"modules{arm.index}")


def _depth(norm: float, limits: tuple[float, float]) -> float:
    low, high = (log10(end) for end in limits)
    return 0.0 if norm <= 0 or high <= low else (log10(norm) - low) / (high - low)


def _module_chart(
    values: list[dict[str, Any]],
    layers: list[str],
    limits: tuple[float, float],
    *,
    show_words: bool,
) -> Any:
    overlap = "parity" if not show_words else False
    x = alt.X(
        "layer:N",
        sort=layers,
        title="layer",
        axis=alt.Axis(labelAngle=0, ticks=False, domain=False, labelOverlap=overlap),
    )
    order = list(dict.fromkeys(value["kind"] for value in values))
    y = alt.Y(
        "kind:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=110)
    )
    low, high = (log10(end) for end in limits)
    steps = len(_SHADES) - 1
    domain = [10 ** (low + (high - low) * i / steps) for i in range(steps + 1)]
    scale = alt.Scale(type="log", domain=domain, range=list(_SHADES), interpolate="lab")
    base = alt.Chart(rows(values)).encode(x=x, y=y)
    layers_drawn = [
        base.mark_rect(stroke=INK, strokeOpacity=0.12).encode(
            color=alt.Color("norm:Q", scale=scale, legend=None)
        )
    ]
    if show_words:
        tone = alt.condition("datum.strong", alt.value("#fff"), alt.value("#111"))
        layers_drawn.append(base.mark_text(fontSize=11).encode(text="words:N", color=tone))
    return alt.layer(*layers_drawn)
