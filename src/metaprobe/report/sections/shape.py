"""The shape of each arm's change, and each skill beside a blind guess and over several samples."""

from collections.abc import Callable
from statistics import fmean

from metaprobe.core.results import Estimate, Shape
from metaprobe.core.vocabulary import Skill
from metaprobe.report.figures.theme import readable
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    folded,
    interval,
    join,
    number,
    p_value,
    points,
    section,
    table,
    tag,
    text,
)
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import View

_HEAD = (
    "arm",
    "worst cell",
    "jaggedness",
    "drift",
    "specialisation",
    "balance",
    "cosine",
    "p, no change",
    "p, even change",
)
_NOTE = (
    "Worst change, jaggedness, drift and specialisation are in points, with 95 % intervals over "
    "questions. Jaggedness is the standard deviation of the change over cells and drift the root "
    "of its mean square; the noise of the accuracies is taken out of both, and of the cosine. "
    "Specialisation is the mean change of the trained cells minus that of the others, balance the "
    "smallest skill accuracy over the largest. The interval of the worst change allows for its "
    "being the worst of many. The first p tests that nothing changed, the second that all cells "
    "changed by the same amount."
)
_SEEDS = " Seeds are averaged question by question; the intervals say nothing of other seeds."


def shapes(view: View) -> Html:
    """Return the section; empty where no arm has a shape."""
    found = view.summary.shapes
    rows = [[arm_name(a), *_row(found[a.name])] for a in view.arms if a.name in found]
    if not rows:
        return Html("")
    return section(
        "shape",
        "Shape of the change at the last stage",
        table("Shape of each arm's change", [text(h) for h in _HEAD], rows, class_="summary"),
        tag("p", text(_NOTE + (_SEEDS if view.several_seeds else "")), class_="fine"),
        _skills(view),
    )


def _row(shape: Shape) -> list[Html]:
    return [
        join([_value(shape.worst, _signed), tag("small", text(shape.worst_cell))]),
        _value(shape.jaggedness, _size),
        _value(shape.drift, _size),
        _value(shape.specialisation, _signed),
        _value(shape.balance, _ratio),
        _value(shape.cosine, _ratio),
        text(p_value(shape.unchanged_p)),
        text(p_value(shape.uneven_p)),
    ]


def _signed(value: float) -> str:
    return points(value)


def _size(value: float) -> str:
    return f"{100 * value:.1f}"


def _ratio(value: float) -> str:
    return number(value, 2)


def _value(estimate: Estimate | None, form: Callable[[float], str]) -> Html:
    if estimate is None:
        return tag("span", text("not defined"), class_="none")
    value = tag("span", text(form(estimate.value)), class_="value")
    if estimate.low is None or estimate.high is None:
        return value
    return join([value, tag("small", text(f"{form(estimate.low)} to {form(estimate.high)}"))])


def _skills(view: View) -> Html:
    """Return the tables of skills: beyond chance, and where there are k samples pass@k, pass^k."""
    stages = {"base": [view.summary.base.profile]}
    for run in view.summary.arms:
        stages.setdefault(run.arm, []).extend(run.steps[-1:])
    skills = {
        name: {skill: [r for s in own for r in s.skills if r.skill == skill] for skill in Skill}
        for name, own in stages.items()
    }
    k = {row.k for own in skills.values() for rows in own.values() for row in rows if row.k}
    times = f"{min(k)} samples" if len(k) == 1 else "all samples"
    measures = {
        "beyond_chance": "beyond chance, %",
        "pass_at_k": f"pass@k, %: any of {times} right",
        "pass_hat_k": f"pass^k, %: each of {times} right",
    }
    names = {"base": text("base"), **{arm.name: arm_name(arm) for arm in view.arms}}
    grids = []
    for field, caption in measures.items():
        cells = {
            name: [[getattr(row, field) for row in own[skill]] for skill in Skill]
            for name, own in skills.items()
        }
        if any(e is not None for own in cells.values() for found in own for e in found):
            rows = [[names[name], *map(_pooled, own)] for name, own in cells.items()]
            head = [text(caption), *(text(readable(skill)) for skill in Skill)]
            grids.append(table(caption, head, rows, class_="summary"))
    if not grids:
        return Html("")
    title = "Skills beyond chance" + (", and over several samples" if k else "")
    note = "At the last stage; beyond chance 0 is a blind guess and 100 is always right."
    return folded(text(title), *grids, tag("p", text(note), class_="fine"))


def _pooled(found: list[Estimate | None]) -> Html:
    """Return the mean over seeds, with the mean of the ends."""
    known = [e for e in found if e is not None and e.low is not None and e.high is not None]
    if not known:
        return tag("span", text(NOT_MEASURED), class_="none")
    value, low, high = (
        fmean(getattr(e, field) for e in known) for field in ("value", "low", "high")
    )
    shown = tag("span", text(f"{100 * value:.0f}"), class_="value")
    return join([shown, tag("small", text(interval(low, high)))])
