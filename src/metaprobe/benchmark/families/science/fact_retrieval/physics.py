"""science/fact_retrieval: constants, particles and laws recalled without any arithmetic."""

from decimal import Decimal
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import (
    Answer,
    DecimalAnswer,
    IntegerAnswer,
    RationalAnswer,
    SequenceAnswer,
    TextAnswer,
)
from metaprobe.benchmark.facts import listed, rows_of, table
from metaprobe.benchmark.family import Problem, family

_CONSTANT_WORDINGS = {
    "name": (
        "Which physical constant has the value {value}?",
        "Name the physical constant whose value is {value}.",
        "A physical constant is {value}. What is it called?",
        "The value {value} belongs to which physical constant?",
        "What is the name of the physical constant with the value {value}?",
        "Of which physical constant is {value} the value?",
    ),
    "exponent": (
        "The {constant} is a x 10^b with 1 <= a < 10. Which whole number is b?",
        "Write the {constant} as a x 10^b with 1 <= a < 10. What is b?",
        "With 1 <= a < 10, the {constant} equals a x 10^b. Give the whole number b.",
        "Which power of ten, b, stands in the {constant} when it is a x 10^b with 1 <= a < 10?",
        "Give the exponent b of the {constant}, written as a x 10^b with 1 <= a < 10.",
        "What is the whole number b if a x 10^b, with 1 <= a < 10, is the {constant}?",
    ),
    "digits": (
        "The {constant} is a x 10^b with 1 <= a < 10. What is a, rounded to {places} decimals?",
        "Write the {constant} as a x 10^b with 1 <= a < 10. Give a to {places} decimals.",
        "With 1 <= a < 10, the {constant} equals a x 10^b. Round a to {places} decimals.",
        "Give the factor a, to {places} decimals, of the {constant} written as a x 10^b with "
        "1 <= a < 10.",
        "What is a, to {places} decimals, if a x 10^b with 1 <= a < 10 is the {constant}?",
        "State a, rounded to {places} decimals, for the {constant} as a x 10^b with 1 <= a < 10.",
    ),
}
_CONSTANTS_OF = {1: ("1",), 2: ("1",), 3: ("3",), 4: ("4",), 5: ("1", "3", "4")}
"""Levels of the table from which a level draws."""
_ASKED_OF_CONSTANTS = {
    1: ("name", "exponent"),
    2: ("digits",),
    3: ("exponent", "digits"),
    4: ("exponent", "digits"),
    5: ("digits",),
}
_PLACES = {2: "two", 4: "four"}
_ALL_PLACES_LEVEL = 5

_PARTICLE_WORDINGS = {
    "charge": (
        "What is the electric charge of the {particle}, in units of the elementary charge?",
        "Give the charge of the {particle} as a multiple of the elementary charge.",
        "In units of the elementary charge, what charge does the {particle} have?",
        "How many elementary charges, with its sign, is the charge of the {particle}?",
        "The charge of the {particle} is x times the elementary charge. What is x?",
        "State the electric charge of the {particle} in elementary charges.",
    ),
    "spin": (
        "What is the spin quantum number of the {particle}?",
        "Give the spin of the {particle} in units of the reduced Planck constant.",
        "Which spin does the {particle} have, as a quantum number?",
        "The spin of the {particle} is x times the reduced Planck constant. What is x?",
        "State the spin quantum number of the {particle}.",
        "As a quantum number, how large is the spin of the {particle}?",
    ),
    "quarks": (
        "Which three valence quarks make up the {particle}?",
        "Of which three valence quarks does the {particle} consist?",
        "Name the three valence quarks of the {particle}.",
        "What are the three valence quarks of the {particle}?",
        "List the three valence quarks that the {particle} is made of.",
        "Give the quark content (three valence quarks) of the {particle}.",
    ),
}
_PARTICLE_ENDINGS = {
    "charge": " Answer with a signed number.",
    "spin": " Answer with a number.",
    "quarks": " Write each as one letter (u, d, s, c, b), in alphabetical order, with commas.",
}

_LAW_WORDINGS = (
    "By what name is this known in science: {statement}?",
    "Which law, equation or principle says this: {statement}?",
    "Name the law, equation or principle: {statement}.",
    "What is the name of this law, equation or principle: {statement}?",
    "A law, equation or principle of science: {statement}. What is it called?",
    "Give the name by which science knows this: {statement}.",
)


@family(
    "science/fact_retrieval",
    capacity={1: 144, 2: 72, 3: 144, 4: 192, 5: 222},
)
def physical_constant(rng: Random, level: int) -> Problem:
    """Recall which constant has a value, or the power of ten or the digits of a constant.

    Isolates recall of numbers. Level 1 asks for names and powers of ten of the best known
    constants and level 2 for their first digits; levels 3 and 4 have rarer constants, and level 5
    asks for five digits.
    """
    rows = [r for r in table("constants") if r["level"] in _CONSTANTS_OF[level]]
    places = 2
    if level == _ALL_PLACES_LEVEL:
        places = 4
        rows = [r for r in rows if len(r["mantissa"]) == places + 2]
    row = rng.choice(rows)
    kind = rng.choice(_ASKED_OF_CONSTANTS[level])
    number = rng.randrange(len(_CONSTANT_WORDINGS[kind]))
    unit = f" (in {row['unit']})" if row["unit"] else ""
    power = f"{row['mantissa']} x 10^{row['exponent']}"
    answer: Answer
    if kind == "name":
        answer = TextAnswer(value=row["name"], aliases=listed(row["other_names"]))
    elif kind == "exponent":
        answer = IntegerAnswer(value=int(row["exponent"]))
    else:
        answer = DecimalAnswer(value=round(Decimal(row["mantissa"]), places))
    return Problem(
        question=_CONSTANT_WORDINGS[kind][number].format(
            constant=row["name"] + unit,
            value=f"{power} {row['unit']}".strip(),
            places=_PLACES[places],
        ),
        answer=answer,
        long=(f"{row['name']}{unit}: {power}",),
        key=f"physical_constant {level} {row['name']} {kind} {number}",
    )


@family(
    "science/fact_retrieval",
    capacity={1: 96, 2: 138, 3: 162, 4: 120, 5: 234},
)
def particle_charge_and_spin(rng: Random, level: int) -> Problem:
    """Recall the charge, the spin or the quarks of a particle.

    Isolates recall from particle physics. A level has rarer particles: the parts of atoms, other
    leptons, quarks and bosons, light hadrons, heavy hadrons, excited baryons.
    """
    row = rng.choice(rows_of("particles", level))
    asked = row["asked"]
    number = rng.randrange(len(_PARTICLE_WORDINGS[asked]))
    answer: Answer
    if asked == "quarks":
        answer = SequenceAnswer(items=tuple(row["value"].split(", ")))
    else:
        value = Fraction(row["value"])
        answer = RationalAnswer(numerator=value.numerator, denominator=value.denominator)
    return Problem(
        question=_PARTICLE_WORDINGS[asked][number].format_map(row) + _PARTICLE_ENDINGS[asked],
        answer=answer,
        long=(f"{row['particle']}: {asked} {row['value']}",),
        key=f"particle_charge_and_spin {row['particle']} {asked} {number}",
    )


@family(
    "science/fact_retrieval",
    capacity={1: 54, 2: 60, 3: 60, 4: 60, 5: 72},
)
def law_and_its_formula(rng: Random, level: int) -> Problem:
    """Name the law of physics or chemistry that a formula or a sentence states.

    Isolates recall of names from content. A level has rarer laws, from school to university.
    """
    row = rng.choice(rows_of("laws", level))
    number = rng.randrange(len(_LAW_WORDINGS))
    return Problem(
        question=_LAW_WORDINGS[number].format_map(row),
        answer=TextAnswer(value=row["name"], aliases=listed(row["aliases"])),
        long=(f"This is known as: {row['name']}",),
        key=f"law_and_its_formula {row['name']} {number}",
    )
