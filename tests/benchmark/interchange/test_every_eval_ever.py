"""Records against the published JSON schemas, and against the verdicts that they are made of."""

import hashlib
import json
from pathlib import Path

import pytest
import typer
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from metaprobe.benchmark.freeze import build_benchmark, write_benchmark
from metaprobe.cli.grade import grade
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Verdict, parse_cells

SCHEMAS = Path(__file__).parents[2] / "data" / "every_eval_ever"
GRADE = typer.Typer()
GRADE.command()(grade)


def validator(name):
    schema = json.loads((SCHEMAS / name).read_text())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def call(*arguments):
    done = CliRunner().invoke(GRADE, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def graded(tmp_path):
    """A summary, its lines and the printed counts of responses with all five verdicts."""
    cells = parse_cells(["mathematics/calculation", "coding/simulation"])
    benchmark = build_benchmark("nano", items_per_cell=3, cells=cells)
    write_benchmark(tmp_path / "frozen", benchmark)
    right, *others = [i for i in benchmark.items if str(i.cell) == "mathematics/calculation"]
    rows = [
        {"id": right.id, "response": f"\\boxed{{{right.answer.render()}}}"},
        {"id": right.id, "response": "\\boxed{-987654}"},
        {"id": others[0].id, "response": "no box", "truncated": True},
        {"id": others[1].id, "response": "no box"},
        {"id": others[1].id, "response": None},
        *({"id": i.id, "response": None} for i in benchmark.items[3:]),
    ]
    responses = tmp_path / "responses.jsonl"
    responses.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = (tmp_path / "frozen" / "items.jsonl", responses, "--json")
    out = tmp_path / "records"
    named = ("--emit", "every-eval-ever", out, "--model", "nano/qwen3")
    for _ in range(2):
        counts = json.loads(call(*arguments, *named))
    (file,) = out.rglob("*.json")
    summary = json.loads(file.read_text())
    lines = (out / summary["detailed_evaluation_results"]["file_path"]).read_bytes()
    return summary, lines, counts, rows


def test_summary_and_lines_obey_the_published_schemas(graded):
    summary, lines, _, _ = graded
    assert list(validator("eval.schema.json").iter_errors(summary)) == []
    instance = validator("instance_level_eval.schema.json")
    for line in lines.splitlines():
        assert list(instance.iter_errors(json.loads(line))) == []


def test_the_schemas_refuse_a_record_with_a_field_missing(graded):
    summary, lines, _, _ = graded
    del summary["model_info"]
    line = json.loads(lines.splitlines()[0])
    del line["output"]
    assert not validator("eval.schema.json").is_valid(summary)
    assert not validator("instance_level_eval.schema.json").is_valid(line)


def test_records_hold_the_accuracies_and_all_verdicts(graded):
    summary, lines, counts, rows = graded
    (result,) = summary["evaluation_results"]  # the other cell has no graded response
    cell = counts["cells"]["mathematics/calculation"]
    assert result["score_details"]["score"] == pytest.approx((1 / 2 + 0 + 0) / 3)
    interval = result["score_details"]["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == (cell["low"], cell["high"])
    details = result["score_details"]["details"]
    assert {str(v): int(details[v]) for v in Verdict} == {str(v): cell[v] for v in Verdict}
    written = [json.loads(line) for line in lines.splitlines()]
    assert {line["metadata"]["verdict"] for line in written} == set(map(str, Verdict))
    for line, row in zip(written, rows, strict=True):
        assert line["sample_id"] == row["id"]
        assert line["output"]["raw"] == ([row["response"]] if row["response"] else [])
        assert line["evaluation"]["is_correct"] == (line["metadata"]["verdict"] == "correct")
        assert bool(line["error"]) == (line["metadata"]["verdict"] == "errored")
        summarised = line["evaluation_name"] == result["evaluation_name"]
        assert line.get("evaluation_result_id") == (
            result["evaluation_result_id"] if summarised else None
        )


def test_a_summary_points_to_its_lines(graded):
    summary, lines, _, _ = graded
    detail = summary["detailed_evaluation_results"]
    assert detail["checksum"] == hashlib.sha256(lines).hexdigest()
    assert detail["total_rows"] == len(lines.splitlines())
    for line in lines.splitlines():
        assert json.loads(line)["evaluation_id"] == summary["evaluation_id"]


@pytest.mark.parametrize("model", ["qwen3", "../x", "a/..", "a/b/c", ""])
def test_a_model_needs_a_whole_name(tmp_path, model):
    for name in ("items", "responses"):
        row = {"question": "?", "gold": 1, "response": "1"}
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    named = ("--emit", "every-eval-ever", tmp_path / "out", "--model", model)
    with pytest.raises(ConfigError, match="organisation/name|ORGANISATION/NAME"):
        call(tmp_path / "items", tmp_path / "responses", *named)
    assert not (tmp_path / "out").exists()
