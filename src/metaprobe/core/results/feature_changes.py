"""Features of a stage's autoencoder beside those of its base's."""

from metaprobe.core.results.model import Result


class FeatureShare(Result):
    """How many of the features something holds for."""

    count: int
    n: int
    """Features that it could hold for."""
    share: float | None
    """count / n; None where n is 0."""
    low: float | None
    """Lower end of the 95 % interval of `share` (Wilson), features as the unit."""
    high: float | None
    """Upper end of the 95 % interval of `share`."""


class FeatureChange(Result):
    """What became of a base's features; `kept`, `rotated` and `lost` add up to all of them."""

    kept: FeatureShare
    """Of the base's: fire together with a feature of the stage, along the same direction."""
    rotated: FeatureShare
    """Of the base's: fire together with a feature of the stage, along another direction."""
    lost: FeatureShare
    """Of the base's: fire together with no feature of the stage."""
    gained: FeatureShare
    """Of the stage's: fire together with no feature of the base."""


class GroupFeatureChange(FeatureChange):
    """The same of the features of one skill or cell."""

    group: str
    """A skill such as `simulation`, or a cell such as `coding/simulation`."""
    still: int
    """Kept or rotated, and a feature of the group in the stage too."""
    recruited: int
    """Features of the group in the stage that are kept or rotated from others in the base."""


class FeatureChanges(Result):
    """A stage's autoencoder against its base's, both on activations at the same tokens."""

    correlation_bound: float
    """Correlation of activations from which two features fire together."""
    cosine_bound: float
    """Cosine of directions from which they are the same."""
    change: FeatureChange
    floor: FeatureChange | None
    """The same between two autoencoders of the base that differ by seed: what is lost and gained
    there is noise of the training. None where no second one was trained."""
    groups: list[GroupFeatureChange]
    n_rows: int
    """Tokens that both read."""
