"""Arms beside each other at an equal gain in the trained cells, and at equal budgets.

Neither alone is fair: an arm that hardly moved has lost nothing, and one that moved far may have
had ten times the compute. An arm is a path of (budget, change in the trained cells, change in all
others), averaged over its seeds and straight between its stages, from the base at the origin. The
budgets are compute in forward tokens, optimiser steps, tokens in the loss and seconds of training.

At its last stage an arm is on the Pareto front where no other one gained at least as much in the
trained cells with as good a worst cell, one of them better.

Intervals are percentiles of a Bayesian bootstrap (Rubin, Ann. Statist. 9 (1981) 130) over items and
over seeds, with the prior of `core.stats.paired_delta`, without which one item would be a gain. All
arms share the items, so differences between arms are paired; with one seed they say nothing about
other seeds. Differences from the best arm are widened for their number (Bonferroni).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.results import (
    ArmComparison,
    AtBudget,
    Budget,
    Change,
    Comparison,
    PathPoint,
)
from metaprobe.core.stats import PRIOR_ITEMS, FloatArray
from metaprobe.core.streams import numpy_rng_for

DRAWS = 2000
LEVEL = 0.95
_EQUAL = 1e-9
BUDGETS: tuple[Budget, ...] = get_args(Budget)


class Trajectory(NamedTuple):
    """What was measured of one arm and seed, stage by stage."""

    arm: str
    seed: int
    steps: Sequence[int]
    costs: Mapping[Budget, Sequence[float | None]]
    """What was spent up to each stage; one that does not rise from each to the next is unknown."""
    changes: FloatArray
    """(stages, items) change of each item's accuracy from the base."""


class _Path(NamedTuple):
    """One arm; the first row of each array is the estimate itself, the others are draws."""

    arm: str
    n_seeds: int
    steps: Sequence[int]
    costs: dict[Budget, FloatArray]
    """(1 + stages,) each that is known, averaged over the seeds; the first is the base."""
    trained: FloatArray
    """(1 + draws, 1 + stages)."""
    others: FloatArray
    """(1 + draws, 1 + stages)."""
    worst: FloatArray
    """(1 + draws,) lowest change of a cell at the last stage."""
    gain: FloatArray
    """(1 + draws,) change in the trained cells then, of the same draws as `worst`."""
    n_trained: int
    """Items of the trained cells."""
    n_others: int


def compare_arms(
    trajectories: Sequence[Trajectory], trained: NDArray[np.bool_], cells: Sequence[str]
) -> Comparison | None:
    """Return the comparison of a study's arms; None without two arms or without other cells.

    Stages that not all seeds of an arm have are left out.

    Args:
        trajectories: of every arm and seed, over the same items.
        trained: (items,) whether an item is of a trained cell.
        cells: (items,) the cell of each item.
    """
    names = list(dict.fromkeys(t.arm for t in trajectories))
    if len(names) < 2 or not trained.any() or trained.all():
        return None
    cell = np.unique(np.asarray(cells), return_inverse=True)[1]
    paths = [_path([t for t in trajectories if t.arm == name], trained, cell) for name in names]
    paths = [path for path in paths if path.steps]
    if len(paths) < 2:
        return None
    peaks = [int(path.trained[0].argmax()) for path in paths]
    bests = [_change(p.trained[:, n], p.n_trained) for p, n in zip(paths, peaks, strict=True)]
    gaining = [path for path, best in zip(paths, bests, strict=True) if best.low > 0]
    gain = min(float(p.trained[0].max()) for p in gaining) if len(gaining) > 1 else None
    at_gain = {p.arm: _at_gain(p, gain) for p in gaining} if gain is not None else {}
    n_others = paths[0].n_others
    behind_gain = _behind({arm: kept for arm, (kept, _) in at_gain.items()}, n_others)
    budgets, at = _at_budgets(paths)
    fronts = _fronts(paths)
    rows = []
    for path, best, front in zip(paths, bests, fronts.T, strict=True):
        kept, spent = at_gain.get(path.arm, (None, None))
        rows.append(
            ArmComparison(
                arm=path.arm,
                n_seeds=path.n_seeds,
                path=_points(path),
                best=best,
                gained=best.low > 0,
                at_gain=None if kept is None else _change(kept, n_others),
                tokens_to_gain=spent,
                behind_at_gain=behind_gain.get(path.arm),
                at=at[path.arm],
                last=_change(path.trained[:, -1], path.n_trained),
                worst=float(path.worst[0]),
                on_front=bool(front[0]),
                front_share=float(front[1:].mean()),
            )
        )
    n_trained = paths[0].n_trained
    return Comparison(gain=gain, budgets=budgets, n_trained=n_trained, n_others=n_others, arms=rows)


def first_reach(path: FloatArray, level: float) -> FloatArray:
    """Return where each path first reaches a level, in units of stages, or its highest point.

    Args:
        path: (draws, stages) values; straight between stages.
        level: what is to be reached.

    Returns:
        (draws,) such as 1.5 for half-way from the second to the third stage.
    """
    reached = path >= level
    after = reached.argmax(axis=1)
    draw = np.arange(len(path))
    before = np.maximum(after - 1, 0)
    low, high = path[draw, before], path[draw, after]
    rise = np.where(high > low, high - low, 1.0)
    crossing = before + np.where(after > before, (level - low) / rise, 0.0)
    return np.asarray(np.where(reached.any(axis=1), crossing, path.argmax(axis=1)))


@lru_cache(maxsize=32)
def _item_weights(count: int, group: str) -> FloatArray:
    """Return weights (1 + draws, count) that sum to one, the first ones equal."""
    weights = np.ones((1 + DRAWS, count))
    rng = numpy_rng_for("comparison", "items", group, count)
    weights[1:] = rng.standard_exponential((DRAWS, count))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _path(runs: Sequence[Trajectory], trained: NDArray[np.bool_], cell: NDArray[np.int64]) -> _Path:
    steps = [s for s in runs[0].steps if all(s in run.steps for run in runs)]
    rows = [[list(run.steps).index(s) for s in steps] for run in runs]
    rng = numpy_rng_for("comparison", "seeds", runs[0].arm)
    of_seeds = np.ones((1 + DRAWS, len(runs)))
    of_seeds[1:] = rng.standard_exponential((DRAWS, len(runs)))
    of_seeds /= of_seeds.sum(axis=1, keepdims=True)
    changes = np.stack([run.changes[row] for run, row in zip(runs, rows, strict=True)])

    def mean(values: FloatArray, group: str) -> FloatArray:
        """Return (1 + draws, stages) of values (seeds, stages, items)."""
        by_seed = np.tensordot(_item_weights(values.shape[2], group), values, axes=(1, 2))
        return np.asarray(np.einsum("ds,dsk->dk", of_seeds, by_seed))

    sides = []
    for name, group in (("trained", trained), ("others", ~trained)):
        side = mean(changes[:, :, group], name)
        sides.append(np.hstack([np.zeros((len(side), 1)), side]))
    groups = [cell == c for c in range(int(cell.max()) + 1)]
    last = np.hstack([mean(changes[:, -1:, g], f"cell {n}") for n, g in enumerate(groups)])
    inside = np.array([np.count_nonzero(g & trained) for g in groups])
    return _Path(
        arm=runs[0].arm,
        n_seeds=len(runs),
        steps=steps,
        costs=_costs(runs, rows),
        trained=sides[0],
        others=sides[1],
        worst=last.min(axis=1),
        gain=last @ (inside / inside.sum()),
        n_trained=int(trained.sum()),
        n_others=int((~trained).sum()),
    )


def _costs(runs: Sequence[Trajectory], rows: Sequence[Sequence[int]]) -> dict[Budget, FloatArray]:
    """Return the budgets that are known of every stage, with the base in front."""
    found: dict[Budget, FloatArray] = {}
    for budget in BUDGETS:
        spent = [
            [run.costs.get(budget, [None] * len(run.steps))[n] for n in row]
            for run, row in zip(runs, rows, strict=True)
        ]
        values = np.array(spent, dtype=np.float64)  # NaN for None
        path = np.insert(values.mean(axis=0), 0, 0.0)
        if (np.diff(path) > 0).all():
            found[budget] = path
    return found


def _fronts(paths: Sequence[_Path]) -> NDArray[np.bool_]:
    """Return whether each arm is on the Pareto front, (1 + draws, arms)."""
    gain, worst = (np.stack([getattr(p, f) for p in paths], axis=1) for f in ("gain", "worst"))

    def compare(values: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        gap = values[:, :, None] - values[:, None, :]  # (1 + draws, other arm, arm)
        return gap > -_EQUAL, gap > _EQUAL

    (as_much, more), (as_good, better) = compare(gain), compare(worst)
    return np.asarray(~(as_much & as_good & (more | better)).any(axis=1))


def _at(values: FloatArray, place: FloatArray) -> FloatArray:
    """Return values (draws, stages) at fractional stages (draws,)."""
    draw, before = np.arange(len(values)), np.floor(place).astype(int)
    after = np.minimum(before + 1, values.shape[1] - 1)
    share = place - before
    return np.asarray((1 - share) * values[draw, before] + share * values[draw, after])


def _at_gain(path: _Path, gain: float) -> tuple[FloatArray, float | None]:
    """Return what is kept elsewhere (1 + draws,) at a gain, and the compute up to there."""
    place = first_reach(path.trained, gain)
    spent = None
    if "forward_tokens" in path.costs:
        spent = float(_at(path.costs["forward_tokens"][None], place[:1])[0])
    return _at(path.others, place), spent


def _at_budgets(
    paths: Sequence[_Path],
) -> tuple[dict[Budget, float], dict[str, dict[Budget, AtBudget]]]:
    """Return the common budgets, and each arm at each of them."""
    budgets: dict[Budget, float] = {}
    at: dict[str, dict[Budget, AtBudget]] = {path.arm: {} for path in paths}
    for budget in BUDGETS:
        known = [path for path in paths if budget in path.costs]
        if len(known) < 2:
            continue
        common = min(float(path.costs[budget][-1]) for path in known)
        places = {
            p.arm: np.interp(common, p.costs[budget], np.arange(1.0 + len(p.steps))) for p in known
        }
        kept = {p.arm: _at(p.others, np.full(len(p.others), places[p.arm])) for p in known}
        behind = _behind(kept, known[0].n_others)
        for path in known:
            trained = _at(path.trained, np.full(len(path.trained), places[path.arm]))
            at[path.arm][budget] = AtBudget(
                trained=_change(trained, path.n_trained),
                others=_change(kept[path.arm], path.n_others),
                behind=behind.get(path.arm),
            )
        budgets[budget] = common
    return budgets, at


def _behind(kept: dict[str, FloatArray], items: int) -> dict[str, Change]:
    """Return how much more the best arm keeps than each other one."""
    if len(kept) < 2:
        return {}
    best = max(kept, key=lambda arm: float(kept[arm][0]))
    level = 1 - (1 - LEVEL) / (len(kept) - 1)
    return {
        arm: _change(kept[best] - values, items, level)
        for arm, values in kept.items()
        if arm != best
    }


@lru_cache(maxsize=32)
def _prior(items: int) -> tuple[FloatArray, FloatArray]:
    """Return the weight of the assumed items in each draw, and the change that they add."""
    rng = numpy_rng_for("comparison", "prior", items)
    up, down, seen = rng.standard_gamma([PRIOR_ITEMS, PRIOR_ITEMS, items], (DRAWS, 3)).T
    total = up + down + seen
    return (up + down) / total, (up - down) / total


def _change(values: FloatArray, items: int, level: float = LEVEL) -> Change:
    weight, added = _prior(items)
    draws = (1 - weight) * values[1:] + added
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    value = float(values[0])
    return Change(value=value, low=min(float(low), value), high=max(float(high), value))


def _points(path: _Path) -> list[PathPoint]:
    compute = path.costs.get("forward_tokens")
    return [
        PathPoint(
            step=step,
            forward_tokens=None if compute is None else float(compute[n]),
            trained=float(path.trained[0, n]),
            others=float(path.others[0, n]),
        )
        for n, step in enumerate(path.steps, start=1)
    ]
