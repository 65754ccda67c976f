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
)
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import StageView, View, mean

_Pick = Callable[[Likelihood], LikelihoodRow | None]


def likelihood(view: View) -> Html:
    """Return the ranking of the base by cell, with each arm's last stage; nothing if not asked."""
    stages = [arm.last for arm in view.arms]
    if not any(stage and stage.likelihoods for stage in (view.base, *stages)):
        return Html("")
    head = [
        *(text(h) for h in ("cell", "generated", "ranked first", "95 % interval", "chance")),
        *(text(h) for h in ("by sum", "margin", "questions")),
        *(arm_name(arm) for arm in view.arms),
    ]
    rows = [_row("all", _all, view.base, stages)]
    rows += [_row(str(cell), _of(cell), view.base, stages, cell) for cell in CELLS]
    note = (
        "The gold stands among wrong answers of the same kind and is ranked first where its "
        "log-likelihood per byte is the greatest; by sum, where the whole of it is. The margin to "
        "the best wrong answer is in nats per byte. Questions whose kind of answer has no wrong "
        "answers are left out. The columns before the arms are of the base; those of the arms are "
        "the change in points of what is ranked first, with its 95 % interval."
    )
    return section(
        "likelihood",
        "What is preferred, beside what is written",
        table("Ranking by likelihood", head, rows, class_="dense"),
        tag("p", text(note), class_="fine"),
    )


def _all(found: Likelihood) -> LikelihoodRow:
    return found.all


def _of(cell: Cell) -> _Pick:
    def pick(found: Likelihood) -> LikelihoodRow | None:
        return next((c for c in found.cells if Cell(c.domain, c.skill) == cell), None)

    return pick


def _row(
    name: str,
    pick: _Pick,
    base: StageView,
    stages: Sequence[StageView | None],
    cell: Cell | None = None,
) -> list[Html]:
    generated = base.cells.get(cell) if cell else None
    own = _picked(base, pick)
    values = [percent(generated.accuracy if generated else None)]
    if own:
        row = own[0]
        values += [
            percent(row.accuracy),
            interval(row.accuracy_low, row.accuracy_high) or NOT_MEASURED,
            percent(row.chance),
            percent(row.unnormalised),
            number(row.margin, 2),
            str(row.n_items),
        ]
    else:
        values += [NOT_MEASURED] * 6
    values += [_change(_picked(stage, pick) if stage else []) for stage in stages]
    return [text(value) for value in (name, *values)]


def _picked(stage: StageView, pick: _Pick) -> list[LikelihoodRow]:
    rows = (pick(found) for found in stage.likelihoods)
    return [row for row in rows if row is not None]


def _change(rows: Sequence[LikelihoodRow]) -> str:
    value = points(mean(row.delta for row in rows))
    low, high = mean(row.delta_low for row in rows), mean(row.delta_high for row in rows)
    ends = interval(low, high, signed=True)
    return f"{value} ({ends})" if ends else value
