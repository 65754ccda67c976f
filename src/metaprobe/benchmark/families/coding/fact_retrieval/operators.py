"""The precedence of Python's operators."""

from functools import cache
from itertools import combinations
from random import Random

from metaprobe.benchmark.answers import ChoiceAnswer
from metaprobe.benchmark.facts import table
from metaprobe.benchmark.family import Problem, family

_PRECEDENCE_WORDINGS = (
    "Which of these Python operators binds more tightly?\nA: {}\nB: {}\nAnswer A, B or same.",
    "Which operator has the higher precedence in Python?\nA: {}\nB: {}\nAnswer A, B or same.",
    "Where a Python expression has no brackets, which operator binds more tightly?\nA: {}\nB: {}\n"
    "Answer A, B or same.",
    "Compare the precedence of two Python operators. Which one is higher?\nA: {}\nB: {}\n"
    "Answer A, B or same.",
)
_LOWEST_PARTNER = {1: 1, 2: 1, 3: 1, 4: 2, 5: 3}
"""By level, the least common kind of operator that stands beside one of that level."""
_SIDES_DIFFER = ({"x ** y", "-x"}, {"x ** y", "~x"})
"""A power binds more tightly than a sign to its left, and less tightly than one to its right."""


@family("coding/fact_retrieval", capacity={1: 84, 2: 180, 3: 344, 4: 324, 5: 496})
def operator_precedence(rng: Random, level: int) -> Problem:
    """Tell which of two Python operators binds more tightly, or that they bind equally.

    Isolates recall of the table of precedence. Level 1 has the arithmetic operators, level 2 adds
    comparisons and the words and, or, not, level 3 signs, subscripts and conditional expressions,
    level 4 the bitwise operators, level 5 rarely used ones such as := and lambda.
    """
    pairs = _operator_pairs(level)
    first, second = rng.choice(pairs)
    wording = rng.randrange(len(_PRECEDENCE_WORDINGS))
    key = f"operator_precedence {first['form']} {second['form']} {wording}"
    if rng.random() < 0.5:
        first, second = second, first
    rank, other = int(first["rank"]), int(second["rank"])
    answer = "same" if rank == other else "A" if rank > other else "B"
    return Problem(
        question=_PRECEDENCE_WORDINGS[wording].format(first["form"], second["form"]),
        answer=ChoiceAnswer(value=answer, options=("A", "B", "same")),
        long=(
            f"Counted from the loosest, {first['form']} is at {rank}.",
            f"{second['form']} is at {other}.",
            f"So it is {answer}.",
        ),
        key=key,
    )


@cache
def _operator_pairs(level: int) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return the pairs of operators of which the less common one is of that level."""
    allowed = [
        row
        for row in table("python_operators")
        if _LOWEST_PARTNER[level] <= int(row["level"]) <= level
    ]
    return [
        (a, b)
        for a, b in combinations(allowed, 2)
        if str(level) in (a["level"], b["level"]) and {a["form"], b["form"]} not in _SIDES_DIFFER
    ]
