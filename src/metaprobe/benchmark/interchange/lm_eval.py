"""Export to lm-evaluation-harness: a folder for `lm_eval --include_path`.

Holds one task a cell and a group of all. The tasks read the items beside them, so the folder can be
moved. lm-eval does not tell a task whether the token limit ended a response, so its scores know
three verdicts: what was truncated without an answer counts as unparsed there.
"""

import json
from pathlib import Path
from typing import Any

from metaprobe.benchmark.freeze import Benchmark
from metaprobe.benchmark.interchange.rows import ITEMS, Prompt, dump_rows, to_rows
from metaprobe.core.files import write_text

GROUP = "metaprobe"
"""Name of the group of all tasks, and the beginning of their names."""

_SHARED = "shared_yaml"  # without the suffix of a task, so that lm-eval does not list it
_METRICS = {"correct": "true", "wrong": "false", "unparsed": "false", "self_check": "true"}

_UTILS = '''\
"""Loads the items beside this file and grades responses with metaprobe as it is installed."""

import json
from pathlib import Path

import datasets

try:
    from metaprobe.benchmark.interchange.rows import grade_row
    from metaprobe.benchmark.self_check import has_self_check
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the metaprobe tasks grade with metaprobe, which is not installed beside lm_eval: "
        "pip install metaprobe"
    ) from error


def load_cell(cell, **_):
    """Return the items of a cell as a split; lm_eval passes settings of its own as well."""
    lines = (Path(__file__).parent / "items.jsonl").read_text(encoding="utf-8").split("\\n")
    rows = [json.loads(line) for line in lines if line]
    return {"test": datasets.Dataset.from_list([row for row in rows if row["cell"] == cell])}


def process_results(row, responses):
    """Return 1 for the verdict on the response, 0 for the others, and whether it checks itself."""
    verdict = grade_row(row, responses[0]).verdict
    verdicts = {name: float(verdict == name) for name in ("correct", "wrong", "unparsed")}
    return {**verdicts, "self_check": float(has_self_check(responses[0]))}
'''


def task_name(cell: str) -> str:
    """Return the name of the task of a cell."""
    return f"{GROUP}_{cell.replace('/', '_')}"


def write_lm_eval(
    out: Path, benchmark: Benchmark, prompt: Prompt, generation: dict[str, Any]
) -> None:
    """Write the tasks, their group, the items and the code that grades them.

    Args:
        out: the folder.
        benchmark: a frozen benchmark.
        prompt: how a question is asked.
        generation: `generation_kwargs` of the tasks, numbers and truth values by name.
    """
    cells = list(benchmark.manifest.cells)
    write_text(out / ITEMS, dump_rows(to_rows(benchmark.items, prompt)))
    write_text(out / "utils.py", _UTILS)
    write_text(out / _SHARED, _shared(benchmark, generation))
    for cell in cells:
        write_text(out / f"{task_name(cell)}.yaml", _task(cell))
    write_text(out / f"{GROUP}.yaml", _group(cells))


def _shared(benchmark: Benchmark, generation: dict[str, Any]) -> str:
    lines = [
        "custom_dataset: !function utils.load_cell",
        "test_split: test",
        "output_type: generate_until",
        "doc_to_text: prompt",
        "doc_to_target: gold",
        "process_results: !function utils.process_results",
        "generation_kwargs:",
        "  until: []",
        *(f"  {name}: {str(value).lower()}" for name, value in generation.items()),
        "metric_list:",
    ]
    for metric, higher in _METRICS.items():
        lines += [
            f"  - metric: {metric}",
            "    aggregation: mean",
            f"    higher_is_better: {higher}",
        ]
    lines += [
        "metadata:",
        f"  version: {json.dumps(benchmark.manifest.version)}",
        f"  content_hash: {benchmark.manifest.content_hash}",
    ]
    return "\n".join(lines) + "\n"


def _task(cell: str) -> str:
    return f"include: {_SHARED}\ntask: {task_name(cell)}\ndataset_kwargs:\n  cell: {cell}\n"


def _group(cells: list[str]) -> str:
    lines = [f"group: {GROUP}", "task:", *(f"  - {task_name(cell)}" for cell in cells)]
    lines.append("aggregate_metric_list:")
    for metric in _METRICS:
        lines += [f"  - metric: {metric}", "    aggregation: mean", "    weight_by_size: true"]
    return "\n".join(lines) + "\n"
