"""What training did to cells that were not trained: backward transfer, indices and the matrix."""

from metaprobe.core.results import Change, GroupTransfer, Transfer, TransferIndex
from metaprobe.core.vocabulary import CELLS, Cell
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    folded,
    interval,
    join,
    number,
    points,
    section,
    table,
    tag,
    text,
)
from metaprobe.report.sections.opening import arm_name
from metaprobe.report.view import View

_NOTE = (
    "Changes in points from the base at the last stage, with 95 % intervals over questions; "
    "backward transfer is the mean change over the cells that were not trained. A Transferability "
    "Index is 100 where a group gains as much as the trained domains, negative where it loses; its "
    "two published forms do not agree, and neither is defined without a gain in the trained "
    "domains. Other: reasoning domains that were not trained; non: the general domain."
)
_FORMS = (("relative", "2025"), ("difficulty_weighted", "ICML 2026"))


def transfer(view: View) -> Html:
    """Return the section; empty where the trained cells are not known."""
    found = view.summary.transfer
    if found is None:
        return Html("")
    return section(
        "transfer",
        "Transfer to what was not trained",
        _indices(view, found),
        tag("p", text(_NOTE), class_="fine"),
        folded(text("Transfer matrix: from the trained cells to every cell"), _matrix(view, found)),
    )


def _indices(view: View, found: Transfer) -> Html:
    names = {arm.name: arm_name(arm) for arm in view.arms}
    kinds = list(dict.fromkeys(g.group for arm in found.arms for g in arm.groups))
    head = [text("arm"), text("trained cells"), text("backward transfer")]
    for kind in kinds:
        head.append(text(f"change, {kind}"))
        head += [text(f"index {form}, {kind}") for _, form in _FORMS]
    rows = []
    for arm in found.arms:
        groups = {group.group: group for group in arm.groups}
        row = [names.get(arm.arm, text(arm.arm)), _change(arm.trained), _change(arm.backward)]
        for kind in kinds:
            row += _group(groups.get(kind))
        rows.append(row)
    return table("Transfer at the last stage of every arm", head, rows, class_="summary")


def _group(group: GroupTransfer | None) -> list[Html]:
    if group is None:
        return [_change(None)] * (1 + len(_FORMS))
    return [_change(group.change), *(_index(getattr(group, field)) for field, _ in _FORMS)]


def _index(index: TransferIndex) -> Html:
    parts = [tag("span", text(number(index.value)), class_="value")]
    if index.value is None:
        parts = [tag("span", text("not defined"), class_="none")]
    if index.low is not None and index.high is not None:
        parts.append(tag("small", text(f"{number(index.low)} to {number(index.high)}")))
    if index.reason:
        parts.append(tag("small", text(index.reason)))
    return join(parts)


def _matrix(view: View, found: Transfer) -> Html:
    names = {arm.name: arm_name(arm) for arm in view.arms}
    head = [text("measured cell"), *(names.get(arm.arm, text(arm.arm)) for arm in found.arms)]
    entries = [{Cell(c.domain, c.skill): c for c in arm.cells} for arm in found.arms]
    rows = []
    for cell in CELLS:
        own = [found_cells.get(cell) for found_cells in entries]
        trained = any(entry is not None and entry.trained for entry in own)
        name = join([text(cell), tag("span", text(" trained"), class_="fine")])
        changes = [_change(None if entry is None else entry.change) for entry in own]
        rows.append([name if trained else text(cell), *changes])
    return table("Change of each cell, by what the arms were trained on", head, rows)


def _change(change: Change | None) -> Html:
    if change is None:
        return tag("span", text(NOT_MEASURED), class_="none")
    value = tag("span", text(points(change.value)), class_="value")
    return join([value, tag("small", text(interval(change.low, change.high, signed=True)))])
