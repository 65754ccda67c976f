"""What editing features while the model samples does to each skill, beside random edits."""

from typing import Literal

from metaprobe.core.results.model import Result

ControlKind = Literal["random features", "random directions"]


class EditedSet(Result):
    """A set of features, and how it fires at the tokens of the texts that it was trained on."""

    features: list[int]
    rate: float
    """Features of the set that fire at a token, on average."""
    mass: float
    """Sum of their values at a token, on average."""


class EditControl(Result):
    """The edit beside the same edit of random sets."""

    kind: ControlKind
    """`random features` fire about as often and as strongly; `random directions` are those of the
    set turned at random, so that each state moves as far."""
    effects: list[float]
    """Change of accuracy that each random set brings."""
    gap: float
    """`effect` minus the mean of `effects`."""
    gap_low: float
    """Lower end of its 95 % interval, for other items and a further random set."""
    gap_high: float
    """Upper end of the 95 % interval of `gap`."""
    p_value: float
    """Two-sided, of an edit that is itself a random one."""
    q_value: float
    """Benjamini and Hochberg's, over all skills, or all cells, and both kinds."""


class EditEffect(Result):
    """What the edit does to one skill or cell, on items that did not choose the features."""

    group: str
    """A skill such as `simulation`, or a cell such as `coding/simulation`."""
    accuracy: float
    """Of the model as it is, items as the unit."""
    edited: float
    """Of the edited model on the same items with the same random numbers."""
    effect: float
    """`edited` minus `accuracy`, paired by item."""
    low: float
    """Lower end of the 95 % interval of `effect`."""
    high: float
    """Upper end of the 95 % interval of `effect`."""
    p_value: float
    """Two-sided paired permutation p-value of `effect`."""
    q_value: float
    """Benjamini and Hochberg's, over all skills, or over all cells."""
    answered: float
    """Share of responses with an answer of the right type, of the model as it is."""
    answered_edited: float
    """The same of the edited model: where it falls, the edit breaks the form and not a skill."""
    controls: list[EditControl]
    beyond_random: bool
    """Whether `effect` and both gaps point the same way with q below 0.05."""
    n_items: int
    n_samples: int
    """Responses of each model, over all items."""


class Intervention(Result):
    """What `metaprobe features intervene` found."""

    model: str
    """As the user wrote it."""
    weights: str
    """SHA-256 of the model's parameters."""
    module: str
    """Whose output was edited."""
    mode: Literal["ablate", "amplify", "patch"]
    factor: float | None
    """That the features were multiplied with; None for a patch."""
    base: str | None
    """Whose features were put into the model; None but for a patch."""
    base_weights: str | None
    """SHA-256 of its parameters."""
    chosen_by: str
    """Who chose the features."""
    chosen: EditedSet
    random_features: list[EditedSet]
    """The random features of each control set."""
    skills: list[EditEffect]
    cells: list[EditEffect]
    cpu_seconds: float
