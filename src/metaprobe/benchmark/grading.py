"""From a response to a verdict: extraction of the boxed answer, typed comparison."""

import re
from typing import NamedTuple

from metaprobe.benchmark.answers import MAX_ANSWER_CHARACTERS, Answer
from metaprobe.core.vocabulary import Verdict

_BOX = "\\boxed{"
_BOXES_TRIED = 8
_TAIL_CHARACTERS = 200
_MARK = "####"
_STATES_ANSWER = re.compile(r"answer\s{0,3}(?:is|:|=)|=", re.IGNORECASE)


class Graded(NamedTuple):
    """The verdict on one response and the answer text that it rests on."""

    verdict: Verdict
    answer: str | None


def extract_boxed(text: str) -> str | None:
    """Return the content of the last complete `\\boxed{...}`, braces nested to any depth.

    None is returned when there is no complete box. A box longer than any answer can be does not
    count as complete, and only the last few boxes are tried, so that hostile text costs little.
    """
    end = len(text)
    for _ in range(_BOXES_TRIED):
        start = text.rfind(_BOX, 0, end)
        if start < 0:
            return None
        inside = start + len(_BOX)
        content = _balanced(text[inside : inside + MAX_ANSWER_CHARACTERS + 1])
        if content is not None:
            return content
        end = start
    return None


def extract_marked(text: str) -> str | None:
    """Return what follows the last `####`, up to the end of its line: the mark of GSM8K."""
    _, mark, rest = text.rpartition(_MARK)
    line = rest[: MAX_ANSWER_CHARACTERS + 1].partition("\n")[0].strip()
    return line if mark and 0 < len(line) <= MAX_ANSWER_CHARACTERS else None


def extract_lenient(text: str) -> str | None:
    """Return the boxed answer or, without one, what follows `answer is` or `=` on the last line."""
    boxed = extract_boxed(text)
    if boxed is not None:
        return boxed
    last = text.rstrip()[-_TAIL_CHARACTERS:].rpartition("\n")[2]
    ends = [match.end() for match in _STATES_ANSWER.finditer(last)]
    return (last[ends[-1] :].strip(" *:.") or None) if ends else None


def grade(
    answer: Answer,
    response: str,
    *,
    truncated: bool = False,
    lenient: bool = False,
    marked: bool = False,
) -> Graded:
    """Return the verdict on a response.

    Args:
        answer: the typed gold.
        response: the decoded completion, without the prompt.
        truncated: whether the token limit ended the response.
        lenient: also accept an answer that is stated without a box; off by default, because it
            rewards responses that ignore the stated format.
        marked: also accept an answer after `####`, for data whose stated format that is.

    A response without an answer of the gold's type is `TRUNCATED` if the limit ended it, else
    `UNPARSED`; neither is `WRONG`.
    """
    extracted = extract_boxed(response)
    if extracted is None and marked:
        extracted = extract_marked(response)
    if extracted is None and lenient:
        extracted = extract_lenient(response)
    same = answer.compare(extracted) if extracted is not None else None
    if same is None:
        return Graded(Verdict.TRUNCATED if truncated else Verdict.UNPARSED, extracted)
    return Graded(Verdict.CORRECT if same else Verdict.WRONG, extracted)


def _balanced(text: str) -> str | None:
    depth = 1
    for match in re.finditer(r"[{}]", text):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[: match.start()]
    return None
