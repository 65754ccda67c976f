"""From responses to verdicts: extraction, verdicts kept apart, hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.grading import (
    extract_boxed,
    extract_lenient,
    extract_marked,
    grade,
)
from metaprobe.core.vocabulary import Verdict

SEVEN = IntegerAnswer(value=7)


def nested(depth: int) -> str:
    return "{" * depth + "7" + "}" * depth


@given(st.integers(0, 200))
def test_braces_are_matched_at_any_depth(depth):
    assert extract_boxed(f"so \\boxed{{{nested(depth)}}} }}}}") == nested(depth)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("\\boxed{1} then \\boxed{2}", "2"),
        ("\\boxed{\\boxed{7}}", "7"),
        ("\\boxed{1} then \\boxed{2", "1"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed{}", ""),
        ("\\boxed{7", None),
        ("boxed{7}", None),
        ("", None),
        ("\\boxed{" + "9" * 3000 + "}", None),
    ],
)
def test_the_last_complete_box_counts(text, box):
    assert extract_boxed(text) == box


@pytest.mark.parametrize(
    ("response", "truncated", "verdict"),
    [
        ("\\boxed{7}", False, Verdict.CORRECT),
        ("\\boxed{7}", True, Verdict.CORRECT),
        ("\\boxed{8}", True, Verdict.WRONG),
        ("\\boxed{seven}", False, Verdict.UNPARSED),
        ("\\boxed{}", False, Verdict.UNPARSED),
        ("the answer is 7", False, Verdict.UNPARSED),
        ("the answer is", True, Verdict.TRUNCATED),
        ("\\boxed{se", True, Verdict.TRUNCATED),
        ("", False, Verdict.UNPARSED),
    ],
)
def test_wrong_unparsed_and_truncated_are_kept_apart(response, truncated, verdict):
    assert grade(SEVEN, response, truncated=truncated).verdict is verdict


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("The answer is 7.", "7"),
        ("Answer: 7", "7"),
        ("x = 2, so the answer is 7", "7"),
        ("a\n3 + 4 = 7", "7"),
        ("The answer is **7**.", "7"),
        ("7", None),
        ("the answer is 7\nbut why", None),
        ("the answer is 9, no: \\boxed{7}", "7"),
    ],
)
def test_lenient_mode_reads_the_last_line_and_is_off_by_default(response, answer):
    assert extract_lenient(response) == answer
    lenient = grade(SEVEN, response, lenient=True).verdict
    assert lenient is (Verdict.CORRECT if answer else Verdict.UNPARSED)
    if "boxed" not in response:
        assert grade(SEVEN, response).verdict is Verdict.UNPARSED


def test_mark_of_gsm8k_counts_only_where_it_is_the_stated_format():
    response = "3 + 4 = 7\n#### 7\n"
    assert extract_marked(response) == "7"
    assert extract_marked("no mark") is None
    assert extract_marked("####") is None
    assert grade(SEVEN, response, marked=True).verdict is Verdict.CORRECT
    assert grade(SEVEN, response).verdict is Verdict.UNPARSED
    assert grade(SEVEN, response + "\\boxed{8}", marked=True).verdict is Verdict.WRONG


@given(st.text(max_size=200), st.booleans(), st.booleans())
def test_any_response_gets_a_verdict_on_its_answer(text, truncated, lenient):
    for response in (text, f"\\boxed{{{text}}}", f"answer is {text}"):
        graded = grade(SEVEN, response, truncated=truncated, lenient=lenient)
        assert graded.verdict is not Verdict.ERRORED
        if graded.verdict in (Verdict.CORRECT, Verdict.WRONG):
            assert graded.answer is not None
