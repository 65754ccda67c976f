"""Items as flat rows that other harnesses store, and the verdict on a response to such a row.

The prompt is frozen with the item, so that an exported benchmark asks the same for ever. The gold
travels as JSON text: tables need one type a column, and golds of different kinds differ in fields.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from metaprobe.benchmark.answers import Answer
from metaprobe.benchmark.grading import Graded, grade
from metaprobe.benchmark.items import Item

ITEMS = "items.jsonl"
"""The file of rows beside an exported task."""

Prompt = Callable[[str], str]
"""From a question to what the model is asked."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def to_rows(items: Sequence[Item], prompt: Prompt) -> list[dict[str, Any]]:
    """Return one flat row an item: `answer` is the typed gold as JSON, `gold` as it is boxed."""
    return [
        {
            "id": item.id,
            "cell": str(item.cell),
            "family": item.family,
            "level": item.level,
            "prompt": prompt(item.question),
            "answer": item.answer.model_dump_json(),
            "gold": item.answer.render(),
        }
        for item in items
    ]


def dump_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def grade_row(row: Mapping[str, Any], response: str, *, truncated: bool = False) -> Graded:
    """Return the verdict on a response to an exported row.

    Args:
        row: as `to_rows` made it.
        response: the decoded completion, without the prompt.
        truncated: whether the token limit ended the response.
    """
    return grade(_ANSWER.validate_json(row["answer"]), response, truncated=truncated)
