"""What a model prefers, beside what it writes: golds ranked against wrong answers."""

from collections.abc import Callable, Sequence

from metaprobe.core.results import Likelihood, LikelihoodRow
from metaprobe.core.vocabulary import CELLS, Cell
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    interval,
    number,
    percent,
    points,
    section,
    table,
    tag,
    text,
    with_ends,
)
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import StageView, View, mean

_Pick = Callable[[Likelihood], LikelihoodRow | None]

_HEAD = (
    "cell",
    "generated",
    "ranked first",
    "95 % interval",
    "chance",
    "by sum",
    "margin",
    "questions",
)


def likelihood(view: View) -> Html:
    """Return the ranking of the base by cell, with each arm's last stage; nothing if not asked."""
    stages = [arm.last for arm in view.arms]
    if not any(stage and stage.likelihoods for stage in (view.base, *stages)):
        return Html("")
    groups: list[tuple[str, _Pick, float | None]] = [
        ("all", _all, mean(row.accuracy for row in view.base.cells.values()))
    ]
    for cell in CELLS:
        row = view.base.cells.get(cell)
        groups.append((str(cell), _of(cell), row.accuracy if row else None))
    own = [
        [text(name), *_ranked(_picked(view.base, pick), generated)]
        for name, pick, generated in groups
    ]
    changes = [
        [text(name), *(text(_change(_picked(stage, pick) if stage else [])) for stage in stages)]
        for name, pick, _ in groups
    ]
    arms = [text("cell"), *(arm_name(arm) for arm in view.arms)]
    note = (
        "The gold stands among wrong answers of the same kind and is ranked first where its "
        "log-likelihood per byte is the greatest; by sum, where the whole of it is. The margin to "
        "the best wrong answer is in nats per byte. Questions whose kind of answer has no wrong "
        "answers are left out. Changes are in points of what is ranked first, at the last stage."
    )
    return section(
        "likelihood",
        "What is preferred, beside what is written",
        table("The base, ranked by likelihood", [text(h) for h in _HEAD], own),
        table("Change from the base, 95 % interval", arms, changes) if view.arms else Html(""),
        tag("p", text(note), class_="fine"),
    )


def _all(found: Likelihood) -> LikelihoodRow:
    return found.all


def _of(cell: Cell) -> _Pick:
    def pick(found: Likelihood) -> LikelihoodRow | None:
        return next((c for c in found.cells if Cell(c.domain, c.skill) == cell), None)

    return pick


def _ranked(rows: Sequence[LikelihoodRow], generated: float | None) -> list[Html]:
    values = [percent(generated)]
    if rows:
        row = rows[0]
        values += [
            percent(row.accuracy),
            interval(row.accuracy_low, row.accuracy_high) or NOT_MEASURED,
            percent(row.chance),
            percent(row.unnormalised),
            number(row.margin, 2),
            str(row.n_items),
        ]
    else:
        values += [NOT_MEASURED] * (len(_HEAD) - 2)
    return [text(value) for value in values]


def _picked(stage: StageView, pick: _Pick) -> list[LikelihoodRow]:
    rows = (pick(found) for found in stage.likelihoods)
    return [row for row in rows if row is not None]


def _change(rows: Sequence[LikelihoodRow]) -> str:
    low, high = mean(row.delta_low for row in rows), mean(row.delta_high for row in rows)
    return with_ends(points(mean(row.delta for row in rows)), interval(low, high, signed=True))
