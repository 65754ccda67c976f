"""mathematics/calculation: numbers split into primes, and written in another base."""

from random import Random

from metaprobe.benchmark.answers import Answer, IntegerAnswer, SequenceAnswer, TextAnswer
from metaprobe.benchmark.families.mathematics.primes import PRIMES
from metaprobe.benchmark.family import Problem, family

_NUMBER = {1: (4, 99), 2: (100, 399), 3: (400, 9_999), 4: (10**5, 10**6)}
_FEWEST_FACTORS = {1: 2, 2: 3, 3: 3, 4: 3}
_LARGE_PRIME = (101, 499)
_LARGE_PRIMES = 3
_FACTOR_WORDINGS = (
    "Write {} as a product of primes. List the primes in increasing order",
    "Find the prime factorisation of {}. List its primes in increasing order",
    "Which primes have the product {}? List them in increasing order",
)

_VALUE = {1: (4, 31), 2: (32, 127), 3: (128, 4_000), 4: (5_000, 10**6), 5: (10**9, 10**13)}
_BASES = {1: (2, 2), 2: (2, 5), 3: (3, 12), 4: (3, 16), 5: (3, 16)}
_BETWEEN_BASES_FROM = 4
_TEN = 10
_DIGITS = "0123456789ABCDEF"
_BASE_WORDINGS = (
    "The digits {digits} are a number in base {a}. Write it in base {b}.",
    "Convert {digits} from base {a} to base {b}.",
    "A number is written {digits} in base {a}. How is it written in base {b}?",
)


@family(
    "mathematics/calculation",
    capacity={1: 73, 2: 155, 3: 5_000, 4: 10**5, 5: 10**4},
)
def prime_factorisation(rng: Random, level: int) -> Problem:
    """List the prime factors of a number, each as often as it occurs.

    Isolates trial division. A level has larger numbers; at level 5 they are products of three
    primes above 100.
    """
    while True:
        if level in _NUMBER:
            number = rng.randint(*_NUMBER[level])
        else:
            number = 1
            for _ in range(_LARGE_PRIMES):
                number *= _prime(rng)
        steps, factors = _divided(number)
        if len(factors) >= _FEWEST_FACTORS.get(level, _LARGE_PRIMES):
            break
    listing = ", ".join(map(str, factors))
    return Problem(
        question=rng.choice(_FACTOR_WORDINGS).format(number)
        + ", each as often as it occurs, separated by commas.",
        answer=SequenceAnswer(items=tuple(map(str, factors))),
        short=(f"Primes of {number}: {listing}",),
        long=(*steps, f"Primes of {number}: {listing}"),
        key=f"prime_factorisation {number}",
    )


def _prime(rng: Random) -> int:
    while True:
        number = rng.randint(*_LARGE_PRIME)
        if number in PRIMES:
            return number


def _divided(number: int) -> tuple[list[str], list[int]]:
    """Return every trial division by a prime, and the prime factors."""
    steps: list[str] = []
    factors: list[int] = []
    for divisor in PRIMES:
        if divisor * divisor > number:
            break
        while number % divisor == 0:
            steps.append(f"{number} / {divisor} = {number // divisor}")
            factors.append(divisor)
            number //= divisor
        if divisor * divisor <= number:
            multiple = number - number % divisor
            steps.append(f"{number} = {multiple} + {number % divisor}, not by {divisor}")
    if number > 1:
        steps.append(f"{number} is prime")
        factors.append(number)
    return steps, factors


@family(
    "mathematics/calculation",
    capacity={1: 56, 2: 700, 3: 10**4, 4: 10**6, 5: 10**9},
)
def base_conversion(rng: Random, level: int) -> Problem:
    """Write a number that is given in one base in another base.

    Isolates place values and division with remainder. Up to level 3 one of the bases is ten; a
    level has more bases and longer numbers.
    """
    value = rng.randint(*_VALUE[level])
    if level < _BETWEEN_BASES_FROM:
        base = rng.choice([b for b in range(_BASES[level][0], _BASES[level][1] + 1) if b != _TEN])
        source, target = rng.choice(((base, _TEN), (_TEN, base)))
    else:
        low, high = _BASES[level]
        source, target = rng.sample([b for b in range(low, high + 1) if b != _TEN], 2)
    given, result = _written(value, source), _written(value, target)
    steps: list[str] = []
    if source != _TEN:
        steps += _read(given, source)
    if target != _TEN:
        steps += _split(value, target)
    answer: Answer = IntegerAnswer(value=value)
    if target != _TEN:
        aliases = (f"{result}_{target}", f"{result}_{{{target}}}", f"({result})_{target}")
        answer = TextAnswer(value=result, aliases=aliases)
    ending = " Answer with its digits only."
    if max(source, target) > _TEN:
        ending = " The digits from ten on are A, B, C, and so on." + ending
    question = rng.choice(_BASE_WORDINGS).format(digits=given, a=source, b=target)
    return Problem(
        question=question + ending,
        answer=answer,
        short=(f"{given} in base {source} is {result} in base {target}",)
        if level > 1
        else (f"It is {result}",),
        long=(*steps, f"It is {result}"),
        key=f"base_conversion {given} {source} {target}",
    )


def _written(value: int, base: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, base)
        digits = _DIGITS[digit] + digits
    return digits


def _read(digits: str, base: int) -> list[str]:
    """Return one line a digit: the number so far times the base, plus the digit."""
    value = _DIGITS.index(digits[0])
    steps = [f"{digits[0]}: {value}"]
    for digit in digits[1:]:
        number = _DIGITS.index(digit)
        after = value * base + number
        steps.append(f"{digit}: {value} * {base} + {number} = {after}")
        value = after
    return steps


def _split(value: int, base: int) -> list[str]:
    """Return one line a division; the remainders are the digits from last to first."""
    steps = []
    while value:
        quotient, digit = divmod(value, base)
        steps.append(f"{value} = {quotient} * {base} + {digit}, digit {_DIGITS[digit]}")
        value = quotient
    return [*steps, "Digits from last to first"]
