"""general/calculation: the arithmetic of clocks, shopping and cooking."""

from decimal import Decimal
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, IntegerAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida")

_LEGS = {3: 1, 4: 4, 5: 9}
_ONE_LEG = (
    "A film starts at {} and lasts {} minutes. When does it end?",
    "A train leaves at {} and travels for {} minutes. When does it arrive?",
    "A lesson begins at {} and takes {} minutes. At what time is it over?",
    "Ann starts to read at {} and reads for {} minutes. When does she stop?",
)
_FORWARD = (
    "A tour starts at {} and has these parts, without breaks: {}. When does it end?",
    "A recording starts at {}. Its parts last {}. When is it over?",
    "A machine is switched on at {} and runs one job after another: {}. When is it done?",
)
_BACKWARD = (
    "A tour ends at {}. It had these parts, without breaks: {}. When did it start?",
    "A recording is over at {}. Its parts last {}. When did it begin?",
    "A machine is done at {}. It ran one job after another: {}. When was it switched on?",
)
_ONE_FORWARD = (
    "A tour starts at {} and takes {}. When does it end?",
    "A recording starts at {} and lasts {}. When is it over?",
    "A machine is switched on at {} and runs for {}. When is it done?",
)
_ONE_BACKWARD = (
    "A tour ends at {}. It took {}. When did it start?",
    "A recording is over at {}. It lasts {}. When did it begin?",
    "A machine is done at {}. It ran for {}. When was it switched on?",
)


@family(
    "general/calculation",
    capacity={1: 660, 2: 1_200, 3: 10**6, 4: 10**12, 5: 10**15},
)
def clock_and_duration(rng: Random, level: int) -> Problem:
    """Compute the time of day at the end, or the start, of something that lasts a while.

    Isolates arithmetic in base 60. A level adds the carry into the next hour (2), hours, midnight
    and the way back from the end (3), a chain of durations (4) and seconds (5).
    """
    return _one_leg(rng, level) if level <= 2 else _many_legs(rng, level)


def _one_leg(rng: Random, level: int) -> Problem:
    hour = rng.randint(1, 10)
    if level == 1:
        minute = 5 * rng.randint(0, 10)
        lasts = 5 * rng.randint(1, 11 - minute // 5)
    else:
        minute, lasts = 5 * rng.randint(0, 11), 5 * rng.randint(2, 11)
    total = minute + lasts
    long = [f"Minutes: {minute} + {lasts} = {total}"]
    if total >= 60:
        long += [f"{total} - 60 = {total - 60}", f"Hour: {hour} + 1 = {hour + 1}"]
    else:
        long.append(f"Hour: {hour}")
    end = f"{hour + total // 60}:{total % 60:02}"
    start = f"{hour}:{minute:02}"
    return Problem(
        question=rng.choice(_ONE_LEG).format(start, lasts) + " Write it like 4:05.",
        answer=TextAnswer(value=end, aliases=(end.zfill(5),)),
        short=(f"{start} + {lasts} = {end}",),
        long=(*long, f"Time: {end}"),
        key=f"clock_and_duration {start} {lasts}",
    )


def _many_legs(rng: Random, level: int) -> Problem:
    seconds = level == 5
    unit = {"h": 3600, "min": 60, "s": 1} if seconds else {"h": 3600, "min": 60}
    now = rng.randrange(86400) if seconds else 60 * rng.randrange(1440)
    sign, symbol = rng.choice(((1, "+"), (-1, "-")))
    start = _clock(now, seconds)
    legs, long = [], []
    for _ in range(_LEGS[level]):
        leg = {u: rng.randint(1, 9 if u == "h" else 59) for u in unit}
        legs.append(" ".join(f"{n} {u}" for u, n in leg.items()))
        for name, number in leg.items():
            after = (now + sign * number * unit[name]) % 86400
            long.append(
                f"{_clock(now, seconds)} {symbol} {number} {name} = {_clock(after, seconds)}"
            )
            now = after
    end = _clock(now, seconds)
    example = "07:05:09" if seconds else "07:05"
    if level == 3:
        stories = _ONE_FORWARD if sign == 1 else _ONE_BACKWARD
    else:
        stories = _FORWARD if sign == 1 else _BACKWARD
    story = rng.choice(stories).format(start, ", ".join(legs))
    return Problem(
        question=f"{story} Use the 24-hour clock, like {example}.",
        answer=TextAnswer(value=end, aliases=(end.removeprefix("0"),)),
        short=(f"{start} {symbol} ({', '.join(legs)}) = {end}",),
        long=(*long, f"Time: {end}"),
        key=f"clock_and_duration {start} {symbol} {legs}",
    )


def _clock(moment: int, seconds: bool) -> str:
    text = f"{moment // 3600:02}:{moment // 60 % 60:02}"
    return f"{text}:{moment % 60:02}" if seconds else text


_THINGS = ("pen", "cup", "book", "ball", "hat", "lamp", "bag", "brush", "rope", "plate")
_LINES = {3: 3, 4: 4, 5: 7}
_MOST = {3: 1, 4: 9, 5: 9}
"""Largest quantity of one thing."""
_MONEY = (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""Euro notes and coins, in cents, without the notes above 50 euros."""
_SHOPPING = (
    "{0} buys {1} and pays with {2} euros. How many euros does {0} get back?",
    "{0} pays for {1} with {2} euros. How many euros is the change?",
    "In a shop {0} takes {1} and gives {2} euros. How many euros come back?",
    "{0} had {2} euros and bought {1}. How many euros are left?",
)
_COUNTING = (
    "{0} buys {1} and pays with {2} euros.",
    "{0} pays for {1} with {2} euros.",
    "In a shop {0} takes {1} and gives {2} euros.",
)


@family(
    "general/calculation",
    capacity={1: 117, 2: 4_000, 3: 10**6, 4: 10**12, 5: 10**15},
)
def change_and_bills(rng: Random, level: int) -> Problem:
    """Compute the change of a purchase, at the last level as a number of notes and coins.

    Isolates adding prices and subtracting from what was paid. A level adds a quantity (2), cents
    (3), several quantities (4) and paying out in the fewest notes and coins (5).
    """
    return _whole_euros(rng, level) if level <= 2 else _with_cents(rng, level)


def _whole_euros(rng: Random, level: int) -> Problem:
    if level == 1:
        paid, count = rng.choice((10, 20)), 1
        first = rng.randint(1, min(9, paid - 2))
        second = rng.randint(1, min(9, paid - 1 - first))
    else:
        paid, count = rng.choice((50, 60, 70)), rng.randint(2, 4)
        first, second = rng.randint(2, 9), rng.randint(1, 13)
    one, other = rng.sample(_THINGS, 2)
    name = rng.choice(_NAMES)
    bought = (
        f"a {one} for {_euros(first)}"
        if count == 1
        else f"{count} {_plural(one)} for {first} euros each"
    )
    total = count * first + second
    long = [] if count == 1 else [f"{count} * {first} = {count * first}"]
    long += [f"{count * first} + {second} = {total}", f"{paid} - {total} = {paid - total}"]
    story = rng.choice(_SHOPPING).format(name, f"{bought} and a {other} for {_euros(second)}", paid)
    return Problem(
        question=story,
        answer=IntegerAnswer(value=paid - total),
        short=(f"{paid} - {total} = {paid - total}",),
        long=tuple(long),
        key=f"change_and_bills {count} {first} {second} {paid}",
    )


def _with_cents(rng: Random, level: int) -> Problem:
    things = rng.sample(_THINGS, _LINES[level])
    lines = [(rng.randint(1, _MOST[level]), rng.randint(50, 999)) for _ in things]
    bought, long, total = [], [], 0
    for thing, (count, price) in zip(things, lines, strict=True):
        each = "" if count == 1 else " each"
        counted = f"a {thing}" if count == 1 else f"{count} {_plural(thing)}"
        bought.append(f"{counted} for {_decimal(price)} euros{each}")
        cost = count * price
        if count > 1:
            long.append(f"{count} * {_decimal(price)} = {_decimal(cost)}")
        if total:
            long.append(f"{_decimal(total)} + {_decimal(cost)} = {_decimal(total + cost)}")
        total += cost
    paid = (total // 5000 + 1) * 50
    change = paid * 100 - total
    long.append(f"{paid}.00 - {_decimal(total)} = {_decimal(change)}")
    listed = ", ".join(bought[:-1]) + " and " + bought[-1]
    name = rng.choice(_NAMES)
    key = f"change_and_bills {lines} {paid}"
    if level < 5:
        return Problem(
            question=rng.choice(_SHOPPING).format(name, listed, paid) + " Write it like 4.50.",
            answer=DecimalAnswer(value=Decimal(change) / 100, unit="euros"),
            short=(f"{paid}.00 - {_decimal(total)} = {_decimal(change)}",),
            long=tuple(long),
            key=key,
        )
    steps, pieces = _pay_out(change)
    return Problem(
        question=rng.choice(_COUNTING).format(name, listed, paid)
        + " The change is paid in the fewest pieces, with notes of 50, 20, 10 and 5 euros, coins"
        " of 2 and 1 euros and coins of 50, 20, 10, 5, 2 and 1 cents. How many notes and coins"
        " is that together?",
        answer=IntegerAnswer(value=pieces),
        short=(long[-1], f"{pieces} pieces"),
        long=(*long, *steps),
        key=key,
    )


def _pay_out(change: int) -> tuple[list[str], int]:
    steps, rest, pieces = [], change, 0
    for value in _MONEY:
        count = rest // value
        if count:
            rest -= count * value
            pieces += count
            steps.append(f"{count} of {_decimal(value)}: {_decimal(rest)} is left, {pieces} so far")
    return [*steps, f"Pieces: {pieces}"], pieces


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _euros(number: int) -> str:
    return "1 euro" if number == 1 else f"{number} euros"


def _plural(thing: str) -> str:
    return thing + ("es" if thing.endswith("sh") else "s")


_PIECES = ("eggs", "apples", "carrots", "tomatoes", "onions", "lemons", "pears", "peppers")
_WEIGHED = ("flour", "sugar", "butter", "rice", "cheese", "milk powder", "oats", "cocoa")
_SCALING = (
    "A recipe for {0} people needs {1} {2}. How many {2} are needed for {3} people?",
    "{1} {2} are used to cook for {0} people. How many {2} are used for {3} people?",
    "For {0} guests a cook takes {1} {2}. How many {2} should the cook take for {3} guests?",
    "A dish for {0} people has {1} {2} in it. How many {2} go into the dish for {3} people?",
)
_WEIGHING = (
    "A recipe for {0} people needs {1}. {2} are needed for {3} people?",
    "A cook takes {1} for {0} guests. {2} does the cook take for {3} guests?",
    "To cook for {0} people one uses {1}. {2} does one use for {3} people?",
)
_STOCK = (
    "A recipe for {0} people needs {1}. The kitchen has {2}. What is the largest whole number of"
    " people that it can cook for?",
    "To cook for {0} people one uses {1}. In stock are {2}. For how many people, as a whole"
    " number, is that enough at most?",
    "A cook takes {1} for {0} guests. In stock are {2}. How many guests can be served at most?",
)
_INGREDIENTS = {3: 1, 4: 3, 5: 6}


@family(
    "general/calculation",
    capacity={1: 112, 2: 640, 3: 4_000, 4: 10**8, 5: 10**15},
)
def recipe_scaling(rng: Random, level: int) -> Problem:
    """Scale the ingredients of a recipe to another number of people.

    Isolates the rule of three: divide for one, multiply for many. A level adds larger numbers
    (2), decimals (3), several ingredients (4) and the scarcest of six ingredients (5).
    """
    if level <= 2:
        return _whole_pieces(rng, level)
    return _weights(rng, level) if level <= 4 else _scarcest(rng)


def _whole_pieces(rng: Random, level: int) -> Problem:
    people = rng.randint(2, 5 if level == 1 else 9)
    each = rng.randint(1, 4) if level == 1 else rng.randint(2, 9)
    guests = rng.choice([n for n in range(2, 10 if level == 1 else 13) if n != people])
    amount, result = people * each, guests * each
    return Problem(
        question=rng.choice(_SCALING).format(people, amount, rng.choice(_PIECES), guests),
        answer=IntegerAnswer(value=result),
        short=(f"{each} * {guests} = {result}",),
        long=(
            f"For 1: {amount} / {people} = {each}",
            f"For {guests}: {each} * {guests} = {result}",
        ),
        key=f"recipe_scaling {people} {amount} {guests}",
    )


def _weights(rng: Random, level: int) -> Problem:
    people = rng.choice((2, 4, 5, 8))
    guests = rng.choice([n for n in range(3, 30) if n % people])
    names = rng.sample(_WEIGHED, _INGREDIENTS[level])
    amounts = [5 * rng.randint(10, 180) for _ in names]
    needs = [f"{n} g of {name}" for n, name in zip(amounts, names, strict=True)]
    asked = f"How many grams of {names[0]}" if level == 3 else "How many grams altogether"
    long, parts = [], []
    for name, amount in zip(names, amounts, strict=True):
        each = Decimal(amount) / people
        parts.append(each * guests)
        long.append(f"{name}, for 1: {amount} / {people} = {_plain(each)}")
        long.append(f"{name}, for {guests}: {_plain(each)} * {guests} = {_plain(parts[-1])}")
    total = parts[0]
    for part in parts[1:]:
        long.append(f"{_plain(total)} + {_plain(part)} = {_plain(total + part)}")
        total += part
    return Problem(
        question=rng.choice(_WEIGHING).format(people, _listed(needs), asked, guests),
        answer=DecimalAnswer(value=total, unit="g"),
        short=(f"{sum(amounts)} / {people} * {guests} = {_plain(total)}",),
        long=tuple(long),
        key=f"recipe_scaling {people} {amounts} {guests}",
    )


def _scarcest(rng: Random) -> Problem:
    people = rng.randint(3, 9)
    names = rng.sample(_WEIGHED, _INGREDIENTS[5])
    target = rng.randint(30, 90)
    amounts = [rng.randint(40, 950) for _ in names]
    stocks = [amount * target // people + rng.randint(0, 3 * amount) for amount in amounts]
    enough = [stock * people // amount for stock, amount in zip(stocks, amounts, strict=True)]
    long = []
    for name, amount, stock, count in zip(names, amounts, stocks, enough, strict=True):
        long.append(f"{name}: {stock} * {people} = {stock * people}")
        rest = stock * people - count * amount
        long.append(f"{name}: {stock * people} / {amount} = {count}, rest {rest}")
    least = min(enough)
    long.append(f"Smallest of {', '.join(map(str, enough))}: {least}")
    needs, left = (
        _listed([f"{n} g of {name}" for n, name in zip(grams, names, strict=True)])
        for grams in (amounts, stocks)
    )
    return Problem(
        question=rng.choice(_STOCK).format(people, needs, left),
        answer=IntegerAnswer(value=least),
        short=(long[-1],),
        long=tuple(long),
        key=f"recipe_scaling {people} {amounts} {stocks}",
    )


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
