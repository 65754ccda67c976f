"""Worked solutions in any wording state one answer, and it is the right one."""

from collections import Counter

import pytest
from toys import ITEMS

from metaprobe.benchmark.family import families
from metaprobe.benchmark.grading import extract_boxed, grade
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import LEVELS, Split, Verdict
from metaprobe.training.traces import (
    BASE_STYLES,
    TEACHERS,
    Style,
    choose_length,
    solution_text,
    style_of,
)

STYLES = [style for styles in TEACHERS.values() for style in styles]


def some_items() -> list[Item]:
    """Items of every family and level, so of all cells."""
    return [
        item
        for family in families()
        for level in LEVELS
        for item in family.stream(split=Split.TRAIN, level=level, seed=3, limit=2)
    ]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("length", ["short", "long"])
def test_a_solution_has_one_box_and_it_is_correct(style: Style, length: str) -> None:
    for item in some_items():
        text = solution_text(item, style, length)
        assert text.count("\\boxed{") == 1, text
        assert grade(item.answer, text).verdict is Verdict.CORRECT, text
        assert extract_boxed(text) == item.answer.render()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_only_a_long_solution_thinks(style: Style) -> None:
    for item in some_items():
        before, thought, answer = split(solution_text(item, style, "long"))
        assert before == ""
        assert all(step in thought for step in item.long)
        assert "\\boxed" not in thought
        before, thought, answer = split(solution_text(item, style, "short"))
        assert (before, thought) == ("", "\n\n")
        assert all(step in answer for step in item.short)


def split(text: str) -> tuple[str, str, str]:
    before, _, rest = text.partition("<think>")
    thought, _, answer = rest.partition("</think>\n\n")
    return before, thought, answer


def test_teachers_use_words_of_their_own() -> None:
    item = next(item for item in some_items() if len(item.long) > 2)
    for length in ("short", "long"):
        wordings = [solution_text(item, style, length) for style in STYLES]
        assert len(wordings) == 5
        near, far = (solution_text(item, TEACHERS[t][0], length) for t in ("near", "far"))
        base = [solution_text(item, style, length) for style in BASE_STYLES]
        assert len({near, far, *base}) >= 4
        assert near not in base
        assert far not in base
        # Far shares fewer of its words with the base than near does.
        words = {word for text in base for word in text.split()}
        assert overlap(far, words) < overlap(near, words)


def overlap(text: str, words: set[str]) -> float:
    return sum(word in words for word in text.split()) / len(text.split())


def test_base_styles_are_equally_frequent_and_fixed_for_an_item() -> None:
    items = some_items()
    counts = Counter(style_of(item, "base").name for item in items)
    assert set(counts) == {style.name for style in BASE_STYLES}
    share = 1 / len(BASE_STYLES)
    spread = (share * (1 - share) * len(items)) ** 0.5
    assert all(abs(n - share * len(items)) < 4 * spread for n in counts.values())
    assert all(style_of(item, "base") == style_of(item, "base") for item in items)
    names = {style_of(ITEMS[0], "base", variant).name for variant in range(40)}
    assert names == set(counts)


def test_mixed_traces_are_long_with_their_share() -> None:
    items = some_items()
    for share in (0.0, 0.3, 1.0):
        long = sum(choose_length(item, "mixed", share) == "long" for item in items)
        assert abs(long - share * len(items)) <= 4 * (share * (1 - share) * len(items)) ** 0.5
    assert {choose_length(item, "short", 1.0) for item in items} == {"short"}
    assert {choose_length(item, "long", 0.0) for item in items} == {"long"}
