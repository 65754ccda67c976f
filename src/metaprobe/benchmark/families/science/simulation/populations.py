"""science/simulation: populations of animals, plants and nuclei followed step by step."""

from random import Random

from metaprobe.benchmark.answers import SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_ORDINALS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 7: "a seventh"}

_YEARS = {1: 3, 2: 4, 3: 6, 4: 12, 5: 25}
_FIRST_RABBITS = {1: (8, 20), 2: (12, 30), 3: (40, 99), 4: (100, 400), 5: (500, 2_000)}
_FIRST_FOXES = {1: (2, 6), 2: (3, 9), 3: (4, 12), 4: (10, 40), 5: (20, 90)}
_MOST_RABBITS = {1: 60, 2: 99, 3: 999, 4: 9_999, 5: 99_999}
_BARREN_LEVEL = 4
"""From this level on no rabbits are born in every third year."""
_PREY_OPENINGS = (
    "There are {r} rabbits and {f} foxes. ",
    "A valley has {r} rabbits and {f} foxes. ",
    "A wood has {r} rabbits and {f} foxes. ",
)
_SIMPLE_PREY_RULE = (
    "Each year the rabbits grow by half, rounded down; each fox eats 1; then the foxes rise by 1 "
    "if over {limit} rabbits are left, else fall by 1. "
)
_PREY_RULE = (
    "Each year has these steps in this order, and every fraction is rounded down: "
    "{births} of the number of rabbits are born{barren}; each fox eats {meal} of the rabbits, or "
    "all are eaten if there are too few; for every {litter} rabbits eaten in that year one fox is "
    "born; {deaths} of all foxes die; if there are more than {room} rabbits, {leaving} of them "
    "leave. "
)
_PREY_CLOSINGS = (
    "Give rabbits, foxes after {n} years.",
    "What are rabbits, foxes after {n} years?",
    "List rabbits, foxes after {n} years.",
)

_PLANTS = {1: 3, 2: 4, 3: 4, 4: 5, 5: 7}
_CROSSES = {1: 2, 2: 3, 3: 7, 4: 14, 5: 36}
_ALLELES = {1: 9, 2: 9, 3: 9, 4: 20, 5: 60}
_TURN_LEVEL = 4
"""From this level on which parent gives its higher allele changes from cross to cross."""
_CROSS_OPENINGS = (
    "Plants in a row (lower allele first): {row}. ",
    "A row of plants (lower allele first): {row}. ",
    "Alleles of a row of plants, the lower first: {row}. ",
)
_CROSS = "In each cross the first's higher and the second's lower allele make a child. "
_CROSS_IN_TURN = (
    "In crosses 1, 3, 5, ... the first's higher and the second's lower allele make a child, in "
    "crosses 2, 4, 6, ... the first's lower and the second's higher one. "
)
_LEAVES = "It joins the end; the first is removed. "
_LEAVES_BY_SUM = (
    "It joins the end; the first is removed if the child's alleles have an even sum, else the "
    "second. "
)
_CROSS_CLOSINGS = (
    "List the row after {n} crosses.",
    "What is the row after {n} crosses?",
    "Give the row after {n} crosses.",
)

_DECAY_STEPS = {1: 2, 2: 3, 3: 5, 4: 10, 5: 20}
_NUCLIDES = {1: 3, 2: 3, 3: 4, 4: 4, 5: 5}
_NUCLEI = {1: (8, 40), 2: (20, 90), 3: (100, 900), 4: (500, 5_000), 5: (2_000, 30_000)}
_SOURCE = {4: (20, 200), 5: (100, 900)}
_BRANCH_LEVEL = 5
"""At this level the first nuclide decays to the second and to the third one."""
_DECAY_OPENINGS = (
    "A sample has these nuclei: {state}. ",
    "At first there are these nuclei: {state}. ",
    "A sample starts with the nuclei {state}. ",
)
_DECAY_CLOSINGS = (
    "List {names} after {n} hours.",
    "Give {names} after {n} hours.",
    "Find {names} after {n} hours.",
)


@family(
    "science/simulation",
    capacity={1: 1_500, 2: 4_000, 3: 10**7, 4: 10**9, 5: 10**10},
)
def predator_prey_step(rng: Random, level: int) -> Problem:
    """Find how many rabbits and foxes there are after some years of births, hunting and deaths.

    Isolates updating two numbers that act on each other, in a fixed order with rounding. A level
    adds years and larger numbers; from level 3 on births and deaths are fractions, and from level
    4 on no rabbits are born in every third year.
    """
    years = _YEARS[level]
    while True:
        r, f = rng.randint(*_FIRST_RABBITS[level]), rng.randint(*_FIRST_FOXES[level])
        if level <= 2:
            limit = rng.randint(r // 2, r + 9)
            rule, key = _SIMPLE_PREY_RULE.format(limit=limit), f"{limit}"
            states, steps = _simple_years(r, f, limit, years)
        else:
            rates = _rates(rng, level, r)
            rule, key = _prey_rule(rates, level), f"{rates}"
            states, steps = _years(r, f, rates, years, barren=level >= _BARREN_LEVEL)
        alive = min(min(state) for state in states) > 0
        if alive and len(set(states)) == len(states) and max(states)[0] <= _MOST_RABBITS[level]:
            break
    end = f"{states[-1][0]}, {states[-1][1]}"
    return Problem(
        question=rng.choice(_PREY_OPENINGS).format(r=r, f=f)
        + rule
        + rng.choice(_PREY_CLOSINGS).format(n=years),
        answer=SequenceAnswer(items=tuple(map(str, states[-1]))),
        short=("; ".join(f"year {n}: {a}, {b}" for n, (a, b) in enumerate(states[1:], 1)),)
        if level <= 2
        else (f"rabbits, foxes: {end}",),
        long=(*steps, f"rabbits, foxes: {end}"),
        key=f"predator_prey_step {level} {r} {f} {key}",
    )


@family(
    "science/simulation",
    capacity={1: 10**4, 2: 10**6, 3: 10**6, 4: 10**9, 5: 10**15},
)
def generations_of_a_cross(rng: Random, level: int) -> Problem:
    """Find the row of plants after a number of crosses of the first two plants in the row.

    Isolates keeping an ordered list up to date while its members are combined. A level adds
    plants and crosses; from level 3 on the child decides which parent is removed, and from level
    4 on the parents take turns in giving their higher allele.
    """
    while True:
        row = [_genotype(rng, _ALLELES[level]) for _ in range(_PLANTS[level])]
        rows, steps = _crosses(row, level)
        if len(set(rows)) == len(rows):
            break
    given = ", ".join(_written(plant) for plant in row)
    found = tuple(_written(plant) for plant in rows[-1])
    question = (
        rng.choice(_CROSS_OPENINGS).format(row=given)
        + (_CROSS if level < _TURN_LEVEL else _CROSS_IN_TURN)
        + (_LEAVES if level <= 2 else _LEAVES_BY_SUM)
        + rng.choice(_CROSS_CLOSINGS).format(n=_CROSSES[level])
    )
    return Problem(
        question=question,
        answer=SequenceAnswer(items=found),
        short=(f"row: {', '.join(found)}",),
        long=tuple(steps),
        key=f"generations_of_a_cross {level} {given}",
    )


@family(
    "science/simulation",
    capacity={1: 1_000, 2: 10**4, 3: 10**9, 4: 10**12, 5: 10**15},
)
def decay_step(rng: Random, level: int) -> Problem:
    """Find how many nuclei of each kind a decay chain has after some hours of decay.

    Isolates updating all numbers at once from their old values, with rounding. A level adds
    nuclides and hours; from level 4 on new nuclei arrive, and at level 5 a nuclide has two ways
    to decay.
    """
    names = "ABCDE"[: _NUCLIDES[level]]
    low, high = _NUCLEI[level]
    state = [rng.randint(low, high) for _ in names[:-1]] + [0]
    if level > 2:
        state[-1] = rng.randint(0, low)
    shares = [rng.randint(2, 3 if level <= 2 else 7) for _ in names[:-1]]
    source = rng.randint(*_SOURCE[level]) if level in _SOURCE else 0
    rules = [(names[i], names[i + 1], share) for i, share in enumerate(shares)]
    if level >= _BRANCH_LEVEL:
        rules.insert(1, (names[0], names[2], rng.randint(3, 7)))
    given = ", ".join(f"{name} {count}" for name, count in zip(names, state, strict=True))
    final, steps = _decays(dict(zip(names, state, strict=True)), rules, source, _DECAY_STEPS[level])
    parts = [f"{_ORDINALS[share]} of {one} become {other}" for one, other, share in rules]
    arriving = f"; then {source} new nuclei of A are added" if source else ""
    question = (
        rng.choice(_DECAY_OPENINGS).format(state=given)
        + "In each hour, of the numbers at its start, "
        + ", ".join(parts[:-1])
        + f" and {parts[-1]}, each number rounded down{arriving}. "
        + rng.choice(_DECAY_CLOSINGS).format(names=", ".join(names), n=_DECAY_STEPS[level])
    )
    return Problem(
        question=question,
        answer=SequenceAnswer(items=tuple(map(str, final.values()))),
        short=("end: " + ", ".join(f"{name} {count}" for name, count in final.items()),),
        long=tuple(steps),
        key=f"decay_step {given} {rules} {source}",
    )


def _simple_years(
    r: int, f: int, limit: int, years: int
) -> tuple[list[tuple[int, int]], list[str]]:
    states, steps = [(r, f)], []
    for year in range(1, years + 1):
        grown = r + r // 2
        left = grown - f
        change, compared = (1, "over") if left > limit else (-1, "not over")
        steps.append(
            f"year {year}: {r} + {r // 2} = {grown}; {grown} - {f} = {left}, {compared} {limit}; "
            f"foxes {f} {'+' if change > 0 else '-'} 1 = {f + change}"
        )
        r, f = left, f + change
        states.append((r, f))
    return states, steps


_Rates = dict[str, int]


def _rates(rng: Random, level: int, rabbits: int) -> _Rates:
    return {
        "births": rng.randint(2, 5),
        "meal": rng.randint(1, 3 if level == 3 else 5),
        "litter": rng.randint(3, 12),
        "deaths": rng.randint(3, 7),
        "room": rng.randint(rabbits // 2, 2 * rabbits),
        "leaving": rng.randint(3, 7),
    }


def _prey_rule(rates: _Rates, level: int) -> str:
    barren = ", but none in years 3, 6, 9, ..." if level >= _BARREN_LEVEL else ""
    return _PREY_RULE.format(
        births=_ORDINALS[rates["births"]],
        barren=barren,
        meal=rates["meal"],
        litter=rates["litter"],
        deaths=_ORDINALS[rates["deaths"]],
        room=rates["room"],
        leaving=_ORDINALS[rates["leaving"]],
    )


def _years(
    r: int, f: int, rates: _Rates, years: int, *, barren: bool
) -> tuple[list[tuple[int, int]], list[str]]:
    states, steps = [(r, f)], []
    for year in range(1, years + 1):
        births = 0 if barren and year % 3 == 0 else r // rates["births"]
        grown = r + births
        wanted = f * rates["meal"]
        eaten = min(grown, wanted)
        left = grown - eaten
        cubs = eaten // rates["litter"]
        foxes = f + cubs
        deaths = foxes // rates["deaths"]
        steps += [
            f"year {year}: {births} rabbits born, {r} + {births} = {grown}",
            f"eaten: {f} * {rates['meal']} = {wanted}" + ("" if eaten == wanted else ", all"),
            f"left: {grown} - {eaten} = {left}",
            f"foxes born: {eaten} / {rates['litter']} gives {cubs}, {f} + {cubs} = {foxes}",
            f"foxes dead: {foxes} / {rates['deaths']} gives {deaths}, "
            f"{foxes} - {deaths} = {foxes - deaths}",
        ]
        if left > rates["room"]:
            gone = left // rates["leaving"]
            steps.append(f"over {rates['room']}: {gone} leave, {left} - {gone} = {left - gone}")
            left -= gone
        r, f = left, foxes - deaths
        states.append((r, f))
    return states, steps


_Plant = tuple[int, int]


def _genotype(rng: Random, alleles: int) -> _Plant:
    low, high = sorted((rng.randint(1, alleles), rng.randint(1, alleles)))
    return low, high


def _written(plant: _Plant) -> str:
    return f"{plant[0]}/{plant[1]}"


def _crosses(row: list[_Plant], level: int) -> tuple[list[tuple[_Plant, ...]], list[str]]:
    """Return the row before and after each cross, and the steps."""
    rows, steps = [tuple(row)], []
    for number in range(1, _CROSSES[level] + 1):
        first, second, *rest = rows[-1]
        turned = level >= _TURN_LEVEL and number % 2 == 0
        given = (first[0], second[1]) if turned else (first[1], second[0])
        child = (min(given), max(given))
        step = (
            f"cross {number}: {_written(first)} gives {given[0]}, {_written(second)} gives "
            f"{given[1]}, child {_written(child)}"
        )
        stays = second
        if level > 2:
            total = sum(child)
            even = total % 2 == 0
            stays = second if even else first
            step += f", {child[0]} + {child[1]} = {total} is {'even' if even else 'odd'}"
        rows.append((stays, *rest, child))
        steps += [step, "row: " + ", ".join(map(_written, rows[-1]))]
    return rows, steps


def _decays(
    counts: dict[str, int], rules: list[tuple[str, str, int]], source: int, hours: int
) -> tuple[dict[str, int], list[str]]:
    steps = []
    for hour in range(1, hours + 1):
        moved = [(one, other, counts[one] // share) for one, other, share in rules]
        steps.append(
            f"hour {hour}: " + ", ".join(f"{one} to {other} {n}" for one, other, n in moved)
        )
        new, changes = {}, []
        for name, count in counts.items():
            terms = [-n for one, _, n in moved if one == name]
            terms += [n for _, other, n in moved if other == name]
            terms += [source] if source and name == "A" else []
            new[name] = count + sum(terms)
            signed = "".join(f" {'-' if n < 0 else '+'} {abs(n)}" for n in terms)
            changes.append(f"{name} {count}{signed} = {new[name]}")
        steps.append("; ".join(changes))
        counts = new
    return counts, steps
