"""One claim an arm: what it did to the cells that it was not trained on.

With two seeds or more the claim is about the arm, over items, families and seeds (`arm_change`);
with one it is about that one model. The p-values are adjusted by Holm over the arms of the study,
so that all the changes that are called real are so together with 95 % confidence.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metaprobe.analysis.wording import number, points, whole
from metaprobe.core.results import Finding
from metaprobe.core.stats import (
    MOST_ITEMS,
    ArmChange,
    Design,
    FloatArray,
    arm_change,
    holm,
    items_needed,
    paired_delta,
    permutation_p,
)

LEVEL = 0.05
EFFECT = 0.1
"""The fall of which a claim that cannot be made says what it would take."""

_SMALLEST_SD = 1e-6


class _Measured(NamedTuple):
    """An arm at its last stage, on the items of one base and of all its seeds."""

    accuracy: float
    """Of the base."""
    changes: FloatArray
    """(seeds, items)."""
    families: NDArray[Any]
    """(items,)."""
    change: ArmChange


class _Family(NamedTuple):
    """The claims of a study together."""

    n_arms: int
    level: float
    """At which the next arm would be told."""


def claims(
    base: pl.DataFrame,
    arms: Mapping[str, Sequence[pl.DataFrame]],
    trained: set[str],
    labels: Mapping[str, str],
) -> list[Finding]:
    """Return a claim for each arm that has measured items.

    It is about the cells that were not trained, or about all where there is no such cell.

    Args:
        base: `item_accuracies` of the base.
        arms: by arm, `item_accuracies` of the last stage of each seed.
        trained: cells that the arms were trained on, written `domain/skill`.
        labels: readable names of the arms.
    """
    cell = pl.col("domain").cast(pl.String) + "/" + pl.col("skill").cast(pl.String)
    base = base.with_columns(cell=cell)
    others = base.filter(~pl.col("cell").is_in(sorted(trained)))
    where = "Outside the trained cells" if trained and others.height else "Over all cells"
    found = {
        arm: _measured(arm, others if others.height else base, tables)
        for arm, tables in arms.items()
    }
    known = {arm: measured for arm, measured in found.items() if measured is not None}
    adjusted = holm(np.array([m.change.p_value for m in known.values()]))
    # The step of Holm at which the next arm would be told.
    level = LEVEL / max(1, int((adjusted > LEVEL).sum()))
    return [
        _claim(f"{where} {labels[arm]}", arm, measured, float(p), _Family(len(known), level))
        for (arm, measured), p in zip(known.items(), adjusted, strict=True)
    ]


def _measured(arm: str, base: pl.DataFrame, tables: Sequence[pl.DataFrame]) -> _Measured | None:
    """Return the arm's change; None without a shared item."""
    joined_items = base.select("item_id", "cell", "family", base="accuracy")
    for n, table in enumerate(tables):
        column = table.select("item_id", pl.col("accuracy").alias(str(n)))
        joined_items = joined_items.join(column, on="item_id", how="inner", maintain_order="left")
    if joined_items.is_empty():
        return None
    before = joined_items["base"].to_numpy()
    after = joined_items.select(str(n) for n in range(len(tables))).to_numpy().T
    names = joined_items["cell"] + "/" + joined_items["family"].cast(pl.String)
    families = names.to_numpy()
    change = arm_change(after - before, families)
    if change is None:
        change = _of_these_models(before, after.mean(axis=0), len(tables), families, arm)
    return _Measured(float(before.mean()), after - before, families, change)


def _of_these_models(
    before: FloatArray, after: FloatArray, n_seeds: int, families: NDArray[Any], stream: str
) -> ArmChange:
    """Return the change over items alone, which says nothing of other seeds or families."""
    value, low, high, n_items = paired_delta(before, after, stream=f"claim/{stream}")
    return ArmChange(
        value=value,
        low=low,
        high=high,
        p_value=permutation_p(before, after, stream=f"claim/{stream}"),
        n_seeds=n_seeds,
        n_families=len(np.unique(families)),
        n_items=n_items,
        seed_sd=0.0,
        family_sd=0.0,
    )


def _general(change: ArmChange) -> bool:
    return change.n_seeds > 1 and change.n_families > 1


def _claim(subject: str, arm: str, measured: _Measured, p: float, family: _Family) -> Finding:
    change, n_arms = measured.change, family.n_arms
    told = p <= LEVEL
    needed = None if told else _needed(measured, family.level)
    ends = f"95 % {whole(change.low)} to {whole(change.high)}"
    over = f"over {change.n_items:,} items"
    if _general(change):
        over += f", {change.n_families} families and {number(change.n_seeds)} seeds"
    detail = f"{ends} {over}; p {_p(change.p_value)}"
    if n_arms > 1:
        detail += f", after Holm over {number(n_arms)} arms {_p(p).removeprefix('= ')}"
    if told:
        verb = "gains" if change.value > 0 else "loses"
        text = f"{subject} {verb} {points(change.value)} ({detail})."
    else:
        text = f"{subject} shows no change that can be told from none: "
        text += f"{whole(change.value)} ({detail}). {_what_it_takes(measured, needed)}".rstrip()
    if not _general(change):
        one = "seed" if change.n_seeds == 1 else "family"
        text += f" This is about what was measured; one {one} says nothing of others."
    return Finding(
        kind="claim",
        arm=arm,
        text=text,
        evidence={**change._asdict(), "p_holm": p, "n_arms": n_arms, "items_needed": needed},
    )


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _what_it_takes(measured: _Measured, needed: int | None) -> str:
    """Return how many items would tell a fall of `EFFECT`; empty where it is not possible."""
    if measured.accuracy < EFFECT:
        return ""
    size = points(EFFECT)
    if needed is None:
        return f"No number of items would tell {size} with seeds as far apart; more seeds would."
    if needed <= measured.change.n_items:
        return f"A fall of {size} would be told with {needed:,} items."
    seeds = ", or more seeds," if _general(measured.change) else ""
    return f"It would take {needed:,} items{seeds} to tell a fall of {size}."


def _needed(measured: _Measured, level: float) -> int | None:
    """Return the items that find a fall of `EFFECT` with power 0.8.

    A `Design` whose spread and correlation reproduce what was measured: e, the variance of an
    item's change between seeds, and v, the variance of the mean over seeds, or that of the
    families where it is greater, for as many items a family. With one seed e is within v.
    """
    change, p = measured.change, measured.accuracy
    if p < EFFECT or change.n_items < 2:
        return None
    binomial = p * (1 - p) or _SMALLEST_SD
    noise = 0.0
    common = float(measured.changes.mean(axis=0).var(ddof=1))
    if change.n_seeds > 1:
        noise = float(measured.changes.var(axis=0, ddof=1).mean())
        common = max(common - noise / change.n_seeds, 0.0)
    common = max(common, change.family_sd**2 * change.n_items / change.n_families)
    spread = max(0.0, 1 - noise / binomial)
    excess = max(0.0, common - (1 - spread) * binomial) / (2 * binomial)
    # The design holds at most 2 p (1 - p); what families bring beyond that multiplies the items.
    more = max(1.0, excess / spread) if spread else 1.0
    design = Design(
        items=change.n_items,
        samples=1,
        accuracy=p,
        spread=spread,
        correlation=1 - min(1.0, excess / spread) if spread else 0.0,
        seeds=change.n_seeds,
        # Never 0 over seeds: the test remains that of an arm where its seeds seem alike.
        seed_sd=max(change.seed_sd, _SMALLEST_SD) if _general(change) else 0.0,
    )
    found = items_needed(design, EFFECT, level=level)
    if found is None or found * more > MOST_ITEMS:
        return None
    return int(np.ceil(found * more))
