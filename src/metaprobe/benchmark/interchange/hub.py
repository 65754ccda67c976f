"""Export as a data set folder that Hugging Face `datasets` loads: one Parquet file a cell."""

from pathlib import Path

import polars as pl

from metaprobe.benchmark.freeze import Benchmark, Manifest
from metaprobe.benchmark.interchange.rows import Prompt, to_rows
from metaprobe.core.files import write_parquet, write_text

ALL = "all"
"""Name of the configuration that holds every cell."""
SPLIT = "test"
"""Name of the only split."""

_FIELDS = {
    "id": "content hash of the question",
    "cell": "domain and skill",
    "family": "generator of the item",
    "level": "difficulty from 1 to 5",
    "prompt": "what the model is asked, as the turn of a user",
    "answer": "the typed gold as JSON",
    "gold": "the gold as it is boxed",
    "question": "the question alone",
    "short": "steps of the short worked solution",
    "long": "steps of the long worked solution",
    "source": "generator and stream of the item",
}


def write_hub(out: Path, benchmark: Benchmark, prompt: Prompt) -> None:
    """Write one Parquet file a cell and the card `README.md` that names them.

    Args:
        out: the folder.
        benchmark: a frozen benchmark.
        prompt: how a question is asked.
    """
    own = [
        {"question": i.question, "short": i.short, "long": i.long, "source": i.source}
        for i in benchmark.items
    ]
    rows = [a | b for a, b in zip(to_rows(benchmark.items, prompt), own, strict=True)]
    steps = {"short": pl.List(pl.String), "long": pl.List(pl.String)}
    table = pl.DataFrame(rows, schema_overrides=steps, infer_schema_length=None)
    for cell in benchmark.manifest.cells:
        write_parquet(out / _file(cell), table.filter(pl.col("cell") == cell))
    write_text(out / "README.md", _card(benchmark.manifest))


def _file(cell: str) -> str:
    return f"data/{cell.replace('/', '_')}.parquet"


def _card(manifest: Manifest) -> str:
    cells = list(manifest.cells)
    header = ["---", "configs:", *_configuration(ALL, cells, default=True)]
    for cell in cells:
        header += _configuration(cell.replace("/", "_"), [cell])
    body = [
        "---",
        "",
        f"# metaprobe benchmark `{manifest.name}`",
        "",
        f"{sum(manifest.cells.values())} items in {len(cells)} cells at levels "
        f"{', '.join(map(str, manifest.levels))}, built with metaprobe {manifest.version}. SHA-256 "
        f"of its `items.jsonl`: `{manifest.content_hash}`.",
        "",
        "These are items to measure with. Do not train on them.",
        "",
        "| column | holds |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in _FIELDS.items()),
        "",
        "`metaprobe.benchmark.interchange.rows.grade_row(row, response)` gives the verdict on a "
        "response.",
    ]
    return "\n".join([*header, *body]) + "\n"


def _configuration(name: str, cells: list[str], *, default: bool = False) -> list[str]:
    return [
        f"- config_name: {name}",
        *(["  default: true"] if default else []),
        "  data_files:",
        f"  - split: {SPLIT}",
        "    path:",
        *(f"    - {_file(cell)}" for cell in cells),
    ]
