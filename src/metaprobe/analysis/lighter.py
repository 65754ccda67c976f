"""Methods lighter than a sparse autoencoder, over all stages that were asked.

Which skills moved is judged against the measured change of accuracy, by its size: five skills are
few, so the stages are put together. Because stages differ far more than skills do, the rank
correlation is also taken inside each stage and averaged. Intervals of what is put together are
percentiles of a bootstrap of stages, those of means over stages Student's. The interval of a mean
effect of steering is the mean of the stages' intervals: it speaks of the items.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from metaprobe.core.association import auroc
from metaprobe.core.results import (
    ArmResult,
    Estimate,
    Lighter,
    LighterMethod,
    LighterRow,
    StageResult,
    SteeringEffect,
)
from metaprobe.core.stats import FloatArray, t_interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill

REFERENCE = "sae"
"""The method that the others are compared with."""
DRAWS = 1000
FEWEST_STAGES = 3
"""With fewer, a bootstrap of stages says nothing."""


class _Asked(NamedTuple):
    """One method at one stage; arrays of shape (skills,)."""

    method: LighterMethod
    stage: Lighter
    size: FloatArray
    """Of the movement; empty where the method cannot tell."""
    change: FloatArray
    """Size of the measured change of accuracy."""
    moved: FloatArray
    """1 where its interval leaves zero, else 0."""
    reference: FloatArray
    """Size of the movement that the reference sees; empty without it."""


def lighter_table(arms: Sequence[ArmResult]) -> list[LighterRow]:
    """Return a row for each method, over all stages that were asked.

    Args:
        arms: The arms of a study.
    """
    stages = [stage for arm in arms for stage in arm.steps if stage.lighter is not None]
    asked: dict[str, list[_Asked]] = {}
    for stage in stages:
        for row in _asked(stage):
            asked.setdefault(row.method.method, []).append(row)
    return [_row(name, rows) for name, rows in asked.items()]


def _asked(stage: StageResult) -> Iterable[_Asked]:
    found = stage.lighter
    if found is None:
        return
    measured = {r.skill: r for r in stage.skills if r.delta is not None}
    reference = next((_sizes(m) for m in found.methods if m.method == REFERENCE), {})
    for method in found.methods:
        sizes = _sizes(method)
        skills = [s for s in measured if s in sizes]
        rows = [measured[s] for s in skills]
        yield _Asked(
            method=method,
            stage=found,
            size=np.array([sizes[s] for s in skills]),
            change=np.array([abs(r.delta or 0.0) for r in rows]),
            moved=np.array([(r.delta_low or 0.0) > 0 or (r.delta_high or 0.0) < 0 for r in rows]),
            reference=np.array([reference[s] for s in skills if s in reference]),
        )


def _sizes(method: LighterMethod) -> dict[Skill, float]:
    return {m.skill: abs(m.value) for m in method.movements or []}


def _row(name: str, rows: Sequence[_Asked]) -> LighterRow:
    told = [r for r in rows if r.size.size]
    steered = [r.method.steering for r in rows if r.method.steering is not None]
    peaks = [r.method.peak_mb for r in rows if r.method.peak_mb is not None]
    compared = [] if name == REFERENCE else [r for r in told if r.reference.size == r.size.size]
    return LighterRow(
        method=name,
        n_stages=len(rows),
        n_moved=int(sum(r.moved.sum() for r in told)),
        n_skills=sum(r.size.size for r in told),
        accuracy=_together(told, lambda r: _rank_correlation(r.size, r.change)),
        within=_mean(_rank_correlation(r.size, r.change) for r in told),
        moved=_together(told, _separation),
        agreement=_mean(_rank_correlation(r.size, r.reference) for r in compared),
        cosine=_mean((r.method.cosine for r in rows), 0.0),
        random_cosine=_value(_mean(r.stage.random_cosine for r in rows)),
        effect=_over_items(steered, "effect"),
        beyond_random=_over_items(steered, "beyond_random"),
        n_steered=len(steered),
        cpu_seconds=float(np.mean([r.method.cpu_seconds for r in rows])),
        peak_mb=max(peaks, default=None),
    )


def _together(
    rows: Sequence[_Asked], statistic: Callable[[_Asked], float | None]
) -> Estimate | None:
    """Return a statistic of all stages' skills, with its interval over stages."""
    if not rows:
        return None
    value = statistic(_joined(rows))
    if value is None or len(rows) < FEWEST_STAGES:
        return None if value is None else Estimate(value=value, low=None, high=None)
    rng = numpy_rng_for("lighter", "stages", len(rows))
    places = rng.integers(0, len(rows), size=(DRAWS, len(rows)))
    drawn = [statistic(_joined([rows[n] for n in chosen])) for chosen in places]
    known = [v for v in drawn if v is not None]
    if len(known) < DRAWS:
        return Estimate(value=value, low=None, high=None)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))


def _joined(rows: Sequence[_Asked]) -> _Asked:
    parts = zip(*(row[2:] for row in rows), strict=True)
    return _Asked(rows[0].method, rows[0].stage, *(np.concatenate(part) for part in parts))


def _rank_correlation(first: FloatArray, second: FloatArray) -> float | None:
    if first.size < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(stats.rankdata(first), stats.rankdata(second))[0, 1])


def _separation(row: _Asked) -> float | None:
    moved = row.moved.astype(bool)
    if moved.all() or not moved.any():
        return None
    return auroc(row.size[moved], row.size[~moved])


def _mean(values: Iterable[float | None], least: float = -1.0) -> Estimate | None:
    """Return the mean over stages of values between `least` and 1, with its interval."""
    known = np.array([v for v in values if v is not None], dtype=np.float64)
    if not known.size:
        return None
    found = t_interval(known)
    ends = (None, None) if found is None else (max(least, found.low), min(1.0, found.high))
    return Estimate(value=float(known.mean()), low=ends[0], high=ends[1])


def _over_items(effects: Sequence[SteeringEffect], field: str) -> Estimate | None:
    if not effects:
        return None
    names = (field, f"{field}_low", f"{field}_high")
    value, low, high = (float(np.mean([getattr(e, name) for e in effects])) for name in names)
    return Estimate(value=value, low=low, high=high)


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value
