"""Frozen benchmarks: a fixed set of items with a manifest and a content hash."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from metaprobe import __version__
from metaprobe.benchmark.family import Family, families_of
from metaprobe.benchmark.items import Item, dump_items, read_items, write_items
from metaprobe.core.errors import CapacityError, ConfigError, InputError, nearest
from metaprobe.core.files import read_json, sha256_file, write_json
from metaprobe.core.vocabulary import CELLS, LEVELS, Cell, Split

ITEMS = "items.jsonl"
MANIFEST = "benchmark.json"


NANO_FAMILIES = (
    *("integer_expression", "fraction_arithmetic", "polynomial_evaluate_derive"),
    *("primes_in_interval", "subsets_with_sum", "divisors"),
    *("queue_of_operations_on_a_number", "recurrence", "euclid_trace"),
    *("polygon_and_solid_names", "notation_meaning", "derivative_and_integral_rule"),
    *("first_wrong_step_arithmetic", "solution_of_another_problem", "first_wrong_step_algebra"),
    *("kinematics", "ohm_and_circuits", "unit_conversion"),
    *("transition_lines", "punnett_offspring", "resistor_values"),
    *("stepwise_motion", "circuit_switching", "heat_exchange_step"),
    *("planet_facts", "si_unit_of_quantity", "element_symbol_number_group"),
    *("dimension_check", "energy_account_violated", "wrong_unit_in_table"),
    *("bit_operations", "loop_iteration_count", "subnet_arithmetic"),
    *("comprehension_output", "truth_table_rows", "substrings_with_property"),
    *("loop_trace", "state_machine", "sorting_passes"),
    *("exception_raised", "http_status", "builtin_by_purpose"),
    *("exception_or_not", "bug_line", "off_by_one"),
    *("change_and_bills", "clock_and_duration", "percentage_and_discount"),
    *("items_matching_a_description", "free_slots", "routes_on_a_map"),
    *("inventory_updates", "compass_turns", "shuffled_objects"),
    *("animal_and_group", "continent_and_border", "month_and_season_facts"),
    *("schedule_conflict", "claim_against_table", "wrong_step_in_instructions"),
)
"""Three families a cell that a model of a million parameters can learn together."""


class Preset(NamedTuple):
    """The make of a released benchmark."""

    levels: tuple[int, ...]
    items_per_cell: int
    families: tuple[str, ...] | None = None
    """Names of the only families; all where None."""


PRESETS = {
    "nano": Preset((1, 2), 30, NANO_FAMILIES),
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
    """Distinct problems that exist, or a lower bound; of a corpus those that are here."""
    majority: dict[int, float]
    """Accuracy of always giving the most frequent answer; of a corpus on its items here."""
    chance: dict[int, float]
    """Mean accuracy of a blind guess among the stated options."""
    clean: dict[int, float | None]
    """Share of problems in which nothing is wrong; None where the family is not diagnostic, or is
    a corpus."""


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
    cells: Sequence[Cell] | None = None,
    levels: Sequence[int] | None = None,
    seed: int = 0,
) -> Benchmark:
    """Build a benchmark out of the families' evaluation splits.

    Items are spread evenly over a cell's families and levels; where a family runs out of distinct
    problems, the others make up for it. Same arguments, same bytes, on any machine.

    Args:
        name: a preset, which gives the numbers that are not given here.
        items_per_cell: items in each cell.
        cells: which cells; all where None.
        levels: which levels.
        seed: names the random streams.

    Raises:
        ConfigError: there is no such preset or level, or less than one item is asked for.
        CapacityError: a cell has too few distinct problems.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"unknown benchmark {name!r}{nearest(name, PRESETS)}: "
            f"name a folder or one of {', '.join(PRESETS)}"
        )
    preset = PRESETS[name]
    wanted = preset.items_per_cell if items_per_cell is None else items_per_cell
    used = sorted(set(preset.levels if levels is None else levels))
    if wanted < 1 or not used or not set(used) <= set(LEVELS):
        raise ConfigError(
            f"benchmark {name!r}: {wanted} items a cell at levels {used}: "
            f"ask for at least one item, and for levels out of {list(LEVELS)}"
        )
    chosen = [cell for cell in CELLS if cells is None or cell in cells]
    seen: set[str] = set()
    items = [
        item
        for cell in chosen
        for item in _cell_items(families_of(cell, preset.families), used, wanted, seed, seen)
    ]
    return Benchmark(items, _manifest(name, items, used, seed))


def freeze_items(
    name: str, verified: Sequence[Item], wanted: Mapping[Cell, int], preset: str | None
) -> Benchmark:
    """Return a benchmark of verified items out of corpora, filled up with generated ones.

    Args:
        name: of the benchmark.
        verified: items whose families are corpora.
        wanted: items in each cell.
        preset: whose families and levels give what is missing; None leaves it missing.

    Raises:
        ConfigError: there is no such preset, or a corpus has the name of a family of the cell.
    """
    if preset is not None and preset not in PRESETS:
        raise ConfigError(
            f"unknown preset {preset!r}{nearest(preset, PRESETS)}: use one of {', '.join(PRESETS)}"
        )
    items: list[Item] = []
    seen = {item.id for item in verified}
    for cell, count in wanted.items():
        own = [item for item in verified if item.cell == cell]
        taken = {item.family for item in own} & {family.name for family in families_of(cell)}
        if taken:
            raise ConfigError(f"corpus {min(taken)}: a family of {cell} has that name; rename it")
        items += own
        if preset is not None:
            of = families_of(cell, PRESETS[preset].families)
            limit, levels = count - len(own), PRESETS[preset].levels
            items += spread(
                interleaved(of, levels, split=Split.EVAL, seed=0, limit=count), limit, seen
            )
    return Benchmark(items, _manifest(name, items, sorted({item.level for item in items}), 0))


def interleaved(
    of: Sequence[Family], levels: Sequence[int], *, split: Split, seed: int, limit: int
) -> list[Iterator[Item]]:
    """Return the streams of all families and levels; the first few differ in both."""
    return [
        family.stream(split=split, level=levels[(shift + i) % len(levels)], seed=seed, limit=limit)
        for shift in range(len(levels))
        for i, family in enumerate(of)
    ]


def spread(sources: Sequence[Iterator[Item]], count: int, seen: set[str]) -> list[Item]:
    """Return up to `count` items taken from the sources in turn; an exhausted one drops out.

    Args:
        sources: streams of items.
        count: how many items to take.
        seen: ids that are skipped; those of the returned items are added.
    """
    items: list[Item] = []
    alive = list(sources)
    while alive and len(items) < count:
        for source in tuple(alive):
            if len(items) == count:
                break
            item = next((i for i in source if i.id not in seen), None)
            if item is None:
                alive.remove(source)
            else:
                items.append(item)
                seen.add(item.id)
    return items


def write_benchmark(folder: Path, benchmark: Benchmark) -> None:
    """Write `items.jsonl` and `benchmark.json`."""
    write_items(folder / ITEMS, benchmark.items)
    write_json(folder / MANIFEST, benchmark.manifest.model_dump(mode="json"))


def read_benchmark(folder: Path) -> Benchmark:
    """Return the benchmark in a folder.

    Raises:
        InputError: a file is missing or was changed since it was frozen; it is named.
    """
    path, items_path = folder / MANIFEST, folder / ITEMS
    try:
        manifest = Manifest.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}; build the benchmark again") from error
    if not items_path.is_file():
        raise InputError(f"{items_path}: no such file; build the benchmark again")
    if sha256_file(items_path) != manifest.content_hash:
        raise InputError(
            f"{items_path}: changed since it was frozen: its SHA-256 is not the one in {MANIFEST}; "
            "build the benchmark again"
        )
    items = read_items(items_path)
    if manifest.cells != _count([str(i.cell) for i in items]):
        raise InputError(f"{path}: its counts are not those of {ITEMS}; build the benchmark again")
    return Benchmark(items, manifest)


def load_benchmark(name: str, *, items_per_cell: int | None = None) -> Benchmark:
    """Return a preset, built now, or the frozen benchmark in a folder.

    Args:
        name: of a preset, or a folder.
        items_per_cell: of a preset; of a folder, only the first ones of each cell are returned.

    Raises:
        ConfigError: there is no such preset or folder, or less than one item is asked for.
        InputError: the folder's files are missing or were changed.
    """
    folder = Path(name)
    if not folder.is_dir():
        return build_benchmark(name, items_per_cell=items_per_cell)
    frozen = read_benchmark(folder)
    if items_per_cell is None or items_per_cell >= max(frozen.manifest.cells.values(), default=0):
        return frozen
    if items_per_cell < 1:
        raise ConfigError(f"benchmark {name!r}: {items_per_cell} items a cell: ask for one or more")
    by_cell: dict[Cell, list[Item]] = {}
    for item in frozen.items:
        by_cell.setdefault(item.cell, []).append(item)
    items = [item for own in by_cell.values() for item in own[:items_per_cell]]
    return Benchmark(items, _restricted(frozen.manifest, items))


def baselines(manifest: Manifest) -> Mapping[tuple[str, int], float]:
    """Return the majority-answer baseline by family (`domain/skill/name`) and level."""
    return {
        (f"{family.cell}/{family.name}", level): value
        for family in manifest.families
        for level, value in family.majority.items()
    }


def _cell_items(
    of: Sequence[Family], levels: Sequence[int], wanted: int, seed: int, seen: set[str]
) -> list[Item]:
    sources = interleaved(of, levels, split=Split.EVAL, seed=seed, limit=wanted)
    items = spread(sources, wanted, seen)
    if len(items) < wanted:
        raise CapacityError(
            f"{of[0].cell} has only {len(items)} distinct evaluation items at levels "
            f"{list(levels)}, {wanted} were asked for; ask for fewer or add levels"
        )
    return items


def _restricted(manifest: Manifest, items: list[Item]) -> Manifest:
    """Return the manifest of a part of the items, with the families' own numbers kept."""
    families = []
    for family in manifest.families:
        own = _own(items, family.cell, family.name)
        levels = sorted({i.level for i in own})
        update = {
            "items": {level: sum(i.level == level for i in own) for level in levels},
            "capacity": {level: family.capacity[level] for level in levels},
            "majority": {level: family.majority[level] for level in levels},
            "chance": {level: _mean_chance(own, level) for level in levels},
            "clean": {level: family.clean[level] for level in levels},
        }
        if own:
            families.append(family.model_copy(update=update))
    update = {
        "families": families,
        "cells": _count([str(i.cell) for i in items]),
        "content_hash": _hash(items),
    }
    return manifest.model_copy(update=update)


def _manifest(name: str, items: list[Item], levels: Sequence[int], seed: int) -> Manifest:
    places = dict.fromkeys((i.cell, i.family) for i in items)
    return Manifest(
        name=name,
        version=__version__,
        seed=seed,
        levels=list(levels),
        cells=_count([str(i.cell) for i in items]),
        families=[_family_count(cell, family, items) for cell, family in places],
        content_hash=_hash(items),
    )


def _family_count(cell: Cell, name: str, items: list[Item]) -> FamilyCount:
    """Return what the items hold of a generator, or of a corpus where none has that name."""
    own = _own(items, str(cell), name)
    counts = {level: sum(i.level == level for i in own) for level in sorted({i.level for i in own})}
    family = next((f for f in families_of(cell) if f.name == name), None)
    return FamilyCount(
        cell=str(cell),
        name=name,
        items=counts,
        capacity={level: family.capacity[level] if family else n for level, n in counts.items()},
        majority={
            level: family.baseline(level) if family else _majority(own, level) for level in counts
        },
        chance={level: _mean_chance(own, level) for level in counts},
        clean={level: family.clean(level) if family else None for level in counts},
    )


def _majority(items: list[Item], level: int) -> float:
    answers = Counter(i.answer.render() for i in items if i.level == level)
    return max(answers.values()) / answers.total()


def _mean_chance(items: list[Item], level: int) -> float:
    chances = [i.answer.chance for i in items if i.level == level]
    return sum(chances) / len(chances)


def _own(items: list[Item], cell: str, family: str) -> list[Item]:
    return [i for i in items if i.family == family and str(i.cell) == cell]


def _hash(items: list[Item]) -> str:
    return hashlib.sha256(dump_items(items).encode()).hexdigest()


def _count(names: list[str]) -> dict[str, int]:
    return dict(Counter(names))
