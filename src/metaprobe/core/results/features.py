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
