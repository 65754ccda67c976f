"""Accuracy on the grid, and the shape of a profile."""

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class Estimate(Result):
    """A number with its 95 % interval."""

    value: float
    low: float | None
    """None, like `high`, where some resamples leave the number undefined."""
    high: float | None


class Corrected(Estimate):
    """A number that noise biases: `value` and the interval are free of that bias."""

    raw: float
    """What the formula gives for the accuracies as measured, noise and all."""


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
    beyond_chance: Estimate | None = None
    """(accuracy - chance) / (1 - chance): 0 is a blind guess; None where chance is not known."""
    k: int | None = None
    """Samples an item; None where it is one. Items of which a sample errored are left out."""
    pass_at_k: Estimate | None = None
    """Mean over items of the chance that any of k samples is right."""
    pass_hat_k: Estimate | None = None
    """Mean over items of the chance that all of k samples are right."""


class DomainResult(ProfileRow):
    """The profile row of one domain over its skills."""

    domain: Domain


class Shape(Result):
    """How the change from the base is spread over the grid; formulas in docs/shape.md.

    In units of accuracy, except balance, cosine and p-values. Over cells with two items or more.
    """

    n_cells: int
    n_items: int
    balance: Estimate | None
    """Smallest skill accuracy over the largest; None where every skill is at zero."""
    jaggedness: Corrected
    """Standard deviation over cells of the change."""
    specialisation: Estimate | None
    """Mean change of the trained cells minus that of the others; None without both kinds."""
    worst_cell: str
    """The cell with the lowest change."""
    worst: Estimate
    """Its change; the interval is that of the lowest change, whichever cell has it."""
    drift: Corrected
    """Root of the mean over cells of the squared change."""
    cosine: Corrected | None
    """Cosine of the mean-centred accuracy vectors; None where one of them is as good as flat."""
    unchanged_p: float
    """p-value of `drift` where nothing changed: base and tuned exchanged within items."""
    uneven_p: float | None
    """p-value of `jaggedness` where all cells changed alike; None with a single cell."""
