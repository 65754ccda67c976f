"""Known ways in which a run goes wrong, as they were seen in its metrics, curves or responses."""

from enum import StrEnum

from metaprobe.core.results.model import Result


class SignatureName(StrEnum):
    """A known way in which a run goes wrong; each has a page in docs/signatures/."""

    COLLAPSE = "collapse"
    """Cells fall below the base and stay there."""
    DIP_AND_RECOVERY = "dip_and_recovery"
    """Cells fall below the base and come back."""
    OVER_SPECIALISATION = "over_specialisation"
    """Some cells rise while others fall below the base."""
    UNSTABLE_CURVES = "unstable_curves"
    """The accuracy of a domain goes up and down by more than sampling explains."""
    FAILURE_ACROSS_DOMAINS = "failure_across_domains"
    """Two domains or more end below the base."""
    RL_COLLAPSE = "rl_collapse"
    """The reward falls, and entropy or length with it."""
    ENTROPY_COLLAPSE = "entropy_collapse"
    """The entropy of the policy falls to half or less."""
    KL_BLOW_UP = "kl_blow_up"
    """The divergence from the base or from the last policy trebles after it had settled."""
    LENGTH_GAMING = "length_gaming"
    """Responses grow or shrink by half while no more of them are correct."""
    FORMAT_GAMING = "format_gaming"
    """The reward rises while no more responses are correct."""
    DEGENERATE_GROUPS = "degenerate_groups"
    """Nearly all groups of rollouts have equal rewards, hence no gradient."""
    TRUNCATION_STARVATION = "truncation_starvation"
    """Many rollouts end at the token limit, before they can earn a reward."""
    REPETITION = "repetition"
    """Responses run in a loop."""


class CurvePoint(Result):
    """One point of a curve."""

    step: int
    value: float


class Evidence(Result):
    """One curve behind a signature."""

    subject: str
    """A metric, or a group of cells whose accuracy the curve is."""
    before: float
    """Level before the onset; accuracies are shares."""
    after: float
    """Level at the end."""
    lowest: float | None = None
    """Lowest level between, where the signature is about it."""
    n: int
    """Points of a metric, or items of a group of cells."""
    p_value: float | None
    """Of no change, or of no recovery; None where the rule is a level."""
    onset: int | None = None
    """First step of the new level."""
    onset_low: int | None = None
    """Lower end of the 95 % interval of the onset; of stages, the last one before it."""
    onset_high: int | None = None
    """Upper end of the 95 % interval of the onset."""
    curve: list[CurvePoint]
    """What a chart shows; of a long series, averages of consecutive points."""


class Signature(Result):
    """A known way in which a run goes wrong that was seen in this one."""

    name: SignatureName
    text: str
    """What was seen, in numbers."""
    onset: int | None
    """Step at which it began; None where no single step can be named."""
    onset_low: int | None
    """Lower end of the 95 % interval of `onset`; None where it was there from the start."""
    onset_high: int | None
    """Upper end of the 95 % interval of `onset`."""
    evidence: list[Evidence]
    """The curves behind it, the most telling one first."""
    advice: list[str]
    """What to try, with the source where there is one."""
