"""`metaprobe grade`: verdicts for responses that any other harness produced."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from metaprobe.benchmark.answers import Answer
    from metaprobe.benchmark.interchange.responses import Responses

_GOLD_KEYS = ("gold", "answer", "target", "label")
_MARK = "#### "
_WITHOUT_CELL = "all"
_RECORDS = "every-eval-ever"


class _Gold(NamedTuple):
    name: str
    question: str
    cell: str
    answer: "Answer"
    marked: bool
    """Whether the gold stood behind the mark of GSM8K, which responses may then use as well."""


class _Row(NamedTuple):
    gold: _Gold
    verdict: str
    answer: str | None
    self_check: bool
    response: str | None


def grade(
    items: Annotated[
        Path,
        typer.Argument(help="items.jsonl of a benchmark, or JSONL with a question and a gold."),
    ],
    responses: Annotated[
        list[Path],
        typer.Argument(
            help="JSONL with `response`, and `id` or `question`, else in item order; "
            "or lm-eval's samples_*.jsonl; or Inspect's logs."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write one verdict a response to this JSONL file.")
    ] = None,
    emit: Annotated[
        tuple[str, Path] | None,
        typer.Option(help="Also write records of a shared schema: every-eval-ever FOLDER."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="For --emit: who responded, as organisation/name.")
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Also read answers that are stated without a box.")
    ] = False,
    math: Annotated[
        bool,
        typer.Option("--math", help="Golds of another data set are free-form mathematics."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Grade responses against typed golds and count the verdicts by cell.

    A gold of another data set is a number where it reads as one, else text; of `... #### 18` it
    is what follows the mark, and responses may then use that mark instead of a box. With `--math`
    it is LaTeX, and math-verify decides whether a response is equal to it. A response of null
    counts as errored, one with `truncated: true` and no answer as truncated.
    """
    import json

    from metaprobe.core.files import write_text

    if emit:
        _check_emit(emit[0], model)
    golds = _read_golds(items, math=math)
    rows, harness = _read_and_grade(golds, responses, lenient=lenient)
    if out:
        write_text(out, "".join(json.dumps(_verdict(row)) + "\n" for row in rows))
    by_cell: dict[str, list[_Row]] = {gold.cell: [] for gold in golds}
    for row in rows:
        by_cell[row.gold.cell].append(row)
    cells = {cell: _counts(own) for cell, own in by_cell.items() if own}
    if emit and model:
        _emit(emit[1], rows, cells, items, model, harness)
    overall = _counts(rows)
    unanswered = len({gold.name for gold in golds} - {row.gold.name for row in rows})
    if as_json:
        print(
            json.dumps({"overall": overall, "cells": cells, "items_without_response": unanswered})
        )
        return
    _print_counts(cells, overall, unanswered)


def _read_golds(path: Path, *, math: bool) -> list[_Gold]:
    from metaprobe.benchmark.answers import FreeFormAnswer
    from metaprobe.benchmark.interchange.responses import QUESTION_KEYS
    from metaprobe.benchmark.items import content_hash, read_items
    from metaprobe.core.errors import InputError
    from metaprobe.core.files import read_jsonl

    rows = read_jsonl(path)
    if not rows:
        raise InputError(f"{path}: no item in it")
    if isinstance(rows[0].get("answer"), dict):
        return [_Gold(i.id, i.question, str(i.cell), i.answer, False) for i in read_items(path)]
    golds = []
    for number, row in enumerate(rows, start=1):
        question = next((row[key] for key in QUESTION_KEYS if key in row), None)
        gold = next((row[key] for key in _GOLD_KEYS if row.get(key) is not None), None)
        if not isinstance(question, str) or not isinstance(gold, str | int | float):
            raise InputError(
                f"{path}:{number}: needs a text under one of {', '.join(QUESTION_KEYS)} and a "
                f"text or number under one of {', '.join(_GOLD_KEYS)}"
            )
        name = str(row.get("id", content_hash(question)))
        cell = str(row.get("cell", _WITHOUT_CELL))
        _, mark, text = str(gold).rpartition(_MARK)
        answer = FreeFormAnswer(value=text.strip()) if math else _typed(text.strip())
        golds.append(_Gold(name, question, cell, answer, bool(mark)))
    return golds


def _typed(gold: str) -> "Answer":
    from metaprobe.benchmark.answers import RationalAnswer, TextAnswer, parse_number

    number = parse_number(gold)
    if number is None:
        return TextAnswer(value=gold)
    return RationalAnswer(numerator=number.numerator, denominator=number.denominator)


def _read_and_grade(
    golds: list[_Gold], paths: list[Path], *, lenient: bool
) -> tuple[list[_Row], str]:
    """Return the graded responses of all files, and which harnesses wrote them."""
    from metaprobe.benchmark.interchange.responses import read_responses
    from metaprobe.core.errors import InputError

    rows: list[_Row] = []
    harnesses = set()
    for path in paths:
        found = read_responses(path)
        if not found.rows:
            raise InputError(f"{path}: no response in it")
        rows += _grade_all(golds, found, path, lenient=lenient)
        harnesses.add(found.source)
    return rows, ", ".join(sorted(harnesses))


def _grade_all(golds: list[_Gold], found: "Responses", path: Path, *, lenient: bool) -> list[_Row]:
    from metaprobe.benchmark.grading import Graded
    from metaprobe.benchmark.grading import grade as grade_one
    from metaprobe.benchmark.self_check import has_self_check
    from metaprobe.core.errors import InputError
    from metaprobe.core.vocabulary import Verdict

    matched = _match(golds, found.rows, path)
    rows = []
    for number, (gold, row) in enumerate(zip(matched, found.rows, strict=True), start=1):
        text = row.get("response", "")
        if (text is not None and not isinstance(text, str)) or "response" not in row:
            raise InputError(f"{path}:{number}: needs a text, or null, under response")
        if text is None:
            graded = Graded(Verdict.ERRORED, None)
        else:
            cut = row.get("truncated") is True or row.get("finish_reason") == "length"
            graded = grade_one(
                gold.answer, text, truncated=cut, lenient=lenient, marked=gold.marked
            )
        check = has_self_check(text or "")
        rows.append(_Row(gold, str(graded.verdict), graded.answer, check, text))
    return rows


def _match(golds: list[_Gold], found: list[dict[str, Any]], path: Path) -> list[_Gold]:
    """Return the gold of each response: by `id`, else by `question`, else by order."""
    from metaprobe.benchmark.items import content_hash
    from metaprobe.core.errors import InputError

    key = next((k for k in ("id", "question") if found and k in found[0]), None)
    if key is None:
        if len(found) != len(golds):
            raise InputError(
                f"{path}: {len(found)} responses for {len(golds)} items; give each an id or a "
                "question where they are not one to one in the order of the items"
            )
        return golds
    places: dict[str, _Gold] = {}
    for gold in golds:
        name = gold.name if key == "id" else content_hash(gold.question)
        if places.setdefault(name, gold).answer != gold.answer:
            raise InputError(f"two items with different golds share the {key} {name!r}")
    matched = []
    for number, row in enumerate(found, start=1):
        value = str(row.get(key, ""))
        name = value if key == "id" else content_hash(value)
        if name not in places:
            raise InputError(f"{path}:{number}: no item has the {key} {value[:60]!r}")
        matched.append(places[name])
    return matched


def _counts(rows: list[_Row]) -> dict[str, Any]:
    """Return the verdict counts, and the accuracy with its interval where any was graded."""
    import numpy as np

    from metaprobe.core.stats import mean_interval
    from metaprobe.core.vocabulary import Verdict

    by_item: dict[str, list[bool]] = {}
    for row in rows:
        if row.verdict != Verdict.ERRORED:
            by_item.setdefault(row.gold.name, []).append(row.verdict == Verdict.CORRECT)
    accuracy = mean_interval(np.array([np.mean(hits) for hits in by_item.values()], dtype=float))
    return {
        "n_items": len({row.gold.name for row in rows}),
        "n_samples": len(rows),
        **{str(v): sum(row.verdict == v for row in rows) for v in Verdict},
        "accuracy": accuracy.value if accuracy else None,
        "low": accuracy.low if accuracy else None,
        "high": accuracy.high if accuracy else None,
        "self_check_rate": sum(row.self_check for row in rows) / len(rows),
    }


def _verdict(row: _Row) -> dict[str, Any]:
    return {
        "id": row.gold.name,
        "cell": row.gold.cell,
        "verdict": row.verdict,
        "answer": row.answer,
        "gold": row.gold.answer.render(),
        "self_check": row.self_check,
    }


def _check_emit(schema: str, model: str | None) -> None:
    from metaprobe.benchmark.interchange.every_eval_ever import check_model
    from metaprobe.core.errors import ConfigError

    if schema != _RECORDS or not model:
        raise ConfigError(f"--emit: use --emit {_RECORDS} FOLDER --model ORGANISATION/NAME")
    check_model(model)


def _emit(
    out: Path,
    rows: list[_Row],
    cells: dict[str, dict[str, Any]],
    items: Path,
    model: str,
    harness: str,
) -> None:
    from metaprobe.benchmark.freeze import ITEMS, MANIFEST, read_benchmark
    from metaprobe.benchmark.interchange.every_eval_ever import Record, Source, write_records
    from metaprobe.core.files import sha256_file

    frozen = items.name == ITEMS and (items.parent / MANIFEST).is_file()
    name = read_benchmark(items.parent).manifest.name if frozen else items.stem
    records = [
        Record(
            row.gold.name,
            row.gold.cell,
            row.gold.question,
            row.gold.answer.render(),
            row.response,
            row.verdict,
            row.answer,
        )
        for row in rows
    ]
    write_records(out, records, cells, Source(name, sha256_file(items), model, harness))


def _print_counts(
    cells: dict[str, dict[str, Any]], overall: dict[str, Any], unanswered: int
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from metaprobe.core.vocabulary import Verdict

    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("cell")
    for heading in (*Verdict, "accuracy", "95 %"):
        table.add_column(str(heading), justify="right")
    shown = dict(cells) if set(cells) == {_WITHOUT_CELL} else {**cells, "all": overall}
    for cell, row in shown.items():
        ends = (
            ("none", "")
            if row["accuracy"] is None
            else (
                f"{row['accuracy']:.3f}",
                f"{row['low']:.2f}-{row['high']:.2f}",
            )
        )
        table.add_row(Text(repr(cell)[1:-1]), *(str(row[str(v)]) for v in Verdict), *ends)
    console = Console(highlight=False)
    console.print(table)
    if unanswered:
        console.print(f"{unanswered} items have no response; they are not counted.", style="dim")
