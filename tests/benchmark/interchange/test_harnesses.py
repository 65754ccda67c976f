"""The same responses get the same verdicts from lm-eval, from Inspect and from metaprobe.

Both harnesses really run, with the nano base or with a model that says what it is told to say.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from metaprobe.benchmark.freeze import build_benchmark, write_benchmark
from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.vocabulary import CELLS
from metaprobe.models.chat import prompt_text
from metaprobe.models.loading import load_model
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses

MISSING = [name for name in ("lm_eval", "inspect_ai") if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"needs {' and '.join(MISSING)}: pip install 'metaprobe[harness]'"
    ),
]

TOKENS = 64
CHECKS = "Let me double-check: 2 + 2"
SCRIPTED = """
import sys
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

def answer(messages, *_):
    if messages[-1].text == failing:
        raise RuntimeError("the server is gone")
    output = ModelOutput.from_content("mock", "CHECKS", stop_reason="max_tokens")
    return output.model_copy(update={"usage": ModelUsage()})  # else it downloads a tokenizer

logs, failing = sys.argv[1:]
model = get_model("mockllm/model", custom_outputs=answer)
settings = {"display": "none", "fail_on_error": False, "log_format": "json"}
eval("metaprobe_task.py", model=model, log_dir=logs, **settings)
""".replace("CHECKS", CHECKS)


def run(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 0, done.stderr + done.stdout


def rows_of(path: Path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def graded(items: Path, out: Path, *logs: Path):
    """What `metaprobe grade` makes of the logs, by id."""
    run("-m", "metaprobe.cli.main", "grade", items, *logs, "--out", out)
    return {row["id"]: (row["verdict"], row["answer"]) for row in rows_of(out)}


@pytest.fixture(scope="module")
def nano():
    return load_model("nano/qwen3")


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    built = build_benchmark("nano", items_per_cell=2)
    write_benchmark(folder, built)
    for to in ("lm-eval", "inspect"):
        out = folder / to
        run("-m", "metaprobe.cli.main", "bench", "export", folder, "--to", to, "--out", out)
    return folder, built.items


@pytest.fixture(scope="module")
def lm_eval_logs(benchmark, nano):
    folder, _ = benchmark
    run(
        *("-m", "lm_eval", "run", "--model", "hf", "--model_args", f"pretrained={nano.folder}"),
        *("--tasks", "metaprobe", "--include_path", folder / "lm-eval", "--apply_chat_template"),
        *("--gen_kwargs", f"do_sample=False,temperature=0,max_gen_toks={TOKENS}"),
        *("--device", "cpu", "--batch_size", 8),
        *("--log_samples", "--output_path", folder / "lm-eval-logs"),
    )
    return sorted((folder / "lm-eval-logs").rglob("samples_*.jsonl"))


@pytest.fixture(scope="module")
def inspect_log(benchmark, nano):
    folder, _ = benchmark
    run(
        *("-m", "inspect_ai", "eval", "metaprobe_task.py"),
        *("--model", "hf/nano", "-M", f"model_path={nano.folder}", "-M", "device=cpu"),
        *("-M", "do_sample=false", "--max-tokens", TOKENS),
        *("--display", "none", "--log-dir", folder / "inspect-logs"),
        cwd=folder / "inspect",  # Inspect takes no absolute path of a task
    )
    (path,) = (folder / "inspect-logs").glob("*.eval")
    return path


@pytest.fixture(scope="module")
def probed(benchmark, nano):
    """Verdict, answer and response of metaprobe's own probe, by id."""
    _, items = benchmark
    sampling = Sampling(temperature=0, samples=1, max_new_tokens=TOKENS)
    majority = {(f"{i.cell}/{i.family}", i.level): 0.0 for i in items}
    table = measure_responses(nano, items, sampling, majority)
    return {
        row["item_id"]: (row["verdict"], row["answer"], row["response"]) for row in table.to_dicts()
    }


def silent_on_limits(probed):
    """The verdicts of the probe where nothing says whether the limit ended a response."""
    return {
        name: ("unparsed" if verdict == "truncated" else verdict, answer)
        for name, (verdict, answer, _) in probed.items()
    }


def test_the_probe_finds_every_verdict_that_is_compared(probed):
    assert {verdict for verdict, _, _ in probed.values()} >= {"correct", "wrong", "truncated"}


def test_lm_eval_asks_what_the_probe_asks_and_hears_the_same(benchmark, nano, lm_eval_logs, probed):
    _, items = benchmark
    assert len(lm_eval_logs) == len(CELLS)
    samples = {row["doc"]["id"]: row for path in lm_eval_logs for row in rows_of(path)}
    assert len(samples) == len(items)
    for item in items:
        asked = samples[item.id]["arguments"]["gen_args_0"]["arg_0"]
        assert asked == prompt_text(nano.tokenizer, item.question)
        assert samples[item.id]["resps"] == [[probed[item.id][2]]]


def test_lm_eval_and_grade_give_the_verdicts_of_the_probe(
    benchmark, lm_eval_logs, probed, tmp_path
):
    folder, _ = benchmark
    ours = graded(folder / "items.jsonl", tmp_path / "verdicts", *lm_eval_logs)
    assert ours == silent_on_limits(probed)
    for row in (row for path in lm_eval_logs for row in rows_of(path)):
        given = [name for name in ("correct", "wrong", "unparsed") if row[name]]
        assert given == [ours[row["doc"]["id"]][0]]
        assert row["self_check"] == has_self_check(row["resps"][0][0])


def test_analyse_makes_a_study_of_the_samples_of_lm_eval(lm_eval_logs, probed, benchmark, tmp_path):
    logs = lm_eval_logs[0].parent
    run("-m", "metaprobe.cli.main", "analyse", f"base={logs}", f"x:5={logs}", "--out", tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    verdicts = {item.id: silent_on_limits(probed)[item.id][0] for item in benchmark[1]}
    for row in summary["base"]["profile"]["cells"]:
        cell = (row["domain"], row["skill"])
        own = [verdicts[item.id] for item in benchmark[1] if item.cell == cell]
        for verdict in ("correct", "wrong", "unparsed"):
            assert row[verdict] == own.count(verdict)
        assert row["truncated"] is row["errored"] is None
    assert len(summary["base"]["profile"]["cells"]) == len(CELLS)
    (stage,) = summary["arms"][0]["steps"]
    assert stage["step"] == 5
    assert {row["delta"] for row in stage["cells"]} == {0}
    assert (tmp_path / "report.html").is_file()


def test_analyse_makes_a_study_of_a_log_of_inspect(inspect_log, probed, benchmark, tmp_path):
    given = (f"base={inspect_log}", f"x:5={inspect_log}")
    run("-m", "metaprobe.cli.main", "analyse", *given, "--out", tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    hits = sum(row["correct"] for row in summary["base"]["profile"]["cells"])
    assert hits == sum(verdict == "correct" for verdict, _, _ in probed.values())


def test_inspect_and_grade_give_the_verdicts_of_the_probe(benchmark, inspect_log, probed, tmp_path):
    folder, _ = benchmark
    ours = graded(folder / "items.jsonl", tmp_path / "verdicts", inspect_log)
    assert ours == silent_on_limits(probed)
    script = (
        "import json, sys; from inspect_ai.log import read_eval_log\n"
        "log = read_eval_log(sys.argv[1])\n"
        "found = {s.id: [s.scores['verdict'].metadata['verdict'], s.output.completion]"
        " for s in log.samples}\n"
        "json.dump(found, open(sys.argv[2], 'w'))"
    )
    run("-c", script, inspect_log, tmp_path / "theirs.json")
    theirs = json.loads((tmp_path / "theirs.json").read_text())
    assert theirs == {name: [ours[name][0], probed[name][2]] for name in ours}


def test_truncated_and_failed_samples_of_inspect_stay_apart(benchmark, tmp_path):
    folder, items = benchmark
    failing = rows_of(folder / "inspect" / "items.jsonl")[0]
    run("-c", SCRIPTED, tmp_path / "logs", failing["prompt"], cwd=folder / "inspect")
    (log,) = (tmp_path / "logs").iterdir()
    ours = graded(folder / "items.jsonl", tmp_path / "verdicts", log)
    assert ours.pop(failing["id"]) == ("errored", None)
    assert ours == {i.id: ("truncated", None) for i in items if i.id != failing["id"]}
    samples = {s["id"]: s for s in json.loads(log.read_text())["samples"]}
    assert has_self_check(CHECKS)
    for name in ours:
        value = samples[name]["scores"]["verdict"]["value"]
        assert (value["truncated"], value["self_check"]) == (1, 1)


def test_a_damaged_log_of_inspect_is_one_clear_line(benchmark, inspect_log, tmp_path):
    folder, _ = benchmark
    whole = inspect_log.read_bytes()
    path = tmp_path / "damaged.eval"
    path.write_bytes(whole[:400] + bytes(4600) + whole[5000:])
    command = ("-m", "metaprobe.cli.main", "grade", folder / "items.jsonl", path)
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "damaged.eval: not a log that inspect-ai reads" in done.stderr
    assert done.stderr.count("\n") == 1
