"""general/diagnostic: where a passage, a plan or a list of claims stops being consistent."""

from collections.abc import Iterable
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of problems in which nothing is wrong."""
PASSAGE_ERRORS = {
    "count": "wrong count",
    "compare": "reversed comparison",
    "sum": "wrong sum",
}
CLAIM_ERRORS = {
    "number": "wrong number",
    "compare": "reversed comparison",
    "total": "wrong total of two",
    "most": "wrong extreme",
    "column": "wrong total of a column",
}
"""By the kind of statement, the error that is planted in it."""
_PASSAGE_KINDS = {1: 2, 2: 2, 3: 3, 4: 3, 5: 3}
_CLAIM_KINDS = {1: 3, 2: 4, 3: 5, 4: 5, 5: 5}
"""By level, how many kinds of statement occur, counted from the top."""

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jon")
_PEOPLE = {1: 2, 2: 3, 3: 4, 4: 6, 5: 9}
_CHECKS = {1: 2, 2: 3, 3: 4, 4: 7, 5: 12}
_THINGS = ("coins", "books", "pens", "cards", "stamps", "shells")
_PASSAGE = (
    "Which sentence is the first to contradict the earlier ones?",
    "Find the first sentence that does not agree with those before it.",
    "Which is the first sentence that contradicts an earlier one?",
    "Which sentence, if any, first contradicts an earlier one?",
)
_NUMBER_OR_NONE = "Answer with its number, or none."


@family(
    "general/diagnostic",
    capacity={1: 5_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def contradiction_in_passage(rng: Random, level: int) -> Problem:
    """Find the first sentence of a passage that contradicts earlier ones.

    Isolates comparing each statement with what follows from the others. The planted errors are a
    wrong count, a reversed comparison and, from level 3 on, a wrong sum; 30 % of the passages are
    consistent. A level adds people and statements that depend on one another.
    """
    names = rng.sample(_NAMES, _PEOPLE[level])
    thing = rng.choice(_THINGS)
    counts: dict[str, int] = {}
    order = _order(rng, level)
    checks = [i for i, kind in enumerate(order) if kind == "check"]
    wrong = None if rng.random() < CLEAN_SHARE else rng.choice(checks)
    said: list[str] = []
    worked = []
    for position, kind in enumerate(order):
        if kind == "new":
            text, work = _introduce(rng, names[len(counts)], counts, thing)
        else:
            text, work = _state(rng, level, counts, thing, position != wrong)
            while any(before.endswith(f". {text}") for before in said):
                text, work = _state(rng, level, counts, thing, position != wrong)
        said.append(f"{position + 1}. {text}")
        worked.append(f"{position + 1}: {work}")
    end = len(order) if wrong is None else wrong + 1
    return Problem(
        question="\n".join((*said, f"{rng.choice(_PASSAGE)} {_NUMBER_OR_NONE}")),
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=len(order)),
        short=(worked[end - 1],),
        long=(*worked[:end], _found(wrong, "Sentence")),
        key=f"contradiction_in_passage {said}",
    )


def _order(rng: Random, level: int) -> list[str]:
    """Return where people are introduced and where they are spoken of, the latter at the end.

    With n people known there are at most 2n - 2 statements so far, so that none repeats.
    """
    middle = ["new"] * (_PEOPLE[level] - 2) + ["check"] * (_CHECKS[level] - 1)
    while True:
        rng.shuffle(middle)
        order = ["new", "new", *middle, "check"]
        starts = [order[:n] for n in range(2, len(order) + 1)]
        if all(s.count("check") <= 2 * s.count("new") - 2 for s in starts):
            return order


def _introduce(rng: Random, name: str, counts: dict[str, int], thing: str) -> tuple[str, str]:
    if not counts:
        counts[name] = rng.randint(2, 9)
        return f"{name} has {counts[name]} {thing}.", f"{name} {counts[name]}"
    other = rng.choice(list(counts))
    base, more = counts[other], rng.randint(1, 6)
    if base > more + 1 and rng.random() < 0.5:
        counts[name] = base - more
        return (
            f"{name} has {more} fewer than {other}.",
            f"{name} {base} - {more} = {base - more}",
        )
    counts[name] = base + more
    return f"{name} has {more} more than {other}.", f"{name} {base} + {more} = {base + more}"


def _state(
    rng: Random, level: int, counts: dict[str, int], thing: str, right: bool
) -> tuple[str, str]:
    one, two = rng.sample(list(counts), 2)
    a, b = counts[one], counts[two]
    verdict = "right" if right else "wrong"
    kind = rng.choice(tuple(PASSAGE_ERRORS)[: _PASSAGE_KINDS[level]])
    if kind == "sum":
        claimed = a + b + (0 if right else _slip(rng, a + b))
        text = f"{one} and {two} together have {claimed}."
        return text, f"{a} + {b} = {a + b}, {claimed} is {verdict}"
    if kind == "compare" and a != b:
        word, sign = ("more", ">") if (a > b) == right else ("fewer", "<")
        text = f"{one} has {word} than {two}."
        return text, f"{one} {a}, {two} {b}, {a} {sign} {b} is {verdict}"
    claimed = a + (0 if right else _slip(rng, a))
    return f"{one} has {claimed} {thing}.", f"{one} {a}, {claimed} is {verdict}"


def _slip(rng: Random, value: int) -> int:
    return rng.choice([d for d in (-2, -1, 1, 2) if value + d > 1])


def _found(wrong: int | None, noun: str) -> str:
    return f"{noun}: {'none' if wrong is None else wrong + 1}"


_ENTRIES = {1: 3, 2: 4, 3: 6, 4: 10, 5: 16}
_ROOMS = {1: 1, 2: 1, 3: 1, 4: 3, 5: 4}
_ACTIVITIES = ("swim", "read", "paint", "cook", "run", "sing", "shop", "rest")
_PLAN = (
    "Which entry is the first that overlaps an earlier entry?",
    "Find the first entry that overlaps one before it.",
    "What is the number of the first entry that clashes in time with an earlier one?",
    "Two entries may overlap in time. Which is the first that overlaps an earlier one?",
)
_BOOKINGS = (
    "Which booking is the first that overlaps an earlier booking of the same room?",
    "Find the first booking that overlaps one before it in the same room.",
    "What is the number of the first booking that clashes with an earlier one of the same room?",
)
_TOUCHING = "Touching times do not overlap."
Entry = tuple[str, int, int]


@family(
    "general/diagnostic",
    capacity={1: 10_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def schedule_conflict(rng: Random, level: int) -> Problem:
    """Find the first entry of a plan that overlaps an earlier one.

    Isolates the comparison of intervals, each with all before it. The planted errors are partial
    overlaps and intervals inside another one; 30 % of the plans have no conflict. A level adds
    entries, minutes (3) and rooms, of which only equal ones can clash (4).
    """
    wanted = rng.random() >= CLEAN_SHARE
    place = rng.randint(2, _ENTRIES[level])
    while True:
        entries = _entries(rng, level, place - 1 if wanted else None)
        if entries:
            break
    wrong, worked = _first_overlap(entries, level)
    said = [
        f"{n}. {name} from {_clock(start, level)} to {_clock(end, level)}"
        for n, (name, start, end) in enumerate(entries, start=1)
    ]
    ask = rng.choice(_PLAN if level <= 3 else _BOOKINGS)
    return Problem(
        question="\n".join((*said, f"{ask} {_TOUCHING} {_NUMBER_OR_NONE}")),
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=len(entries)),
        short=(worked[-1],),
        long=(*worked, _found(wrong, "Entry")),
        key=f"schedule_conflict {said}",
    )


def _entries(rng: Random, level: int, wrong: int | None) -> list[Entry]:
    """Return entries of which exactly `wrong` overlaps an earlier one; empty where that failed."""
    names = rng.sample(_ACTIVITIES, min(_ENTRIES[level], 8))
    rooms = [f"Room {letter}" for letter in "ABCD"[: _ROOMS[level]]]
    entries: list[Entry] = []
    for position in range(_ENTRIES[level]):
        for _ in range(60):
            start, end = _span(rng, level)
            name = rng.choice(rooms) if level >= 4 else names[position]
            clash = any(_overlap((name, start, end), other, level) for other in entries)
            if clash == (position == wrong):
                entries.append((name, start, end))
                break
        else:
            return []
    return entries


def _span(rng: Random, level: int) -> tuple[int, int]:
    if level <= 2:
        start = rng.randint(1, 10)
        return start, min(12, start + rng.randint(1, 2 + (level == 1)))
    start = 8 * 60 + 5 * rng.randrange(140)
    return start, start + 5 * rng.randint(6, 24)


def _overlap(one: Entry, two: Entry, level: int) -> bool:
    return (level <= 3 or one[0] == two[0]) and one[1] < two[2] and two[1] < one[2]


def _first_overlap(entries: list[Entry], level: int) -> tuple[int | None, list[str]]:
    worked = []
    for position, entry in enumerate(entries):
        for before, other in enumerate(entries[:position]):
            if level >= 4 and entry[0] != other[0]:
                continue
            clash = _overlap(entry, other, level)
            spans = [f"{_clock(e[1], level)} to {_clock(e[2], level)}" for e in (entry, other)]
            pair = f"{position + 1} and {before + 1}: {' , '.join(spans)}".replace(" ,", ",")
            worked.append(f"{pair}: {'overlap' if clash else 'no'}")
            if clash:
                return position, worked
    return None, worked


def _clock(moment: int, level: int) -> str:
    return str(moment) if level <= 2 else f"{moment // 60}:{moment % 60:02}"


_ROWS = {1: ("Mon", "Tue", "Wed"), 2: ("Mon", "Tue", "Wed", "Thu")}
_STALLS = ("North", "East", "South", "West", "Centre", "Park", "Lake", "Hill")
_COLUMNS = {3: 2, 4: 3, 5: 5}
_LINES = {3: 4, 4: 6, 5: 8}
_CLAIMS = {1: 3, 2: 4, 3: 5, 4: 7, 5: 9}
_PRODUCTS = ("tea", "milk", "bread", "fruit", "soup")
_FALSE = (
    "Which claim is the first false one?",
    "Find the first false claim.",
    "What is the first false claim?",
    "Which claim, if any, is the first false one?",
)
Table = dict[str, dict[str, int]]


@family(
    "general/diagnostic",
    capacity={1: 10_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def claim_against_table(rng: Random, level: int) -> Problem:
    """Find the first claim about a table that is false.

    Isolates looking up, comparing and adding the numbers that a claim is about. The planted errors
    are a wrong number, a reversed comparison, a wrong total and a wrong extreme; in 30 % of the
    problems all claims hold. A level adds rows, columns, claims and totals over whole columns.
    """
    table = _table(rng, level)
    number = _CLAIMS[level]
    wrong = None if rng.random() < CLEAN_SHARE else rng.randrange(number)
    claims: dict[str, str] = {}
    while len(claims) < number:
        text, work = _claim(rng, level, table, len(claims) != wrong)
        claims.setdefault(text, work)
    said = [f"{n}. {text}" for n, text in enumerate(claims, start=1)]
    worked = [f"{n}: {work}" for n, work in enumerate(claims.values(), start=1)]
    end = number if wrong is None else wrong + 1
    ask = f"{rng.choice(_FALSE)} {_NUMBER_OR_NONE}"
    return Problem(
        question="\n".join((_drawn(table, level), *said, ask)),
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=number),
        short=(worked[end - 1],),
        long=(*worked[:end], _found(wrong, "Claim")),
        key=f"claim_against_table {table} {said}",
    )


def _table(rng: Random, level: int) -> Table:
    if level <= 2:
        rows = _ROWS[level]
        values = rng.sample(range(1, 10 if level == 1 else 21), len(rows))
        return {rng.choice(_THINGS): dict(zip(rows, values, strict=True))}
    stalls = rng.sample(_STALLS, _LINES[level])
    return {
        product: dict(zip(stalls, rng.sample(range(5, 100), len(stalls)), strict=True))
        for product in rng.sample(_PRODUCTS, _COLUMNS[level])
    }


def _drawn(table: Table, level: int) -> str:
    if level <= 2:
        thing, column = next(iter(table.items()))
        return f"{thing.capitalize()} sold: {_pairs(column)}."
    stalls = next(iter(table.values()))
    head = "Boxes sold by stall: " + ", ".join(table)
    lines = [f"{s}: {', '.join(str(column[s]) for column in table.values())}" for s in stalls]
    return "\n".join((head, *lines))


def _pairs(column: dict[str, int]) -> str:
    return ", ".join(f"{row} {value}" for row, value in column.items())


def _claim(rng: Random, level: int, table: Table, right: bool) -> tuple[str, str]:
    product = rng.choice(list(table))
    column = table[product]
    head = f"{product.capitalize()}: " if level >= 3 else ""
    kind = rng.choice(tuple(CLAIM_ERRORS)[: _CLAIM_KINDS[level]])
    verdict = "right" if right else "wrong"
    one, two = rng.sample(list(column), 2)
    a, b = column[one], column[two]
    if kind == "number":
        claimed = a + (0 if right else _slip(rng, a))
        return f"{head}{one} has {claimed}.", f"{one} {a}, {claimed} is {verdict}"
    if kind == "compare":
        word, sign = ("more", ">") if (a > b) == right else ("fewer", "<")
        work = f"{one} {a}, {two} {b}, {a} {sign} {b} is {verdict}"
        return f"{head}{one} has {word} than {two}.", work
    if kind == "total":
        claimed = a + b + (0 if right else _slip(rng, a + b))
        text = f"{head}{one} and {two} total {claimed}."
        return text, f"{a} + {b} = {a + b}, {claimed} is {verdict}"
    if kind == "most":
        most = max(column, key=lambda row: column[row])
        named = most if right else rng.choice([row for row in column if row != most])
        values = _joined(column.values(), ", ")
        work = f"largest of {values} is {column[most]}, {most}, {named} is {verdict}"
        return f"{head}{named} has the most.", work
    total = sum(column.values())
    claimed = total + (0 if right else _slip(rng, total))
    work = f"{_joined(column.values(), ' + ')} = {total}, {claimed} is {verdict}"
    return f"{head}all stalls total {claimed}.", work


def _joined(values: Iterable[int], mark: str) -> str:
    return mark.join(map(str, values))
