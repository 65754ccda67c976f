"""How far the weights of a stage are from its base's."""

from typing import Literal

from metaprobe.core.results.model import Result


class ChangedShare(Result):
    """One point of the tolerance curve."""

    dtype: Literal["float32", "bfloat16", "relative"]
    """`bfloat16`: both cast before comparing; `relative`: tolerance times the larger magnitude."""
    tolerance: float
    """Differences up to this size count as none."""
    share: float
    """Share of all weights that differ by more."""


class ModuleChange(Result):
    """The change of one weight tensor."""

    name: str
    kind: str
    """Module kind, such as `q_proj`."""
    layer: int | None
    relative_norm: float
    """Frobenius norm of the change over that of the base."""
    changed: float
    """Share of entries that differ at all."""
    n: int


class ParameterChange(Result):
    """How far the weights of a stage are from the base's."""

    changed: list[ChangedShare]
    """The tolerance curve; a single share means nothing without its tolerance and dtype."""
    relative_norm: float
    """Frobenius norm of the whole change over that of the base."""
    per_module: list[ModuleChange]
    """The change of each tensor."""
    n: int
    """Number of weights, tied ones counted once."""
    rounded_to: str | None = None
    """Number format of the stage that the base was rounded to first; None where none is coarser."""
    principal_angle: float | None = None
    """Largest principal angle between the leading singular subspaces, in radians."""
    stable_rank: float | None = None
    """Squared Frobenius norm of the change over its squared spectral norm."""
