"""Looking at a run again and again while it goes on, without crying wolf.

Whoever tests each checkpoint at 5 % will stop a harmless run sooner or later. Look number t
therefore has a level of 0.05 / (t (t + 1)), and these add up to 0.05 over any number of looks: its
Benjamini-Hochberg q-values, over the groups of one kind, are multiplied by t (t + 1). Where
nothing has changed, a cell is ever called fallen with a chance of at most 0.05 over a whole run.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from metaprobe.analysis.profile import Q_LEVEL
from metaprobe.analysis.runs import judge
from metaprobe.core.results import (
    ArmChange,
    CellResult,
    DomainResult,
    Gate,
    GroupChange,
    ProfileRow,
    RunComparison,
    SkillResult,
)
from metaprobe.core.stats import benjamini_hochberg


class Rows(Protocol):
    """A profile with changes."""

    @property
    def cells(self) -> list[CellResult]:
        """Rows by cell."""

    @property
    def skills(self) -> list[SkillResult]:
        """Rows by skill."""

    @property
    def domains(self) -> list[DomainResult]:
        """Rows by domain."""


def spent(number: int) -> int:
    """Return what q-values of look `number`, counted from 1, are multiplied by."""
    return number * (number + 1)


def group_changes(rows: Rows, factor: int = 1) -> list[GroupChange]:
    """Return the changes of a profile by domain, skill and cell.

    Args:
        rows: the profile, each row with its change.
        factor: q-values are multiplied by it.
    """
    return [
        *_kind("domain", rows.domains, factor),
        *_kind("skill", rows.skills, factor),
        *_kind("cell", rows.cells, factor),
    ]


def _kind(
    kind: Literal["domain", "skill", "cell"], rows: Sequence[ProfileRow], factor: int
) -> list[GroupChange]:
    known = [row for row in rows if row.delta is not None]
    q_values = benjamini_hochberg(np.array([row.p_value for row in known], dtype=np.float64))
    return [
        _change(kind, row, min(1.0, factor * float(q)))
        for row, q in zip(known, q_values, strict=True)
    ]


def _change(
    kind: Literal["domain", "skill", "cell"], row: ProfileRow, q_value: float
) -> GroupChange:
    assert row.accuracy is not None
    assert row.delta is not None
    assert row.delta_low is not None
    assert row.delta_high is not None
    parts = [str(getattr(row, name)) for name in ("domain", "skill") if hasattr(row, name)]
    return GroupChange(
        kind=kind,
        name="/".join(parts),
        before=row.accuracy - row.delta,
        after=row.accuracy,
        change=row.delta,
        low=row.delta_low,
        high=row.delta_high,
        n_items=row.n_items,
        q_value=q_value,
        fell=q_value < Q_LEVEL and row.delta < 0,
        rose=q_value < Q_LEVEL and row.delta > 0,
    )


def judge_look(arm: str, step: int, groups: list[GroupChange], expression: str) -> Gate:
    """Return the verdict of a gate on one checkpoint.

    Args:
        arm: its arm.
        step: its step.
        groups: its changes from the base.
        expression: as `parse_gate` reads it.

    Raises:
        ConfigError: the expression is none, or speaks of what was not measured.
    """
    change = ArmChange(
        before="base",
        after=arm,
        before_step=0,
        after_step=step,
        before_seeds=1,
        after_seeds=1,
        groups=groups,
    )
    whole = RunComparison(before="base", after=arm, paired=True, caveats=[], arms=[change])
    gate = judge(whole, expression).gate
    assert gate is not None
    return gate
