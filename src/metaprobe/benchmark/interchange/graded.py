"""Graded responses of other harnesses, one row a response: tables, lm-eval samples, Inspect logs.

What a source does not tell is null. Which verdicts it tells apart stands in `told`: where only
right and wrong are told, a response without an answer is among the wrong ones.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from metaprobe.benchmark.interchange.graded_logs import inspect_rows, lm_eval_rows
from metaprobe.benchmark.interchange.inspect_log import load_log, log_format
from metaprobe.core.errors import InputError, nearest
from metaprobe.core.files import read_jsonl
from metaprobe.core.vocabulary import Verdict

SCHEMA = {
    "model": pl.String,
    "stage": pl.Int64,
    "seed": pl.Int64,
    "item": pl.String,
    "cell": pl.String,
    "verdict": pl.String,
    "told": pl.String,
    "self_check": pl.Boolean,
    "chance": pl.Float64,
    "majority": pl.Float64,
}
"""Columns of graded rows; `told` lists verdicts, with blanks between."""

COLUMNS = (*(name for name in SCHEMA if name != "told"), "correct")
"""Columns that are read from a table of another origin."""

_SUFFIXES = {".jsonl", ".csv", ".tsv", ".parquet", ".eval"}
_LM_EVAL_KEYS = {"doc", "resps"}
_OWN_NAMES = {"item": "item_id"}
_TRUE = {"1", "1.0", "true"}
_FALSE = {"0", "0.0", "false"}
_STAGE = re.compile(r"(?:.*[^0-9.])?([0-9]+)(?:\.0)?")


def graded_files(path: Path) -> list[Path]:
    """Return the file, or all files of a folder that may hold graded responses.

    Raises:
        InputError: nothing is there.
    """
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not found:
        raise InputError(f"{path}: no {', '.join(sorted(_SUFFIXES))} file in this folder")
    return found


def read_graded(
    path: Path, *, metrics: Sequence[str] = (), columns: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Return the graded responses in a file; its form is told by its content.

    Args:
        path: a table (Parquet, CSV, TSV, JSON lines), lm-eval samples or an Inspect log.
        metrics: of a log, the metrics that say what is correct, the first one found counts.
        columns: of a table, its names for `COLUMNS` that are called otherwise.

    Returns:
        The columns of `SCHEMA`.

    Raises:
        InputError: the file is missing or damaged, or a row has no verdict.
        MissingExtraError: it is an Inspect log, and inspect-ai is not installed.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        return _from_table(_parquet(path), path, columns or {})
    form = log_format(path)
    if form:
        return pl.DataFrame(inspect_rows(load_log(path, form), path, metrics), schema=SCHEMA)
    if start.lstrip().startswith(b"{"):
        rows = read_jsonl(path)
        if set(rows[0]) >= _LM_EVAL_KEYS:
            return pl.DataFrame(lm_eval_rows(rows, path, metrics), schema=SCHEMA)
        return _from_table(_lines(rows), path, columns or {})
    return _from_table(_csv(path, start), path, columns or {})


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not a Parquet file that can be read ({error})") from error


def _csv(path: Path, start: bytes) -> pl.DataFrame:
    separator = "\t" if b"\t" in start.partition(b"\n")[0] else ","
    try:
        return pl.read_csv(path, separator=separator, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not a table with one head line ({reason})") from error


def _lines(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row)
    texts = {name: [_text(row.get(name)) for row in rows] for name in names}
    return pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _from_table(table: pl.DataFrame, path: Path, columns: Mapping[str, str]) -> pl.DataFrame:
    named = {ours: _column(table, path, ours, columns) for ours in COLUMNS}
    cells = named["cell"]
    if cells is None and {"domain", "skill"} <= set(table.columns):
        parts = [table[name].cast(pl.String) for name in ("domain", "skill")]
        cells = parts[0] + "/" + parts[1]
    items, verdicts = named["item"], _verdicts(named["verdict"], named["correct"], path)
    for name, column in (("item", items), ("cell", cells), ("correct", verdicts)):
        if column is None:
            wanted = "correct, and no column verdict" if name == "correct" else name
            raise InputError(
                f"{path}: no column {wanted}{nearest(name, table.columns)}; "
                f"name it with --column {name}=COLUMN"
            )
    whole = named["verdict"] is not None
    told = Verdict if whole else (Verdict.CORRECT, Verdict.WRONG, Verdict.ERRORED)
    rows = {
        "model": named["model"],
        "stage": _stages(named["stage"], path),
        "seed": _numbers(named["seed"], "seed", path, pl.Int64),
        "item": _complete(items, "item", path),
        "cell": _complete(cells, "cell", path),
        "verdict": verdicts,
        "told": pl.Series([" ".join(told)] * table.height, dtype=pl.String),
        "self_check": _booleans(named["self_check"], path),
        "chance": _numbers(named["chance"], "chance", path, pl.Float64),
        "majority": _numbers(named["majority"], "majority", path, pl.Float64),
    }
    empty = pl.Series([None] * table.height, dtype=pl.String)
    filled = {name: empty if rows[name] is None else rows[name] for name in SCHEMA}
    return pl.DataFrame(filled).cast(SCHEMA)  # type: ignore[arg-type]


def _column(
    table: pl.DataFrame, path: Path, ours: str, columns: Mapping[str, str]
) -> pl.Series | None:
    """Return a column as texts, under the name that was given, ours, or that of our own tables."""
    if ours in columns and columns[ours] not in table.columns:
        hint = nearest(columns[ours], table.columns)
        raise InputError(f"{path}: no column {columns[ours]!r} for --column {ours}{hint}")
    for name in (columns.get(ours), ours, _OWN_NAMES.get(ours)):
        if name in table.columns:
            return table[name].cast(pl.String, strict=False)
    return None


def _complete(column: pl.Series | None, name: str, path: Path) -> pl.Series | None:
    if column is not None and column.null_count():
        row = column.is_null().arg_true()[0] + 1
        raise InputError(f"{path}: row {row}: no {name}")
    return column


def _verdicts(
    verdicts: pl.Series | None, correct: pl.Series | None, path: Path
) -> pl.Series | None:
    """Return the verdicts; of a column `correct`, null is a response that was not produced."""
    if verdicts is not None:
        known = {str(verdict): str(verdict) for verdict in Verdict}
        return _looked_up(verdicts, known, "verdict", ", ".join(Verdict), path)
    if correct is None:
        return None
    known = dict.fromkeys(_TRUE, str(Verdict.CORRECT)) | dict.fromkeys(_FALSE, str(Verdict.WRONG))
    found = _looked_up(correct, known, "correct", "0, 1, true or false", path, nulls=True)
    return found.fill_null(str(Verdict.ERRORED))


def _booleans(column: pl.Series | None, path: Path) -> pl.Series | None:
    if column is None:
        return None
    known = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
    found = _looked_up(column, known, "self_check", "0, 1, true or false", path, nulls=True)
    return found == "true"


def _looked_up(
    column: pl.Series,
    known: Mapping[str, str],
    name: str,
    wanted: str,
    path: Path,
    *,
    nulls: bool = False,
) -> pl.Series:
    values = column.str.strip_chars().str.to_lowercase().to_list()
    for row, value in enumerate(values, start=1):
        if value not in known and not (nulls and value is None):
            raise InputError(f"{path}: row {row}: {name} is {value!r:.40}; use {wanted}")
    return pl.Series([None if v is None else known[v] for v in values], dtype=pl.String)


def _numbers(
    column: pl.Series | None, name: str, path: Path, kind: type[pl.Int64] | type[pl.Float64]
) -> pl.Series | None:
    if column is None:
        return None
    found = column.cast(kind, strict=False)
    bad = (found.is_null() & column.is_not_null()).arg_true()
    if len(bad):
        raise InputError(f"{path}: row {bad[0] + 1}: {name} is {column[bad[0]]!r:.40}, no number")
    return found


def _stages(column: pl.Series | None, path: Path) -> pl.Series | None:
    if column is None:
        return None
    stages = {name: stage_number(name) for name in column.unique() if name is not None}
    for name, step in stages.items():
        if step is None:
            row = (column == name).arg_true()[0] + 1
            raise InputError(
                f"{path}: row {row}: stage {name!r:.40} does not end in a number of steps"
            )
    return pl.Series([None if name is None else stages[name] for name in column], dtype=pl.Int64)


def stage_number(name: str) -> int | None:
    """Return the step of a stage such as `100`, `100.0` or `checkpoint-100`; None without one."""
    match = _STAGE.fullmatch(name.strip())
    return int(match[1]) if match and len(match[1]) < 19 else None
