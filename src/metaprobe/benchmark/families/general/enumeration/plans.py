"""general/enumeration: all free hours, all seating orders, all things that fit a description."""

from collections.abc import Callable
from itertools import pairwise, permutations
from random import Random

from metaprobe.benchmark.answers import SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida")

_HOURS = 6
_PEOPLE = {3: 2, 4: 3, 5: 5}
_GRID = {3: 60, 4: 30, 5: 15}
"""Minutes between two possible starts."""
_MEETING = {3: 60, 4: 60, 5: 90}
_BUSY = {3: 2, 4: 3, 5: 4}
"""Appointments a person."""
_ROOMS = (
    "A room can be booked at {0}. It is taken at {1}. At which hours is it free?",
    "A doctor sees one patient at each of the hours {0}. Hours {1} are full. Which are free?",
    "The hours of a court are {0}. Already booked: {1}. Which hours are still free?",
    "Visits are possible at {0}. The hours {1} are gone. Which hours are left?",
)
_BOTH = (
    "{0} is free at {2}. {1} is free at {3}. At which hours are both free?",
    "{0} has time at {2} and {1} has time at {3}. List the hours at which both have time.",
    "Free hours of {0}: {2}. Free hours of {1}: {3}. Which hours do they share?",
    "{0} can come at {2}, {1} at {3}. At which hours can they meet?",
)
_MEET = (
    "{0} want to meet for {1} minutes between 9:00 and 17:00. The meeting starts at {2}. {3}"
    " List all possible starts.",
    "A meeting of {1} minutes between 9:00 and 17:00 needs {0}. It starts at {2}. {3} At which"
    " times can it start?",
    "{0} look for {1} minutes that all have free between 9:00 and 17:00, starting at {2}. {3}"
    " List every possible start.",
)
_STARTS = {60: "a full hour", 30: "a full or half hour", 15: "minute 0, 15, 30 or 45 of an hour"}


@family(
    "general/enumeration",
    capacity={1: 210, 2: 1_500, 3: 10**5, 4: 10**9, 5: 10**15},
    claim=unordered_claim,
)
def free_slots(rng: Random, level: int) -> Problem:
    """List all times that are free.

    Isolates going through every slot and keeping those that clash with nothing. A level asks for
    the free hours of one calendar (1), the shared hours of two (2), and for the possible starts
    of a meeting of two, three or five people on an ever finer grid (3 to 5).
    """
    if level == 1:
        return _one_calendar(rng)
    return _two_calendars(rng) if level == 2 else _meeting(rng, level)


def _one_calendar(rng: Random) -> Problem:
    first = rng.randint(1, 6)
    hours = list(range(first, first + _HOURS))
    taken = sorted(rng.sample(hours, rng.choice((2, 3, 3))))
    free = [h for h in hours if h not in taken]
    return Problem(
        question=rng.choice(_ROOMS).format(_numbers(hours), _numbers(taken)),
        answer=SetAnswer(items=tuple(map(str, free))),
        short=(),
        long=(
            *(f"{h}: {'taken' if h in taken else 'free'}" for h in hours),
            f"Free: {_numbers(free)}",
        ),
        key=f"free_slots {hours} {taken}",
    )


def _two_calendars(rng: Random) -> Problem:
    shared = rng.sample(range(1, 13), rng.randint(1, 3))
    others = [h for h in range(1, 13) if h not in shared]
    rng.shuffle(others)
    size = rng.randint(4, 5) - len(shared)
    one, two = sorted(shared + others[:size]), sorted(shared + others[size : 2 * size])
    who = rng.sample(_NAMES, 2)
    return Problem(
        question=rng.choice(_BOTH).format(*who, _numbers(one), _numbers(two)),
        answer=SetAnswer(items=tuple(map(str, sorted(shared)))),
        short=(),
        long=(
            *(f"{h}: {'yes' if h in two else 'no'}" for h in one),
            f"Both: {_numbers(sorted(shared))}",
        ),
        key=f"free_slots {one} {two}",
    )


def _meeting(rng: Random, level: int) -> Problem:
    grid, lasts = _GRID[level], _MEETING[level]
    while True:
        who = rng.sample(_NAMES, _PEOPLE[level])
        kept = rng.randrange(540, 1020 - lasts + 1, grid)
        busy = {name: _appointments(rng, level, (kept, kept + lasts)) for name in who}
        long, starts = [], []
        for start in range(540, 1020 - lasts + 1, grid):
            clash = _clash(busy, start, start + lasts)
            span = f"{_clock(start)} to {_clock(start + lasts)}"
            long.append(f"{span}: {clash or 'all free'}")
            if not clash:
                starts.append(_clock(start))
        if 1 <= len(starts) <= 6:
            break
    calendars = " ".join(
        f"{name} is busy {_joined([f'from {_clock(a)} to {_clock(b)}' for a, b in spans])}."
        for name, spans in busy.items()
    )
    people = _joined(who)
    story = rng.choice(_MEET).format(people, lasts, _STARTS[grid], calendars)
    return Problem(
        question=f"{story} Touching times do not overlap. Write the starts like 9:00, 13:30.",
        answer=SetAnswer(items=tuple(starts)),
        short=(f"Starts: {', '.join(starts)}",),
        long=(*long, f"Starts: {', '.join(starts)}"),
        key=f"free_slots {busy}",
    )


def _appointments(rng: Random, level: int, kept: tuple[int, int]) -> list[tuple[int, int]]:
    """Return one person's appointments, outside the time that is kept free."""
    step = 30 if level < 5 else 5
    longest = {3: 150, 4: 90, 5: 60}[level]
    marks: list[tuple[int, int]] = []
    for _ in range(200):
        start = rng.randrange(540, 1020 - step, step)
        end = min(1020, start + rng.randrange(step, longest + 1, step))
        apart = all(end < a or b < start for a, b in marks)
        if apart and (end <= kept[0] or kept[1] <= start):
            marks.append((start, end))
        if len(marks) == _BUSY[level]:
            break
    return sorted(marks)


def _clash(busy: dict[str, list[tuple[int, int]]], start: int, end: int) -> str:
    for name, spans in busy.items():
        for a, b in spans:
            if start < b and a < end:
                return f"{name} is busy from {_clock(a)} to {_clock(b)}"
    return ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _numbers(values: list[int]) -> str:
    return ", ".join(map(str, values))


Order = tuple[str, ...]
Rule = tuple[str, str, str]
"""Kind and the two people; the second one does not matter where the kind is about an end."""
_KINDS = {
    "left": "{0} is somewhere to the left of {1}.",
    "first": "{0} is at the left end.",
    "last": "{0} is at the right end.",
    "not_first": "{0} is not at the left end.",
    "not_last": "{0} is not at the right end.",
    "next": "{0} is next to {1}.",
    "apart": "{0} is not next to {1}.",
}
_SEATS = {1: 3, 2: 3, 3: 4, 4: 5, 5: 6}
_RULES = {1: 1, 2: 2, 3: 2, 4: 3, 5: 5}
"""Fewest rules; more where too many orders would be left."""
_MOST_ORDERS = {1: 4, 2: 3, 3: 8, 4: 8, 5: 12}
_MOST_PREFIXES = 250
_RULE_LEAVES = 0.75
"""Largest share of the orders that a rule may leave, so that every rule matters."""
_RULES_TRIED = 60
_SEATING = (
    "{0} sit in a row. {1} List all possible orders from left to right, like {2}.",
    "{0} stand side by side. {1} Which orders from left to right are possible? Write them like"
    " {2}.",
    "{0} form a line, from left to right. {1} List every possible order, like {2}.",
    "{0} take seats in one row. {1} List all orders from left to right, like {2}.",
)


@family(
    "general/enumeration",
    capacity={1: 1_344, 2: 5_000, 3: 10**5, 4: 10**6, 5: 10**8},
    claim=unordered_claim,
)
def seating_orders(rng: Random, level: int) -> Problem:
    """List all orders of a few people in a row that obey the stated rules.

    Isolates a complete search with rules that each can be checked alone. A level adds rules
    and people, up to six people under at least five rules. Some order always obeys them.
    """
    who = sorted(rng.sample(_NAMES, _SEATS[level]))
    while True:
        rules, orders = _rules(rng, who, level)
        prefixes = _search(who, rules)
        if sum(map(len, prefixes)) <= _MOST_PREFIXES:
            break
    texts = [_KINDS[kind].format(one, two) for kind, one, two in rules]
    written = ", ".join(map(" ".join, orders))
    people = _joined(who)
    story = rng.choice(_SEATING).format(people, " ".join(texts), " ".join(who[::-1]))
    if level <= 2:
        long = [f"{' '.join(o)}: {'yes' if o in orders else 'no'}" for o in permutations(who)]
    else:
        long = [
            f"First {seats}: {'; '.join(map(' '.join, found))}"
            for seats, found in enumerate(prefixes, start=1)
        ]
    return Problem(
        question=f"{story} Put commas between the orders.",
        answer=SetAnswer(items=tuple(map(" ".join, orders))),
        short=(f"Orders: {written}",) if level > 2 else (),
        long=(*long, f"Orders: {written}"),
        key=f"seating_orders {who} {sorted(texts)}",
    )


def _rules(rng: Random, who: list[str], level: int) -> tuple[list[Rule], list[Order]]:
    """Return rules that a hidden order obeys and, complete, the orders that obey them all."""
    hidden = tuple(rng.sample(who, len(who)))
    rules: list[Rule] = []
    orders = list(permutations(who))
    for _ in range(_RULES_TRIED):
        rule = _rule(rng, who)
        if _breaks(hidden, rule, len(who)):
            continue
        left = [order for order in orders if not _breaks(order, rule, len(who))]
        if len(left) <= _RULE_LEAVES * len(orders):
            rules.append(rule)
            orders = left
        if len(rules) >= _RULES[level] and len(orders) <= _MOST_ORDERS[level]:
            return rules, orders
    return _rules(rng, who, level)


def _rule(rng: Random, who: list[str]) -> Rule:
    one, two = rng.sample(who, 2)
    kind = rng.choice(tuple(_KINDS))
    if kind in ("next", "apart"):
        one, two = sorted((one, two))
    return (kind, one, two) if "{1}" in _KINDS[kind] else (kind, one, "")


def _search(who: list[str], rules: list[Rule]) -> list[list[Order]]:
    """Return, for each number of seats, the beginnings that break no rule so far."""
    found: list[list[Order]] = []
    last: list[Order] = [()]
    for _ in who:
        longer = [(*order, name) for order in last for name in who if name not in order]
        last = [o for o in longer if not any(_breaks(o, rule, len(who)) for rule in rules)]
        found.append(last)
    return found


def _breaks(order: Order, rule: Rule, seats: int) -> bool:
    kind, one, two = rule
    if kind == "left":
        return two in order and one not in order[: order.index(two)]
    if kind in ("next", "apart"):
        near = [{one, two} == set(pair) for pair in pairwise(order)]
        if kind == "apart":
            return any(near)
        return not any(near) and bool({one, two} & set(order[:-1]) or {one, two} <= set(order))
    if kind in ("first", "not_first"):
        return (order[0] == one) != (kind == "first")
    ends = len(order) == seats and order[-1] == one
    return ends if kind == "not_last" else one in order and not ends


_COLOURS = ("red", "blue", "green", "white")
_NOUNS = ("cup", "pen", "hat", "ball", "box", "bag", "key", "lamp", "coat", "book")
_ON_TABLE = {1: 4, 2: 5, 3: 8, 4: 14, 5: 24}
_SHELF = (
    "On a table are {0}. Which of the things are {1}?",
    "A box holds {0}. List all things in it that are {1}.",
    "In a room there are {0}. Which things are {1}?",
    "Among {0}, which things are {1}?",
)
_SHOP_ROWS = (
    "A shop lists its goods as number, colour, size, price in euros and weight in grams:\n{0}\n"
    "List the numbers of all goods that are {1}.",
    "Goods (number, colour, size, price in euros, weight in grams):\n{0}\n"
    "Which goods are {1}? Answer with their numbers.",
    "Here is a stock list with number, colour, size, price in euros and weight in grams.\n{0}\n"
    "Give the numbers of all goods that are {1}.",
)
Row = dict[str, str | int]
Test = tuple[str, Callable[[Row], bool]]


@family(
    "general/enumeration",
    capacity={1: 5_000, 2: 50_000, 3: 10**9, 4: 10**12, 5: 10**15},
    claim=unordered_claim,
)
def items_matching_a_description(rng: Random, level: int) -> Problem:
    """List all things of a collection that fit a description.

    Isolates going through a list and testing each element. A level has one property (1), two
    joined by `and` (2), and then a stock list of 8, 14 or 24 rows with numbers and negations.
    """
    return _things(rng, level) if level <= 2 else _goods(rng, level)


def _things(rng: Random, level: int) -> Problem:
    nouns = rng.sample(_NOUNS, _ON_TABLE[level])
    colours = rng.sample(_COLOURS, 3 if level == 1 else 2)
    sizes = ("big", "small")
    wanted, size = rng.choice(colours), rng.choice(sizes)
    things = [(rng.choice(sizes), rng.choice(colours), noun) for noun in nouns]
    sure = rng.randrange(len(things))
    things[sure] = (size, wanted, nouns[sure])
    if level == 1:
        written = [f"{c} {n}" for _, c, n in things]
        fits = [n for _, c, n in things if c == wanted]
        checks = [f"{n}: {c}, {'yes' if c == wanted else 'no'}" for _, c, n in things]
        asked = wanted
    else:
        written = [f"{s} {c} {n}" for s, c, n in things]
        fits = [n for s, c, n in things if (s, c) == (size, wanted)]
        checks = [f"{n}: {s} {c}, {'yes' if n in fits else 'no'}" for s, c, n in things]
        asked = f"{size} and {wanted}"
    listed = ", ".join(f"a {w}" for w in written[:-1]) + f" and a {written[-1]}"
    return Problem(
        question=rng.choice(_SHELF).format(listed, asked) + " Answer with the nouns.",
        answer=SetAnswer(items=tuple(fits)),
        short=(),
        long=(*checks, f"All: {', '.join(fits)}"),
        key=f"items_matching_a_description {things if level == 2 else written} {asked}",
    )


def _goods(rng: Random, level: int) -> Problem:
    while True:
        rows = [_good(rng, number) for number in range(1, _ON_TABLE[level] + 1)]
        asked, tests = _description(rng, level)
        fits = [str(r["number"]) for r in rows if all(test(r) for _, test in tests)]
        if 1 <= len(fits) <= 8:
            break
    long = []
    for row in rows:
        failed = next((name for name, test in tests if not test(row)), None)
        long.append(f"{_written(row)}: {'yes' if failed is None else f'no, not {failed}'}")
    table = "\n".join(_written(row) for row in rows)
    return Problem(
        question=rng.choice(_SHOP_ROWS).format(table, asked),
        answer=SetAnswer(items=tuple(fits)),
        short=(f"All: {', '.join(fits)}",),
        long=(*long, f"All: {', '.join(fits)}"),
        key=f"items_matching_a_description {table} {asked}",
    )


def _good(rng: Random, number: int) -> Row:
    return {
        "number": number,
        "colour": rng.choice(_COLOURS),
        "size": rng.choice(("big", "small", "medium")),
        "price": rng.randint(1, 60),
        "weight": 10 * rng.randint(1, 90),
    }


def _written(row: Row) -> str:
    return ", ".join(str(value) for value in row.values())


def _description(rng: Random, level: int) -> tuple[str, list[Test]]:
    one, two = rng.sample(_COLOURS, 2)
    size = rng.choice(("big", "small", "medium"))
    price, light = rng.randint(20, 45), 10 * rng.randint(10, 40)
    heavy = light + 10 * rng.randint(20, 40)
    tests: list[Test] = [
        (f"{one} or {two}", lambda r: r["colour"] in (one, two)),
        (f"cheaper than {price} euros", lambda r: int(r["price"]) < price),
    ]
    if level >= 4:
        tests.append((f"different from {size} in size", lambda r: r["size"] != size))
    if level == 5:
        tests.append(
            (
                f"between {light} and {heavy} grams in weight (both included)",
                lambda r: light <= int(r["weight"]) <= heavy,
            )
        )
    return ", and ".join(text for text, _ in tests), tests
