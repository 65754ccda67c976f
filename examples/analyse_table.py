"""From a table that another harness graded to changes with intervals, and to a gate.

Needs no torch. `metaprobe analyse` and `metaprobe compare` do the same on the command line.
"""

import random
import tempfile
from pathlib import Path

import polars as pl

from metaprobe.analysis.foreign import arrange, summarise_foreign
from metaprobe.analysis.summary import Context
from metaprobe.benchmark.interchange.graded import read_graded

TASKS = {"gsm8k": "mathematics/calculation", "trivia": "general/fact_retrieval"}
"""Which cell each task measures."""

RIGHT = {
    ("base", 0): {"gsm8k": 0.4, "trivia": 0.7},
    ("sft", 100): {"gsm8k": 0.6, "trivia": 0.6},
    ("sft", 400): {"gsm8k": 0.8, "trivia": 0.3},
}
"""Share of correct answers of each model at each stage."""


def table() -> pl.DataFrame:
    """Return one row an item: what a harness might have written."""
    rows = []
    for (model, stage), shares in RIGHT.items():
        stream = random.Random(f"{model} {stage}")
        rows += [
            {
                "model": model,
                "stage": stage,
                "item": item,
                "cell": task,
                "correct": int(stream.random() < share),
            }
            for task, share in shares.items()
            for item in range(100)
        ]
    return pl.DataFrame(rows)


def main() -> None:
    """Print the change of each cell at each stage, and what the findings say."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graded.csv"
        table().write_csv(path)
        foreign = arrange(read_graded(path), base="base", mapping=TASKS)
    context = Context(
        study="example",
        question=None,
        base=foreign.base,
        parameters=None,
        family=None,
        trained_cells=["mathematics/calculation"],
        missing=foreign.missing,
        seconds=0.0,
        provenance={},
    )
    summary = summarise_foreign(foreign, context)
    for stage in summary.arms[0].steps:
        for cell in stage.cells:
            ends = (cell.delta or 0, cell.delta_low or 0, cell.delta_high or 0)
            change, low, high = (100 * end for end in ends)
            name = f"{cell.domain}/{cell.skill}"
            print(f"step {stage.step}: {name} {change:+.0f} [{low:+.0f}, {high:+.0f}]")
    for finding in summary.findings:
        print(f"{finding.kind}: {finding.text}")


if __name__ == "__main__":
    main()
