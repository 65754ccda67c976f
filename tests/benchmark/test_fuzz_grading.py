"""The fuzzer of grading finds nothing in `grade`, and finds what is wrong in other judges."""

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import pytest

from metaprobe.benchmark.answers import Answer
from metaprobe.benchmark.grading import Graded, extract_boxed, grade
from metaprobe.core.vocabulary import Verdict

PLACE = Path(__file__).parents[2] / "tools" / "fuzz_grading.py"


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tools_fuzz_grading", PLACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_minute_of_mutants_finds_nothing(fuzzer: ModuleType) -> None:
    findings = fuzzer.fuzz(60, seed=2)
    assert findings.failures == []
    assert {Verdict.CORRECT, Verdict.WRONG, Verdict.UNPARSED} <= set(findings.verdicts)


def raises(gold: Answer, response: str) -> Graded:
    return grade(gold, response.encode("ascii").decode())


def is_blind(gold: Answer, response: str) -> Graded:
    return Graded(Verdict.WRONG, extract_boxed(response))


def compares_text(gold: Answer, response: str) -> Graded:
    same = extract_boxed(response) == gold.render()
    return Graded(Verdict.CORRECT if same else Verdict.WRONG, None)


def dawdles(gold: Answer, response: str) -> Graded:
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    return grade(gold, response)


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (raises, "UnicodeEncodeError"),
        (is_blind, "the right answer is not correct"),
        (compares_text, "correct, but wrong"),
        (dawdles, "CPU seconds"),
    ],
)
def test_a_faulty_judge_is_found(fuzzer, monkeypatch, judge, why) -> None:
    monkeypatch.setattr(fuzzer, "CPU_LIMIT_S", 0.05)
    findings = fuzzer.fuzz(30, seed=0, judge=judge)
    assert any(why in failure["why"] for failure in findings.failures)
