"""Mutate right answers for some seconds and look for a verdict that must not be.

    python tools/fuzz_grading.py --seconds 60 [--seed 0]

The golds are those of the benchmark's own items. A failure is an exception, a verdict that takes
more than `CPU_LIMIT_S`, a right answer that is not correct after changes that must not matter, or
any answer whose verdict such a change alters. Each failure is one JSON line with what repeats it,
and the exit status is then 1. Free-form answers are left out: a process of its own bounds them.
"""

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from metaprobe.benchmark.answers import MAX_ANSWER_CHARACTERS, Answer, SetAnswer
from metaprobe.benchmark.family import families
from metaprobe.benchmark.grading import Graded, grade
from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import LEVELS, Split, Verdict

CPU_LIMIT_S = 3.0
"""Most CPU seconds of a verdict with the search for a self-check; a megabyte of text takes one."""

_ITEMS_PER_LEVEL = 3
_MUTATIONS = 4
_FAILURES_SHOWN = 20
_LONG = 10**6
_SPACES = ("", " ", "  ", "\n", "\t", "\u00a0", "\u202f", "\u200f", "\u200b", "\ufeff")
_PIECES = (
    *("\\boxed{", "\\boxed{}", "\\boxed{\\boxed{}}", "{", "}", "\\{", "\\}", "(", ")", "[", "]"),
    *("\\frac12", "\\dfrac{1}{2}", "\\tfrac", "\\frac{", "\\text{", "\\mathrm{m}", "\\left(", "^{"),
    *(",", ";", "{,}", "\\,", "\\!", "1,000", "1 000", "1{,}000", "1\\,000", "/", "/0", ".", "$"),
    *("1e999999999", "10^{10^{10}}", "e", "E+", "\\times 10^", "×10^{9}", "^2", "²", "½", "⁄"),
    *("−", "–", "+", "--", "٣", "７", "𝟡", "Ⅷ", "\u200f", "\u202e", "\u2066", "\u0301", "ﷺ", "ß"),
    *("\x00", "\x1f", "\ud800", "\udfff", "\r\n", "####", "answer is ", "=", "%", "°", "€", "km"),
    *("none", "yes", "a ", "the ", "step ", "nan", "inf", "0x1", "_", "__import__('os')", "9" * 70),
)


@dataclass
class Findings:
    """What a run has seen."""

    verdicts: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    """CPU seconds of the slowest verdict."""
    failures: list[dict[str, str]] = field(default_factory=list)


def fuzz(
    seconds: float, seed: int, *, judge: Callable[[Answer, str], Graded] | None = None
) -> Findings:
    """Grade mutants for `seconds` of wall time with `judge`, by default `grade`."""
    rng = rng_for("fuzz grading", seed)
    judge = judge or _grade
    golds = list(_golds(seed))
    findings = Findings()
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(findings.failures) < _FAILURES_SHOWN:
        gold = rng.choice(golds)
        right = gold.render()
        for text in (right, _mutant(right, rng)):
            verdict = _verdict(judge, gold, text, findings)
            if text == right and verdict is not Verdict.CORRECT:
                _fail(findings, "the right answer is not correct", gold, text)
            for same in _unchanged(gold, text, rng):
                other = _verdict(judge, gold, same, findings)
                if other is not verdict:
                    _fail(findings, f"{verdict}, but {other} as {same[:400]!r}", gold, text)
    return findings


def _golds(seed: int) -> Iterator[Answer]:
    for family in families():
        for level in LEVELS:
            found = family.stream(split=Split.TRAIN, level=level, seed=seed, limit=_ITEMS_PER_LEVEL)
            yield from (item.answer for item in found)


def _grade(gold: Answer, response: str) -> Graded:
    has_self_check(response)
    # What it reads without a box does depend on spaces, so that only its cost is looked at.
    grade(gold, response, lenient=True, marked=True)
    return grade(gold, response)


def _verdict(
    judge: Callable[[Answer, str], Graded], gold: Answer, text: str, findings: Findings
) -> Verdict:
    response = f"So it is \\boxed{{{text}}}"
    began = time.process_time()
    try:
        verdict = judge(gold, response).verdict
    except Exception:  # noqa: BLE001 - whatever a judge raises is what is looked for
        _fail(findings, traceback.format_exc(limit=-1), gold, text)
        return Verdict.ERRORED
    taken = time.process_time() - began
    findings.verdicts[str(verdict)] += 1
    findings.slowest_s = max(findings.slowest_s, taken)
    if taken > CPU_LIMIT_S:
        _fail(findings, f"took {taken:.1f} CPU seconds", gold, text)
    return verdict


def _mutant(text: str, rng: Random) -> str:
    """Return `text` after some insertions, deletions and repetitions; rarely a very long one."""
    for _ in range(rng.randint(1, _MUTATIONS)):
        start, end = sorted(rng.randint(0, len(text)) for _ in range(2))
        match rng.randrange(5):
            case 0 | 1:
                text = text[:start] + rng.choice(_PIECES) + text[start:]
            case 2:
                text = text[:start] + text[end:]
            case 3:
                text = text[:end] + text[start:end] * rng.randint(1, 20) + text[end:]
            case _:
                text = rng.choice(_PIECES) + text + rng.choice(_PIECES)
    if rng.random() < 0.02:
        piece = rng.choice(_PIECES)
        text = text + piece * (rng.choice((2000, _LONG)) // len(piece))
    return text


def _unchanged(gold: Answer, text: str, rng: Random) -> Iterator[str]:
    """Yield `text` with other spaces around it and, for a plain set, in another order."""
    # The last box counts, and spaces outside it are not in the answer; they do count in its length.
    if "boxed" in text or len(text) > MAX_ANSWER_CHARACTERS // 2:
        return
    # A backslash at the end would escape what is put there.
    if not text.endswith("\\"):
        yield rng.choice(_SPACES) + text + rng.choice(_SPACES)
    if isinstance(gold, SetAnswer) and "," in text and not set(text) & set("()[]{}\\$^.'\"`"):
        parts = text.split(",")
        rng.shuffle(parts)
        yield f"{rng.choice(_SPACES)},".join(parts)


def _fail(findings: Findings, why: str, gold: Answer, text: str) -> None:
    findings.failures.append({"why": why, "gold": gold.model_dump_json(), "text": text[:400]})


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time to go on for")
    parser.add_argument("--seed", type=int, default=0, help="names the random stream")
    arguments = parser.parse_args()
    findings = fuzz(arguments.seconds, arguments.seed)
    for failure in findings.failures:
        sys.stdout.write(json.dumps(failure) + "\n")
    seen = ", ".join(f"{count} {verdict}" for verdict, count in findings.verdicts.most_common())
    sys.stdout.write(f"{seen}; the slowest took {findings.slowest_s:.3f} CPU s\n")
    sys.exit(1 if findings.failures else 0)


if __name__ == "__main__":
    main()
