"""What belongs to a cell and what does not, by example: the definition that selection works with.

One file a cell in `cells/`. A near miss is a question that looks alike and belongs to another
cell, or to none.
"""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from metaprobe.core.config import parse_config, read_toml
from metaprobe.core.errors import InputError
from metaprobe.core.vocabulary import CELLS, Cell, parse_cells


class Belonging(BaseModel):
    """A kind of question that belongs to the cell."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    what: str
    """What kind it is."""
    example: str
    """One such question, as a corpus might write it."""


class NearMiss(Belonging):
    """A kind of question that looks as if it belonged."""

    cell: str | None = None
    """Where it belongs instead; None where no cell has it."""

    @field_validator("cell")
    @classmethod
    def _known(cls, cell: str | None) -> str | None:
        if cell is not None:
            parse_cells([cell])
        return cell


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    belongs: tuple[Belonging, ...] = Field(min_length=8)
    near_miss: tuple[NearMiss, ...] = Field(min_length=4)


class Seeds(NamedTuple):
    """The seeds of one cell."""

    cell: Cell
    about: str
    """The cell in one sentence."""
    belongs: tuple[Belonging, ...]
    near_miss: tuple[NearMiss, ...]


def read_seeds(folder: Path | None = None) -> list[Seeds]:
    """Return the seeds of all cells, in grid order.

    Args:
        folder: with one file a cell, as `science-calculation.toml`; those of the package if None.

    Raises:
        InputError: a file is missing.
        ConfigError: a file is not as it should be; eight kinds that belong and four near misses
            are the least.
    """
    found = []
    for cell in CELLS:
        path = (folder or packaged()) / f"{cell.domain}-{cell.skill}.toml"
        if not path.is_file():
            raise InputError(f"{path}: no such file; every cell needs its seeds")
        table = parse_config(_File, read_toml(path), path.name)
        found.append(Seeds(cell, table.about, table.belongs, table.near_miss))
    return found


def packaged() -> Path:
    """Return the folder of the seeds that come with the package."""
    return Path(str(files("metaprobe.benchmark.curation") / "cells"))


def seeds_digest(seeds: list[Seeds]) -> str:
    """Return the SHA-256 of all that the seeds say."""
    return hashlib.sha256(repr(seeds).encode()).hexdigest()
