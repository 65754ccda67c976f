"""What all classes of the result schema have in common."""

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """A part of the schema: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
