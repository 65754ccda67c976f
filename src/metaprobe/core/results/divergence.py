"""How far the output distribution of a stage is from its base's."""

from typing import Literal

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill

TextKind = Literal["base", "own", "reference"]
"""Whose text is read: responses of the base, of the stage, or given solutions."""


class DivergenceSummary(Result):
    """Means over response positions; nats per token unless said otherwise.

    Fields that end in `_low` and `_high` are the ends of 95 % intervals, with texts as the unit.
    """

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
    top_k_overlap: float | None = None
    """Share of the ten most likely tokens of one model that are among those of the other."""
    entropy_change: float | None = None
    """`entropy` minus `entropy_base`."""
    legacy_kl: float | None = None
    """The estimator of arXiv 2507.00432 from sampled tokens, on these texts; not a divergence."""
    kl_forward_low: float | None = None
    kl_forward_high: float | None = None
    kl_reverse_low: float | None = None
    kl_reverse_high: float | None = None
    js_low: float | None = None
    js_high: float | None = None
    rank_shift_low: float | None = None
    rank_shift_high: float | None = None
    top1_agreement_low: float | None = None
    top1_agreement_high: float | None = None
    top_k_overlap_low: float | None = None
    top_k_overlap_high: float | None = None
    high_js_share_low: float | None = None
    high_js_share_high: float | None = None
    entropy_change_low: float | None = None
    entropy_change_high: float | None = None
    n_texts: int
    n_positions: int


class CellDivergence(DivergenceSummary):
    """The divergence of one cell on one kind of text."""

    domain: Domain
    skill: Skill
    text: TextKind


class PositionDivergence(Result):
    """The divergence at one place of the responses; nats per token."""

    text: TextKind
    unit: Literal["token", "share"]
    """Whether the place is counted in tokens, the first being 0, or is a share of the length."""
    start: float
    """First token, or the share of the length at which the place begins."""
    stop: float
    """First token, or share of the length, that no longer belongs to it."""
    kl_forward: float
    kl_forward_low: float | None
    kl_forward_high: float | None
    js: float
    js_low: float | None
    js_high: float | None
    high_js_share: float
    """Share of positions with JS above 0.1."""
    entropy_change: float
    """Entropy of the tuned model minus that of the base."""
    n_texts: int
    n_positions: int


class Divergence(Result):
    """Distributional divergence of a stage from the base."""

    base_text: DivergenceSummary
    """On responses of the base."""
    own_text: DivergenceSummary
    """On responses of the stage itself."""
    reference_text: DivergenceSummary | None = None
    """On given solutions."""
    per_cell: list[CellDivergence]
    profile: list[PositionDivergence] | None = None
    """By place in the text: the first tokens one by one, and tenths of the length."""
