"""The arms beside each other: at an equal gain, at equal budgets, and their Pareto front."""

from metaprobe.core.results import ArmComparison, Budget, Change, Comparison
from metaprobe.report.figures.frontier import frontier, pareto
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    count,
    duration,
    figure,
    folded,
    interval,
    join,
    points,
    section,
    table,
    tag,
    text,
)
from metaprobe.report.sections.opening import arm_name, legend
from metaprobe.report.view import View

_BEST = "best"


def comparison(view: View) -> Html:
    """Return the section; empty where there is nothing to compare."""
    found = view.summary.comparison
    if found is None:
        return Html("")
    seeds = (
        "items and seeds"
        if view.several_seeds
        else "items; with one seed they say nothing of others"
    )
    note = (
        f"Changes in points from the base over {found.n_trained} questions of the trained cells "
        f"and {found.n_others} of the others, with 95 % intervals by a bootstrap over {seeds}. "
        "Behind: how much more the best arm keeps, paired by question, widened for the number of "
        "arms. Compute counts each token that is read or sampled, three times if trained on."
    )
    return section(
        "comparison",
        "At an equal gain, and at equal budgets",
        legend(view),
        figure(
            frontier(view, found),
            "Up and to the right is better. Each path leads from the base over the stages of an "
            f"arm to its last one, the large mark.{_line(found.gain)}",
            "wide",
        ),
        _table(view, found),
        tag("p", text(note), class_="fine"),
        _budgets(view, found),
        figure(
            pareto(view, found),
            "Each arm at its last stage: its gain where it was trained against its worst cell, "
            "with 95 % intervals, those of the worst cell over questions alone. Ringed arms are on "
            "the Pareto front, the dashed line: no other arm is as good in both. The percentage is "
            "the share of the resamples in which the arm is on it.",
            "wide",
        ),
    )


def _line(gain: float | None) -> str:
    if gain is None:
        return ""
    return f" The dashed line is the common gain, {points(gain)} points."


def _table(view: View, found: Comparison) -> Html:
    names = {arm.name: arm_name(arm) for arm in view.arms}
    compute = found.budgets.get("forward_tokens")
    at_gain = "" if found.gain is None else f" at {points(found.gain)}"
    at_compute = "" if compute is None else f" at {count(compute)} tokens"
    head = [
        text("arm"),
        text("best in trained cells"),
        text(f"others{at_gain}"),
        text("behind"),
        text("forward tokens to there"),
        text(f"trained{at_compute}"),
        text(f"others{at_compute}"),
        text("behind"),
    ]
    body = [
        [
            names.get(row.arm, text(row.arm)),
            _change(row.best),
            _change(row.at_gain) if row.gained else text("no clear gain"),
            _behind(row.behind_at_gain, measured=row.at_gain is not None),
            text(count(row.tokens_to_gain)),
            *_at(row, "forward_tokens"),
        ]
        for row in found.arms
    ]
    return table("The arms beside each other", head, body, class_="summary")


def _at(row: ArmComparison, budget: Budget) -> list[Html]:
    """Return trained, others and behind at a budget."""
    at = row.at.get(budget)
    if at is None:
        return [_change(None)] * 3
    return [_change(at.trained), _change(at.others), _behind(at.behind, measured=True)]


def _budgets(view: View, found: Comparison) -> Html:
    """Return the arms at equal steps, tokens and seconds, folded."""
    forms: dict[Budget, str] = {
        "steps": f"{count(found.budgets.get('steps'))} optimiser steps",
        "tokens": f"{count(found.budgets.get('tokens'))} tokens in the loss",
        "seconds": f"{duration(found.budgets.get('seconds'))} of training",
    }
    names = {arm.name: arm_name(arm) for arm in view.arms}
    grids = [
        table(
            f"The arms at {words}",
            [text(f"at {words}"), text("trained"), text("others"), text("behind")],
            [[names.get(row.arm, text(row.arm)), *_at(row, budget)] for row in found.arms],
            class_="summary",
        )
        for budget, words in forms.items()
        if budget in found.budgets
    ]
    return folded(text("At equal steps, tokens and time"), *grids) if grids else Html("")


def _change(change: Change | None) -> Html:
    if change is None:
        return tag("span", text(NOT_MEASURED), class_="none")
    value = tag("span", text(points(change.value)), class_="value")
    return join([value, tag("small", text(interval(change.low, change.high, signed=True)))])


def _behind(change: Change | None, *, measured: bool) -> Html:
    if change is None:
        return text(_BEST) if measured else tag("span", text(NOT_MEASURED), class_="none")
    clear = change.low > 0
    words = points(change.value) + ("*" if clear else "")
    value = tag("span", text(words), class_=f"change {'down' if clear else 'same'}")
    return join([value, tag("small", text(interval(change.low, change.high, signed=True)))])
