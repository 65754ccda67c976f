"""Planted behaviours are found, each as often as it stands there, and nothing else is."""

import re
from collections import Counter
from itertools import pairwise
from re import _constants, _parser  # the patterns' own trees, to bound their shape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.core.results import Behaviour
from metaprobe.probes.behaviours.lexical import PATTERNS, find_behaviours

V, B, S = Behaviour.VERIFICATION, Behaviour.BACKTRACKING, Behaviour.SUBGOAL_SETTING
C, E, R = Behaviour.BACKWARD_CHAINING, Behaviour.ENUMERATION, Behaviour.RECALL
A = Behaviour.ARITHMETIC

PLANTED: list[tuple[str, dict[Behaviour, int]]] = [
    ("Let me double-check this.", {V: 1}),
    ("Check: 3 + 4 = 7", {V: 1, A: 1}),
    ("We verify the result.\nPutting x = 2 back, it fits. Let's make sure.", {V: 3}),
    ("Recount: there are five.", {V: 1}),
    ("Wait, let me try again.", {B: 1}),
    ("Hold on. That's not right. Let's go back to the start.", {B: 3}),
    ("That doesn’t work! Let us try a different approach.", {B: 2}),
    ("I made a mistake in the sum.", {B: 1}),
    ("First, I need to find the area. Next, let's compute the height.", {S: 2}),
    ("We need to determine x.\nThe next step is to halve it.", {S: 2}),
    ("Left to do: 16 * 8 - 18", {S: 1}),
    ("Working backwards from 24, to get 24 we need 4 threes.", {C: 1}),
    ("It suffices to show that n is odd. For this to hold, n must be 3.", {C: 2}),
    ("1) red\n2) blue\n(3) green", {E: 3}),
    ("Case 1: n is even. Case 2: n is odd.", {E: 2}),
    ("17 divides: no\n19 divides: yes", {E: 2}),
    ("First: 3: yes ; then: 4: yes ; then: 5: no", {E: 3}),
    ("x = 0, y = 1: 5z = 70, no", {E: 1}),
    ("Recall that light is fast. By the Pythagorean theorem it follows.", {R: 2}),
    ("This is known as Rolle's theorem.", {R: 1}),
    ("Capital of Syria: Damascus", {R: 1}),
    ("3 + 4 = 7, 5 * 3 = 15", {A: 2}),
    ("-8 * (-8) + -9 * 0 = 64 + 0 = 64", {A: 1}),
    ("$3.50 + $1.25 = $4.75; 20% of 850 is 170", {A: 2}),
    ("12 times 3 is 36, and 1,000 + 2 = 1,002", {A: 2}),
    ("7 \\times 8 = 56 and 9 ÷ 3 = 3", {A: 2}),
]


@pytest.mark.parametrize(("text", "expected"), PLANTED, ids=[text for text, _ in PLANTED])
def test_planted_behaviours_are_counted(text: str, expected: dict[Behaviour, int]) -> None:
    assert Counter(span.behaviour for span in find_behaviours(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The waiter waits for the bus; we wait until noon.",
        "Check step 2: right.",
        "You can verify this by running it.",
        "The checkbook and the recheckable verification_code().",
        "The first word is long, and the next one short.",
        "He works backstage, and the backward child sleeps.",
        "Version 3.4.5, in 2024, on line 12.",
        "It costs 5 euros. Yes.",
        "Totally called off; the callee is remembered.",
        "x + y = z",
        "",
    ],
)
def test_other_meanings_are_not_counted(text: str) -> None:
    assert find_behaviours(text) == []


def test_a_phrase_said_twice_in_a_sentence_counts_once_and_in_two_sentences_twice() -> None:
    (span,) = find_behaviours("Wait, hold on, let me try again")
    assert span == (B, 0, 31)
    assert len(find_behaviours("Hold on. Hold on! Hold on?")) == 3


@given(text=st.text())
def test_no_text_breaks_the_detector(text: str) -> None:
    spans = find_behaviours(text)
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    for behaviour in Behaviour:
        own = [s for s in spans if s.behaviour == behaviour]
        assert all(a.end <= b.start for a, b in pairwise(own))


@given(pieces=st.lists(st.sampled_from([text for text, _ in PLANTED]), max_size=4))
def test_what_stands_in_paragraphs_of_their_own_adds_up(pieces: list[str]) -> None:
    apart = Counter(s.behaviour for piece in pieces for s in find_behaviours(piece))
    assert Counter(s.behaviour for s in find_behaviours("\n\n".join(pieces))) == apart


GIVES_BACK = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def loosest(tree: object, inside: int = 1) -> int:
    """The most ways in which nested repeats of a pattern can share out a text."""
    most = inside
    for kind, argument in tree:
        if kind in GIVES_BACK:
            low, high, body = argument
            assert high != _constants.MAXREPEAT, "a repeat without a bound"
            most = max(most, loosest(body, inside * (high - low + 1)))
        elif kind is _constants.POSSESSIVE_REPEAT:
            assert argument[1] != _constants.MAXREPEAT, "a repeat without a bound"
            most = max(most, loosest(argument[2], inside))
        elif kind is _constants.SUBPATTERN:
            most = max(most, loosest(argument[3], inside))
        elif kind is _constants.BRANCH:
            most = max(most, *(loosest(branch, inside) for branch in argument[1]))
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            most = max(most, loosest(argument[1], inside))
    return most


@pytest.mark.parametrize("pattern", [p for patterns in PATTERNS.values() for p in patterns])
def test_the_work_at_each_character_is_bounded(pattern: str) -> None:
    tree = _parser.parse(pattern, re.IGNORECASE)
    assert tree.getwidth()[1] <= 600
    assert loosest(tree) <= 64
