"""Self-checks are told from the task's own checking, and the docs say how often."""

import importlib.util
import time
from pathlib import Path

import pytest

from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.files import read_jsonl
from metaprobe.core.stats import wilson

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "data" / "self_check" / "labels.jsonl"
LONG = 200_000


@pytest.fixture(scope="module")
def rows():
    return read_jsonl(LABELS)


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("tools_self_check", ROOT / "tools/self_check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("Check: 3 + 4 = 7, right.", True),
        ("Let me check the result: 3 + 4 = 7.", True),
        ("Wait, that is off by one.", True),
        ("x = 4\nwait, I forgot the sign", True),
        ("Verifying the sum. It holds.", True),
        ("I’ve made a mistake in line 2.", True),
        ("Let me redo the second step.", True),
        ("Plug 4 back into the equation: 2 * 4 = 8.", True),
        ("Looking back at our steps, none is wrong.", True),
        ("1. Check step 2: 7 + 4 = 11, right.", False),
        ("Check line 3: wins 6 is + 6, right.", False),
        ("2 divides 9: no; 3 divides 9: yes", False),
        ("Check out the garden.", False),
        ("The hotel lets guests check in at noon.", False),
        ("def verify_sum(x): return check_result(x)", False),
        ("The waiter brings 7 plates. They wait for 5 minutes.", False),
        ("You can verify your answer by running the program.", False),
        ("Here is code to test your answer.", False),
        ("Corrected answer: 12", True),
        ("So 16. No, I'm wrong: it is 9.", True),
        ("3 + 4 = 7", False),
        ("", False),
    ],
)
def test_a_self_check_is_told_from_the_work_of_the_task(response, found):
    assert has_self_check(response) is found


@pytest.mark.parametrize(
    "text",
    [
        "check ",
        "check a " * 3,
        "let me ",
        "put " + "a " * 30,
        "you can verify it ",
        "step i a ",
        "answer is not ",
        "\n wait",
        "i ",
    ],
)
def test_a_long_hostile_response_is_searched_in_a_second(text):
    started = time.process_time()
    has_self_check(text * (LONG // len(text)))
    assert time.process_time() - started < 1


def test_the_labels_are_of_two_models_and_many_cells(rows):
    assert len(rows) >= 100
    assert len({row["response"] for row in rows}) == len(rows)
    assert {row["source"].partition(",")[0].partition(" ")[0] for row in rows} == {
        "nano/qwen3",
        "SmolLM2-135M-Instruct",
    }
    assert len({row["cell"] for row in rows}) == 20
    assert {row["verdict"] for row in rows} >= {"correct", "wrong", "unparsed", "truncated"}


def test_the_page_quotes_precision_and_recall_as_measured(tool, rows):
    page = (ROOT / "docs" / "probes" / "accuracy.md").read_text(encoding="utf-8")
    assert tool.table(rows) in page, "stale: run python tools/self_check.py"


def test_precision_and_recall_are_counted_as_by_hand(tool):
    texts = ("Check: it is 7.", "Wait, no.", "verify", "7", "I looked twice.")
    labels = (True, True, False, False, True)
    rows = [
        {"source": "SmolLM2", "part": "held-out", "response": text, "label": label}
        for text, label in zip(texts, labels, strict=True)
    ]
    two_thirds = wilson(2, 3)
    share = f"0.67 (2 of 3) | {two_thirds.low:.2f} to {two_thirds.high:.2f}"
    assert f"| SmolLM2, held-out | 5 | {share} | {share} | 1 of 2 |" in tool.table(rows)
    assert "| nano, development | 0 | none |  | none |  | 0 of 0 |" in tool.table(rows)
