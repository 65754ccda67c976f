"""Free-form mathematics: decided in a process that hostile text can end, and nothing else."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark import expressions
from metaprobe.benchmark.answers import MAX_ANSWER_CHARACTERS, FreeFormAnswer, parse_number
from metaprobe.benchmark.grading import grade
from metaprobe.core.errors import MissingExtraError
from metaprobe.core.files import read_jsonl
from metaprobe.core.vocabulary import Verdict

CORPORA = Path(
    os.environ.get("METAPROBE_CORPORA", Path(__file__).parents[3] / "shared" / "corpora")
)


@pytest.fixture(scope="module")
def needs_math_verify():
    pytest.importorskip("math_verify", reason="math-verify is not installed: metaprobe[math]")


@pytest.fixture
def worker(needs_math_verify):
    fresh = expressions._Worker()
    yield fresh
    fresh.stop()


@pytest.mark.parametrize(
    ("gold", "text", "expected"),
    [
        ("x^2+1", "1 + x^{2}", True),
        ("x^2+1", "x^2+2", False),
        ("\\frac{\\sqrt{3}}{2}", "\\sqrt3/2", True),
        ("(3,4]", "(3, 4]", True),
        ("(3,4]", "[3,4]", False),
        ("\\{1,\\pi\\}", "\\{\\pi, 1\\}", True),
        ("\\text{east}", "\\text{East}", True),
        ("x+1", "", None),
        ("x+1", "{", None),
        ("18", "18 \\text{ dollars}", True),
    ],
)
def test_expressions_are_equal_by_their_meaning(needs_math_verify, gold, text, expected):
    assert FreeFormAnswer(value=gold).compare(text) is expected


def test_numbers_are_exact_and_need_no_other_library(monkeypatch):
    monkeypatch.setattr(expressions.importlib.util, "find_spec", lambda name: None)
    expressions._worker_of.cache_clear()
    third = FreeFormAnswer(value="\\frac{1}{3}")
    assert third.compare("2/6") is True
    assert third.compare("0.333333333") is False
    with pytest.raises(MissingExtraError, match=r"metaprobe\[math\]"):
        third.compare("\\sqrt{1/9}")


def test_what_runs_away_is_ended_and_the_next_question_is_answered(worker, monkeypatch):
    monkeypatch.setattr(expressions, "CPU_SECONDS", 1)
    for text in ("9^{9^{9^{9}}}", "(" * MAX_ANSWER_CHARACTERS):
        assert worker.ask("x+1", text) is None
        assert worker.ask("x+1", "1+x") is True


def test_a_worker_that_stands_still_is_ended(worker, monkeypatch):
    monkeypatch.setattr(expressions, "CPU_SECONDS", 1000)
    assert worker.ask("x+1", "1+x") is True
    monkeypatch.setattr(expressions, "WALL_SECONDS", 0.5)
    assert worker.ask("x+1", "9^{9^{9^{9}}}") is None


def test_a_timed_out_answer_is_unparsed(needs_math_verify, monkeypatch):
    monkeypatch.setattr(expressions, "CPU_SECONDS", 1)
    expressions._worker_of.cache_clear()
    gold = FreeFormAnswer(value="x+1")
    assert grade(gold, "\\boxed{9^{9^{9^{9}}}}").verdict is Verdict.UNPARSED
    expressions._worker_of.cache_clear()


def test_one_worker_serves_all_threads(worker):
    verdicts = {}

    def ask(number):
        verdicts[number] = worker.ask("x+3", f"{number}+x")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == {number: number == 3 for number in range(6)}


def test_a_worker_that_is_killed_is_replaced(worker):
    assert worker.ask("x", "x") is True
    worker._process.kill()
    worker._process.wait()
    assert worker.ask("x", "x") is None
    assert worker.ask("x", "x") is True


def test_no_text_is_evaluated(worker, tmp_path):
    mark = tmp_path / "mark"
    for text in (
        f"__import__('pathlib').Path('{mark}').touch()",
        f"\\text{{__import__('os').system('touch {mark}')}}",
        f"open('{mark}', 'w')",
    ):
        worker.ask("x+1", text)
    assert not mark.exists()


def test_the_worker_refuses_what_sympy_would_evaluate(needs_math_verify):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from sympy.parsing.sympy_parser import parse_expr\n"
        "from expression_worker import _refuse_code\n"
        "sys.addaudithook(_refuse_code)\n"
        "assert parse_expr('12') == 12 and parse_expr('1.5') == 1.5\n"
        "try:\n    parse_expr('1+2')\nexcept RuntimeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(expressions._WORKER.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "must not be evaluated" in done.stdout


@settings(max_examples=40)
@given(st.text(st.sampled_from("0123456789xy+-*/^{}()[]\\,. \u0000\ud800\u200f√π=<"), max_size=25))
def test_any_text_gets_a_comparison(needs_math_verify, text):
    assert FreeFormAnswer(value="x+1").compare(text) in (True, False, None)


def test_a_free_form_gold_is_saved_with_its_kind():
    gold = FreeFormAnswer(value="\\sqrt{2}")
    saved = json.loads(gold.model_dump_json())
    assert saved == {"kind": "expression", "value": "\\sqrt{2}"}
    assert gold.chance == 0.0


@pytest.mark.slow
def test_golds_of_a_corpus_equal_themselves_and_not_one_more(needs_math_verify):
    if not CORPORA.is_dir():
        pytest.skip(f"no corpora in {CORPORA}; METAPROBE_CORPORA names the folder")
    rows = read_jsonl(CORPORA / "agieval" / "math.jsonl")
    # math-verify takes a tuple plus a number for the tuple, and an equation for its right side.
    golds = [row["answer"] for row in rows if not set(row["answer"]) & set(",=<>%")]
    for gold in [gold for gold in golds if parse_number(gold) is None and "text" not in gold][:60]:
        answer = FreeFormAnswer(value=gold)
        assert answer.compare(f" {gold.replace('frac', 'dfrac')} ") is True
        assert answer.compare(f"{gold} + 123") is not True
