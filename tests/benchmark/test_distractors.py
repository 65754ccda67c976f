"""Distractors: wrong for the grader, of the gold's type, different, and the same everywhere."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.answers import (
    ChoiceAnswer,
    DecimalAnswer,
    IntegerAnswer,
    SequenceAnswer,
    SetAnswer,
    StepAnswer,
    TextAnswer,
)
from metaprobe.benchmark.distractors import MOST, distractors
from metaprobe.benchmark.family import families, find_family
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import LEVELS, Domain, Skill, Split, Verdict


def item_with(answer, question="How many?", name="item") -> Item:
    """An item of a family that is not a generator."""
    return Item(
        id=name,
        domain=Domain.GENERAL,
        skill=Skill.CALCULATION,
        family="imported",
        level=1,
        split=Split.EVAL,
        question=question,
        answer=answer,
        short=(),
        long=(),
        source="test",
    )


def assert_all_wrong(item: Item, wrong: list[str]) -> None:
    for text in wrong:
        graded = grade(item.answer, f"The answer is \\boxed{{{text}}}.")
        assert graded.verdict is Verdict.WRONG, (item.question, item.answer.render(), text)


@pytest.mark.parametrize("family", families(), ids=lambda f: f"{f.cell}/{f.name}")
@settings(max_examples=6)
@given(level=st.sampled_from(LEVELS), seed=st.integers(0, 2**32))
def test_no_distractor_of_any_family_is_right(family, level, seed):
    for item in family.stream(split=Split.EVAL, level=level, seed=seed, limit=2):
        wrong = distractors(item)
        assert_all_wrong(item, wrong)
        assert 1 <= len(wrong) == len(set(wrong)) <= MOST
        assert distractors(item) == wrong


def numbers_by_mistake(value: int, question: list[int]) -> set[int]:
    """Every whole number that is near, has one digit changed or two swapped, or is computed."""
    found = {value + n for n in (-10, -2, -1, 1, 2, 10)} | {-value}
    digits, sign = str(abs(value)), -1 if value < 0 else 1
    for place in range(len(digits)):
        for digit in "0123456789":
            found.add(sign * int(digits[:place] + digit + digits[place + 1 :]))
        swapped = [*digits[:place], *digits[place : place + 2][::-1], *digits[place + 2 :]]
        found.add(sign * int("".join(swapped)))
    for a in question:
        for b in question:
            found |= {a + b, a - b, a * b}
            found |= {a // b} if b and a % b == 0 else set()
    return found


@given(st.integers(-9999, 9999), st.lists(st.integers(0, 99), max_size=4), st.uuids())
def test_wrong_numbers_are_mistakes_that_a_solver_makes(value, numbers, name):
    question = f"From - to: {' '.join(map(str, numbers))}"
    item = item_with(IntegerAnswer(value=value), question, str(name))
    wrong = [int(text) for text in distractors(item)]
    assert len(wrong) == MOST
    assert set(wrong) <= numbers_by_mistake(value, numbers) - {value}


@given(st.integers(0, 999), st.uuids())
def test_without_a_minus_nothing_is_negative(value, name):
    item = item_with(IntegerAnswer(value=value), "Count 12 and 7.", str(name))
    assert all(int(text) >= 0 for text in distractors(item))


@given(st.decimals(0, 999, places=2), st.uuids())
def test_wrong_quantities_keep_the_unit_and_the_decimals_of_the_gold(value, name):
    item = item_with(DecimalAnswer(value=value, unit="km"), "5.5 km and 2 km", str(name))
    for text in distractors(item):
        number, unit = text.split()
        assert unit == "km"
        assert len(number.partition(".")[2]) <= 2


def test_a_tolerance_keeps_near_values_out():
    item = item_with(DecimalAnswer(value="50", tolerance="10"))
    assert_all_wrong(item, distractors(item))
    assert all(abs(int(text) - 50) > 10 for text in distractors(item))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True), st.uuids())
def test_wrong_sets_are_written_in_the_order_of_the_gold(members, name):
    gold = tuple(str(m) for m in sorted(members))
    item = item_with(SetAnswer(items=gold), name=str(name))
    for text in distractors(item):
        found = [int(m) for m in text.split(", ")]
        assert found == sorted(set(found))
        assert len(set(found) ^ set(members)) in (1, 2)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=6), st.uuids())
def test_wrong_sequences_differ_in_one_place(members, name):
    gold = [str(m) for m in members]
    item = item_with(SequenceAnswer(items=tuple(gold)), name=str(name))
    wrong = [text.split(", ") for text in distractors(item)]
    assert wrong
    for found in wrong:
        if len(found) < len(gold):
            assert any(found == gold[:n] + gold[n + 1 :] for n in range(len(gold)))
        else:
            changed = [
                n for n, pair in enumerate(zip(found, gold, strict=True)) if len({*pair}) > 1
            ]
            assert len(changed) == 1 or sorted(found) == sorted(gold)


def test_options_and_steps_are_the_other_ones():
    yes = item_with(ChoiceAnswer(value="yes", options=("yes", "no")))
    assert distractors(yes) == ["no"]
    step = item_with(StepAnswer(index=2, steps=2))
    assert sorted(distractors(step)) == ["1", "none"]


def test_facts_are_replaced_by_facts_of_the_family():
    family = find_family("capital_currency_language")
    items = family.items(split=Split.TRAIN, level=1, count=40)
    facts = {item.answer.render() for item in items}
    for item in family.items(split=Split.EVAL, level=1, count=10):
        assert set(distractors(item)) <= facts


def test_a_text_without_a_family_has_none():
    assert distractors(item_with(TextAnswer(value="Paris"))) == []


def test_another_process_draws_the_same():
    names = ("planet_facts", "transition_lines", "kinematics", "animal_and_group")
    code = (
        "import json\n"
        "from metaprobe.benchmark.distractors import distractors\n"
        "from metaprobe.benchmark.family import find_family\n"
        "from metaprobe.core.vocabulary import Split\n"
        f"items = [find_family(n).items(split=Split.EVAL, level=1, count=3) for n in {names}]\n"
        "print(json.dumps([distractors(item) for group in items for item in group]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    items = [find_family(n).items(split=Split.EVAL, level=1, count=3) for n in names]
    assert json.loads(done.stdout) == [distractors(item) for group in items for item in group]
