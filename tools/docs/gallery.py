"""Write docs/gallery.md, a sample of every family; run it from the repository's root.

The items are of the train split, so that the page publishes none that a benchmark may hold.
"""

import inspect
import re
import textwrap
from itertools import groupby
from pathlib import Path

from metaprobe.benchmark.family import Family, families
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Split

PAGE = Path("docs/gallery.md")
LEVELS = (1, 3, 5)
"""The levels that are shown."""

_WIDTH = 88
_OPENING = """\
# Gallery

<!-- Written by tools/docs/gallery.py from the families; run `make gallery`. -->

One item of every family at the levels {levels}, of the train split, with its gold answer, its short
and its long worked solution (folded). Lines longer than {width} characters are wrapped here. See
[the benchmark](benchmark.md) for what the skills are and how answers are graded, and
`metaprobe bench show` for more items.
"""


def render() -> str:
    """Return the page."""
    cells = [(str(cell), list(of)) for cell, of in groupby(families(), key=lambda f: f.cell)]
    parts = [_OPENING.format(levels=", ".join(map(str, LEVELS)), width=_WIDTH)]
    parts.append(
        "\n".join(
            f"- [{cell}](#{cell.replace('/', '')}): {', '.join(code(f.name) for f in of)}"
            for cell, of in cells
        )
        + "\n"
    )
    for cell, of in cells:
        parts.append(f"## {cell}\n")
        parts += [_section(family) for family in of]
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, except that spans of code stay."""
    spans = re.split(r"(`[^`\n]+`)", text)
    return "".join(
        s if i % 2 else re.sub(r"([\\`*_\[\]<>&#|~])", r"\\\1", s) for i, s in enumerate(spans)
    )


def fenced(text: str) -> str:
    """Return a block of code around text that may have fences of its own."""
    lines = [
        part
        for line in text.splitlines()
        for part in (
            textwrap.wrap(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
            if len(line) > _WIDTH
            else [line]
        )
    ]
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return "\n".join([f"{fence}text", *lines, fence])


def code(text: str) -> str:
    """Return a span of code around text that may have backticks of its own."""
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _section(family: Family) -> str:
    described = inspect.getdoc(family.draw) or ""
    parts = [f"### {code(family.name)}\n", f"{escaped(described)}\n"]
    for level in LEVELS:
        (item,) = family.items(split=Split.TRAIN, level=level, count=1)
        parts.append(_sample(item))
    return "\n".join(parts)


def _sample(item: Item) -> str:
    short = fenced("\n".join(item.short)) if item.short else "Short solution: the answer alone."
    steps = "1 step" if len(item.long) == 1 else f"{len(item.long)} steps"
    return "\n\n".join(
        [
            f"**Level {item.level}**",
            fenced(item.question),
            f"Gold: {code(item.answer.render())}",
            *(["Short solution:", short] if item.short else [short]),
            f"<details><summary>Long solution, {steps}</summary>",
            fenced("\n".join(item.long)),
            "</details>\n",
        ]
    )


if __name__ == "__main__":
    main()
