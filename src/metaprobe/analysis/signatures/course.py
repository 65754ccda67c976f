"""The course of one metric: its points, and the levels between which it changed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from metaprobe.analysis.signatures.catalogue import KNOWN
from metaprobe.core.results.signatures import CurvePoint, Evidence, Signature, SignatureName
from metaprobe.core.stats.changepoint import MIN_POINTS, LevelChange, level_changes
from metaprobe.core.stats.shares import FloatArray

_CHART_POINTS = 80


class Move(NamedTuple):
    """A lasting move of a metric from one level to the one at its end."""

    before: float
    after: float
    change: LevelChange
    """The first change on the way."""


class Course(NamedTuple):
    """A metric over the steps that have a finite value of it, at least `MIN_POINTS`."""

    name: str
    steps: Sequence[int]
    values: FloatArray
    changes: list[LevelChange]

    @property
    def levels(self) -> list[float]:
        """The level at the start and after each change."""
        if not self.changes:
            return [float(self.values.mean())]
        return [self.changes[0].before, *(change.after for change in self.changes)]

    def move(self) -> Move | None:
        """Return the move from the first level to the last; None without a change."""
        levels = self.levels
        return Move(levels[0], levels[-1], self.changes[0]) if self.changes else None

    def fall(self) -> Move | None:
        """Return the move from the highest level to the last; None where the last is as high."""
        levels = self.levels
        top = int(np.argmax(levels))
        if top == len(levels) - 1:
            return None
        return Move(levels[top], levels[-1], self.changes[top])

    def rise(self) -> Move | None:
        """Return the move from the lowest level to the last; None where the last is as low."""
        levels = self.levels
        bottom = int(np.argmin(levels))
        if bottom == len(levels) - 1:
            return None
        return Move(levels[bottom], levels[-1], self.changes[bottom])

    def evidence(self, move: Move | None = None) -> Evidence:
        """Return the course with a move in it; without one, with its first and last level."""
        move = move or self.move()
        if move is None:
            level = self.levels[0]
            return self._evidence(before=level, after=level, p_value=None)
        change = move.change
        return self._evidence(
            before=move.before,
            after=move.after,
            p_value=change.p_value,
            onset=self.steps[change.start],
            onset_low=self.steps[change.low],
            onset_high=self.steps[change.high],
        )

    def _evidence(self, **fields: float | int | None) -> Evidence:
        return Evidence(subject=self.name, n=len(self.steps), curve=self._curve(), **fields)

    def _curve(self) -> list[CurvePoint]:
        parts = np.array_split(np.arange(len(self.steps)), min(len(self.steps), _CHART_POINTS))
        return [
            CurvePoint(step=self.steps[int(part[-1])], value=float(self.values[part].mean()))
            for part in parts
        ]

    def after(self, share: float) -> "Course | None":
        """Return the course without its first part; None where too few points are left."""
        start = round(share * len(self.steps))
        return _course(self.name, self.steps[start:], self.values[start:])


def course(metrics: pl.DataFrame, *names: str) -> Course | None:
    """Return the course of the first of some metrics that was logged often enough, if any.

    Args:
        metrics: as from `read_metrics`.
        names: in order of preference.
    """
    for name in names:
        own = metrics.filter((pl.col("name") == name) & pl.col("value").is_finite()).sort("step")
        found = _course(name, own["step"].to_list(), own["value"].to_numpy())
        if found is not None:
            return found
    return None


def _course(name: str, steps: Sequence[int], values: FloatArray) -> Course | None:
    if len(steps) < MIN_POINTS:
        return None
    return Course(name, steps, values, level_changes(values))


def signature(name: SignatureName, text: str, evidence: list[Evidence]) -> Signature:
    """Return a signature whose onset is that of its first evidence."""
    first = evidence[0]
    return Signature(
        name=name,
        text=text,
        onset=first.onset,
        onset_low=first.onset_low,
        onset_high=first.onset_high,
        evidence=evidence,
        advice=list(KNOWN[name].advice),
    )
