"""mathematics/fact_retrieval: names, rules, digits and theorems, recalled and not worked out."""

from random import Random

from metaprobe.benchmark.answers import Answer, FormulaAnswer, IntegerAnswer, TextAnswer
from metaprobe.benchmark.facts import rows_of
from metaprobe.benchmark.family import Problem, family

_SIDES_OF = (
    "How many sides does every {name} have?",
    "What is the number of sides of a polygon called {name}?",
    "A polygon is called {name}. How many sides does it have?",
    "State the number of sides of the polygon named {name}.",
    "How many sides are there in the polygon that is called {name}?",
    "Give the number of sides that belongs to the polygon name {name}.",
)
_NAME_OF = (
    "What is a polygon with {value} sides called?",
    "Name the polygon that has {value} sides.",
    "By what name is a polygon with {value} sides known?",
    "A polygon has {value} sides. What is its name?",
    "Which word names the polygons with {value} sides?",
    "Give the name of a polygon that has {value} sides.",
)
_PART_OF = (
    "How many {part} does the solid called {name} have?",
    "What is the number of {part} of the solid named {name}?",
    "A solid is called {name}. How many {part} does it have?",
    "State how many {part} belong to the solid with the name {name}.",
    "How many {part} are there in the solid that is called {name}?",
    "Give the number of {part} of the polyhedron called {name}.",
    "The {name} is a polyhedron. What is the number of its {part}?",
)
_DUAL_OF = (
    "Which solid is the dual of the {name}?",
    "Name the dual polyhedron of the {name}.",
    "What is the dual of the {name} called?",
    "The {name} is a polyhedron. What is its dual called?",
    "Which Catalan solid is dual to the {name}?",
    "Give the name of the dual solid of the {name}.",
)
_MEANING_OF = (
    "In {field}, what does {notation} stand for?",
    "What is the meaning of {notation} in {field}?",
    "What does {notation} denote in {field}?",
    "Name what {notation} means in {field}.",
    "Which term does {notation} express in {field}?",
    "In {field}, which term is written as {notation}?",
    "A book on {field} uses {notation} as notation. What does it mean?",
    "State the meaning that {notation} has in {field}.",
)
_THEOREM_OF = (
    "What is the usual name of this statement: {statement}?",
    "Name the theorem, rule or conjecture: {statement}.",
    "By what name is this known: {statement}?",
    "A book states: {statement}. What is this statement called?",
    "Which named result or conjecture says this: {statement}?",
    "Give the name under which this is known: {statement}.",
    "Under which name do mathematicians know this: {statement}?",
)
_CLASS_OF = (
    "What is a number called that {definition}?",
    "A number {definition}. What kind of number is it called?",
    "Name the kind of number that {definition}.",
    "By what name is a number known that {definition}?",
    "Which name is given to a number that {definition}?",
    "Give the name of a number that {definition}.",
)
_DERIVATIVE_OF = (
    "What is the derivative of {function} with respect to x?",
    "Differentiate {function} with respect to x.",
    "Which function is the derivative of {function} with respect to x?",
    "State the derivative of {function} with respect to x.",
    "Complete the rule: the derivative of {function} with respect to x is ...",
    "Give the function that d/dx turns {function} into.",
)
_ANTIDERIVATIVE_OF = (
    "What is an antiderivative of {function} with respect to x?",
    "Integrate {function} with respect to x.",
    "Which function is the indefinite integral of {function} with respect to x?",
    "State an antiderivative of {function} with respect to x.",
    "Complete the rule: the indefinite integral of {function} with respect to x is ...",
    "Give a function whose derivative with respect to x is {function}.",
)
_DIGIT_OF = (
    "Which digit stands in decimal place {place} of {constant}?",
    "What is the digit in decimal place {place} of {constant}?",
    "Name the digit that {constant} has in decimal place {place}.",
    "Write down the digit in decimal place {place} of {constant}.",
    "In the decimal expansion of {constant}, which digit is in decimal place {place}?",
    "Decimal place {place} of {constant} holds which digit?",
)


@family(
    "mathematics/fact_retrieval",
    capacity={1: 96, 2: 83, 3: 154, 4: 91, 5: 260},
)
def polygon_and_solid_names(rng: Random, level: int) -> Problem:
    """Give the name of a polygon, or how many sides, faces, edges or vertices a shape has.

    Isolates recall of names. A level has rarer shapes: common polygons, then regular solids, long
    polygon names, and the thirteen Archimedean solids with their duals.
    """
    row = rng.choice(rows_of("shapes", level))
    name, part, value = row["name"], row["property"], row["value"]
    direction = part
    wordings = {"sides": _SIDES_OF, "dual": _DUAL_OF}.get(part, _PART_OF)
    answer: Answer = _text(row, "value") if part == "dual" else IntegerAnswer(value=int(value))
    ending = "" if part == "dual" else " Answer with a number."
    recalled = f"The dual of the {name}: {value}" if part == "dual" else f"{name}: {value} {part}"
    if part == "sides" and rng.random() < 0.5:
        direction, wordings, ending = "name", _NAME_OF, " Answer with one word."
        answer, recalled = _text(row, "name"), f"{value} {part}: {name}"
    number = rng.randrange(len(wordings))
    return Problem(
        question=wordings[number].format(name=name, value=value, part=part) + ending,
        answer=answer,
        long=(recalled,),
        key=f"polygon_and_solid_names {name} {direction} {number}",
    )


@family(
    "mathematics/fact_retrieval",
    capacity=dict.fromkeys((1, 2, 3, 4, 5), 96),
)
def notation_meaning(rng: Random, level: int) -> Problem:
    """Say in words what a piece of mathematical notation means.

    Isolates recall of conventions. A level has rarer notation, from arithmetic to group theory.
    """
    row = rng.choice(rows_of("notation", level))
    number = rng.randrange(len(_MEANING_OF))
    question = _MEANING_OF[number].format(field=row["field"], notation=row["notation"])
    return Problem(
        question=f"{question} Answer with the term in words.",
        answer=_text(row, "meaning"),
        long=(f"{row['notation']} in {row['field']}: {row['meaning']}",),
        key=f"notation_meaning {row['notation']} {row['field']} {number}",
    )


@family(
    "mathematics/fact_retrieval",
    capacity={1: 70, 2: 70, 3: 70, 4: 70, 5: 77},
)
def named_theorem(rng: Random, level: int) -> Problem:
    """Name the theorem, rule or conjecture that a statement is known as.

    Isolates recall of names from content. A level has rarer results, from school to graduate
    mathematics.
    """
    row = rng.choice(rows_of("theorems", level))
    number = rng.randrange(len(_THEOREM_OF))
    return Problem(
        question=_THEOREM_OF[number].format(statement=row["statement"]),
        answer=_text(row, "name"),
        long=(f"This is known as: {row['name']}",),
        key=f"named_theorem {row['name']} {row['level']} {number}",
    )


@family(
    "mathematics/fact_retrieval",
    capacity={1: 60, 2: 48, 3: 60, 4: 60, 5: 60},
)
def number_class(rng: Random, level: int) -> Problem:
    """Name the class of numbers that a definition describes.

    Isolates recall of names from definitions. A level has rarer classes, from even numbers to
    those of research papers.
    """
    row = rng.choice(rows_of("number_classes", level))
    number = rng.randrange(len(_CLASS_OF))
    return Problem(
        question=_CLASS_OF[number].format(definition=row["definition"]),
        answer=_text(row, "name"),
        long=(f"A number that {row['definition']}: {row['name']}",),
        key=f"number_class {row['definition']} {number}",
    )


@family(
    "mathematics/fact_retrieval",
    capacity=dict.fromkeys((1, 2, 3, 4, 5), 60),
)
def derivative_and_integral_rule(rng: Random, level: int) -> Problem:
    """Give the derivative or the antiderivative of an elementary function.

    Isolates recall of rules: no function has to be taken apart. A level has rarer functions,
    from powers to inverse hyperbolic functions.
    """
    row = rng.choice(rows_of("calculus", level))
    derivative = row["kind"] == "derivative"
    wordings = _DERIVATIVE_OF if derivative else _ANTIDERIVATIVE_OF
    number = rng.randrange(len(wordings))
    ending = " Answer with a formula in x" + ("." if derivative else ", without a constant added.")
    return Problem(
        question=wordings[number].format(function=row["function"]) + ending,
        answer=FormulaAnswer(value=row["value"], up_to_constant=not derivative),
        long=(f"The {row['kind']} of {row['function']}: {row['value']}",),
        key=f"derivative_and_integral_rule {row['kind']} {row['function']} {number}",
    )


@family(
    "mathematics/fact_retrieval",
    capacity={1: 96, 2: 96, 3: 180, 4: 312, 5: 780},
)
def digits_of_a_constant(rng: Random, level: int) -> Problem:
    """Say which digit a mathematical constant has in a given decimal place.

    Isolates recall of digits. A level has later places and rarer constants.
    """
    row = rng.choice(rows_of("digits", level))
    constant, place = row["constant"], row["place"]
    number = rng.randrange(len(_DIGIT_OF))
    question = _DIGIT_OF[number].format(constant=constant, place=place)
    return Problem(
        question=f"{question} Place 1 is the first one after the point.",
        answer=IntegerAnswer(value=int(row["digit"])),
        long=(f"{constant}, place {place}: {row['digit']}",),
        key=f"digits_of_a_constant {constant} {place} {number}",
    )


def _text(row: dict[str, str], column: str) -> TextAnswer:
    aliases = tuple(alias for alias in row["aliases"].split("|") if alias)
    return TextAnswer(value=row[column], aliases=aliases)
