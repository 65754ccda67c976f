"""Second solvers for the families of the domain general that the others do not hold."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import permutations

from solvers import solves


def integers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"-?\d+", text)]


@solves("general/calculation/clock_and_duration")
def clock_and_duration(question: str) -> str:
    question = question[: re.search(r"Write it|Use the 24", question).start()]
    start = re.search(r"\d+:\d\d(?::\d\d)?", question)[0]
    hms = [*map(int, start.split(":")), 0][:3]
    seconds = sum(
        int(n) * {"h": 3600, "min": 60, "minutes": 60, "s": 1}[unit]
        for n, unit in re.findall(r"(\d+) (h|minutes|min|s)\b", question)
    )
    back = re.search(r"When (did it|was it switched)", question)
    end = datetime(2001, 1, 15, *hms, tzinfo=UTC) + timedelta(seconds=-seconds if back else seconds)
    if "minutes" in question:
        return f"{end.hour}:{end.minute:02}"
    return end.strftime("%H:%M:%S" if start.count(":") == 2 else "%H:%M")


@solves("general/calculation/change_and_bills")
def change_and_bills(question: str) -> str:
    question = question.replace("Write it like 4.50.", "")
    money = re.search(r"(?:pays with|gives|had) (\d+) euros|with (\d+) euros", question)
    paid = Fraction(money[1] or money[2])
    bought = question[: money.start()] + question[money.end() :].split("notes of 50")[0]
    spent = Fraction(0)
    for count, price in re.findall(r"\b(an?|\d+) \w+ for ([\d.]+) euros?", bought):
        spent += (int(count) if count.isdigit() else 1) * Fraction(price)
    change = paid - spent
    if "fewest" not in question:
        return str(int(change)) if change.denominator == 1 else str(float(change))
    return str(fewest(int(change * 100)))


@cache
def fewest_table(size: int) -> list[int]:
    best = [0] + [size] * size
    for value in range(1, size + 1):
        coins = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
        best[value] = 1 + min(best[value - coin] for coin in coins if coin <= value)
    return best


def fewest(cents: int) -> int:
    return fewest_table(5000)[cents]


@solves("general/calculation/recipe_scaling")
def recipe_scaling(question: str) -> str:
    people, guests = ([int(n) for n in re.findall(r"(\d+) (?:people|guests)", question)] + [None])[
        :2
    ]
    weights = re.findall(r"(\d+) g of ([a-z ]+?)(?=,| and|\.| for|\?)", question)
    if not weights:
        pieces = int(re.search(r"(\d+) (?!people|guests)\w+", question)[1])
        return str(Fraction(pieces * guests, people))
    if guests is not None:
        return str(float(Fraction(sum(int(g) for g, _ in weights) * guests, people)))
    half = len(weights) // 2
    needs = {name: int(g) for g, name in weights[:half]}
    stock = {name: int(g) for g, name in weights[half:]}
    count = 0
    while all(need * (count + 1) <= stock[name] * people for name, need in needs.items()):
        count += 1
    return str(count)


def clock_minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return 60 * int(hours) + int(minutes or 0)


@solves("general/enumeration/free_slots")
def free_slots(question: str) -> str:
    if "minutes" not in question:
        lists = [set(integers(t)) for t in re.findall(r"\d+(?:, \d+)+", question)]
        both = re.search(r"both|share|meet", question)
        return ", ".join(map(str, lists[0] & lists[1] if both else lists[0] - lists[1]))
    lasts = int(re.search(r"(\d+) minutes", question)[1])
    step = 60 if "a full hour" in question else 30 if "full or half" in question else 15
    taken: set[int] = set()
    for span in re.findall(r"from (\d+:\d\d) to (\d+:\d\d)", question):
        taken |= set(range(*map(clock_minutes, span)))
    starts = [
        t
        for t in range(540, 1021 - lasts)
        if t % step == 0 and taken.isdisjoint(range(t, t + lasts))
    ]
    return ", ".join(f"{t // 60}:{t % 60:02}" for t in starts)


@solves("general/enumeration/seating_orders")
def seating_orders(question: str) -> str:
    names = re.findall(
        r"[A-Z][a-z]{2}\b(?<!The)", re.split(r" sit | stand | form | take ", question)[0]
    )
    checks = []
    for one, rule, two in re.findall(
        r"([A-Z][a-z]{2}) is ([a-z ]+?) ?([A-Z][a-z]{2})?\.", question
    ):
        checks.append((names.index(one), rule, names.index(two) if two else -1))
    last = len(names) - 1
    tests = {
        "somewhere to the left of": lambda p, a, b: p[a] < p[b],
        "at the left end": lambda p, a, _: p[a] == 0,
        "at the right end": lambda p, a, _: p[a] == last,
        "not at the left end": lambda p, a, _: p[a] != 0,
        "not at the right end": lambda p, a, _: p[a] != last,
        "next to": lambda p, a, b: p[a] - p[b] in (1, -1),
        "not next to": lambda p, a, b: p[a] - p[b] not in (1, -1),
    }
    orders = []
    for places in permutations(range(len(names))):
        if all(tests[rule](places, a, b) for a, rule, b in checks):
            row = [""] * len(names)
            for name, place in zip(names, places, strict=True):
                row[place] = name
            orders.append(" ".join(row))
    return ", ".join(orders)


@solves("general/enumeration/items_matching_a_description")
def items_matching_a_description(question: str) -> str:
    rows = re.findall(r"^(\d+), (\w+), (\w+), (\d+), (\d+)$", question, re.M)
    if not rows:
        question = question.removesuffix(" Answer with the nouns.")
        asked = set(re.search(r"(?:things are|that are) ([\w ]+)[?.]", question)[1].split()) - {
            "and"
        }
        things = re.findall(r"\ba ((?:big |small )?(?:red|blue|green|white) \w+)", question)
        return ", ".join(t.split()[-1] for t in things if asked <= set(t.split()[:-1]))
    one, two = re.search(r"(\w+) or (\w+), and cheaper", question).groups()
    price = int(re.search(r"cheaper than (\d+)", question)[1])
    size = re.search(r"different from (\w+) in size", question)
    weight = re.search(r"between (\d+) and (\d+) grams", question)
    low, high = map(int, weight.groups()) if weight else (0, 10**6)
    fits = []
    for number, colour, own_size, own_price, own_weight in rows:
        bad_size = size is not None and size[1] == own_size
        if colour not in (one, two) or int(own_price) >= price or bad_size:
            continue
        if low <= int(own_weight) <= high:
            fits.append(number)
    return ", ".join(fits)


@solves("general/simulation/compass_turns")
def compass_turns(question: str) -> str:
    names = {"east": 1, "north": 1j, "west": -1, "south": -1j}
    turn = {"left": 1j, "right": -1j, "around": -1}
    facing = names[re.search(r"(?:faces|looks|facing|Facing) (\w+)", question)[1]]
    moves = re.findall(r"turn (\w+), go (\d+)", question)
    if not moves:
        for word in re.findall(r"\b(?:left|right|around)\b", question):
            facing *= turn[word]
        return next(name for name, value in names.items() if value == facing)
    wall = 6 if "Walls" in question else 10**6
    place = 0
    for word, count in moves:
        facing *= turn[word]
        for _ in range(int(count)):
            ahead = place + facing
            if abs(ahead.real) <= wall and abs(ahead.imag) <= wall:
                place = ahead
    return f"{int(place.real)}, {int(place.imag)}"


@solves("general/simulation/shuffled_objects")
def shuffled_objects(question: str) -> str:
    held = [list(pair) for pair in re.findall(r"([A-Z]\w+) has the (\w+)", question)]
    asked = re.search(r"What does (\w+)|with (\w+) then\?", question)
    wanted = asked[1] or asked[2]
    seats = [name for name, _ in held]
    things = [thing for _, thing in held]
    for one, two, everyone in re.findall(r"(\w+) and (\w+) swap\.|(Everyone passes on)", question):
        if everyone:
            things.insert(0, things.pop())
        else:
            a, b = seats.index(one), seats.index(two)
            things[a], things[b] = things[b], things[a]
    return things[seats.index(wanted)]


@solves("general/simulation/inventory_updates")
def inventory_updates(question: str) -> str:
    stock, least, refill = integers(question)[:3]
    late = "one day" in question or "next evening" in question
    pending: list[int] = []
    for sold in re.findall(r"(\d+) on day \d+", question):
        stock -= int(sold)
        assert stock >= 0
        order = [refill] if stock < least else []
        arriving, pending = (pending, order) if late else (order, [])
        stock += sum(arriving)
    return str(stock)


@solves("general/diagnostic/contradiction_in_passage")
def contradiction_in_passage(question: str) -> str:
    has: dict[str, int] = {}
    for number, text in re.findall(r"^(\d+)\. (.+)$", question, re.M):
        who = re.findall(r"[A-Z]\w+", text)
        value = integers(text)
        if re.search(r"\d+ (more|fewer) than", text):
            has[who[0]] = has[who[1]] + (value[0] if "more" in text else -value[0])
        elif "together" in text:
            if has[who[0]] + has[who[1]] != value[0]:
                return number
        elif value:
            if has.setdefault(who[0], value[0]) != value[0]:
                return number
        elif (has[who[0]] > has[who[1]]) != ("more" in text) or has[who[0]] == has[who[1]]:
            return number
    return "none"


@solves("general/diagnostic/schedule_conflict")
def schedule_conflict(question: str) -> str:
    rooms = "same room" in question
    taken: set[tuple[str, int]] = set()
    for number, name, *span in re.findall(
        r"^(\d+)\. ([\w ]+) from ([\d:]+) to ([\d:]+)$", question, re.M
    ):
        moments = {(name if rooms else "", m) for m in range(*map(clock_minutes, span))}
        if taken & moments:
            return number
        taken |= moments
    return "none"


@solves("general/diagnostic/claim_against_table")
def claim_against_table(question: str) -> str:
    head, *lines = question.splitlines()
    claims = [re.match(r"(\d+)\. (?:(\w+): )?(.+)\.$", line) for line in lines[:-1]]
    if "by stall" in head:
        names = head.split(": ")[1].split(", ")
        rows = [line.split(": ") for line in lines if re.match(r"[A-Z]\w+: \d", line)]
        columns = {
            n: {stall: int(v.split(", ")[i]) for stall, v in rows} for i, n in enumerate(names)
        }
    else:
        columns = {"": {n: int(v) for n, v in re.findall(r"([A-Z]\w+) (\d+)", head)}}
    for number, product, text in (m.groups() for m in claims if m):
        if not true_of(columns[(product or "").lower()], text):
            return number
    return "none"


def true_of(column: dict[str, int], text: str) -> bool:
    who = [w for w in re.findall(r"\w+", text) if w in column]
    value = integers(text)
    if text.startswith("all stalls"):
        who = list(column)
    if value:
        return sum(column[w] for w in who) == value[0]
    if "most" in text:
        return all(column[who[0]] >= v for v in column.values())
    bigger = column[who[0]] > column[who[1]]
    return bigger == ("more" in text)
