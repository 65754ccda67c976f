"""`metaprobe report`: the page and the table of a folder of results."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    directory: Annotated[Path, typer.Argument(help="Folder with a summary.json.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of the table.")
    ] = False,
) -> None:
    """Write report.html out of the results in a folder, and print their table."""
    from rich.console import Console

    from metaprobe.core.results import read_summary
    from metaprobe.report.page import write_report
    from metaprobe.report.terminal import print_summary

    summary = read_summary(directory / "summary.json")
    write_report(directory)
    if as_json:
        print(summary.model_dump_json(indent=1))
    else:
        print_summary(Console(), summary, directory)
