"""Frozen benchmarks: a fixed set of items with a manifest and a content hash."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe import __version__
from metaprobe.benchmark.family import Family, families_of, find_family
from metaprobe.benchmark.items import Item, read_items, write_items
from metaprobe.core.errors import CapacityError, ConfigError, InputError, nearest
from metaprobe.core.files import read_json, sha256_file, write_json
from metaprobe.core.vocabulary import CELLS, Cell, Split

ITEMS = "items.jsonl"
MANIFEST = "benchmark.json"


class Preset(NamedTuple):
    """The make of a released benchmark."""

    levels: tuple[int, ...]
    items_per_cell: int


PRESETS = {
    "nano": Preset((1, 2), 25),
    "default": Preset((1, 2, 3, 4, 5), 200),
    "hard": Preset((4, 5), 100),
}
"""The released benchmarks by name."""


class FamilyCount(BaseModel):
    """What a benchmark holds of one family, by level."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    cell: str
    name: str
    items: dict[int, int]
    """Number of items."""
    capacity: dict[int, int]
    """Distinct problems that exist, or a lower bound."""
    majority: dict[int, float]
    """Accuracy of always giving the most frequent answer."""
    chance: dict[int, float]
    """Mean accuracy of a blind guess among the stated options."""


class Manifest(BaseModel):
    """`benchmark.json`: what a benchmark is made of."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: str
    version: str
    """Of the package that built it."""
    seed: int
    levels: list[int]
    cells: dict[str, int]
    """Number of items by cell."""
    families: list[FamilyCount]
    content_hash: str
    """SHA-256 of the bytes of `items.jsonl`."""


class Benchmark(NamedTuple):
    """A frozen set of items."""

    items: list[Item]
    manifest: Manifest


def build_benchmark(
    name: str,
    *,
    items_per_cell: int | None = None,
    cells: Sequence[Cell] = CELLS,
    levels: Sequence[int] | None = None,
    seed: int = 0,
) -> Benchmark:
    """Build a benchmark out of the families' evaluation splits.

    Items are spread evenly over a cell's families and levels; where a family runs out of distinct
    problems, the others make up for it. Same arguments, same bytes, on any machine.

    Args:
        name: a preset, which gives the numbers that are not given here.
        items_per_cell: items in each cell.
        cells: which cells.
        levels: which levels.
        seed: names the random streams.

    Raises:
        ConfigError: there is no such preset.
        CapacityError: a cell has too few distinct problems.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"unknown benchmark {name!r}{nearest(name, PRESETS)}: "
            f"name a folder or one of {', '.join(PRESETS)}"
        )
    preset = PRESETS[name]
    wanted = items_per_cell or preset.items_per_cell
    used = tuple(levels or preset.levels)
    seen: set[str] = set()
    items = [item for cell in cells for item in _cell_items(cell, used, wanted, seed, seen)]
    return Benchmark(items, _manifest(name, items, used, seed))


def write_benchmark(folder: Path, benchmark: Benchmark) -> None:
    """Write `items.jsonl` and `benchmark.json`."""
    write_items(folder / ITEMS, benchmark.items)
    write_json(folder / MANIFEST, benchmark.manifest.model_dump(mode="json"))


def read_benchmark(folder: Path) -> Benchmark:
    """Return the benchmark in a folder.

    Raises:
        InputError: a file is missing or damaged, or the items are not those of the manifest.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {first['loc']}: {first['msg']}") from error
    items = folder / ITEMS
    if not items.is_file() or sha256_file(items) != manifest.content_hash:
        raise InputError(f"{items}: missing or changed since it was frozen; build it again")
    return Benchmark(read_items(items), manifest)


def load_benchmark(name: str, *, items_per_cell: int | None = None) -> Benchmark:
    """Return a preset, built now, or the frozen benchmark in a folder.

    Args:
        name: of a preset, or a folder.
        items_per_cell: of a preset; a folder has the first ones of each cell only.
    """
    folder = Path(name)
    if not folder.is_dir():
        return build_benchmark(name, items_per_cell=items_per_cell)
    frozen = read_benchmark(folder)
    if items_per_cell is None or items_per_cell >= max(frozen.manifest.cells.values()):
        return frozen
    items = [
        item
        for cell in CELLS
        for item in [i for i in frozen.items if i.cell == cell][:items_per_cell]
    ]
    manifest = frozen.manifest.model_copy(
        update={
            "content_hash": _hash(items),
            "cells": _count([str(i.cell) for i in items]),
        }
    )
    return Benchmark(items, manifest)


def baselines(manifest: Manifest) -> Mapping[tuple[str, int], float]:
    """Return the majority-answer baseline by family (`domain/skill/name`) and level."""
    return {
        (f"{family.cell}/{family.name}", level): value
        for family in manifest.families
        for level, value in family.majority.items()
    }


def _cell_items(
    cell: Cell, levels: Sequence[int], wanted: int, seed: int, seen: set[str]
) -> list[Item]:
    sources: list[Iterator[Item]] = [
        family.stream(split=Split.EVAL, level=level, seed=seed, limit=wanted)
        for family in families_of(cell)
        for level in levels
    ]
    items: list[Item] = []
    while sources and len(items) < wanted:
        alive = []
        for source in sources:
            item = next((i for i in source if i.id not in seen), None)
            if item is not None and len(items) < wanted:
                items.append(item)
                seen.add(item.id)
                alive.append(source)
        sources = alive
    if len(items) < wanted:
        raise CapacityError(
            f"{cell} has only {len(items)} distinct evaluation items at levels {list(levels)}, "
            f"{wanted} were asked for; ask for fewer or add levels"
        )
    return items


def _manifest(name: str, items: list[Item], levels: Sequence[int], seed: int) -> Manifest:
    places = dict.fromkeys(f"{i.cell}/{i.family}" for i in items)
    return Manifest(
        name=name,
        version=__version__,
        seed=seed,
        levels=list(levels),
        cells=_count([str(i.cell) for i in items]),
        families=[_family_count(find_family(place), items) for place in places],
        content_hash=_hash(items),
    )


def _family_count(family: Family, items: list[Item]) -> FamilyCount:
    own = [i for i in items if i.cell == family.cell and i.family == family.name]
    levels = sorted({i.level for i in own})
    return FamilyCount(
        cell=str(family.cell),
        name=family.name,
        items={level: sum(i.level == level for i in own) for level in levels},
        capacity={level: family.capacity[level] for level in levels},
        majority={level: family.baseline(level) for level in levels},
        chance={level: _mean_chance(own, level) for level in levels},
    )


def _mean_chance(items: list[Item], level: int) -> float:
    chances = [i.answer.chance for i in items if i.level == level]
    return sum(chances) / len(chances)


def _hash(items: list[Item]) -> str:
    text = "".join(item.model_dump_json() + "\n" for item in items)
    return hashlib.sha256(text.encode()).hexdigest()


def _count(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)}
