"""Graded responses of any origin become the same rows, and nothing in them is guessed."""

import json
from types import SimpleNamespace

import polars as pl
import pytest

from metaprobe.benchmark.interchange.graded import (
    SCHEMA,
    graded_files,
    read_graded,
    stage_number,
)
from metaprobe.benchmark.interchange.graded_logs import inspect_rows
from metaprobe.core.errors import InputError

TABLE = pl.DataFrame(
    {
        "model": ["base", "base", "tuned", "tuned"],
        "stage": ["0", "0", "checkpoint-20", "checkpoint-20"],
        "item": ["007", "8", "007", "8"],
        "cell": ["mathematics/calculation", "gsm8k"] * 2,
        "correct": [True, False, None, True],
    }
)
VERDICTS = ["correct", "wrong", "errored", "correct"]


def written(path, table=TABLE):
    match path.suffix:
        case ".parquet":
            table.write_parquet(path)
        case ".jsonl":
            table.write_ndjson(path)
        case suffix:
            table.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    return path


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl"])
def test_every_form_of_table_gives_the_same_rows(tmp_path, suffix):
    found = read_graded(written(tmp_path / f"t.{suffix}").rename(tmp_path / "named-anyhow"))
    assert found.schema == SCHEMA
    assert found["verdict"].to_list() == VERDICTS
    assert found["item"].to_list() == ["007", "8", "007", "8"]
    assert found["stage"].to_list() == [0, 0, 20, 20]
    assert set(found["told"]) == {"correct wrong errored"}
    assert found["seed"].null_count() == found["chance"].null_count() == 4


@pytest.mark.parametrize("values", [["1", "0", None, "1"], [1, 0, None, 1], [1.0, 0.0, None, 1.0]])
def test_correct_may_be_a_number(tmp_path, values):
    table = TABLE.with_columns(correct=pl.Series(values))
    assert read_graded(written(tmp_path / "t.parquet", table))["verdict"].to_list() == VERDICTS


def test_a_verdict_tells_more_than_correct(tmp_path):
    given = ["correct", "Unparsed", "truncated", "errored"]
    table = TABLE.drop("correct").with_columns(verdict=pl.Series(given), chance=pl.lit(0.25))
    found = read_graded(written(tmp_path / "t.csv", table))
    assert found["verdict"].to_list() == [v.lower() for v in given]
    assert set(found["told"]) == {"correct wrong unparsed truncated errored"}
    assert found["chance"].to_list() == [0.25] * 4


def test_columns_of_other_names_are_named(tmp_path):
    path = written(tmp_path / "t.csv", TABLE.rename({"correct": "acc", "item": "doc id"}))
    columns = {"correct": "acc", "item": "doc id"}
    assert read_graded(path, columns=columns)["verdict"].to_list() == VERDICTS
    with pytest.raises(InputError, match=r"t\.csv: no column item.*--column item=COLUMN"):
        read_graded(path, columns={"correct": "acc"})
    with pytest.raises(InputError, match="no column 'ac' for --column correct; did you mean 'acc'"):
        read_graded(path, columns=columns | {"correct": "ac"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"correct": ["1", "0", "0.5", "1"]}, "row 3: correct is '0.5'; use 0, 1, true or false"),
        ({"verdict": ["correct", "right", "x", "y"]}, "row 2: verdict is 'right'; use correct,"),
        ({"item": ["a", None, "b", "c"]}, "row 2: no item"),
        ({"stage": ["1", "2", "last", "3"]}, "row 3: stage 'last' does not end in a number"),
        ({"chance": ["0.5", "0", "1", "half"]}, "row 4: chance is 'half', no number"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(tmp_path, change, words):
    table = TABLE.with_columns(**{name: pl.Series(values) for name, values in change.items()})
    with pytest.raises(InputError, match=rf"t\.parquet: {words}"):
        read_graded(written(tmp_path / "t.parquet", table))


@pytest.mark.parametrize(
    "content", [b"", b"PAR1 and nothing else", b"a,b\n1,2,3\n", b"\xff\xfe\x00", b"{no json"]
)
def test_a_damaged_file_is_one_clear_line(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.csv") as caught:
        read_graded(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_graded(tmp_path / "gone.csv")
    with pytest.raises(InputError, match=r"no \.csv, .* file in this folder"):
        graded_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("0", 0),
        ("100.0", 100),
        ("checkpoint-100", 100),
        ("global_step_20", 20),
        (" 7 ", 7),
        ("last", None),
        ("1.5", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_a_stage_is_the_number_at_its_end(name, step):
    assert stage_number(name) == step


def sample_of(number, filter_="none", **metrics):
    doc = {"question": f"What is {number}?"}
    return {
        "doc_id": number,
        "doc": doc,
        "resps": [["text"]],
        "filter": filter_,
        "metrics": list(metrics),
        "doc_hash": f"hash-{number}",
        **metrics,
    }


STAMP = "2026-01-02T03-04-05.678901"


def test_lm_eval_samples_are_scored_by_their_only_metric(tmp_path):
    (tmp_path / f"results_{STAMP}.json").write_text('{"model_name": "org/model"}')
    path = tmp_path / f"samples_gsm8k_cot_{STAMP}.jsonl"
    found = read_graded(lines(path, [sample_of(0, exact_match=1.0), sample_of(1, exact_match=0)]))
    assert found.select("model", "item", "cell", "verdict", "told").rows() == [
        ("org/model", "hash-0", "gsm8k_cot", "correct", "correct wrong"),
        ("org/model", "hash-1", "gsm8k_cot", "wrong", "correct wrong"),
    ]


def test_which_metric_and_filter_counts_is_asked(tmp_path):
    samples = [
        sample_of(n, filter_, exact_match=float(hit), bleu=0.3)
        for filter_, hits in (("strict-match", (1, 0)), ("flexible-extract", (1, 1)))
        for n, hit in enumerate(hits)
    ]
    path = lines(tmp_path / "samples.jsonl", samples)
    both = "exact_match,flexible-extract, exact_match,strict-match"
    with pytest.raises(InputError, match=f"scored by {both}; choose one with --metric"):
        read_graded(path)
    with pytest.raises(InputError, match="choose one"):
        read_graded(path, metrics=["exact_match"])
    with pytest.raises(InputError, match="bleu,strict-match is not 0 or 1"):
        read_graded(path, metrics=["bleu,strict-match"])
    for name, verdicts in (("strict-match", ["correct", "wrong"]), ("flexible-extract", None)):
        found = read_graded(path, metrics=["acc", f"exact_match,{name}"])
        assert found["verdict"].to_list() == (verdicts or ["correct", "correct"])
        assert set(found["cell"]) == {"samples"}


def test_our_own_tasks_in_lm_eval_keep_their_verdicts(tmp_path):
    rows = []
    for n, verdict in enumerate(("correct", "unparsed", "wrong")):
        scores = {name: float(name == verdict) for name in ("correct", "wrong", "unparsed")}
        row = sample_of(n, **scores, self_check=float(n == 1))
        row["doc"] = {"id": f"item-{n}", "cell": "coding/simulation", "prompt": "?"}
        rows.append(row)
    found = read_graded(lines(tmp_path / "s.jsonl", rows))
    assert found.select("item", "cell", "verdict", "self_check").rows() == [
        ("item-0", "coding/simulation", "correct", False),
        ("item-1", "coding/simulation", "unparsed", True),
        ("item-2", "coding/simulation", "wrong", False),
    ]
    assert set(found["told"]) == {"correct wrong unparsed"}


def inspect_sample(value, *, error=None, stop="stop", metadata=None, scorer="match", own=None):
    message = SimpleNamespace(content="text")
    choice = SimpleNamespace(message=message, stop_reason=stop)
    score = SimpleNamespace(value=value, metadata={"verdict": own} if own else None)
    return SimpleNamespace(
        id=7,
        error=error,
        limit=None,
        metadata=metadata or {},
        output=SimpleNamespace(choices=[choice]),
        scores=None if error else {scorer: score},
    )


def log_of(*samples):
    return SimpleNamespace(
        samples=samples, eval=SimpleNamespace(model="openai/m", task="inspect_evals/gsm8k")
    )


def test_inspect_grades_become_verdicts(tmp_path):
    log = log_of(
        inspect_sample("C", stop="max_tokens"),
        inspect_sample("I"),
        inspect_sample("I", stop="max_tokens"),
        inspect_sample("N"),
        inspect_sample(1.0),
        inspect_sample(False),
        inspect_sample(None, error="gone"),
    )
    rows = inspect_rows(log, tmp_path, [])
    assert [row["verdict"] for row in rows] == [
        *("correct", "wrong", "truncated", "unparsed", "correct", "wrong", "errored"),
    ]
    assert {(row["model"], row["cell"], row["item"]) for row in rows} == {
        ("openai/m", "inspect_evals/gsm8k", "7")
    }
    assert {row["told"] for row in rows} == {"correct wrong truncated errored"}


def test_our_own_task_in_inspect_keeps_its_verdicts(tmp_path):
    value = {"correct": 0.0, "truncated": 1.0, "self_check": 1.0}
    place = {"cell": "coding/simulation"}
    (row,) = inspect_rows(
        log_of(inspect_sample(value, own="truncated", metadata=place, scorer="verdict")),
        tmp_path,
        [],
    )
    assert (row["verdict"], row["cell"], row["self_check"]) == ("truncated", place["cell"], True)
    assert "unparsed" in row["told"]


def test_partial_credit_and_two_scorers_are_refused(tmp_path):
    with pytest.raises(InputError, match="'P' is not one of C, I, N, 0 and 1"):
        inspect_rows(log_of(inspect_sample("P")), tmp_path / "a.eval", [])
    log = log_of(inspect_sample("C"), inspect_sample("I", scorer="judge"))
    with pytest.raises(InputError, match="scored by judge, match; choose one with --metric SCORER"):
        inspect_rows(log, tmp_path / "a.eval", [])
