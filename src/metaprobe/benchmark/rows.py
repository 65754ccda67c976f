"""Rows of JSON, JSON-lines, CSV and Parquet files, one after the other."""

import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from metaprobe.core.errors import InputError
from metaprobe.core.files import parse_object

Rows = Iterator[tuple[int, dict[str, Any]]]
"""Numbers, counted from 1, and rows."""

_PARQUET_ROWS = 1024
_MOST_JSON_BYTES = 2**30


def text_lines(path: Path, *, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a text file; a final `.gz` is unpacked on the way.

    Args:
        path: of the file, in UTF-8.
        errors: what becomes of bytes that are no UTF-8, as `open` has it.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig", errors=errors, newline="\n") as file:
            yield from enumerate(file, start=1)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error


def jsonl_rows(path: Path, *, errors: str = "strict") -> Rows:
    """Yield the objects of a JSON-lines file; empty lines are passed over.

    Raises:
        InputError: a line is not a JSON object; it is named.
    """
    for number, line in text_lines(path, errors=errors):
        if line.strip():
            yield number, parse_object(line, f"{path}:{number}")


def csv_rows(path: Path, *, errors: str = "strict", names: Sequence[str] | None = None) -> Rows:
    """Yield the rows of a CSV file.

    Args:
        path: of the file.
        errors: as of `text_lines`.
        names: of the columns, where the first line does not tell them.

    Raises:
        InputError: it is not CSV.
    """
    csv.field_size_limit(sys.maxsize)  # a text may be longer than the 128 KiB that csv expects
    lines = (line for _, line in text_lines(path, errors=errors))
    try:
        yield from enumerate(csv.DictReader(lines, names, restkey=""), start=1)
    except csv.Error as error:
        raise InputError(f"{path}: not CSV ({error})") from error


def parquet_rows(
    path: Path, choose: Callable[[Sequence[str]], Sequence[str]] | None = None
) -> Rows:
    """Yield the rows of a Parquet file, of which only a batch is in memory.

    Args:
        path: of the file.
        choose: from the names of the columns those that are read; all where None.

    Raises:
        InputError: it is not Parquet.
    """
    import polars as pl

    number = 0
    try:
        frame = pl.scan_parquet(path)
        if choose:
            frame = frame.select(choose(frame.collect_schema().names()))
        for batch in frame.collect_batches(chunk_size=_PARQUET_ROWS):
            for row in batch.iter_rows(named=True):
                number += 1
                yield number, row
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read as Parquet ({reason})") from error


def json_rows(path: Path, *, errors: str = "strict") -> Rows:
    """Yield the objects of a JSON file: a list of them, or one under the key `examples`.

    Raises:
        InputError: the file is something else, or too large to be held at once.
    """
    try:
        if path.stat().st_size > _MOST_JSON_BYTES:
            raise InputError(f"{path}: more than {_MOST_JSON_BYTES} bytes; write it as JSON lines")
        table = json.loads(path.read_text(encoding="utf-8-sig", errors=errors))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    rows = table.get("examples") if isinstance(table, dict) else table
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: expected a list of JSON objects, or one under 'examples'")
    yield from enumerate(rows, start=1)
