"""Responses in the forms that harnesses write: plain JSON lines, lm-eval samples, Inspect logs.

The form is told by the content of a file, never by its name.
"""

from pathlib import Path
from typing import Any, NamedTuple

from metaprobe.benchmark.interchange.inspect_log import log_format, read_inspect_log
from metaprobe.core.errors import InputError
from metaprobe.core.files import read_jsonl

QUESTION_KEYS = ("question", "prompt", "problem")
"""Names under which data sets keep the question, the likeliest first."""

_LM_EVAL_KEYS = {"doc", "resps"}


class Responses(NamedTuple):
    """What a file of responses holds."""

    source: str
    """Which harness wrote it."""
    rows: list[dict[str, Any]]
    """One row a response: `response`, and `id`, `question` and `truncated` where they are known."""


def read_responses(path: Path) -> Responses:
    """Return the responses in a file of any known form; plain JSON lines as they are.

    lm-eval does not log whether the token limit ended a response, so `truncated` is unknown there.

    Raises:
        InputError: the file is missing, damaged, or holds no text that a model wrote.
        MissingExtraError: it is an Inspect log, and inspect-ai is not installed.
    """
    form = log_format(path)
    if form:
        return Responses("inspect-ai", read_inspect_log(path, form))
    rows = read_jsonl(path)
    if rows and set(rows[0]) >= _LM_EVAL_KEYS:
        return Responses("lm-eval", _from_samples(rows, path))
    return Responses("JSON lines", rows)


def _from_samples(samples: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    rows = []
    filters: dict[Any, Any] = {}
    for number, sample in enumerate(samples, start=1):
        # Each filter of a task logs the same responses once more.
        name = sample.get("prompt_hash", sample.get("doc_id"))
        if filters.setdefault(name, sample.get("filter")) != sample.get("filter"):
            continue
        match sample:
            case {"doc": dict() as doc, "resps": [[*texts]]} if all(
                isinstance(text, str) for text in texts
            ):
                place = _place(doc)
                rows += [{**place, "response": text} for text in texts]
            case _:
                raise InputError(
                    f"{path}:{number}: no generated text under resps; "
                    "only tasks of output_type generate_until can be graded"
                )
    return rows


def _place(doc: dict[str, Any]) -> dict[str, str]:
    """Return what names the item of an lm-eval document: its id, else its question."""
    if "id" in doc:
        return {"id": str(doc["id"])}
    question = next((doc[key] for key in QUESTION_KEYS if isinstance(doc.get(key), str)), None)
    return {} if question is None else {"question": question}
