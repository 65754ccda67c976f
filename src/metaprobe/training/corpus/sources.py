"""Rows of question and gold out of local files, or a data set of the Hugging Face hub."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe.benchmark.hub import HubName, hub_name, licence_of, open_hub
from metaprobe.core.errors import InputError, nearest
from metaprobe.core.files import read_jsonl
from metaprobe.core.streams import digest
from metaprobe.core.vocabulary import LEVELS

PUBLISHED = "ReasoningTransferability/math_rl_48k"
"""The 47 thousand problems of MATH and DeepScaleR that arXiv 2507.00432 trains on."""

QUESTION_COLUMNS = ("question", "problem", "prompt", "instruction", "query")
"""Columns of questions that are looked for, in this order, where none is named."""

GOLD_COLUMNS = (
    *("gold", "golden_answer", "final_answer", "expected_answer", "ground_truth"),
    *("reward_model.ground_truth", "answer", "target", "solution"),
)
"""Columns of golds that are looked for; a dot goes into a nested one."""

WORKED_COLUMNS = frozenset({"solution", "solutions", "rationale", "response", "output"})
"""Columns whose texts are worked solutions, so that only a marked answer in them is a gold."""

_SUFFIXES = (".jsonl", ".parquet")
_LEVEL = re.compile(r"(?:level )?([1-5])", re.IGNORECASE)
_ASKED_FORM = re.compile(
    r"\s*(?:let's think step by step|please reason step by step)[,\s]*and\s+"
    r"(?:output|put) (?:the|your) final answer (?:in|within|after) "
    r"(?:the )?(?:\\boxed\{\}|\"####\")\.?\s*$",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """One row of a source."""

    place: str
    """File and row, counted from 1."""
    question: str
    """Without a request for a form of the answer; empty where the row has none."""
    gold: str
    """As the source writes it; empty where the row has none."""
    worked: bool
    """Whether the gold stands in a worked solution."""
    level: int
    """Of difficulty where the source has one from 1 to 5, else 1."""


class Source(NamedTuple):
    """What was read of one source."""

    name: str
    licence: str | None
    """As the source states it."""
    revision: str | None
    """Commit on the hub; None for local files."""
    files: tuple[str, ...]
    """Names of the local files; empty for the hub."""
    rows: list[Row]

    @property
    def content(self) -> str:
        """SHA-256 of the rows that were read."""
        return digest(*self.rows).hex()


class Columns(NamedTuple):
    """Names of the columns where the user gave them."""

    question: str | None = None
    gold: str | None = None


_USUAL = Columns()


def read_source(name: str, columns: Columns = _USUAL) -> Source:
    """Return the rows of a source.

    Args:
        name: a JSONL or Parquet file; a folder of them, of which files that begin with `train`
            are taken alone where there are any; or a data set of the hub as
            `owner/name[@configuration][:split]`.
        columns: of question and gold; found by their usual names where None.

    Raises:
        InputError: there is no such source, it is damaged, or has no such columns.
        MissingExtraError: the hub is named and the package `datasets` is not installed.
    """
    path = Path(name)
    if path.is_dir() or path.is_file():
        return _read_local(path, columns)
    hub = hub_name(name)
    if hub is None or name.endswith(_SUFFIXES):
        raise InputError(f"{name}: no such file or folder")
    return _read_hub(hub, columns)


def _read_local(path: Path, columns: Columns) -> Source:
    files = [path]
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES)
        files = [p for p in found if p.name.startswith("train")] or found
    if not files or any(f.suffix not in _SUFFIXES for f in files):
        raise InputError(f"{path}: no {' or '.join(_SUFFIXES)} file")
    rows = [
        row for file in files for row in _rows(_read_file(file, columns), _place(file), columns)
    ]
    folder = path if path.is_dir() else path.parent
    return Source(path.name, licence_of(folder), None, tuple(f.name for f in files), rows)


def _read_file(path: Path, columns: Columns) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return read_jsonl(path)
    import polars as pl

    try:
        # Nested columns are named by their first part; the rest of a wide table is not read.
        known = {c.partition(".")[0] for c in (*QUESTION_COLUMNS, *GOLD_COLUMNS, "level")}
        known |= {c.partition(".")[0] for c in columns if c}
        frame = pl.scan_parquet(path)
        wanted = [c for c in frame.collect_schema().names() if c in known]
        return frame.select(wanted).collect().to_dicts()
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read as Parquet ({reason})") from error


def _place(path: Path) -> str:
    """Return a name that files of two folders seldom share, and that shows no one's folders."""
    return f"{path.parent.name}/{path.name}".lstrip("/")


def _read_hub(name: HubName, columns: Columns) -> Source:
    split = name.split or "train"
    table = open_hub(name._replace(split=split))
    return Source(
        name.repository,
        table.licence,
        table.revision,
        (),
        _rows(table.rows, f"{name.repository}:{split}", columns),
    )


def _rows(table: Iterable[Mapping[str, Any]], place: str, columns: Columns) -> list[Row]:
    questions, golds = (
        _chosen(columns.question, QUESTION_COLUMNS),
        _chosen(columns.gold, GOLD_COLUMNS),
    )
    rows = []
    for number, row in enumerate(table, start=1):
        where = f"{place}:{number}"
        question = _question(_first(row, questions, columns.question, where)[1])
        column, gold = _first(row, golds, columns.gold, where)
        worked = column in WORKED_COLUMNS
        rows.append(Row(where, question, _gold(gold), worked, _level(row.get("level"))))
    if not rows:
        raise InputError(f"{place}: no row in it")
    return rows


def _chosen(named: str | None, usual: Sequence[str]) -> Sequence[str]:
    return (named,) if named else usual


def _first(
    row: Mapping[str, Any], names: Sequence[str], named: str | None, where: str
) -> tuple[str, Any]:
    """Return the first of the columns that holds something, and what it holds."""
    present = {name: value for name in names if (value := _at(row, name)) is not _ABSENT}
    if not present:
        wanted = (
            f"no column {named!r}{nearest(named, row)}" if named else f"none of {', '.join(names)}"
        )
        raise InputError(
            f"{where}: {wanted} among the columns {', '.join(map(str, row))}; "
            "name them with --question and --gold"
        )
    return next(((n, v) for n, v in present.items() if v is not None), (next(iter(present)), None))


_ABSENT = object()


def _at(row: Any, name: str) -> Any:
    for part in [name] if isinstance(row, Mapping) and name in row else name.split("."):
        if not isinstance(row, Mapping) or part not in row:
            return _ABSENT
        row = row[part]
    return row


def _question(value: Any) -> str:
    """Return a question's text: a text, or the last thing that the user says in a chat."""
    if isinstance(value, list):
        turns = [t for t in value if isinstance(t, Mapping) and t.get("role") == "user"]
        value = turns[-1].get("content") if turns else None
    return _ASKED_FORM.sub("", _encodable(value)).strip() if isinstance(value, str) else ""


def _gold(value: Any) -> str:
    """Return a gold's text; of several answers none, since which one counts is not known."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _encodable(str(value)) if isinstance(value, str | int | float) else ""


def _encodable(text: str) -> str:
    """Return a text without halves of characters, which JSON may hold and no file can."""
    return text.encode(errors="replace").decode()


def _level(value: Any) -> int:
    found = _LEVEL.fullmatch(str(value).strip())
    return int(found[1]) if found else LEVELS[0]
