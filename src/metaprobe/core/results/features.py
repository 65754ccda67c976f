"""Features of a model: what a sparse autoencoder of its activations is worth."""

from typing import Literal

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Cell, Domain, Skill, Verdict

Control = Literal["lexical", "random features", "token injection", "paraphrase"]
"""What a feature has to survive, besides q < 0.05, to count as one of a skill."""


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
    samples: int
    """Responses to each item, as many as its other wording gets in `metaprobe features score`."""
    max_new_tokens: int
    """Token limit of a response."""
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
    injection: float | None = None
    """How far the feature's top tokens alone bring it, put into responses to items of other skills.

    (with the tokens - without) / (the group's - without), all means over items; 0 is nothing and 1
    is the group's own value. None where q is 0.05 or more, as nothing is left to refute, or where
    the feature is not greater on the group.
    """
    injection_low: float | None = None
    """Lower end of the 95 % interval of `injection`, items as the unit."""
    injection_high: float | None = None
    """Upper end of the 95 % interval of `injection`."""
    n_injection: int = 0
    """Items of other skills that the tokens were put into."""
    paraphrase: float | None = None
    """AUROC on the items in another wording, which the model answers anew; None as above."""
    paraphrase_low: float | None = None
    """Lower end of the 95 % interval of `paraphrase`, items as the unit."""
    paraphrase_high: float | None = None
    """Upper end of the 95 % interval of `paraphrase`."""
    paraphrase_random: float | None = None
    """What `random` is, on the items in another wording."""
    n_paraphrase: int = 0
    """Items that have another wording and were answered."""
    n_paraphrase_group: int = 0
    """Items of the group among them."""
    survives_lexical: bool
    """Whether `gap_low` is above zero."""
    survives_random: bool
    """Whether `auroc` is above `random`."""
    survives_injection: bool | None = None
    """Whether `injection_high` is below one half; None where q is 0.05 or more."""
    survives_paraphrase: bool | None = None
    """Whether `paraphrase_low` is above one half and `paraphrase` above `paraphrase_random`.

    None where q is 0.05 or more, or where too few items have another wording.
    """
    of_skill: bool = False
    """Whether it counts as a feature of the group: q < 0.05, and it survives all four controls."""
    n_items: int
    n_group: int
    """Items of the group among them."""

    @property
    def survived(self) -> dict[Control, bool | None]:
        """Whether the feature survives each control; None where that was not measured."""
        return {
            "lexical": self.survives_lexical,
            "random features": self.survives_random,
            "token injection": self.survives_injection,
            "paraphrase": self.survives_paraphrase,
        }


class ControlShare(Result):
    """How many of the features with q < 0.05 survive a control."""

    group: str
    """A skill, a cell, or `skills` or `cells` for all of them; a feature may count in several."""
    control: Control | Literal["all four"]
    share: float
    low: float
    """Lower end of Wilson's 95 % interval of `share`, features as the unit."""
    high: float
    """Upper end of the 95 % interval of `share`."""
    survived: int
    n: int
    """Features with q < 0.05 for which the control was measured; with none there is no row."""


class FeatureScores(Result):
    """What `metaprobe features score` found."""

    module: str
    scores: list[FeatureScore]
    shares: list[ControlShare]
    """By group and control; a group without a feature below q = 0.05 has none."""
    reworded: int
    """Held-out items that have another wording."""
    not_reworded: int
    """Held-out items that have none, which the paraphrase control leaves out."""


class FeatureContext(Result):
    """Where a feature is strong: a token of a response and those around it."""

    item: str
    domain: Domain
    skill: Skill
    verdict: Verdict | None
    """Of the response; None where it was not graded."""
    tokens: list[str]
    """As the tokenizer writes them, one at a time; the model's own text, never markup."""
    activations: list[float]
    """Of the feature at each token, 0 where it does not fire."""
    peak: int
    """Place of the strongest token in `tokens`."""

    @property
    def cell(self) -> Cell:
        """The cell of the item."""
        return Cell(self.domain, self.skill)


class FeatureCard(Result):
    """One feature: its score under the controls, and where it is strongest."""

    score: FeatureScore
    top_tokens: list[str]
    """With the greatest sum of activations on the first half's responses of the group."""
    fires: float
    """Share of response tokens at which it is active."""
    fires_low: float
    """Lower end of its 95 % interval, items as the unit."""
    fires_high: float
    """Upper end of the 95 % interval of `fires`."""
    n_tokens: int
    """Response tokens."""
    contexts: list[FeatureContext]
    """Strongest first, at most one of an item."""


class FeatureCards(Result):
    """What `cards.json` holds: all features of a skill, and of each other group the best."""

    module: str
    cards: list[FeatureCard]
