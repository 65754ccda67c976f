"""Prime factors by trial division, which several families of mathematics search through."""

from math import isqrt

PRIMES = tuple(n for n in range(2, 1024) if all(n % d for d in range(2, isqrt(n) + 1)))
"""The primes below 1024."""


def prime_factors(number: int) -> list[int]:
    """Return the prime factors in increasing order, each as often as it occurs.

    Raises:
        ValueError: a factor is left that `PRIMES` cannot prove to be prime.
    """
    factors = []
    for prime in PRIMES:
        if prime * prime > number:
            break
        while number % prime == 0:
            factors.append(prime)
            number //= prime
    else:
        if number > 1:
            raise ValueError(f"{number} is too large for trial division by the primes below 1024")
    return [*factors, number] if number > 1 else factors
