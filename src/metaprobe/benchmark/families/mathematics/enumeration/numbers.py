"""mathematics/enumeration: divisors, primes and choices of numbers, listed in full."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import isqrt, prod
from random import Random

from metaprobe.benchmark.answers import SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.families.mathematics.primes import prime_factors
from metaprobe.benchmark.family import Problem, family

_NUMBER = {1: (2, 69), 2: (70, 150), 3: (151, 900), 4: (2_000, 20_000), 5: (10**5, 10**6)}
_FEWEST_DIVISORS = {1: 2, 2: 2, 3: 4, 4: 16, 5: 40}
_BY_TRIAL_UP_TO = 3
_DIVISOR_WORDINGS = (
    "List all positive divisors of {}.",
    "Which positive whole numbers divide {} without remainder? List them all.",
    "Write down every positive divisor of {}.",
    "Find all positive whole numbers that {} is divisible by.",
)

_POOL = {1: 4, 2: 5, 3: 7, 4: 9, 5: 13}
_PICK = {1: 2, 2: 3, 3: 3, 4: 4, 5: 5}
_LARGEST = {1: 9, 2: 9, 3: 20, 4: 40, 5: 99}
_SUM_SOLUTIONS = {1: (1, 2), 2: (1, 3), 3: (1, 4), 4: (2, 7), 5: (3, 12)}
_WHOLE_LIST_UP_TO = 3
_NUMBER_WORD = {2: "two", 3: "three", 4: "four", 5: "five"}
_SUBSET_WORDINGS = (
    "Which groups of {size} of the numbers {pool} have the sum {target}?",
    "List all groups of {size} numbers from {pool} that add up to {target}.",
    "Take {size} of the numbers {pool} so that their sum is {target}. Find every way.",
    "In which ways can {size} of the numbers {pool} be chosen so that they add up to {target}?",
)

_PRIMES_UP_TO = {1: 40, 2: 99, 3: 999, 4: 9_999, 5: 99_999}
_PRIMES_FROM = {1: 2, 2: 41, 3: 100, 4: 1_000, 5: 10_000}
_SPAN = {1: (6, 9), 2: (9, 12), 3: (20, 30), 4: (40, 60), 5: (100, 150)}
_PRIME_WORDINGS = (
    "List all prime numbers from {} to {}, both included.",
    "Which of the whole numbers from {} to {} (both included) are prime?",
    "Write down every prime p with {} <= p <= {}.",
    "Find all primes that are at least {} and at most {}.",
)


@family(
    "mathematics/enumeration",
    capacity={1: 68, 2: 81, 3: 500, 4: 2_000, 5: 2_000},
    claim=unordered_claim,
)
def divisors(rng: Random, level: int) -> Problem:
    """List all positive divisors of a number.

    Isolates an exhaustive search with a clear end. A level has larger numbers; from level 4 on
    they have many divisors and are searched through their prime factors instead of trial.
    """
    while True:
        number = rng.randint(*_NUMBER[level])
        found = _divisors(number)
        if len(found) >= _FEWEST_DIVISORS[level]:
            break
    listing = ", ".join(map(str, found))
    steps = _by_trial(number) if level <= _BY_TRIAL_UP_TO else _by_factors(number)
    order = " Answer in increasing order, separated by commas."
    return Problem(
        question=rng.choice(_DIVISOR_WORDINGS).format(number) + order,
        answer=SetAnswer(items=tuple(map(str, found))),
        short=(f"Divisors of {number}: {listing}",),
        long=(*steps, f"In order: {listing}"),
        key=f"divisors {number}",
    )


def _divisors(number: int) -> list[int]:
    found = [1]
    factors = prime_factors(number)
    for prime in set(factors):
        found = [d * prime**e for e in range(factors.count(prime) + 1) for d in found]
    return sorted(found)


def _by_trial(number: int) -> list[str]:
    """Return one line a candidate: its largest multiple that is not above the number."""
    steps = []
    for divisor in range(1, isqrt(number) + 1):
        quotient, remainder = divmod(number, divisor)
        verdict = "no" if remainder else "yes"
        steps.append(f"{divisor} * {quotient} = {number - remainder}, {verdict}")
    last = isqrt(number) + 1
    return [*steps, f"{last} * {last} = {last * last}, stop"]


def _by_factors(number: int) -> list[str]:
    factors = prime_factors(number)
    steps = [f"{number} = " + " * ".join(map(str, factors))]
    found = [1]
    for prime in sorted(set(factors)):
        powers = [prime**e for e in range(factors.count(prime) + 1)]
        found = [d * power for power in powers for d in found]
        steps.append(f"With the factors {prime}: " + ", ".join(map(str, found)))
    return steps


@family(
    "mathematics/enumeration",
    capacity={1: 450, 2: 500, 3: 10**5, 4: 10**6, 5: 10**9},
    claim=unordered_claim,
)
def subsets_with_sum(rng: Random, level: int) -> Problem:
    """List all choices of so many numbers from a list that have a given sum.

    Isolates going through every combination once. A level has more and larger numbers and larger
    choices; from level 4 on the search leaves out what cannot reach the sum.
    """
    size, (fewest, most) = _PICK[level], _SUM_SOLUTIONS[level]
    while True:
        pool = sorted(rng.sample(range(1, _LARGEST[level] + 1), _POOL[level]))
        target = sum(rng.sample(pool, size))
        found = [choice for choice in combinations(pool, size) if sum(choice) == target]
        if fewest <= len(found) <= most:
            break
    names = ["+".join(map(str, choice)) for choice in found]
    question = rng.choice(_SUBSET_WORDINGS).format(
        size=_NUMBER_WORD[size], pool=", ".join(map(str, pool)), target=target
    )
    form = "+".join("abcde"[:size])
    full = level <= _WHOLE_LIST_UP_TO
    steps = _all_choices(pool, size, target) if full else list(_search(pool, size, target, ()))
    if not full:
        steps.insert(0, f"Left out: beginnings with no ending small or large enough for {target}")
    return Problem(
        question=f"{question} Write each as {form} in increasing order, separated by commas.",
        answer=SetAnswer(items=tuple(names)),
        short=("Found: " + ", ".join(names),),
        long=(*steps, "Found: " + ", ".join(names)),
        key=f"subsets_with_sum {pool} {size} {target}",
    )


def _all_choices(pool: Sequence[int], size: int, target: int) -> list[str]:
    steps = []
    for choice in combinations(pool, size):
        verdict = "yes" if sum(choice) == target else "no"
        steps.append(f"{'+'.join(map(str, choice))} = {sum(choice)}, {verdict}")
    return steps


def _search(pool: Sequence[int], size: int, target: int, taken: tuple[int, ...]) -> Iterator[str]:
    """Yield a line for every choice of all but one number that can still reach the target."""
    rest = target - sum(taken)
    if size == 1:
        verdict = f"{rest} is there, yes" if rest in pool else f"{rest} is not there, no"
        yield f"{'+'.join(map(str, taken))} = {sum(taken)} needs {rest}: {verdict}"
        return
    for position, number in enumerate(pool):
        after = pool[position + 1 :]
        if len(after) < size - 1:
            return
        if sum(after[: size - 1]) <= rest - number <= sum(after[-size + 1 :]):
            yield from _search(after, size - 1, target, (*taken, number))


@family(
    "mathematics/enumeration",
    capacity={1: 130, 2: 198, 3: 5_000, 4: 50_000, 5: 10**6},
    claim=unordered_claim,
)
def primes_in_interval(rng: Random, level: int) -> Problem:
    """List all prime numbers in an interval.

    Isolates testing every number of a range. A level has larger numbers and longer intervals.
    """
    while True:
        span = rng.randint(*_SPAN[level])
        first = rng.randint(_PRIMES_FROM[level], _PRIMES_UP_TO[level] - span + 1)
        numbers = range(first, first + span)
        factors = [prime_factors(number) for number in numbers]
        primes = [own[0] for own in factors if len(own) == 1]
        if primes:
            break
    listing = ", ".join(map(str, primes))
    order = " Answer in increasing order, separated by commas."
    return Problem(
        question=rng.choice(_PRIME_WORDINGS).format(numbers[0], numbers[-1]) + order,
        answer=SetAnswer(items=tuple(map(str, primes))),
        short=(f"Primes: {listing}",),
        long=(*map(_primality, numbers, factors), f"Primes: {listing}"),
        key=f"primes_in_interval {numbers[0]} {numbers[-1]}",
    )


def _primality(number: int, factors: list[int]) -> str:
    if len(factors) == 1:
        return f"{number} is prime"
    return f"{number} = {factors[0]} * {prod(factors[1:])}"
