"""The texts of a training corpus, one after the other, so that its size does not matter."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe.core.errors import InputError, nearest
from metaprobe.core.files import parse_object

TEXT_COLUMNS = (
    *("question", "problem", "prompt", "instruction", "query"),
    *("messages", "conversations", "text", "content"),
)
"""Columns that are looked for, in this order, where none is named."""

_TURN_KEYS = ("content", "value")
_PARQUET_ROWS = 1024
_PARAGRAPH_LIMIT = 100_000


class CorpusRow(NamedTuple):
    """A text of the corpus and where it stands."""

    place: str
    """File name and row, counted from 1; of plain text the line where the paragraph starts."""
    text: str


def read_corpus(paths: Iterable[Path], *, column: str | None = None) -> Iterator[CorpusRow]:
    """Yield the texts of the files; only a batch of them is in memory at any time.

    `.jsonl`, `.parquet` and `.csv` files have a column of texts, or of chat messages, which are
    joined. In `.txt` and `.md` files a text is a paragraph: lines up to an empty one.

    Args:
        paths: the files.
        column: of the texts; the first of `TEXT_COLUMNS` that a file has where None.

    Raises:
        InputError: a file is missing, of another kind, damaged, or has no such column.
    """
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        if path.suffix in (".txt", ".md"):
            yield from _paragraphs(path)
            continue
        if path.suffix not in _READERS:
            raise InputError(
                f"{path}: unknown kind of file {path.suffix!r}; "
                f"use {', '.join(_READERS)}, .txt or .md"
            )
        for number, row in _READERS[path.suffix](path, column):
            name = _text_column(row, column, f"{path}:{number}")
            yield CorpusRow(f"{path.name}:{number}", _text(row[name], f"{path}:{number}", name))


def _jsonl_rows(path: Path, column: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
    del column
    for number, line in _lines(path):
        if line.strip():
            yield number, parse_object(line, f"{path}:{number}")


def _csv_rows(path: Path, column: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
    del column
    csv.field_size_limit(sys.maxsize)  # a text may be longer than the 128 KiB that csv expects
    reader = csv.DictReader((line for _, line in _lines(path)), restkey="")
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise InputError(f"{path}: not CSV ({error})") from error


def _parquet_rows(path: Path, column: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
    import polars as pl

    number = 0
    try:
        frame = pl.scan_parquet(path)
        name = _text_column(frame.collect_schema(), column, str(path))
        for batch in frame.select(name).collect_batches(chunk_size=_PARQUET_ROWS):
            for row in batch.iter_rows(named=True):
                number += 1
                yield number, row
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read as Parquet ({reason})") from error


_READERS = {".jsonl": _jsonl_rows, ".parquet": _parquet_rows, ".csv": _csv_rows}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            yield from enumerate(file, start=1)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error


def _paragraphs(path: Path) -> Iterator[CorpusRow]:
    """Yield runs of lines that are not empty; one without an end is cut at the limit."""
    lines: list[str] = []
    start = size = 0
    for number, line in _lines(path):
        if line.strip():
            start = start if lines else number
            lines.append(line)
            size += len(line)
        if lines and (not line.strip() or size > _PARAGRAPH_LIMIT):
            yield CorpusRow(f"{path.name}:{start}", "".join(lines))
            lines, size = [], 0
    if lines:
        yield CorpusRow(f"{path.name}:{start}", "".join(lines))


def _text_column(row: Iterable[str], column: str | None, where: str) -> str:
    names = list(row)
    if column is None:
        found = next((name for name in TEXT_COLUMNS if name in names), None)
        if found is None:
            raise InputError(
                f"{where}: no column of texts among {', '.join(names) or 'no columns'}; "
                "name it with --column"
            )
        return found
    if column not in names:
        raise InputError(f"{where}: no column {column!r}{nearest(column, names)}")
    return column


def _text(value: Any, where: str, column: str) -> str:
    """Return a text, the joined texts of chat messages, or an empty text for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(turn, dict) for turn in value):
        turns = [next((t[key] for key in _TURN_KEYS if key in t), None) for t in value]
        if all(isinstance(turn, str | None) for turn in turns):
            return "\n".join(turn for turn in turns if turn)
    raise InputError(f"{where}: column {column!r} holds neither a text nor chat messages")
