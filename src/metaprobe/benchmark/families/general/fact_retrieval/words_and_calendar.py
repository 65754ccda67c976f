"""general/fact_retrieval: the calendar, the meanings of words, and abbreviations."""

from random import Random

from metaprobe.benchmark.answers import Answer, ChoiceAnswer, IntegerAnswer, TextAnswer
from metaprobe.benchmark.facts import listed, rows_of
from metaprobe.benchmark.family import Problem, family
from metaprobe.core.vocabulary import LEVELS

Row = dict[str, str]


def _capacity(name: str) -> dict[int, int]:
    """Return six times the number of facts of each level: one problem for each wording."""
    return {level: 6 * len(rows_of(name, level)) for level in LEVELS}


_SEASONS = ("spring", "summer", "autumn", "winter")
_NUMBERED = ("days", "number", "foreign")
_NEXT = (
    "Which {0} comes right after {1}?",
    "Name the {0} that follows {1}.",
    "{1} is followed by which {0}?",
    "What is the next {0} after {1}?",
    "After {1} comes which {0}?",
    "Give the {0} that comes directly after {1}.",
)
_PREVIOUS = (
    "Which {0} comes right before {1}?",
    "Name the {0} that precedes {1}.",
    "{1} follows directly on which {0}?",
    "What is the last {0} before {1}?",
    "Before {1} comes which {0}?",
    "Give the {0} that comes directly before {1}.",
)
_SEASON = (
    "Which season does {1} belong to in the {0} hemisphere",
    "In the {0} hemisphere, which season is {1} a part of",
    "What season is it in {1} in the {0} hemisphere",
    "Which is the season of {1} in the {0} hemisphere",
    "{1} counts as which season in the {0} hemisphere",
    "For the {0} hemisphere, which season has {1} in it",
)
_CALENDAR = {
    "after": _NEXT,
    "before": _PREVIOUS,
    "day_after": _NEXT,
    "day_before": _PREVIOUS,
    "north": _SEASON,
    "south": _SEASON,
    "days": (
        "How many days does {1} have?",
        "How many days are there in {1}?",
        "Give the number of days in {1}.",
        "{1} has how many days?",
        "How long is {1}, in days?",
        "What is the number of days of {1}?",
    ),
    "ordinal": (
        "What is the name of month number {1} of the year?",
        "Counting from January as 1, which month has the number {1}?",
        "Name month {1} of the year.",
        "In a date, which month is written as {1}?",
        "Which month is number {1} in the year?",
        "If January is month 1, what is month {1} called?",
    ),
    "number": (
        "What is the number of {1} among the months of the year?",
        "Counting from January as 1, what number is {1}?",
        "As which number is {1} written in a date?",
        "If January is month 1, which month of the year is {1}? Answer with a number.",
        "Give the number of the month {1}.",
        "{1} is the month with which number?",
    ),
    "feast": (
        "In which month is {1}?",
        "Name the month of {1}.",
        "{1} falls into which month?",
        "Which month has {1} in it?",
        "What is the month in which {1} is celebrated?",
        "During which month of the year is {1}?",
    ),
    "origin": (
        "Which month or day of the week is named after {1}?",
        "The English name of which month or day of the week comes from {1}?",
        "Name the month or day of the week that is called after {1}.",
        "In English, {1} gave a name to which month or day of the week?",
        "What month or day of the week has its English name from {1}?",
        "Give the month or day of the week whose name goes back to {1}.",
    ),
    "foreign": (
        "Counting from 1, what number is the month {1}?",
        "What is the number of the month {1}, the first month being 1?",
        "Give the position, from 1 to 12, of the month {1}.",
        "At which place, from 1 to 12, stands the month {1}?",
        "In the order of months, at which place (1 to 12) is {1}?",
        "As which month of the year, from 1 to 12, does one count {1}?",
    ),
}
_NOUN = {"day_after": "day of the week", "day_before": "day of the week"}
_HALF = {"north": "northern", "south": "southern"}


@family("general/fact_retrieval", capacity=_capacity("months"))
def month_and_season_facts(rng: Random, level: int) -> Problem:
    """Recall a fact about months, days of the week, seasons, feasts or foreign calendars.

    Isolates recall of fixed sequences and dates. A level asks for neighbours and lengths of months
    (1), their numbers and northern seasons (2), southern seasons and feasts (3), the origins of
    names and the months of the Islamic and Persian calendars (4) and of rarer calendars (5).
    """
    row = rng.choice(rows_of("months", level))
    wording = rng.randrange(6)
    relation, subject, value = row["relation"], row["subject"], row["value"]
    question = _CALENDAR[relation][wording].format(
        _HALF.get(relation, _NOUN.get(relation, "month")), subject
    )
    answer: Answer
    if relation in _HALF:
        question += (
            ", with seasons of whole months as in meteorology: spring, summer, autumn or winter?"
        )
        answer = ChoiceAnswer(value=value, options=_SEASONS)
    elif relation in _NUMBERED:
        answer = IntegerAnswer(value=int(value))
    else:
        answer = TextAnswer(value=value)
    return Problem(
        question=question[0].upper() + question[1:],
        answer=answer,
        long=(f"Asked about: {subject}", f"{relation.replace('_', ' ').capitalize()}: {value}"),
        key=f"month_and_season_facts {relation} {subject} {wording}",
    )


_OPTIONS = {1: 3, 2: 4, 3: 4, 4: 5, 5: 6}
_MEANINGS = (
    'Which word means "{0}": {1}?',
    'One of these words means "{0}": {1}. Which one?',
    'Choose the word for "{0}": {1}.',
    'A dictionary says "{0}". Which word is that: {1}?',
    '"{0}" is the definition of one of these words: {1}. Which is it?',
    'Which of these words has the meaning "{0}": {1}?',
)


@family("general/fact_retrieval", capacity=_capacity("meanings"))
def word_meaning(rng: Random, level: int) -> Problem:
    """Tell which of some nouns a dictionary's definition belongs to.

    Isolates recall of what words mean. A level has its own nouns, from everyday words (1) to words
    that few people use (5), and more of them to choose from.
    """
    rows = rows_of("meanings", level)
    row = rng.choice(rows)
    wording = rng.randrange(6)
    word, definition = row["word"], row["definition"]
    others = [other["word"] for other in rows if other["word"] != word]
    options = [word, *rng.sample(others, _OPTIONS[level] - 1)]
    rng.shuffle(options)
    return Problem(
        question=_MEANINGS[wording].format(definition, ", ".join(options)),
        answer=ChoiceAnswer(value=word, options=tuple(options)),
        long=(f"Meaning: {definition}", f"Word: {word}"),
        key=f"word_meaning {word} {wording}",
    )


_SHORT_FOR = (
    "What does {0} stand for in {1}?",
    "In {1}, what is the abbreviation {0} short for?",
    "Write out the abbreviation {0} as it is used in {1}.",
    "{0} is an abbreviation in {1}. What is its full form?",
    "Give the full form of {0}, an abbreviation in {1}.",
    "How is the abbreviation {0} written out in {1}?",
)


@family("general/fact_retrieval", capacity=_capacity("abbreviations"))
def common_abbreviation(rng: Random, level: int) -> Problem:
    """Write out an abbreviation.

    Isolates recall of full forms, which initials do not determine. A level has its own
    abbreviations, from measures and days (1) over organizations (2) and technology (3) to Latin
    ones in common use (4) and in footnotes and prescriptions (5).
    """
    row = rng.choice(rows_of("abbreviations", level))
    wording = rng.randrange(6)
    short, value = row["abbreviation"], row["value"]
    return Problem(
        question=_SHORT_FOR[wording].format(short, row["field"]),
        answer=TextAnswer(value=value, aliases=listed(row["aliases"])),
        long=(f"Abbreviation: {short}", f"Full form: {value}"),
        key=f"common_abbreviation {short} {wording}",
    )
