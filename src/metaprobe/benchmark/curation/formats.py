"""From a row of a known corpus to its question and gold.

A format is known by the columns of a row, so that a copy of a corpus under another name is read
too. Every function returns None for a row that lacks a question or a gold.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from metaprobe.benchmark.curation.records import Aliases, Label, Output, RawGold, Written

MOST_CHARACTERS = 100_000
"""A longer question is no item that a person could check."""

Row = Mapping[str, Any]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LABELLED = re.compile(r"^\(([A-Z])\)", re.MULTILINE)
_BULLETS = re.compile(r"^- (.+)$", re.MULTILINE)
_OPTIONS = "Options:"
_MOST_BULLETS = 10
_HUMAN_EVAL = frozenset({"prompt", "canonical_solution", "test", "entry_point"})


class Asked(NamedTuple):
    """Question and gold of a row."""

    question: str
    gold: RawGold


class Format(NamedTuple):
    """How the rows of a corpus are read."""

    name: str
    columns: frozenset[str]
    """That a row must have."""
    read: Callable[[Row], Asked | None]


def clean(value: Any) -> str:
    """Return a text without outer space and halves of characters; of anything else nothing."""
    return value.encode(errors="replace").decode().strip() if isinstance(value, str) else ""


def with_options(question: str, options: Sequence[str]) -> str:
    """Return a question with its lettered options, a line each."""
    lines = [f"({_LETTERS[i]}) {option}" for i, option in enumerate(options)]
    return "\n".join([question, *lines])


def choice(question: str, options: Any, right: Any) -> Asked | None:
    """Return a multiple-choice question.

    Args:
        question: without the options.
        options: a list of texts, or ARC's `{"text": [...], "label": [...]}`.
        right: letter, label or place (from 0) of the right one.
    """
    labels: Sequence[Any] = _LETTERS
    if isinstance(options, Mapping):
        labels, options = options.get("label", _LETTERS), options.get("text")
    texts = [clean(o) for o in options] if isinstance(options, list | tuple) else []
    if isinstance(right, str) and right.strip() in labels[: len(texts)]:
        right = list(labels).index(right.strip())
    placed = isinstance(right, int) and not isinstance(right, bool) and 0 <= right < len(texts)
    if not placed or not question or not all(texts) or not 2 <= len(texts) <= len(_LETTERS):
        return None
    letters = tuple(_LETTERS[: len(texts)])
    return Asked(with_options(question, texts), Label(letters[right], letters))


def written(question: Any, gold: Any, *, worked: bool) -> Asked | None:
    """Return a question whose gold is written out: one text or number, or a list of aliases."""
    asked = clean(question)
    if isinstance(gold, list):
        texts = tuple(text for text in map(clean, gold) if text)
        return Asked(asked, Aliases(texts)) if asked and texts else None
    if isinstance(gold, int | float) and not isinstance(gold, bool):
        gold = str(gold)
    text = clean(gold)
    return Asked(asked, Written(text, worked)) if asked and text else None


def _agieval(row: Row) -> Asked | None:
    passage, question = clean(row["passage"]), clean(row["question"])
    asked = f"{passage}\n{question}" if passage and question else question
    if not row["options"]:
        return written(asked, row.get("answer"), worked=False)
    options = [
        re.sub(r"^\(?[A-Z][).]\s*", "", clean(option))
        for option in (row["options"] if isinstance(row["options"], list) else ())
    ]
    return choice(asked, options, row["label"])


def _cruxeval(row: Row) -> Asked | None:
    return _returned(clean(row["code"]), f"f({clean(row['input'])})", clean(row["output"]))


def _human_eval(row: Row) -> Asked | None:
    """Return the first plain call among the tests; the tests themselves grade no answer."""
    if not all(isinstance(row[name], str) for name in _HUMAN_EVAL):
        return None
    code = row["prompt"] + row["canonical_solution"]
    try:
        found = next(_plain_calls(ast.parse(row["test"])), None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if found is None:
        return None
    called, stated = found
    return _returned(clean(code), called.replace("candidate", row["entry_point"], 1), stated)


def _plain_calls(tests: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the call and the value of tests of the form `assert candidate(...) == value`."""
    for node in ast.walk(tests):
        match node:
            case ast.Assert(
                test=ast.Compare(
                    left=ast.Call(func=ast.Name(id="candidate")) as called,
                    ops=[ast.Eq()],
                    comparators=[stated],
                )
            ):
                yield ast.unparse(called), ast.unparse(stated)


def _returned(code: str, call: str, stated: str) -> Asked | None:
    if not code or not stated:
        return None
    question = f"{code}\n\nWhat does this return?\n\n{call}"
    return Asked(question, Output(code, call, stated))


def _bbh(row: Row) -> Asked | None:
    asked, target = clean(row["input"]), clean(row["target"])
    listed = asked.partition(_OPTIONS)[2]
    letters = tuple(_LABELLED.findall(listed))
    bullets = tuple(text.strip() for text in _BULLETS.findall(listed))[:_MOST_BULLETS]
    if target.strip("()") in letters:
        return Asked(asked, Label(target.strip("()"), letters))
    if target in bullets:
        return Asked(asked, Label(target, bullets))
    for pair in (("Yes", "No"), ("True", "False")):
        if target in pair:
            return Asked(asked, Label(target, pair)) if asked else None
    if target.lstrip("-").isdecimal():
        return written(asked, target, worked=False)
    return Asked(asked, Aliases((target,))) if asked and target else None


def _options(row: Row) -> Asked | None:
    right = row["answerKey"] if "answerKey" in row else row.get("answer")
    return choice(clean(row["question"]), row["choices"], right)


def _lettered(row: Row) -> Asked | None:
    options = [row[letter] for letter in "ABCD"]
    return choice(clean(row["question"]), options, row["answer"])


FORMATS = (
    Format("CRUXEval", frozenset({"code", "input", "output"}), _cruxeval),
    Format("HumanEval", _HUMAN_EVAL, _human_eval),
    Format("AGIEval", frozenset({"passage", "question", "options", "label"}), _agieval),
    Format("BBH", frozenset({"input", "target"}), _bbh),
    Format("ARC", frozenset({"question", "choices", "answerKey"}), _options),
    Format("MMLU", frozenset({"question", "choices", "answer"}), _options),
    Format("MMLU by letter", frozenset({"question", "A", "B", "C", "D", "answer"}), _lettered),
    Format(
        "MATH",
        frozenset({"problem", "solution"}),
        lambda row: written(row["problem"], row["solution"], worked=True),
    ),
    Format(
        "GSM8K or NQ-open",
        frozenset({"question", "answer"}),
        lambda row: written(row["question"], row["answer"], worked="####" in str(row["answer"])),
    ),
)
"""Known formats, those of most columns first where one's are among another's."""


def format_of(columns: Sequence[str]) -> Format | None:
    """Return the known format of rows with these columns."""
    return next((one for one in FORMATS if one.columns <= set(columns)), None)
