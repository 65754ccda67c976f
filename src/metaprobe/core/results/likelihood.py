"""How likely golds are against wrong answers."""

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class LikelihoodRow(Result):
    """How often a gold is more likely than wrong answers, on a group of items."""

    n_items: int
    """Items that were ranked."""
    left_out: int
    """Items of kinds for which no wrong answer exists; they are not ranked."""
    accuracy: float | None
    """Share of items whose gold has the greatest log-likelihood per byte; None without an item."""
    accuracy_low: float | None
    """Lower end of the 95 % interval of `accuracy`."""
    accuracy_high: float | None
    """Upper end of the 95 % interval of `accuracy`."""
    unnormalised: float | None
    """Share of items whose gold has the greatest log-likelihood, whatever its length."""
    unnormalised_low: float | None
    """Lower end of the 95 % interval of `unnormalised`."""
    unnormalised_high: float | None
    """Upper end of the 95 % interval of `unnormalised`."""
    chance: float | None
    """Mean over items of one over the number of answers."""
    margin: float | None
    """Mean over items of the gold's log-likelihood minus the best wrong answer's, nats per byte."""
    margin_low: float | None
    """Lower end of the 95 % interval of `margin`; None with fewer than two items."""
    margin_high: float | None
    """Upper end of the 95 % interval of `margin`."""
    delta: float | None = None
    """Change of `accuracy` from the base, paired by item; None for the base."""
    delta_low: float | None = None
    """Lower end of the 95 % interval of `delta`."""
    delta_high: float | None = None
    """Upper end of the 95 % interval of `delta`."""


class CellLikelihood(LikelihoodRow):
    """The ranking by likelihood of one cell."""

    domain: Domain
    skill: Skill


class Likelihood(Result):
    """Golds ranked against wrong answers by log-likelihood; nothing is sampled."""

    all: LikelihoodRow
    """Over all items."""
    cells: list[CellLikelihood]
