"""Print how often the self-check detector is right on the labelled responses.

Run from the repository's root: `python tools/self_check.py`. The table stands in
docs/probes/accuracy.md, and a test compares the two.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.files import read_jsonl
from metaprobe.core.stats import wilson

LABELS = Path("tests/data/self_check/labels.jsonl")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return precision and recall by part, with Wilson intervals at 95 % and n, as Markdown."""
    lines = [
        "| responses | n | precision | 95 % | recall | 95 % | false alarms |",
        "|---|--:|---|---|---|---|---|",
    ]
    parts = {
        "nano, development": [row for row in rows if row["source"].startswith("nano")],
        "SmolLM2, development": [row for row in rows if _is(row, "SmolLM2", "development")],
        "SmolLM2, held-out": [row for row in rows if _is(row, "SmolLM2", "held-out")],
        "all": list(rows),
    }
    return "\n".join([*lines, *(_line(name, part) for name, part in parts.items())])


def main() -> None:
    """Print the table."""
    sys.stdout.write(table(read_jsonl(LABELS)) + "\n")


def _is(row: dict[str, Any], source: str, part: str) -> bool:
    return str(row["source"]).startswith(source) and row["part"] == part


def _line(name: str, rows: Sequence[dict[str, Any]]) -> str:
    found = [has_self_check(row["response"]) for row in rows]
    labels = [bool(row["label"]) for row in rows]
    hits = sum(f and t for f, t in zip(found, labels, strict=True))
    shares = (
        _share(hits, sum(found)),
        _share(hits, sum(labels)),
    )
    false = f"{sum(found) - hits} of {len(rows) - sum(labels)}"
    return f"| {name} | {len(rows)} | {' | '.join(shares)} | {false} |"


def _share(hits: int, n: int) -> str:
    interval = wilson(hits, n)
    if interval is None:
        return "none | "
    return f"{interval.value:.2f} ({hits} of {n}) | {interval.low:.2f} to {interval.high:.2f}"


if __name__ == "__main__":
    main()
