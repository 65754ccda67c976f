"""The arms of a study beside each other."""

from metaprobe.core.results.model import Result


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
    trained_at_compute: Change | None
    """Change in the trained cells at the common compute."""
    others_at_compute: Change | None
    """Change in the other cells at the common compute."""
    behind_at_compute: Change | None
    """How much more the best arm keeps at the common compute; None for the best arm itself."""


class Comparison(Result):
    """The arms at an equal gain in the trained cells, and at equal compute."""

    gain: float | None
    """The gain that every arm reaches which gains at all; None where fewer than two gain."""
    compute: float | None
    """Forward tokens that every arm spent whose compute is known; None with fewer than two."""
    n_trained: int
    """Items in the trained cells."""
    n_others: int
    """Items in the other cells."""
    arms: list[ArmComparison]
