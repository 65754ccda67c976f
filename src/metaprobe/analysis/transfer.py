"""Transfer: what training on some cells did to the others.

**Backward transfer** (Lopez-Paz and Ranzato, arXiv 1706.08840) is the mean over earlier tasks of
the final accuracy minus the one before; here the earlier tasks are the cells that were not trained
and "before" is the base.

**Transferability Index** (arXiv 2507.00432), in two published forms that do not agree, with b a
benchmark (here a cell), g a group of them, t the trained group, R an accuracy and D = R_tuned - R:

- 2025: 100 * mean_g(D_b / R_b) / mean_t(D_b / R_b);
- ICML 2026: 100 * DI_g / DI_t with DI_g = sum_b w_b sign(D_b) sqrt(|D_b| / s_g), s_g the standard
  deviation of D over the group and w_b = (1 - R_b) / sum_g (1 - R).

The groups are `other`, the reasoning domains that were not trained, and `non`, the general domain.
Every undefined case has no value and a reason: a base at 0, equal changes throughout a group, a
base at 1 throughout, no gain in the trained group (its mean change or its term is not above 0). The
published standard deviation does not say whether it divides by n or n - 1; by n is taken, which
cancels between groups of equal size.

Intervals are percentiles of a Bayesian bootstrap over the items of each cell, so they speak of the
items; the seeds of an arm are averaged.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from metaprobe.core.results import (
    ArmTransfer,
    CellTransfer,
    Change,
    GroupTransfer,
    Transfer,
    TransferIndex,
)
from metaprobe.core.stats import FloatArray
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Cell, Domain

DRAWS = 2000
LEVEL = 0.95
_EQUAL = 1e-12
"""Below this a standard deviation or a sum of shares is rounding."""

_NON_REASONING = (Domain.GENERAL,)


class _Resampled(NamedTuple):
    """Accuracies (1 + draws, cells); the first row is the estimate itself."""

    cells: list[Cell]
    n_items: list[int]
    base: FloatArray
    tuned: FloatArray

    def of(self, cells: Sequence[Cell]) -> "_Resampled":
        """Return some of the cells."""
        kept = [self.cells.index(cell) for cell in cells]
        sizes = [self.n_items[n] for n in kept]
        return _Resampled(list(cells), sizes, self.base[:, kept], self.tuned[:, kept])

    @property
    def change(self) -> FloatArray:
        """Mean change over the cells, shape (1 + draws,)."""
        return np.asarray((self.tuned - self.base).mean(axis=1))


def relative_gain(base: FloatArray, tuned: FloatArray) -> FloatArray:
    """Return the mean over benchmarks of the gain relative to the base; NaN where a base is 0.

    Args:
        base: accuracies in 0..1, shape (..., benchmarks).
        tuned: of the tuned model, same shape.

    Returns:
        Shape (...).
    """
    known = np.where(base > 0, base, np.nan)
    return np.asarray(((tuned - base) / known).mean(axis=-1))


def domain_index(base: FloatArray, tuned: FloatArray) -> FloatArray:
    """Return the difficulty-weighted sum of signed roots of standardised gains (ICML 2026).

    Args:
        base: accuracies in 0..1, shape (..., benchmarks).
        tuned: of the tuned model, same shape.

    Returns:
        Shape (...); NaN where all gains of a group are equal, or its base is at 1 throughout.
    """
    gain = tuned - base
    spread = gain.std(axis=-1, keepdims=True)
    room = (1 - base).sum(axis=-1, keepdims=True)
    spread = np.where(spread > _EQUAL, spread, np.nan)
    room = np.where(room > _EQUAL, room, np.nan)
    signed = np.sign(gain) * np.sqrt(np.abs(gain) / spread)
    return np.asarray(((1 - base) / room * signed).sum(axis=-1))


def transfer(
    base: pl.DataFrame, arms: Mapping[str, Sequence[pl.DataFrame]], trained: set[str]
) -> Transfer | None:
    """Return what each arm's training did elsewhere; None without a trained cell.

    Args:
        base: `item_accuracies` of the base.
        arms: by arm, `item_accuracies` of the last stage of each seed.
        trained: cells that the arms were trained on, written `domain/skill`.
    """
    if not trained:
        return None
    rows = [_arm(name, base, tables, trained) for name, tables in arms.items()]
    found = [row for row in rows if row is not None]
    if not found:
        return None
    domains = [d for d in Domain if any(cell.startswith(f"{d}/") for cell in trained)]
    return Transfer(trained_domains=domains, arms=found)


def _arm(
    name: str, base: pl.DataFrame, tables: Sequence[pl.DataFrame], trained: set[str]
) -> ArmTransfer | None:
    values = _resampled(name, base, tables)
    own = [cell for cell in values.cells if str(cell) in trained]
    others = [cell for cell in values.cells if str(cell) not in trained]
    if not own:
        return None
    domains = {cell.domain for cell in CELLS if str(cell) in trained}
    target = values.of([cell for cell in values.cells if cell.domain in domains])
    groups = []
    for group, members in (
        ("other", [d for d in Domain if d not in domains and d not in _NON_REASONING]),
        ("non", [d for d in _NON_REASONING if d not in domains]),
    ):
        cells = [cell for cell in values.cells if cell.domain in members]
        if cells:
            groups.append(_group(group, values.of(cells), target))
    return ArmTransfer(
        arm=name,
        n_seeds=len(tables),
        trained=_change(values.of(own).change),
        backward=_change(values.of(others).change) if others else None,
        groups=groups,
        cells=[
            CellTransfer(
                domain=cell.domain,
                skill=cell.skill,
                trained=cell in own,
                change=_change(values.of([cell]).change),
                n_items=n,
            )
            for cell, n in zip(values.cells, values.n_items, strict=True)
        ],
    )


def _resampled(name: str, base: pl.DataFrame, tables: Sequence[pl.DataFrame]) -> _Resampled:
    """Return the resampled accuracies of every cell, on the items that all tables share."""
    joined = base.select("item_id", "domain", "skill", base="accuracy")
    for n, table in enumerate(tables):
        column = table.select("item_id", pl.col("accuracy").alias(str(n)))
        joined = joined.join(column, on="item_id", how="inner", maintain_order="left")
    seeds = [str(n) for n in range(len(tables))]
    joined = joined.with_columns(tuned=pl.mean_horizontal(*seeds))
    cells, sizes, before, after = [], [], [], []
    for cell in CELLS:
        here = (pl.col("domain") == str(cell.domain)) & (pl.col("skill") == str(cell.skill))
        own = joined.filter(here)
        if own.is_empty():
            continue
        weights = np.ones((1 + DRAWS, own.height))
        rng = numpy_rng_for("transfer", name, cell)
        weights[1:] = rng.standard_exponential((DRAWS, own.height))
        weights /= weights.sum(axis=1, keepdims=True)
        cells.append(cell)
        sizes.append(own.height)
        before.append(weights @ own["base"].to_numpy())
        after.append(weights @ own["tuned"].to_numpy())
    if not cells:
        return _Resampled([], [], np.zeros((1 + DRAWS, 0)), np.zeros((1 + DRAWS, 0)))
    return _Resampled(cells, sizes, np.stack(before, axis=1), np.stack(after, axis=1))


def _group(group: str, values: _Resampled, target: _Resampled) -> GroupTransfer:
    domains = [d for d in Domain if any(cell.domain == d for cell in values.cells)]
    relative = relative_gain(values.base, values.tuned)
    relative_target = relative_gain(target.base, target.tuned)
    weighted = domain_index(values.base, values.tuned)
    weighted_target = domain_index(target.base, target.tuned)
    return GroupTransfer(
        group=group,
        domains=domains,
        change=_change(values.change),
        relative=_index(relative, _gaining(relative_target, target), _why_relative(values, target)),
        difficulty_weighted=_index(
            weighted, _gaining(weighted_target, target), _why_weighted(values, target)
        ),
    )


def _why_relative(values: _Resampled, target: _Resampled) -> str | None:
    """Return why the index of 2025 has no value, as far as one of its two terms has none."""
    for part in (target, values):
        for cell, accuracy in zip(part.cells, part.base[0], strict=True):
            if accuracy <= 0:
                return f"the base is at 0 on {cell}"
    return None


def _why_weighted(values: _Resampled, target: _Resampled) -> str | None:
    """Return why the index of ICML 2026 has no value, as far as one of its terms has none."""
    for part, name in ((target, "the trained domains"), (values, "the group")):
        if (part.tuned[0] - part.base[0]).std() <= _EQUAL:
            return f"all cells of {name} changed by the same amount"
        if (1 - part.base[0]).sum() <= _EQUAL:
            return f"the base is at 100 % on all cells of {name}"
    return None


def _gaining(index: FloatArray, target: _Resampled) -> FloatArray:
    """Return the trained group's term where both it and the mean change are above 0, else NaN.

    The roots and weights of ICML 2026 can make a gain of a loss: many small gains outweigh a fall.
    """
    return np.where((index > 0) & (target.change > 0), index, np.nan)


def _index(group: FloatArray, target: FloatArray, reason: str | None) -> TransferIndex:
    """Return 100 * group / target with its interval; both of shape (1 + draws,)."""
    if reason is None and np.isnan(target[0]):
        reason = "no gain in the trained domains"
    if reason is not None:
        return TransferIndex(value=None, low=None, high=None, reason=reason)
    value = float(100 * group[0] / target[0])
    known = np.isfinite(group[1:]) & np.isfinite(target[1:])
    if not known.all():
        share = round(100 * float(1 - known.mean()), 1)
        why = f"not defined in {share:g} % of the resamples, most of all for want of a gain"
        return TransferIndex(value=value, low=None, high=None, reason=why)
    low, high = np.quantile(100 * group[1:] / target[1:], [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return TransferIndex(value=value, low=float(low), high=float(high))


def _change(values: FloatArray) -> Change:
    low, high = np.quantile(values[1:], [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Change(value=float(values[0]), low=float(low), high=float(high))
