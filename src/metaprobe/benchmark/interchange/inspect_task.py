"""Export to Inspect: a task file with a scorer, and the items beside it."""

from pathlib import Path
from typing import Any

from metaprobe.benchmark.freeze import Benchmark
from metaprobe.benchmark.interchange.rows import ITEMS, Prompt, dump_rows, to_rows
from metaprobe.core.files import write_text

TASK_FILE = "metaprobe_task.py"
"""Not `metaprobe.py`, which would hide the package from itself."""

_TASK = '''\
"""A frozen metaprobe benchmark as an Inspect task; `-T cell=DOMAIN/SKILL` runs one cell."""

import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, grouped, mean, scorer, stderr
from inspect_ai.solver import generate

try:
    from metaprobe.benchmark.interchange.inspect_log import read_output
    from metaprobe.benchmark.interchange.rows import grade_row
    from metaprobe.benchmark.self_check import has_self_check
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "this task grades with metaprobe, which is not installed beside inspect_ai: "
        "pip install metaprobe"
    ) from error

VERDICTS = ("correct", "wrong", "unparsed", "truncated")


@scorer(metrics={"correct": [mean(), stderr(), grouped(mean(), "cell", all=False)], "*": [mean()]})
def verdict():
    """Give 1 to the verdict on the response, 0 to the others, and whether it checks itself."""

    async def score(state, target):
        response, truncated = read_output(state.output)
        graded = grade_row(state.metadata, response, truncated=truncated)
        verdicts = {name: float(graded.verdict == name) for name in VERDICTS}
        return Score(
            value={**verdicts, "self_check": float(has_self_check(response))},
            answer=graded.answer,
            metadata={"verdict": str(graded.verdict)},
        )

    return score


@task
def metaprobe(cell: str | None = None):
    """Return the items of a cell, or all of them."""
    lines = (Path(__file__).parent / "items.jsonl").read_text(encoding="utf-8").split("\\n")
    rows = [json.loads(line) for line in lines if line]
    samples = [
        Sample(input=row["prompt"], target=row["gold"], id=row["id"], metadata=row)
        for row in rows
        if cell in (None, row["cell"])
    ]
    return Task(
        dataset=MemoryDataset(samples, name=@NAME@),
        solver=generate(),
        scorer=verdict(),
        config=GenerateConfig(@CONFIG@),
        version=@VERSION@,
        metadata={"content_hash": @HASH@},
    )
'''


def write_inspect(
    out: Path, benchmark: Benchmark, prompt: Prompt, generation: dict[str, Any]
) -> None:
    """Write the task file and its items.

    Args:
        out: the folder.
        benchmark: a frozen benchmark.
        prompt: how a question is asked.
        generation: arguments of Inspect's `GenerateConfig`, numbers by name.
    """
    manifest = benchmark.manifest
    values = {
        "@NAME@": repr(manifest.name),
        "@VERSION@": repr(manifest.version),
        "@HASH@": repr(manifest.content_hash),
        "@CONFIG@": ", ".join(f"{name}={value!r}" for name, value in generation.items()),
    }
    text = _TASK
    for mark, value in values.items():
        text = text.replace(mark, value)
    write_text(out / ITEMS, dump_rows(to_rows(benchmark.items, prompt)))
    write_text(out / TASK_FILE, text)
