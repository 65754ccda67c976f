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


class ChangeSpectrum(Result):
    """Where the change of one matrix lies, in terms of singular values and vectors."""

    k: int
    """Number of leading singular values and directions that are compared."""
    exact: bool
    """Whether all singular values were computed, in float64, or only the leading ones sketched."""
    singular_values: list[float]
    """The leading singular values of the change, largest first."""
    value_error: float | None
    """Each of them is at most this far from a singular value; None where exact."""
    stable_rank: float
    """Squared Frobenius norm of the change over its squared spectral norm."""
    effective_rank: float | None
    """exp of the entropy of the singular values over their sum; None where it is only bounded."""
    effective_rank_low: float
    """The same if what was not sketched is as concentrated as it can be."""
    effective_rank_high: float
    """The same if what was not sketched is spread evenly."""
    energy_in_base: float
    """Share of the squared change between the base's k leading left and right directions."""
    energy_on_diagonal: float
    """Share that only scales the base's k leading singular values."""
    value_drift: float | None
    """Mean relative change of the k leading singular values; None where one of the base is 0."""
    left_angle: float
    """Largest principal angle between the k leading left directions, in radians."""
    right_angle: float
    """The same of the right directions."""
    left_angle_mean: float
    """Mean of the k principal angles between the left directions, in radians."""
    right_angle_mean: float
    """The same of the right directions."""
    angle_error: float | None
    """Bound on the error of the largest angles, in radians; None where exact."""


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
    cosine: float | None = None
    """Cosine between base and stage; None where one of them is zero."""
    sign_flips: float | None = None
    """Share of entries that changed their sign."""
    largest: float | None = None
    """Largest size of a change."""
    largest_at: list[int] | None = None
    """Index of the entry that moved furthest; None where none moved."""
    spectrum: ChangeSpectrum | None = None
    """None where not asked for, not a matrix, or not changed."""


class ModuleGroup(Result):
    """The change of all weights of one module kind, or of one layer."""

    kind: str | None
    """None where the group is a layer."""
    layer: int | None
    """None where the group is a kind, or the weights that belong to no layer."""
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
    cosine: float | None = None
    """Cosine between base and stage."""
    sign_flips: float | None = None
    """Share of weights that changed their sign."""
    per_kind: list[ModuleGroup] | None = None
    """The change by module kind."""
    per_layer: list[ModuleGroup] | None = None
    """The change by layer."""
    principal_angle: float | None = None
    """Largest principal angle between the leading singular subspaces of any matrix, in radians."""
    stable_rank: float | None = None
    """Squared Frobenius norm of the change over its squared spectral norm, of all matrices."""


class KindCosine(Result):
    """Agreement of two changes in the weights of one module kind."""

    kind: str
    cosine: float | None
    """None where one of the two stages has not moved."""
    n: int


class TaskVectorCosine(Result):
    """Whether two stages of one base moved in the same direction."""

    cosine: float | None
    """Of all weights together; None where one of the two stages has not moved."""
    per_kind: list[KindCosine]
    n: int
    """Number of weights, tied ones counted once."""
