"""What training on some cells did to the others."""

from metaprobe.core.results.comparison import Change
from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class TransferIndex(Result):
    """A Transferability Index, in percent of the gain in the trained domains."""

    value: float | None
    """None where it is not defined."""
    low: float | None
    """Lower end of the 95 % interval; None where some resamples have no value."""
    high: float | None
    """Upper end of the 95 % interval."""
    reason: str | None = None
    """Why there is no value, or no interval."""


class GroupTransfer(Result):
    """Transfer to one group of domains that were not trained."""

    group: str
    """`other` (reasoning) or `non` (non-reasoning), as in arXiv 2507.00432."""
    domains: list[Domain]
    change: Change
    """Mean change over the cells of the group."""
    relative: TransferIndex
    """Index of 2025: ratio of mean relative gains."""
    difficulty_weighted: TransferIndex
    """Index of ICML 2026: ratio of difficulty-weighted, standardised gains."""


class CellTransfer(Result):
    """One entry of the transfer matrix: from what an arm was trained on to a measured cell."""

    domain: Domain
    skill: Skill
    trained: bool
    """Whether the arm was trained on this cell."""
    change: Change
    n_items: int


class ArmTransfer(Result):
    """The transfer of one arm at its last stage, its seeds pooled: a row of the matrix."""

    arm: str
    n_seeds: int
    trained: Change
    """Mean change over the trained cells."""
    backward: Change | None
    """Backward transfer: mean change over the other cells; None where all were trained."""
    groups: list[GroupTransfer]
    cells: list[CellTransfer]
    """Change of each measured cell."""


class Transfer(Result):
    """What each arm's training did elsewhere; intervals are over items."""

    trained_domains: list[Domain]
    """Those with a trained cell; the indices are relative to the gain on all cells of these."""
    arms: list[ArmTransfer]
