"""What lighter methods than a sparse autoencoder say of a stage, and what that costs."""

from metaprobe.core.results.features import SaeQuality
from metaprobe.core.results.model import Result
from metaprobe.core.results.profile import Estimate
from metaprobe.core.vocabulary import Skill


class SkillMovement(Result):
    """How far a method says that a skill moved, in a unit of its own."""

    skill: Skill
    value: float
    low: float
    """Lower end of the 95 % interval of `value`, items as the unit."""
    high: float
    """Upper end of the 95 % interval of `value`."""
    n_items: int


class SteeringEffect(Result):
    """What adding a direction to the states does to the skill that the stage lost most."""

    coefficient: float
    """Chosen on the first half of the items, in units of `Lighter.step`."""
    effect: float
    """Accuracy with it minus accuracy without, on the second half, paired by item."""
    effect_low: float
    """Lower end of the 95 % interval of `effect`, items as the unit."""
    effect_high: float
    """Upper end of the 95 % interval of `effect`."""
    beyond_random: float | None
    """Accuracy minus the mean over random directions of that length; None for one of these."""
    beyond_random_low: float | None
    """Lower end of the 95 % interval of `beyond_random`, items as the unit."""
    beyond_random_high: float | None
    """Upper end of the 95 % interval of `beyond_random`."""
    n_items: int


class LighterMethod(Result):
    """The answers of one method."""

    method: str
    movements: list[SkillMovement] | None
    """None where the method cannot tell the skills apart."""
    cosine: float | None
    """Mean absolute cosine with the autoencoder's directions, over skills; None for its own."""
    steering: SteeringEffect | None
    """None where no skill fell, or the method has no direction."""
    tokens: list[str] | None
    """Tokens that the direction promotes most, where the method reads it as tokens."""
    cpu_seconds: float
    """Of its answers alone, without the states that all methods read."""
    peak_mb: float | None
    """Memory that it took beyond what was in use before; None where the system does not tell."""
    problem: str | None
    """Why it has no answer."""


class Lighter(Result):
    """Six methods asked which skills moved, along what direction, and whether that restores one."""

    module: str
    """Whose output is read and steered."""
    n_texts: int
    """Responses of the base that both models read."""
    lost: Skill | None
    """The skill that fell most on the first half of the items, its interval being below zero."""
    change: Estimate | None
    """Change of its accuracy from the base on the second half."""
    step: float | None
    """Mean length by which its states moved: the unit of the coefficients."""
    random_cosine: float | None
    """95 % of random directions have a smaller absolute cosine with it, averaged over skills."""
    random: list[SteeringEffect]
    """Steering along random directions, whose coefficients were chosen alike."""
    methods: list[LighterMethod]
    states_cpu_seconds: float
    """Of reading the states of both models."""
    states_peak_mb: float | None
    sae: SaeQuality | None
    """The autoencoder on texts that it was not trained on."""


class LighterRow(Result):
    """One method over all stages that were asked."""

    method: str
    n_stages: int
    n_moved: int
    """Skills of these stages whose measured accuracy changed, its interval leaving zero."""
    n_skills: int
    """Skills of all these stages."""
    accuracy: Estimate | None
    """Rank correlation of the size of movement and change of accuracy; intervals over stages."""
    within: Estimate | None
    """The same inside a stage, averaged: stages that changed more do not help."""
    moved: Estimate | None
    """AUROC with which the movement tells skills that moved from others."""
    agreement: Estimate | None
    """Rank correlation with the movement that the autoencoder sees, inside a stage."""
    cosine: Estimate | None
    """Mean absolute cosine with the autoencoder's direction."""
    random_cosine: float | None
    """Mean over stages of what 95 % of random directions stay below."""
    effect: Estimate | None
    """Mean effect of steering on the skill that fell; the interval is the stages' mean one."""
    beyond_random: Estimate | None
    """Mean effect beyond random directions, with such an interval."""
    n_steered: int
    """Stages with a skill that fell, which were steered."""
    cpu_seconds: float
    """Mean over stages."""
    peak_mb: float | None
    """Greatest of the stages."""
