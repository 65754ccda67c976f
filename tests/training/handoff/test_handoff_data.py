"""Prepared files are read as they are, or refused with their line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.core.errors import InputError
from metaprobe.training.arms import stage_steps
from metaprobe.training.handoff.data import dump_rows, read_problems, read_traces
from metaprobe.training.handoff.job import saved_steps, spell

TURNS = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
SYSTEM = {"role": "system", "content": "s"}


def written(folder: Path, rows: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "2 + 2", "completion": "<think>\n4\n</think>\n\n4"},
        {"messages": TURNS},
        {"messages": [SYSTEM, *TURNS, *TURNS]},
    ],
)
def test_rows_are_taken_as_they_are(tmp_path: Path, row: Any) -> None:
    assert read_traces(written(tmp_path, [{**row, "source": "x"}] * 2)) == [row] * 2


@pytest.mark.parametrize(
    "bad",
    [
        {"prompt": "a"},
        {"prompt": "a", "completion": ""},
        {"prompt": "a", "completion": ["b"]},
        {"text": "a"},
    ],
)
def test_a_row_without_its_texts_is_named(tmp_path: Path, bad: Any) -> None:
    path = written(tmp_path, [{"prompt": "a", "completion": "b"}, bad])
    with pytest.raises(InputError, match=r"rows\.jsonl:2"):
        read_traces(path)


@pytest.mark.parametrize(
    "turns",
    [
        [],
        "a",
        TURNS[:1],
        TURNS[::-1],
        [*TURNS, SYSTEM],
        [{"role": "user"}, TURNS[1]],
        [{"from": "human", "value": "a"}],
        [*TURNS, {"role": "tool", "content": "c"}, TURNS[1]],
    ],
)
def test_a_conversation_that_the_engine_would_drop_is_named(tmp_path: Path, turns: Any) -> None:
    path = written(tmp_path, [{"messages": TURNS}, {"messages": turns}])
    with pytest.raises(InputError, match=r"rows\.jsonl:2"):
        read_traces(path)


def test_golds_are_typed_or_expressions(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a", "answer": {"kind": "integer", "value": 4}},
        {"prompt": "b", "answer": "\\frac{1}{2}"},
    ]
    golds = [r["reward_model"]["ground_truth"] for r in read_problems(written(tmp_path, rows))]
    assert [json.loads(gold) for gold in golds] == [
        {"kind": "integer", "value": 4},
        {"kind": "expression", "value": "\\frac{1}{2}"},
    ]


@pytest.mark.parametrize(
    "answer", [None, 4, "", {}, {"kind": "integer"}, {"kind": "x", "value": 1}]
)
def test_another_gold_is_named(tmp_path: Path, answer: Any) -> None:
    with pytest.raises(InputError, match=r"rows\.jsonl:1: 'answer'"):
        read_problems(written(tmp_path, [{"prompt": "a", "answer": answer}]))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        read_traces(written(tmp_path, []))


@given(st.text(max_size=40), st.text(max_size=40))
def test_rows_are_one_line_each(prompt: str, completion: str) -> None:
    rows = [{"prompt": prompt, "completion": completion}] * 2
    lines = dump_rows(rows).split("\n")[:-1]
    assert [json.loads(line) for line in lines] == rows


@given(steps=st.integers(1, 200), distance=st.integers(1, 200))
def test_stages_at_one_distance_are_kept(steps: int, distance: int) -> None:
    stages = sorted({*range(distance, steps + 1, distance), steps})
    assert saved_steps(stages, steps)[1] == stages


@given(steps=st.integers(1, 200), shares=st.lists(st.floats(0.01, 1), max_size=8))
def test_other_stages_become_multiples_of_a_distance(steps: int, shares: list[float]) -> None:
    stages = stage_steps(shares or [1.0], steps)
    distance, saved = saved_steps(stages, steps)
    assert saved == [n for n in range(1, steps + 1) if n % distance == 0 or n == steps]
    assert len(saved) <= 2 * len(stages) + 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_numbers_to_yaml(value: float) -> None:
    import yaml

    assert yaml.safe_load(f"a: {spell(value)}") == {"a": value}
