"""Decisions in and out of other tools: JSON lines, CSV, and tasks of Label Studio.

JSON lines and CSV hold every decision, undos among them, in order; what is read back is what was
written. Label Studio has room for the reviews that stand, and no others.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from pydantic import AwareDatetime, BaseModel, ValidationError
from pydantic_core import from_json

from metaprobe.benchmark.curation.decisions import (
    Action,
    Decision,
    Kind,
    Reason,
    fix_text,
    typed_fix,
)
from metaprobe.benchmark.curation.picks import read_lines
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.rows import csv_rows, json_rows
from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.core.files import write_json, write_text
from metaprobe.core.vocabulary import CELLS


class Format(StrEnum):
    """Of a file of decisions."""

    JSONL = "jsonl"
    CSV = "csv"
    LABEL_STUDIO = "label-studio"


NAMES = {
    Format.JSONL: "decisions.jsonl",
    Format.CSV: "decisions.csv",
    Format.LABEL_STUDIO: "label-studio.json",
}
"""Files that are written where none is named."""

_FIELDS = tuple(Decision.model_fields)
_SHOWN = ("question", "gold")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠'")


def parse_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        ConfigError: there is none.
    """
    names = [*map(str, Format)]
    if name not in names:
        raise ConfigError(f"--format {name!r}{nearest(name, names)}: use {', '.join(names)}")
    return Format(name)


def write_decisions(path: Path, store: ReviewStore, form: Format) -> int:
    """Write the decisions of a folder; return how many.

    Label Studio also needs the labelling interface, which is written beside it as `.xml`.
    """
    decisions = store.decisions()
    if form is Format.LABEL_STUDIO:
        now = store.standing()
        tasks = [_task(store, item, now.get(item, [])) for item in store.candidates]
        write_json(path, tasks)
        write_text(path.with_suffix(".xml"), label_config())
        return sum(len(task["annotations"]) for task in tasks)
    if form is Format.CSV:
        write_text(path, _csv(store, decisions))
    else:
        write_text(path, "".join(one.model_dump_json() + "\n" for one in decisions))
    return len(decisions)


def read_decisions(path: Path, store: ReviewStore, form: Format) -> list[Decision]:
    """Return the decisions in a file, which are not yet in the store.

    Raises:
        InputError: the file is damaged, or a row of it is no decision; it is named.
        MissingExtraError: a fixed answer is an expression, and math-verify is not installed.
    """
    if form is Format.JSONL:
        return read_lines(path, Decision)
    if form is Format.CSV:
        return [_checked(_table(row), f"{path}: row {number}") for number, row in csv_rows(path)]
    return [
        decision
        for number, task in json_rows(path)
        for decision in _annotated(task, store, f"{path}: task {number}")
    ]


def guarded(text: str) -> str:
    """Return a CSV field that no spreadsheet takes for a formula.

    A `'` goes before what could begin one, and before a `'`, so that `unguarded` is exact.
    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def unguarded(text: str) -> str:
    """Return what `guarded` was given."""
    return text.removeprefix("'")


def _csv(store: ReviewStore, decisions: Sequence[Decision]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*_FIELDS, *_SHOWN])
    for one in decisions:
        item = store.candidates[one.id].item
        table = one.model_dump(mode="json")
        table["answer"] = one.answer.model_dump_json() if one.answer else None
        fields = [*(table[name] for name in _FIELDS), item.question, item.answer.render()]
        writer.writerow(["" if value is None else guarded(str(value)) for value in fields])
    return out.getvalue()


def _table(row: dict[str, Any]) -> dict[str, Any]:
    table = {name: unguarded(row[name]) for name in _FIELDS if row.get(name)}
    if "answer" in table:
        with suppress(ValueError):  # the check of the decision names the field
            table["answer"] = from_json(table["answer"])
    return table


def label_config() -> str:
    """Return the labelling interface for the tasks, as Label Studio's XML."""
    actions = [one for one in Action if one is not Action.UNDO]
    cells = [str(cell) for cell in CELLS]
    choices: dict[str, list[str]] = {
        "action": [*actions],
        "reason": [*Reason],
        "to_cell": cells,
    }
    lines = ["<View>"]
    for name in ("cell", "question", "gold"):
        lines.append(f'  <Header value="{name}"/>\n  <Text name="{name}" value="${name}"/>')
    for name, values in choices.items():
        required = ' required="true"' if name == "action" else ""
        lines.append(f'  <Header value="{name}"/>')
        lines.append(f'  <Choices name="{name}" toName="question" choice="single"{required}>')
        lines += [f"    <Choice value={quoteattr(value)}/>" for value in values]
        lines.append("  </Choices>")
    for name in ("answer", "note", "annotator"):
        lines.append(f'  <Header value="{name}"/>')
        lines.append(f'  <TextArea name="{name}" toName="question" maxSubmissions="1"/>')
    return "\n".join([*lines, "</View>", ""])


def _task(store: ReviewStore, item: str, standing: Sequence[Decision]) -> dict[str, Any]:
    shown = store.candidates[item].item
    return {
        "data": {
            "item": item,
            "cell": str(shown.cell),
            "question": shown.question,
            "gold": shown.answer.render(),
        },
        "annotations": [_annotation(one) for one in standing if one.kind is Kind.REVIEW],
    }


def _annotation(one: Decision) -> dict[str, Any]:
    # Without `completed_by`, which Label Studio would look for among its own users.
    answer = fix_text(one.answer) if one.answer else None
    chosen = {"action": one.action, "reason": one.reason, "to_cell": one.to_cell}
    typed = {"answer": answer, "note": one.note, "annotator": one.annotator}
    results = [("choices", name, value) for name, value in chosen.items()]
    results += [("textarea", name, value) for name, value in typed.items()]
    return {
        "created_at": one.model_dump(mode="json")["time"],
        "lead_time": one.seconds,
        "result": [
            {
                "from_name": name,
                "to_name": "question",
                "type": kind,
                "value": {"choices" if kind == "choices" else "text": [value]},
            }
            for kind, name, value in results
            if value
        ],
    }


def _annotated(task: dict[str, Any], store: ReviewStore, place: str) -> Iterator[Decision]:
    """Yield the decisions on a task, as Label Studio exports it."""
    try:
        parsed = _Task.model_validate(task)
    except ValidationError as error:
        raise _refused(error, place) from error
    candidate = store.candidates.get(parsed.data.item)
    if candidate is None:
        raise InputError(f"{place}: no candidate {parsed.data.item[:40]!r}")
    for one in parsed.annotations:
        if one.was_cancelled:
            continue
        given = {part.from_name: part.value.first for part in one.result}
        table: dict[str, Any] = {
            n: given[n] for n in ("action", "reason", "to_cell") if given.get(n)
        }
        if text := given.get("answer"):
            try:
                table["answer"] = typed_fix(candidate.item.answer, text)
            except ConfigError as error:
                raise InputError(f"{place}: {error}") from error
        table |= {
            "id": parsed.data.item,
            "cell": parsed.data.cell,
            "annotator": given.get("annotator") or _login(one.completed_by),
            "note": given.get("note") or "",
            "time": one.created_at,
            "seconds": one.lead_time,
        }
        yield _checked(table, place)


class _Data(BaseModel):
    item: str
    cell: str


class _Value(BaseModel):
    choices: list[str] = []
    text: list[str] | str = []

    @property
    def first(self) -> str | None:
        texts = self.choices or ([self.text] if isinstance(self.text, str) else self.text)
        return texts[0] if texts else None


class _Part(BaseModel):
    from_name: str
    value: _Value


class _User(BaseModel):
    email: str


class _Annotation(BaseModel):
    created_at: AwareDatetime
    lead_time: float | None = None
    completed_by: _User | int | None = None
    was_cancelled: bool = False
    result: list[_Part]


class _Task(BaseModel):
    """The part of a task that is read; Label Studio writes more."""

    data: _Data
    annotations: list[_Annotation] = []


def _login(user: _User | int | None) -> str | None:
    if isinstance(user, _User):
        return user.email
    return None if user is None else f"user {user}"


def _checked(table: dict[str, Any], place: str) -> Decision:
    try:
        return Decision.model_validate(table)
    except ValidationError as error:
        raise _refused(error, place) from error


def _refused(error: ValidationError, place: str) -> InputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return InputError(": ".join(part for part in (place, where, message) if part))
