"""Features of a stage of a study, beside those of its base."""

from pydantic import Field

from metaprobe.core.results.feature_changes import FeatureChanges, GroupFeatureChange
from metaprobe.core.results.features import FeatureCard, FeatureScores, SaeTraining
from metaprobe.core.results.interventions import Intervention
from metaprobe.core.results.model import Result


class StageFeatures(Result):
    """What a sparse autoencoder finds in one layer of a stage.

    The base's is trained from random directions, a stage's from the base's.
    """

    training: SaeTraining
    n_items: int
    """Items whose first response was read."""
    scores: FeatureScores
    """Under four controls: features scored against skills, and those of a cell. The other scores
    stand in `features/<stage>/scores.json`."""
    cards: list[FeatureCard]
    """All features of a skill or cell, and of each other skill the best."""
    changes: FeatureChanges
    """From the base's autoencoder. Of the base: from its own to one that was trained on from it as
    long as a stage's is, on the base again, so that only the training differs: the noise floor."""
    candidates: list[GroupFeatureChange]
    """The same as `changes.groups`, of skills: of features with a q-value below 0.05, whether or
    not they survive the controls."""
    interventions: list[Intervention] = Field(default=[])
    """Edits of the features of the skill that fell most; none of the base, and none where no items
    are left that the features have not seen."""
