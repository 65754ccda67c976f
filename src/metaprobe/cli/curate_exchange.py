"""`metaprobe curate export` and `import`: decisions out of and into other tools."""

from pathlib import Path
from typing import Annotated

import typer

_Folder = Annotated[Path, typer.Argument(help="Folder of picks, as `curate select` writes it.")]
_Form = Annotated[str, typer.Option("--format", help="jsonl, csv or label-studio.")]


def export(
    folder: _Folder,
    form: _Form = "jsonl",
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default one in the folder of picks.")
    ] = None,
) -> None:
    """Write the decisions on picks: all of them, or for Label Studio the reviews that stand."""
    from metaprobe.benchmark.curation.exchange import NAMES, parse_format, write_decisions
    from metaprobe.benchmark.curation.reviews import ReviewStore

    kind = parse_format(form)
    path = out or folder / NAMES[kind]
    count = write_decisions(path, ReviewStore(folder), kind)
    print(f"{count} decisions written to {path}")


def take_in(
    folder: _Folder,
    file: Annotated[Path, typer.Argument(help="File of decisions.")],
    form: _Form = "jsonl",
) -> None:
    """Add the decisions in a file, all or none; those that are there already are passed over."""
    from metaprobe.benchmark.curation.exchange import parse_format, read_decisions
    from metaprobe.benchmark.curation.reviews import ReviewStore

    kind = parse_format(form)
    store = ReviewStore(folder)
    decisions = read_decisions(file, store, kind)
    print(f"{store.take_in(decisions)} of {len(decisions)} decisions are new")
