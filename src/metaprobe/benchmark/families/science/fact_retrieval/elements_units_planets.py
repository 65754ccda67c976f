"""science/fact_retrieval: elements, units and planets recalled without any arithmetic."""

import re
from random import Random

from metaprobe.benchmark.answers import Answer, IntegerAnswer, SetAnswer, TextAnswer
from metaprobe.benchmark.facts import listed, rows_of, table
from metaprobe.benchmark.family import Problem, family

_ELEMENT_WORDINGS = {
    "symbol": (
        "What is the chemical symbol of {name}?",
        "Which symbol stands for the element {name}?",
        "Give the chemical symbol for {name}.",
        "How is the element {name} written as a symbol?",
        "In the periodic table, {name} has which symbol?",
        "Write down the symbol of the element {name}.",
    ),
    "name": (
        "Which element has the symbol {symbol}?",
        "What is the name of the element {symbol}?",
        "Name the chemical element with the symbol {symbol}.",
        "The symbol {symbol} stands for which element?",
        "Give the name of the element whose symbol is {symbol}.",
        "In the periodic table, what does {symbol} stand for?",
    ),
    "number": (
        "What is the atomic number of {name}?",
        "Give the atomic number of {name}.",
        "How many protons are in an atom of {name}?",
        "Which atomic number does {name} have?",
        "State the number of protons in the nucleus of {name}.",
        "In the periodic table, {name} is element number what?",
    ),
    "from_number": (
        "Which element has the atomic number {number}?",
        "Name the element with atomic number {number}.",
        "What is the name of element number {number}?",
        "Which element is number {number} in the periodic table?",
        "An atom has a nucleus with proton number {number}. Name the element.",
        "Give the name of the element whose atomic number is {number}.",
    ),
    "group": (
        "In which group of the periodic table (1 to 18) is {name}?",
        "Give the group number (1 to 18) of {name}.",
        "What is the group number of {name}, from 1 to 18?",
        "Which of the groups 1 to 18 contains {name}?",
        "To which group, counted from 1 to 18, does {name} belong?",
        "State the IUPAC group (1 to 18) of the element {name}.",
    ),
    "period": (
        "In which period of the periodic table is {name}?",
        "Give the number of the period of {name}.",
        "Which period (row) of the periodic table contains {name}?",
        "What is the period number of {name}?",
        "To which period does the element {name} belong?",
        "State the period of {name} in the periodic table.",
    ),
}
_GROUP_LEVEL = 3
"""From this level on the group and the period are asked for too."""

_UNIT_WORDINGS = (
    "What is the SI unit of {quantity}?",
    "Name the SI unit of {quantity}.",
    "In which SI unit is {quantity} measured?",
    "Which SI unit is used for {quantity}?",
    "Give the SI unit in which {quantity} is expressed.",
    "The quantity is {quantity}. What is its SI unit?",
)
_UNIT_SYMBOL_WORDINGS = (
    "What is the symbol of the SI unit of {quantity}?",
    "Give the symbol of the SI unit for {quantity}.",
    "Which symbol does the SI unit of {quantity} have?",
    "How is the SI unit of {quantity} abbreviated?",
    "Write the symbol for the SI unit of {quantity}.",
    "The quantity is {quantity}. What is the symbol of its SI unit?",
)
_BASE_WORDINGS = (
    "Write the {unit}, the SI unit of {quantity}, in SI base units.",
    "Express the {unit} (the SI unit of {quantity}) in SI base units.",
    "What is the {unit}, unit of {quantity}, in terms of SI base units?",
    "How is the {unit}, which measures {quantity}, built of SI base units?",
    "Give the {unit}, the unit of {quantity}, as a product of powers of SI base units.",
    "Of which powers of SI base units is the {unit}, the unit of {quantity}, the product?",
)
_BASE_LEVEL = 5

_PLANET_WORDINGS = {
    "planet": (
        "Which planet is number {order} counted from the Sun?",
        "Name planet number {order} from the Sun.",
        "Counting outward from the Sun, which planet comes as number {order}?",
        "Which planet has position {order} in the order of distance from the Sun?",
        "If Mercury is planet 1, which planet is planet {order}?",
        "Give the name of planet {order} of the Solar System, counted from the Sun.",
    ),
    "order": (
        "Which number does {planet} have when the planets are counted from the Sun?",
        "What is the position of {planet} among the planets, counted from the Sun?",
        "Counting outward from the Sun, what number is the planet {planet}?",
        "If Mercury is planet 1, what number is {planet}?",
        "In the order of distance from the Sun, which place (1 to 8) does {planet} take?",
        "Give the number of the planet {planet}, counted from the Sun.",
    ),
    "next": (
        "Which planet is the next one beyond {planet}, going away from the Sun?",
        "Going outward from the Sun, which planet follows {planet}?",
        "Name the planet that comes right after {planet}, counted from the Sun.",
        "Which planet's orbit is the first one outside that of {planet}?",
        "Counted from the Sun, what planet comes next after {planet}?",
        "A probe travels outward from {planet}. Which planet's orbit does it reach first?",
    ),
    "previous": (
        "Which planet comes just before {planet}, counted from the Sun?",
        "Going inward to the Sun, which planet follows {planet}?",
        "Name the planet whose orbit is the first one inside that of {planet}.",
        "Counted from the Sun, what planet stands right before {planet}?",
        "A probe travels from {planet} toward the Sun. Which planet's orbit does it reach first?",
        "Which planet is the next one on the way from {planet} to the Sun?",
    ),
    "moon": (
        "Which planet does the moon {moon} orbit?",
        "The moon {moon} belongs to which planet?",
        "Name the planet that has the moon {moon}.",
        "Around which planet does the moon {moon} move?",
        "{moon} is a moon of which planet?",
        "Of which planet is {moon} a natural satellite?",
    ),
}
_PLANET_ASKED = {1: ("planet", "order"), 2: ("next", "previous")}


@family(
    "science/fact_retrieval",
    capacity={1: 480, 2: 480, 3: 800, 4: 700, 5: 700},
)
def element_symbol_number_group(rng: Random, level: int) -> Problem:
    """Recall the symbol, name, atomic number, group or period of a chemical element.

    Isolates recall from the periodic table. A level has its own elements, from the best known to
    the rarest; from level 3 on the group and the period are asked for as well.
    """
    row = rng.choice(rows_of("elements", level))
    asked = ["symbol", "name", "number", "from_number"]
    if level >= _GROUP_LEVEL:
        asked += ["group", "period"] if row["group"] else ["period"]
    kind = rng.choice(asked)
    wording = rng.randrange(len(_ELEMENT_WORDINGS[kind]))
    recalled = [f"{row['name']}: symbol {row['symbol']}, atomic number {row['number']}"]
    if kind in ("group", "period"):
        recalled = [f"{row['name']}: {kind} {row[kind]}"]
    answer: Answer
    if kind == "symbol":
        answer = TextAnswer(value=row["symbol"])
    elif kind in ("name", "from_number"):
        names = [row["name"], *filter(None, [row["other_name"]])]
        with_symbol = [f"{name} ({row['symbol']})" for name in names]
        answer = TextAnswer(value=row["name"], aliases=(*names[1:], *with_symbol))
    else:
        answer = IntegerAnswer(value=int(row[kind]))
    return Problem(
        question=_ELEMENT_WORDINGS[kind][wording].format_map(row),
        answer=answer,
        long=tuple(recalled),
        key=f"element_symbol_number_group {row['symbol']} {kind} {wording}",
    )


@family(
    "science/fact_retrieval",
    capacity={1: 120, 2: 72, 3: 96, 4: 84, 5: 90},
)
def si_unit_of_quantity(rng: Random, level: int) -> Problem:
    """Recall the SI unit of a quantity, its symbol, or how it is built of base units.

    Isolates recall from the SI. Levels 1 to 3 ask for units with a name of their own, level 4 for
    rarer and compound units, level 5 for the exponents of the base units.
    """
    row = rng.choice(rows_of("si_units", level))
    answer: Answer
    if level == _BASE_LEVEL:
        kind, wordings = "base", _BASE_WORDINGS
        answer = SetAnswer(items=tuple(row["symbol"].split(", ")))
        closing = " List each base unit with its exponent, such as m^1, K^-4."
    elif level <= 3 and rng.random() < 0.5:
        kind, wordings = "symbol", _UNIT_SYMBOL_WORDINGS
        answer, closing = TextAnswer(value=row["symbol"]), ""
    else:
        kind, wordings = "unit", _UNIT_WORDINGS
        answer = TextAnswer(value=row["unit"], aliases=_other_forms(row))
        closing = " Answer in words." if level == 4 else ""
    number = rng.randrange(len(wordings))
    return Problem(
        question=wordings[number].format_map(row) + closing,
        answer=answer,
        long=(f"{row['quantity']}: unit {row['unit']}, {_written(level)} {row['symbol']}",),
        key=f"si_unit_of_quantity {level} {row['quantity']} {kind} {number}",
    )


@family(
    "science/fact_retrieval",
    capacity={1: 94, 2: 84, 3: 72, 4: 108, 5: 258},
)
def planet_facts(rng: Random, level: int) -> Problem:
    """Recall the order of the planets, or the planet that a moon belongs to.

    Isolates recall from the Solar System. Level 1 asks for the order, level 2 for neighbours, and
    each level above for the planets of ever less known moons.
    """
    planets = table("planets")
    wanted = rng.choice(_PLANET_ASKED.get(level, ("moon",)))
    number = rng.randrange(len(_PLANET_WORDINGS[wanted]))
    answer: Answer
    if wanted == "moon":
        row = rng.choice(rows_of("moons", level))
        fact, answer = row["moon"], TextAnswer(value=row["planet"])
        recalled = f"{row['moon']} is a moon of {row['planet']}"
    elif wanted in ("planet", "order"):
        row = rng.choice(planets)
        fact = row["planet"]
        # Where the wording names Mercury, it would give its place away.
        if row["order"] == "1" and "Mercury" in _PLANET_WORDINGS[wanted][number]:
            number = 0
        answer = (
            TextAnswer(value=fact) if wanted == "planet" else IntegerAnswer(value=int(row["order"]))
        )
        recalled = f"{fact} is planet {row['order']} from the Sun"
    else:
        inner = rng.randrange(len(planets) - 1)
        near, far = planets[inner], planets[inner + 1]
        row, other = (near, far) if wanted == "next" else (far, near)
        fact, answer = row["planet"], TextAnswer(value=other["planet"])
        recalled = f"from the Sun outward: {near['planet']}, then {far['planet']}"
    return Problem(
        question=_PLANET_WORDINGS[wanted][number].format_map(row),
        answer=answer,
        long=(recalled,),
        key=f"planet_facts {fact} {wanted} {number}",
    )


def _other_forms(row: dict[str, str]) -> tuple[str, ...]:
    """Return the symbol, synonyms, plurals and American spellings of a unit."""
    names = [row["unit"], *listed(row["other_names"])]
    plurals = [re.sub(r"(?<=[^szx])(?= per |$)", "s", name, count=1) for name in names]
    forms = dict.fromkeys((*names, *plurals))
    american = [form.replace("metre", "meter") for form in forms if "metre" in form]
    with_symbol = f"{row['unit']} ({row['symbol']})"
    return (row["symbol"], with_symbol, *[f for f in forms if f != row["unit"]], *american)


def _written(level: int) -> str:
    return "that is" if level == _BASE_LEVEL else "symbol"
