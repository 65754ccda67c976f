"""science/simulation: physical processes carried out step by step."""

import re
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_SECONDS = {1: 3, 2: 5, 3: 9, 4: 18, 5: 45}
_LAST_POSITION = {1: 9, 2: 9, 3: 20, 4: 40, 5: 60}
_FIRST_SPEED = {1: 6, 2: 6, 3: 9, 4: 9, 5: 15}
_PULL = {1: 1, 2: 2, 3: 4, 4: 5, 5: 7}
_MOTION_OPENINGS = (
    "A ball has position {x} and velocity {v}. ",
    "A cart starts at position {x} with velocity {v}. ",
    "At first a puck has position {x} and velocity {v}. ",
)
_MOTION_RULE = (
    "Each second the velocity is added to the position; then the velocity {below} if the new "
    "position is below {middle}, else {above}. "
)
_MOTION_CLOSINGS = (
    "What is its position after {n} seconds?",
    "Where is it after {n} seconds?",
    "Find its position after {n} seconds.",
)

_BLOCKS = {1: 3, 2: 3, 3: 4, 4: 5, 5: 7}
_CONTACTS = {1: 2, 2: 3, 3: 6, 4: 12, 5: 30}
_HOTTEST = {1: 9, 2: 20, 3: 60, 4: 99, 5: 500}
_DIVISORS = {1: (2,), 2: (2,), 3: (3,), 4: (3, 4), 5: (3, 4, 5)}
_SHARES = {2: "half", 3: "one third", 4: "one quarter", 5: "one fifth"}
_HEAT_OPENINGS = (
    "Blocks have the temperatures {state}. ",
    "The temperatures of blocks are {state}. ",
    "Blocks start at the temperatures {state}. ",
)
_HEAT_RULE = (
    "On contact, the hotter one gives {share} of the difference, rounded down, to the colder. "
    "Contacts in order: {contacts}. "
)
_HEAT_CLOSINGS = (
    "List the final temperatures of {names}.",
    "Give the final temperatures of {names}.",
    "Find the final temperatures of {names}.",
)

_FLIPS = {1: 4, 2: 5, 3: 10, 4: 18, 5: 40}
_WIRINGS = {
    1: ("A and B are", "A or B is"),
    2: ("A and (B or C) are", "B and (A or C) are", "C or (A and B) are", "A or (B and C) are"),
    3: ("A and (B or C) are", "B and (A or C) are", "C or (A and B) are", "A or (B and C) are"),
    4: ("(A or B) and (C or D) are", "(A and B) or (C and D) are", "A and (B or (C and D)) are"),
    5: ("(A or B) and (C or (D and E)) are", "(A and D) or (C and (B or E)) are"),
}
_SWITCH_OPENINGS = (
    "A lamp is on exactly when {wiring} closed. At first {closed}. ",
    "A circuit lights its lamp exactly when {wiring} closed. At first {closed}. ",
    "A lamp is on whenever {wiring} closed, else off. At first {closed}. ",
)
_FEEDBACK_LEVEL = 3
"""From this level on the lamp acts back on a switch, so that the order of events matters."""
_RELAY = (
    "Right after every flip that leaves the lamp on, a relay flips {switch} as well, before the "
    "next flip. "
)
_COUNT_LEVEL = 4
"""From this level on the number of flips is asked for instead of their list."""


@family(
    "science/simulation",
    capacity={1: 243, 2: 2_000, 3: 10**4, 4: 10**4, 5: 10**5},
)
def stepwise_motion(rng: Random, level: int) -> Problem:
    """Find the position of a body after several seconds of motion under a position-dependent rule.

    Isolates carrying two numbers through a loop with a branch. A level adds seconds and lets the
    velocity change by more; positions stay positive at levels 1 and 2.
    """
    while True:
        x, v = rng.randint(1, _LAST_POSITION[level]), rng.randint(1, _FIRST_SPEED[level])
        middle = rng.randint(x + 1, x + 3 * _FIRST_SPEED[level])
        up, down = rng.randint(1, _PULL[level]), rng.randint(1, _PULL[level])
        steps, path, speeds = _moves(x, v, middle, up, down, _SECONDS[level])
        sides = {place < middle for place in path[:-1]}
        if len(sides) == 2 and (level > 2 or min(path + speeds) >= 0):
            break
    question = (
        rng.choice(_MOTION_OPENINGS).format(x=x, v=v)
        + _MOTION_RULE.format(middle=middle, below=f"grows by {up}", above=f"falls by {down}")
        + rng.choice(_MOTION_CLOSINGS).format(n=len(path))
    )
    return Problem(
        question=question,
        answer=IntegerAnswer(value=path[-1]),
        short=(f"positions: {', '.join(map(str, path))}",),
        long=tuple(steps),
        key=f"stepwise_motion {level} {x} {v} {middle} {up} {down}",
    )


@family(
    "science/simulation",
    capacity={1: 3_000, 2: 80_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def heat_exchange_step(rng: Random, level: int) -> Problem:
    """Find the temperatures of blocks after a series of contacts that each even out a difference.

    Isolates keeping several numbers up to date in a fixed order. A level adds blocks, contacts
    and larger differences.
    """
    names = "ABCDEFG"[: _BLOCKS[level]]
    divisor = rng.choice(_DIVISORS[level])
    heat = dict(zip(names, rng.sample(range(1, _HOTTEST[level] + 1), len(names)), strict=True))
    state = ", ".join(f"{name} {value}" for name, value in heat.items())
    contacts: list[tuple[str, str]] = []
    steps = []
    while len(contacts) < _CONTACTS[level]:
        one, two = sorted(rng.sample(names, 2))
        if not contacts or contacts[-1] != (one, two):
            contacts.append((one, two))
    for one, two in contacts:
        hot, cold = (one, two) if heat[one] >= heat[two] else (two, one)
        gap = heat[hot] - heat[cold]
        flow = gap // divisor
        steps.append(
            f"{one}-{two}: {heat[hot]} - {heat[cold]} = {gap}, {_SHARES[divisor]} is {flow}; "
            f"{hot} {heat[hot]} - {flow} = {heat[hot] - flow}, "
            f"{cold} {heat[cold]} + {flow} = {heat[cold] + flow}"
        )
        heat[hot] -= flow
        heat[cold] += flow
    order = ", ".join(f"{one}-{two}" for one, two in contacts)
    steps.append("end: " + ", ".join(f"{name} {value}" for name, value in heat.items()))
    return Problem(
        question=rng.choice(_HEAT_OPENINGS).format(state=state)
        + _HEAT_RULE.format(share=_SHARES[divisor], contacts=order)
        + rng.choice(_HEAT_CLOSINGS).format(names=", ".join(names) + ", in this order"),
        answer=SequenceAnswer(items=tuple(map(str, heat.values()))),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"heat_exchange_step {state} {divisor} {order}",
    )


@family(
    "science/simulation",
    capacity={1: 128, 2: 3_000, 3: 10**5, 4: 10**9, 5: 10**15},
)
def circuit_switching(rng: Random, level: int) -> Problem:
    """Follow a lamp circuit while its switches are flipped one after another.

    Isolates keeping track of switches that are open or closed. A level adds switches and flips;
    from level 3 on a lamp that is on flips a switch back, and from level 4 on the flips after
    which the lamp is on are counted.
    """
    wiring = rng.choice(_WIRINGS[level])
    switches = sorted(set(re.findall("[A-E]", wiring)))
    first = [name for name in switches if rng.random() < 0.5]
    flips = [rng.choice(switches) for _ in range(_FLIPS[level])]
    relay = rng.choice(switches) if level >= _FEEDBACK_LEVEL else None
    steps, lit = _flip(wiring, set(first), flips, relay)
    listed = ", ".join(flips)
    return Problem(
        question=rng.choice(_SWITCH_OPENINGS).format(
            wiring=wiring, closed=_closed(first, len(switches))
        )
        + (_RELAY.format(switch=relay) if relay else "")
        + f"These switches are flipped in turn: {listed}. "
        + _asked(level),
        answer=IntegerAnswer(value=len(lit))
        if level >= _COUNT_LEVEL
        else SequenceAnswer(items=tuple(map(str, lit))),
        short=(f"on after flips: {', '.join(map(str, lit)) or 'none'}",),
        long=(*steps, f"on after flips: {', '.join(map(str, lit)) or 'none'}"),
        key=f"circuit_switching {wiring} {first} {listed} {relay}",
    )


def _moves(
    x: int, v: int, middle: int, up: int, down: int, seconds: int
) -> tuple[list[str], list[int], list[int]]:
    steps, path, speeds = [], [], []
    for second in range(1, seconds + 1):
        step = f"second {second}: position {x} + {_term(v)} = {x + v}"
        x += v
        path.append(x)
        if x < middle:
            step += f", below {middle}; velocity {v} + {up} = {v + up}"
            v += up
        else:
            step += f", not below {middle}; velocity {v} - {down} = {v - down}"
            v -= down
        speeds.append(v)
        steps.append(step)
    return steps, path, speeds


def _term(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _closed(names: list[str], switches: int) -> str:
    if len(names) == switches:
        return "all switches are closed"
    if not names:
        return "all switches are open"
    if len(names) == 1:
        return f"only {names[0]} is closed"
    return f"only {', '.join(names[:-1])} and {names[-1]} are closed"


def _asked(level: int) -> str:
    if level >= _COUNT_LEVEL:
        return "After how many of these flips, before the relay acts, is the lamp on?"
    before = ", before the relay acts," if level >= _FEEDBACK_LEVEL else ""
    return f"After which flips{before} is the lamp on? List their numbers, or answer none."


def _flip(
    wiring: str, closed: set[str], flips: list[str], relay: str | None
) -> tuple[list[str], list[int]]:
    steps, lit = [], []
    for number, name in enumerate(flips, start=1):
        closed = closed ^ {name}
        on = _is_on(wiring, closed)
        step = f"flip {number}, {name}: closed {', '.join(sorted(closed)) or 'none'}; "
        step += "on" if on else "off"
        if on:
            lit.append(number)
        if on and relay:
            closed = closed ^ {relay}
            step += f"; relay flips {relay}: closed {', '.join(sorted(closed)) or 'none'}"
        steps.append(step)
    return steps, lit


def _is_on(wiring: str, closed: set[str]) -> bool:
    """Return whether the current can pass, by contracting the innermost brackets first."""
    text = wiring.rpartition(" ")[0]
    for name in "ABCDE":
        text = text.replace(name, "1" if name in closed else "0")
    while not re.fullmatch("[01]", text):
        text = re.sub(
            r"\(?([01]) (and|or) ([01])\)?",
            lambda m: str(min(m[1], m[3]) if m[2] == "and" else max(m[1], m[3])),
            text,
            count=1,
        )
    return text == "1"
