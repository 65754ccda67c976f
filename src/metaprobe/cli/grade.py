"""`metaprobe grade`: verdicts for responses that any other harness produced."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from metaprobe.benchmark.answers import Answer

_QUESTION_KEYS = ("question", "prompt", "problem")
_GOLD_KEYS = ("answer", "gold", "target", "label")
_GSM8K_MARK = "#### "


def grade(
    items: Annotated[
        Path,
        typer.Argument(help="items.jsonl of a benchmark, or JSONL with a question and a gold."),
    ],
    responses: Annotated[
        Path,
        typer.Argument(help="JSONL with `response`, and `id` or `question`; else in item order."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write one verdict a response to this JSONL file.")
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Also read answers that are stated without a box.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Grade responses against typed golds and count the verdicts by cell."""
    import json

    from metaprobe.benchmark.grading import grade as grade_one
    from metaprobe.core.errors import InputError
    from metaprobe.core.files import read_jsonl, write_text

    golds = _read_golds(items)
    places = {key: {g[key]: g for g in golds} for key in ("id", "question")}
    verdicts: list[dict[str, Any]] = []
    for number, row in enumerate(read_jsonl(responses)):
        where = f"{responses}:{number + 1}"
        if not isinstance(row.get("response"), str):
            raise InputError(f"{where}: no text under 'response'")
        gold = _find(golds, places, row, number, where)
        graded = grade_one(gold["answer"], row["response"], lenient=lenient)
        verdicts.append(
            {
                "id": gold["id"],
                "cell": gold["cell"],
                "verdict": str(graded.verdict),
                "answer": graded.answer,
            }
        )
    if not verdicts:
        raise InputError(f"{responses}: no response in it")
    if out:
        write_text(out, "".join(json.dumps(v) + "\n" for v in verdicts))
    counts = {
        cell: Counter(v["verdict"] for v in verdicts if v["cell"] == cell)
        for cell in dict.fromkeys(v["cell"] for v in verdicts)
    }
    _print_counts(counts, as_json=as_json)


def _read_golds(path: Path) -> list[dict[str, Any]]:
    from metaprobe.benchmark.items import content_hash, read_items
    from metaprobe.core.errors import InputError
    from metaprobe.core.files import read_jsonl

    rows = read_jsonl(path)
    if rows and "family" in rows[0]:
        return [
            {"id": i.id, "question": i.question, "cell": str(i.cell), "answer": i.answer}
            for i in read_items(path)
        ]
    golds = []
    for number, row in enumerate(rows, start=1):
        question = next((row[k] for k in _QUESTION_KEYS if k in row), None)
        gold = next((row[k] for k in _GOLD_KEYS if k in row), None)
        if not isinstance(question, str) or gold is None:
            raise InputError(f"{path}:{number}: needs a question and a gold answer")
        name = str(row.get("id", content_hash(question)))
        golds.append({"id": name, "question": question, "cell": "all", "answer": _typed(str(gold))})
    return golds


def _typed(gold: str) -> "Answer":
    from metaprobe.benchmark.answers import RationalAnswer, TextAnswer, parse_number

    text = gold.rpartition(_GSM8K_MARK)[2].strip()
    number = parse_number(text)
    if number is None:
        return TextAnswer(value=text)
    return RationalAnswer(numerator=number.numerator, denominator=number.denominator)


def _find(
    golds: list[dict[str, Any]],
    places: dict[str, dict[str, dict[str, Any]]],
    row: dict[str, Any],
    number: int,
    where: str,
) -> dict[str, Any]:
    from metaprobe.core.errors import InputError

    for key, place in places.items():
        if key in row:
            if row[key] not in place:
                raise InputError(f"{where}: no item with that {key}: {str(row[key])[:60]!r}")
            return place[row[key]]
    if number >= len(golds):
        raise InputError(f"{where}: more responses than items, and no id to tell them apart")
    return golds[number]


def _print_counts(counts: dict[str, Counter[str]], *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Table

    from metaprobe.core.stats import wilson
    from metaprobe.core.vocabulary import Verdict

    if as_json:
        print(json.dumps({"cells": {cell: dict(c) for cell, c in counts.items()}}))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("cell", *Verdict, "accuracy", "95 % interval"):
        table.add_column(str(heading), justify="left" if heading == "cell" else "right")
    for cell, count in counts.items():
        n = count.total() - count[Verdict.ERRORED]
        share = wilson(count[Verdict.CORRECT], n)
        table.add_row(
            cell,
            *(str(count[v]) for v in Verdict),
            "not measured" if share is None else f"{share.value:.3f}",
            "" if share is None else f"{share.low:.3f} to {share.high:.3f}",
        )
    Console().print(table)
