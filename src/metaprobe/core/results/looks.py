"""What a watched run has done, checkpoint by checkpoint: the lines of `looks.jsonl`."""

from metaprobe.core.results.model import Result
from metaprobe.core.results.runs import Gate, GroupChange


class Look(Result):
    """One checkpoint of a run that was still going on."""

    number: int
    """Counted from 1, over all checkpoints that were looked at."""
    arm: str
    kind: str
    seed: int
    step: int
    seconds: float
    """Training time up to this step; 0 where the checkpoint does not tell."""
    tokens: int
    """Tokens that took part in the loss; 0 where the checkpoint does not tell."""
    forward_tokens: int | None
    """Compute since the base; None where the checkpoint does not tell."""
    model: str
    """Folder of the checkpoint."""
    weights: str
    """Hash of its weights."""
    since_base: list[GroupChange]
    """Changes from the base; q-values are those of this look times `number * (number + 1)`."""
    previous: int | None
    """Step of the checkpoint that was looked at before; None for the first."""
    since_previous: list[GroupChange]
    """Changes from that one; q-values are of this look alone, and no gate reads them."""
    gate: Gate | None
    """None where none was asked for."""
