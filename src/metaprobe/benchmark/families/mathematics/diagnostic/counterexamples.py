"""mathematics/diagnostic: whether what is offered against a claim does refute it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.families.mathematics.primes import prime_factors
from metaprobe.benchmark.family import Problem, family

FALSE_COUNTEREXAMPLES = ("condition_fails", "conclusion_holds")
"""The claim says nothing about the number; the claim is true of the number."""
_CLEAN_SHARE = 0.3

_OFFERED = {1: 3, 2: 4, 3: 5, 4: 7, 5: 12}
_RANGE = {1: (2, 40), 2: (10, 99), 3: (50, 500), 4: (500, 9_999), 5: (10**4, 10**5)}
_CONDITIONS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}
_FACTORS = {1: (3, 5), 2: (3, 9), 3: (3, 13), 4: (6, 19), 5: (7, 43)}
_DRAWS = 300
"""After so many numbers without a fit, a claim is given up for another one."""
_WORDINGS = (
    "Claim: if {claim}.\nOffered as counterexamples:\n{lines}\n"
    "Which is the first that is not a counterexample?",
    "A pupil claims: if {claim}.\nNumbers against it:\n{lines}\n"
    "Which is the first that does not refute it?",
    "Claim: if {claim}.\nNumbers:\n{lines}\n"
    "Find the first number that is no counterexample to the claim.",
)


@dataclass(frozen=True)
class _Property:
    text: str
    """What follows after `n`."""
    holds: Callable[[int], bool]
    reason: Callable[[int], str]
    """Why it holds of a number or does not."""


@dataclass(frozen=True)
class _Claim:
    conditions: tuple[_Property, ...]
    conclusion: _Property

    def written(self) -> str:
        conditions = " and ".join(f"n {condition.text}" for condition in self.conditions)
        return f"{conditions}, then n {self.conclusion.text}"

    def applies(self, number: int) -> bool:
        return all(condition.holds(number) for condition in self.conditions)

    def refuted_by(self, number: int) -> bool:
        return self.applies(number) and not self.conclusion.holds(number)


@family(
    "mathematics/diagnostic",
    capacity={1: 10**4, 2: 10**5, 3: 10**6, 4: 10**9, 5: 10**9},
)
def false_counterexample(rng: Random, level: int) -> Problem:
    """Find the first number that is wrongly offered as a counterexample to a claim, or none.

    Isolates testing condition and conclusion apart. 30 % of the lists are right; in the others
    one number is planted that fails in a way of `FALSE_COUNTEREXAMPLES`. A level has more and
    larger numbers, more conditions and properties that take longer to test.
    """
    count = _OFFERED[level]
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(count)
    claim, offered = _argument(rng, level, wrong)
    question = rng.choice(_WORDINGS).format(
        claim=claim.written(),
        lines="\n".join(f"Line {k}: n = {number}" for k, number in enumerate(offered, start=1)),
    )
    verdict = "All are counterexamples" if wrong is None else f"Line {wrong + 1} is not one"
    return Problem(
        question=f"{question} Answer with the line number, or none.",
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=count),
        short=(verdict,),
        long=(*_checks(claim, offered), verdict),
        key=f"false_counterexample {claim.written()}: {offered}",
    )


def _argument(rng: Random, level: int, wrong: int | None) -> tuple[_Claim, list[int]]:
    """Return a claim and different numbers that refute it, but for the one at `wrong`."""
    count = _OFFERED[level]
    while True:
        *conditions, conclusion = _properties(rng, level)
        claim = _Claim(tuple(conditions), conclusion)
        kind = rng.choice(FALSE_COUNTEREXAMPLES)
        refuting: list[int] = []
        false: list[int] = []
        for _ in range(_DRAWS):
            number = rng.randint(*_RANGE[level])
            if claim.refuted_by(number):
                refuting = refuting if number in refuting else [*refuting, number]
            elif _fails_as(claim, number, kind):
                false.append(number)
            if len(refuting) >= count and false:
                offered = refuting[:count]
                if wrong is not None:
                    offered[wrong] = false[0]
                return claim, offered


def _fails_as(claim: _Claim, number: int, kind: str) -> bool:
    """Return whether a number is no counterexample, of that kind, and by one property only."""
    if kind == "conclusion_holds":
        return claim.applies(number) and claim.conclusion.holds(number)
    missed = sum(not condition.holds(number) for condition in claim.conditions)
    return missed == 1 and not claim.conclusion.holds(number)


def _checks(claim: _Claim, offered: list[int]) -> list[str]:
    lines = []
    for position, number in enumerate(offered, start=1):
        tests = []
        for condition in claim.conditions:
            tests.append(_tested(condition, number))
            if not condition.holds(number):
                lines.append(f"Check {position}: {'; '.join(tests)}; condition fails, wrong.")
                return lines
        tests.append(_tested(claim.conclusion, number))
        if claim.conclusion.holds(number):
            lines.append(f"Check {position}: {'; '.join(tests)}; conclusion holds, wrong.")
            return lines
        lines.append(f"Check {position}: {'; '.join(tests)}; right.")
    return lines


def _tested(of: _Property, number: int) -> str:
    return f"{of.reason(number)}, {'yes' if of.holds(number) else 'no'}"


def _properties(rng: Random, level: int) -> list[_Property]:
    """Return the conditions and the conclusion of a claim, all of different kinds.

    At most one is about prime factors: two of them can exclude each other.
    """
    while True:
        makers = rng.sample(_MAKERS[level], _CONDITIONS[level] + 1)
        if len(_ON_FACTORS.intersection(makers)) <= 1:
            break
    return [maker(rng, level) for maker in makers]


def _parity(rng: Random, _: int) -> _Property:
    rest = rng.choice((0, 1))
    return _Property(
        ("is even", "is odd")[rest],
        lambda n: n % 2 == rest,
        lambda n: f"{n} is {('even', 'odd')[n % 2]}",
    )


def _divisible(rng: Random, level: int) -> _Property:
    factor = rng.randint(*_FACTORS[level])
    return _Property(
        f"is divisible by {factor}",
        lambda n: n % factor == 0,
        lambda n: f"{n} = {n // factor} * {factor} + {n % factor}",
    )


def _remainder(rng: Random, level: int) -> _Property:
    factor = rng.randint(*_FACTORS[level])
    rest = rng.randrange(1, factor)
    return _Property(
        f"leaves the remainder {rest} when divided by {factor}",
        lambda n: n % factor == rest,
        lambda n: f"{n} = {n // factor} * {factor} + {n % factor}",
    )


def _above(rng: Random, level: int) -> _Property:
    low, high = _RANGE[level]
    limit = rng.randint(low + (high - low) // 4, high - (high - low) // 4)
    return _Property(
        f"is greater than {limit}",
        lambda n: n > limit,
        lambda n: f"{n} > {limit}" if n > limit else f"{n} <= {limit}",
    )


def _last_digit(rng: Random, _: int) -> _Property:
    digit = rng.randrange(10)
    return _Property(
        f"ends in the digit {digit}",
        lambda n: n % 10 == digit,
        lambda n: f"{n} ends in {n % 10}",
    )


def _digit_sum(rng: Random, level: int) -> _Property:
    usual = 4 * len(str(_RANGE[level][1] - 1))
    limit = rng.randint(usual - 2, usual + 3)
    return _Property(
        f"has a digit sum above {limit}",
        lambda n: _sum_of_digits(n) > limit,
        lambda n: f"{' + '.join(str(n))} = {_sum_of_digits(n)}",
    )


def _prime(_: Random, __: int) -> _Property:
    def reason(number: int) -> str:
        factor = _smallest_factor(number)
        return (
            f"{number} is prime"
            if factor == number
            else f"{number} = {factor} * " + str(number // factor)
        )

    return _Property("is prime", lambda n: _smallest_factor(n) == n, reason)


def _repeated_digit(_: Random, __: int) -> _Property:
    def holds(number: int) -> bool:
        return len(set(str(number))) < len(str(number))

    return _Property(
        "has a digit that occurs more than once",
        holds,
        lambda n: f"{n} has the digits {', '.join(str(n))}",
    )


def _two_primes(_: Random, __: int) -> _Property:
    def reason(number: int) -> str:
        return f"{number} = " + " * ".join(map(str, prime_factors(number)))

    return _Property(
        "has exactly two prime factors (counted with multiplicity)",
        lambda n: len(prime_factors(n)) == 2,
        reason,
    )


def _square_factor(_: Random, __: int) -> _Property:
    def holds(number: int) -> bool:
        factors = prime_factors(number)
        return len(set(factors)) < len(factors)

    return _Property(
        "is divisible by the square of a prime",
        holds,
        lambda n: f"{n} = " + " * ".join(map(str, prime_factors(n))),
    )


def _sum_of_digits(number: int) -> int:
    return sum(map(int, str(number)))


def _smallest_factor(number: int) -> int:
    return prime_factors(number)[0]


_SIMPLE = (_parity, _divisible, _above, _last_digit)
_MIDDLE = (*_SIMPLE, _prime, _digit_sum)
_HARD = (_divisible, _remainder, _above, _prime, _digit_sum, _repeated_digit, _square_factor)
_ON_FACTORS = {_prime, _two_primes, _square_factor}
_MAKERS: dict[int, tuple[Callable[[Random, int], _Property], ...]] = {
    1: _SIMPLE,
    2: _MIDDLE,
    3: (*_MIDDLE, _remainder),
    4: _HARD,
    5: (*_HARD[1:], _two_primes),
}
