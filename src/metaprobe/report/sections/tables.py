"""The tables of cells: the profile of the base, and the last stage of every arm."""

from metaprobe.core.vocabulary import CELLS, Verdict
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    folded,
    interval,
    join,
    p_value,
    percent,
    points,
    section,
    table,
    tag,
    text,
    with_ends,
)
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import ArmView, Pooled, View

_FAILED = (Verdict.UNPARSED, Verdict.TRUNCATED, Verdict.ERRORED)


def base_profile(view: View) -> Html:
    """Return what the base can do, cell by cell."""
    head = [
        "cell",
        "accuracy",
        "95 % interval",
        "questions",
        "responses",
        "chance",
        "majority",
        *(verdict.value for verdict in _FAILED),
        "self-check",
    ]
    rows = []
    for cell in CELLS:
        row = view.base.cells.get(cell)
        if row is None:
            rows.append([text(cell), *[text(NOT_MEASURED)] * (len(head) - 1)])
            continue
        values = [
            percent(row.accuracy),
            interval(row.low, row.high) or NOT_MEASURED,
            str(row.n_items),
            str(row.n_samples),
            percent(row.chance),
            percent(row.majority),
            *_failures(row),
            percent(row.self_check),
        ]
        rows.append([text(cell), *(text(value) for value in values)])
    note = (
        "Chance is a blind guess among the options that a question states; majority always gives "
        "the most frequent answer. Unparsed, truncated and errored responses are shares of all "
        "responses; self-check is the share that says it verified itself, apart from being right."
    )
    return section(
        "base",
        "The base, cell by cell",
        table("Profile of the base", [text(h) for h in head], rows),
        tag("p", text(note), class_="fine"),
    )


def _failures(row: Pooled) -> list[str]:
    if not row.n_samples:
        return [NOT_MEASURED] * len(_FAILED)
    counts = [row.verdicts.get(verdict) for verdict in _FAILED]
    return [percent(None if n is None else n / row.n_samples) for n in counts]


def last_stages(view: View) -> Html:
    """Return the full cell table of each arm's last stage, folded."""
    parts = [_arm_table(arm) for arm in view.arms]
    if not parts:
        return Html("")
    return section("arms", "Every arm, cell by cell", *parts)


def _arm_table(arm: ArmView) -> Html:
    if arm.last is None:
        return folded(arm_name(arm), tag("p", text("No stage was measured.")))
    head = [
        "cell",
        "accuracy, 95 % interval",
        "change, 95 % interval",
        "q",
        "smallest detectable change",
        "questions / responses",
        *(verdict.value for verdict in _FAILED),
        "self-check",
        "note",
    ]
    rows = []
    for cell in CELLS:
        row = arm.last.cells.get(cell)
        if row is None:
            rows.append([text(cell), *[text(NOT_MEASURED)] * (len(head) - 1)])
        else:
            rows.append([text(cell), *(text(value) for value in _arm_row(row))])
    caption = f"{arm.name} at step {arm.last.step:,}"
    title = join([arm_name(arm), tag("span", text(f" step {arm.last.step:,}"), class_="fine")])
    return folded(title, table(caption, [text(h) for h in head], rows, class_="dense"))


def _arm_row(row: Pooled) -> list[str]:
    return [
        with_ends(percent(row.accuracy), interval(row.low, row.high)),
        with_ends(
            points(row.delta) + ("*" if row.marked else ""),
            interval(row.delta_low, row.delta_high, signed=True),
        ),
        p_value(row.q_value),
        points(row.mde).lstrip("+"),
        f"{row.n_items} / {row.n_samples}",
        *_failures(row),
        percent(row.self_check),
        "collapsed" if row.collapsed else "",
    ]
