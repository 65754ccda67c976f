"""`metaprobe bench`: the benchmark's families, samples of a cell, and frozen sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaprobe.cli.export import export
from metaprobe.cli.overlap import overlap
from metaprobe.cli.power import power

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from metaprobe.benchmark.family import Family
    from metaprobe.benchmark.freeze import Benchmark
    from metaprobe.benchmark.items import Item

app = typer.Typer(
    help="The benchmark: list, show, build, stats, overlap, export, power.", no_args_is_help=True
)
app.command("overlap")(overlap)
app.command("export")(export)
app.command("power")(power)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Seed = Annotated[int, typer.Option(min=0, help="Names the random streams.")]

_EXACT_BELOW = 10**6


@app.command("list")
def list_families(as_json: Json = False) -> None:
    """List the families of every cell with what each asks for."""
    import json

    from rich.console import Console
    from rich.table import Table

    from metaprobe.benchmark.family import families

    if as_json:
        rows = [{**_place(family), "summary": family.summary} for family in families()]
        print(json.dumps({"families": rows}))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    cell = None
    for family in families():
        if family.cell != cell:
            cell = family.cell
            table.add_row(f"[bold]{cell}[/bold]")
        table.add_row(f"  {family.name}", family.summary)
    Console().print(table)


@app.command("show")
def show(
    cell: Annotated[
        str, typer.Argument(help="A cell, as science/simulation; a * stands for every one.")
    ],
    level: Annotated[
        int | None, typer.Option(min=1, max=5, help="Only this level; all in turn by default.")
    ] = None,
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, help="Items in all, spread over the families.")
    ] = 5,
    family: Annotated[str | None, typer.Option(help="Only this family of the cell.")] = None,
    split: Annotated[str, typer.Option(help="The split to show: eval or train.")] = "eval",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Print items of a cell with their golds, short and long worked solutions."""
    import json

    from rich.console import Console

    from metaprobe.benchmark.freeze import interleaved, spread
    from metaprobe.core.errors import ConfigError
    from metaprobe.core.vocabulary import LEVELS, Split

    if split not in list(Split):
        raise ConfigError(f"--split: unknown split {split!r}: use eval or train")
    levels = LEVELS if level is None else (level,)
    streams = interleaved(_sources(cell, family), levels, split=Split(split), seed=seed, limit=n)
    items = spread(streams, n, set())
    if as_json:
        print(json.dumps({"items": [item.model_dump(mode="json") for item in items]}))
        return
    console = Console(highlight=False)
    for item in items:
        console.print(_item_view(item))
    if len(items) < n:
        console.print(f"No more than {len(items)} distinct items exist here.", style="dim")


@app.command("build")
def build(
    out: Annotated[Path, typer.Option(help="Folder of the frozen benchmark.")],
    name: Annotated[str, typer.Option(help="A preset: nano, default or hard.")] = "default",
    items_per_cell: Annotated[
        int | None, typer.Option(min=1, help="Items in a cell; the preset's own number by default.")
    ] = None,
    seed: Seed = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the manifest as one JSON object.")
    ] = False,
) -> None:
    """Build a frozen benchmark: the same arguments give the same bytes on any machine."""
    from rich.console import Console

    from metaprobe.benchmark.freeze import build_benchmark, write_benchmark

    with Console(stderr=True).status(f"building {name}"):
        benchmark = build_benchmark(name, items_per_cell=items_per_cell, seed=seed)
        write_benchmark(out, benchmark)
    if as_json:
        print(benchmark.manifest.model_dump_json())
        return
    _print_built(Console(highlight=False), benchmark, out)


@app.command("stats")
def stats(
    cells: Annotated[
        list[str] | None,
        typer.Argument(help="Cells, as science/simulation or science/*; all by default."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print levels, capacities and baselines of every family; takes seconds for all of them.

    Majority is the accuracy of always giving the most frequent answer of a family and level;
    chance is that of a blind guess among the options that a question states; clean is the share of
    diagnostic problems in which nothing is wrong.
    """
    import json

    from rich.console import Console
    from rich.progress import track

    from metaprobe.benchmark.family import families_of
    from metaprobe.core.vocabulary import LEVELS, parse_cells

    chosen = parse_cells(cells or ["*/*"])
    every = [family for cell in chosen for family in families_of(cell)]
    err = Console(stderr=True)
    rows = [
        _family_stats(family)
        for family in track(
            every, "drawing items", console=err, transient=True, disable=not err.is_terminal
        )
    ]
    if as_json:
        totals = {"n_families": len(rows), "n_cells": len(chosen), "levels": list(LEVELS)}
        print(json.dumps({"families": rows, **totals}))
        return
    console = Console(highlight=False)
    console.print(_stats_table(rows))
    console.print(f"{len(rows)} families in {len(chosen)} cells, {len(LEVELS)} levels", style="dim")


def _sources(cell: str, family: str | None) -> list["Family"]:
    from metaprobe.benchmark.family import families_of
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.core.vocabulary import parse_cells

    sources = [f for c in parse_cells([cell]) for f in families_of(c)]
    if family is None:
        return sources
    named = [f for f in sources if f.name == family]
    if not named:
        names = [f.name for f in sources]
        hint = nearest(family, names) or f"; it has {', '.join(names)}"
        raise ConfigError(f"{cell} has no family {family!r}{hint}")
    return named


def _place(family: "Family") -> dict[str, str]:
    return {"domain": family.cell.domain, "skill": family.cell.skill, "name": family.name}


def _family_stats(family: "Family") -> dict[str, Any]:
    levels = sorted(family.capacity)
    return {
        **_place(family),
        "levels": levels,
        "capacity": dict(family.capacity),
        "majority": {level: family.baseline(level) for level in levels},
        "chance": {level: family.chance(level) for level in levels},
        "clean": {level: family.clean(level) for level in levels},
    }


def _stats_table(rows: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table

    levels = sorted({level for row in rows for level in row["levels"]})
    ends = (levels[0], levels[-1])
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("family", no_wrap=True)
    for name in ("problems", "majority", "chance", "clean"):
        table.add_column(f"{name}\nat {ends[0]}, {ends[1]}", justify="right")
    cell = None
    for row in rows:
        if cell != (row["domain"], row["skill"]):
            cell = (row["domain"], row["skill"])
            table.add_row(f"[bold]{row['domain']}/{row['skill']}[/bold]")
        table.add_row(
            f"  {row['name']}",
            ", ".join(_rounded(row["capacity"][level]) for level in ends),
            *(
                ", ".join(
                    f"{row[name][level]:.2f}" for level in ends if row[name][level] is not None
                )
                for name in ("majority", "chance", "clean")
            ),
        )
    return table


def _rounded(count: int) -> str:
    return str(count) if count < _EXACT_BELOW else f"10^{len(str(count)) - 1}"


def _print_built(console: "Console", benchmark: "Benchmark", out: Path) -> None:
    from rich.table import Table

    manifest = benchmark.manifest
    table = Table(box=None, pad_edge=False)
    table.add_column("cell")
    for heading in ("items", "families", "majority"):
        table.add_column(heading, justify="right")
    for cell, count in manifest.cells.items():
        own = [family for family in manifest.families if family.cell == cell]
        weighted = sum(f.majority[level] * n for f in own for level, n in f.items.items())
        table.add_row(cell, str(count), str(len(own)), f"{weighted / count:.2f}")
    console.print(table)
    console.print(f"\n{len(benchmark.items)} items written to {out}", markup=False, soft_wrap=True)
    console.print(f"hash {manifest.content_hash}", soft_wrap=True)


def _item_view(item: "Item") -> "RenderableType":
    from rich.console import Group
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    title = f"{item.cell}/{item.family} · level {item.level} · {item.split}"
    steps = Table.grid(padding=(0, 1))
    steps.add_column(style="dim", no_wrap=True)
    steps.add_column()
    steps.add_row("gold", Text(item.answer.render(), style="bold"))
    steps.add_row("short", Text("\n".join(item.short) or "(the answer alone)"))
    steps.add_row("long", Text("\n".join(item.long)))
    return Group(
        Rule(Text(title), align="left", style="dim"),
        Padding(Text(item.question), (0, 0, 1, 0)),
        Padding(steps, (0, 0, 1, 0)),
    )
