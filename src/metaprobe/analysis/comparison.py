"""Arms beside each other at an equal gain in the trained cells, and at equal compute.

Neither alone is fair: an arm that hardly moved has lost nothing, and one that moved far may have
had ten times the compute. An arm is a path of (compute, change in the trained cells, change in all
others), averaged over its seeds and straight between its stages, from the base at the origin.

Intervals are percentiles of a Bayesian bootstrap (Rubin, Ann. Statist. 9 (1981) 130) over items and
over seeds. All arms share the items, so differences between arms are paired; with one seed they say
nothing about other seeds. Differences from the best arm are widened for their number (Bonferroni).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.results import ArmComparison, Change, Comparison, PathPoint
from metaprobe.core.stats import FloatArray
from metaprobe.core.streams import numpy_rng_for

DRAWS = 2000
LEVEL = 0.95


class Trajectory(NamedTuple):
    """What was measured of one arm and seed, stage by stage."""

    arm: str
    seed: int
    steps: Sequence[int]
    forward_tokens: Sequence[int | None]
    changes: FloatArray
    """(stages, items) change of each item's accuracy from the base."""


class _Path(NamedTuple):
    """One arm; the first row of each array is the estimate itself, the others are draws."""

    arm: str
    n_seeds: int
    steps: Sequence[int]
    compute: FloatArray | None
    """(1 + stages,) forward tokens, averaged over the seeds; the first is the base."""
    trained: FloatArray
    """(1 + draws, 1 + stages)."""
    others: FloatArray
    """(1 + draws, 1 + stages)."""


def compare_arms(
    trajectories: Sequence[Trajectory], trained: NDArray[np.bool_]
) -> Comparison | None:
    """Return the comparison of a study's arms; None without two arms or without other cells.

    Stages that not all seeds of an arm have are left out.

    Args:
        trajectories: of every arm and seed, over the same items.
        trained: (items,) whether an item is of a trained cell.
    """
    names = list(dict.fromkeys(t.arm for t in trajectories))
    if len(names) < 2 or not trained.any() or trained.all():
        return None
    paths = [_path([t for t in trajectories if t.arm == name], trained) for name in names]
    paths = [path for path in paths if path.steps]
    if len(paths) < 2:
        return None
    peaks = [int(path.trained[0].argmax()) for path in paths]
    bests = [_change(path.trained[:, n]) for path, n in zip(paths, peaks, strict=True)]
    gaining = [path for path, best in zip(paths, bests, strict=True) if best.low > 0]
    gain = min(float(p.trained[0].max()) for p in gaining) if len(gaining) > 1 else None
    known = [float(path.compute[-1]) for path in paths if path.compute is not None]
    compute = min(known) if len(known) > 1 else None
    at_gain = {p.arm: _at_gain(p, gain) for p in gaining} if gain is not None else {}
    at_compute = {}
    if compute is not None:
        at_compute = {p.arm: _at_compute(p, compute) for p in paths if p.compute is not None}
    behind_gain = _behind({arm: kept for arm, (kept, _) in at_gain.items()})
    behind_compute = _behind({arm: kept for arm, (_, kept) in at_compute.items()})
    rows = []
    for path, best in zip(paths, bests, strict=True):
        kept, spent = at_gain.get(path.arm, (None, None))
        target, others = at_compute.get(path.arm, (None, None))
        rows.append(
            ArmComparison(
                arm=path.arm,
                n_seeds=path.n_seeds,
                path=_points(path),
                best=best,
                gained=best.low > 0,
                at_gain=None if kept is None else _change(kept),
                tokens_to_gain=spent,
                behind_at_gain=behind_gain.get(path.arm),
                trained_at_compute=None if target is None else _change(target),
                others_at_compute=None if others is None else _change(others),
                behind_at_compute=behind_compute.get(path.arm),
            )
        )
    n_trained = int(trained.sum())
    return Comparison(
        gain=gain,
        compute=compute,
        n_trained=n_trained,
        n_others=len(trained) - n_trained,
        arms=rows,
    )


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


@lru_cache(maxsize=4)
def _item_weights(count: int) -> FloatArray:
    """Return weights (1 + draws, count) that sum to one, the first ones equal."""
    weights = np.ones((1 + DRAWS, count))
    weights[1:] = numpy_rng_for("comparison", "items", count).standard_exponential((DRAWS, count))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _path(runs: Sequence[Trajectory], trained: NDArray[np.bool_]) -> _Path:
    steps = [s for s in runs[0].steps if all(s in run.steps for run in runs)]
    rows = [[list(run.steps).index(s) for s in steps] for run in runs]
    rng = numpy_rng_for("comparison", "seeds", runs[0].arm)
    of_seeds = np.ones((1 + DRAWS, len(runs)))
    of_seeds[1:] = rng.standard_exponential((DRAWS, len(runs)))
    of_seeds /= of_seeds.sum(axis=1, keepdims=True)
    sides = []
    for group in (trained, ~trained):
        of_items = _item_weights(int(group.sum()))
        own = [run.changes[row][:, group] for run, row in zip(runs, rows, strict=True)]
        by_seed = np.stack([of_items @ c.T for c in own], axis=1)  # (1 + draws, seeds, stages)
        mean = np.einsum("ds,dsk->dk", of_seeds, by_seed)
        sides.append(np.concatenate([np.zeros((len(mean), 1)), mean], axis=1))
    spent = [[run.forward_tokens[n] for n in row] for run, row in zip(runs, rows, strict=True)]
    compute = None
    if all(value is not None for row in spent for value in row):
        compute = np.append(0.0, np.asarray(spent, dtype=np.float64).mean(axis=0))
    return _Path(runs[0].arm, len(runs), steps, compute, sides[0], sides[1])


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
    if path.compute is not None:
        spent = float(_at(path.compute[None], place[:1])[0])
    return _at(path.others, place), spent


def _at_compute(path: _Path, compute: float) -> tuple[FloatArray, FloatArray]:
    assert path.compute is not None
    place = np.interp(compute, path.compute, np.arange(len(path.compute)))
    places = np.full(len(path.trained), place)
    return _at(path.trained, places), _at(path.others, places)


def _behind(kept: dict[str, FloatArray]) -> dict[str, Change]:
    """Return how much more the best arm keeps than each other one."""
    if len(kept) < 2:
        return {}
    best = max(kept, key=lambda arm: float(kept[arm][0]))
    level = 1 - (1 - LEVEL) / (len(kept) - 1)
    return {arm: _change(kept[best] - values, level) for arm, values in kept.items() if arm != best}


def _change(values: FloatArray, level: float = LEVEL) -> Change:
    low, high = np.quantile(values[1:], [0.5 - level / 2, 0.5 + level / 2])
    return Change(value=float(values[0]), low=float(low), high=float(high))


def _points(path: _Path) -> list[PathPoint]:
    return [
        PathPoint(
            step=step,
            forward_tokens=None if path.compute is None else float(path.compute[n]),
            trained=float(path.trained[0, n]),
            others=float(path.others[0, n]),
        )
        for n, step in enumerate(path.steps, start=1)
    ]
