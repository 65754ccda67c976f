"""mathematics/simulation: a process on numbers, run step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.family import Problem, family

_LAST_TERM = {1: (4, 6), 2: (5, 7), 3: (8, 12), 4: (12, 18), 5: (28, 36)}
_TERM_MODULUS = {1: (10, 10), 2: (10, 10), 3: (11, 40), 4: (50, 200), 5: (500, 2_000)}
_DIGIT_WORDINGS = (
    "A list of digits starts {a}, {b}. Every further digit is {rule}. What is digit number {n}?",
    "Start a list with {a}, {b}. Each next digit is {rule}. What is digit number {n} of the list?",
    "The first two digits of a list are {a} and {b}. Each later digit is {rule}. "
    "What is digit number {n}?",
)
_TERM_WORDINGS = (
    "A sequence has x(1) = {a} and x(2) = {b}. For n > 2, x(n) is {rule}. What is x({n})?",
    "Let x(1) = {a}, x(2) = {b}, and for every n > 2 let x(n) be {rule}. Find x({n}).",
    "Starting from x(1) = {a} and x(2) = {b}, each x(n) with n > 2 is {rule}. Compute x({n}).",
)

_START = {1: (3, 20), 2: (21, 60), 3: (100, 999), 4: (1_000, 9_999), 5: (10**5, 10**6)}
_COLLATZ_STEPS = {1: (2, 5), 2: (4, 7), 3: (8, 12), 4: (18, 25), 5: (50, 70)}
_COLLATZ_WORDINGS = (
    "Start with {start} and do this {steps} times: halve the number if it is even, otherwise "
    "multiply it by 3 and add 1. Which number do you get?",
    "Rule: an even number is halved; an odd number is multiplied by 3, then 1 is added. Apply "
    "the rule {steps} times, starting with {start}. What is the result?",
    "A machine turns an even number n into n / 2 and an odd number n into 3 * n + 1. It is fed "
    "{start} and then its own output. What is output number {steps}?",
)

_OPERATIONS = {1: 3, 2: 5, 3: 8, 4: 6, 5: 9}
_ROUNDS = {1: 1, 2: 1, 3: 1, 4: 3, 5: 6}
_CEILING = {1: 20, 2: 60}
"""At levels 1 and 2 no result is below 1 or above this."""
_QUEUE_WORDINGS = (
    "Start with {start}. Do these in order: {list}. Which number comes out?",
    "Take the number {start} and then, in this order: {list}. What is the result?",
    "A number is {start} at first. It is changed in this order: {list}. What is it at the end?",
)
_ROUND_WORDINGS = (
    "Start with {start}. Go through this list {rounds} times, in order: {list}. "
    "Which number comes out?",
    "Take the number {start} and do the following list {rounds} times from beginning to end: "
    "{list}. What is the result?",
    "A number is {start} at first. These changes are made in order, and the whole list is run "
    "{rounds} times: {list}. What is the number at the end?",
)


@family(
    "mathematics/simulation",
    capacity={1: 297, 2: 1_188, 3: 10**5, 4: 10**6, 5: 10**9},
)
def recurrence(rng: Random, level: int) -> Problem:
    """Find a later term of a sequence in which every term follows from the two before it.

    Isolates carrying a state forward. Levels 1 and 2 work on digits; a level has later terms,
    larger numbers and, from level 4 on, a product of terms.
    """
    last, modulus = rng.randint(*_LAST_TERM[level]), rng.randint(*_TERM_MODULUS[level])
    terms = [0, 0]
    while terms == [0, 0]:
        terms = [rng.randrange(modulus), rng.randrange(modulus)]
    rule = _rule(rng, level, modulus)
    first, second = terms
    steps = []
    for number in range(3, last + 1):
        calculation, value = rule.run(terms[-2], terms[-1])
        if level <= 2:
            steps.append(f"Digit {number}: {calculation}, digit {value % 10}")
        else:
            quotient = f"{value // modulus} * {modulus} + {value % modulus}"
            steps.append(f"x({number}): {calculation} = {quotient}")
        terms.append(value % modulus)
    wordings = _DIGIT_WORDINGS if level <= 2 else _TERM_WORDINGS
    listing = ", ".join(map(str, terms))
    return Problem(
        question=rng.choice(wordings).format(a=first, b=second, rule=rule.text, n=last),
        answer=IntegerAnswer(value=terms[-1]),
        short=(listing,),
        long=(*steps, f"So it is {terms[-1]}"),
        key=f"recurrence {first} {second} {rule.text} {last}",
    )


@dataclass(frozen=True)
class _Rule:
    text: str
    run: Callable[[int, int], tuple[str, int]]
    """From the two terms before, the calculation as text and its value before reduction."""


def _rule(rng: Random, level: int, modulus: int) -> _Rule:
    if level == 1:
        text = "the last digit of the sum of the two digits before it"
        return _Rule(text, lambda a, b: (f"{a} + {b} = {a + b}", a + b))
    if level == 2:
        factor, which = rng.choice((2, 3)), rng.choice((0, 1))
        return _digit_rule(factor, which)
    constant, factor = rng.randrange(1, modulus), rng.randint(2, 9)
    remainder = f"is divided by {modulus}"
    if level == 3:
        text = f"the remainder when {factor} * x(n-1) + x(n-2) + {constant} {remainder}"
        return _Rule(
            text,
            lambda a, b: _valued(f"{factor} * {b} + {a} + {constant}", factor * b + a + constant),
        )
    if level == 4:
        text = f"the remainder when x(n-1) * x(n-2) + {constant} {remainder}"
        return _Rule(text, lambda a, b: _valued(f"{b} * {a} + {constant}", b * a + constant))
    text = f"the remainder when x(n-1) * x(n-2) + {factor} * x(n-1) + {constant} {remainder}"
    return _Rule(
        text,
        lambda a, b: _valued(
            f"{b} * {a} + {factor} * {b} + {constant}", b * a + factor * b + constant
        ),
    )


def _valued(calculation: str, value: int) -> tuple[str, int]:
    return f"{calculation} = {value}", value


def _digit_rule(factor: int, which: int) -> _Rule:
    multiple = {2: "twice", 3: "three times"}[factor]
    if which:
        text = f"the last digit of {multiple} the digit before it plus the digit before that"
    else:
        text = f"the last digit of the digit before it plus {multiple} the digit before that"

    def run(a: int, b: int) -> tuple[str, int]:
        multiplied, other = (b, a) if which else (a, b)
        product = factor * multiplied
        value = product + other
        return f"{factor} * {multiplied} = {product}, {product} + {other} = {value}", value

    return _Rule(text, run)


@family(
    "mathematics/simulation",
    capacity={1: 72, 2: 160, 3: 4_000, 4: 50_000, 5: 10**6},
)
def collatz(rng: Random, level: int) -> Problem:
    """Apply the rule 'halve if even, else triple and add one' a number of times.

    Isolates a process with a branch at every step. A level has larger starts and more steps.
    """
    start, count = rng.randint(*_START[level]), rng.randint(*_COLLATZ_STEPS[level])
    value, path, steps = start, [start], []
    for number in range(1, count + 1):
        if value % 2:
            steps.append(f"{number}: {value} is odd, 3 * {value} + 1 = {3 * value + 1}")
            value = 3 * value + 1
        else:
            steps.append(f"{number}: {value} is even, {value} / 2 = {value // 2}")
            value //= 2
        path.append(value)
    return Problem(
        question=rng.choice(_COLLATZ_WORDINGS).format(start=start, steps=count),
        answer=IntegerAnswer(value=value),
        short=(", ".join(map(str, path)),),
        long=tuple(steps),
        key=f"collatz {start} {count}",
    )


@family(
    "mathematics/simulation",
    capacity={1: 5_000, 2: 10**5, 3: 10**6, 4: 10**6, 5: 10**9},
)
def queue_of_operations_on_a_number(rng: Random, level: int) -> Problem:
    """Carry out a list of changes to a number, some of which depend on the number.

    Isolates keeping one value through many changes. A level has a longer list, more kinds of
    change and, from level 4 on, several rounds through the list.
    """
    start = rng.randint(1, 9) if level <= 2 else rng.randint(10, 99)
    operations = _operations(rng, level, start)
    value, path, steps = start, [start], []
    for _ in range(_ROUNDS[level]):
        for operation in operations:
            work, value = operation.run(value)
            steps.append(work)
            path.append(value)
    texts = "; ".join(operation.text for operation in operations)
    wordings = _QUEUE_WORDINGS if _ROUNDS[level] == 1 else _ROUND_WORDINGS
    return Problem(
        question=rng.choice(wordings).format(start=start, list=texts, rounds=_ROUNDS[level]),
        answer=IntegerAnswer(value=value),
        short=(", ".join(map(str, path)),),
        long=tuple(steps),
        key=f"queue_of_operations_on_a_number {start}: {texts} x{_ROUNDS[level]}",
    )


@dataclass(frozen=True)
class _Operation:
    text: str
    run: Callable[[int], tuple[str, int]]
    """From the number before, the step as text and the number after."""


def _operations(rng: Random, level: int, start: int) -> list[_Operation]:
    """Return the list; one of its changes always depends on the number."""
    makers = _SMALL if level <= 2 else _LARGE
    count = _OPERATIONS[level]
    branch = rng.randrange(count)
    operations: list[_Operation] = []
    value = start
    while len(operations) < count:
        maker = _if_even if len(operations) == branch else rng.choice(makers)
        candidate = maker(rng)
        after = candidate.run(value)[1]
        repeated = bool(operations) and operations[-1].text == candidate.text
        if not repeated and 1 <= after <= _CEILING.get(level, after):
            operations.append(candidate)
            value = after
    return [*operations, _keep()] if _ROUNDS[level] > 1 else operations


def _add(rng: Random) -> _Operation:
    number = rng.randint(1, 9)
    return _Operation(f"add {number}", lambda v: (f"{v} + {number} = {v + number}", v + number))


def _subtract(rng: Random) -> _Operation:
    number = rng.randint(1, 9)
    return _Operation(
        f"subtract {number}", lambda v: (f"{v} - {number} = {v - number}", v - number)
    )


def _double(_: Random) -> _Operation:
    return _Operation("double it", lambda v: (f"2 * {v} = {2 * v}", 2 * v))


def _if_even(rng: Random) -> _Operation:
    number = rng.randint(1, 9)

    def run(value: int) -> tuple[str, int]:
        if value % 2 == 0:
            return f"{value} is even, {value} / 2 = {value // 2}", value // 2
        return f"{value} is odd, {value} + {number} = {value + number}", value + number

    return _Operation(f"if it is even, halve it, otherwise add {number}", run)


def _if_above(rng: Random) -> _Operation:
    limit, number = rng.randint(20, 99), rng.randint(11, 99)

    def run(value: int) -> tuple[str, int]:
        if value > limit:
            return f"{value} is above {limit}, {value} - {limit} = {value - limit}", value - limit
        return (
            f"{value} is not above {limit}, {value} + {number} = {value + number}",
            value + number,
        )

    return _Operation(f"if it is above {limit}, subtract {limit}, otherwise add {number}", run)


def _times_and_add(rng: Random) -> _Operation:
    factor, number = rng.randint(3, 7), rng.randint(2, 30)

    def run(value: int) -> tuple[str, int]:
        product = factor * value
        result = product + number
        return f"{factor} * {value} = {product}, {product} + {number} = {result}", result

    return _Operation(f"multiply it by {factor} and add {number}", run)


def _reverse(_: Random) -> _Operation:
    def run(value: int) -> tuple[str, int]:
        result = int(str(value)[::-1])
        return f"{value} reversed is {result}", result

    return _Operation("reverse the order of its digits and drop leading zeros", run)


def _add_digit_sum(_: Random) -> _Operation:
    def run(value: int) -> tuple[str, int]:
        digits = "+".join(str(value))
        total = sum(map(int, str(value)))
        return f"{digits} = {total}, {value} + {total} = {value + total}", value + total

    return _Operation("add the sum of its digits to it", run)


def _keep() -> _Operation:
    return _Operation(
        "keep only its last three digits and drop leading zeros",
        lambda v: (f"{v} keeps {v % 1000}", v % 1000),
    )


_SMALL = (_add, _add, _subtract, _subtract, _double, _if_even)
_LARGE = (_if_even, _if_above, _times_and_add, _reverse, _add_digit_sum)
