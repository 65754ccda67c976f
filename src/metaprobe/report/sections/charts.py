"""The sections that are made of figures."""

from metaprobe.core.vocabulary import Domain, Skill
from metaprobe.report.figures.divergence import divergence_against_change, divergence_over_stages
from metaprobe.report.figures.parameters import module_map, module_range, tolerance_curve
from metaprobe.report.figures.profile import HEAT_RANGE, heat_map, radar, whiskers
from metaprobe.report.figures.trajectory import trajectories
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    figure,
    number,
    section,
    table,
    tag,
    text,
)
from metaprobe.report.sections.opening import arm_name, domain_table, legend
from metaprobe.report.view import ArmView, View, mean


def _grid(parts: list[tuple[ArmView, Html]]) -> Html:
    cells = [tag("div", tag("h3", arm_name(arm)), graphic) for arm, graphic in parts]
    return tag("div", *cells, class_="multiples")


def profiles(view: View) -> Html:
    """Return the radars and the dots with whiskers."""
    radars = _grid([(arm, radar(view, arm)) for arm in view.arms])
    seeds = " Thin marks are single seeds." if view.several_seeds else ""
    return section(
        "profile",
        "Skill profile at the last stage",
        figure(
            radars,
            "Each corner is the accuracy on one skill over all domains, from 0 at the centre to "
            "100 % at the rim: the base in grey, the arm in colour with its 95 % band; the numbers "
            "are base → arm.",
        ),
        legend(view),
        figure(
            whiskers(view),
            "Each dot is a change from the base and its whisker the 95 % interval: right of the "
            f"line is a gain, and a whisker that crosses the line may be no change.{seeds}",
            "wide",
        ),
    )


def cells(view: View) -> Html:
    """Return the heat map of each arm."""
    maps = _grid([(arm, heat_map(view, arm)) for arm in view.arms])
    outlined = " Outlined cells are those that the arms were trained on."
    return section(
        "cells",
        "Change by domain and cell",
        domain_table(view),
        figure(
            maps,
            "Change in points by skill and domain: blue is a gain, orange a loss, full colour at "
            f"{HEAT_RANGE} points; a star marks q < 0.05."
            f"{outlined if view.summary.trained_cells else ''}",
        ),
    )


def over_stages(view: View) -> Html:
    """Return the trajectories."""
    seeds = ", thin marks are single seeds" if view.several_seeds else ""
    how = (
        "in points against the training step, one row an arm, with the 95 % band; the step axis is "
        f"symlog, a dot marks a stage that differs from the base at q < 0.05{seeds}."
    )
    return section(
        "stages",
        "When it began",
        figure(trajectories(view, Skill), f"Change of each skill over all domains {how}", "wide"),
        figure(trajectories(view, Domain), f"Change of each domain over all skills {how}", "wide"),
    )


def divergences(view: View) -> Html:
    """Return the divergence figures and table, or that divergence was not measured."""
    scatter, stages = divergence_against_change(view), divergence_over_stages(view)
    title = "Divergence from the base"
    if stages is None:
        return section("divergence", title, tag("p", text("Divergence was not measured.")))
    pair = []
    if scatter is not None:
        pair.append(
            figure(
                scatter,
                "Each point is one cell of one arm at its last stage: the further right, the more "
                "its distribution moved; the lower, the more it lost; ringed points are trained "
                "cells.",
            )
        )
    pair.append(
        figure(
            stages,
            "Forward KL against the training step: solid on text of the base with its 95 % band, "
            "dashed on the arm's own text.",
        )
    )
    return section(
        "divergence",
        title,
        legend(view),
        tag("div", *pair, class_="pair"),
        _divergence_table(view),
    )


def _divergence_table(view: View) -> Html:
    head = [
        "arm",
        "forward KL",
        "95 % interval",
        "reverse KL",
        "JS",
        "same first token",
        "rank shift",
        "entropy",
        "entropy of base",
        "texts",
    ]
    fields = ("kl_reverse", "js", "top1_agreement", "rank_shift", "entropy", "entropy_base")
    rows = []
    for arm in view.arms:
        parts = [d.base_text for d in (arm.last.divergences if arm.last else ())]
        low, high = mean(p.kl_forward_low for p in parts), mean(p.kl_forward_high for p in parts)
        ends = NOT_MEASURED if low is None or high is None else f"{low:.3g} to {high:.3g}"
        cells = [number(mean(p.kl_forward for p in parts)), ends]
        cells += [number(mean(getattr(p, field) for p in parts)) for field in fields]
        cells.append(str(sum(p.n_texts for p in parts)) if parts else NOT_MEASURED)
        rows.append([arm_name(arm), *(text(cell) for cell in cells)])
    title = "Divergence on text of the base at the last stage, nats per token"
    return table(title, [text(h) for h in head], rows)


def weights(view: View) -> Html:
    """Return the figures of parameter change, or that it was not measured."""
    curve, limits = tolerance_curve(view), module_range(view)
    title = "Change of the weights"
    if curve is None and limits is None:
        return section("weights", title, tag("p", text("Parameter change was not measured.")))
    parts = []
    if curve is not None:
        caption = (
            "The share of parameters that differ from the base by more than a tolerance, compared "
            "in three ways. A single share means nothing: it can be anything between the ends of "
            "its curve."
        )
        parts += [legend(view), figure(curve, caption, "wide")]
    if limits is not None:
        parts.append(figure(_module_maps(view, limits), _module_caption(limits)))
    return section("weights", title, *parts)


def _module_maps(view: View, limits: tuple[float, float]) -> Html:
    maps = [(arm, module_map(arm, limits)) for arm in view.arms]
    return _grid([(arm, graphic) for arm, graphic in maps if graphic is not None])


def _module_caption(limits: tuple[float, float]) -> str:
    low, high = (f"{100 * end:.2g}" for end in limits)
    return (
        "Norm of the change over the norm of the base weights, in percent, by module kind and "
        f"layer: darker is more, from {low} to {high} on a log scale shared by the arms; "
        "– holds modules outside the layers."
    )
