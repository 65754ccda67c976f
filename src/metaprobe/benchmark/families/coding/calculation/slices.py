"""coding/calculation: how many items slices have, and which."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.family import Problem, family

_WORDINGS = (
    "What does this Python code print?\n{}",
    "Run this Python code. What is printed?\n{}",
    "Which number does this Python code print?\n{}",
    "Work out the number that this Python code prints.\n{}",
)
_ITEMS = {1: (5, 20), 2: (8, 30), 3: (30, 60), 4: (40, 90), 5: (90, 300)}
_SLICES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4}
_STEPS = {1: (1,), 2: (1, 2, 3), 3: (1, 2, 3), 4: (-3, -2, -1, 1, 2, 3), 5: (-3, -2, -1, 1, 2)}
_FEWEST = {1: 1, 2: 1, 3: 3, 4: 3, 5: 4}


class _Progression(NamedTuple):
    """A list whose neighbours all differ by `gap`."""

    first: int
    gap: int
    length: int

    def item(self, index: int) -> int:
        return self.first + index * self.gap

    def cut(self, part: slice) -> "_Progression":
        start, stop, step = part.indices(self.length)
        distance = (stop - start) * (1 if step > 0 else -1)
        count = max(0, -(-distance // abs(step)))
        return _Progression(self.item(start), self.gap * step, count)


@family(
    "coding/calculation",
    capacity={1: 2_000, 2: 20_000, 3: 10**7, 4: 10**8, 5: 10**12},
)
def slice_arithmetic(rng: Random, level: int) -> Problem:
    """Compute the length, an item or the sum of slices of a list of evenly spaced numbers.

    Isolates the arithmetic of start, stop and step. Level 1 has a start and a stop, which may lie
    past the end, level 2 also steps and positions counted from the end, level 3 a slice of a
    slice, level 4 negative steps, level 5 four slices of a longer list.
    """
    header, numbers = _numbers(rng, level)
    lines = [header]
    steps: list[str] = []
    for position in range(_SLICES[level]):
        text, part = _slice(rng, level, numbers.length)
        while numbers.cut(part).length < _FEWEST[level] + 3 * (_SLICES[level] - 1 - position):
            text, part = _slice(rng, level, numbers.length)
        steps += _cut_steps(text, part, numbers, level)
        numbers = numbers.cut(part)
        lines.append(f"b = {'b' if position else 'a'}{text}")
    if level <= 2:
        lines = [header, f"b = a{text}"]
    asked, value, last = _ask(rng, level, numbers)
    code = "\n".join([*lines, f"print({asked})"])
    return Problem(
        question=rng.choice(_WORDINGS).format(code),
        answer=IntegerAnswer(value=value),
        short=(f"it prints {value}",) if level > 1 else (),
        long=(*steps, *last),
        key=f"slice_arithmetic {code}",
    )


def _numbers(rng: Random, level: int) -> tuple[str, _Progression]:
    count = rng.randint(*_ITEMS[level])
    if level <= 2:
        return f"a = list(range({count}))", _Progression(0, 1, count)
    first, gap = rng.randint(1, 50), rng.randint(2, 5) if level >= 4 else 1
    stop = first + gap * (count - 1) + rng.randint(1, gap)
    last = f", {gap}" if gap > 1 else ""
    return f"a = list(range({first}, {stop}{last}))", _Progression(first, gap, count)


def _slice(rng: Random, level: int, count: int) -> tuple[str, slice]:
    """Draw a slice as text and as a value; what is left out of the text is None."""
    start: int | None = rng.randint(0, count * 2 // 3)
    stop: int | None = rng.randint(count // 3, count + 5)
    step = rng.choice(_STEPS[level])
    if step < 0:
        start, stop = stop, start
    if level >= 2:
        start, stop = (_from_the_end(rng, place, count) for place in (start, stop))
    parts = ["" if place is None else str(place) for place in (start, stop)]
    if step != 1:
        parts.append(str(step))
    return f"[{':'.join(parts)}]", slice(start, stop, step)


def _from_the_end(rng: Random, place: int | None, count: int) -> int | None:
    """Return the place as it is, counted from the end, or nothing."""
    draw = rng.random()
    if place is None or draw < 0.15:
        return None
    return place - count if draw < 0.5 and place < count else place


def _cut_steps(text: str, part: slice, numbers: _Progression, level: int) -> list[str]:
    count = numbers.length
    start, stop, step = part.indices(count)
    steps = [f"{text} of {_items(count)} is {start} to {stop}"]
    low, high = sorted((start, stop))
    distance = f"{high} - {_signed(low)} = {high - low}"
    cut = numbers.cut(part)
    if abs(step) > 1:
        quotient, rest = divmod(high - low, abs(step))
        split = f"{high - low} = {quotient} * {abs(step)} + {rest}"
        steps += [distance, f"{split}, so {_items(cut.length)}"]
    else:
        steps.append(f"{distance}, so {_items(cut.length)}")
    if level > 1:
        first = f"{numbers.first} + {start} * {_signed(numbers.gap)} = {cut.first}"
        steps.append(f"first {first}, step {numbers.gap} * {_signed(step)} = {cut.gap}")
    return steps


def _items(count: int) -> str:
    return f"{count} item{'s' * (count != 1)}"


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _ask(rng: Random, level: int, b: _Progression) -> tuple[str, int, list[str]]:
    """Return what is printed, as code, as a number and with the steps that lead to it."""
    kind = rng.choice(("len", "item", "sum") if level == 5 else ("len", "item"))
    if kind == "len":
        return "len(b)", b.length, [f"len(b) = {b.length}"]
    index = rng.randrange(b.length)
    if kind == "item":
        item = f"{b.first} + {index} * {_signed(b.gap)} = {b.item(index)}"
        if level >= 2 and rng.random() < 0.4:
            back = index - b.length
            return f"b[{back}]", b.item(index), [f"{b.length} - {-back} = {index}", item]
        return f"b[{index}]", b.item(index), [item]
    last = b.item(b.length - 1)
    ends = b.first + last
    total = ends * b.length // 2
    steps = [
        f"last {b.first} + {b.length - 1} * {_signed(b.gap)} = {last}",
        f"{b.first} + {_signed(last)} = {ends}",
        f"{ends} * {b.length} / 2 = {total}",
    ]
    return "sum(b)", total, steps
