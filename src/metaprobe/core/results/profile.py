"""Accuracy on the grid, and the shape of a profile."""

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class ProfileRow(Result):
    """Accuracy of one stage on a group of items, beside its baselines and its change from base."""

    n_items: int
    """Distinct items."""
    n_samples: int
    """Responses, over all items; the verdict counts add up to it."""
    correct: int
    """Responses with the right answer."""
    wrong: int
    """Responses with another answer of the right type."""
    unparsed: int | None
    """Responses without an answer of the right type; None where these count as wrong."""
    truncated: int | None
    """Responses that the token limit ended before an answer; None where these count as wrong."""
    errored: int | None
    """Responses that could not be produced; None where the source does not tell."""
    accuracy: float | None
    """Mean over items of the share of correct responses; None without a graded response."""
    low: float | None
    """Lower end of the 95 % interval of `accuracy`."""
    high: float | None
    """Upper end of the 95 % interval of `accuracy`."""
    chance: float | None
    """Accuracy of a blind guess among the options that the questions state; None if not known."""
    majority: float | None
    """Accuracy of always giving the most frequent answer of the family and level, if known."""
    self_check_rate: float | None
    """Share of responses with an explicit self-check."""
    delta: float | None = None
    """Change of accuracy from the base, paired by item; None for the base."""
    delta_low: float | None = None
    """Lower end of the 95 % interval of `delta`."""
    delta_high: float | None = None
    """Upper end of the 95 % interval of `delta`."""
    p_value: float | None = None
    """Two-sided paired permutation p-value of `delta`, items as the unit."""
    q_value: float | None = None
    """Benjamini-Hochberg q-value over the cells and stages of the study."""
    mde: float | None = None
    """Smallest change that this design finds with power 0.8 at a two-sided 5 % level."""
    collapsed: bool = False
    """Below base at q < 0.05 from here to the arm's last stage."""


class CellResult(ProfileRow):
    """The profile row of one cell."""

    domain: Domain
    skill: Skill


class SkillResult(ProfileRow):
    """The profile row of one skill over its domains."""

    skill: Skill


class DomainResult(ProfileRow):
    """The profile row of one domain over its skills."""

    domain: Domain


class Shape(Result):
    """How the change from the base is spread over the grid; all in units of accuracy."""

    balance: float | None
    """Smallest skill accuracy over the largest; None where every skill is at zero."""
    jaggedness: float
    """Standard deviation over cells of the change."""
    specialisation: float | None
    """Mean change of the trained cells minus that of the others; None where there are no others."""
    worst_cell: str
    worst_delta: float
    drift: float
    """Euclidean distance of the accuracy vectors, over the square root of the number of cells."""
    cosine: float | None
    """Cosine of the mean-centred accuracy vectors; None where one of them is constant."""
    permutation_p: float | None
    """p-value of `jaggedness` when base and tuned responses are exchanged within items."""
