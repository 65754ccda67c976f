"""`metaprobe bench`: the benchmark's families, samples of a cell, and frozen sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from metaprobe.benchmark.items import Item

app = typer.Typer(help="The benchmark: list, show, build, stats.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_families() -> None:
    """List the families of every cell with what each asks."""
    from rich.console import Console
    from rich.table import Table

    from metaprobe.benchmark.family import families

    table = Table(box=None, pad_edge=False)
    for heading in ("cell", "family", "asks to"):
        table.add_column(heading)
    last = ""
    for family in families():
        cell = str(family.cell)
        table.add_row("" if cell == last else cell, family.name, family.summary)
        last = cell
    Console().print(table)


@app.command("show")
def show(
    cell: Annotated[str, typer.Argument(help="The cell, as science/simulation; * stands for all.")],
    level: Annotated[int, typer.Option(min=1, max=5, help="Difficulty of the items.")] = 1,
    n: Annotated[int, typer.Option(min=1, help="Items in all, spread over the families.")] = 5,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    split: Annotated[str, typer.Option(help="train or eval.")] = "eval",
    seed: Annotated[int, typer.Option(min=0, help="Names the random streams.")] = 0,
) -> None:
    """Print items of a cell with their golds and worked solutions."""
    from rich.console import Console

    from metaprobe.benchmark.family import families_of, find_family
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.core.vocabulary import Split, parse_cells

    if split not in list(Split):
        raise ConfigError(f"--split: unknown split {split!r}{nearest(split, Split)}")
    sources = [f for c in parse_cells([cell]) for f in families_of(c)]
    if family is not None:
        sources = [find_family(family)]
    streams = [f.stream(split=Split(split), level=level, seed=seed, limit=n) for f in sources]
    shown = 0
    console = Console()
    while streams and shown < n:
        for stream in list(streams):
            item = next(stream, None)
            if item is None:
                streams.remove(stream)
            elif shown < n:
                shown += 1
                _print_item(console, item)


@app.command("build")
def build(
    out: Annotated[Path, typer.Option(help="Folder of the frozen benchmark.")],
    name: Annotated[str, typer.Option(help="A preset: nano, default or hard.")] = "default",
    items_per_cell: Annotated[
        int | None, typer.Option(min=1, help="Items in a cell; the preset's own number by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Names the random streams.")] = 0,
) -> None:
    """Build a frozen benchmark: the same arguments give the same bytes."""
    from metaprobe.benchmark.freeze import build_benchmark, write_benchmark

    benchmark = build_benchmark(name, items_per_cell=items_per_cell, seed=seed)
    write_benchmark(out, benchmark)
    print(
        f"{len(benchmark.items)} items in {len(benchmark.manifest.cells)} cells written to {out}, "
        f"hash {benchmark.manifest.content_hash[:16]}"
    )


@app.command("stats")
def stats(as_json: Json = False) -> None:
    """Print levels, capacities and baselines of every family."""
    import json

    from rich.console import Console
    from rich.table import Table

    from metaprobe.benchmark.family import families

    rows = [_family_stats(family) for family in families()]
    cells = {(row["domain"], row["skill"]) for row in rows}
    if as_json:
        print(json.dumps({"families": rows, "cells": len(cells)}))
        return
    table = Table(box=None, pad_edge=False, title=f"{len(rows)} families in {len(cells)} cells")
    for heading in ("cell", "family"):
        table.add_column(heading)
    for heading in ("problems at level 1", "at 5", "majority at 1", "at 5", "chance at 1"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row['domain']}/{row['skill']}",
            row["name"],
            f"{row['capacity'][1]:,}",
            f"{row['capacity'][5]:,}" if row["capacity"][5] < 10**7 else "> 10^7",
            f"{row['majority'][1]:.2f}",
            f"{row['majority'][5]:.2f}",
            f"{row['chance'][1]:.2f}",
        )
    Console().print(table)


def _family_stats(family: Any) -> dict[str, Any]:
    from metaprobe.core.vocabulary import LEVELS, Split

    chance = {}
    for level in LEVELS:
        drawn = list(family.stream(split=Split.TRAIN, level=level, seed=0, limit=50))
        chance[level] = sum(i.answer.chance for i in drawn) / len(drawn)
    return {
        "domain": family.cell.domain,
        "skill": family.cell.skill,
        "name": family.name,
        "levels": list(LEVELS),
        "capacity": dict(family.capacity),
        "majority": {level: family.baseline(level) for level in LEVELS},
        "chance": chance,
    }


def _print_item(console: "Console", item: "Item") -> None:
    from rich.rule import Rule
    from rich.text import Text

    title = f"{item.cell}/{item.family}, level {item.level}"
    console.print(Rule(Text(title), align="left", style="dim"))
    console.print(Text(item.question))
    console.print(Text(f"gold   {item.answer.render()}", style="bold"))
    for name, steps in (("short", item.short), ("long", item.long)):
        lines = "\n       ".join(steps) or "(the answer alone)"
        console.print(Text(f"{name:<6} {lines}", style="dim"))
    console.print()
