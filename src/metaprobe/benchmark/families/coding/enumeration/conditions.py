"""coding/enumeration: every element, row or state that a piece of code admits."""

from collections.abc import Mapping
from itertools import product
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import SequenceAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_LIST_WORDINGS = (
    "Which elements does this Python list have?\n{}\nList them in order.",
    "List, in order, the elements of this Python list.\n{}",
    "Python evaluates the comprehension below. List the elements of the result in order.\n{}",
    "What does this comprehension produce in Python?\n{}\nList the elements in order.",
)
_ROW_WORDINGS = (
    "For which ({names}) is `{text}` true? Write 1 for True, 0 for False, and list all rows.",
    "List every row ({names}) that makes `{text}` true. Write 1 for True and 0 for False.",
    "Which rows ({names}) of the truth table of `{text}` are true? Write 1 for True, 0 for False.",
    "Python evaluates `{text}`. List all ({names}) that give True, with 1 for True, 0 for False.",
)
_GRAPH_WORDINGS = (
    "A machine has the moves {moves}. Which states can it reach from {start}? Include {start}.",
    "The moves of a program between states are {moves}. It starts in {start}. "
    "List every state that it can be in, {start} included.",
    "Given the moves {moves}, list all states reachable from {start}, {start} included.",
    "List the states that can be reached from {start} by the moves {moves}. Include {start}.",
)
_COUNTER_WORDINGS = (
    "A program starts with x = {start}. Each step runs either {first} or {second}. "
    "List every value that x can have, {start} included.",
    "x is {start} at first. Then {first} and {second} are run in any order, any number of times. "
    "Which values can x take? Include {start}.",
    "Starting from x = {start}, the statements {first} and {second} may be run as often as "
    "wanted, in any order. List all values of x that can be reached, {start} included.",
)
_LENGTH = {1: 4, 2: 5}
_NAMES = {1: 2, 2: 2, 3: 3, 4: 4, 5: 5}
_LITERALS = {1: 2, 2: 3, 3: 4, 4: 6, 5: 9}
_NAME_SETS = ("abcde", "pqrst", "uvwxy", "fghij", "klmno")
_STATES = {1: 4, 2: 5, 3: 9}
_MOVES = {1: 4, 2: 6, 3: 14}
_MODULUS = {4: (12, 24), 5: (40, 80)}
_REACHED = {4: (5, 12), 5: (12, 30)}


class _Kept(NamedTuple):
    code: str
    elements: list[int]
    steps: list[str]


@family(
    "coding/enumeration",
    capacity={1: 50_000, 2: 10**6, 3: 5_000, 4: 10**4, 5: 10**5},
)
def comprehension_output(rng: Random, level: int) -> Problem:
    """List the elements that a Python list comprehension produces.

    Isolates going through all cases and keeping those that meet the condition. Level 1 filters
    four given digits, level 2 also changes what is kept, level 3 runs over a range with two
    conditions, levels 4 and 5 have two and three loops.
    """
    makers = {1: _filtered, 2: _filtered, 3: _over_range, 4: _two_loops, 5: _three_loops}
    kept = makers[level](rng, level)
    while not kept.elements:
        kept = makers[level](rng, level)
    shown = ", ".join(map(str, kept.elements))
    return Problem(
        question=rng.choice(_LIST_WORDINGS).format(kept.code),
        answer=SequenceAnswer(items=tuple(map(str, kept.elements))),
        short=(f"kept: {shown}",),
        long=(*kept.steps, f"kept: {shown}"),
        key=f"comprehension_output {kept.code}",
    )


def _filtered(rng: Random, level: int) -> _Kept:
    numbers = [rng.randint(1, 9) for _ in range(_LENGTH[level])]
    sign, bound = rng.choice(("<", ">", "even", "odd")), rng.randint(3, 7)
    term = rng.randint(1, 9) if level == 2 else 0
    elements, steps = [], []
    for x in numbers:
        if sign in "<>":
            test, holds = f"{x} {sign} {bound}", x < bound if sign == "<" else x > bound
        else:
            wanted = int(sign == "odd")
            test, holds = f"{x} % 2 = {x % 2}", x % 2 == wanted
        steps.append(f"{test}: {'yes' if holds else 'no'}")
        if holds:
            elements.append(x + term)
            steps[-1] += f", {x} + {term} = {x + term}" if term else f", keep {x}"
    condition = f"x {sign} {bound}" if sign in "<>" else f"x % 2 == {int(sign == 'odd')}"
    kept = f"x + {term}" if term else "x"
    listed = ", ".join(map(str, numbers))
    return _Kept(f"[{kept} for x in [{listed}] if {condition}]", elements, steps)


def _over_range(rng: Random, _level: int) -> _Kept:
    start = rng.randint(0, 20)
    stop = start + rng.randint(9, 14)
    first, second = rng.sample((2, 3, 4, 5), 2)
    rest, term = rng.randrange(first), rng.randint(1, 20)
    factor = rng.randint(2, 4)
    elements, steps = [], []
    for x in range(start, stop):
        test = f"x = {x}: {x} % {first} = {x % first}"
        if x % first == rest:
            steps.append(f"{test}, no")
        elif x % second == 0:
            steps.append(f"{test}, {x} % {second} = 0, no")
        else:
            element = factor * x - term
            steps.append(
                f"{test}, {x} % {second} = {x % second}, {factor} * {x} - {term} = {element}"
            )
            elements.append(element)
    condition = f"x % {first} != {rest} and x % {second} != 0"
    code = f"[{factor} * x - {term} for x in range({start}, {stop}) if {condition}]"
    return _Kept(code, elements, steps)


def _two_loops(rng: Random, _level: int) -> _Kept:
    start, stop = rng.randint(1, 4), rng.randint(6, 9)
    end = rng.randint(7, 11)
    modulus = rng.randint(3, 6)
    rest, term = rng.randrange(modulus), rng.randint(1, 9)
    elements, steps = [], []
    for x in range(start, stop):
        for y in range(x, end):
            value = (x + y * y) % modulus
            steps.append(f"x = {x}, y = {y}: ({x} + {y * y}) % {modulus} = {value}")
            if value == rest:
                elements.append(x * y - term)
                steps[-1] += f", keep {x} * {y} - {term} = {x * y - term}"
    loops = f"for x in range({start}, {stop}) for y in range(x, {end})"
    code = f"[x * y - {term} {loops} if (x + y * y) % {modulus} == {rest}]"
    return _Kept(code, elements, steps)


def _three_loops(rng: Random, _level: int) -> _Kept:
    start, stop = rng.randint(1, 5), rng.randint(6, 9)
    end, last = rng.randint(8, 11), rng.randint(10, 13)
    modulus = rng.randint(7, 13)
    rest, factor = rng.randrange(modulus), rng.randint(2, 9)
    elements, steps = [], []
    for x, y in product(range(start, stop), range(start, end)):
        if y <= x:
            continue
        for z in range(y, last):
            value = (x * y + factor * z) % modulus
            steps.append(f"x = {x}, y = {y}, z = {z}: {x * y + factor * z} % {modulus} = {value}")
            if value == rest:
                elements.append(x * z - y)
                steps[-1] += f", keep {x} * {z} - {y} = {x * z - y}"
    loops = (
        f"for x in range({start}, {stop}) for y in range(x + 1, {end}) for z in range(y, {last})"
    )
    condition = f"(x * y + {factor} * z) % {modulus} == {rest}"
    return _Kept(f"[x * z - y {loops} if {condition}]", elements, steps)


class _Formula(NamedTuple):
    """A literal, or two formulas joined by `operator`; either may be negated."""

    operator: str
    parts: "tuple[_Formula, ...]"
    negated: bool = False

    def holds(self, values: Mapping[str, int]) -> int:
        if not self.parts:
            return values[self.operator] ^ self.negated
        left, right = (part.holds(values) for part in self.parts)
        result = {"and": left & right, "or": left | right, "==": int(left == right)}
        return result[self.operator] ^ self.negated

    def write(self, values: Mapping[str, object], *, inner: bool = False) -> str:
        if not self.parts:
            text = str(values[self.operator])
            negation = f"not {text}"
            return negation if self.negated else text
        left, right = (part.write(values, inner=True) for part in self.parts)
        if self.operator == "==":
            left, right = (f"({t})" if t.startswith("not ") else t for t in (left, right))
        text = f"{left} {self.operator} {right}"
        if self.negated:
            return f"not ({text})"
        return f"({text})" if inner else text

    def literals(self, values: Mapping[str, int]) -> "_Formula":
        """Return the formula with each literal replaced by its value."""
        if not self.parts:
            return _Formula(str(self.holds(values)), ())
        return _Formula(self.operator, tuple(p.literals(values) for p in self.parts), self.negated)


@family(
    "coding/enumeration",
    capacity={1: 160, 2: 500, 3: 10**4, 4: 10**6, 5: 10**8},
    claim=unordered_claim,
)
def truth_table_rows(rng: Random, level: int) -> Problem:
    """List the rows of a truth table in which a Python condition is true.

    Isolates going through all assignments in a fixed order. Levels 1 and 2 have two variables; a
    further level adds a variable, more connectives and (from level 3) comparison by ==.
    """
    names = tuple(rng.choice(_NAME_SETS)[: _NAMES[level]])
    rows = list(product((0, 1), repeat=len(names)))
    kept: list[str] = []
    share = 0.8 if level <= 2 else 0.6
    while not 0 < len(kept) < len(rows) * share:
        formula = _formula(rng, level, names)
        kept, steps = [], []
        for row in rows:
            values = dict(zip(names, row, strict=True))
            steps.append(_row_step(formula, values, level))
            if formula.holds(values):
                kept.append(f"({', '.join(map(str, row))})")
    text = formula.write({name: name for name in names})
    question = rng.choice(_ROW_WORDINGS).format(names=", ".join(names), text=text)
    return Problem(
        question=question,
        answer=SetAnswer(items=tuple(kept)),
        short=(f"true in {', '.join(kept)}",),
        long=(*steps, f"true in {', '.join(kept)}"),
        key=f"truth_table_rows {text}",
    )


def _formula(rng: Random, level: int, names: tuple[str, ...]) -> _Formula:
    count = _LITERALS[level]
    order = [*rng.sample(names, len(names)), *(rng.choice(names) for _ in range(count))][:count]
    if level >= 3:
        rng.shuffle(order)
    parts = [_Formula(name, (), rng.random() < 0.4) for name in order]
    connectives = ("and", "or", "and", "or", "==") if level >= 3 else ("and", "or")
    while len(parts) > 1:
        at = rng.randrange(len(parts) - 1)
        pair = (parts[at], parts[at + 1])
        parts[at : at + 2] = [_Formula(rng.choice(connectives), pair, rng.random() < 0.2)]
    return parts[0]


def _row_step(formula: _Formula, values: Mapping[str, int], level: int) -> str:
    row = ", ".join(map(str, values.values()))
    simple = formula.literals(values)
    with_values = simple.write({"0": 0, "1": 1})
    first = formula.write(values)
    shown = f"{first} = {with_values}" if level <= 2 and first != with_values else with_values
    return f"({row}): {shown} = {formula.holds(values)}"


@family(
    "coding/enumeration",
    capacity={1: 1_000, 2: 10**5, 3: 10**9, 4: 1_000, 5: 10**4},
    claim=unordered_claim,
)
def reachable_states(rng: Random, level: int) -> Problem:
    """List every state that a machine or a counter can reach.

    Isolates the complete search of a graph. Levels 1 to 3 give the moves between named states (a
    level adds states and moves); levels 4 and 5 give two statements that change a number, and the
    level enlarges the modulus.
    """
    return _reachable_names(rng, level) if level <= 3 else _reachable_numbers(rng, level)


def _reachable_names(rng: Random, level: int) -> Problem:
    states = "ABCDEFGHI"[: _STATES[level]]
    pairs = [(a, b) for a in states for b in states if a != b]
    moves = rng.sample(pairs, _MOVES[level])
    start = rng.choice(moves)[0]
    reached, steps = [start], [f"start in {start}"]
    for state in reached:
        targets = [b for a, b in moves if a == state]
        new = [t for t in targets if t not in reached]
        reached.extend(new)
        arrows = f"to {', '.join(targets)}" if targets else "to nothing"
        steps.append(f"{state} {arrows}; new: {', '.join(new) or 'none'}")
    listed = tuple(sorted(reached))
    shown = ", ".join(f"{a} -> {b}" for a, b in moves)
    return Problem(
        question=rng.choice(_GRAPH_WORDINGS).format(moves=shown, start=start),
        answer=SetAnswer(items=listed),
        short=(f"reached: {', '.join(listed)}",),
        long=(*steps, f"reached: {', '.join(listed)}"),
        key=f"reachable_states {start} {' '.join(a + b for a, b in sorted(moves))}",
    )


def _reachable_numbers(rng: Random, level: int) -> Problem:
    low, high = _REACHED[level]
    reached: list[int] = []
    while not low <= len(reached) <= high:
        modulus = rng.randint(*_MODULUS[level])
        start, term = rng.randrange(modulus), rng.randint(2, modulus - 2)
        factor = rng.randint(2, 7)
        use_square = rng.random() < 0.4
        reached, steps = [start], [f"start with {start}"]
        for x in reached:
            grown = x * x if use_square else factor * x
            targets = ((grown + 1) % modulus, abs(x - term))
            new = [t for t in dict.fromkeys(targets) if t not in reached]
            reached.extend(new)
            reaches = f"{x} to {targets[0]} and {targets[1]}"
            steps.append(f"{reaches}; new: {', '.join(map(str, new)) or 'none'}")
    first = f"x = ({'x * x' if use_square else f'{factor} * x'} + 1) % {modulus}"
    second = f"x = abs(x - {term})"
    listed = tuple(map(str, sorted(reached)))
    return Problem(
        question=rng.choice(_COUNTER_WORDINGS).format(start=start, first=first, second=second),
        answer=SetAnswer(items=listed),
        short=(f"reached: {', '.join(listed)}",),
        long=(*steps, f"reached: {', '.join(listed)}"),
        key=f"reachable_states {start} {first} {second}",
    )
