"""general/simulation: board games and queues, run by their rules."""

from dataclasses import dataclass
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jon")

_PLAYERS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}
_THROWS = {1: 3, 2: 5, 3: 4, 4: 7, 5: 12}
"""By level, throws of each player."""
_JUMPS = {1: 1, 2: 2, 3: 3, 4: 5, 5: 7}
_LAST = {3: 30, 4: 30, 5: 24}
_HIT_SHARE = 0.6
"""Share of the problems with one player in which a jump is put where the token comes by."""
_TOKEN = (
    "{0}'s token is on square {1}. {2} {0} throws {3}. On which square is the token then?",
    "{0} plays with a token on square {1}. {2} The throws are {3}. Where does the token end?",
    "A token stands on square {1}. {2} {0} moves it by {3}. Which square is it on at the end?",
)
_GAME = (
    "{0} play a board game. All tokens start at 0, and the players move in turn by their throws."
    " {1} The throws of {2}",
    "In a board game of {0} every token starts at 0. The players take turns, in this order, and"
    " move forward by their throws. {1} The throws of {2}",
    "{0} take turns in a game, in this order. Their tokens start at 0 and move forward by what is"
    " thrown. {1} The throws of {2}",
)
_TURNING = (
    " A token that would get beyond {0}, the last square, moves to {0} and then backwards for the"
    " rest of its throw."
)
_SENDING = (
    " A token that ends its move, after such a jump if there is one, on a square with another token"
    " sends that token back to 0."
)


@family(
    "general/simulation",
    capacity={1: 20_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def board_moves(rng: Random, level: int) -> Problem:
    """Move tokens over a board by given throws, with squares that send them elsewhere.

    Isolates updating positions under rules that depend on them, so that no sum of the throws gives
    the end. A level adds throws and jumps (2), players who send one another back to the start (3,
    4) and an end of the board at which tokens turn back (5).
    """
    return _one_token(rng, level) if level <= 2 else _many_tokens(rng, level)


def _one_token(rng: Random, level: int) -> Problem:
    start, throws = rng.randint(1, 9), [rng.randint(1, 6) for _ in range(_THROWS[level])]
    jumps: dict[int, int] = {}
    here = start
    for throw in throws[:-1]:
        here += throw
        # No jump starts where another one ends, so that jumps never follow on one another.
        fresh = here not in jumps and here not in jumps.values()
        if fresh and len(jumps) < _JUMPS[level] and rng.random() < _HIT_SHARE:
            jumps[here] = _target(rng, here, jumps)
        here = jumps.get(here, here)
    while len(jumps) < _JUMPS[level]:
        square = rng.randint(start + 1, start + 20)
        if square not in jumps and square not in jumps.values():
            jumps[square] = _target(rng, square, jumps)
    here, long = start, []
    for throw in throws:
        line = f"{here} + {throw} = {here + throw}"
        here += throw
        if here in jumps:
            here = jumps[here]
            line += f", goes to {here}"
        long.append(line)
    name = rng.choice(_NAMES)
    return Problem(
        question=rng.choice(_TOKEN).format(name, start, _landing(jumps), _joined(throws)),
        answer=IntegerAnswer(value=here),
        short=(f"Square: {here}",),
        long=(*long, f"Square: {here}"),
        key=f"board_moves {start} {sorted(jumps.items())} {throws}",
    )


def _target(rng: Random, square: int, jumps: dict[int, int]) -> int:
    """Return where a jump goes: to another square, at which no jump starts."""
    taken = {square, *jumps}
    return rng.choice([n for n in range(max(1, square - 9), square + 10) if n not in taken])


def _many_tokens(rng: Random, level: int) -> Problem:
    last = _LAST[level]
    who = rng.sample(_NAMES, _PLAYERS[level])
    squares = rng.sample(range(2, last), 2 * _JUMPS[level])
    jumps = dict(zip(squares[::2], squares[1::2], strict=True))
    throws = {name: [rng.randint(1, 6) for _ in range(_THROWS[level])] for name in who}
    at, long = dict.fromkeys(who, 0), []
    for turn in range(_THROWS[level]):
        for name in who:
            there = at[name] + throws[name][turn]
            line = f"{name}: {at[name]} + {throws[name][turn]} = {there}"
            if level == 5 and there > last:
                there = 2 * last - there
                line += f", back to {there}"
            if there in jumps:
                there = jumps[there]
                line += f", goes to {there}"
            at[name] = there
            for other in who:
                if other != name and at[other] == there:
                    at[other] = 0
                    line += f", {other} to 0"
            long.append(line)
    rules = _landing(jumps) + _SENDING
    rules += _TURNING.format(last) if level == 5 else ""
    rolled = "; ".join(f"{name}: {_joined(throws[name])}" for name in who)
    story = rng.choice(_GAME).format(_listed(who), rules, f"{rolled}.")
    places = tuple(str(at[name]) for name in who)
    return Problem(
        question=f"{story} Where are the tokens at the end? Write the squares of {_listed(who)} in"
        " this order, like 3, 12.",
        answer=SequenceAnswer(items=places),
        short=(f"Squares: {', '.join(places)}",),
        long=(*long, f"Squares: {', '.join(places)}"),
        key=f"board_moves {sorted(jumps.items())} {list(throws.values())}",
    )


def _landing(jumps: dict[int, int]) -> str:
    (first, goal), *others = sorted(jumps.items())
    parts = [f"takes a token to {goal}", *(f"on {a} to {b}" for a, b in others)]
    return f"Landing on {first} {parts[0] if len(parts) == 1 else _listed(parts)}."


def _joined(values: list[int]) -> str:
    return ", ".join(map(str, values))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]


_IN_QUEUE = {1: 3, 2: 4, 3: 8, 4: 12, 5: 20}
_COUNTERS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}
_GAP = {1: 4, 2: 5, 3: 4, 4: 4, 5: 3}
"""Largest number of minutes between two arrivals."""
_SERVICE = {1: 6, 2: 9, 3: 12, 4: 12, 5: 14}
_PATIENCE = {4: 6, 5: 9}
_ONE_COUNTER = (
    "A counter serves one customer at a time, in order of arrival. {0} At which minute is {1}"
    " done?",
    "One clerk serves people one by one, in the order they come. {0} At which minute is {1} done?",
    "At a counter one is served at a time, first come, first served. {0} At which minute is {1}"
    " done?",
)
_MORE_COUNTERS = (
    "At {0} counters that open at minute 0 customers wait in one queue. A free counter takes the"
    " first in the queue at once.{1}",
    "One queue leads to {0} counters, open from minute 0 on. As soon as a counter is free, the"
    " first in the queue goes there.{1}",
    "Customers line up in one queue for {0} counters, which are free at minute 0. Whenever a"
    " counter is or becomes free, it serves the first in the queue from that minute on.{1}",
)
_MEMBERS = (
    " Customers marked with * are members: a member stands in the queue before all who are not"
    " members, and after the members who came earlier."
)
_LEAVING = (
    " A customer who is still not taken exactly {0} minutes after arriving leaves in that minute,"
    " unserved; one who is taken in that minute is served."
)


@dataclass
class _Customer:
    name: str
    arrives: int
    needs: int
    member: bool


@family(
    "general/simulation",
    capacity={1: 2_000, 2: 500_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def queue_at_a_counter(rng: Random, level: int) -> Problem:
    """Run a queue of customers, and tell when one of them is done or how long they wait.

    Isolates events in order of time, each of which depends on those before. A level adds customers
    and a second counter (3), customers who give up after a while (4) and members who go first (5).
    """
    people, now = [], 0
    for position in range(_IN_QUEUE[level]):
        name = _NAMES[position] if level <= 2 else chr(ord("A") + position)
        member = level == 5 and rng.random() < 0.3
        people.append(_Customer(name, now, rng.randint(2, _SERVICE[level]), member))
        now += rng.randint(1, _GAP[level])
    return _single(rng, people) if level <= 2 else _several(rng, level, people)


def _single(rng: Random, people: list[_Customer]) -> Problem:
    free, long, told = 0, [], []
    for one in people:
        begins = max(free, one.arrives)
        waits = f"{free} > {one.arrives}" if free > one.arrives else f"{free} <= {one.arrives}"
        free = begins + one.needs
        long.append(f"{one.name}: {waits}, {begins} + {one.needs} = {free}")
        told.append(f"{one.name} comes at minute {one.arrives} and takes {one.needs} min.")
    story = rng.choice(_ONE_COUNTER).format(" ".join(told), people[-1].name)
    return Problem(
        question=story,
        answer=IntegerAnswer(value=free),
        short=(f"Done: {free}",),
        long=(*long, f"Done: {free}"),
        key=f"queue_at_a_counter {[(p.arrives, p.needs) for p in people]}",
    )


def _several(rng: Random, level: int, people: list[_Customer]) -> Problem:
    long, waits, ends = _run(people, _COUNTERS[level], _PATIENCE.get(level))
    rules = _MEMBERS if level == 5 else ""
    rules += _LEAVING.format(_PATIENCE[level]) if level in _PATIENCE else ""
    told = "; ".join(
        f"{p.name}{'*' if p.member else ''} at {p.arrives} for {p.needs}" for p in people
    )
    story = rng.choice(_MORE_COUNTERS).format(_COUNTERS[level], rules)
    if level == 3:
        ask = f"At which minute is {people[-1].name} done?"
        result, name = ends[people[-1].name], "Done"
    else:
        ask = "How many minutes do all who are served wait for a counter, added up?"
        result, name = sum(waits.values()), "Waiting"
        long.append(f"{' + '.join(map(str, waits.values()))} = {result}")
    return Problem(
        question=f"{story} Customers with minute of arrival and minutes of service: {told}. {ask}",
        answer=IntegerAnswer(value=result),
        short=(f"{name}: {result}",),
        long=(*long, f"{name}: {result}"),
        key=f"queue_at_a_counter {told}",
    )


def _run(
    people: list[_Customer], counters: int, patience: int | None
) -> tuple[list[str], dict[str, int], dict[str, int]]:
    """Return the events in words, and by name of those served the wait and the end."""
    free = [0] * counters
    long, waits, ends = [], {}, {}
    waiting: list[_Customer] = []
    coming, minute = list(people), 0
    while coming or waiting:
        while coming and coming[0].arrives == minute:
            waiting.append(coming.pop(0))
        waiting.sort(key=lambda p: (not p.member, p.arrives))
        while waiting and min(free) <= minute:
            one = waiting.pop(0)
            place = free.index(min(free))
            free[place] = ends[one.name] = minute + one.needs
            waits[one.name] = minute - one.arrives
            long.append(
                f"Minute {minute}: {one.name} to counter {place + 1}, waited"
                f" {minute} - {one.arrives} = {waits[one.name]},"
                f" until {minute} + {one.needs} = {free[place]}"
            )
        for one in waiting[:]:
            if patience is not None and minute - one.arrives == patience:
                waiting.remove(one)
                long.append(f"Minute {minute}: {one.name} leaves")
        minute += 1
    return long, waits, ends
