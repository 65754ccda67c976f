"""The settings of a study: one TOML file, validated once."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from metaprobe.benchmark.selection import CellPatterns, FamilyNames
from metaprobe.core.config import apply_overrides, parse_config, read_toml
from metaprobe.core.errors import ConfigError, nearest
from metaprobe.models.chat import SHOTS
from metaprobe.models.sampling import Sampling
from metaprobe.training.arms import Arm, InterpolationConfig, SFTConfig

BUILTIN = "nano"
"""The study that runs without an argument."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BenchmarkSettings(_Settings):
    """What every stage is measured on."""

    name: str = "nano"
    """A shipped preset, or the folder of a frozen benchmark."""
    items_per_cell: int | None = Field(default=None, ge=1)
    """Items in a cell; the preset's own number where it is not given."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Let `benchmark=picks/frozen` stand for the name alone."""
        return {"name": value} if isinstance(value, str) else value


class DataSettings(_Settings):
    """What the arms are trained on."""

    cells: CellPatterns = ["mathematics/*"]
    """Cells whose train split is used, as `domain/skill` with `*` for all."""
    families: FamilyNames = None
    """The only families of those cells, or a preset whose families they are; all by default."""
    problems: int = Field(default=4000, ge=1)
    """Distinct problems, spread evenly over cells, families and levels."""
    levels: list[int] = [1, 2]
    """Levels of the problems."""
    prepared: str | None = None
    """Folder of `metaprobe train data`: its problems and traces, instead of those of cells."""


def _known_layer(value: Any) -> Any:
    if value != "middle" and not (type(value) is int and value > 0):
        raise ValueError(f"{value!r} is neither `middle` nor a number from 1 up")
    return value


class FeatureSettings(_Settings):
    """How features of the stages are found."""

    layer: Annotated[int | Literal["middle"], BeforeValidator(_known_layer)] = "middle"
    """Whose output is read, the first being 1."""
    width: int = Field(default=8, ge=1)
    """Features for each dimension of the layer."""
    k: int = Field(default=16, ge=1)
    """Active features of a token, on average."""
    items: int = Field(default=25, ge=1)
    """Items in a cell whose first response is read."""
    steps: int = Field(default=200, ge=1)
    """Batches that the base's autoencoder is trained on; a stage's for half as many more."""
    stages: Literal["last", "all"] = "last"
    """Whether only the last stage of every arm is read, or all."""
    edit_items: int = Field(default=4, ge=0)
    """Items in a cell, of those that were not read, that answer while features are edited."""


def _switched(value: Any) -> Any:
    """Return what `true` and `false` stand for."""
    if isinstance(value, bool):
        return {} if value else None
    if not isinstance(value, dict | FeatureSettings | None):
        raise ValueError(f"{value!r} is neither true, false nor a table of settings")
    return value


class ProbeSettings(_Settings):
    """What is measured of every stage."""

    accuracy: bool = True
    """Sample and grade responses; everything else builds on it."""
    divergence: bool = True
    """Full-vocabulary KL and JS between base and stage on both models' responses and solutions."""
    divergence_items: int = Field(default=8, ge=1)
    """Items in a cell whose first response is used for the divergence."""
    parameters: bool = True
    """Share of weights changed over tolerances, and the norm of the change."""
    behaviours: bool = True
    """Verification, backtracking and the like, counted in the responses by their wording."""
    representation: bool = False
    """Similarity, drift and skill directions of the hidden states, layer by layer."""
    representation_items: int = Field(default=4, ge=1)
    """Items in a cell whose first response is used for the representation."""
    cross_sampling: bool = False
    """Accuracy where base and stage choose tokens for each other."""
    cross_sampling_items: int = Field(default=5, ge=1)
    """Items in a cell that these mixtures answer."""
    likelihood: bool = False
    """Rank the gold against wrong answers by log-likelihood; nothing is sampled."""
    lighter: bool = False
    """Linear probes, difference of means and the like beside a sparse autoencoder, and steering."""
    lighter_items: int = Field(default=30, ge=4)
    """Items in a cell that these methods read, half of which are answered again when steering."""
    lighter_stages: Literal["last", "all"] = "last"
    """Whether only the last stage of every arm is asked, or all."""
    features: Annotated[FeatureSettings | None, BeforeValidator(_switched)] = None
    """Sparse autoencoders of base and stages: `true`, or a table of settings."""
    shots: int = Field(default=SHOTS, ge=0)
    """Examples before each question for a model without a chat template; others get none."""


class StudyConfig(_Settings):
    """One study."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    """Name of the study and of its folder."""
    question: str | None = None
    """What the study asks; the report begins with it."""
    base: str
    """The model that the arms begin from: shipped, a folder, or a hub name."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Every arm is trained once for each."""
    benchmark: BenchmarkSettings = BenchmarkSettings()
    """What every stage is measured on."""
    sampling: Sampling = Sampling()
    """How responses are drawn."""
    data: DataSettings = DataSettings()
    """What the arms are trained on."""
    arms: dict[str, Arm] = {}
    """The arms by name."""
    probes: ProbeSettings = ProbeSettings()
    """What is measured of every stage."""

    @model_validator(mode="after")
    def _check_prepared(self) -> "StudyConfig":
        for name, arm in self.arms.items():
            if self.data.prepared and isinstance(arm, SFTConfig) and arm.quality != "verified":
                raise ConfigError(
                    f"arms.{name}.quality: {arm.quality!r} changes a teacher's steps, and prepared "
                    "traces have none; leave it out, or leave out data.prepared"
                )
        return self

    @model_validator(mode="after")
    def _check_earlier_arms(self) -> "StudyConfig":
        after = {n: a.after for n, a in self.arms.items() if not isinstance(a, InterpolationConfig)}
        for name, arm in self.arms.items():
            if isinstance(arm, InterpolationConfig) and arm.of not in after:
                raise ConfigError(
                    f"arms.{name}.of: no trained arm {arm.of!r}{nearest(arm.of, after)}"
                )
        for name in after:
            chain = [name]
            while (earlier := after[chain[-1]]) is not None:
                where = f"arms.{chain[-1]}.after"
                if earlier not in after:
                    raise ConfigError(
                        f"{where}: no trained arm {earlier!r}{nearest(earlier, after)}"
                    )
                if earlier in chain:
                    raise ConfigError(f"{where}: no arm of {' after '.join(chain)} begins")
                chain.append(earlier)
        return self


def load_study(name: str, overrides: list[str] | None = None) -> StudyConfig:
    """Return the settings of a study.

    Args:
        name: a TOML file, or the name of a built-in study.
        overrides: `a.b=value` settings that replace those of the file.

    Raises:
        ConfigError: there is no such study, or a setting is unknown or wrong.
    """
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        path = Path(str(files("metaprobe.study"))) / "builtin" / f"{name}.toml"
        if not path.is_file():
            known = [p.stem for p in path.parent.glob("*.toml")]
            raise ConfigError(
                f"no study {name!r}{nearest(name, known)}: name a .toml file or one of {known}"
            )
    table = apply_overrides(read_toml(path), overrides or [])
    return parse_config(StudyConfig, table, name)
