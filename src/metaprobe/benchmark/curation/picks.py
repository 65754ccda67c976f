"""A folder of picks: the candidates that were selected, and why.

Everything else reads and writes such a folder through this module.

    candidates.jsonl   one `Candidate` a line, cell by cell, best first
    provenance.json    settings, seeds, embedders, corpora, counts, calibration
    reviews.sqlite     what people decided on them; see `reviews.py`
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, read_jsonl, write_json, write_text

CANDIDATES = "candidates.jsonl"
PROVENANCE = "provenance.json"

Line = TypeVar("Line", bound=BaseModel)


class Neighbour(BaseModel):
    """A seed that is near to a candidate."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    what: str
    """What kind of question the seed is."""
    example: str
    cell: str | None
    """Where such questions belong; None where no cell has them."""


class Candidate(BaseModel):
    """A question out of a corpus that may belong to a cell."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    item: Item
    """The question with its typed gold, in the suggested cell. Its family is the corpus, its
    source the place of the row, its level 1 where the corpus states none; it has no worked
    solutions."""
    rank: int
    """Among the candidates of the cell, from 1."""
    score: float
    """By which it was ranked; see `scoring.py`."""
    probability: float | None
    """That a person accepts it, where the cell is calibrated."""
    runner_up: str
    """The cell of the second highest score."""
    margin: float
    """Score minus that of the runner-up."""
    belongs: Neighbour
    """The nearest seed that belongs to the cell."""
    near_miss: Neighbour
    """The nearest near miss of the cell."""
    corpus: str
    licence: str | None
    """As the corpus states it."""


class Picks(NamedTuple):
    """What lies in a folder."""

    candidates: list[Candidate]
    provenance: dict[str, Any]


def write_picks(folder: Path, candidates: Sequence[Candidate], provenance: dict[str, Any]) -> None:
    """Write candidates and provenance; the provenance comes last and marks a finished folder."""
    lines = "".join(one.model_dump_json() + "\n" for one in candidates)
    write_text(folder / CANDIDATES, lines)
    write_json(folder / PROVENANCE, provenance)


def read_picks(folder: Path) -> Picks:
    """Return the candidates in a folder.

    Raises:
        InputError: something is missing or damaged.
    """
    provenance = read_json(folder / PROVENANCE)
    if not isinstance(provenance, dict):
        raise InputError(f"{folder / PROVENANCE}: expected a JSON object")
    return Picks(read_lines(folder / CANDIDATES, Candidate), provenance)


def read_lines(path: Path, kind: type[Line]) -> list[Line]:
    """Return the lines of a JSON-lines file, each as an object of the class.

    Raises:
        InputError: a line is none; it and the field are named.
    """
    found = []
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            found.append(kind.model_validate_json(json.dumps(row)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{path}:{number}: {where}: {first['msg']}") from error
    return found
