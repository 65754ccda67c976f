"""How far the hidden states of a stage are from its base's."""

from typing import Literal

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Domain, Skill


class LayerSimilarity(Result):
    """Both models' states of one layer beside each other, on the same positions."""

    layer: int
    """0 is the embeddings, the last is what enters the output matrix."""
    cka: float | None
    """Linear CKA with debiased estimates; None where one model's states do not vary."""
    cka_low: float | None
    """Lower end of the 95 % interval of `cka`, texts as the unit; None with too few of them."""
    cka_high: float | None
    """Upper end of the 95 % interval of `cka`."""
    cka_biased: float | None
    """Linear CKA as it is mostly published; too high where positions are few beside the width."""
    cosine_drift: float
    """Mean over positions of one minus the cosine between base and tuned."""
    cosine_low: float | None
    """Lower end of the 95 % interval of `cosine_drift`; None with a single text."""
    cosine_high: float | None
    """Upper end of the 95 % interval of `cosine_drift`."""


class PCAPoint(Result):
    """Where the texts of both models lie, on average, along two components of the base."""

    layer: int
    base_first: float
    """Mean projection of the base on its first component."""
    base_second: float
    first: float
    """Mean change from base to tuned along the first component."""
    second: float
    distance: float
    """Length of that change."""
    low: float
    """Lower end of the 95 % interval of `distance`, texts as the unit."""
    high: float
    """Upper end of the 95 % interval of `distance`."""


class PCAShift(Result):
    """The shift of mean hidden states along the base's first two components."""

    distance: float
    """Over all layers: `published` averages the vectors, `corrected` their lengths."""
    low: float
    """Lower end of the 95 % interval of `distance`, texts as the unit."""
    high: float
    """Upper end of the 95 % interval of `distance`."""
    n_texts: int
    layers: list[PCAPoint]


class RepresentationRow(Result):
    """The change of the hidden states on a group of texts."""

    n_texts: int
    n_positions: int
    layers: list[LayerSimilarity]
    published: PCAShift | None
    """As in the code of arXiv 2507.00432, pads in the mean; None below three texts."""
    corrected: PCAShift | None
    """On the completion positions alone, centred; None below three texts."""


class CellRepresentation(RepresentationRow):
    """The change of the hidden states in one cell."""

    domain: Domain
    skill: Skill


class LensLayer(Result):
    """The first choice that the output matrix reads off one layer (logit lens)."""

    layer: int
    base: float
    """Share of positions at which it is the base's final first choice."""
    base_low: float
    """Lower end of the 95 % interval of `base`, texts as the unit."""
    base_high: float
    """Upper end of the 95 % interval of `base`."""
    tuned: float
    """Share of positions at which it is the tuned model's final first choice."""
    tuned_low: float
    """Lower end of the 95 % interval of `tuned`."""
    tuned_high: float
    """Upper end of the 95 % interval of `tuned`."""
    between: float
    """Share of positions at which base and tuned choose the same at this layer."""
    between_low: float
    """Lower end of the 95 % interval of `between`."""
    between_high: float
    """Upper end of the 95 % interval of `between`."""
    n_texts: int
    n_positions: int


class SkillDirection(Result):
    """How well a direction tells one skill from the others on items it was not fitted to."""

    layer: int
    skill: Skill
    method: Literal["mean_difference", "ridge"]
    auroc_base: float
    """Held-out area under the ROC curve in the base."""
    base_low: float
    """Lower end of the 95 % interval of `auroc_base`, items as the unit."""
    base_high: float
    """Upper end of the 95 % interval of `auroc_base`."""
    auroc_tuned: float
    """Held-out area under the ROC curve in the tuned model, with its own direction."""
    tuned_low: float
    """Lower end of the 95 % interval of `auroc_tuned`."""
    tuned_high: float
    """Upper end of the 95 % interval of `auroc_tuned`."""
    angle: float
    """Angle between base's and tuned's direction from the same items, in radians."""
    angle_floor: float
    """Angle between the base's directions from two halves of the items: the noise floor."""
    n_items: int
    n_skill: int
    """Items of the skill."""


class Representation(Result):
    """Change of the hidden states from the base, on the base's responses."""

    all: RepresentationRow
    """Over all texts."""
    cells: list[CellRepresentation]
    lens: list[LensLayer] | None
    """None where a model has no norm before its output matrix that could be found."""
    directions: list[SkillDirection]
    """By layer and skill; those with fewer than four items, or four others, are left out."""
