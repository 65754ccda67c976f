"""Records of the schema every_eval_ever (github.com/evaleval/every_eval_ever), version 0.3.0.

A record is two files: a summary with one accuracy a cell, and one line a response. The schema knows
only correct and not correct; the five verdicts stand in `metadata` and in the details of a score.
What it asks for and grading cannot know, as who runs the model, is given as `unknown`.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from metaprobe import __version__
from metaprobe.core.errors import ConfigError
from metaprobe.core.files import write_json, write_text
from metaprobe.core.vocabulary import Verdict

SCHEMA_VERSION = "0.3.0"
"""The version of the schema that the records follow."""

_MODEL = re.compile(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*")


class Record(NamedTuple):
    """One graded response."""

    item: str
    """Id of the item."""
    cell: str
    question: str
    gold: str
    """As it is boxed."""
    response: str | None
    """None where none could be produced."""
    verdict: str
    answer: str | None
    """What was found in the box."""


class Source(NamedTuple):
    """What was asked, whom, and through what."""

    benchmark: str
    """Name of the set of items."""
    content_hash: str
    """SHA-256 of the file of items."""
    model: str
    """As `organisation/name`."""
    harness: str
    """Which harness wrote the responses."""


def check_model(name: str) -> None:
    """Check that a model has a name that the schema takes.

    Raises:
        ConfigError: it is not of the form `organisation/name`.
    """
    if not _MODEL.fullmatch(name):
        raise ConfigError(f"--model {name!r}: name the model as organisation/name")


def write_records(
    out: Path, records: Sequence[Record], cells: Mapping[str, Mapping[str, Any]], source: Source
) -> Path:
    """Write a summary and its lines under `out/data/`, as the schema's data store lays them out.

    The same responses give the same file names, so that a second call replaces the first.

    Args:
        out: the folder that holds `data/`.
        records: all responses.
        cells: of each cell the counts of the verdicts, `n_items`, `n_samples`, `accuracy`, `low`
            and `high`; a cell without an accuracy is left out of the summary.
        source: names that the record carries.

    Returns:
        The file of the summary.

    Raises:
        ConfigError: the model has no name of the form `organisation/name`.
    """
    check_model(source.model)
    now = str(int(time.time()))
    collection = "metaprobe_" + re.sub(r"[^\w\-]+", "_", source.benchmark)
    evaluation = f"{collection}/{source.model}/{now}"
    lines = [_line(record, evaluation, source.model, cells) for record in records]
    stable = json.dumps([source, records])
    stem = str(UUID(bytes=hashlib.sha256(stable.encode()).digest()[:16], version=4))
    place = f"data/{collection}/{source.model}/{stem}"
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    summary = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "retrieved_timestamp": now,
        "source_metadata": {
            "source_name": "metaprobe",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "metaprobe",
            "version": __version__,
            "additional_details": {"responses_from": source.harness},
        },
        "model_info": {
            "name": source.model,
            "id": source.model,
            "additional_details": {"deployment_type": "unknown", "model_availability": "unknown"},
        },
        "evaluation_results": [
            _result(cell, counts, _graded_items(records, cell), source)
            for cell, counts in cells.items()
            if counts["accuracy"] is not None
        ],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": f"{place}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(text.encode()).hexdigest(),
            "total_rows": len(lines),
        },
    }
    write_text(out / f"{place}_samples.jsonl", text)
    write_json(out / f"{place}.json", summary)
    return out / f"{place}.json"


def _graded_items(records: Sequence[Record], cell: str) -> int:
    graded = [r for r in records if r.cell == cell and r.verdict != Verdict.ERRORED]
    return len({record.item for record in graded})


def _result(
    cell: str, counts: Mapping[str, Any], graded_items: int, source: Source
) -> dict[str, Any]:
    named = {name: str(counts[name]) for name in ("n_items", "n_samples", *map(str, Verdict))}
    return {
        "evaluation_result_id": f"{cell}/accuracy",
        "evaluation_name": cell,
        "source_data": {
            "dataset_name": source.benchmark,
            "source_type": "other",
            "additional_details": {"content_hash": source.content_hash},
        },
        "metric_config": {
            "evaluation_description": "Mean over items of the share of correct responses; "
            "responses that could not be produced do not count.",
            "metric_id": "accuracy",
            "metric_name": "Accuracy",
            "metric_kind": "accuracy",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": counts["accuracy"],
            "details": named,
            "uncertainty": {
                "confidence_interval": {
                    "lower": counts["low"],
                    "upper": counts["high"],
                    "confidence_level": 0.95,
                    "method": "Wilson interval at the effective number of items",
                },
                "num_samples": graded_items,
            },
        },
    }


def _line(
    record: Record, evaluation: str, model: str, cells: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    correct = record.verdict == Verdict.CORRECT
    summarised = cells[record.cell]["accuracy"] is not None
    failed = record.response is None
    found = {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": record.answer,
        "extraction_method": "last complete box",
        "is_terminal": True,
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation,
        "model_id": model,
        "evaluation_name": record.cell,
        **({"evaluation_result_id": f"{record.cell}/accuracy"} if summarised else {}),
        "sample_id": record.item,
        "sample_hash": hashlib.sha256((record.question + record.gold).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": record.question, "reference": [record.gold]},
        "output": {"raw": [] if failed else [record.response]},
        "messages": None,
        "answer_attribution": [] if record.answer is None else [found],
        "evaluation": {"score": float(correct), "is_correct": correct},
        "error": "the response could not be produced" if failed else None,
        "metadata": {"verdict": record.verdict},
    }
