"""mathematics/enumeration: paths around blocked points, and orders under conditions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, permutations
from random import Random
from typing import Any, NamedTuple

from metaprobe.benchmark.answers import Answer, IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_WIDTH = {1: (1, 3), 2: (2, 3), 3: (3, 4), 4: (6, 8), 5: (10, 13)}
_BLOCKED = {1: (1, 2), 2: (1, 3), 3: (2, 4), 4: (4, 7), 5: (9, 14)}
_PATHS = {1: (1, 4), 2: (1, 6), 3: (3, 14), 4: (20, 2_000), 5: (1_000, 10**9)}
_COUNT_FROM = 4
_DIAGONAL_FROM = 5
_MOVES = {"R": (1, 0), "U": (0, 1), "D": (1, 1)}
_PATH_WORDINGS = (
    "A path goes from (0, 0) to ({w}, {h}). {moves} It must not touch {blocked}.",
    "Go from (0, 0) to ({w}, {h}) around {blocked}, which may not be entered. {moves}",
    "Walk on points (x, y) from (0, 0) to ({w}, {h}). {moves} Blocked: {blocked}.",
)
_LIST_PATHS = " List all paths as words of R and U, separated by commas."
_COUNT_PATHS = " How many different paths are there?"

_DIGITS = {1: 3, 2: 4, 3: 5, 4: 6, 5: 7}
_CONDITIONS = {1: (1, 2), 2: (2, 3), 3: (3, 3), 4: (3, 4), 5: (3, 4)}
_ORDERS = {1: (1, 4), 2: (1, 6), 3: (2, 10), 4: (5, 24), 5: (60, 300)}
_COUNT_ORDERS_FROM = 5
_ORDER_WORDINGS = (
    "Put the digits {digits} in a row, each once, so that {conditions}.",
    "Arrange {digits} in a row, each digit once, in such a way that {conditions}.",
    "Use each of the digits {digits} once, in a row in which {conditions}.",
)


@family(
    "mathematics/enumeration",
    capacity={1: 162, 2: 600, 3: 5_000, 4: 10**6, 5: 10**9},
)
def lattice_paths(rng: Random, level: int) -> Problem:
    """List all shortest paths on a grid that avoid blocked points, or count them from level 4 on.

    Isolates following every branch to its end. A level has larger grids and more blocked points;
    level 5 has diagonal moves too.
    """
    moves = "RUD" if level >= _DIAGONAL_FROM else "RU"
    fewest, most = _PATHS[level]
    while True:
        width, height = rng.randint(*_WIDTH[level]), rng.randint(*_WIDTH[level])
        points = [(x, y) for y in range(height + 1) for x in range(width + 1)][1:-1]
        blocked = set(rng.sample(points, min(rng.randint(*_BLOCKED[level]), len(points))))
        counts = _path_counts(width, height, blocked, moves)
        if fewest <= counts[width, height] <= most:
            break
    rules = "Each step adds 1 to x (R) or to y (U)"
    rules += ", or 1 to both (D)." if "D" in moves else "."
    avoided = _and([f"({x}, {y})" for x, y in sorted(blocked)])
    question = rng.choice(_PATH_WORDINGS).format(w=width, h=height, moves=rules, blocked=avoided)
    key = f"lattice_paths {width} {height} {sorted(blocked)} {moves}"
    if level >= _COUNT_FROM:
        rows = [
            f"y = {y}: " + ", ".join(str(counts[x, y]) for x in range(width + 1))
            for y in range(height + 1)
        ]
        total = counts[width, height]
        return _problem(question + _COUNT_PATHS, IntegerAnswer(value=total), rows, key)
    words = _paths(width, height, blocked)
    steps = [
        f"({x}, {y}): {', '.join(found)}" for (x, y), found in words.items() if found and x + y > 0
    ]
    return _problem(
        question + _LIST_PATHS, SetAnswer(items=tuple(words[width, height])), steps, key
    )


_Point = tuple[int, int]


def _path_counts(width: int, height: int, blocked: set[_Point], moves: str) -> dict[_Point, int]:
    """Return for every point by how many paths it is reached."""
    counts = {(0, 0): 1}
    for y in range(height + 1):
        for x in range(width + 1):
            before = [(x - _MOVES[m][0], y - _MOVES[m][1]) for m in moves]
            reached = sum(counts.get(point, 0) for point in before)
            counts[x, y] = 0 if (x, y) in blocked else reached + (x == y == 0)
    return counts


def _paths(width: int, height: int, blocked: set[_Point]) -> dict[_Point, list[str]]:
    """Return for every point the words of the paths to it."""
    words: dict[_Point, list[str]] = {}
    for y in range(height + 1):
        for x in range(width + 1):
            right = [f"{word}R" for word in words.get((x - 1, y), [])]
            up = [f"{word}U" for word in words.get((x, y - 1), [])]
            words[x, y] = [] if (x, y) in blocked else sorted(right + up)
            if x == y == 0:
                words[x, y] = [""]
    return words


class _Orders(NamedTuple):
    """N orders of the digits 1 to K; all at once, since each is asked many conditions."""

    digits: Any
    """(N, K) the digit in each place, as a numpy array."""
    places: Any
    """(N, K) the place of each digit, counted from 0."""

    def digit(self, place: int) -> Any:
        """The digits in a place, counted from 1."""
        return self.digits[:, place - 1]

    def place(self, digit: int) -> Any:
        """The places of a digit."""
        return self.places[:, digit - 1]

    def those(self, met: Any) -> "_Orders":
        """The orders for which a condition is met."""
        return _Orders(self.digits[met], self.places[met])


@lru_cache(maxsize=8)
def _orders(size: int) -> _Orders:
    import numpy as np  # tenths of a second that a list of the families need not wait

    digits = np.array(list(permutations(range(1, size + 1))))
    return _Orders(digits, digits.argsort(axis=1))


@dataclass(frozen=True)
class _Condition:
    text: str
    holds: Callable[[_Orders], Any]
    """Which of the orders meet it, as a mask (N,)."""


@family(
    "mathematics/enumeration",
    capacity={1: 153, 2: 5_000, 3: 10**5, 4: 10**6, 5: 10**6},
    claim=unordered_claim,
)
def permutations_under_constraint(rng: Random, level: int) -> Problem:
    """List all orders of some digits that meet several conditions, or count them at level 5.

    Isolates checking every order against every condition. A level has more digits and
    conditions, and conditions that compare more places.
    """
    size = _DIGITS[level]
    fewest, most = _ORDERS[level]
    orders = _orders(size)
    while True:
        makers = rng.sample(_MAKERS[level], rng.randint(*_CONDITIONS[level]))
        conditions = sorted((maker(rng, size) for maker in makers), key=lambda c: c.text)
        found = orders
        for condition in conditions:
            before = len(found.digits)
            found = found.those(condition.holds(found))
            if not fewest <= len(found.digits) < before:
                break  # the condition says nothing new, or too few orders are left
        else:
            if len(found.digits) <= most:
                break
    texts = [condition.text for condition in conditions]
    names = _names(found)
    question = rng.choice(_ORDER_WORDINGS).format(
        digits=_and([str(digit) for digit in range(1, size + 1)]), conditions=_and(texts)
    )
    if any("place" in text for text in texts):
        question += " Place 1 is on the left."
    key = f"permutations_under_constraint {size}: {'; '.join(texts)}"
    counted = level >= _COUNT_ORDERS_FROM
    if size <= _DIGITS[2]:
        steps = [f"{name} {'yes' if name in names else 'no'}" for name in _names(orders)]
    else:
        groups = [(start, list(group)) for start, group in groupby(names, lambda name: name[:2])]
        steps = [f"{s}: {', '.join(g)}" + f": {len(g)}" * counted for s, g in groups]
    if counted:
        question += " How many such rows are there?"
        return _problem(question, IntegerAnswer(value=len(names)), steps, key)
    question += f" List all such rows as numbers of {size} digits, separated by commas."
    return _problem(question, SetAnswer(items=tuple(names)), steps, key)


def _names(orders: _Orders) -> list[str]:
    return ["".join(map(str, order)) for order in orders.digits.tolist()]


def _problem(question: str, answer: Answer, steps: Sequence[str], key: str) -> Problem:
    found = f"{'Number' if answer.kind == 'integer' else 'Found'}: {answer.render()}"
    return Problem(question=question, answer=answer, short=(found,), long=(*steps, found), key=key)


def _and(texts: Sequence[str]) -> str:
    return " and ".join([*([", ".join(texts[:-1])] if len(texts) > 1 else []), texts[-1]])


def _differences(orders: _Orders) -> Any:
    """Return (N, K - 1) each digit less the one to its left."""
    return orders.digits[:, 1:] - orders.digits[:, :-1]


def _before(rng: Random, size: int) -> _Condition:
    a, b = rng.sample(range(1, size + 1), 2)
    return _Condition(f"{a} stands left of {b}", lambda orders: orders.place(a) < orders.place(b))


def _not_in_place(rng: Random, size: int) -> _Condition:
    digit, place = rng.randint(1, size), rng.randint(1, size)
    return _Condition(
        f"{digit} is not in place {place}", lambda orders: orders.digit(place) != digit
    )


def _adjacent(rng: Random, size: int) -> _Condition:
    a, b = sorted(rng.sample(range(1, size + 1), 2))
    return _Condition(
        f"{a} is next to {b}", lambda orders: abs(orders.place(a) - orders.place(b)) == 1
    )


def _apart(rng: Random, size: int) -> _Condition:
    a, b = sorted(rng.sample(range(1, size + 1), 2))
    return _Condition(
        f"{a} is not next to {b}", lambda orders: abs(orders.place(a) - orders.place(b)) > 1
    )


def _larger(rng: Random, size: int) -> _Condition:
    p, q = rng.sample(range(1, size + 1), 2)
    return _Condition(
        f"the digit in place {p} is greater than the one in place {q}",
        lambda orders: orders.digit(p) > orders.digit(q),
    )


def _parity(rng: Random, size: int) -> _Condition:
    place, rest = rng.randint(1, size), rng.choice((0, 1))
    return _Condition(
        f"the digit in place {place} is {('even', 'odd')[rest]}",
        lambda orders: orders.digit(place) % 2 == rest,
    )


def _no_fixed(_: Random, __: int) -> _Condition:
    return _Condition(
        "no digit equals the number of its place",
        lambda orders: (orders.digits != range(1, orders.digits.shape[1] + 1)).all(axis=1),
    )


def _close(rng: Random, size: int) -> _Condition:
    most = rng.randint(size // 2, size - 2)
    return _Condition(
        f"neighbouring digits differ by at most {most}",
        lambda orders: (abs(_differences(orders)) <= most).all(axis=1),
    )


def _rises(rng: Random, size: int) -> _Condition:
    count = rng.randint(2, size - 2)
    return _Condition(
        f"exactly {count} digits are greater than the digit directly to their left",
        lambda orders: (_differences(orders) > 0).sum(axis=1) == count,
    )


_SIMPLE = (_before, _not_in_place, _adjacent, _apart)
_MAKERS: dict[int, tuple[Callable[[Random, int], _Condition], ...]] = {
    1: _SIMPLE,
    2: _SIMPLE,
    3: (*_SIMPLE, _larger, _parity),
    4: (*_SIMPLE, _larger, _parity, _no_fixed, _close),
    5: (_before, _not_in_place, _apart, _larger, _parity, _no_fixed, _close, _rises),
}
"""Places are counted from the left; the first one is place 1."""
