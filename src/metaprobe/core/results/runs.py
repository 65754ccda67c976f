"""Two runs beside each other: what `metaprobe compare --json` prints."""

from typing import Literal

from metaprobe.core.results.model import Result


class GroupChange(Result):
    """The change of one group of items from a run to another."""

    kind: Literal["domain", "skill", "cell"]
    name: str
    """Such as `mathematics`, `calculation` or `mathematics/calculation`."""
    before: float
    """Accuracy in the first run."""
    after: float
    """Accuracy in the second run."""
    change: float
    low: float
    """Lower end of the 95 % interval of `change`."""
    high: float
    """Upper end of the 95 % interval of `change`."""
    n_items: int
    """Items; the smaller number where the runs are not paired."""
    q_value: float
    """Benjamini-Hochberg q-value over all groups of this kind and all arms."""
    fell: bool
    """Below the first run at q < 0.05."""
    rose: bool
    """Above the first run at q < 0.05."""


class ArmChange(Result):
    """An arm of the first run beside one of the second, each at its last stage."""

    before: str
    """Arm of the first run; `base` is its base."""
    after: str
    before_step: int
    after_step: int
    before_seeds: int
    after_seeds: int
    groups: list[GroupChange]


class Condition(Result):
    """One comparison of a gate's expression, for one arm."""

    arm: str
    text: str
    holds: bool
    detail: str
    """The numbers behind it."""


class Gate(Result):
    """Whether the second run may pass."""

    expression: str
    failed: bool
    """Whether the expression is true for any arm."""
    failing_arms: list[str]
    conditions: list[Condition]


class RunComparison(Result):
    """Two runs beside each other."""

    before: str
    """Name of the first run's study."""
    after: str
    paired: bool
    """Whether changes are paired by item."""
    caveats: list[str]
    arms: list[ArmChange]
    gate: Gate | None = None
