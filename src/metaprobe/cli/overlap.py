"""`metaprobe bench overlap`: which items stand in training data, word for word or nearly so."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from metaprobe.benchmark.items import Item
    from metaprobe.benchmark.overlap import ItemOverlap, Overlap

_SHOWN = 10
_EXCERPT = 160


def overlap(
    items: Annotated[
        Path, typer.Argument(help="items.jsonl of a benchmark, or the folder of a frozen one.")
    ],
    corpus: Annotated[
        list[Path], typer.Argument(help="Training data: .jsonl, .parquet, .csv, .txt or .md files.")
    ],
    column: Annotated[
        str | None,
        typer.Option(help="Column of the texts; found by name (question, prompt, ...) by default."),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            help="static or tfidf; static by default where the curate extra is installed."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the nearest rows of every item to this JSONL file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count items that training data repeats: exact, same template, n-grams, embedding.

    The kinds are counted independently, so an item can stand in several columns.
    """
    import json

    from rich.console import Console
    from rich.progress import track

    from metaprobe.benchmark.corpus import read_corpus
    from metaprobe.benchmark.embedding import make_embedder
    from metaprobe.benchmark.overlap import find_overlap
    from metaprobe.core.errors import InputError
    from metaprobe.core.files import write_text

    read = _read_items(items)
    err = Console(stderr=True)
    rows = track(
        read_corpus(corpus, column=column),
        "reading the corpus",
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    found = find_overlap(read, rows, make_embedder(embedder, [item.question for item in read]))
    if not found.n_rows:
        raise InputError(f"{', '.join(map(str, corpus))}: no text in it")
    if out:
        write_text(out, "".join(json.dumps(_line(one)) + "\n" for one in found.items))
    cells = {
        cell: _counts([one for one in found.items if str(one.item.cell) == cell])
        for cell in dict.fromkeys(str(item.cell) for item in read)
    }
    if as_json:
        overall = {"overall": _counts(found.items), "cells": cells, "n_rows": found.n_rows}
        used = {"embedder": found.embedder, "near_cosine": found.near_cosine}
        print(json.dumps({**overall, **used}))
        return
    _print_overlap(found, cells)


def _read_items(path: Path) -> list["Item"]:
    from metaprobe.benchmark.freeze import read_benchmark
    from metaprobe.benchmark.items import read_items
    from metaprobe.core.errors import InputError

    items = read_benchmark(path).items if path.is_dir() else read_items(path)
    if not items:
        raise InputError(f"{path}: no item in it")
    return items


def _line(one: "ItemOverlap") -> dict[str, Any]:
    return {
        "id": one.item.id,
        "cell": str(one.item.cell),
        "question": one.item.question,
        "found": sorted(one.found),
        "nearest": {
            kind: {"score": match.score, "row": match.row.place, "text": match.row.text}
            for kind, match in one.nearest.items()
        },
    }


def _counts(of: list["ItemOverlap"]) -> dict[str, int]:
    """Return the number of items, of those with long n-grams, and of overlaps by kind."""
    from metaprobe.benchmark.overlap import Kind

    return {
        "n_items": len(of),
        "n_with_ngram": sum(one.has_ngram for one in of),
        **{str(kind): sum(kind in one.found for one in of) for kind in Kind},
        "any": sum(bool(one.found) for one in of),
    }


def _print_overlap(found: "Overlap", cells: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from metaprobe.benchmark.overlap import FEWEST_WORDS, NEAR_JACCARD, Kind

    overall = _counts(found.items)
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("cell")
    headings = ("n_items", *map(str, Kind), "any")
    for heading in headings:
        table.add_column(heading.removeprefix("n_"), justify="right")
    for cell, counts in {**cells, "all": overall}.items():
        table.add_row(cell, *(str(counts[heading]) for heading in headings))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"\nItems with at least one such row among {found.n_rows} of the corpus. 13-gram: any in "
        f"common, of the {overall['n_with_ngram']} items of {FEWEST_WORDS} words or more; 3-gram: "
        f"Jaccard index >= {NEAR_JACCARD}; embedding: cosine >= {found.near_cosine} by "
        f"{found.embedder}.",
        style="dim",
    )
    _print_nearest(found)


def _print_nearest(found: "Overlap") -> None:
    """Print the nearest rows of the first items with the strongest kinds of overlap."""
    from rich.console import Console
    from rich.text import Text

    from metaprobe.benchmark.overlap import Kind

    order = list(Kind)
    hits = [(min(one.found, key=order.index), one) for one in found.items if one.found]
    hits.sort(key=lambda hit: (order.index(hit[0]), -hit[1].nearest[hit[0]].score))
    console = Console(highlight=False)
    for kind, one in hits[:_SHOWN]:
        score, row = one.nearest[kind]
        console.print(f"\n[bold]{kind}[/bold] {score:.2f}  {one.item.cell}  {one.item.id}")
        console.print(Text(f"  item  {_excerpt(one.item.question)}"))
        console.print(Text(f"  {row.place}  {_excerpt(row.text)}"))
    if len(hits) > _SHOWN:
        console.print(f"\n{len(hits) - _SHOWN} more items overlap; --out writes all.", style="dim")


def _excerpt(text: str) -> str:
    """Return the beginning of a text as one printable line."""
    line = repr(" ".join(text.split()))[1:-1]
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."
