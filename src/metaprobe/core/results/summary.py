"""The whole of `summary.json`."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, write_text
from metaprobe.core.results.behaviours import Behaviours
from metaprobe.core.results.comparison import Comparison
from metaprobe.core.results.cross_sampling import CrossSampling
from metaprobe.core.results.divergence import Divergence
from metaprobe.core.results.lighter import Lighter, LighterRow
from metaprobe.core.results.likelihood import Likelihood
from metaprobe.core.results.model import Result
from metaprobe.core.results.parameters import ParameterChange
from metaprobe.core.results.prediction import Prediction
from metaprobe.core.results.profile import CellResult, DomainResult, Shape, SkillResult
from metaprobe.core.results.representation import Representation
from metaprobe.core.results.signatures import Signature
from metaprobe.core.results.stage_features import StageFeatures
from metaprobe.core.results.transfer import Transfer
from metaprobe.core.vocabulary import Domain, Skill

SCHEMA_VERSION: Literal[1] = 1


class StageResult(Result):
    """Everything measured of one checkpoint."""

    step: int
    seconds: float | None
    """Training time up to this step, without probes; None if not known."""
    tokens: int | None
    """Tokens that took part in the loss, up to this step; None if not known."""
    forward_tokens: int | None = None
    """Compute since the base, in tokens that go forward through the model; None if not known."""
    cells: list[CellResult]
    skills: list[SkillResult]
    domains: list[DomainResult]
    shape: Shape | None = None
    divergence: Divergence | None = None
    parameters: ParameterChange | None = None
    likelihood: Likelihood | None = None
    behaviours: Behaviours | None = None
    representation: Representation | None = None
    cross_sampling: CrossSampling | None = None
    features: StageFeatures | None = None
    lighter: Lighter | None = None


class ArmResult(Result):
    """The stages of one arm and seed, in order of their steps."""

    arm: str
    kind: str
    seed: int
    steps: list[StageResult]
    signatures: list[Signature] | None = None
    """Known ways in which a run goes wrong that were seen; None where nobody looked."""


class BaseInfo(Result):
    """The base model and its own profile."""

    name: str
    parameters: int | None
    """Number of weights; None where only its responses are known."""
    family: str | None
    """Architecture, as `model_type` in its config; None where only its responses are known."""
    profile: StageResult


class Finding(Result):
    """One conclusion in words, with the numbers behind it."""

    kind: str
    """`comparison`, `ranking`, `tie`, `budgets`, `front`, `headline`, `claim`, `collapse`, `dip`,
    `gain`, `divergence`, `features` or `caution`."""
    arm: str
    """The arm it is about; `base` where it is about the base or the whole study."""
    text: str
    evidence: dict[str, Any]


class SampleResponse(Result):
    """One response shown in the report."""

    verdict: str
    text: str


class Sample(Result):
    """One item with responses of the base and of each arm's last stage."""

    domain: Domain
    skill: Skill
    family: str
    level: int
    question: str
    gold: str
    responses: dict[str, SampleResponse]
    """By arm name; `base` is the base."""


class Summary(Result):
    """`summary.json`: everything that the report shows."""

    schema_version: Literal[1] = SCHEMA_VERSION
    study: str
    created: str
    """ISO 8601, UTC."""
    seconds: float
    base: BaseInfo
    arms: list[ArmResult]
    findings: list[Finding]
    samples: list[Sample] = Field(default=[])
    trained_cells: list[str] = Field(default=[])
    """Cells whose problems the arms were trained on."""
    question: str | None = None
    """What the study asks."""
    comparison: Comparison | None = None
    """The arms beside each other; None without two arms, or without cells that were not trained."""
    shapes: dict[str, Shape] = Field(default={})
    """By arm, the shape of its change at the last stage, its seeds averaged item by item."""
    transfer: Transfer | None = None
    """What training did to other cells; None where the trained cells are not known."""
    prediction: Prediction | None = None
    """What predicts losses; None without two stages to compare."""
    lighter: list[LighterRow] = Field(default=[])
    """Methods lighter than an autoencoder, over all stages that were asked."""
    missing: list[str] = Field(default=[])
    """What was planned and could not be measured, a line each."""
    provenance: dict[str, Any] = Field(default={})
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
