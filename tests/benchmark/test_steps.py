"""Which steps are verified: golds wholly, whatever the wording, and nothing that is made up."""

import time
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.claims import claim, split_steps, unordered_claim
from metaprobe.benchmark.family import families, find_family
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.steps import _in_order, check_steps
from metaprobe.core.vocabulary import LEVELS, Domain, Skill, Split
from metaprobe.training.traces import TEACHERS, solution_text

STYLES = [style for styles in TEACHERS.values() for style in styles]


def sums(*long: str, short: tuple[str, ...] = (), value: int = 6) -> Item:
    return Item(
        id="0" * 16,
        domain=Domain.MATHEMATICS,
        skill=Skill.CALCULATION,
        family="of a corpus",
        level=1,
        split=Split.TRAIN,
        question="What is 1 + 2 + 3?",
        answer=IntegerAnswer(value=value),
        short=short,
        long=long,
        source="test",
    )


ITEM = sums("1 + 2 = 3", "Total: 3 + 3 = 6", "The sum is six", short=("1 + 2 + 3 = 6",))


def thinking(*lines: str, answer: object = 6) -> str:
    return "<think>\n" + "\n".join(lines) + f"\n</think>\n\nThe answer is \\boxed{{{answer}}}."


def share(*lines: str, answer: object = 6) -> float:
    return check_steps(ITEM, thinking(*lines, answer=answer)).share


def some_items(limit: int) -> list[Item]:
    return [
        item
        for family in families()
        for level in LEVELS
        for item in family.stream(split=Split.TRAIN, level=level, seed=11, limit=limit)
    ]


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """One of every family and level."""
    return some_items(1)


def assert_wholly_verified(item: Item, styles) -> None:
    for style in styles:
        for length in ("short", "long"):
            text = solution_text(item, style, length)
            check = check_steps(item, text)
            assert check.share == 1, (text, check)
            assert all(step.verified for step in check.steps)


def test_golds_of_every_family_and_level_are_verified(items) -> None:
    for n, item in enumerate(items):
        assert_wholly_verified(item, [STYLES[n % len(STYLES)]])


@pytest.mark.slow
def test_golds_of_every_family_are_verified_in_every_wording() -> None:
    for item in some_items(10):
        assert_wholly_verified(item, STYLES)


def test_a_changed_digit_is_found_in_every_family(items) -> None:
    for n, item in enumerate(items[::2]):
        rng, steps = Random(n), list(item.long)
        places = [
            (s, at) for s, step in enumerate(steps) for at, c in enumerate(step) if c.isdigit()
        ]
        if not places:
            continue
        step, at = rng.choice(places)
        other = rng.choice([d for d in "0123456789" if d != steps[step][at]])
        steps[step] = steps[step][:at] + other + steps[step][at + 1 :]
        changed = item.model_copy(update={"long": tuple(steps)})
        check = check_steps(item, solution_text(changed, STYLES[0], "long"))
        assert check.share < 1, (item.long[step], steps[step])


def test_repeating_steps_never_pays(items) -> None:
    for n, item in enumerate(items[::4]):
        once = solution_text(item, STYLES[0], "long")
        rng = Random(n)
        steps = [step for step in item.long for _ in range(rng.choice((1, 3)))]
        repeated = item.model_copy(update={"long": tuple(steps)})
        assert check_steps(item, solution_text(repeated, STYLES[0], "long")).share <= 1
        assert check_steps(item, once + "\n" + once).share < 1
        fewer = item.model_copy(update={"long": item.long[:1] * len(item.long)})
        farmed = check_steps(item, solution_text(fewer, STYLES[0], "long"))
        assert sum(s.verified for s in farmed.steps) <= item.long.count(item.long[0])


def test_the_share_is_that_of_the_solution_and_of_what_was_written() -> None:
    one, two, three = ITEM.long
    assert share(one, two, three) == 1
    assert share(one, two) == 2 / 3
    assert share(one, two, three, "4 + 4 = 8") == 3 / 4
    assert share(two, one) == 1 / 3
    assert share(one, one, one) == 1 / 3
    assert share("7 + 7 = 14") == 0
    assert share() == 0
    assert share("1 + 2 + 3 = 6") == 1
    assert share("1 + 2 + 3 = 6", one) == 1 / 2
    assert share("Well, what a nice puzzle!", one, two, three, "Wonderful.") == 1


def test_equations_count_in_other_words_if_all_of_them_hold() -> None:
    one, two, three = ITEM.long
    assert share(one, "Adding up, 3 + 3 = 6 is what we get", three) == 1
    assert share(one, "the total: 3 + 3 = 6 apples", three) == 1
    assert share("2 + 1 = 3", two, three) == 1
    assert share(one, "3 + 3 = 6, and 2 + 2 = 5", three) == 2 / 3
    assert share(one, "Difference: 3 + 3 = 6", three) == 2 / 3
    assert share(one, "3 + 3 = 7", three) == 2 / 3
    assert share(one, "10 - 4 = 6", three) == 2 / 3


def test_a_solution_without_steps_has_its_answer_as_one() -> None:
    item = sums("Known as: six")
    for lines, answer, expected in (
        ((), 6, 1.0),
        ((), 7, 0.0),
        (("Known as: six",), 6, 1.0),
        (("Known as: seven",), 6, 0.5),
        (("Known as: seven",), 7, 0.0),
        (("Known as: five", "Known as: six", "Known as: seven"), 6, 1 / 3),
    ):
        assert check_steps(item, thinking(*lines, answer=answer)).share == expected


@pytest.mark.parametrize(
    "text",
    [
        "4 - 8 = -4\n-4 + 1 = -3",
        "1. 4 - 8 = -4\n2. -4 + 1 = -3",
        "1) 4 - 8 = -4\n\n2) -4 + 1 = -3",
        "- 4 - 8 = -4\n- -4 + 1 = -3",
        "Step 1: 4 - 8 = -4.\nStep 2: -4 + 1 = -3.",
        "First: 4 - 8 = -4 ; then: -4 + 1 = -3",
        "First, 4 - 8 = -4. Then, -4 + 1 = -3. So the answer is \\boxed{-3}.",
        "To begin with, we have 4 - 8 = -4. From there we get -4 + 1 = -3. ",
        "**4-8=-4**\n$-4 + 1 = -3$",
        "4 − 8 = −4; so we get −4 + 1 = −3",
        "<think>\n4 - 8 = -4\n</think>\n\n-4 + 1 = -3\nThe answer is \\boxed{-3}.",
    ],
)
def test_steps_are_split_in_any_layout(text) -> None:
    assert [claim(step) for step in split_steps(text)] == ["4-8=-4", "-4+1=-3"]


def test_members_of_a_set_may_come_in_any_order() -> None:
    several = find_family("subsets_with_sum").items(split=Split.TRAIN, level=3, count=20)
    item = next(item for item in several if "," in item.short[0])
    head, _, members = item.short[0].partition(": ")
    turned = f"{head}: {', '.join(reversed(members.split(', ')))}"
    assert turned != item.short[0]
    assert check_steps(item, turned).share == 1
    assert unordered_claim("pairs: (2, 1), (1, 2)") == unordered_claim("Pairs: (1,2),(2,1)")
    assert unordered_claim("pairs: (2, 1)") != unordered_claim("pairs: (1, 2)")
    ordered = find_family("recurrence").items(split=Split.TRAIN, level=3, count=1)[0]
    swapped = ", ".join(reversed(ordered.short[0].split(", ")))
    assert check_steps(ordered, swapped).share == 0


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 5), unique=True, max_size=3).map(sorted), max_size=6))
def test_the_choice_in_order_is_a_largest_one(places) -> None:
    def ascending(chosen) -> bool:
        last = -1
        for index in chosen:
            later = [place for place in places[index] if place > last]
            if not later:
                return False
            last = later[0]
        return True

    kept = sorted(_in_order(places))
    assert ascending(kept)
    assert not any(ascending(c) for c in combinations(range(len(places)), len(kept) + 1))


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_any_text_is_checked_without_an_error(text) -> None:
    for response in (text, f"<think>{text}</think>", f"1 + 2 = 3\n{text}"):
        check = check_steps(ITEM, response)
        assert 0 <= check.share <= 1


HOSTILE = {
    "equals": "1=1" * 50_000,
    "brackets": "(" * 100_000,
    "sentences": "a. " * 40_000,
    "steps": "then: " * 20_000,
    "semicolons": "; then" * 20_000,
    "gold again": "1 + 2 = 3\n" * 20_000,
    "spaces": " " * 200_000,
    "lines": "\n" * 200_000,
    "dots": "." * 200_000,
    "powers": "9^9^9^9=1\n" * 10_000,
    "signs": ("-" * 140 + "1=-1\n") * 500,
    "tags": "<think>" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_costs_little(text) -> None:
    started = time.process_time()
    assert check_steps(ITEM, text).share < 1
    assert time.process_time() - started < 3
