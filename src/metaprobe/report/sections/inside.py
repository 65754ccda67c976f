"""What moved inside: hidden states, behaviours in responses, and tokens that decide."""

from collections.abc import Callable, Iterable
from math import degrees

from metaprobe.core.results import Behaviour, BehaviourRow, PCAShift, Representation, SkillDirection
from metaprobe.report.figures.layers import layer_change
from metaprobe.report.figures.mixtures import mixtures
from metaprobe.report.figures.theme import readable
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    figure,
    number,
    section,
    table,
    tag,
    text,
    with_ends,
)
from metaprobe.report.sections.opening import arm_name, legend
from metaprobe.report.view import ArmView, StageView, View, mean


def representation(view: View) -> Html:
    """Return the change of the hidden states; nothing if it was not measured."""
    graphic = layer_change(view)
    if graphic is None:
        return Html("")
    how = (
        "Hidden states of base and stage on the same responses of the base, layer by layer; 0 is "
        "the embedding. CKA is 1 where all distances are kept, and does not see a rotation of the "
        "whole space; the cosine does."
    )
    return section(
        "representation",
        "Change of the hidden states",
        legend(view),
        figure(graphic, how, "wide"),
        _representation_table(view),
    )


def _representation_table(view: View) -> Html:
    head = [
        *("arm", "PCA shift", "as published", "lens agreement", "skills apart", "by the base"),
        *("turned", "noise floor", "texts"),
    ]
    rows = []
    for arm in view.arms:
        found = arm.last.representations if arm.last else ()
        if found:
            rows.append([arm_name(arm), *map(text, _representation_cells(found))])
    note = (
        "PCA shift is the distance that mean states moved along the base's first two components, "
        "averaged over layers, with its 95 % interval; published as in arXiv 2507.00432. Lens "
        "agreement is the share of positions at which the middle layer already points to the same "
        "token in both. Skills apart is the held-out AUROC with which a mean-difference direction "
        "at the middle layer tells one skill from the others, averaged over skills; turned is the "
        "angle in degrees between the direction in the base and in the stage, beside that between "
        "two halves of the base's items."
    )
    grid = table("Hidden states at the last stage", [text(h) for h in head], rows)
    return Html(grid + tag("p", text(note), class_="fine"))


def _representation_cells(found: tuple[Representation, ...]) -> list[str]:
    lens = [r.lens[len(r.lens) // 2].between for r in found if r.lens]
    at_middle = [d for r in found for d in _middle(r)]
    return [
        _shift([r.all.corrected for r in found]),
        _shift([r.all.published for r in found]),
        number(mean(lens), 2),
        number(mean(d.auroc_tuned for d in at_middle), 2),
        number(mean(d.auroc_base for d in at_middle), 2),
        _degrees(mean(d.angle for d in at_middle)),
        _degrees(mean(d.angle_floor for d in at_middle)),
        str(sum(r.all.n_texts for r in found)),
    ]


def _middle(found: Representation) -> list[SkillDirection]:
    differences = [d for d in found.directions if d.method == "mean_difference"]
    layers = sorted({d.layer for d in differences})
    return [d for d in differences if d.layer == layers[len(layers) // 2]]


def _shift(shifts: Iterable[PCAShift | None]) -> str:
    known = [s for s in shifts if s is not None]
    if not known:
        return NOT_MEASURED
    ends = [number(mean(getattr(s, end) for s in known), 2) for end in ("low", "high")]
    return with_ends(number(mean(s.distance for s in known), 2), " to ".join(ends))


def _degrees(radians: float | None) -> str:
    return NOT_MEASURED if radians is None else f"{degrees(radians):.0f}°"


def behaviours(view: View) -> Html:
    """Return how often responses verify, backtrack and so on; nothing if it was not counted."""
    if not view.base.behaviours and not any(a.last and a.last.behaviours for a in view.arms):
        return Html("")
    head = [text("behaviour"), text("base"), *(arm_name(arm) for arm in view.arms)]
    rows = []
    for behaviour in Behaviour:
        cells = [_count(view.base, behaviour)]
        cells += [_change(arm, behaviour) for arm in view.arms]
        rows.append([text(readable(behaviour)), *map(text, cells)])
    note = (
        "Counts in a response by a lexical detector, whose patterns are in the documentation, with "
        "95 % intervals over items; for an arm the change from the base at its last stage. The "
        "detector reads words: a behaviour in other words is not counted."
    )
    return section(
        "behaviours",
        "Behaviours in the responses",
        table("Behaviours in a response, all items", head, rows),
        tag("p", text(note), class_="fine"),
    )


def _row(stage: StageView | None, behaviour: Behaviour) -> list[BehaviourRow]:
    found = stage.behaviours if stage else ()
    return [row for b in found for row in b.all if row.behaviour == behaviour]


def _count(stage: StageView, behaviour: Behaviour) -> str:
    return _with_interval(_row(stage, behaviour), "per_response", number)


def _change(arm: ArmView, behaviour: Behaviour) -> str:
    return _with_interval(_row(arm.last, behaviour), "delta", _signed)


def _signed(value: float | None, digits: int = 2) -> str:
    words = number(value, digits)
    return f"+{words}" if value is not None and value > 0 else words


def _with_interval(
    rows: list[BehaviourRow], field: str, say: Callable[[float | None, int], str]
) -> str:
    value, low, high = (
        mean(getattr(r, field + end) for r in rows) for end in ("", "_low", "_high")
    )
    if low is None or high is None:
        return say(value, 2)
    return with_ends(say(value, 2), f"{say(low, 2)} to {say(high, 2)}")


def cross_sampling(view: View) -> Html:
    """Return the accuracy of mixtures of base and stage; nothing if none was sampled."""
    parts = [(arm, mixtures(arm)) for arm in view.arms]
    shown = [
        tag("div", tag("h3", arm_name(arm)), graphic)
        for arm, graphic in parts
        if graphic is not None
    ]
    if not shown:
        return Html("")
    how = (
        "One model writes and the other chooses the tokens at which their distributions differ by "
        "more than a threshold of JS: the further right, the lower the threshold. Solid: swapped "
        "where they disagree; dashed: as many positions at random. Whiskers are 95 % intervals. A "
        "solid line that moves early says that few tokens carry the difference."
    )
    return section(
        "cross-sampling",
        "Tokens that decide",
        figure(tag("div", *shown, class_="pair"), how),
    )
