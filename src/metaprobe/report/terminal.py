"""The same answer in a terminal: arms by skills at the last stage, and the headlines."""

from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from metaprobe.core.results import Summary
from metaprobe.core.vocabulary import Skill
from metaprobe.report.markup import interval, points
from metaprobe.report.page import REPORT_NAME
from metaprobe.report.view import ArmView, Pooled, View, build_view

WIDE = 110
"""Columns from which the table shows intervals."""
_UP, _DOWN, _SOFT = "bold cyan", "bold dark_orange", "dim"
_HEADS = {Skill.FACT_RETRIEVAL: "facts"}


class SummaryTable:
    """Arms by skills and the headlines, laid out for the width at hand."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, its note, the comparison of the arms and one headline an arm."""
        wide = options.max_width >= WIDE
        yield _table(self._view, wide=wide)
        note = "accuracy %, change in points, last stage; * q < 0.05"
        short = "" if wide else "; n/m not measured"
        yield Text(f" {note}{', 95 % interval' if wide else short}", style=_SOFT)
        for finding in self._view.summary.findings:
            if finding.kind in ("comparison", "ranking", "headline"):
                line = Text(finding.text)
                if finding.kind == "headline":
                    line = Text.assemble((finding.arm, "bold"), "  ", line)
                yield Padding(line, (1, 1, 0, 1))


def summary_table(summary: Summary) -> SummaryTable:
    """Return a renderable of the last stage of every arm, with the headlines below."""
    return SummaryTable(build_view(summary))


def print_summary(console: Console, summary: Summary, directory: Path) -> None:
    """Print the table and headlines, what is missing, where the report is and what to run next."""
    console.print(summary_table(summary))
    console.print()
    for line in summary.missing:
        console.print(Text(f" not measured: {line}", style=_SOFT))
    report = directory / REPORT_NAME
    console.print(Text.assemble(" report  ", (str(report), "bold")), soft_wrap=True)
    console.print(
        Text(" next    open it in a browser; metaprobe --help lists the rest", style=_SOFT)
    )


def _table(view: View, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column("", max_width=20 if wide else 16, overflow="ellipsis", no_wrap=True)
    for skill in Skill:
        name = skill.replace("_", " ") if wide else _HEADS.get(skill, skill.value)
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(
        Text(" base"), *(_base(view.base.skills.get(skill), wide=wide) for skill in Skill)
    )
    for arm in view.arms:
        table.add_row(Text(f" {arm.name}"), *_changes(arm, wide=wide))
    return table


def _base(row: Pooled | None, *, wide: bool) -> Text:
    if row is None or row.accuracy is None:
        return _not_measured(wide=wide)
    ends = _ends(interval(row.low, row.high)) if wide else ""
    return Text(f"{100 * row.accuracy:.0f}{ends}{'' if wide else ' ' * 5}")


def _changes(arm: ArmView, *, wide: bool) -> list[Text]:
    skills = arm.last.skills if arm.last else {}
    return [_change(skills.get(skill), wide=wide) for skill in Skill]


def _change(row: Pooled | None, *, wide: bool) -> Text:
    if row is None or row.accuracy is None:
        return _not_measured(wide=wide)
    if row.delta is None:
        return Text(f"{100 * row.accuracy:.0f}{' ' * 5}")
    style = _SOFT
    if row.marked:
        style = _UP if row.delta > 0 else _DOWN
    change = f"{points(row.delta)}{'*' if row.marked else ' '}"
    parts: list[str | tuple[str, str]] = [f"{100 * row.accuracy:.0f}", (f"{change:>5}", style)]
    if wide:
        parts.append((_ends(interval(row.delta_low, row.delta_high, signed=True)), _SOFT))
    return Text.assemble(*parts)


def _ends(both: str) -> str:
    return f" [{both.replace(' to ', ', ')}]" if both else ""


def _not_measured(*, wide: bool) -> Text:
    return Text("not measured" if wide else "n/m", style=_SOFT)
