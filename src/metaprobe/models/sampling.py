"""How completions are drawn: settings alone, so that reading them needs no torch."""

from pydantic import BaseModel, ConfigDict, Field


class Sampling(BaseModel):
    """How completions are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(default=0.6, ge=0)
    """Softmax temperature; 0 takes the most likely token."""
    top_p: float = Field(default=0.95, gt=0, le=1)
    """Smallest probability mass of the nucleus that is sampled from."""
    samples: int = Field(default=4, ge=1)
    """Completions for each item."""
    max_new_tokens: int = Field(default=256, ge=1)
    """Token limit of a completion; reaching it counts as truncated."""
    seed: int = Field(default=0, ge=0)
    """Names the random streams."""
