"""Complexities of well-known algorithms."""

from random import Random

from metaprobe.benchmark.answers import BoundAnswer
from metaprobe.benchmark.facts import rows_of
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "What is {}? Answer with a tight bound in big O notation.",
    "In big O notation and as tightly as possible, what is {}?",
    "Give a tight bound in big O notation for {}.",
    "State, in big O notation and as tightly as possible, {}.",
    "Which tight big O bound holds for {}?",
    "Complete with a tight bound in big O notation: {} is ...",
)


@family("coding/fact_retrieval", capacity={1: 72, 2: 72, 3: 72, 4: 72, 5: 72})
def complexity_of_algorithm(rng: Random, level: int) -> Problem:
    """Give the complexity of a well-known algorithm or operation in big O notation.

    Isolates recall of textbook results; nothing has to be derived. A level has twelve results, from
    searching and sorting to algorithms on strings, graphs and large numbers.
    """
    row = rng.choice(rows_of("complexities", level))
    wording = rng.randrange(len(_WORDINGS))
    bound = f"O({row['bound']})"
    rounded = filter(None, row["rounded"].split("|"))
    return Problem(
        question=_WORDINGS[wording].format(row["what"]),
        answer=BoundAnswer(value=bound, aliases=tuple(f"O({form})" for form in rounded)),
        long=(f"{row['reason'][0].upper()}{row['reason'][1:]}.", f"So it is {bound}."),
        key=f"complexity_of_algorithm {row['what']} {wording}",
    )
