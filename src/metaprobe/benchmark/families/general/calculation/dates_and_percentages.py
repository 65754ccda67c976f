"""general/calculation: dates, percentages of prices and the times of a timetable."""

from calendar import month_name, monthrange
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, IntegerAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_COMMON_YEAR = 2023
_LATER = (
    "Today is {0}. Which date is it {1} later?",
    "A letter is sent on {0} and arrives {1} later. On which date does it arrive?",
    "A pass that starts on {0} ends {1} later. On which date does it end?",
    "It is {0}. Which date comes {1} after that?",
)
_SHIFTED = (
    "Which date is {1} {2} {0}?",
    "Count from {0}: which date is {1} {2} it?",
    "Give the date that is {1} {2} {0}.",
)
_CHAIN = (
    "Add up {1}. Which date is that long after {0}?",
    "Start with {0} and go on by {1}, one after the other. Which date is reached?",
    "Which date is later than {0} by the sum of {1}?",
    "A plan begins on {0} and is over after {1}, in sequence. Which date is that much later?",
)
_SPANS = {4: 5, 5: 9}


@family(
    "general/calculation",
    capacity={1: 3_500, 2: 3_500, 3: 10**6, 4: 10**9, 5: 10**15},
)
def calendar_offset(rng: Random, level: int) -> Problem:
    """Find the date that is a number of days after or before a date.

    Isolates carrying days over months of unequal length. A level adds the step into the next month
    (2), several months, years and the way back (3), a chain of spans in days and weeks over leap
    years (4), and spans of hundreds of days and the weekday of the result (5).
    """
    if level <= 2:
        return _near_date(rng, level)
    return _far_date(rng) if level == 3 else _chain_of_spans(rng, level)


def _near_date(rng: Random, level: int) -> Problem:
    month = rng.randint(1, 12) if level == 1 else rng.choice((1, 3, 4, 5, 6, 7, 8, 9, 10, 11))
    length = monthrange(_COMMON_YEAR, month)[1]
    if level == 1:
        day = rng.randint(1, 27)
        days = rng.randint(1, 28 - day)
    else:
        days = rng.randint(3, 28)
        day = rng.randint(length + 1 - days, length)
    name, total = month_name[month], day + days
    long = [f"{day} + {days} = {total}"]
    if total > length:
        long += [f"{name} has {length} days", f"{total} - {length} = {total - length}"]
        total, name = total - length, month_name[month + 1]
    end = f"{total} {name}"
    return Problem(
        question=rng.choice(_LATER).format(f"{day} {month_name[month]}", _days(days))
        + " Write it like 5 May.",
        answer=TextAnswer(value=end, aliases=(f"{name} {total}",)),
        short=(f"Date: {end}",),
        long=(*long, f"Date: {end}"),
        key=f"calendar_offset {day} {month} {days}",
    )


def _far_date(rng: Random) -> Problem:
    start = date(rng.randint(1990, 2039), 1, 1) + timedelta(days=rng.randrange(365))
    days, sign = rng.randint(40, 150), rng.choice((1, -1))
    end, long = _counted(start, sign * days)
    word = "after" if sign == 1 else "before"
    return Problem(
        question=rng.choice(_SHIFTED).format(_iso(start), f"{days} days", word) + _written_like(),
        answer=TextAnswer(value=_iso(end)),
        short=(f"{_iso(start)} {'+' if sign == 1 else '-'} {days} days = {_iso(end)}",),
        long=(*long, f"Date: {_iso(end)}"),
        key=f"calendar_offset {start} {sign * days}",
    )


def _chain_of_spans(rng: Random, level: int) -> Problem:
    start = date(rng.randint(1901, 2060), rng.randint(1, 12), rng.randint(1, 28))
    spans, long, total = [], [], 0
    for _ in range(_SPANS[level]):
        weeks = rng.random() < 0.5
        number = rng.randint(3, 20) if level == 4 else rng.randint(11, 60 if weeks else 400)
        spans.append(f"{number} weeks" if weeks else f"{number} days")
        days = 7 * number if weeks else number
        if weeks:
            long.append(f"{number} * 7 = {days}")
        long.append(f"{total} + {days} = {total + days}")
        total += days
    end, steps = _counted(start, total)
    long += steps
    value = _iso(end)
    if level == 5:
        long.append(f"{total} = 7 * {total // 7} + {total % 7}")
        long.append(f"{start:%A} + {_days(total % 7)} = {end:%A}")
        value = f"{end:%A} {value}"
        told = (
            f" {_iso(start)} is a {start:%A}. Write the weekday and the date, as year-month-day,"
            " like Monday 2019-03-04."
        )
    story = rng.choice(_CHAIN).format(_iso(start), ", ".join(spans[:-1]) + " and " + spans[-1])
    return Problem(
        question=story + (told if level == 5 else _written_like()),
        answer=TextAnswer(value=value, aliases=(value.replace(" ", ", "),)),
        short=(f"Days: {total}", f"Date: {value}"),
        long=(*long, f"Date: {value}"),
        key=f"calendar_offset {start} {spans}",
    )


def _counted(start: date, days: int) -> tuple[date, list[str]]:
    """Return the date that many days later, with the steps from year to year and month to month."""
    now, left, steps = start, abs(days), []
    sign = "+" if days > 0 else "-"
    while left:
        length = monthrange(now.year, now.month)[1]
        move = min(left, length - now.day + 1 if days > 0 else now.day)
        if days > 0 and now.day < 29:
            year = (now.replace(year=now.year + 1) - now).days
            move = year if left >= year else move
        after = now + timedelta(days=move if days > 0 else -move)
        left -= move
        steps.append(f"{_iso(now)} {sign} {move} = {_iso(after)}, {left} left")
        now = after
    return now, steps


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _iso(day: date) -> str:
    return day.isoformat()


def _written_like() -> str:
    return " Dates are written as year-month-day, like 2019-03-04."


_GOODS = ("coat", "bike", "lamp", "chair", "tent", "watch", "bag", "desk", "radio", "sofa")
_SAVING = (
    "A {0} costs {1} euros. In a sale it is {2}% cheaper. How many euros does one save?",
    "The price of a {0} is {1} euros. The shop takes off {2}%. How many euros does it take off?",
    "There is a discount of {2}% on a {0} that costs {1} euros. How many euros is the discount?",
)
_REDUCED = (
    "A {0} costs {1} euros. In a sale it is {2}% cheaper. How many euros does it cost then?",
    "The price of a {0} is {1} euros. The shop takes off {2}%. What is the new price in euros?",
    "There is a discount of {2}% on a {0} that costs {1} euros. How many euros does one pay?",
)
_CHANGED = (
    "A {0} costs {1} euros. {2} What does it cost now?",
    "The price of a {0} is {1} euros. {2} What is the price after that?",
    "A shop sells a {0} at {1} euros. {2} What is its price then?",
)
_ORIGINAL = (
    "A {0} had a price that changed. {2} Now it is {1} euros. What was it before these changes?",
    "A {0} costs {1} euros now. Before that its price changed. {2} What was the first price?",
    "The price of a {0} changed. {2} After that it is {1} euros. What was it at first?",
)
_CHANGES = {3: 2, 4: 3}
_EACH_TIME = "Each percentage is of the price just before that change."
_BASKET = 7
_PERCENT = {1: (10, 20, 30, 40, 50), 2: (10, 20, 25, 30, 40, 50, 60, 75)}
_BILL = (
    "{0} buys: {1}. From the sum of the reduced prices a member's discount of {2}% is taken, and on"
    " what is left comes a tax of {3}%. How much does {0} pay?",
    "In a sale {0} takes {1}. The reduced prices are added up; members such as {0} get {2}% off"
    " that sum, and a tax of {3}% is put on the rest. What does {0} pay?",
    "The bill of {0} lists {1}. The reduced prices are summed, the sum is reduced by {2}% for"
    " members, and the result is raised by a tax of {3}%. What is to be paid?",
)
_PEOPLE = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida")


@family(
    "general/calculation",
    capacity={1: 150, 2: 280, 3: 80_000, 4: 90_000, 5: 10**15},
)
def percentage_and_discount(rng: Random, level: int) -> Problem:
    """Compute a discount, a price after changes in percent, or the price before them.

    Isolates taking percentages of the right amount. A level asks for the discount (1), the reduced
    price (2), a price after two changes, with cents (3), the price before three changes (4) and a
    bill of reduced prices with a discount on the sum and a tax (5).
    """
    if level <= 2:
        return _one_discount(rng, level)
    return _price_changes(rng, level) if level <= 4 else _bill(rng)


def _one_discount(rng: Random, level: int) -> Problem:
    percent = rng.choice(_PERCENT[level])
    step = 20 if percent % 10 else 10
    price = step * rng.randint(1, (300 if level == 1 else 400) // step)
    saved = price * percent // 100
    long = [f"1% of {price} is {_euros(Fraction(price, 100))}"]
    long.append(f"{_euros(Fraction(price, 100))} * {percent} = {saved}")
    if level == 2:
        long.append(f"{price} - {saved} = {price - saved}")
    story = rng.choice(_SAVING if level == 1 else _REDUCED).format(
        rng.choice(_GOODS), price, percent
    )
    return Problem(
        question=story,
        answer=IntegerAnswer(value=saved if level == 1 else price - saved),
        short=(long[-1],),
        long=tuple(long),
        key=f"percentage_and_discount {price} {percent}",
    )


def _price_changes(rng: Random, level: int) -> Problem:
    first = rng.randint(12, 900) if level == 3 else 10 * rng.randint(3, 99)
    changes = [10 * rng.choice((-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)) for _ in range(_CHANGES[level])]
    verbs = [f"rises by {p}%" if p > 0 else f"falls by {-p}%" for p in changes]
    told = f"First the price {', then it '.join(verbs)}. {_EACH_TIME}"
    prices = [Fraction(first)]
    for percent in changes:
        prices.append(prices[-1] * (100 + percent) / 100)
    last, goods = _euros(prices[-1]), rng.choice(_GOODS)
    key = f"percentage_and_discount {first} {changes}"
    if level == 3:
        steps = []
        for percent, price, after in zip(changes, prices, prices[1:], strict=False):
            part, sign = abs(after - price), "+" if percent > 0 else "-"
            steps.append(f"{abs(percent)}% of {_euros(price)} is {_euros(part)}")
            steps.append(f"{_euros(price)} {sign} {_euros(part)} = {_euros(after)}")
        return Problem(
            question=rng.choice(_CHANGED).format(goods, first, told) + " Give it in euros.",
            answer=_money(prices[-1]),
            short=(f"{first} -> {last}",),
            long=tuple(steps),
            key=key,
        )
    steps = []
    for percent, price, after in reversed(list(zip(changes, prices, prices[1:], strict=False))):
        steps.append(f"100 {'+' if percent > 0 else '-'} {abs(percent)} = {100 + percent}")
        steps.append(f"{_euros(after)} / {_euros(Fraction(100 + percent, 100))} = {_euros(price)}")
    return Problem(
        question=rng.choice(_ORIGINAL).format(goods, last, told) + " Give it in euros.",
        answer=_money(prices[0]),
        short=(f"{last} -> {first}",),
        long=tuple(steps),
        key=key,
    )


def _bill(rng: Random) -> Problem:
    member, tax = rng.choice((5, 10, 15, 20)), rng.choice((5, 8, 10, 20))
    while True:
        lines = [
            (rng.randint(2, 9), 20 * rng.randint(20, 999), 5 * rng.randint(1, 12))
            for _ in range(_BASKET)
        ]
        total = sum(n * price * (100 - percent) // 100 for n, price, percent in lines)
        rest = Fraction(total * (100 - member), 100)
        paid = rest * (100 + tax) / 100
        # Every amount is a whole number of cents, so that no rule of rounding is needed.
        if rest.denominator == paid.denominator == 1:
            break
    names = rng.sample(_GOODS, _BASKET)
    told, long, so_far = [], [], Fraction(0)
    for name, (number, cents, percent) in zip(names, lines, strict=True):
        price = Fraction(cents, 100)
        reduced = price * (100 - percent) / 100
        told.append(
            f"{number} times a {name} for {_euros(price)} euros each, reduced by {percent}%"
        )
        long.append(f"{_euros(price)} * {100 - percent} / 100 = {_euros(reduced)}")
        long.append(f"{number} * {_euros(reduced)} = {_euros(number * reduced)}")
        after = so_far + number * reduced
        long.append(f"{_euros(so_far)} + {_euros(number * reduced)} = {_euros(after)}")
        so_far = after
    rest, paid = rest / 100, paid / 100
    long.append(f"{_euros(so_far)} * {100 - member} / 100 = {_euros(rest)}")
    long.append(f"{_euros(rest)} * {100 + tax} / 100 = {_euros(paid)}")
    story = rng.choice(_BILL).format(rng.choice(_PEOPLE), "; ".join(told), member, tax)
    return Problem(
        question=f"{story} Give the amount in euros, with cents.",
        answer=_money(paid),
        short=(f"Sum: {_euros(so_far)}", long[-1]),
        long=tuple(long),
        key=f"percentage_and_discount {lines} {member} {tax}",
    )


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _euros(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{_decimal(value):.2f}"


def _money(value: Fraction) -> DecimalAnswer:
    return DecimalAnswer(value=_decimal(value), unit="euros")
