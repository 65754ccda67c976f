"""Where a folder of results keeps its tables of graded responses."""

from pathlib import Path
from urllib.parse import quote

from metaprobe.core.streams import short_hash

BASE = "base"
"""Name of the base among the arms."""

_LONGEST = 120


def responses_path(folder: Path, arm: str, seed: int, step: int) -> Path:
    """Return the table of a stage; the name of an arm may hold anything.

    A study's own arms have names that stay as they are.
    """
    name = quote(arm, safe="")
    if len(name) > _LONGEST:
        name = short_hash(arm)
    return folder / "responses" / f"{name}-{seed}-{step}.parquet"
