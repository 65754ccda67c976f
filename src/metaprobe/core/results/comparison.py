"""The arms of a study beside each other."""

from typing import Literal

from metaprobe.core.results.model import Result

Budget = Literal["forward_tokens", "steps", "tokens", "seconds"]
"""What arms are compared at an equal amount of: compute, optimiser steps, tokens in the loss, and
training time."""


class Change(Result):
    """A change in accuracy from the base, with its 95 % interval."""

    value: float
    low: float
    high: float


class PathPoint(Result):
    """Where an arm is at one stage, averaged over its seeds."""

    step: int
    forward_tokens: float | None
    trained: float
    """Change in the trained cells."""
    others: float
    """Change in all other cells."""


class AtBudget(Result):
    """One arm at a budget, between its stages."""

    trained: Change
    """Change in the trained cells."""
    others: Change
    """Change in the other cells."""
    behind: Change | None
    """How much more the best arm keeps in the others; None for the best arm itself."""


class ArmComparison(Result):
    """One arm beside the others, its seeds pooled."""

    arm: str
    n_seeds: int
    path: list[PathPoint]
    best: Change
    """Largest change in the trained cells over the stages."""
    gained: bool
    """Whether that change is clearly above 0."""
    at_gain: Change | None
    """Change in the other cells where the arm first reaches the common gain."""
    tokens_to_gain: float | None
    """Forward tokens up to there."""
    behind_at_gain: Change | None
    """How much more the best arm keeps there; None for the best arm itself."""
    at: dict[Budget, AtBudget]
    """The arm at each common budget; one that is not known of it is absent."""
    last: Change
    """Change in the trained cells at the last stage."""
    worst: float
    """Lowest change of any cell at the last stage."""
    on_front: bool
    """Whether no other arm is as good as this one in both of these, and better in one."""
    front_share: float
    """Share of the resamples in which that is so."""


class Comparison(Result):
    """The arms at an equal gain in the trained cells, and at equal budgets."""

    gain: float | None
    """The gain that every arm reaches which gains at all; None where fewer than two gain."""
    budgets: dict[Budget, float]
    """What every arm spent of which it is known; absent where that is fewer than two."""
    n_trained: int
    """Items in the trained cells."""
    n_others: int
    """Items in the other cells."""
    arms: list[ArmComparison]
