"""`metaprobe bench power`: what a design can see, before anything is measured."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from metaprobe.core.stats import Design

_ITEMS = (25, 50, 100, 200, 400)
_FALLS = (0.05, 0.10, 0.15, 0.20)
_WANTED = (0.8, 0.95)
_RATE = 0.05


def power(
    items: Annotated[int, typer.Option(min=2, help="Items in a cell.")] = 100,
    samples: Annotated[int, typer.Option(min=1, help="Responses to an item.")] = 4,
    accuracy: Annotated[float, typer.Option(help="Accuracy of the base, a share.")] = 0.6,
    effect: Annotated[
        float | None, typer.Option(help="A fall that matters, a share: 0.15 is 15 points.")
    ] = None,
    cells: Annotated[int, typer.Option(min=1, help="Cells tested together.")] = 20,
    seeds: Annotated[int, typer.Option(min=1, help="Tuned models to be averaged.")] = 1,
    seed_sd: Annotated[
        float, typer.Option(help="Spread of the true change over seeds, for a claim about others.")
    ] = 0.0,
    spread: Annotated[
        float, typer.Option(help="How unequal items are: 0 all alike, 1 always or never solved.")
    ] = 0.4,
    correlation: Annotated[
        float, typer.Option(help="Of the items' solve probabilities before and after.")
    ] = 0.9,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print which falls a design finds, and how many items others need.

    The fall is in one cell alone, the hardest case for q-values over all cells. Formula and
    simulated check: docs/power.md.
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from metaprobe.core.stats import Design

    design = Design(
        items=items,
        samples=samples,
        accuracy=accuracy,
        spread=spread,
        correlation=correlation,
        seeds=seeds,
        seed_sd=seed_sd,
    )
    falls = sorted({fall for fall in (*_FALLS, effect) if fall is not None and fall <= accuracy})
    if effect is not None and effect not in falls:
        falls.append(effect)  # refused with a line that says why
    found = _answers(design, falls, _RATE / cells)
    if as_json:
        print(json.dumps({"design": asdict(design), "cells": cells, "rate": _RATE, **found}))
        return
    console = Console(highlight=False)
    console.print(f"Power in % to find a fall in one cell of {cells} alone (q < {_RATE}).")
    console.print(f"Base at {100 * accuracy:g} %, samples an item {samples}, seeds {seeds}.")
    console.print(_table(design, falls, found))


def _answers(design: "Design", falls: list[float], level: float) -> dict[str, Any]:
    """Return powers and smallest falls by number of items, and the items that falls need."""
    from dataclasses import replace

    from metaprobe.core.stats import detectable_fall, fall_power, items_needed

    by_items = []
    for items in sorted({*_ITEMS, design.items}):
        other = replace(design, items=items)
        by_items.append(
            {
                "items": items,
                "power": [fall_power(other, fall, level=level) for fall in falls],
                "smallest": [detectable_fall(other, wanted=w, level=level) for w in _WANTED],
            }
        )
    needed = [
        [items_needed(design, fall, wanted=wanted, level=level) for fall in falls]
        for wanted in _WANTED
    ]
    return {"falls": falls, "wanted": list(_WANTED), "by_items": by_items, "items_needed": needed}


def _table(design: "Design", falls: list[float], found: dict[str, Any]) -> "Table":
    from rich.table import Table

    from metaprobe.core.stats import MOST_ITEMS

    table = Table(box=None, pad_edge=False)
    table.add_column("items", justify="right")
    for fall in falls:
        table.add_column(f"−{100 * fall:g}", justify="right")
    for wanted in _WANTED:
        table.add_column(f"seen at {100 * wanted:g} %", justify="right")
    for row in found["by_items"]:
        table.add_row(
            str(row["items"]),
            *(f"{100 * share:.0f}" for share in row["power"]),
            *("none" if fall is None else f"−{100 * fall:.1f}" for fall in row["smallest"]),
            style="bold" if row["items"] == design.items else None,
        )
    table.add_section()
    for wanted, counts in zip(_WANTED, found["items_needed"], strict=True):
        table.add_row(
            f"for {100 * wanted:g} %",
            *(f"> {MOST_ITEMS}" if count is None else str(count) for count in counts),
        )
    return table
