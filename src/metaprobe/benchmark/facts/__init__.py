"""Small checked-in tables of facts; `tools/facts/` holds the scripts that wrote them.

Each table is a tab-separated file whose leading `#` lines state source, version and licence.
"""

import csv
from functools import cache
from importlib.resources import files


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of the table `name`, in file order, as column-to-text mappings."""
    text = files(__name__).joinpath(f"{name}.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def rows_of(name: str, level: int) -> tuple[dict[str, str], ...]:
    """Return the rows of the table `name` whose column `level` says that level."""
    return tuple(row for row in table(name) if row["level"] == str(level))


def listed(names: str) -> tuple[str, ...]:
    """Return the names in a field, which semicolons separate; none of an empty field."""
    return tuple(name for name in names.split(";") if name)
