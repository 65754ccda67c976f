"""Properties that every family must have, and a second solver for every gold."""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from metaprobe.benchmark.family import Family, families, families_of, split_of
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import CapacityError
from metaprobe.core.vocabulary import CELLS, LEVELS, Skill, Split, Verdict

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from solvers import SOLVERS  # noqa: E402

for module in sorted(HERE.glob("solve_*.py")):
    importlib.import_module(module.stem)

FAMILIES = families()
ONLY = os.environ.get("METAPROBE_DOMAIN")
if ONLY:
    FAMILIES = tuple(f for f in FAMILIES if f.cell.domain == ONLY)
PER_SPLIT = 30
MANY = int(os.environ.get("METAPROBE_ITEMS", "500"))
"""Items a level, for the slow test."""
NANO_LEVELS = (1, 2)
QUESTION_LIMIT = {1: 220, 2: 260}
TRACE_LIMIT = {1: 300, 2: 420}


DRAWN: dict[tuple[str, int, Split], tuple[Iterator[Item], list[Item]]] = {}


def draw(family: Family, level: int, split: Split, count: int = PER_SPLIT) -> list[Item]:
    """The first items of a stream, which is kept and goes on where the last test left it."""
    place = (name_of(family), level, split)
    if place not in DRAWN:
        stream = family.stream(split=split, level=level, seed=1, limit=10**9)
        DRAWN[place] = (stream, [])
    stream, items = DRAWN[place]
    items.extend(islice(stream, max(0, count - len(items))))
    return items[:count]


def assert_second_solver_agrees(family: Family, items: list[Item]) -> None:
    solve = SOLVERS[name_of(family)]
    for item in items:
        found = solve(item.question)
        verdict = grade(item.answer, f"\\boxed{{{found}}}").verdict
        assert verdict is Verdict.CORRECT, (item.question, item.answer.render(), found)


def name_of(family: Family) -> str:
    return f"{family.cell}/{family.name}"


every_family = pytest.mark.parametrize("family", FAMILIES, ids=name_of)


@every_family
@pytest.mark.parametrize("level", LEVELS)
def test_second_solver_agrees_with_every_gold(family, level):
    for split in Split:
        assert_second_solver_agrees(family, draw(family, level, split))


@pytest.mark.slow
@every_family
@pytest.mark.parametrize("level", LEVELS)
def test_second_solver_agrees_with_many_golds(family, level):
    for split in Split:
        items = list(family.stream(split=split, level=level, seed=2, limit=MANY // 2))
        assert_second_solver_agrees(family, items)


@every_family
@pytest.mark.parametrize("level", LEVELS)
def test_gold_is_graded_correct_in_its_own_rendering(family, level):
    for item in draw(family, level, Split.EVAL):
        assert (
            grade(item.answer, f"So \\boxed{{{item.answer.render()}}}.").verdict is Verdict.CORRECT
        )


@every_family
def test_splits_share_no_question_and_repeat_none(family):
    for level in LEVELS:
        ids = [i.id for split in Split for i in draw(family, level, split, 60)]
        assert len(ids) == len(set(ids))


@every_family
def test_every_level_yields_items_in_both_splits(family):
    for level in LEVELS:
        assert len(draw(family, level, Split.TRAIN, 12)) == 12, f"level {level} train"
        assert len(draw(family, level, Split.EVAL, 6)) == 6, f"level {level} eval"


@every_family
def test_capacity_is_an_honest_count(family):
    for level in LEVELS:
        capacity = family.capacity[level]
        if capacity > 400:
            assert len(draw(family, level, Split.TRAIN, 150)) == 150, f"level {level}"
            continue
        found = sum(len(draw(family, level, split, capacity + 1)) for split in Split)
        assert 0.85 * capacity <= found <= capacity, f"level {level}: {found} of {capacity}"


@every_family
def test_low_levels_are_short_enough_for_small_models(family):
    for level in NANO_LEVELS:
        for item in draw(family, level, Split.TRAIN):
            assert len(item.question) <= QUESTION_LIMIT[level], item.question
            assert item.long
            assert len("\n".join(item.long)) <= TRACE_LIMIT[level], item.long
            assert len("\n".join(item.short)) <= len("\n".join(item.long)), item.short


@every_family
def test_no_answer_dominates_unless_the_question_lists_few_options(family):
    for level in LEVELS:
        answer = draw(family, level, Split.TRAIN, 1)[0].answer
        few = answer.kind == "choice" and len(answer.options) == 2
        assert family.baseline(level) <= (0.75 if few else 0.60), f"level {level}"


@every_family
def test_text_is_clean(family):
    for level in LEVELS:
        for item in draw(family, level, Split.TRAIN, 20):
            for text in (item.question, *item.short, *item.long):
                assert text == text.strip()
                assert not re.search(r"  |\t|<think>|boxed", text.replace("\n  ", "\n")), text


@every_family
def test_same_stream_gives_same_items_and_seeds_differ(family):
    level = 3
    first = [i.id for i in family.stream(split=Split.TRAIN, level=level, seed=0, limit=8)]
    again = [i.id for i in family.stream(split=Split.TRAIN, level=level, seed=0, limit=8)]
    other = [i.id for i in family.stream(split=Split.TRAIN, level=level, seed=1, limit=8)]
    assert first == again
    assert first != other


def test_every_family_has_a_documented_generator():
    for family in FAMILIES:
        assert len((family.draw.__doc__ or "").split()) > 12, name_of(family)
        assert "level" in family.draw.__doc__, name_of(family)


@pytest.mark.skipif(ONLY is not None, reason="one domain was asked for")
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_has_at_least_two_families(cell):
    assert len(families_of(cell)) >= 2


def test_asking_for_more_than_a_family_has_is_an_error():
    smallest = min(FAMILIES, key=lambda f: f.capacity[1])
    with pytest.raises(CapacityError, match="distinct"):
        smallest.items(split=Split.EVAL, level=1, count=smallest.capacity[1] + 1)


def test_split_depends_on_the_key_alone():
    assert {split_of("a problem") for _ in range(3)} == {split_of("a problem")}
    shares = [split_of(f"p{i}") is Split.EVAL for i in range(4000)]
    assert 0.22 < sum(shares) / len(shares) < 0.28


@every_family
def test_diagnostic_families_always_include_clean_cases(family):
    for level in LEVELS:
        share = family.clean(level)
        if family.cell.skill is Skill.DIAGNOSTIC:
            assert 0.05 <= share <= 0.5, f"level {level}"
        else:
            assert share is None
