"""The same texts are read from every kind of file, and what cannot be read is named."""

import csv
import json
from itertools import islice

import polars as pl
import pytest

from metaprobe.benchmark.corpus import CorpusRow, read_corpus
from metaprobe.core.errors import InputError

ROWS = ["What is 3 + 4?", 'He said: "two, three"\nand left.', "naïve ∑", "last"]


@pytest.fixture
def files(tmp_path):
    paths = {kind: tmp_path / f"c.{kind}" for kind in ("jsonl", "parquet", "csv", "txt")}
    paths["jsonl"].write_text("".join(json.dumps({"prompt": row}) + "\n" for row in ROWS))
    pl.DataFrame({"id": [1, 2, 3, 4], "prompt": ROWS}).write_parquet(paths["parquet"])
    with paths["csv"].open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["prompt", "n"], *([row, "1"] for row in ROWS)])
    paths["txt"].write_text("\n\n\n".join(ROWS), encoding="utf-8")
    return paths


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv", "txt"])
def test_every_kind_of_file_gives_the_same_texts(files, kind):
    assert [row.text.strip() for row in read_corpus([files[kind]])] == ROWS


def test_rows_are_placed_and_files_follow_one_another(files):
    rows = list(read_corpus([files["txt"], files["jsonl"]]))
    assert [row.place for row in rows[:4]] == ["c.txt:1", "c.txt:4", "c.txt:8", "c.txt:11"]
    assert [row.place for row in rows[4:]] == [f"c.jsonl:{i}" for i in (1, 2, 3, 4)]


def test_the_question_is_preferred_to_other_columns_and_a_name_overrides(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "t", "answer": "a", "question": "q"}')
    assert [row.text for row in read_corpus([path])] == ["q"]
    assert [row.text for row in read_corpus([path], column="answer")] == ["a"]


@pytest.mark.parametrize(("role", "content"), [("role", "content"), ("from", "value")])
def test_chat_messages_are_joined_and_null_is_empty(tmp_path, role, content):
    path = tmp_path / "c.jsonl"
    turns = [{role: "user", content: "q"}, {role: "tool", content: None}, {role: "b", content: "a"}]
    path.write_text(f'{{"messages": {json.dumps(turns)}}}\n\n{{"messages": null}}')
    assert list(read_corpus([path])) == [CorpusRow("c.jsonl:1", "q\na"), CorpusRow("c.jsonl:3", "")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.jsonl", b'{"a": 1, "b": 2}', r":1: no column of texts among a, b; name it with"),
        ("c.csv", b"a,b\n1,2\n", r":1: no column of texts among a, b"),
        ("c.jsonl", b'{"text": 3}', r":1: column 'text' holds neither a text nor chat messages"),
        ("c.jsonl", b'{"text": [3]}', r":1: column 'text' holds neither"),
        ("c.jsonl", b'{"text": "x"}\n{', r":2: not JSON"),
        ("c.jsonl", b"[1]", r":1: expected a JSON object, got list"),
        ("c.txt", b"\xff\xfe", r"cannot be read as text"),
        ("c.parquet", b"PAR1 no", r"cannot be read as Parquet"),
        ("c.zip", b"", r"unknown kind of file '.zip'; use .jsonl"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_corpus([path]))


def test_a_missing_file_and_a_missing_column_are_named(files):
    with pytest.raises(InputError, match="no such file"):
        list(read_corpus([files["txt"].with_name("gone.txt")]))
    for kind in ("jsonl", "parquet", "csv"):
        with pytest.raises(InputError, match="no column 'promt'; did you mean 'prompt'"):
            list(read_corpus([files[kind]], column="promt"))


def test_a_paragraph_without_an_end_is_cut(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("word\n" * 60_000)
    rows = list(read_corpus([path]))
    assert len(rows) > 1
    assert "".join(row.text for row in rows) == "word\n" * 60_000


def test_reading_begins_before_the_file_is_read_to_its_end(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "x"}\n' * 3 + "not JSON")
    assert len(list(islice(read_corpus([path]), 3))) == 3
