"""Decisions come back from every format, whatever text the corpora and people put into them."""

import csv
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from picked import CALCULATION, CODE, candidate, decided, opened, some

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.curation.decisions import Action, Decision, Kind
from metaprobe.benchmark.curation.exchange import (
    Format,
    guarded,
    label_config,
    read_decisions,
    unguarded,
    write_decisions,
)
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.core.errors import InputError

ACCEPT, REJECT, MOVE, FIX, UNSURE, UNDO = Action
HOSTILE = (
    "<script>alert(1)</script>",
    '=cmd|" /C calc"!A1',
    "\u202egnp.exe \u2066x",
    "a\r\nb\x00c\x1b[2J\u2028",
    "x" * 200_000,
    "'=1",
    "\ufeffstart",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
WORDS = st.text(min_size=1, max_size=20).map(lambda t: f"w{t.strip().replace('|', '')}w")


def all_kinds(note: str, word: str) -> list[Decision]:
    """Decisions of every action and kind, with hostile texts where texts go."""
    number, _, name, *_ = some()
    return [
        decided(number, "a", note=note[:2000], seconds=1.5),
        decided(number, "a", UNDO),
        decided(number, "a", FIX, answer=IntegerAnswer(value=-8), to_cell=CODE),
        decided(number, "b", REJECT, note=note[:2000]),
        decided(number, "=C", kind=Kind.ADJUDICATION),
        decided(name, "a", FIX, answer=TextAnswer(value=word, aliases=("Goethe",))),
        decided(name, "b", MOVE, to_cell=CODE),
        decided(name, "=C", UNSURE),
    ]


@given(TEXTS)
def test_a_guarded_field_begins_no_formula_and_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(tuple("=+-@\t\r\n＝＋－＠"))


@pytest.mark.parametrize("form", list(Format))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(note=TEXTS, word=WORDS)
def test_what_is_read_back_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, form: Format, note: str, word: str
) -> None:
    folder = tmp_path_factory.mktemp("picks")
    store = opened(folder)
    store.take_in(all_kinds(note, word))
    write_decisions(folder / "out", store, form)
    kept = store.decisions()
    if form is Format.LABEL_STUDIO:
        standing = [one for of in store.standing().values() for one in of]
        kept = [
            one.model_copy(update={"seen": None}) for one in standing if one.kind is Kind.REVIEW
        ]
    assert read_decisions(folder / "out", store, form) == kept


@pytest.mark.parametrize("question", HOSTILE)
def test_hostile_questions_leave_files_that_are_read_back(tmp_path: Path, question: str) -> None:
    one = candidate(question, TextAnswer(value=f"@{question[:50]}"), CALCULATION, corpus="=c")
    store = opened(tmp_path, [one])
    store.record(decided(one, "a"))
    for form in Format:
        write_decisions(tmp_path / "out", store, form)
        assert [d.id for d in read_decisions(tmp_path / "out", store, form)] == [one.item.id]
    write_decisions(tmp_path / "out.csv", store, Format.CSV)
    csv.field_size_limit(2**31)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["question"].removeprefix("'") == question
    assert row["gold"].startswith("'@")


def test_another_store_takes_in_what_one_wrote(tmp_path: Path) -> None:
    first, second = opened(tmp_path / "a"), opened(tmp_path / "b", people="")
    first.take_in(all_kinds("x", "Goethe"))
    write_decisions(tmp_path / "out", first, Format.JSONL)
    made = read_decisions(tmp_path / "out", second, Format.JSONL)
    assert second.take_in(made) == len(made) == 8
    assert second.decisions() == first.decisions()


def test_the_labelling_interface_has_every_control_that_is_read() -> None:
    root = ET.fromstring(label_config())
    named = {e.get("name") for e in root.iter() if e.get("toName") == "question"}
    assert named == {"action", "reason", "to_cell", "answer", "note", "annotator"}
    actions = {e.get("value") for e in root.find("Choices[@name='action']") or ()}
    assert actions == {*map(str, Action)} - {"undo"}


def label_task(store: ReviewStore, **changed: object) -> dict:
    """A task as Label Studio exports it, with much that is not read."""
    item = next(iter(store.candidates))
    parts = [("choices", "action", "fix"), ("text", "answer", "8")]
    return {
        "id": 3,
        "data": {"item": item, "cell": CALCULATION, "question": "q"},
        "annotations": [
            {
                "id": 7,
                "completed_by": {"id": 1, "email": "ann@example.org", "first_name": ""},
                "result": [
                    {"id": "x", "from_name": n, "to_name": "question", "value": {k: [v]}, "type": k}
                    for k, n, v in parts
                ],
                "was_cancelled": False,
                "created_at": "2024-03-09T22:16:08.728353Z",
                "lead_time": 4.2,
                **changed,
            }
        ],
        "predictions": [],
    }


@pytest.mark.parametrize(
    ("who", "name"), [({"email": "ann@example.org"}, "ann@example.org"), (10, "user 10")]
)
def test_decisions_made_in_label_studio_are_read(tmp_path: Path, who: object, name: str) -> None:
    store = opened(tmp_path)
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([label_task(store, completed_by=who)]))
    (one,) = read_decisions(path, store, Format.LABEL_STUDIO)
    assert (one.annotator, one.action, one.answer) == (name, FIX, IntegerAnswer(value=8))
    assert (one.seconds, one.time.year) == (4.2, 2024)
    path.write_text(json.dumps([label_task(store, was_cancelled=True)]))
    assert read_decisions(path, store, Format.LABEL_STUDIO) == []


def broken(change: Callable[[dict], object]) -> Callable[[ReviewStore], str]:
    def text(store: ReviewStore) -> str:
        task = label_task(store)
        change(task)
        return json.dumps([task])

    return text


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (Format.JSONL, lambda _: '{"id": "x"}\n', r"out:1: cell: Field required"),
        (Format.JSONL, lambda _: "[" * 100_000, r"out:1: not JSON"),
        (Format.CSV, lambda _: "id,cell\nx,y\n", r"out: row 1: annotator: Field required"),
        (Format.CSV, lambda _: "id,cell,answer\nx,y,{\n", r"out: row 1: .*"),
        (Format.LABEL_STUDIO, lambda _: "{", r"out: not JSON"),
        (
            Format.LABEL_STUDIO,
            lambda _: '[{"data": {}}]',
            r"out: task 1: data.item: Field required",
        ),
        (
            Format.LABEL_STUDIO,
            broken(lambda task: task["data"].update(item="gone")),
            r"out: task 1: no candidate 'gone'",
        ),
        (
            Format.LABEL_STUDIO,
            broken(lambda task: task["annotations"][0].pop("completed_by")),
            r"out: task 1: annotator: ",
        ),
        (
            Format.LABEL_STUDIO,
            broken(lambda task: task["annotations"][0]["result"][1]["value"].update(text=["x"])),
            r"out: task 1: answer 'x': not one of the kind integer",
        ),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, form: Format, text: Callable[[ReviewStore], str], message: str
) -> None:
    store = opened(tmp_path)
    (tmp_path / "out").write_text(text(store))
    with pytest.raises(InputError, match=message):
        read_decisions(tmp_path / "out", store, form)
