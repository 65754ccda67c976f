"""Second solvers for general/simulation: events in a heap, and rules as plain tables."""

import re
from heapq import heapify, heapreplace

from solvers import solves


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


@solves("general/simulation/board_moves")
def board_moves(question: str) -> str:
    jumps = {
        int(a): int(b) for a, b in re.findall(r"on (\d+) (?:takes a token )?to (\d+)", question)
    }
    rolls = re.findall(r"([A-Z][a-z]+): ([\d, ]+)[;.]", question)
    if not rolls:
        square = int(re.search(r"on square (\d+)", question)[1])
        for throw in numbers(re.search(r"(?:throws(?: are)?|by) ([\d, ]+\d)", question)[1]):
            square = jumps.get(square + throw, square + throw)
        return str(square)
    wall = re.search(r"beyond (\d+), the last", question)
    last = int(wall[1]) if wall else 10**6
    tokens = {name: 0 for name, _ in rolls}
    turns = [numbers(text) for _, text in rolls]
    for thrown in zip(*turns, strict=True):
        for mover, throw in zip(list(tokens), thrown, strict=True):
            square = last - abs(last - tokens[mover] - throw)
            square = jumps.get(square, square)
            for other, place in tokens.items():
                tokens[other] = 0 if place == square else place
            tokens[mover] = square
    return ", ".join(map(str, tokens.values()))


@solves("general/simulation/queue_at_a_counter")
def queue_at_a_counter(question: str) -> str:
    asked = re.search(r"which minute is (\w+) done", question)
    pairs = re.findall(r"(\w+) comes at minute (\d+) and takes (\d+)", question)
    if pairs:
        end = 0
        for _, arrives, takes in pairs:
            end = max(end, int(arrives)) + int(takes)
        return str(end)
    people = [
        (name, bool(star), int(a), int(s))
        for name, star, a, s in re.findall(r"([A-Z])(\*?) at (\d+) for (\d+)", question)
    ]
    counters = int(re.search(r"(\d) counters", question)[1])
    limit = re.search(r"exactly (\d+) minutes", question)
    patience = int(limit[1]) if limit else 10**6
    heap = [0] * counters
    heapify(heap)
    total, left = 0, people
    while left:
        now = max(heap[0], min(p[2] for p in left))
        left = [p for p in left if now - p[2] <= patience]
        present = [p for p in left if p[2] <= now]
        if not present:
            continue
        one = min(present, key=lambda p: (not p[1], p[2]))
        left.remove(one)
        total += now - one[2]
        heapreplace(heap, now + one[3])
        if asked and one[0] == asked[1]:
            return str(now + one[3])
    return str(total)


@solves("general/simulation/day_by_day_plan")
def day_by_day_plan(question: str) -> str:
    weather = re.findall(
        r"\b(?:dry|wet|snow)\b",
        re.search(r"((?:dry|wet|snow), (?:dry|wet|snow).+?)[.?]", question)[1],
    )
    if "strength" not in question:
        plans = {}
        for sky, plan, other in re.findall(
            r"On a (dry|wet) day: (\w+)(?:, but (\w+) if the day before was for \w+)?\.", question
        ):
            plans[sky] = (plan, other)
        done = [""]
        for sky in weather:
            plan, other = plans[sky]
            done.append(other if other and done[-1] == plan else plan)
        return ", ".join(done[1:])
    return strength(question, weather)


def strength(question: str, weather: list[str]) -> str:
    def number(pattern: str, default: int = 0) -> int:
        found = re.search(pattern, question)
        return int(found[1]) if found else default

    power, money = number(r"strength of (\d+)"), number(r"and (\d+) euros")
    floor, gain = number(r"strength is below (\d+)"), number(r"strength \+ (\d+)")
    outdoors = re.search(r"dry day is for (\w+)", question)[1]
    spends = {
        "dry": number(rf"dry day is for {outdoors}: strength - (\d+)"),
        "wet": number(r"wet day is for \w+: strength - (\d+)"),
        "snow": number(r"skating, strength - (\d+)"),
    }
    price = number(r"is bought: money - (\d+)", 10**9)
    earns = {"dry": number(r"money \+ (\d+)"), "wet": 0, "snow": -number(r"and money - (\d+)")}
    strict = "multiple of 7" in question
    history: list[str] = []
    for day, sky in enumerate(weather, start=1):
        kind = "wet" if sky == "snow" and money + earns["snow"] < 0 else sky
        if power < floor or (strict and (day % 7 == 0 or history[-2:] == ["dry", "dry"])):
            kind = "rest"
        power += gain if kind == "rest" else -spends[kind]
        money += earns.get(kind, 0)
        money -= price if money >= price else 0
        history.append(kind)
    return f"{power}, {money}" if "skating" in question else str(power)
