"""Level 5 is harder than level 1, by a measure that is computed from the items."""

import re
from statistics import mean

import pytest

from metaprobe.benchmark.family import Family, families
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import Skill, Split

ITEMS = 24
GROWTH = 1.5
FACTS = [f for f in families() if f.cell.skill is Skill.FACT_RETRIEVAL]
WORKED = [f for f in families() if f.cell.skill is not Skill.FACT_RETRIEVAL]


def drawn(family: Family, level: int, split: Split = Split.TRAIN) -> list[Item]:
    return list(family.stream(split=split, level=level, seed=3, limit=ITEMS))


def work(item: Item) -> int:
    """Words, digits and signs of the long worked solution: every operation on its own."""
    return len(re.findall(r"\d|[^\W\d]+|[^\w\s]", "\n".join(item.long)))


@pytest.mark.parametrize("family", WORKED, ids=lambda f: f"{f.cell}/{f.name}")
def test_the_worked_solution_of_level_5_is_longer(family):
    low, high = (mean(work(item) for item in drawn(family, level)) for level in (1, 5))
    assert high >= GROWTH * low


@pytest.mark.parametrize("family", FACTS, ids=lambda f: f"{f.cell}/{f.name}")
def test_no_question_of_level_5_is_asked_at_level_1(family):
    asked = [
        {item.question for split in Split for item in drawn(family, level, split)}
        for level in (1, 5)
    ]
    assert all(asked)
    assert asked[0].isdisjoint(asked[1])
