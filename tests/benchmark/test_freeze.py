"""Frozen benchmarks: same arguments, same bytes; exact counts; changes are noticed."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from metaprobe.benchmark.family import families, families_of, find_family
from metaprobe.benchmark.freeze import (
    PRESETS,
    Benchmark,
    baselines,
    build_benchmark,
    load_benchmark,
    read_benchmark,
    write_benchmark,
)
from metaprobe.benchmark.items import content_hash
from metaprobe.core.errors import CapacityError, ConfigError, InputError
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill, Split

COUNTING = Cell(Domain.MATHEMATICS, Skill.CALCULATION)
TRAIN_ITEMS = 5000


@pytest.fixture(scope="module")
def nano() -> Benchmark:
    return build_benchmark("nano")


@pytest.fixture
def folder(tmp_path, nano):
    write_benchmark(tmp_path / "frozen", nano)
    return tmp_path / "frozen"


def test_counts_are_exact_and_no_question_is_repeated(nano):
    counts = Counter(item.cell for item in nano.items)
    assert counts == dict.fromkeys(CELLS, PRESETS["nano"].items_per_cell)
    hashes = {content_hash(item.question) for item in nano.items}
    assert len(hashes) == len(nano.items)
    assert hashes == {item.id for item in nano.items}
    assert {item.split for item in nano.items} == {Split.EVAL}
    assert {item.level for item in nano.items} == set(PRESETS["nano"].levels)


def test_items_are_spread_evenly_over_families_and_levels(nano):
    for cell in CELLS:
        counts = Counter((i.family, i.level) for i in nano.items if i.cell == cell)
        assert len(counts) == 2 * len(families_of(cell, PRESETS["nano"].families)) == 6
        assert max(counts.values()) - min(counts.values()) <= 1


def test_eval_items_share_no_question_with_thousands_of_train_items(nano):
    per_stream = TRAIN_ITEMS // (2 * len(families())) + 1
    train = [
        item.id
        for family in families()
        for level in PRESETS["nano"].levels
        for item in family.stream(split=Split.TRAIN, level=level, seed=7, limit=per_stream)
    ]
    assert len(train) > 0.8 * TRAIN_ITEMS
    assert not {item.id for item in nano.items} & set(train)


def test_two_processes_build_the_same_bytes():
    build = (
        "from metaprobe.benchmark.freeze import *; from metaprobe.core.vocabulary import CELLS;"
        "print(build_benchmark('hard', items_per_cell=3, cells=CELLS[::7]).manifest.content_hash)"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", build],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = build_benchmark("hard", items_per_cell=3, cells=CELLS[::7]).manifest.content_hash
    assert hashes == {here + "\n"}


def test_another_seed_gives_other_items():
    first, other = (build_benchmark("nano", cells=[COUNTING], seed=seed) for seed in (0, 1))
    assert {i.id for i in first.items} != {i.id for i in other.items}


def test_a_written_benchmark_reads_back_and_its_hash_is_that_of_the_file(folder, nano):
    assert read_benchmark(folder) == nano
    digest = hashlib.sha256((folder / "items.jsonl").read_bytes()).hexdigest()
    assert nano.manifest.content_hash == digest


def test_manifest_counts_and_baselines_are_those_of_the_items(nano):
    lookup = baselines(nano.manifest)
    for family in nano.manifest.families:
        own = [i for i in nano.items if f"{i.cell}/{i.family}" == f"{family.cell}/{family.name}"]
        registered = find_family(f"{family.cell}/{family.name}")
        for level in nano.manifest.levels:
            chances = [i.answer.chance for i in own if i.level == level]
            assert family.items[level] == len(chances)
            assert family.chance[level] == pytest.approx(sum(chances) / len(chances))
            assert family.capacity[level] == registered.capacity[level]
            assert lookup[f"{family.cell}/{family.name}", level] == registered.baseline(level)
    assert all((f"{i.cell}/{i.family}", i.level) in lookup for i in nano.items)


def test_a_changed_item_is_noticed_and_the_file_named(folder):
    path = folder / "items.jsonl"
    path.write_text(path.read_text().replace('"level":1', '"level":2', 1))
    with pytest.raises(InputError, match=r"items\.jsonl: changed"):
        read_benchmark(folder)


def test_a_changed_or_missing_manifest_is_noticed_and_the_file_named(folder):
    path = folder / "benchmark.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "cells": {"mathematics/calculation": 500}}))
    with pytest.raises(InputError, match=r"benchmark\.json: its counts"):
        read_benchmark(folder)
    path.write_text(json.dumps({**manifest, "levels": "all"}))
    with pytest.raises(InputError, match=r"benchmark\.json: levels"):
        read_benchmark(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"benchmark\.json: no such file"):
        read_benchmark(folder)


def test_missing_items_are_noticed(folder):
    (folder / "items.jsonl").unlink()
    with pytest.raises(InputError, match=r"items\.jsonl: no such file"):
        load_benchmark(str(folder))


def test_a_part_of_a_frozen_benchmark_has_a_manifest_of_its_own(folder, nano):
    part = load_benchmark(str(folder), items_per_cell=4)
    assert Counter(i.cell for i in part.items) == dict.fromkeys(CELLS, 4)
    assert part.manifest.cells == {str(cell): 4 for cell in CELLS}
    assert sum(n for f in part.manifest.families for n in f.items.values()) == len(part.items)
    assert part.manifest.content_hash != nano.manifest.content_hash
    whole = baselines(nano.manifest)
    assert all(whole[place] == value for place, value in baselines(part.manifest).items())
    assert load_benchmark(str(folder), items_per_cell=30) == nano


def test_where_a_family_is_exhausted_the_others_make_up_for_it():
    cell = Cell(Domain.MATHEMATICS, Skill.ENUMERATION)
    few = min(families_of(cell), key=lambda f: f.capacity[1])
    built = build_benchmark("nano", items_per_cell=120, cells=[cell], levels=[1])
    counts = Counter(i.family for i in built.items)
    assert sum(counts.values()) == 120
    assert counts[few.name] < 40 < max(counts.values())


def test_a_cell_that_cannot_fill_is_one_clear_line():
    cell = Cell(Domain.MATHEMATICS, Skill.FACT_RETRIEVAL)
    with pytest.raises(CapacityError, match="fact_retrieval has only") as error:
        build_benchmark("nano", items_per_cell=900, cells=[cell], levels=[1])
    assert "\n" not in str(error.value)


def test_bad_arguments_are_one_clear_line(folder):
    with pytest.raises(ConfigError, match="did you mean 'nano'"):
        load_benchmark("nanno")
    for wrong in ({"items_per_cell": 0}, {"levels": [6]}, {"levels": []}):
        with pytest.raises(ConfigError, match="at least one item"):
            build_benchmark("nano", **wrong)
    with pytest.raises(ConfigError, match="one or more"):
        load_benchmark(str(folder), items_per_cell=0)
