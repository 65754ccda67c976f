"""`metaprobe curate agree` and `freeze`: agreement of reviewers, and a benchmark of what is in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from metaprobe.benchmark.curation.agreement import Agreement
    from metaprobe.benchmark.curation.frozen import Frozen
    from metaprobe.core.results.profile import Estimate

_Folder = Annotated[Path, typer.Argument(help="Folder of picks, as `curate select` writes it.")]


def agree(
    folder: _Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print how far the blind reviews agree, by cell, overall and for each two people."""
    import json

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from metaprobe.benchmark.curation.agreement import agreement
    from metaprobe.benchmark.curation.reviews import ReviewStore

    store = ReviewStore(folder)
    found = agreement(store)
    progress = {str(state): count for state, count in sorted(store.progress().items())}
    if as_json:
        print(json.dumps({**found.model_dump(), "candidates": progress}))
        return
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True)
    for heading in ("seen", "by\ntwo", "raw", "kappa", "alpha"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in (*found.cells.items(), ("all", found.overall), *found.pairs.items()):
        table.add_row(Text(name), *_row(one))
    console = Console(highlight=False)
    console.print(table)
    console.print("\n" + ", ".join(f"{count} {state}" for state, count in progress.items()))


def freeze(
    folder: _Folder,
    out: Annotated[Path, typer.Option(help="Folder of the frozen benchmark.")],
    per_cell: Annotated[int, typer.Option(min=1, max=200, help="Items in a cell.")] = 50,
    accepts: Annotated[
        int,
        typer.Option(min=1, help="Reviewers who have to agree, where no adjudicator decides."),
    ] = 2,
    fill: Annotated[
        str | None,
        typer.Option(help="Preset whose generated items fill up the cells: nano, default or hard."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the card as one JSON object.")
    ] = False,
) -> None:
    """Freeze the accepted items as a benchmark, with a data card."""
    import json

    from metaprobe.benchmark.curation.frozen import FreezeSettings, freeze, write_frozen
    from metaprobe.benchmark.curation.reviews import ReviewStore

    settings = FreezeSettings(per_cell=per_cell, accepts=accepts, fill=fill)
    frozen = freeze(ReviewStore(folder), settings, out.resolve().name)
    write_frozen(out, frozen)
    if as_json:
        print(json.dumps(frozen.card))
        return
    _print(frozen, out)


def _row(one: "Agreement") -> list[str]:
    return [str(one.reviewed), str(one.n), *map(_measure, (one.raw, one.kappa, one.alpha))]


def _measure(found: "Estimate | None") -> str:
    """Return a measure with its interval, short enough for three in a line."""
    if found is None or found.low is None or found.high is None:
        return "–"
    low, high = (f"{round(end, 2) + 0:.2f}".replace("0.", ".") for end in (found.low, found.high))
    return f"{found.value:.2f} {low}–{high}"


def _print(frozen: "Frozen", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    card = frozen.card
    wanted = card["rule"]["per_cell"]
    table = Table(box=None, pad_edge=False)
    table.add_column("cell")
    for heading in ("verified", "generated", "missing", "dropped"):
        table.add_column(heading, justify="right")
    for cell, one in card["cells"].items():
        missing = wanted - one["verified"] - one["generated"]
        counts = (one["verified"], one["generated"], missing, sum(one["dropped"].values()))
        table.add_row(cell, *map(str, counts))
    console = Console(highlight=False)
    console.print(table)
    short = [one for one in card["cells"].values() if one["verified"] + one["generated"] < wanted]
    if short:
        console.print(f"\n{len(short)} cells have fewer than {wanted} items.")
    for source in card["sources"]:
        if not source["licence"]:
            console.print(
                f"The licence of {source['name']!r} is not stated.", style="bold", markup=False
            )
    console.print(f"\n{card['items']} items written to {out}", markup=False, soft_wrap=True)
    console.print(f"hash {card['content_hash']}", soft_wrap=True)
