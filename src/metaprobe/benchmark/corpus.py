"""The texts of a training corpus, one after the other, so that its size does not matter."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe.benchmark.rows import Rows, csv_rows, jsonl_rows, parquet_rows, text_lines
from metaprobe.core.errors import InputError, nearest

TEXT_COLUMNS = (
    *("question", "problem", "prompt", "instruction", "query"),
    *("messages", "conversations", "text", "content"),
)
"""Columns that are looked for, in this order, where none is named."""

_TURN_KEYS = ("content", "value")
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


def _parquet_rows(path: Path, column: str | None) -> Rows:
    return parquet_rows(path, lambda names: [_text_column(names, column, str(path))])


_READERS: dict[str, Callable[[Path, str | None], Rows]] = {
    ".jsonl": lambda path, _column: jsonl_rows(path),
    ".parquet": _parquet_rows,
    ".csv": lambda path, _column: csv_rows(path),
}


def _paragraphs(path: Path) -> Iterator[CorpusRow]:
    """Yield runs of lines that are not empty; one without an end is cut at the limit."""
    lines: list[str] = []
    start = size = 0
    for number, line in text_lines(path):
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
