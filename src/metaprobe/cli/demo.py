"""`metaprobe demo`: a synthetic run that shows one of the known signs of trouble."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    name: Annotated[
        str | None, typer.Argument(help="Which run; without one, all are listed.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; by default runs/demo-NAME.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the runs.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON, or the list.")
    ] = False,
) -> None:
    """Draw a run that goes wrong in a known way, and report it as any other; nothing is trained."""
    import json

    from metaprobe.report.page import write_report
    from metaprobe.study.demo import DEMOS, make_demo

    if name is None or listed:
        if as_json:
            print(json.dumps({key: demo.about for key, demo in DEMOS.items()}, indent=1))
            return
        for key, demo in DEMOS.items():
            print(f"{key:<24}{demo.about}")
        return
    folder = out or Path("runs") / f"demo-{name}"
    summary = make_demo(name, folder)
    report = write_report(folder)
    found = [seen for run in summary.arms for seen in run.signatures or ()]
    if as_json:
        print(json.dumps([seen.model_dump(mode="json") for seen in found], indent=1))
        return
    for seen in found:
        print(f"{seen.name.replace('_', ' ')}: {seen.text}")
    if not found:
        print("no known sign of trouble")
    print(f"report  {report}")
