"""Verdicts on boxed numbers, against math-verify and against lm-eval's exact match.

The golds are the integers and fractions of our items. The responses are right and wrong ones, in
ways to write them on which math-verify and we agree, which both sides check at every turn. lm-eval
gets a regular expression for the box and the normalisation of its GSM8K task; it compares text, so
that it is wrong about a fraction that is written otherwise. The peers have read their golds before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from common import Bench, Turn, main

if TYPE_CHECKING:
    from metaprobe.benchmark.answers import Answer

ITEMS = 400
REASONING = "First we look at what is asked.\nThen we compute, step by step, 3 + 4 = 7.\n" * 4
BOX = r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}"
IGNORED = [",", "\\$", "(?s).*#### ", "\\.$"]


def cases() -> list[tuple[Answer, str, bool]]:
    """Golds with responses, and whether these are right."""
    from metaprobe.benchmark.answers import IntegerAnswer, RationalAnswer
    from metaprobe.benchmark.family import find_family
    from metaprobe.core.vocabulary import LEVELS, Split

    names = ("integer_expression", "fraction_arithmetic", "modular_power", "recurrence")
    count = ITEMS // len(names) // len(LEVELS)
    found: list[tuple[Answer, str, bool]] = []
    for name in names:
        for level in LEVELS:
            stream = find_family(name).stream(split=Split.TRAIN, level=level, seed=0, limit=count)
            for gold in (item.answer for item in stream):
                assert isinstance(gold, IntegerAnswer | RationalAnswer)
                for text, right in ways(gold.render()):
                    found.append((gold, f"{REASONING}So it is \\boxed{{{text}}}.", right))
    return found


def ways(gold: str) -> list[tuple[str, bool]]:
    """Ways to write a gold, and other numbers."""
    over, _, under = gold.partition("/")
    if under:
        sign, over = ("-", over[1:]) if over.startswith("-") else ("", over)
        return [
            (gold, True),
            (f"{sign}\\frac{{{over}}}{{{under}}}", True),
            (f"{sign}\\dfrac{{{over}}}{{{under}}}", True),
            (f"{sign}\\frac{{{int(over) + 1}}}{{{under}}}", False),
        ]
    return [
        (gold, True),
        (f"{int(gold):,}", True),
        (f"{gold}.0", True),
        (str(int(gold) + 1), False),
    ]


def loop(judge: Callable[[Answer, str], bool], *, check: bool = True) -> None:
    """Judge all cases at each turn."""
    given = cases()
    turn = Turn()
    while True:
        turn.start()
        verdicts = [judge(gold, response) for gold, response, _ in given]
        turn.stop(len(verdicts))
        assert not check or verdicts == [right for _, _, right in given]


def ours(_base: str | None) -> None:
    """Extraction and typed comparison."""
    from metaprobe.benchmark.grading import grade
    from metaprobe.core.vocabulary import Verdict

    loop(lambda gold, response: grade(gold, response).verdict is Verdict.CORRECT)


def lm_eval(_base: str | None) -> None:
    """The filter and the metric of lm-eval, one response at a time as its harness calls them."""
    from lm_eval.api.metrics import exact_match_hf_evaluate
    from lm_eval.filters.extraction import RegexFilter

    extract = RegexFilter(regex_pattern=BOX, group_select=-1)

    def judge(gold: Answer, response: str) -> bool:
        answer = extract.apply([[response]], [{}])[0][0]
        score = exact_match_hf_evaluate(
            [answer], [gold.render()], regexes_to_ignore=IGNORED, ignore_case=True
        )
        return bool(score["exact_match"])

    loop(judge, check=False)


def math_verify(_base: str | None) -> None:
    """math-verify, with golds that were parsed before."""
    from math_verify import parse, verify

    golds = {gold: parse(f"\\boxed{{{gold.render()}}}") for gold, _, _ in cases()}
    loop(lambda gold, response: verify(golds[gold], parse(response)))


if __name__ == "__main__":
    main(
        Bench(
            name="grading",
            peer="math-verify",
            sides={"ours": ours, "lm-eval": lm_eval, "math-verify": math_verify},
            unit="verdicts",
            packages=("math-verify", "lm-eval"),
            needs={"lm-eval": "lm-eval", "math-verify": "math-verify"},
            warm_up=1,
            turns=3,
        )
    )
