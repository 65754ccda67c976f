"""The form of a file of responses is told by its content, and nothing in it is guessed."""

import json
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from metaprobe.benchmark.interchange.inspect_log import log_format, read_output
from metaprobe.benchmark.interchange.responses import read_responses
from metaprobe.core.errors import InputError


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def sample_of(doc, *responses, **other):
    """One row as lm-eval logs it."""
    prompt = json.dumps(doc)
    return {
        "doc_id": 0,
        "doc": doc,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": []}}},
        "resps": [list(responses)],
        "filtered_resps": [responses[0]],
        "filter": "none",
        "metrics": ["correct"],
        "prompt_hash": str(hash(prompt)),
        **other,
    }


def test_plain_lines_stay_as_they_are(tmp_path):
    rows = [{"id": "a", "response": "x", "other": 1}, {"response": None}]
    assert read_responses(write_lines(tmp_path / "r", rows)) == ("JSON lines", rows)


def test_lm_eval_samples_are_named_by_id_else_by_question(tmp_path):
    samples = [
        sample_of({"id": 3, "question": "How many?"}, "one"),
        sample_of({"question": "How many?", "answer": "#### 7"}, "two", "three"),
        sample_of({"text": "?"}, "four"),
    ]
    found = read_responses(write_lines(tmp_path / "samples.txt", samples))
    assert found.source == "lm-eval"
    assert found.rows == [
        {"id": "3", "response": "one"},
        {"question": "How many?", "response": "two"},
        {"question": "How many?", "response": "three"},
        {"response": "four"},
    ]


def test_responses_that_two_filters_log_count_once(tmp_path):
    docs = [{"id": "a"}, {"id": "b"}]
    samples = [
        sample_of(doc, "text", filter=name) for name in ("strict", "flexible") for doc in docs
    ]
    found = read_responses(write_lines(tmp_path / "s", samples))
    assert [row["id"] for row in found.rows] == ["a", "b"]


@pytest.mark.parametrize("resps", [[[[-1.5, True]], [[-2.0, False]]], [], "text", [[1]]])
def test_lm_eval_tasks_that_generate_no_text_are_refused(tmp_path, resps):
    path = write_lines(tmp_path / "s.jsonl", [{"doc": {"id": "a"}, "resps": resps}])
    with pytest.raises(InputError, match=r"s\.jsonl:1: no generated text"):
        read_responses(path)


def test_inspect_logs_are_told_by_content(tmp_path):
    log = tmp_path / "log.txt"
    with zipfile.ZipFile(log, "w") as archive:
        archive.writestr("header.json", "{}")
    assert log_format(log) == "eval"
    plain = tmp_path / "plain.eval"
    plain.write_text(json.dumps({"version": 2, "status": "success", "eval": {}}, indent=1))
    assert log_format(plain) == "json"
    assert log_format(write_lines(tmp_path / "r.eval", [{"response": "x"}])) is None
    assert log_format(tmp_path / "missing") is None


def test_another_zip_archive_is_refused(tmp_path):
    path = tmp_path / "model.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights", "")
    with pytest.raises(InputError, match="not an Inspect log"):
        read_responses(path)


def test_without_inspect_the_fix_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr("header.json", "{}")
    (tmp_path / "items.jsonl").write_text('{"question": "?", "gold": 1}\n')
    code = (
        "import sys; sys.modules['inspect_ai'] = None; sys.argv = sys.argv[1:]\n"
        "from metaprobe.cli.main import main; main()"
    )
    arguments = ("metaprobe", "grade", tmp_path / "items.jsonl", tmp_path / "log.eval")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.endswith("pip install inspect-ai\n")
    assert done.stderr.count("\n") == 1


def output_of(content, stop_reason):
    message = SimpleNamespace(content=content)
    return SimpleNamespace(choices=[SimpleNamespace(message=message, stop_reason=stop_reason)])


def test_thoughts_that_inspect_sets_apart_are_part_of_the_response():
    parts = [
        SimpleNamespace(type="reasoning", reasoning="3 + 4 = 7"),
        SimpleNamespace(type="image", image="x"),
        SimpleNamespace(type="text", text="\\boxed{7}"),
    ]
    assert read_output(output_of(parts, "stop")) == ("3 + 4 = 7\n\\boxed{7}", False)


@pytest.mark.parametrize(
    ("reason", "truncated"),
    [("stop", False), ("unknown", False), ("max_tokens", True), ("model_length", True)],
)
def test_a_response_is_truncated_where_the_log_says_so(reason, truncated):
    assert read_output(output_of("text", reason)) == ("text", truncated)


def test_an_output_without_a_choice_is_empty():
    assert read_output(SimpleNamespace(choices=[])) == ("", False)
