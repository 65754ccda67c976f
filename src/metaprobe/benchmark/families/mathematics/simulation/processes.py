"""mathematics/simulation: division by division, a walk draw by draw, cells row by row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_PAIR = {
    1: ((12, 60), (5, 20)),
    2: ((61, 300), (20, 99)),
    3: ((1_000, 9_999), (300, 999)),
    4: ((10**6, 10**7), (10**5, 10**6)),
    5: ((10**11, 10**12), (10**10, 10**11)),
}
_DIVISIONS = {1: (2, 3), 2: (3, 4), 3: (5, 7), 4: (9, 13), 5: (20, 28)}
_EUCLID_WORDINGS = (
    "Divide {a} by {b}, then always the divisor by the remainder, until the remainder is 0. "
    "List all remainders in order.",
    "Euclid's algorithm replaces (a, b) by (b, remainder of a divided by b) until b = 0. "
    "Start with ({a}, {b}). Which remainders occur, in order, with the final 0?",
    "Run Euclid's algorithm on {a} and {b}, beginning with {a} divided by {b}, until the "
    "remainder is 0. Write down every remainder in order.",
)

_PLACES = {1: (4, 7), 2: (5, 9), 3: (15, 30)}
"""Last place of a line that starts with place 0."""
_DRAWS = {1: (4, 6), 2: (6, 9), 3: (12, 16), 4: (22, 28), 5: (50, 60)}
_SIDE = {4: (4, 6), 5: (6, 9)}
_BLOCKED = {4: 3, 5: 10}
_LONGEST = {4: 2, 5: 4}
_LINE_WORDINGS = (
    "A line has the places 0 to {last}. Start at {start}. {rule} The draws are: {draws}. "
    "At which place does the walk end?",
    "A counter stands on place {start} of the places 0 to {last}. {rule} Draws: {draws}. "
    "On which place does it end?",
    "Walk on the places 0, 1, ..., {last}, starting from {start}. {rule} Draws: {draws}. "
    "Which place is reached last?",
)
_COIN_RULES = (
    "R adds 1 to the place, L subtracts 1; a move off the line is skipped.",
    "Heads (H) adds 1 to the place, tails (T) subtracts 1; a move off the line is skipped.",
)
_STEP_RULE = "R2 adds 2 to the place, L2 subtracts 2, and so on; a move off the line is skipped."
_DICE_RULE = (
    "An even draw is added to the place, an odd draw is subtracted from it. A move that would "
    "leave the line is made in the opposite direction instead."
)
_GRID_WORDINGS = (
    "A grid has the squares (x, y) with x and y from 0 to {last}. Start at ({x}, {y}). {rule} "
    "Draws: {draws}. Where does the walk end? Answer as x, y.",
    "A token stands on ({x}, {y}) of a board of squares (x, y), both from 0 to {last}. {rule} "
    "The draws are: {draws}. Where does it end? Answer as x, y.",
    "Walk on the squares (x, y) with 0 <= x <= {last} and 0 <= y <= {last}, from ({x}, {y}). "
    "{rule} Draws: {draws}. Which square is reached last? Answer as x, y.",
)
_GRID_RULE = (
    "N, E, S and W raise y, raise x, lower y and lower x by the number behind the letter. A move "
    "is made square by square and stops before a blocked square or the edge. Blocked: {blocked}."
)
_TURN_RULE = (
    " Whenever a move was cut short, even to nothing, the next draw is made in the opposite "
    "direction."
)
_COMPASS = {"N": (0, 1), "E": (1, 0), "S": (0, -1), "W": (-1, 0)}
_OPPOSITE = {"N": "S", "E": "W", "S": "N", "W": "E"}

_WIDTH = {1: (4, 6), 2: (5, 6), 3: (8, 10), 4: (12, 15), 5: (22, 26)}
_ROWS = {1: (2, 2), 2: (2, 2), 3: (4, 5), 4: (7, 9), 5: (14, 18)}
_READS = {1: 2, 2: 3, 3: 3, 4: 3, 5: 3}
"""Cells that decide about a new one: its left neighbour and itself, later its right one too."""
_STATES = {1: 2, 2: 2, 3: 2, 4: 2, 5: 3}
_PAIR_RULE = "A new cell depends on the old left neighbour and the old cell: {table}."
_TRIPLE_RULE = "A new cell depends on the old left neighbour, cell and right neighbour: {table}."
_SUM_RULE = (
    "A new cell depends on the sum of the old left neighbour, cell and right neighbour: {table}."
)
_EDGE_RULE = "Cells beyond the edges are always 0."
_RING_RULE = "The row is closed to a ring: the last cell and the first one are neighbours."
_CELL_WORDINGS = (
    "Row of cells: {row}. {rule} {edge} What is the row after {steps} steps?",
    "A row is {row} at first. {rule} {edge} Find the row after {steps} steps.",
    "{rule} {edge} Start with {row}. Which row follows after {steps} steps?",
)


@family(
    "mathematics/simulation",
    capacity={1: 427, 2: 5_000, 3: 10**5, 4: 10**9, 5: 10**12},
)
def euclid_trace(rng: Random, level: int) -> Problem:
    """List the remainders of Euclid's algorithm in the order in which they occur.

    Isolates a process whose next step needs the two results before. A level has larger numbers,
    and so more divisions.
    """
    large, small = _PAIR[level]
    fewest, most = _DIVISIONS[level]
    while True:
        first, second = rng.randint(*large), rng.randint(*small)
        steps, remainders = [], []
        a, b = first, second
        while b:
            quotient, remainder = divmod(a, b)
            steps.append(f"{a} = {quotient} * {b} + {remainder}")
            remainders.append(str(remainder))
            a, b = b, remainder
        if fewest <= len(steps) <= most and first > second:
            break
    return Problem(
        question=rng.choice(_EUCLID_WORDINGS).format(a=first, b=second)
        + " Separate them by commas; the last one is 0.",
        answer=SequenceAnswer(items=tuple(remainders)),
        short=(", ".join(remainders),),
        long=(*steps, "Remainders: " + ", ".join(remainders)),
        key=f"euclid_trace {first} {second}",
    )


@family(
    "mathematics/simulation",
    capacity={1: 500, 2: 10**4, 3: 10**6, 4: 10**9, 5: 10**9},
)
def random_walk_given_draws(rng: Random, level: int) -> Problem:
    """Say where a walk ends whose draws are given.

    Isolates a position that decides what the next draw does: at least one draw meets a border.
    Levels 1 to 3 walk on a line, levels 4 and 5 on a grid with blocked squares; a level has more
    draws, and at level 5 a move that is cut short turns the next one around.
    """
    return _on_line(rng, level) if level in _PLACES else _on_grid(rng, level)


def _on_line(rng: Random, level: int) -> Problem:
    last = rng.randint(*_PLACES[level])
    symbols = {1: rng.choice(("RL", "HT")), 2: "RL", 3: ""}[level]
    while True:
        start, place = rng.randint(0, last), 0
        place, steps, draws, met = start, [], [], False
        for _ in range(rng.randint(*_DRAWS[level])):
            draw, by = _line_draw(rng, level, symbols)
            inside = 0 <= place + by <= last
            met = met or not inside
            move = by if inside else -by if level == 3 else 0
            if inside or level == 3:
                shown = f"{place} {'+' if move > 0 else '-'} {abs(move)} = {place + move}"
                turned = "" if inside else f"{place + by} is off the line, "
                steps.append(f"{draw}: {turned}{shown}")
            else:
                steps.append(f"{draw}: {place + by} is off the line, stay at {place}")
            draws.append(draw)
            place += move
        if met:
            break
    rule = {1: _COIN_RULES[symbols == "HT"], 2: _STEP_RULE, 3: _DICE_RULE}[level]
    listing = ", ".join(draws)
    question = rng.choice(_LINE_WORDINGS).format(last=last, start=start, rule=rule, draws=listing)
    return Problem(
        question=question,
        answer=IntegerAnswer(value=place),
        short=(", ".join(step.split()[-1] for step in steps),),
        long=(*steps, f"The end is {place}"),
        key=f"random_walk_given_draws {last} {start} {listing}",
    )


def _line_draw(rng: Random, level: int, symbols: str) -> tuple[str, int]:
    """Return a draw as it is written and how far it moves up."""
    if level == 3:
        number = rng.randint(1, 6)
        return str(number), number if number % 2 == 0 else -number
    sign = rng.choice((1, -1))
    symbol = symbols[0] if sign > 0 else symbols[1]
    if level == 1:
        return symbol, sign
    number = rng.randint(1, 3)
    return f"{symbol}{number}", sign * number


@dataclass
class _Walk:
    last: int
    blocked: set[tuple[int, int]]
    x: int
    y: int
    turned: bool = False
    """Whether the next draw is made in the opposite direction."""
    steps: list[str] = field(default_factory=list)

    def move(self, letter: str, number: int, *, turns: bool) -> None:
        heading = _OPPOSITE[letter] if self.turned else letter
        dx, dy = _COMPASS[heading]
        made = 0
        while made < number and self._is_free(self.x + dx, self.y + dy):
            self.x, self.y, made = self.x + dx, self.y + dy, made + 1
        how = f" as {heading}{number}" if self.turned else ""
        cut = "" if made == number else f", cut to {made}"
        self.steps.append(f"{letter}{number}{how}{cut}: ({self.x}, {self.y})")
        self.turned = turns and made < number

    def _is_free(self, x: int, y: int) -> bool:
        inside = 0 <= x <= self.last and 0 <= y <= self.last
        return inside and (x, y) not in self.blocked


def _on_grid(rng: Random, level: int) -> Problem:
    last, turns = rng.randint(*_SIDE[level]), level == 5
    squares = [(x, y) for x in range(last + 1) for y in range(last + 1)]
    (x, y), *blocked = rng.sample(squares, _BLOCKED[level] + 1)
    walk = _Walk(last, set(blocked), x, y)
    draws = []
    for _ in range(rng.randint(*_DRAWS[level])):
        letter, number = rng.choice("NESW"), rng.randint(1, _LONGEST[level])
        walk.move(letter, number, turns=turns)
        draws.append(f"{letter}{number}")
    rule = _GRID_RULE.format(blocked=", ".join(map(str, sorted(blocked))))
    listing = ", ".join(draws)
    question = rng.choice(_GRID_WORDINGS).format(
        last=last, x=x, y=y, rule=rule + (_TURN_RULE if turns else ""), draws=listing
    )
    return Problem(
        question=question,
        answer=SequenceAnswer(items=(str(walk.x), str(walk.y))),
        short=(" ".join(step.split(": ")[1] for step in walk.steps),),
        long=tuple(walk.steps),
        key=f"random_walk_given_draws {last} {(x, y)} {sorted(blocked)} {listing}",
    )


@family(
    "mathematics/simulation",
    capacity={1: 600, 2: 5_000, 3: 10**4, 4: 10**5, 5: 10**9},
)
def cellular_automaton(rng: Random, level: int) -> Problem:
    """Find the row of cells that follows after some steps of a cellular automaton.

    Isolates applying one rule to every cell at once. A level has wider rows and more steps; level
    1 reads two cells for a new one and the others three, the row is a ring from level 3 on, and
    at level 5 a cell has three states and the rule adds up what it reads.
    """
    states, ring = _STATES[level], level >= 3
    while True:
        width, count = rng.randint(*_WIDTH[level]), rng.randint(*_ROWS[level])
        row = tuple(rng.randrange(states) for _ in range(width))
        rule = _new_rule(rng, level)
        rows, read = [row], []
        for _ in range(count):
            windows = _windows(rows[-1], _READS[level], ring=ring)
            rows.append(tuple(rule.new[rule.read(window)] for window in windows))
            read.append(" ".join(_digits(window) for window in windows))
        if len(set(rows)) == len(rows) and not (ring and _drifts(rows)):
            break
    texts = [_digits(r) for r in rows]
    steps = [line for old, new in zip(read, texts[1:], strict=True) for line in (old, f"= {new}")]
    edge = _RING_RULE if ring else _EDGE_RULE
    question = rng.choice(_CELL_WORDINGS).format(
        row=texts[0], rule=rule.text, edge=edge, steps=count
    )
    return Problem(
        question=f"{question} Answer with its digits only.",
        answer=TextAnswer(value=texts[-1]),
        short=tuple(texts[1:]),
        long=tuple(steps),
        key=f"cellular_automaton {texts[0]} {rule.text} {count}",
    )


def _drifts(rows: Sequence[tuple[int, ...]]) -> bool:
    """Return whether some row is uniform, or the one before it in another place."""
    if any(len(set(row)) == 1 for row in rows):
        return True
    return any(new in [old[k:] + old[:k] for k in range(len(old))] for old, new in pairwise(rows))


@dataclass(frozen=True)
class _CellRule:
    text: str
    new: dict[str, int]
    by_sum: bool

    def read(self, window: Sequence[int]) -> str:
        """Return what the rule looks up for a window."""
        return str(sum(window)) if self.by_sum else _digits(window)


def _new_rule(rng: Random, level: int) -> _CellRule:
    reads, states = _READS[level], _STATES[level]
    by_sum = states > 2
    if by_sum:
        names = [str(total) for total in range(reads * (states - 1) + 1)]
    else:
        names = [format(number, f"0{reads}b") for number in range(2**reads)]
    new = {name: rng.randrange(states) for name in names}
    table = ", ".join(f"{name}->{value}" for name, value in new.items())
    if by_sum:
        text = _SUM_RULE.format(table=table)
    else:
        text = (_PAIR_RULE if reads == 2 else _TRIPLE_RULE).format(table=table)
    return _CellRule(text, new, by_sum)


def _windows(row: Sequence[int], reads: int, *, ring: bool) -> list[tuple[int, ...]]:
    """Return for every cell what decides about it."""
    left, right = (row[-1], row[0]) if ring else (0, 0)
    padded = (left, *row, right)
    return [tuple(padded[k : k + reads]) for k in range(len(row))]


def _digits(cells: Sequence[int]) -> str:
    return "".join(map(str, cells))
