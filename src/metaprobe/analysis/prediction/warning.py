"""From the first quarter of a run: which cells will have collapsed at its end?

The score of a cell is the value of one predictor at the last stage within the first quarter of the
run's steps, with the sign that was fixed beforehand. Nothing is fitted, so nothing can leak. Cells
that are already below the base by then are left out: it takes no warning to see those.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metaprobe.analysis.prediction.fits import Rows, run_weights
from metaprobe.analysis.prediction.table import DANGER
from metaprobe.core.association import auroc, auroc_interval
from metaprobe.core.results import EarlyWarning
from metaprobe.core.stats import FloatArray

EARLY = 0.25
"""Share of a run's steps that the warning may see."""
FALSE_ALARMS = 0.1
FEWEST = 5
"""Cells of either kind that an area needs."""


class _Early(NamedTuple):
    score: FloatArray
    falls: NDArray[np.bool_]
    lead: FloatArray
    """Stages until the collapse; NaN where there is none."""
    rows: Rows


def early_cells(table: pl.DataFrame) -> pl.DataFrame:
    """Return the cells at the last stage of the first quarter that are not yet below the base.

    Args:
        table: of `prediction_table`.

    Returns:
        The rows of the table with `falls`, whether the cell has collapsed at the run's end, and
        `lead`, the number of stages from here to the first at which it has.
    """
    run = ["arm", "seed"]
    collapsed = pl.col("collapsed")
    ends = table.group_by([*run, "cell"]).agg(
        falls=collapsed.sort_by("place").last(),
        begins=pl.col("place").filter(collapsed).min(),
    )
    last = pl.col("step").max().over(run)
    early = table.filter(pl.col("step") <= EARLY * last)
    early = early.filter(pl.col("place") == pl.col("place").max().over(run))
    joined = early.join(ends, on=[*run, "cell"], how="inner", maintain_order="left")
    lead = (pl.col("begins") - pl.col("place")).cast(pl.Float64)
    return joined.filter(~pl.col("below")).with_columns(lead=lead)


def warning(early: pl.DataFrame, predictor: str) -> EarlyWarning:
    """Return how well one predictor warns.

    Args:
        early: of `early_cells`.
        predictor: column of the score.
    """
    early = early.drop_nulls(predictor)
    found = _Early(
        score=DANGER[predictor] * early[predictor].to_numpy(),
        falls=early["falls"].to_numpy(),
        lead=early["lead"].fill_null(float("nan")).to_numpy(),
        rows=Rows(
            np.zeros(early.height),
            np.zeros(early.height, dtype=np.intp),
            early["arm"].rank("dense").to_numpy().astype(np.intp),
            early["seed"].to_numpy().astype(np.intp),
        ),
    )
    fallen, kept = found.score[found.falls], found.score[~found.falls]
    if min(fallen.size, kept.size) < FEWEST:
        reason = f"{fallen.size} cells collapse later and {kept.size} do not; {FEWEST} of each"
        return EarlyWarning(
            predictor=predictor,
            auroc=None,
            low=None,
            high=None,
            caught=None,
            lead=None,
            n_collapsed=fallen.size,
            n_kept=kept.size,
            reason=reason,
        )
    low, high = _interval(found)
    caught = fallen > np.quantile(kept, 1 - FALSE_ALARMS, method="higher")
    lead = found.lead[found.falls][caught]
    return EarlyWarning(
        predictor=predictor,
        auroc=auroc(fallen, kept),
        low=low,
        high=high,
        caught=float(caught.mean()),
        lead=float(lead.mean()) if lead.size else None,
        n_collapsed=fallen.size,
        n_kept=kept.size,
    )


def _interval(found: _Early) -> tuple[float, float]:
    """Return the wider of two intervals: over runs and arms, and as if cells were independent.

    The first alone has no width where every pair is in order.
    """
    fallen, kept = found.score[found.falls], found.score[~found.falls]
    above = (fallen[:, None] > kept[None, :]) + 0.5 * (fallen[:, None] == kept[None, :])
    weights = run_weights(found.rows)[:, found.rows.run]
    one, other = weights[:, found.falls], weights[:, ~found.falls]
    drawn = ((one @ above) * other).sum(axis=1) / (one.sum(axis=1) * other.sum(axis=1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    plain = auroc_interval(auroc(fallen, kept), fallen.size, kept.size)
    return float(min(low, plain.low)), float(max(high, plain.high))
