from io import StringIO
from pathlib import Path

import pytest
from example import KINDS, example_summary
from rich.console import Console

from metaprobe.core.results import Summary
from metaprobe.report.terminal import print_summary


@pytest.fixture(scope="module")
def summary() -> Summary:
    made = example_summary()
    skill = made.arms[0].steps[-1].skills[1]
    skill.accuracy = skill.delta = None
    return made


def printed(summary: Summary, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    print_summary(console, summary, Path("runs/nano"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(summary: Summary, width: int) -> None:
    lines = printed(summary, width)
    assert max(len(line) for line in lines) <= width
    rows = {line.split()[0]: line for line in lines[:8] if line.split()}
    assert set(KINDS) < set(rows)
    assert "…" not in "".join(lines)
    assert "*" in rows["sft_long"]


def test_intervals_appear_where_there_is_room(summary: Summary) -> None:
    assert not [line for line in printed(summary, 80) if "[" in line]
    assert [line for line in printed(summary, 120) if "[" in line]


def test_not_measured_is_said(summary: Summary) -> None:
    assert any("n/m" in line for line in printed(summary, 80)[:8])
    assert any("not measured" in line for line in printed(summary, 120)[:8])


def test_it_ends_with_the_report_and_what_to_run_next(summary: Summary) -> None:
    lines = printed(summary, 80)
    assert lines[-2].endswith("runs/nano/report.html")
    assert "open it in a browser" in lines[-1]


def test_names_are_not_read_as_markup(summary: Summary) -> None:
    hostile = summary.model_copy(deep=True)
    for arm in hostile.arms:
        arm.arm = arm.arm.replace("grpo", "[red]grpo")
    assert any("[red]grpo" in line for line in printed(hostile, 80))
