"""coding/simulation: functions that call themselves."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "What does this Python program print?\n{}",
    "Run this Python program. What is printed?\n{}",
    "This Python program calls a recursive function. What does it print?\n{}",
    "Follow the calls of this Python program. What is its output?\n{}",
)
_LARGEST = {1: (4, 14), 2: (12, 40)}
_FEWEST_PRINTED, _MOST_PRINTED = 7, 24


class _Traced(NamedTuple):
    code: str
    printed: tuple[int, ...]
    steps: list[str]


@family(
    "coding/simulation",
    capacity={1: 2_000, 2: 20_000, 3: 10**5, 4: 10**5, 5: 10**6},
)
def recursion_trace(rng: Random, level: int) -> Problem:
    """Say what a Python program with a recursive function prints.

    Isolates following calls down and their results back up. Levels 1 and 2 have one call with two
    cases and larger arguments at level 2, level 3 two functions that call each other, level 4 two
    calls with printing between them, level 5 a call whose argument is the result of another.
    """
    makers = {1: _chain, 2: _chain, 3: _mutual, 4: _printing, 5: _nested}
    traced = makers[level](rng, level)
    shown = ", ".join(map(str, traced.printed))
    question = rng.choice(_WORDINGS).format(traced.code)
    several = level == 4
    return Problem(
        question=f"{question}\nList the numbers in order." if several else question,
        answer=SequenceAnswer(items=tuple(map(str, traced.printed)))
        if several
        else IntegerAnswer(value=traced.printed[0]),
        short=(f"it prints {shown}",),
        long=tuple(traced.steps),
        key=f"recursion_trace {traced.code}",
    )


def _chain(rng: Random, level: int) -> _Traced:
    n = rng.randint(*_LARGEST[level])
    base = rng.randint(1, 9)
    down, up = rng.randint(1, 9), rng.randint(1, 9)
    signs = rng.choice((("+", "-"), ("-", "+"), ("+", "+")))
    code = (
        f"def f(n):\n  if n < 2: return {base}\n"
        f"  if n % 2: return f(n - 1) {signs[0]} {down}\n"
        f"  return f(n // 2) {signs[1]} {up}\nprint(f({n}))"
    )
    calls = []
    while n >= 2:
        inner, sign, term = (n - 1, signs[0], down) if n % 2 else (n // 2, signs[1], up)
        calls.append((n, inner, sign, term))
        n = inner
    steps = [f"f({n}) = f({inner}) {sign} {term}" for n, inner, sign, term in calls]
    steps.append(f"f({n}) = {base}")
    value = base
    for outer, _, sign, term in reversed(calls):
        result = value + term if sign == "+" else value - term
        steps.append(f"f({outer}) = {value} {sign} {term} = {result}")
        value = result
    return _Traced(code, (value,), steps)


def _mutual(rng: Random, level: int) -> _Traced:
    a, b = rng.randint(20, 60), rng.randint(20, 60)
    first, second = rng.sample(range(3, 9), 2)
    plus, times = rng.randint(1, 9), rng.randint(2, 3)
    modulus = rng.choice((29, 31, 37, 41, 43, 47))
    code = (
        f"def f(a, b):\n  if b < {first}: return a + b\n"
        f"  return g(b, a - b if a > b else a + {plus}) + 1\n"
        f"def g(a, b):\n  if a < {second}: return a - b\n"
        f"  return {times} * f(b % {modulus}, a // 2) % {modulus}\nprint(f({a}, {b}))"
    )
    calls: list[tuple[str, int, int]] = []
    name = "f"
    while b >= first if name == "f" else a >= second:
        calls.append((name, a, b))
        a, b = (b, a - b if a > b else a + plus) if name == "f" else (b % modulus, a // 2)
        name = "g" if name == "f" else "f"
    value = a + b if name == "f" else a - b
    steps = []
    for (outer, x, y), inner in zip(calls, [*calls[1:], (name, a, b)], strict=True):
        called = f"{inner[0]}({inner[1]}, {inner[2]})"
        tail = f"{called} + 1" if outer == "f" else f"{times} * {called} % {modulus}"
        steps.append(f"{outer}({x}, {y}) = {tail}")
    steps.append(f"{name}({a}, {b}) = {value}")
    for outer, x, y in reversed(calls):
        if outer == "f":
            steps.append(f"f({x}, {y}) = {value} + 1 = {value + 1}")
            value += 1
            continue
        result = times * value % modulus
        steps.append(f"g({x}, {y}) = {times} * {value} % {modulus} = {result}")
        value = result
    if len(calls) < 3:
        return _mutual(rng, level)
    return _Traced(code, (value,), steps)


class _Body(NamedTuple):
    """The lines of a function that prints and calls itself with `n - less` and `n // part`."""

    limit: int
    less: int
    part: int
    lines: tuple[str, ...]


def _printing(rng: Random, level: int) -> _Traced:
    less, part = rng.randint(1, 4), rng.randint(2, 4)
    calls = [f"f(n - {less})", f"f(n // {part})"]
    rng.shuffle(calls)
    places = rng.choice(((0,), (1,), (2,), (0, 2)))
    lines = []
    for place in range(3):
        if place in places:
            lines.append("print(n)" if place == places[0] else "print(-n)")
        lines.extend(calls[place : place + 1])
    body = _Body(rng.randint(1, 2), less, part, tuple(lines))
    n = rng.randint(6, 24)
    steps: list[str] = []
    printed: list[int] = []
    _walk(body, n, printed, steps)
    if not _FEWEST_PRINTED <= len(printed) <= _MOST_PRINTED:
        return _printing(rng, level)
    code = ["def f(n):", f"  if n < {body.limit}: return", *(f"  {line}" for line in lines)]
    return _Traced("\n".join([*code, f"f({n})"]), tuple(printed), steps)


def _walk(body: _Body, n: int, printed: list[int], steps: list[str]) -> None:
    if n < body.limit:
        steps.append(f"f({n}) returns")
        return
    steps.append(f"f({n})")
    for line in body.lines:
        if line.startswith("print"):
            printed.append(-n if "-" in line else n)
            steps.append(f"in f({n}) print {printed[-1]}")
        else:
            _walk(body, n - body.less if "-" in line else n // body.part, printed, steps)
    steps.append(f"f({n}) returns")


def _nested(rng: Random, _level: int) -> _Traced:
    n = rng.randint(14, 22)
    base, term = rng.randint(1, 9), rng.randint(1, 20)
    factor, modulus = rng.randint(2, 5), rng.choice((53, 59, 61, 67, 71, 73, 79, 83, 89, 97))
    code = (
        f"def f(n):\n  if n < 1: return {base}\n  a = f(n - 1)\n"
        f"  return ({factor} * a + f(a % n) + {term}) % {modulus}\nprint(f({n}))"
    )
    values, steps = [base], [f"f(0) = {base}"]
    for k in range(1, n + 1):
        a = values[-1]
        other = values[a % k]
        total = factor * a + other + term
        values.append(total % modulus)
        steps.append(
            f"f({k}): {a} % {k} = {a % k}, f({a % k}) = {other}, {factor} * {a} + {other} + {term} "
            f"= {total}, % {modulus} = {values[-1]}"
        )
    return _Traced(code, (values[-1],), steps)
