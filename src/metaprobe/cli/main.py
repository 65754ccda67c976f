"""The `metaprobe` command: its verbs, and how errors leave it.

Nothing heavy is imported before a verb runs, so that `--help` answers at once.
"""

import os
import sys
from typing import Annotated, Any

import typer

from metaprobe import __version__
from metaprobe.cli import (
    analyse,
    bench,
    compare,
    curate,
    demo,
    diverge,
    doctor,
    features,
    grade,
    handoff,
    params,
    probe,
    report,
    run,
    signatures,
    train,
    watch,
)
from metaprobe.core.errors import MetaprobeError

INTERRUPTED = 130
"""Exit status that typer turns Ctrl-C into, as shells do."""

app = typer.Typer(
    name="metaprobe",
    help="Shows, skill by skill and stage by stage, what post-training did to a language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("probe")(probe.probe)
app.command("watch")(watch.watch)
app.command("diverge")(diverge.diverge)
app.command("params")(params.params)
app.command("report")(report.report)
app.command("analyse")(analyse.analyse)
app.command("compare")(compare.compare)
app.command("signatures")(signatures.signatures)
app.command("demo")(demo.demo)
app.add_typer(bench.app, name="bench")
app.command("grade")(grade.grade)
app.add_typer(curate.app, name="curate")
app.add_typer(train.app, name="train")
app.add_typer(handoff.app, name="handoff")
app.add_typer(features.app, name="features")
app.command("doctor")(doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"metaprobe {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    del version


def _join_lines(command: Any) -> None:
    """Make a line of each paragraph of help, so that a narrow terminal does not break it twice."""
    paragraphs = (command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for inner in getattr(command, "commands", {}).values():
        _join_lines(inner)


def main() -> None:
    """Run the command line and leave with its status.

    0 done, 2 bad input, 3 a gate of `compare` or `watch` that failed, 130 interrupted by
    Ctrl-C, 1 anything else.
    """
    command = typer.main.get_command(app)
    _join_lines(command)
    try:
        command()
    except MetaprobeError as error:
        print(f"metaprobe: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except SystemExit as error:
        if error.code == INTERRUPTED:
            print("metaprobe: interrupted; the same command goes on from here", file=sys.stderr)
        raise
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
