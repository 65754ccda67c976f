"""The rows that a job is trained on: from items in the order of an arm, or from a prepared file."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from metaprobe.benchmark.answers import Answer, FreeFormAnswer
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import read_jsonl
from metaprobe.models.chat import user_message
from metaprobe.training.arms import ArmConfig, SFTConfig
from metaprobe.training.curricula import batches
from metaprobe.training.handoff.job import Target
from metaprobe.training.session import ArmRun
from metaprobe.training.sft import teacher_text

Row = dict[str, Any]

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


class Corpus(NamedTuple):
    """Training data of a job."""

    rows: Sequence[Row]
    in_order: bool
    """Whether the rows are those of each step in turn, so that nothing may shuffle them."""


def planned(
    items: Sequence[Item], config: ArmConfig, *, size: int, stream: str, count: int
) -> list[Item]:
    """Return the items of the first batches of an arm, in its own order, one batch after another.

    Args:
        items: problems of the train split.
        config: the arm.
        size: items in a batch.
        stream: name of the arm's stream of orders.
        count: batches.

    Raises:
        ConfigError: the curriculum needs samples of the base.
    """
    if config.curriculum == "pass_rate":
        raise ConfigError(
            'curriculum = "pass_rate" needs solutions that the base samples; choose another one, '
            "whose order can be written down"
        )
    drawn = batches(items, size, stream, kind=config.curriculum, planned=config.steps)
    return [items[i] for batch in islice(drawn, count) for i in batch]


def order_stream(target: Target) -> str:
    """Return the name of the stream from which our own loop draws the order of the problems."""
    arm, seed, base = target.arm, target.seed, target.base
    return ArmRun(arm=arm, seed=seed, base=base, root=Path()).stream("order")


def traces(items: Sequence[Item], config: SFTConfig) -> list[Row]:
    """Return the prompt and the completion of each item, as the arm words them.

    An item that is met again has its next trace, as in our own loop.
    """
    met: Counter[str] = Counter()
    rows = []
    for item in items:
        variant = met[item.id] % config.traces_per_problem
        met[item.id] += 1
        text = teacher_text(item, config, variant)
        rows.append({"prompt": user_message(item.question), "completion": text})
    return rows


def problems(items: Sequence[Item]) -> list[Row]:
    """Return each item as a row of verl's schema; the typed gold is its JSON text."""
    return [
        _problem(
            user_message(item.question),
            item.answer,
            source=f"metaprobe/{item.cell}",
            split=str(item.split),
            name=item.id,
            index=index,
        )
        for index, item in enumerate(items)
    ]


def read_traces(path: Path) -> list[Row]:
    """Return the rows of a prepared data set for SFT.

    Each row has either `prompt` and `completion`, both texts, or `messages`, whose turns are a
    user's and an assistant's by turns, after at most one system message. Other keys are left out.

    Raises:
        InputError: a row is neither, or another kind than the first; file and line are named.
    """
    rows = _rows(path)
    kind = "messages" if "messages" in rows[0] else "prompt"
    read = _conversation if kind == "messages" else _completion
    return [read(row, f"{path}:{number}") for number, row in enumerate(rows, start=1)]


def read_problems(path: Path, split: str = "train") -> list[Row]:
    """Return the rows of a prepared data set of problems, in verl's schema.

    Each row has `prompt`, a text that is asked as it is, and `answer`: a typed gold as an object
    with its `kind`, or a text, which is a free-form mathematical expression.

    Raises:
        InputError: a row is not of that form; file and line are named.
    """
    problems = []
    for index, row in enumerate(_rows(path)):
        place = f"{path}:{index + 1}"
        prompt = _text(row, "prompt", place)
        answer = _gold(row.get("answer"), place)
        problems.append(
            _problem(
                prompt, answer, source=path.name, split=split, name=f"{index + 1}", index=index
            )
        )
    return problems


def _problem(prompt: str, answer: Answer, *, source: str, split: str, name: str, index: int) -> Row:
    return {
        "data_source": source,
        "prompt": [{"role": "user", "content": prompt}],
        "ability": "reasoning",
        "reward_model": {"style": "rule", "ground_truth": answer.model_dump_json()},
        "extra_info": {"split": split, "index": index, "id": name},
    }


def _rows(path: Path) -> list[Row]:
    rows = read_jsonl(path)
    if not rows:
        raise InputError(f"{path}: no rows in it")
    return rows


def _text(row: Mapping[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{place}: {key!r} must be a text that is not empty")
    return value


def _completion(row: Mapping[str, Any], place: str) -> Row:
    return {key: _text(row, key, place) for key in ("prompt", "completion")}


def _conversation(row: Mapping[str, Any], place: str) -> Row:
    turns = row.get("messages")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise InputError(f"{place}: 'messages' must be a list of objects with role and content")
    roles = [turn.get("role") for turn in turns]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    if not talk or talk != ["user", "assistant"] * (len(talk) // 2):
        # LLaMA-Factory drops such a row with a warning.
        raise InputError(
            f"{place}: the roles are {roles}; they must be user and assistant by turns, after at "
            "most one system"
        )
    messages = [{"role": turn["role"], "content": _text(turn, "content", place)} for turn in turns]
    return {"messages": messages}


def _gold(answer: Any, place: str) -> Answer:
    if isinstance(answer, str) and answer:
        return FreeFormAnswer(value=answer)
    try:
        return _ANSWER.validate_python(answer)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{place}: 'answer' must be a text, or a typed gold as an object ({first['msg']})"
        ) from error


def dump_rows(rows: Sequence[Row]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
