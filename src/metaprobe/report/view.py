"""What the figures and tables draw: the summary with the seeds of an arm pooled.

A pooled value is the mean over seeds. Its interval is the mean of the seeds' intervals, so it
speaks of the items and not of run-to-run variation, which the seeds' own values show. A pooled
q-value is the largest of the seeds': a mark means that every seed shows the change, in one
direction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from metaprobe.core.results import (
    ArmResult,
    Behaviours,
    CrossSampling,
    Divergence,
    Likelihood,
    ParameterChange,
    ProfileRow,
    Representation,
    Shape,
    StageFeatures,
    StageResult,
    Summary,
)
from metaprobe.core.vocabulary import Cell, Domain, Skill, Verdict

Key = TypeVar("Key")

SIGNIFICANT = 0.05
"""Largest q-value that is marked."""


@dataclass(frozen=True)
class Pooled:
    """One group of items at one stage of one arm, over its seeds."""

    n_items: int
    n_samples: int
    verdicts: dict[Verdict, int]
    """Counts of the verdicts that are told apart."""
    accuracy: float | None
    low: float | None
    high: float | None
    chance: float | None
    majority: float | None
    self_check: float | None
    delta: float | None
    delta_low: float | None
    delta_high: float | None
    q_value: float | None
    mde: float | None
    collapsed: bool
    seed_deltas: tuple[float, ...]
    """The change of each seed; empty for a single seed."""

    @property
    def marked(self) -> bool:
        """Whether the change is significant; without a q-value, whether its interval leaves 0."""
        if self.delta is None:
            return False
        if self.q_value is not None:
            return self.q_value < SIGNIFICANT
        if self.delta_low is None or self.delta_high is None:
            return False
        return self.delta_low > 0 or self.delta_high < 0


@dataclass(frozen=True)
class StageView:
    """One step of one arm, over its seeds."""

    step: int
    tokens: float | None
    seconds: float | None
    n_seeds: int
    cells: dict[Cell, Pooled]
    skills: dict[Skill, Pooled]
    domains: dict[Domain, Pooled]
    shapes: tuple[Shape, ...]
    divergences: tuple[Divergence, ...]
    parameters: tuple[ParameterChange, ...]
    likelihoods: tuple[Likelihood, ...]
    behaviours: tuple[Behaviours, ...]
    representations: tuple[Representation, ...]
    cross_samplings: tuple[CrossSampling, ...]
    features: tuple[StageFeatures, ...]


@dataclass(frozen=True)
class ArmView:
    """The stages of one arm, seeds pooled, in order of their steps."""

    name: str
    kind: str
    index: int
    """Position among the arms; colour and shape follow from it."""
    seeds: tuple[int, ...]
    stages: tuple[StageView, ...]

    @property
    def last(self) -> StageView | None:
        """The stage with the largest step."""
        return self.stages[-1] if self.stages else None


@dataclass(frozen=True)
class View:
    """A summary as the report draws it."""

    summary: Summary
    base: StageView
    arms: tuple[ArmView, ...]

    @property
    def several_seeds(self) -> bool:
        """Whether any arm has more than one seed."""
        return any(len(arm.seeds) > 1 for arm in self.arms)

    def is_trained(self, cell: Cell) -> bool:
        """Whether the arms were trained on problems of this cell."""
        return str(cell) in self.summary.trained_cells


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the finite values, or None where there is none."""
    known = [v for v in values if v is not None and isfinite(v)]
    return sum(known) / len(known) if known else None


def build_view(summary: Summary) -> View:
    """Pool the seeds of every arm; arms keep the order in which they first appear."""
    by_arm: dict[str, list[ArmResult]] = {}
    for result in summary.arms:
        by_arm.setdefault(result.arm, []).append(result)
    arms = tuple(_arm(name, index, runs) for index, (name, runs) in enumerate(by_arm.items()))
    return View(summary=summary, base=_stage([summary.base.profile]), arms=arms)


def _arm(name: str, index: int, runs: Sequence[ArmResult]) -> ArmView:
    by_step: dict[int, list[StageResult]] = {}
    for run in runs:
        for stage in run.steps:
            by_step.setdefault(stage.step, []).append(stage)
    return ArmView(
        name=name,
        kind=runs[0].kind,
        index=index,
        seeds=tuple(sorted({run.seed for run in runs})),
        stages=tuple(_stage(by_step[step]) for step in sorted(by_step)),
    )


def _stage(stages: Sequence[StageResult]) -> StageView:
    return StageView(
        step=stages[0].step,
        tokens=mean(stage.tokens for stage in stages),
        seconds=mean(stage.seconds for stage in stages),
        n_seeds=len(stages),
        cells=_pool_by(stages, lambda s: {Cell(r.domain, r.skill): r for r in s.cells}),
        skills=_pool_by(stages, lambda s: {r.skill: r for r in s.skills}),
        domains=_pool_by(stages, lambda s: {r.domain: r for r in s.domains}),
        shapes=tuple(s.shape for s in stages if s.shape is not None),
        divergences=tuple(s.divergence for s in stages if s.divergence is not None),
        parameters=tuple(s.parameters for s in stages if s.parameters is not None),
        likelihoods=tuple(s.likelihood for s in stages if s.likelihood is not None),
        behaviours=tuple(s.behaviours for s in stages if s.behaviours is not None),
        representations=tuple(s.representation for s in stages if s.representation is not None),
        cross_samplings=tuple(s.cross_sampling for s in stages if s.cross_sampling is not None),
        features=tuple(s.features for s in stages if s.features is not None),
    )


def _pool_by(
    stages: Sequence[StageResult], rows: Callable[[StageResult], Mapping[Key, ProfileRow]]
) -> dict[Key, Pooled]:
    groups: dict[Key, list[ProfileRow]] = {}
    for stage in stages:
        for key, row in rows(stage).items():
            groups.setdefault(key, []).append(row)
    return {key: _pool(group) for key, group in groups.items()}


def _pool(rows: Sequence[ProfileRow]) -> Pooled:
    deltas = tuple(row.delta for row in rows if row.delta is not None)
    return Pooled(
        n_items=max(row.n_items for row in rows),
        n_samples=sum(row.n_samples for row in rows),
        verdicts=_verdicts(rows),
        accuracy=mean(row.accuracy for row in rows),
        low=mean(row.low for row in rows),
        high=mean(row.high for row in rows),
        chance=mean(row.chance for row in rows),
        majority=mean(row.majority for row in rows),
        self_check=mean(row.self_check_rate for row in rows),
        delta=mean(deltas),
        delta_low=mean(row.delta_low for row in rows),
        delta_high=mean(row.delta_high for row in rows),
        q_value=_pool_q(rows, deltas),
        mde=mean(row.mde for row in rows),
        collapsed=all(row.collapsed for row in rows),
        seed_deltas=deltas if len(rows) > 1 else (),
    )


def _verdicts(rows: Sequence[ProfileRow]) -> dict[Verdict, int]:
    counts = {verdict: [getattr(row, verdict) for row in rows] for verdict in Verdict}
    return {verdict: sum(found) for verdict, found in counts.items() if None not in found}


def _pool_q(rows: Sequence[ProfileRow], deltas: Sequence[float]) -> float | None:
    known = [row.q_value for row in rows if row.q_value is not None]
    if len(known) < len(rows):
        return None
    one_direction = all(d >= 0 for d in deltas) or all(d <= 0 for d in deltas)
    return max(known) if one_direction else 1.0
