"""`metaprobe compare`: what changed from one run to another, and whether it may pass."""

from pathlib import Path
from typing import Annotated

import typer

FAILED = 3
"""Exit status of a gate that failed."""


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of results, or a summary.json.")],
    after: Annotated[Path, typer.Argument(help="The run in question.")],
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Leave with 3 if this is true of any arm, as in "
            "'collapse or mathematics < -0.02'; see docs/compare.md."
        ),
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME, or BEFORE=AFTER where names differ; `base` is a run's base; repeatable. "
            "By default all arms that both runs have."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the Markdown to this file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON instead of Markdown.")
    ] = False,
) -> None:
    """Compare the last stages of two runs and print Markdown that is fit for a pull request."""
    from metaprobe.analysis.gate import parse_gate
    from metaprobe.analysis.runs import compare_runs, judge, read_run
    from metaprobe.core.files import write_text
    from metaprobe.report.markdown import comparison_markdown

    if fail_on is not None:
        parse_gate(fail_on)  # a wrong expression need not wait for the runs
    found = compare_runs(read_run(before), read_run(after), arm or ())
    if fail_on is not None:
        found = judge(found, fail_on)
    text = comparison_markdown(found)
    if out:
        write_text(out, text)
    print(found.model_dump_json(indent=1) if as_json else text, end="\n" if as_json else "")
    if found.gate and found.gate.failed:
        raise typer.Exit(FAILED)
