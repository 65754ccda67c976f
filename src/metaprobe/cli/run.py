"""`metaprobe run`: a whole study."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from metaprobe.study.engine import Unit, Watcher
    from metaprobe.study.run import MakeWatcher, Outcome


def run(
    study: Annotated[
        str, typer.Argument(help="A TOML file, or the name of a built-in study.")
    ] = "nano",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results; runs/<name> by default.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, as in arms.grpo.steps=200; repeatable."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Train every arm with seeds 0 to N-1.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved settings and stop.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of the table.")
    ] = False,
) -> None:
    """Post-train a base by every arm, probe every stage, and write the report.

    A run that was interrupted goes on where it stopped; what is done is skipped.
    """
    from rich.console import Console

    from metaprobe.study.config import load_study
    from metaprobe.study.toml import dump_toml

    settings = list(overrides or [])
    if seeds is not None:
        settings.append(f"seeds={list(range(seeds))}")
    config = load_study(study, settings)
    if dry_run:
        print(dump_toml(config.model_dump(mode="json", exclude_none=True)), end="")
        return

    from metaprobe.study.run import run_study  # torch: seconds that a wrong setting need not wait

    folder = out or Path("runs") / config.name
    command = _command(study, settings, out)
    console = Console(stderr=as_json)
    console.print(
        f"[bold]{config.name}[/bold]: {config.base}, {len(config.arms)} arms, "
        f"{len(config.seeds)} seed{'s' * (len(config.seeds) > 1)}, results in {folder}"
    )
    with watching(console) as watch:
        outcome = run_study(config, folder, watch=watch, workers=workers, command=command)
    conclude(outcome, folder, console, as_json=as_json)


def conclude(outcome: "Outcome", folder: Path, console: "Console", *, as_json: bool) -> None:
    """Write the report of a finished run and print what it found."""
    from metaprobe.report.page import write_report
    from metaprobe.report.terminal import print_summary

    report = folder / "report.html"
    if outcome.ran or not report.is_file():
        write_report(folder)
    if as_json:
        print(outcome.summary.model_dump_json(indent=1))
        return
    print_summary(console, outcome.summary, folder)


@contextmanager
def watching(console: "Console") -> "Iterator[MakeWatcher]":
    """Yield what makes the watcher of a run; its bars leave the screen whatever happens."""
    from metaprobe.cli.progress import ProgressWatcher

    made: list[ProgressWatcher] = []

    def make(units: "Sequence[Unit]", skipped: int) -> "Watcher":
        made.append(ProgressWatcher(console, units, skipped))
        return made[-1]

    try:
        yield make
    finally:
        for watcher in made:
            watcher.stop()


def _command(study: str, settings: list[str], out: Path | None) -> str:
    import shlex

    parts = ["metaprobe", "run", study]
    parts += [part for setting in settings for part in ("--set", setting)]
    return shlex.join(parts + (["--out", str(out)] if out else []))
