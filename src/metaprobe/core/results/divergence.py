"""How far the output distribution of a stage is from its base's."""

from typing import Literal

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class DivergenceSummary(Result):
    """Means over response positions; nats per token unless said otherwise."""

    kl_forward: float
    """KL(base || tuned)."""
    kl_reverse: float
    """KL(tuned || base)."""
    js: float
    """Jensen-Shannon divergence, at most ln 2."""
    top1_agreement: float
    """Share of positions at which both models rank the same token first."""
    rank_shift: float
    """Mean absolute change of the rank of the token that stands in the text."""
    entropy: float
    """Entropy of the tuned model."""
    entropy_base: float
    """Entropy of the base."""
    high_js_share: float
    """Share of positions with JS above 0.1."""
    kl_forward_low: float | None = None
    """Lower end of the 95 % interval of `kl_forward`, texts as the unit."""
    kl_forward_high: float | None = None
    """Upper end of the 95 % interval of `kl_forward`."""
    n_texts: int
    n_positions: int


class CellDivergence(DivergenceSummary):
    """The divergence of one cell on one kind of text."""

    domain: Domain
    skill: Skill
    text: Literal["base", "own"]


class Divergence(Result):
    """Distributional divergence of a stage from the base."""

    base_text: DivergenceSummary
    """On responses of the base."""
    own_text: DivergenceSummary
    """On responses of the stage itself."""
    per_cell: list[CellDivergence]
