"""The settings of a set of training data."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from metaprobe.core.errors import ConfigError
from metaprobe.training.corpus.sources import PUBLISHED
from metaprobe.training.corpus.teachers import TraceSampling, Variant

PUBLISHED_TEACHER = "Qwen/Qwen3-32B"
"""Whose traces arXiv 2507.00432 trains on."""


class DataConfig(BaseModel):
    """What a set of training data is made of; the defaults are those of arXiv 2507.00432."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sources: tuple[str, ...] = (PUBLISHED,)
    """Files, folders, or data sets of the hub."""
    question: str | None = None
    """Column of the questions; found by its usual names where None."""
    gold: str | None = None
    """Column of the golds; found by its usual names where None."""
    against: tuple[str, ...] = ("nano",)
    """Benchmarks, presets or frozen folders, whose items are taken out."""
    embedder: str | None = None
    """Also compares embeddings: `static` or `tfidf`."""
    limit: int | None = Field(default=None, ge=1)
    """Most problems, drawn at random from those that remain."""
    teacher: str | None = None
    """Model that solves the problems; none where no traces are wanted."""
    variants: tuple[Variant, ...] = ("short", "long")
    """Kinds of traces."""
    samples: int = Field(default=4, ge=1)
    """Solutions sampled of each problem and variant."""
    keep: int = Field(default=1, ge=1)
    """Most correct ones that are kept of each problem and variant."""
    sampling: TraceSampling = TraceSampling()
    """How solutions are drawn; its seed also draws the problems of `limit`."""

    @model_validator(mode="after")
    def _check_keep(self) -> "DataConfig":
        if self.keep > self.samples:
            raise ConfigError(f"--keep {self.keep} is more than --samples {self.samples}")
        return self
