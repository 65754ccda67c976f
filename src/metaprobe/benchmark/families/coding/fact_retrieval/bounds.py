r"""Complexities of well-known algorithms, and the spellings in which a bound is accepted.

The bound is written in many ways, such as `O(n log n)` and `O(n \log_2(n))`, and an answer of text
is compared letter by letter; so every usual spelling is an alias.
"""

import re
from collections.abc import Mapping
from itertools import product
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import TextAnswer, fold
from metaprobe.benchmark.facts import table
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "What is {}? Answer with a tight bound in big O notation.",
    "In big O notation and as tightly as possible, what is {}?",
    "Give a tight bound in big O notation for {}.",
    "State, in big O notation and as tightly as possible, {}.",
    "Which tight big O bound holds for {}?",
    "Complete with a tight bound in big O notation: {} is ...",
)


class _Notation(NamedTuple):
    """One way to write formulas; the two ways are not mixed, which keeps the aliases few."""

    parts: Mapping[str, tuple[str, ...]]
    """Spellings of the parts of a bound; every other part has one."""
    sums: tuple[str, ...]
    products: tuple[str, ...]
    wholes: tuple[str, ...]


_PLAIN = _Notation(
    parts={
        "log n": ("log n", "log(n)", "logn", "log2 n", "log2(n)", "log_2 n", "log_2(n)"),
        "log log n": ("log log n", "log log(n)", "log(log n)", "log(log(n))", "loglog n"),
        "sqrt(V)": ("sqrt(V)", "sqrt V", "√(V)", "√V", "V^(1/2)", "V^0.5"),
        "(n + k)": ("(n + k)", "(n+k)", "(k + n)", "(k+n)"),
        "n^(log2 3)": (
            *("n^(log2 3)", "n^(log2(3))", "n^(log_2 3)", "n^(log_2(3))", "n^(log23)"),
            *("n^log2 3", "n^log2(3)", "n^log_2 3", "n^log_2(3)", "n^log23"),
            *("n^1.585", "n^1.58"),
        ),
        "n^(log2 7)": (
            *("n^(log2 7)", "n^(log2(7))", "n^(log_2 7)", "n^(log_2(7))", "n^(log27)"),
            *("n^log2 7", "n^log2(7)", "n^log_2 7", "n^log_2(7)", "n^log27"),
            *("n^2.807", "n^2.81"),
        ),
    },
    sums=(" + ", "+"),
    products=(" ", "", " * ", "*", " · ", "·", " × "),
    wholes=("O({})",),
)
_LATEX = _Notation(
    parts={
        "log n": tuple(rf"\log{base}{n}" for base in ("", "_2", "_{2}") for n in (" n", "(n)")),
        "log log n": (r"\log \log n", r"\log\log n", r"\log(\log n)", r"\log(\log(n))"),
        "sqrt(V)": (r"\sqrt{V}", r"\sqrt V", "V^{1/2}"),
        "(n + k)": ("(n + k)", "(n+k)", "(k + n)", "(k+n)"),
        "n^(log2 3)": (
            *(r"n^{\log_2 3}", r"n^{\log_2(3)}", r"n^{\log_23}", r"n^{\lg 3}", "n^{1.585}"),
            *(r"n^{\log_{2} 3}", r"n^{\log_{2}(3)}", r"n^{\log_{2}3}", "n^{1.58}"),
        ),
        "n^(log2 7)": (
            *(r"n^{\log_2 7}", r"n^{\log_2(7)}", r"n^{\log_27}", r"n^{\lg 7}", "n^{2.807}"),
            *(r"n^{\log_{2} 7}", r"n^{\log_{2}(7)}", r"n^{\log_{2}7}", "n^{2.81}"),
        ),
    },
    sums=(" + ", "+"),
    products=(" ", "", r" \cdot ", r"\cdot ", r" \times "),
    wholes=("O({})", r"\mathcal{{O}}({})"),
)
_OPEN_ENDED = re.compile(r"(?:log|sqrt|√)[^({]*$")
"""A function without brackets, which would take what is written behind it as its argument."""


@family("coding/fact_retrieval", capacity={1: 72, 2: 72, 3: 72, 4: 72, 5: 72})
def complexity_of_algorithm(rng: Random, level: int) -> Problem:
    """Give the complexity of a well-known algorithm or operation in big O notation.

    Isolates recall of textbook results; nothing has to be derived. A level has twelve results, from
    searching and sorting to algorithms on strings, graphs and large numbers.
    """
    row = rng.choice([row for row in table("complexities") if row["level"] == str(level)])
    wording = rng.randrange(len(_WORDINGS))
    bound = f"O({row['bound'].replace(' * ', ' ')})"
    return Problem(
        question=_WORDINGS[wording].format(row["what"]),
        answer=TextAnswer(value=bound, aliases=_spellings(row["bound"])),
        long=(f"{row['reason'][0].upper()}{row['reason'][1:]}.", f"So it is {bound}."),
        key=f"complexity_of_algorithm {row['what']} {wording}",
    )


def _spellings(bound: str) -> tuple[str, ...]:
    """Return other ways to write a bound that is a sum or, with `*`, a product."""
    texts = {text for notation in (_PLAIN, _LATEX) for text in _written(bound, notation)}
    distinct = {fold(text): text for text in sorted(texts)}
    del distinct[fold(f"O({bound.replace(' * ', ' ')})")]
    return tuple(distinct.values())


def _written(bound: str, notation: _Notation) -> set[str]:
    """Return the ways to write a bound in one notation."""
    is_product = " * " in bound
    parts = bound.split(" * " if is_product else " + ")
    bodies = {
        joint.join(order)
        for chosen in product(*(notation.parts.get(part, (part,)) for part in parts))
        for order in (chosen, chosen[::-1])
        for joint in (notation.products if is_product else notation.sums)
        if not any(_OPEN_ENDED.search(part) for part in order[:-1])
    }
    # Vertices and edges are often written as sizes of their sets.
    bodies |= {re.sub("[VE]", r"|\g<0>|", body) for body in bodies}
    return {whole.format(body) for whole in notation.wholes for body in bodies}
