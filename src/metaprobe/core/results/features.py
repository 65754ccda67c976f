"""Features of a model: what a sparse autoencoder of its activations is worth."""

from metaprobe.core.results.model import Result


class SaeQuality(Result):
    """A sparse autoencoder on activations that it was not trained on."""

    explained_variance: float
    """1 - sum of squared errors / sum of squares around the mean, over all rows."""
    explained_low: float | None
    """Lower end of its 95 % interval, texts as the unit; None with a single text."""
    explained_high: float | None
    """Upper end of the 95 % interval of `explained_variance`."""
    l0: float
    """Active features of a row, on average."""
    l0_low: float | None
    """Lower end of the 95 % interval of `l0`, texts as the unit; None with a single text."""
    l0_high: float | None
    """Upper end of the 95 % interval of `l0`."""
    silent: float
    """Share of features that fire at none of the rows; rare ones count too where rows are few."""
    n_features: int
    n_rows: int
    n_texts: int


class LossRecovered(Result):
    """What the model predicts when a module's output is replaced by its reconstruction."""

    loss_clean: float
    """Mean negative log-likelihood of completion tokens, in nats."""
    loss_spliced: float
    """The same with the reconstruction in the place of the module's output."""
    loss_zero: float
    """The same with zeros there."""
    recovered: float | None
    """(zero - spliced) / (zero - clean); None with a single text."""
    recovered_low: float | None
    """Lower end of its 95 % interval, texts as the unit."""
    recovered_high: float | None
    """Upper end of the 95 % interval of `recovered`."""
    n_texts: int
    n_positions: int


class SaeTraining(Result):
    """What `metaprobe features train` measured."""

    model: str
    """As the user wrote it."""
    weights: str
    """SHA-256 of the model's parameters."""
    module: str
    """Whose output the features are of."""
    loss: float
    """Mean square of the error at the last step, in units of the activations' mean square."""
    dead: float
    """Share of features that were dead at the last step."""
    rows: int
    """Rows trained on, those read twice counted twice."""
    cpu_seconds: float
    quality: SaeQuality
    loss_recovered: LossRecovered


class FeatureScore(Result):
    """One feature against one skill or cell, on items that did not choose it."""

    group: str
    """A skill such as `simulation`, or a cell such as `coding/simulation`."""
    feature: int
    auroc: float
    """Of the feature's mean over response tokens; items of the group against all others."""
    low: float
    """Lower end of the 95 % interval of `auroc`, items as the unit."""
    high: float
    """Upper end of the 95 % interval of `auroc`."""
    p_value: float
    """One-sided, from permutations of the labels."""
    q_value: float
    """Benjamini and Hochberg's, over all features and groups that were scored."""
    lexical: float
    """AUROC of a classifier of the tokens of the same responses."""
    lexical_gap: float
    """`auroc` minus `lexical`."""
    gap_low: float
    """Lower end of the 95 % interval of `lexical_gap`, items as the unit."""
    gap_high: float
    """Upper end of the 95 % interval of `lexical_gap`."""
    random: float
    """Greatest AUROC among random directions that fire as often and were chosen alike."""
    survives_lexical: bool
    """Whether `gap_low` is above zero."""
    survives_random: bool
    """Whether `auroc` is above `random`."""
    n_items: int
    n_group: int
    """Items of the group among them."""


class FeatureScores(Result):
    """What `metaprobe features score` found."""

    module: str
    scores: list[FeatureScore]
    controls: list[str]
    """Controls that ran; a feature of a skill has to survive these and those that did not run."""
    controls_missing: list[str]
