"""Features that models share: a crosscoder over a base and what was trained from it."""

from metaprobe.core.results.feature_changes import FeatureShare
from metaprobe.core.results.features import SaeQuality
from metaprobe.core.results.model import Result


class CrosscoderModel(Result):
    """One of the models."""

    name: str
    """As the user wrote it."""
    weights: str
    """SHA-256 of the model's parameters."""
    scale: float
    """Root mean square of its activations around their mean, by which they are divided."""
    quality: SaeQuality
    """How well the crosscoder explains its activations, on held-out tokens."""
    rotated: FeatureShare | None
    """Of the shared features, those whose direction here has a cosine below `cosine_bound` with
    the base's; None for the base."""


class FeatureClass(Result):
    """Features that stand in some of the models."""

    name: str
    """`shared`, `base-only`, `tuned-only` and so on; `undecided` where the measures disagree."""
    features: FeatureShare
    """Of the features that fire often enough to be judged."""


class CrosscoderSharing(Result):
    """What the models of a crosscoder share."""

    module: str
    """Whose output the features are of."""
    models: list[CrosscoderModel]
    """The base first."""
    classes: list[FeatureClass]
    artefacts: int
    """Features that stand in one model by the norms of their directions, and in another by latent
    scaling; they are undecided."""
    rare: FeatureShare
    """Features of all that fire at too few held-out tokens to be judged."""
    absent_norm: float
    """A feature is absent from a model only where its NRN is at most this, and"""
    absent_error: float
    """its latent scaling on the error is below this, and"""
    absent_reconstruction: float
    """its latent scaling on the reconstruction is below this."""
    present_norm: float
    """A feature is present in a model where its NRN is at least this."""
    cosine_bound: float
    """Of `rotated`."""
    n_rows: int
    """Held-out tokens that the features were judged on."""


class CrosscoderTraining(CrosscoderSharing):
    """What `metaprobe features diff` measured."""

    dead: float
    """Share of features that were dead at the last step of the training."""
    rows: int
    """Rows trained on, those read twice counted twice."""
    cpu_seconds: float
