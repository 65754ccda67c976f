"""Rankings by likelihood, by cell, beside chance and the base."""

from typing import Any

import polars as pl

from metaprobe.core.results import CellLikelihood, Likelihood, LikelihoodRow
from metaprobe.core.stats import Interval, mean_interval, paired_delta, t_interval
from metaprobe.core.vocabulary import CELLS


def likelihood_by_cell(
    table: pl.DataFrame, base: pl.DataFrame | None, *, stream: str
) -> Likelihood:
    """Return the rankings of one stage, overall and by cell.

    Args:
        table: one row an item, as the likelihood probe gives them.
        base: the same of the base; None for the base itself.
        stream: names the random stream of the intervals of changes.
    """
    if base is not None:
        before = base.select("item_id", base="correct")
        table = table.join(before, on="item_id", how="left", maintain_order="left")
    cells = []
    for cell in CELLS:
        rows = table.filter(
            (pl.col("domain") == str(cell.domain)) & (pl.col("skill") == str(cell.skill))
        )
        if len(rows):
            values = _row(rows, f"{stream}/{cell}")
            cells.append(CellLikelihood(domain=cell.domain, skill=cell.skill, **values))
    return Likelihood(all=LikelihoodRow(**_row(table, stream)), cells=cells)


def _row(table: pl.DataFrame, stream: str) -> dict[str, Any]:
    ranked = table.drop_nulls("correct")
    row: dict[str, Any] = {
        "n_items": len(ranked),
        "left_out": len(table) - len(ranked),
        "chance": ranked["chance"].mean(),
        **_ends("accuracy", mean_interval(ranked["correct"].to_numpy())),
        **_ends("unnormalised", mean_interval(ranked["unnormalised"].to_numpy())),
        **_ends("margin", t_interval(ranked["margin"].to_numpy())),
        "margin": ranked["margin"].mean(),
    }
    if "base" in ranked.columns:
        pairs = ranked.drop_nulls("base")
        before, after = pairs["base"].to_numpy(), pairs["correct"].to_numpy()
        change = paired_delta(before, after, stream=stream) if len(pairs) else None
        row |= _ends("delta", change)
    return row


def _ends(name: str, found: Interval | None) -> dict[str, float | None]:
    value, low, high = found[:3] if found else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
