"""mathematics/calculation: expressions, fractions and powers, worked out exactly."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, RationalAnswer
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "What is {}?",
    "Compute {}.",
    "Evaluate the expression {}.",
    "Work out {}.",
)

_TERMS = {1: 2, 2: 3, 3: 4, 4: 7, 5: 16}
_LARGEST = {1: 9, 2: 9, 3: 20, 4: 50, 5: 999}
_PRODUCT_RUN = 2
"""At most so many multiplications follow each other."""

_FRACTIONS = {1: 2, 2: 2, 3: 2, 4: 3, 5: 6}
_DENOMINATORS = {1: (2, 9), 2: (2, 8), 3: (3, 20), 4: (5, 30), 5: (7, 60)}
_FRACTION_SIGNS = {1: "+-", 2: "+-", 3: "+-*/", 4: "+-*/", 5: "+-*/"}

_BASE = {1: (2, 9), 2: (2, 15), 3: (2, 30), 4: (11, 200), 5: (101, 9_999)}
_EXPONENT = {1: (2, 3), 2: (4, 6), 3: (10, 40), 4: (100, 2_000), 5: (10**5, 10**7)}
_MODULUS = {1: (3, 9), 2: (3, 12), 3: (11, 60), 4: (101, 999), 5: (10**4, 10**5)}
_BY_SQUARING_FROM = 3
_POWER_WORDINGS = (
    "What is the remainder when {a}^{n} is divided by {m}?",
    "Compute {a}^{n} mod {m}.",
    "Divide {a}^{n} by {m}. What is the remainder?",
    "Find the remainder of {a}^{n} after division by {m}.",
)


@family(
    "mathematics/calculation",
    capacity={1: 243, 2: 6_561, 3: 10**6, 4: 10**9, 5: 10**15},
)
def integer_expression(rng: Random, level: int) -> Problem:
    """Evaluate a sum, difference or product of whole numbers by operator precedence.

    Isolates the execution of single operations in the right order; a level adds terms and larger
    numbers.
    """
    numbers = [rng.randint(1, _LARGEST[level]) for _ in range(_TERMS[level])]
    signs = _signs(rng, len(numbers) - 1)
    expression = _written(numbers, signs)
    steps = []
    while signs:
        steps.append(f"Left to do: {_written(numbers, signs)}")
        at = signs.index("*") if "*" in signs else 0
        left, right, sign = numbers[at], numbers[at + 1], signs[at]
        result = _apply(left, right, sign)
        steps.append(f"{left} {sign} {right} = {result}")
        numbers[at : at + 2] = [result]
        del signs[at]
    return Problem(
        question=rng.choice(_WORDINGS).format(expression),
        answer=IntegerAnswer(value=numbers[0]),
        short=(f"{expression} = {numbers[0]}",),
        long=tuple(steps),
        key=f"integer_expression {expression}",
    )


def _signs(rng: Random, count: int) -> list[str]:
    signs: list[str] = []
    for _ in range(count):
        full = len(signs) >= _PRODUCT_RUN and set(signs[-_PRODUCT_RUN:]) == {"*"}
        signs.append(rng.choice("+-" if full else "+-*"))
    return signs


def _written(numbers: Sequence[int], signs: Sequence[str]) -> str:
    tail = (f" {sign} {number}" for sign, number in zip(signs, numbers[1:], strict=True))
    return str(numbers[0]) + "".join(tail)


def _apply(left: int, right: int, sign: str) -> int:
    if sign == "*":
        return left * right
    return left + right if sign == "+" else left - right


@family(
    "mathematics/calculation",
    capacity={1: 288, 2: 540, 3: 20_000, 4: 10**6, 5: 10**9},
)
def fraction_arithmetic(rng: Random, level: int) -> Problem:
    """Add, subtract, multiply or divide fractions and give the result in lowest terms.

    Isolates the rules for fractions. Level 1 has one denominator, level 2 two; a higher level
    adds products, quotients, more fractions and larger denominators.
    """
    terms, signs = _fractions(rng, level)
    brackets = level >= 3
    expression = _fraction_text(terms[0], brackets)
    total = terms[0]
    steps: list[str] = []
    for position, (sign, term) in enumerate(zip(signs, terms[1:], strict=True)):
        inner = f"({expression})" if position else expression
        expression = f"{inner} {sign} {_fraction_text(term, brackets)}"
        total, work = _combine(total, term, sign)
        steps += work
    value = Fraction(*total)
    return Problem(
        question=rng.choice(_WORDINGS).format(expression)
        + " Give a fraction in lowest terms or a whole number.",
        answer=RationalAnswer(numerator=value.numerator, denominator=value.denominator),
        short=(f"{expression} = {value}",),
        long=tuple(steps),
        key=f"fraction_arithmetic {expression}",
    )


_Parts = tuple[int, int]
"""Numerator and positive denominator, as they are written."""


def _fractions(rng: Random, level: int) -> tuple[list[_Parts], list[str]]:
    """Return fractions and the signs between them; at levels 1 and 2 the result is positive."""
    low, high = _DENOMINATORS[level]
    while True:
        bottoms = [rng.randint(low, high) for _ in range(_FRACTIONS[level])]
        if level == 1:
            bottoms = [bottoms[0]] * len(bottoms)
        terms = [(rng.randint(1, bottom - 1), bottom) for bottom in bottoms]
        signs = [rng.choice(_FRACTION_SIGNS[level]) for _ in terms[1:]]
        if level == 1 and (signs[0] == "+" or terms[0] > terms[1]):
            return terms, signs
        if level == 1 or len(set(bottoms)) == 1 or any(gcd(*term) > 1 for term in terms):
            continue
        positive = level > 2 or signs[0] == "+" or Fraction(*terms[0]) > Fraction(*terms[1])
        if positive and not _vanishes(terms, signs):
            return terms, signs


def _vanishes(terms: Sequence[_Parts], signs: Sequence[str]) -> bool:
    """Return whether the running total is zero after some operation."""
    total = terms[0]
    for sign, term in zip(signs, terms[1:], strict=True):
        total = _combine(total, term, sign)[0]
        if total[0] == 0:
            return True
    return False


def _fraction_text(parts: _Parts, brackets: bool) -> str:
    text = f"{parts[0]}/{parts[1]}"
    return f"({text})" if brackets else text


def _combine(left: _Parts, right: _Parts, sign: str) -> tuple[_Parts, list[str]]:
    """Return the reduced result of one operation and its steps."""
    (a, b), (c, d) = left, right
    if sign == "/":
        parts, steps = _times((a, b), (d, c), f"Dividing by {c}/{d} is multiplying by {d}/{c}.")
    elif sign == "*":
        parts, steps = _times(left, right, "")
    elif b == d:
        top = a + c if sign == "+" else a - c
        parts, steps = (top, b), [f"Denominator: {b}", f"Numerator: {a} {sign} {c} = {top}"]
    else:
        first, second = a * d, c * b
        top = first + second if sign == "+" else first - second
        parts = (top, b * d)
        steps = [
            f"Denominator: {b} * {d} = {b * d}",
            f"{a} * {d} = {first}",
            f"{c} * {b} = {second}",
            f"Numerator: {first} {sign} {second} = {top}",
        ]
    return _reduce(parts, steps)


def _times(left: _Parts, right: _Parts, remark: str) -> tuple[_Parts, list[str]]:
    (a, b), (c, d) = left, right
    steps = [f"Numerator: {a} * {c} = {a * c}", f"Denominator: {b} * {d} = {b * d}"]
    return (a * c, b * d), ([remark, *steps] if remark else steps)


def _reduce(parts: _Parts, steps: list[str]) -> tuple[_Parts, list[str]]:
    top, bottom = parts
    common = gcd(top, bottom)
    if common == 1:
        return parts, [*steps, f"{top}/{bottom} is in lowest terms"]
    reduced = (top // common, bottom // common)
    line = f"Divide {top}/{bottom} by {common}: {reduced[0]}/{reduced[1]}"
    whole = [f"{reduced[0]}/1 = {reduced[0]}"] if reduced[1] == 1 else []
    return reduced, [*steps, line, *whole]


@family(
    "mathematics/calculation",
    capacity={1: 112, 2: 420, 3: 20_000, 4: 10**6, 5: 10**9},
)
def modular_power(rng: Random, level: int) -> Problem:
    """Compute the remainder of a power after a division.

    Isolates repeated multiplication with reduction. At levels 1 and 2 every factor is multiplied
    on its own; a higher level has longer exponents, which need repeated squaring, and larger
    numbers.
    """
    base, exponent = rng.randint(*_BASE[level]), rng.randint(*_EXPONENT[level])
    modulus = rng.randint(*_MODULUS[level])
    method = _factor_by_factor if level < _BY_SQUARING_FROM else _by_squaring
    value, steps = method(base, exponent, modulus)
    steps.append(f"The remainder is {value}")
    question = rng.choice(_POWER_WORDINGS).format(a=base, n=exponent, m=modulus)
    return Problem(
        question=question,
        answer=IntegerAnswer(value=value),
        short=(f"{base}^{exponent} mod {modulus} = {value}",),
        long=tuple(steps),
        key=f"modular_power {base} {exponent} {modulus}",
    )


def _factor_by_factor(base: int, exponent: int, modulus: int) -> tuple[int, list[str]]:
    value, steps = base % modulus, [_reduced(str(base), base, modulus)]
    for _ in range(exponent - 1):
        product = value * (base % modulus)
        steps.append(_reduced(f"{value} * {base % modulus} = {product}", product, modulus))
        value = product % modulus
    return value, steps


def _by_squaring(base: int, exponent: int, modulus: int) -> tuple[int, list[str]]:
    bits = [bit for bit in range(exponent.bit_length()) if exponent >> bit & 1]
    steps = [f"{exponent} = " + " + ".join(str(2**bit) for bit in bits)]
    power, total = base % modulus, 1
    for bit in range(exponent.bit_length()):
        if bit:
            square = power * power
            steps.append(f"{base}^{2**bit}: " + _reduced(f"{power}^2 = {square}", square, modulus))
            power = square % modulus
        else:
            steps.append(f"{base}^1: " + _reduced(str(base), base, modulus))
        if bit in bits:
            product = total * power
            steps.append("So far: " + _reduced(f"{total} * {power} = {product}", product, modulus))
            total = product % modulus
    return total, steps


def _reduced(left: str, value: int, modulus: int) -> str:
    quotient, remainder = divmod(value, modulus)
    return f"{left} = {quotient} * {modulus} + {remainder}"
