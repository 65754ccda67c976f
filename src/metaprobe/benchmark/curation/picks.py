"""A folder of picks: the candidates that were selected, why, and what people decided on them.

Everything else reads and writes such a folder through this module.

    candidates.jsonl   one `Candidate` a line, cell by cell, best first
    provenance.json    settings, seeds, embedders, corpora, counts, calibration
    decisions.jsonl    one `Decision` a line, where people have reviewed the candidates
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, read_jsonl, write_json, write_text

CANDIDATES = "candidates.jsonl"
PROVENANCE = "provenance.json"
DECISIONS = "decisions.jsonl"

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


class Decision(BaseModel):
    """What one person decided on one candidate."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Of the item."""
    cell: str
    """As it was suggested."""
    accepted: bool
    """Whether the item belongs to that cell."""
    reviewer: str
    note: str = ""


class Picks(NamedTuple):
    """What lies in a folder."""

    candidates: list[Candidate]
    provenance: dict[str, Any]
    decisions: list[Decision]


def write_picks(folder: Path, candidates: Sequence[Candidate], provenance: dict[str, Any]) -> None:
    """Write candidates and provenance; the provenance comes last and marks a finished folder."""
    lines = "".join(one.model_dump_json() + "\n" for one in candidates)
    write_text(folder / CANDIDATES, lines)
    write_json(folder / PROVENANCE, provenance)


def write_decisions(folder: Path, decisions: Sequence[Decision]) -> None:
    """Write all decisions on the candidates of a folder, in place of those that are there."""
    lines = "".join(one.model_dump_json() + "\n" for one in decisions)
    write_text(folder / DECISIONS, lines)


def read_picks(folder: Path) -> Picks:
    """Return what lies in a folder; without decisions none.

    Raises:
        InputError: something is missing, damaged, or decides on what is no candidate.
    """
    provenance = read_json(folder / PROVENANCE)
    if not isinstance(provenance, dict):
        raise InputError(f"{folder / PROVENANCE}: expected a JSON object")
    candidates = _lines(folder / CANDIDATES, Candidate)
    path = folder / DECISIONS
    decisions = _lines(path, Decision) if path.is_file() else []
    known = {(one.item.id, str(one.item.cell)) for one in candidates}
    for number, decision in enumerate(decisions, start=1):
        if (decision.id, decision.cell) not in known:
            raise InputError(f"{path}:{number}: no candidate {decision.id} of {decision.cell}")
    return Picks(candidates, provenance, decisions)


def verdicts(decisions: Sequence[Decision]) -> dict[tuple[str, str], bool]:
    """Return by item and cell whether most reviewers accept it; an even vote gives none.

    The last decision of a reviewer counts.
    """
    last = {(one.id, one.cell, one.reviewer): one.accepted for one in decisions}
    votes: Counter[tuple[str, str]] = Counter()
    for (item, cell, _), accepted in last.items():
        votes[item, cell] += 1 if accepted else -1
    return {key: balance > 0 for key, balance in votes.items() if balance}


def _lines(path: Path, kind: type[Line]) -> list[Line]:
    found = []
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            found.append(kind.model_validate_json(json.dumps(row)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{path}:{number}: {where}: {first['msg']}") from error
    return found
