"""Rows of question and gold out of the forms in which corpora come."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from metaprobe.core.errors import InputError
from metaprobe.training.corpus.sources import Columns, read_source


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


SHAPES = {
    "gsm8k": ({"question": "Q?", "answer": "1 + 1\n#### 2"}, "1 + 1\n#### 2", False, 1),
    "MATH": (
        {"problem": "Q?", "solution": "\\boxed{2}", "level": "Level 4"},
        "\\boxed{2}",
        True,
        4,
    ),
    "MATH-500": ({"problem": "Q?", "solution": "\\boxed{2}", "answer": "2"}, "2", False, 1),
    "47K": ({"question": "Q?", "golden_answer": "2", "data_source": "MATH"}, "2", False, 1),
    "verl": (
        {
            "prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q?"}],
            "reward_model": {"style": "rule", "ground_truth": "2"},
        },
        *("2", False, 1),
    ),
    "list": ({"question": "Q?", "final_answer": ["2"]}, "2", False, 1),
    "number": ({"question": "Q?", "answer": 2}, "2", False, 1),
}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("shape", SHAPES)
def test_usual_shapes_are_read_without_naming_columns(
    shape: str, suffix: str, tmp_path: Path
) -> None:
    row, gold, worked, level = SHAPES[shape]
    (found,) = read_source(str(write(tmp_path / "d" / f"rows{suffix}", [row]))).rows
    assert found == (f"d/rows{suffix}:1", "Q?", gold, worked, level)


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [{"question": "no", "q": "Q?", "m": {"g": "2"}}])
    (row,) = read_source(str(path), Columns("q", "m.g")).rows
    assert (row.question, row.gold) == ("Q?", "2")
    with pytest.raises(InputError, match="no column 'gg'"):
        read_source(str(path), Columns("q", "gg"))


def test_a_request_for_a_form_of_the_answer_is_taken_off(tmp_path: Path) -> None:
    asked = "What is 1 + 1? Let's think step by step and output the final answer in the \\boxed{}."
    path = write(tmp_path / "rows.jsonl", [{"question": asked, "answer": "2"}])
    assert read_source(str(path)).rows[0].question == "What is 1 + 1?"


def test_of_a_folder_the_training_split_is_read_and_the_licence(tmp_path: Path) -> None:
    for name in ("train-1", "train-0", "test"):
        write(tmp_path / f"{name}.jsonl", [{"question": name, "answer": "1"}])
    (tmp_path / "LICENSE").write_text("\nMIT License\n", encoding="utf-8")
    source = read_source(str(tmp_path))
    assert [row.question for row in source.rows] == ["train-0", "train-1"]
    assert source.files == ("train-0.jsonl", "train-1.jsonl")
    assert source.licence == "MIT License"


def test_rows_without_question_or_gold_are_kept_to_be_counted(tmp_path: Path) -> None:
    rows = [{"question": None, "answer": "1"}, {"question": "Q", "answer": None}]
    rows += [{"question": ["x"], "answer": ["1", "2"]}, {"question": "\ud800Q", "answer": "\udfff"}]
    found = read_source(str(write(tmp_path / "rows.jsonl", rows))).rows
    assert [(r.question, r.gold) for r in found] == [("", "1"), ("Q", ""), ("", ""), ("?Q", "?")]


@pytest.mark.parametrize("text", ["not JSON\n", "[1]\n", '{"a": "b"}\n', ""])
def test_a_damaged_file_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_source(str(path))
    assert "rows.jsonl" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match="Parquet"):
        read_source(str(tmp_path / "a.parquet"))
    with pytest.raises(InputError, match="no such file"):
        read_source(str(tmp_path / "b.parquet"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A hub with one data set; what it was asked for."""
    datasets = pytest.importorskip("datasets")
    import huggingface_hub

    asked: list[Any] = []

    def load(name: str, config: str | None, *, split: str, revision: str | None, **_: Any) -> Any:
        asked.append((name, config, split, revision))
        return datasets.Dataset.from_list([{"question": "Q?", "answer": "#### 2"}])

    info = SimpleNamespace(card_data={"license": "mit"}, sha="abc")
    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *a, **k: info)
    return asked


@pytest.mark.slow  # datasets takes seconds to import
def test_a_data_set_of_the_hub_is_read_at_a_revision(hub: list[Any]) -> None:
    source = read_source("openai/gsm8k@main:test")
    assert hub == [("openai/gsm8k", "main", "test", "abc")]
    assert (source.licence, source.revision) == ("mit", "abc")
    assert source.rows[0][:3] == ("openai/gsm8k:test:1", "Q?", "#### 2")


@pytest.mark.slow
def test_an_unreachable_hub_is_one_line_that_says_how_to_go_on(
    hub: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    with pytest.raises(InputError, match=r"cannot be read from the hub .*name its") as raised:
        read_source("openai/gsm8k")
    assert "\n" not in str(raised.value)
    assert raised.value.exit_status == 2
