"""Other wordings ask for the same answer, as second solvers find, in other words."""

import importlib
import sys
from pathlib import Path

import pytest

from metaprobe.benchmark.family import Family, families
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.benchmark.rewording import reworded
from metaprobe.core.vocabulary import LEVELS, Split, Verdict

HERE = Path(__file__).parent / "families"
sys.path.insert(0, str(HERE))
from solvers import SOLVERS  # noqa: E402

for module in sorted(HERE.glob("solve_*.py")):
    importlib.import_module(module.stem)

every_family = pytest.mark.parametrize("family", families(), ids=lambda f: f.name)


def items(family: Family, level: int, count: int) -> list[Item]:
    return list(family.stream(split=Split.EVAL, level=level, seed=3, limit=count))


def assert_same_problem(item: Item, other: Item) -> None:
    assert other.id == content_hash(other.question) != item.id
    assert other.model_copy(update={"id": item.id, "question": item.question}) == item
    found = SOLVERS[f"{item.cell}/{item.family}"](other.question)
    graded = grade(item.answer, f"\\boxed{{{found}}}")
    assert graded.verdict is Verdict.CORRECT, (item.question, other.question, found)


@every_family
def test_another_wording_has_the_same_answer(family: Family) -> None:
    for item in items(family, 1, 2):
        other = reworded(item)
        if other:
            assert_same_problem(item, other)


@pytest.mark.slow
@every_family
@pytest.mark.parametrize("level", LEVELS)
def test_another_wording_has_the_same_answer_at_every_level(family: Family, level: int) -> None:
    others = [(item, reworded(item)) for item in items(family, level, 5)]
    for item, other in others:
        if other:
            assert_same_problem(item, other)
    assert any(other for _, other in others)


def test_a_wording_that_is_asked_elsewhere_is_not_taken() -> None:
    (item,) = items(families()[0], 1, 1)
    avoid: list[str] = []
    while other := reworded(item, avoid):
        assert other.id not in avoid
        avoid.append(other.id)
    assert len(avoid) >= 2


def test_items_that_no_generator_draws_have_no_other_wording() -> None:
    (item,) = items(families()[0], 1, 1)
    for source in ("corpus/gsm8k/7", "generator/a/b/c/eval/1/0/3", "", "generator/x"):
        assert reworded(item.model_copy(update={"source": source})) is None
    assert reworded(item.model_copy(update={"question": "What is 1 + 1?"})) is None
