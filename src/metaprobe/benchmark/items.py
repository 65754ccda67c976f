"""One question with a typed gold, worked solutions and provenance."""

import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe.benchmark.answers import Answer
from metaprobe.core.errors import InputError
from metaprobe.core.files import read_jsonl, write_text
from metaprobe.core.vocabulary import Cell, Domain, Skill, Split


class Item(BaseModel):
    """One question of the benchmark, as one line of `items.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Content hash of the question, 16 hexadecimal digits."""
    domain: Domain
    skill: Skill
    family: str
    level: int
    split: Split
    question: str
    answer: Answer
    short: tuple[str, ...]
    """Steps of the short worked solution, without the final answer."""
    long: tuple[str, ...]
    """Steps of the long worked solution, without the final answer."""
    source: str
    """Where the item comes from: the generator and its stream, or a corpus and its row."""

    @property
    def cell(self) -> Cell:
        """The cell that the item belongs to."""
        return Cell(self.domain, self.skill)


def content_hash(text: str) -> str:
    """Return 16 hexadecimal digits that name a question, blind to case and spacing."""
    canonical = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()[:16]


def dump_items(items: Sequence[Item]) -> str:
    """Return items as JSON lines: the same items give the same text on any machine."""
    return "".join(item.model_dump_json() + "\n" for item in items)


def write_items(path: Path, items: Sequence[Item]) -> None:
    """Write items as JSON lines, atomically."""
    write_text(path, dump_items(items))


def read_items(path: Path) -> list[Item]:
    """Return the items of a JSON-lines file.

    Raises:
        InputError: a line is not an item; the line and the field are named.
    """
    items = []
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            items.append(Item.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{path}:{number}: {where}: {first['msg']}") from error
    return items
