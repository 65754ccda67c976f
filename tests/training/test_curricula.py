"""A curriculum changes the order of what is trained on, and nothing else."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import toy_item

from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Skill
from metaprobe.training.curricula import ATOMIC_SKILLS, Curriculum, batches, ordered

KINDS: tuple[Curriculum, ...] = (
    "shuffled",
    "level",
    "pass_rate",
    "skill_balance",
    "skill_gated",
)
every_kind = pytest.mark.parametrize("kind", KINDS)


def problems(count: int) -> list[Item]:
    skills = list(Skill)
    return [
        toy_item(f"W{n}", n).model_copy(update={"level": 1 + n * 7 % 5, "skill": skills[n % 5]})
        for n in range(count)
    ]


def rates_of(items: list[Item]) -> list[float]:
    return [n * 3 % 8 / 8 for n in range(len(items))]


def first(kind: Curriculum, count: int, *, size: int = 6, planned: int = 5) -> list[list[int]]:
    items = problems(20)
    found = batches(items, size, "s", kind=kind, planned=planned, rates=rates_of(items))
    return list(islice(found, count))


@every_kind
def test_the_planned_problems_are_those_without_a_curriculum(kind: Curriculum) -> None:
    mine, plain = first(kind, 5), first("shuffled", 5)
    assert Counter(i for batch in mine for i in batch) == Counter(i for b in plain for i in b)
    assert first(kind, 9)[5:] == first("shuffled", 9)[5:]


@every_kind
def test_skipped_batches_are_the_first_ones(kind: Curriculum) -> None:
    items = problems(20)
    rates = rates_of(items)
    after = batches(items, 6, "s", kind=kind, planned=5, rates=rates, skip=3)
    assert list(islice(after, 6)) == first(kind, 9)[3:]


def test_every_curriculum_orders_by_what_it_names() -> None:
    items, drawn = problems(20), [*range(20)] * 2
    rates = rates_of(items)
    levels = [items[i].level for i in ordered(drawn, items, "level", ())]
    assert levels == sorted(levels)
    distance = [abs(rates[i] - 0.5) for i in ordered(drawn, items, "pass_rate", rates)]
    assert distance == sorted(distance)
    skills = [items[i].skill for i in ordered(drawn, items, "skill_balance", ())]
    assert all(len(set(skills[n : n + 5])) == 5 for n in range(0, 40, 5))
    gated = [items[i].skill in ATOMIC_SKILLS for i in ordered(drawn, items, "skill_gated", ())]
    assert gated == sorted(gated, reverse=True)
    assert 0 < sum(gated) < len(gated)


@given(st.lists(st.integers(0, 19), max_size=60))
def test_ties_keep_the_order_in_which_they_were_drawn(drawn: list[int]) -> None:
    items = problems(20)
    assert ordered(drawn, items, "shuffled", ()) == drawn
    found = ordered(drawn, items, "level", ())
    for level in range(1, 6):
        assert [i for i in found if items[i].level == level] == [
            i for i in drawn if items[i].level == level
        ]


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 12))
def test_batches_are_full_and_go_through_all_problems(count: int, size: int, skip: int) -> None:
    items = problems(count)
    found = list(islice(batches(items, size, "s"), 20))
    assert all(len(batch) == size for batch in found)
    flat = [i for batch in found for i in batch]
    for start in range(0, len(flat) - count + 1, count):
        assert sorted(flat[start : start + count]) == list(range(count))
    assert list(islice(batches(items, size, "s", skip=skip), 5)) == found[skip : skip + 5]
