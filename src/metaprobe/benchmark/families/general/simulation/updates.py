"""general/simulation: turning, swapping and keeping a stock, one step after the other."""

from random import Random

from metaprobe.benchmark.answers import ChoiceAnswer, IntegerAnswer, SequenceAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jon")

_COMPASS = ("north", "east", "south", "west")
_STEP = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
_TURN = {"right": 1, "around": 2, "left": 3}
_TURNS = {1: 3, 2: 6, 3: 5, 4: 12, 5: 30}
_FACING = (
    "{0} faces {1}. Then {0} turns {2}. Which way does {0} face now?",
    "{0} looks {1} and turns {2}. Which way does {0} look at the end?",
    "At first {0} faces {1}. The turns are: {2}. Which way does {0} face after them?",
    "{0} stands facing {1} and makes these turns: {2}. Which direction does {0} face then?",
)
_WALKING = (
    "A robot stands at (0, 0) and faces {0}. East is +x and north is +y. Its commands: {1}.",
    "A robot starts at (0, 0), facing {0}; x grows to the east and y to the north. It runs: {1}.",
    "Facing {0}, a robot leaves (0, 0), with x to the east and y to the north. It obeys: {1}.",
)


@family(
    "general/simulation",
    capacity={1: 108, 2: 2_900, 3: 10**5, 4: 10**9, 5: 10**15},
)
def compass_turns(rng: Random, level: int) -> Problem:
    """Follow turns on the compass, and from level 3 on also the steps between them.

    Isolates updating a direction, and then a position with it. A level adds turns; at level 5
    a wall also stops every step beyond it, so that no sum of the moves gives the position.
    """
    facing = rng.choice(_COMPASS)
    turns = [rng.choice(tuple(_TURN)) for _ in range(_TURNS[level])]
    if level >= 3:
        return _walk(rng, level, facing, turns)
    name, now, long = rng.choice(_NAMES), facing, []
    for turn in turns:
        now = _turned(now, turn)
        long.append(f"{turn}: {now}")
    return Problem(
        question=rng.choice(_FACING).format(name, facing, ", ".join(turns)),
        answer=ChoiceAnswer(value=now, options=_COMPASS),
        short=(),
        long=tuple(long),
        key=f"compass_turns {facing} {turns}",
    )


def _walk(rng: Random, level: int, facing: str, turns: list[str]) -> Problem:
    wall = 6 if level == 5 else 0
    moves = [rng.randint(1, 5) for _ in turns]
    commands = ", ".join(f"turn {t}, go {n}" for t, n in zip(turns, moves, strict=True))
    x, y, now, long = 0, 0, facing, []
    for turn, move in zip(turns, moves, strict=True):
        now = _turned(now, turn)
        x, y = x + move * _STEP[now][0], y + move * _STEP[now][1]
        if wall:
            x, y = (max(-wall, min(wall, value)) for value in (x, y))
        long.append(f"turn {turn}: {now}; go {move}: ({x}, {y})")
    fence = (
        f" Walls stand at x = {wall}, x = -{wall}, y = {wall} and y = -{wall}: the robot can reach"
        " them but not pass, and the rest of a blocked move is lost."
        if wall
        else ""
    )
    story = rng.choice(_WALKING).format(facing, commands)
    return Problem(
        question=f"{story}{fence} Where is it at the end? Write x, y, like 3, -2.",
        answer=SequenceAnswer(items=(str(x), str(y))),
        short=(f"At the end: {x}, {y}",),
        long=(*long, f"At the end: {x}, {y}"),
        key=f"compass_turns {facing} {commands}",
    )


def _turned(facing: str, turn: str) -> str:
    return _COMPASS[(_COMPASS.index(facing) + _TURN[turn]) % 4]


_OBJECTS = ("ball", "cup", "hat", "key", "pen", "bag", "ring", "book", "lamp")
_HOLDERS = {1: 3, 2: 3, 3: 5, 4: 7, 5: 9}
_SWAPS = {1: 2, 2: 4, 3: 7, 4: 14, 5: 30}
_SWAPPING = (
    "{0} {1} {2} What does {3} have now?",
    "{0} {1} {2} What does {3} have at the end?",
    "{0} Then some of them swap. {1} {2} What does {3} hold after that?",
    "{0} Now follow the swaps. {1} {2} Which thing is with {3} then?",
)


@family(
    "general/simulation",
    capacity={1: 5_000, 2: 50_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def shuffled_objects(rng: Random, level: int) -> Problem:
    """Track who holds which thing while people swap.

    Isolates updating a small assignment. A level adds people and swaps; from level 4 on some
    moves pass everything one place on along the row.
    """
    who = sorted(rng.sample(_NAMES, _HOLDERS[level]))
    held = dict(zip(who, rng.sample(_OBJECTS, len(who)), strict=True))
    start = dict(held)
    moves, long, last = [], [], ("", "")
    for _ in range(_SWAPS[level]):
        if level >= 4 and rng.random() < 0.2:
            moves.append("Everyone passes on.")
            held = dict(zip(who, [held[who[-1]], *(held[n] for n in who[:-1])], strict=True))
        else:
            one, two = sorted(rng.sample(who, 2))
            while (one, two) == last:
                one, two = sorted(rng.sample(who, 2))
            last = (one, two)
            moves.append(f"{one} and {two} swap.")
            held[one], held[two] = held[two], held[one]
        long.append(f"{moves[-1]} {', '.join(f'{n} {held[n]}' for n in who)}")
    asked = rng.choice(who)
    owners = _sentence([f"{name} has the {thing}" for name, thing in start.items()])
    rule = (
        f"To pass on means: all give their thing at the same time to the next in the order"
        f" {', '.join(who)}, and {who[-1]} gives it to {who[0]}."
        if "Everyone passes on." in moves
        else ""
    )
    story = rng.choice(_SWAPPING).format(owners, rule, " ".join(moves), asked)
    return Problem(
        question=" ".join(story.split()),
        answer=TextAnswer(value=held[asked]),
        short=(f"{asked} {held[asked]}",),
        long=(*long, f"{asked} {held[asked]}"),
        key=f"shuffled_objects {start} {moves} {asked}",
    )


def _sentence(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] + "."


_GOODS = ("apples", "pens", "eggs", "cups", "books", "balls", "lamps", "boxes")
_DAYS = {1: 2, 2: 3, 3: 6, 4: 12, 5: 24}
_STOCKS = {1: (4, 9), 2: (5, 12), 3: (12, 30), 4: (20, 60), 5: (30, 90)}
_RESTOCKING = (
    "A shop has {0} {1}. If it has fewer than {2} in the evening, it adds {3}. It sells {4}."
    " How many does it have {5}?",
    "There are {0} {1} in a store. On evenings with fewer than {2} left, {3} are added. The store"
    " sells {4}. How many are there {5}?",
    "A stall starts with {0} {1}. When fewer than {2} are left in the evening, {3} new ones come."
    " It sells {4}. How many are there {5}?",
)


@family(
    "general/simulation",
    capacity={1: 1_500, 2: 40_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def inventory_updates(rng: Random, level: int) -> Problem:
    """Keep a stock through sales and a rule that refills it when it runs low.

    Isolates a loop with a condition whose outcome depends on all that went before. A level adds
    days; at level 5 what was ordered comes in only on the next evening.
    """
    low, high = _STOCKS[level]
    start, least = rng.randint(low, high), rng.randint(low // 2 + 1, low)
    refill = rng.randint(low, high)
    goods = rng.choice(_GOODS)
    sales, stock, coming, long = [], start, 0, []
    for day in range(1, _DAYS[level] + 1):
        sold = rng.randint(1, min(stock, high - 1)) if stock else 0
        left = stock - sold
        line = f"Day {day}: {stock} - {sold} = {left}"
        sales.append(sold)
        ordered = refill if left < least else 0
        sign = "<" if ordered else ">="
        arrives = coming if level == 5 else ordered
        coming = ordered
        stock = left + arrives
        line += f", {left} {sign} {least}"
        line += f", {left} + {arrives} = {stock}" if arrives else ""
        long.append(line)
    days = ", ".join(f"{n} on day {d}" for d, n in enumerate(sales, start=1))
    days = " and ".join(days.rsplit(", ", 1))
    moment = f"at the end of day {len(sales)}"
    story = rng.choice(_RESTOCKING).format(start, goods, least, refill, days, moment)
    late = (
        " Additions come late: one that is decided on an evening joins the stock on the next"
        " evening, after the count of that evening."
        if level == 5
        else ""
    )
    return Problem(
        question=story + late,
        answer=IntegerAnswer(value=stock),
        short=(f"Left: {stock}",),
        long=(*long, f"Left: {stock}"),
        key=f"inventory_updates {start} {least} {refill} {sales}",
    )
