"""The arms beside each other: at an equal gain, and at equal compute."""

from metaprobe.core.results import ArmComparison, Change
from metaprobe.report.figures.frontier import frontier
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    count,
    figure,
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
        "At an equal gain, and at equal compute",
        legend(view),
        figure(
            frontier(view, found),
            "Up and to the right is better. Each path leads from the base over the stages of an "
            f"arm to its last one, the large mark.{_line(found.gain)}",
            "wide",
        ),
        _table(view, found.arms, gain=found.gain, compute=found.compute),
        tag("p", text(note), class_="fine"),
    )


def _line(gain: float | None) -> str:
    if gain is None:
        return ""
    return f" The dashed line is the common gain, {points(gain)} points."


def _table(
    view: View, rows: list[ArmComparison], *, gain: float | None, compute: float | None
) -> Html:
    names = {arm.name: arm_name(arm) for arm in view.arms}
    at_gain = "" if gain is None else f" at {points(gain)}"
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
            _change(row.trained_at_compute),
            _change(row.others_at_compute),
            _behind(row.behind_at_compute, measured=row.others_at_compute is not None),
        ]
        for row in rows
    ]
    return table("The arms beside each other", head, body, class_="summary")


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
