"""What the tokens at which two models disagree are worth, by swapping them."""

from typing import Literal

from metaprobe.core.results.model import Result


class CrossSamplingRow(Result):
    """Responses of one model in which the other chose some of the tokens.

    Fields that end in `_low` and `_high` are the ends of 95 % intervals, with items as the unit.
    """

    direction: Literal["forward", "backward"]
    """`forward`: the base writes and the stage chooses at swapped tokens; `backward`: reversed."""
    threshold: float
    """JS in nats above which a token was swapped."""
    swapped_share: float
    """Share of the tokens that were swapped."""
    swapped_share_low: float
    swapped_share_high: float
    swapped_tokens: float
    """Swapped tokens of a response, on average."""
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    delta: float
    """Accuracy minus that of the model that writes, alone."""
    delta_low: float
    delta_high: float
    control_share: float
    """Share of the tokens that were swapped in the control, at positions chosen at random."""
    control_accuracy: float
    control_accuracy_low: float
    control_accuracy_high: float
    control_delta: float
    """Accuracy of the control minus that of the model that writes, alone."""
    control_delta_low: float
    control_delta_high: float
    excess: float
    """Accuracy minus that of the control."""
    excess_low: float
    excess_high: float


class CrossSampling(Result):
    """Accuracy of mixtures of a base and a stage against the share of tokens swapped."""

    base_accuracy: float
    base_accuracy_low: float
    base_accuracy_high: float
    tuned_accuracy: float
    tuned_accuracy_low: float
    tuned_accuracy_high: float
    rows: list[CrossSamplingRow]
    n_items: int
    n_samples: int
    """Responses of an item."""
