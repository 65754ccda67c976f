"""The result schema: `summary.json`, version `SCHEMA_VERSION`, documented in docs/results.md.

A measured number stands beside its interval and its n. What was not measured is `None`.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, write_text
from metaprobe.core.vocabulary import Domain, Skill

SCHEMA_VERSION: Literal[1] = 1


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ProfileRow(_Result):
    """Accuracy of one stage on a group of items, beside its baselines and its change from base."""

    n_items: int
    """Distinct items."""
    n_samples: int
    """Responses, over all items; the five verdict counts add up to it."""
    correct: int
    """Responses with the right answer."""
    wrong: int
    """Responses with another answer of the right type."""
    unparsed: int
    """Responses without an answer of the right type."""
    truncated: int
    """Responses that the token limit ended before an answer."""
    errored: int
    """Responses that could not be produced."""
    accuracy: float | None
    """Mean over items of the share of correct responses; None without a graded response."""
    low: float | None
    """Lower end of the 95 % interval of `accuracy`."""
    high: float | None
    """Upper end of the 95 % interval of `accuracy`."""
    chance: float
    """Accuracy of a blind guess among the options that the questions state."""
    majority: float
    """Accuracy of always giving the most frequent answer of the family and level."""
    self_check_rate: float | None
    """Share of responses with an explicit self-check."""
    delta: float | None = None
    """Change of accuracy from the base, paired by item; None for the base."""
    delta_low: float | None = None
    """Lower end of the 95 % interval of `delta`."""
    delta_high: float | None = None
    """Upper end of the 95 % interval of `delta`."""
    p_value: float | None = None
    """Two-sided paired permutation p-value of `delta`, items as the unit."""
    q_value: float | None = None
    """Benjamini-Hochberg q-value over the cells and stages of the study."""
    mde: float | None = None
    """Smallest change that this design finds with power 0.8 at a two-sided 5 % level."""
    collapsed: bool = False
    """Below base at q < 0.05 from here to the arm's last stage."""


class CellResult(ProfileRow):
    """The profile row of one cell."""

    domain: Domain
    skill: Skill


class SkillResult(ProfileRow):
    """The profile row of one skill over its domains."""

    skill: Skill


class DomainResult(ProfileRow):
    """The profile row of one domain over its skills."""

    domain: Domain


class Shape(_Result):
    """How the change from the base is spread over the grid; all in units of accuracy."""

    balance: float | None
    """Smallest skill accuracy over the largest; None where every skill is at zero."""
    jaggedness: float
    """Standard deviation over cells of the change."""
    specialisation: float | None
    """Mean change of the trained cells minus that of the others; None where there are no others."""
    worst_cell: str
    worst_delta: float
    drift: float
    """Euclidean distance of the accuracy vectors, over the square root of the number of cells."""
    cosine: float | None
    """Cosine of the mean-centred accuracy vectors; None where one of them is constant."""
    permutation_p: float | None
    """p-value of `jaggedness` when base and tuned responses are exchanged within items."""


class DivergenceSummary(_Result):
    """Means over response positions; nats per token unless said otherwise."""

    kl_forward: float
    """KL(base || tuned)."""
    kl_reverse: float
    """KL(tuned || base)."""
    js: float
    """Jensen-Shannon divergence, at most ln 2."""
    top1_agreement: float
    """Share of positions at which both models rank the same token first."""
    rank_shift: float
    """Mean absolute change of the rank of the token that stands in the text."""
    entropy: float
    """Entropy of the tuned model."""
    entropy_base: float
    """Entropy of the base."""
    high_js_share: float
    """Share of positions with JS above 0.1."""
    kl_forward_low: float | None = None
    """Lower end of the 95 % interval of `kl_forward`, texts as the unit."""
    kl_forward_high: float | None = None
    """Upper end of the 95 % interval of `kl_forward`."""
    n_texts: int
    n_positions: int


class CellDivergence(DivergenceSummary):
    """The divergence of one cell on one kind of text."""

    domain: Domain
    skill: Skill
    text: Literal["base", "own"]


class Divergence(_Result):
    """Distributional divergence of a stage from the base."""

    base_text: DivergenceSummary
    """On responses of the base."""
    own_text: DivergenceSummary
    """On responses of the stage itself."""
    per_cell: list[CellDivergence]


class ChangedShare(_Result):
    """One point of the tolerance curve."""

    dtype: Literal["float32", "bfloat16", "relative"]
    """`bfloat16`: both cast before comparing; `relative`: tolerance times the larger magnitude."""
    tolerance: float
    """Differences up to this size count as none."""
    share: float
    """Share of all weights that differ by more."""


class ModuleChange(_Result):
    """The change of one weight tensor."""

    name: str
    kind: str
    """Module kind, such as `q_proj`."""
    layer: int | None
    relative_norm: float
    """Frobenius norm of the change over that of the base."""
    changed: float
    """Share of entries that differ at all."""
    n: int


class ParameterChange(_Result):
    """How far the weights of a stage are from the base's."""

    changed: list[ChangedShare]
    """The tolerance curve; a single share means nothing without its tolerance and dtype."""
    relative_norm: float
    """Frobenius norm of the whole change over that of the base."""
    per_module: list[ModuleChange]
    """The change of each tensor."""
    n: int
    """Number of weights, tied ones counted once."""
    rounded_to: str | None = None
    """Number format of the stage that the base was rounded to first; None where none is coarser."""
    principal_angle: float | None = None
    """Largest principal angle between the leading singular subspaces, in radians."""
    stable_rank: float | None = None
    """Squared Frobenius norm of the change over its squared spectral norm."""


class LikelihoodRow(_Result):
    """How often a gold is more likely than wrong answers, on a group of items."""

    n_items: int
    """Items that were ranked."""
    left_out: int
    """Items of kinds for which no wrong answer exists; they are not ranked."""
    accuracy: float | None
    """Share of items whose gold has the greatest log-likelihood per byte; None without an item."""
    accuracy_low: float | None
    """Lower end of the 95 % interval of `accuracy`."""
    accuracy_high: float | None
    """Upper end of the 95 % interval of `accuracy`."""
    unnormalised: float | None
    """Share of items whose gold has the greatest log-likelihood, whatever its length."""
    unnormalised_low: float | None
    """Lower end of the 95 % interval of `unnormalised`."""
    unnormalised_high: float | None
    """Upper end of the 95 % interval of `unnormalised`."""
    chance: float | None
    """Mean over items of one over the number of answers."""
    margin: float | None
    """Mean over items of the gold's log-likelihood minus the best wrong answer's, nats per byte."""
    margin_low: float | None
    """Lower end of the 95 % interval of `margin`; None with fewer than two items."""
    margin_high: float | None
    """Upper end of the 95 % interval of `margin`."""
    delta: float | None = None
    """Change of `accuracy` from the base, paired by item; None for the base."""
    delta_low: float | None = None
    """Lower end of the 95 % interval of `delta`."""
    delta_high: float | None = None
    """Upper end of the 95 % interval of `delta`."""


class CellLikelihood(LikelihoodRow):
    """The ranking by likelihood of one cell."""

    domain: Domain
    skill: Skill


class Likelihood(_Result):
    """Golds ranked against wrong answers by log-likelihood; nothing is sampled."""

    all: LikelihoodRow
    """Over all items."""
    cells: list[CellLikelihood]


class StageResult(_Result):
    """Everything measured of one checkpoint."""

    step: int
    seconds: float
    """Training time up to this step, without probes."""
    tokens: int
    """Tokens that took part in the loss, up to this step."""
    forward_tokens: int | None = None
    """Compute since the base, in tokens that go forward through the model; None if not known."""
    cells: list[CellResult]
    skills: list[SkillResult]
    domains: list[DomainResult]
    shape: Shape | None = None
    divergence: Divergence | None = None
    parameters: ParameterChange | None = None
    likelihood: Likelihood | None = None
    representation: dict[str, Any] | None = None
    features: dict[str, Any] | None = None


class ArmResult(_Result):
    """The stages of one arm and seed, in order of their steps."""

    arm: str
    kind: str
    seed: int
    steps: list[StageResult]


class BaseInfo(_Result):
    """The base model and its own profile."""

    name: str
    parameters: int
    family: str
    """Architecture, as `model_type` in its config."""
    profile: StageResult


class Change(_Result):
    """A change in accuracy from the base, with its 95 % interval."""

    value: float
    low: float
    high: float


class PathPoint(_Result):
    """Where an arm is at one stage, averaged over its seeds."""

    step: int
    forward_tokens: float | None
    trained: float
    """Change in the trained cells."""
    others: float
    """Change in all other cells."""


class ArmComparison(_Result):
    """One arm beside the others, its seeds pooled."""

    arm: str
    n_seeds: int
    path: list[PathPoint]
    best: Change
    """Largest change in the trained cells over the stages."""
    gained: bool
    """Whether that change is clearly above 0."""
    at_gain: Change | None
    """Change in the other cells where the arm first reaches the common gain."""
    tokens_to_gain: float | None
    """Forward tokens up to there."""
    behind_at_gain: Change | None
    """How much more the best arm keeps there; None for the best arm itself."""
    trained_at_compute: Change | None
    """Change in the trained cells at the common compute."""
    others_at_compute: Change | None
    """Change in the other cells at the common compute."""
    behind_at_compute: Change | None
    """How much more the best arm keeps at the common compute; None for the best arm itself."""


class Comparison(_Result):
    """The arms at an equal gain in the trained cells, and at equal compute."""

    gain: float | None
    """The gain that every arm reaches which gains at all; None where fewer than two gain."""
    compute: float | None
    """Forward tokens that every arm spent whose compute is known; None with fewer than two."""
    n_trained: int
    """Items in the trained cells."""
    n_others: int
    """Items in the other cells."""
    arms: list[ArmComparison]


class Finding(_Result):
    """One conclusion in words, with the numbers behind it."""

    kind: str
    """`comparison`, `headline`, `tie`, `collapse`, `dip`, `gain`, `divergence` or `caution`."""
    arm: str
    """The arm it is about; `base` where it is about the base or the whole study."""
    text: str
    evidence: dict[str, Any]


class SampleResponse(_Result):
    """One response shown in the report."""

    verdict: str
    text: str


class Sample(_Result):
    """One item with responses of the base and of each arm's last stage."""

    domain: Domain
    skill: Skill
    family: str
    level: int
    question: str
    gold: str
    responses: dict[str, SampleResponse]
    """By arm name; `base` is the base."""


class Summary(_Result):
    """`summary.json`: everything that the report shows."""

    schema_version: Literal[1] = SCHEMA_VERSION
    study: str
    created: str
    """ISO 8601, UTC."""
    seconds: float
    base: BaseInfo
    arms: list[ArmResult]
    findings: list[Finding]
    samples: list[Sample] = []
    trained_cells: list[str] = []
    """Cells whose problems the arms were trained on."""
    question: str | None = None
    """What the study asks."""
    comparison: Comparison | None = None
    """The arms beside each other; None without two arms, or without cells that were not trained."""
    missing: list[str] = []
    """What was planned and could not be measured, a line each."""
    provenance: dict[str, Any] = {}
    """Versions, commit, machine, benchmark hash, sampling settings, timings."""


def write_summary(path: Path, summary: Summary) -> None:
    """Write a summary as JSON, atomically."""
    write_text(path, summary.model_dump_json(indent=1) + "\n")


def read_summary(path: Path) -> Summary:
    """Return the summary in a file.

    Raises:
        InputError: the file is missing, or does not follow the schema; the field is named.
    """
    value = read_json(path)
    try:
        return Summary.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}") from error
