"""general/fact_retrieval: countries and animals, as a good general education knows them."""

from functools import cache
from random import Random

from metaprobe.benchmark.answers import ChoiceAnswer, TextAnswer
from metaprobe.benchmark.facts import listed, rows_of, table
from metaprobe.benchmark.family import Problem, family
from metaprobe.core.vocabulary import LEVELS

Row = dict[str, str]


_ASKING = {
    "capital": (
        "What is the capital of {}?",
        "Name the capital of {}.",
        "Which city is the capital of {}?",
        "The capital of {} is which city?",
        "Give the name of the capital of {}.",
        "{} has which city as its capital?",
    ),
    "country": (
        "{} is the capital of which country?",
        "Which country has {} as its capital?",
        "Name the country whose capital is {}.",
        "Of which country is {} the capital?",
        "What country is {} the capital of?",
        "In which country is {} the capital city?",
    ),
    "currency": (
        "What is the official currency of {}?",
        "Which currency is the official one of {}?",
        "Name the official currency of {}.",
        "{} has which official currency?",
        "What is the official money of {} called?",
        "The official currency of {} is which one?",
    ),
    "language": (
        "What is the official language of {}?",
        "Which language is official in {}?",
        "Name the official language of {}.",
        "The official language of {} is which one?",
        "In {}, which language is the official one?",
        "Which official language does {} have?",
    ),
    "capital_to_currency": (
        "What is the official currency of the country whose capital is {}?",
        "Which currency is the official one of the country that has {} as its capital?",
        "{} is the capital of a country. What is its official currency called?",
        "Name the official currency of the country with the capital {}.",
        "The official currency of the country whose capital is {} is which one?",
        "Which official currency does the country with {} as its capital have?",
    ),
}
_RELATIONS = {
    1: ("capital", "country", "currency", "language"),
    2: ("capital", "country", "currency", "language"),
    3: ("capital", "country", "currency", "language"),
    4: ("capital", "country", "currency", "language"),
    5: ("capital", "currency", "language", "capital_to_currency"),
}


@cache
def _country_facts(level: int) -> tuple[tuple[str, Row], ...]:
    needs = {"country": ("capital",), "capital_to_currency": ("capital", "currency")}
    return tuple(
        (relation, row)
        for row in rows_of("countries", level)
        for relation in _RELATIONS[level]
        if all(row[column] for column in needs.get(relation, (relation,)))
    )


@family(
    "general/fact_retrieval",
    capacity={n: 6 * len(_country_facts(n)) for n in LEVELS},
)
def capital_currency_language(rng: Random, level: int) -> Problem:
    """Name the capital, currency or official language of a country, or the country of a capital.

    Isolates recall. A level has its own 25 countries, from the best known (1) to the least known
    (5); at level 5 the country may be named by its capital only.
    """
    relation, row = rng.choice(_country_facts(level))
    wording = rng.randrange(6)
    from_capital = relation in ("country", "capital_to_currency")
    name = row["country"]
    asked = row["capital"] if from_capital else _with_article(row)
    column = "currency" if relation == "capital_to_currency" else relation
    value = row[column]
    aliases = row["aliases" if column == "country" else f"{column}_aliases"]
    long: tuple[str, ...]
    if relation == "country":
        long = (f"Capital: {asked}", f"Country: {name}")
    elif relation == "capital_to_currency":
        long = (f"Capital: {asked}", f"Country: {name}", f"Currency of {name}: {value}")
    else:
        long = (f"Country: {name}", f"{column.capitalize()} of {name}: {value}")
    return Problem(
        question=_opened(_ASKING[relation][wording].format(asked)),
        answer=TextAnswer(value=value, aliases=listed(aliases)),
        short=(),
        long=long,
        key=f"capital_currency_language {relation} {name} {wording}",
    )


_CONTINENTS = ("Africa", "Asia", "Europe", "North America", "South America", "Oceania")
_CHOICES = {1: 3, 2: 3, 3: 4, 4: 5, 5: 6}
_NEIGHBOURS = 2
"""Most border facts of one country."""
_WHERE = (
    "On which continent is {}?",
    "To which continent does {} belong?",
    "Name the continent of {}.",
    "Of which continent is {} a part?",
    "Which continent contains {}?",
    "In what part of the world is {}?",
)
_BORDERS = (
    "Which of these countries shares a land border with {}: {}?",
    "Which one is a neighbour of {} on land: {}?",
    "One of these countries borders {} on land: {}. Which one?",
    "{} has a land border with one of these countries: {}. With which?",
    "From {} one can walk straight into one of these countries: {}. Into which?",
    "Choose the country that borders {} on land: {}.",
)


@cache
def _place_facts(level: int) -> tuple[tuple[str, Row], ...]:
    """Return pairs of a neighbour's name, blank for the continent, and the country's row."""
    rank = {row["country"]: int(row["level"]) for row in table("countries")}
    facts: list[tuple[str, Row]] = []
    for row in table("countries"):
        if rank[row["country"]] == level:
            known = [name for name in listed(row["borders"]) if rank[name] <= level]
            best_known = sorted(known, key=lambda name: rank[name])
            facts += [(name, row) for name in best_known[:_NEIGHBOURS]]
            facts += [("", row)] if row["continent"] else []
    return tuple(facts)


@family(
    "general/fact_retrieval",
    capacity={n: 6 * len(_place_facts(n)) for n in LEVELS},
)
def continent_and_border(rng: Random, level: int) -> Problem:
    """Name the continent of a country, or tell which of some countries has a border with it.

    Isolates recall of where countries are. A level has its own 25 countries, from the best known
    (1) to the least known (5); the wrong options lie on other continents at levels 1 and 2, and
    from level 3 on they are more and lie on the same continent.
    """
    neighbour, row = rng.choice(_place_facts(level))
    wording = rng.randrange(6)
    name, asked = row["country"], _with_article(row)
    key = f"continent_and_border {name} {neighbour} {wording}"
    if not neighbour:
        listed = ", ".join(_CONTINENTS[:-1]) + " or " + _CONTINENTS[-1]
        return Problem(
            question=f"{_WHERE[wording].format(asked)} Answer with {listed}.",
            answer=ChoiceAnswer(value=row["continent"], options=_CONTINENTS),
            long=(f"Country: {name}", f"Continent of {name}: {row['continent']}"),
            key=key,
        )
    options = [neighbour, *_far_countries(rng, level, row)]
    rng.shuffle(options)
    question = _BORDERS[wording].format(asked, ", ".join(options))
    return Problem(
        question=_opened(question),
        answer=ChoiceAnswer(value=neighbour, options=tuple(options)),
        long=(f"Country: {name}", f"Neighbour of {name}: {neighbour}"),
        key=key,
    )


def _far_countries(rng: Random, level: int, row: Row) -> list[str]:
    return rng.sample(_not_bordering(level, row["country"]), _CHOICES[level] - 1)


@cache
def _not_bordering(level: int, country: str) -> list[str]:
    row = next(row for row in table("countries") if row["country"] == country)
    close = {country, *listed(row["borders"]), *listed(row["near"])}
    same = level >= 3
    return [
        other["country"]
        for other in table("countries")
        if other["country"] not in close
        and int(other["level"]) <= max(level, 2)
        and other["continent"]
        and (not row["continent"] or (other["continent"] == row["continent"]) == same)
    ]


_CLASSES = ("mammal", "bird", "fish", "reptile", "amphibian", "insect")
_ANIMALS = {
    "class": (
        "To which group of animals does the {} belong",
        "What kind of animal is the {}",
        "In which of these groups is the {}",
        "How is the {} classed",
        "Which of these is the {}",
        "Which word describes the {} best",
    ),
    "young": (
        "What is the young of the {} called?",
        "What do we call the young of the {}?",
        "Which word means the young of the {}?",
        "Give the name for the young of the {}.",
        "The young of the {} has its own name. Which is it?",
        "Name the young of the {} with the proper word.",
    ),
    "group": (
        "What is a group of {} called?",
        "Which word is used for a group of {}?",
        "Give the collective noun for {}.",
        "Complete the phrase for a group of animals: a ... of {}.",
        "When many {} are together, what is the group called?",
        "What is the collective noun for {}?",
    ),
}
_RARE_GROUPS = (
    "Which word of their own, other than flock and the like, means a group of {}?",
    "Besides general words such as flock, what is the collective noun for {}?",
    "Give the old collective noun for {}, which is neither flock nor another general word.",
    "Complete the phrase with the special word for a group of these animals: a ... of {}.",
    "What is the special collective noun for {}, more special than flock?",
    "Name the special word, not flock or a similar one, for a group of {}.",
)
"""From level 3 on, since a general word such as flock is right for many animals."""


@cache
def _animal_facts(level: int) -> tuple[tuple[str, Row], ...]:
    return tuple(
        (relation, row)
        for row in rows_of("animals", level)
        for relation in _ANIMALS
        if row[relation]
    )


@family(
    "general/fact_retrieval",
    capacity={n: 6 * len(_animal_facts(n)) for n in LEVELS},
)
def animal_and_group(rng: Random, level: int) -> Problem:
    """Name the class of an animal, the word for its young or for a group of them.

    Isolates recall of common words about animals. A level has its own animals, from the farm (1)
    to the tuatara (5), with ever rarer words for their young and their groups.
    """
    relation, row = rng.choice(_animal_facts(level))
    wording = rng.randrange(6)
    animal, value = row["animal"], row[relation]
    asking = _RARE_GROUPS if relation == "group" and level >= 3 else _ANIMALS[relation]
    question = asking[wording].format(row["plural"] if relation == "group" else animal)
    answer: ChoiceAnswer | TextAnswer
    if relation == "class":
        question += f": {', '.join(_CLASSES[:-1])} or {_CLASSES[-1]}?"
        answer = ChoiceAnswer(value=value, options=_CLASSES)
    else:
        answer = TextAnswer(value=value, aliases=listed(row[f"{relation}_aliases"]))
    return Problem(
        question=question,
        answer=answer,
        short=(),
        long=(f"Animal: {animal}", f"{relation.capitalize()} of the {animal}: {value}"),
        key=f"animal_and_group {relation} {animal} {wording}",
    )


def _with_article(row: Row) -> str:
    return f"{row['article']} {row['country']}".strip()


def _opened(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
