"""coding/diagnostic: which number a loop leaves out or prints in excess, if any."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import SetAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of loops that print what they should."""

BOUND_KINDS = ("starts late", "starts early", "stops early", "stops late")
_WORDINGS = (
    "This Python code should print {wanted}.\n{code}\n"
    "Which number is missing or extra? Answer with it, or none.",
    "The output of this Python code should be {wanted}.\n{code}\n"
    "Is a number missing or extra? Answer with that number, or none.",
    "Wanted: {wanted}.\n{code}\n"
    "Which number does the code leave out or print in excess? Answer with it, or none.",
    "A programmer wants to print {wanted}.\n{code}\n"
    "Name the number that is missing or extra in the output, or answer none.",
)


class _Loop(NamedTuple):
    wanted: str
    code: str
    wished: list[int]
    printed: list[int]
    steps: list[str]


@family(
    "coding/diagnostic",
    capacity={1: 1_200, 2: 3_000, 3: 10**4, 4: 10**6, 5: 10**5},
)
def off_by_one(rng: Random, level: int) -> Problem:
    """Name the number that a loop leaves out or prints in excess, if any.

    Isolates the bounds of loops; about 30 % of the loops are right. Planted are the BOUND_KINDS.
    Level 1 has ranges with step 1, level 2 larger steps, where a changed stop often makes no
    difference; level 3 and 4 while loops up and down to a limit that is not always hit, level 5
    sequences that grow by a formula.
    """
    makers = {1: _small_range, 2: _stepped_range, 3: _while_loop, 4: _while_loop, 5: _growing}
    clean = rng.random() < CLEAN_SHARE
    loop = makers[level](rng, level)
    while len(set(loop.wished) ^ set(loop.printed)) != (0 if clean else 1):
        loop = makers[level](rng, level)
    different = tuple(set(loop.wished) ^ set(loop.printed))
    verdict = _verdict(loop, different[0]) if different else "no number is missing or extra"
    question = rng.choice(_WORDINGS).format(wanted=loop.wanted, code=loop.code)
    return Problem(
        question=question,
        answer=SetAnswer(items=tuple(map(str, different))),
        short=(verdict,),
        long=(*loop.steps, verdict),
        key=f"off_by_one {loop.wanted} {loop.code}",
    )


def _verdict(loop: _Loop, number: int) -> str:
    if number in loop.wished:
        kind = BOUND_KINDS[0] if number == loop.wished[0] else BOUND_KINDS[2]
        return f"the loop {kind}: {number} is missing"
    kind = BOUND_KINDS[1] if number == loop.printed[0] else BOUND_KINDS[3]
    return f"the loop {kind}: {number} is extra"


def _small_range(rng: Random, _level: int) -> _Loop:
    start, length = rng.randint(1, 40), rng.randint(3, 8)
    last = start + length - 1
    first, stop = start + rng.choice((-1, 0, 0, 1)), last + rng.choice((0, 1, 1, 2))
    steps = [
        f"range({first}, {stop}) starts at {first}, wanted {start}",
        f"it ends at {stop} - 1 = {stop - 1}, wanted {last}",
    ]
    code = f"for i in range({first}, {stop}):\n  print(i)"
    wanted = f"the whole numbers from {start} to {last}, both included"
    return _Loop(wanted, code, list(range(start, last + 1)), list(range(first, stop)), steps)


def _stepped_range(rng: Random, _level: int) -> _Loop:
    start, step, length = rng.randint(1, 20), rng.randint(2, 5), rng.randint(3, 6)
    wished = [start + k * step for k in range(length)]
    first = start + step * rng.choice((-1, 0, 0, 0, 1))
    stop = wished[-1] + rng.choice((0, *range(1, step + 1), step + 1, 2 * step))
    printed = list(range(first, stop, step))
    steps = [f"starts with {first}"]
    steps += [
        f"{n} + {step} = {n + step} {'<' if n + step < stop else '>='} {stop}" for n in printed
    ]
    if printed:
        steps.append(f"prints {', '.join(map(str, printed))}")
    wanted = f"{', '.join(map(str, wished[:-1]))} and {wished[-1]}"
    code = f"for i in range({first}, {stop}, {step}):\n  print(i)"
    return _Loop(wanted, code, wished, printed, steps)


def _while_loop(rng: Random, level: int) -> _Loop:
    step = rng.randint(2, 9) if level == 3 else rng.randint(11, 49)
    count = rng.randint(4, 7) if level == 3 else rng.randint(9, 14)
    start = rng.randint(0, 40) if level == 3 else rng.randint(50, 400)
    rising = rng.random() < 0.5
    if not rising:
        start += step * count
    way = 1 if rising else -1
    limit = start + way * (step * (count - 1) + rng.choice((0, 0, -1, 1, rng.randint(0, step))))
    next_text = f"{start}, {start + way * step}, {start + 2 * way * step} and so on"
    bound = f"as long as they are at {'most' if rising else 'least'} {limit}"
    sign = ("<" if rising else ">") + rng.choice(("", "="))
    stop = limit + rng.choice((-1, 0, 0, 1))
    change = f"i {'+' if rising else '-'}= {step}"
    wished = list(range(start, limit + way, way * step))
    edge = stop + (way if sign.endswith("=") else 0)
    printed = list(range(start, edge, way * step))
    code = f"i = {start}\nwhile i {sign} {stop}:\n  print(i)\n  {change}"
    return _Loop(f"{next_text}, {bound}", code, wished, printed, _compare(wished, printed))


def _growing(rng: Random, _level: int) -> _Loop:
    divisor, term, start = rng.randint(2, 4), rng.randint(2, 30), rng.randint(3, 60)
    terms = [start]
    for _ in range(rng.randint(9, 13)):
        terms.append(terms[-1] + terms[-1] // divisor + term)
    limit = terms[-3] + rng.choice((0, 0, 0, -1, 1, 2))
    sign, stop = rng.choice(("<", "<=")), limit + rng.choice((-1, 0, 0, 1))
    wished = [n for n in terms if n <= limit]
    printed = [n for n in terms if n < stop + (sign == "<=")]
    rule = f"i + i // {divisor} + {term}"
    wanted = f"the numbers up to {limit} (included) of the sequence that starts with {start}"
    wanted = f"{wanted} and goes on from i to {rule}"
    code = f"i = {start}\nwhile i {sign} {stop}:\n  print(i)\n  i = {rule}"
    steps = [f"{n} + {n // divisor} + {term} = {n + n // divisor + term}" for n in terms[:-2]]
    steps += _compare(wished, printed)
    return _Loop(wanted, code, wished, printed, steps)


def _compare(wished: list[int], printed: list[int]) -> list[str]:
    return [
        f"wanted: {', '.join(map(str, wished))}",
        f"printed: {', '.join(map(str, printed))}",
    ]
