"""coding/simulation: sorting algorithms stopped after some passes."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "{rule} What is the list {numbers} after {ending}?",
    "{rule} Give the list {numbers} as it is after {ending}.",
    "A program sorts {numbers}. {rule} What is the list after {ending}?",
    "{rule} It starts with {numbers}. Write the list after {ending}.",
)
_CODE_WORDINGS = (
    "What does this Python code print?\n{}",
    "A heap is kept in a list. What does this Python code print?\n{}",
    "Run this Python code, which works on a heap. What is printed?\n{}",
)
_BUBBLE = (
    "Bubble sort: a pass goes from left to right and swaps each pair of neighbours "
    "whose left number is larger."
)
_SELECTION = (
    "Selection sort: pass k swaps the number in place k with the smallest number from place k on "
    "(the first place is 1)."
)
_COCKTAIL = (
    "Cocktail sort: odd passes go from left to right, even passes from right to left. A pass swaps "
    "each pair of neighbours whose left number is larger."
)
_COMB = (
    "Comb sort: a pass with gap g goes through the places from left to right and compares each "
    "number with the one g places to its right, if there is one; the two are swapped if the left "
    "one is larger."
)
_SHELL = (
    "Shell sort: a pass with gap g goes through the places from g + 1 to the last (the first is "
    "1). The number found there is swapped with the one g places to its left, again and again, as "
    "long as there is one and that one is larger."
)
_LENGTH = {1: 4, 2: 5, 3: 7, 4: 10, 5: 14}
_LARGEST = {1: 9, 2: 9, 3: 30, 4: 60, 5: 99}
_PASSES = {1: 1, 2: 2, 3: 3}


class _Sorter(NamedTuple):
    rule: str
    ending: str
    result: list[int]
    steps: list[str]


@family(
    "coding/simulation",
    capacity={1: 2_000, 2: 20_000, 3: 10**7, 4: 10**12, 5: 10**15},
)
def sorting_passes(rng: Random, level: int) -> Problem:
    """Give a list as it is after some passes of a sorting algorithm.

    Isolates carrying out compare-and-swap steps in order. Level 1 is one pass of bubble sort on
    four numbers, level 2 two passes of bubble or selection sort, level 3 three passes with cocktail
    sort, level 4 two gaps of comb or Shell sort on ten numbers, level 5 a heap that is built of
    fourteen numbers and gives up its smallest ones.
    """
    numbers = rng.sample(range(1, _LARGEST[level] + 1), _LENGTH[level])
    if level == 5:
        return _heap(rng, numbers)
    if level == 4:
        sorter = rng.choice((_comb, _shell))(rng, list(numbers))
    elif level == 1 or rng.random() < 0.5:
        sorter = (_cocktail if level == 3 else _bubble)(list(numbers), _PASSES[level])
    else:
        sorter = _selection(list(numbers), _PASSES[level])
    question = rng.choice(_WORDINGS).format(
        rule=sorter.rule, numbers=", ".join(map(str, numbers)), ending=sorter.ending
    )
    final = tuple(map(str, sorter.result))
    return Problem(
        question=question,
        answer=SequenceAnswer(items=final),
        short=(f"the list is {', '.join(final)}",),
        long=tuple(sorter.steps),
        key=f"sorting_passes {sorter.rule} {sorter.ending} {numbers}",
    )


def _passes(count: int) -> str:
    return f"{count} pass{'es' * (count != 1)}"


def _compare(a: list[int], i: int, j: int, steps: list[str]) -> bool:
    """Swap the items at `i` and `j` if the left one is larger; tell whether it was."""
    swap = a[i] > a[j]
    text = f"{a[i]} > {a[j]} {'yes' if swap else 'no'}"
    if swap:
        a[i], a[j] = a[j], a[i]
        text = f"{text}: {', '.join(map(str, a))}"
    steps.append(text)
    return swap


def _bubble(a: list[int], count: int) -> _Sorter:
    steps: list[str] = []
    for _ in range(count):
        for i in range(len(a) - 1):
            _compare(a, i, i + 1, steps)
    return _Sorter(_BUBBLE, _passes(count), a, steps)


def _cocktail(a: list[int], count: int) -> _Sorter:
    steps: list[str] = []
    for k in range(count):
        places = range(len(a) - 1)
        for i in reversed(places) if k % 2 else places:
            _compare(a, i, i + 1, steps)
    return _Sorter(_COCKTAIL, _passes(count), a, steps)


def _selection(a: list[int], count: int) -> _Sorter:
    steps = []
    for k in range(count):
        rest = a[k:]
        at = a.index(min(rest))
        a[k], a[at] = a[at], a[k]
        smallest = f"smallest of {', '.join(map(str, rest))} is {min(rest)}"
        steps.append(f"{smallest}: {', '.join(map(str, a))}")
    return _Sorter(_SELECTION, _passes(count), a, steps)


def _gaps(rng: Random) -> tuple[int, int]:
    return rng.choice(((5, 3), (5, 2), (4, 2), (6, 3), (4, 3), (3, 2)))


def _comb(rng: Random, a: list[int]) -> _Sorter:
    gaps = _gaps(rng)
    steps: list[str] = []
    for gap in gaps:
        for i in range(len(a) - gap):
            _compare(a, i, i + gap, steps)
    return _Sorter(_COMB, f"a pass with gap {gaps[0]} and then one with gap {gaps[1]}", a, steps)


def _shell(rng: Random, a: list[int]) -> _Sorter:
    gaps = _gaps(rng)
    steps: list[str] = []
    for gap in gaps:
        for start in range(gap, len(a)):
            i = start
            while i >= gap and _compare(a, i - gap, i, steps):
                i -= gap
    return _Sorter(_SHELL, f"a pass with gap {gaps[0]} and then one with gap {gaps[1]}", a, steps)


def _sink(a: list[int], at: int, steps: list[str]) -> None:
    """Swap the item at `at` with its smaller child as long as that is smaller."""
    while 2 * at + 1 < len(a):
        children = range(2 * at + 1, min(2 * at + 3, len(a)))
        child = min(children, key=a.__getitem__)
        if not _compare(a, at, child, steps):
            return
        at = child


def _heap(rng: Random, numbers: list[int]) -> Problem:
    removals = rng.randint(2, 4)
    a = list(numbers)
    steps = [", ".join(map(str, a))]
    for at in reversed(range(len(a) // 2)):
        _sink(a, at, steps)
    for _ in range(removals):
        last = a.pop()
        steps.append(f"{a[0]} leaves, {last} goes to the top")
        a[0] = last
        _sink(a, 0, steps)
    lines = ["import heapq", f"a = {numbers}", "heapq.heapify(a)"]
    code = "\n".join([*lines, *["heapq.heappop(a)"] * removals, "print(a)"])
    final = tuple(map(str, a))
    return Problem(
        question=rng.choice(_CODE_WORDINGS).format(code),
        answer=SequenceAnswer(items=final),
        short=(f"the list is {', '.join(final)}",),
        long=tuple(steps),
        key=f"sorting_passes {code}",
    )
