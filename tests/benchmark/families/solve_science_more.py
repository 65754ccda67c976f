"""Second solvers for science/simulation: animals, plants and nuclei one by one."""

import re
from collections import deque
from fractions import Fraction

from solvers import solves

PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7}
PART = "|".join(PARTS)


def whole_part(count: int, name: str) -> int:
    return int(Fraction(count, PARTS[name]))


@solves("science/simulation/predator_prey_step")
def predator_prey_step(question: str) -> str:
    """Lets the rabbits be eaten one by one."""
    rabbits, foxes = map(int, re.search(r"(\d+) rabbits and (\d+) foxes", question).groups())
    years = int(re.search(r"after (\d+) years", question)[1])
    simple = re.search(r"over (\d+) rabbits are left", question)
    if simple:
        for _ in range(years):
            rabbits = 3 * rabbits // 2 - foxes
            foxes += 1 if rabbits > int(simple[1]) else -1
        return f"{rabbits}, {foxes}"
    births, deaths, leaving = re.findall(rf"(?:a )?({PART}) of (?:the number|all|them)", question)
    meal = int(re.search(r"eats (\d+)", question)[1])
    litter = int(re.search(r"every (\d+) rabbits", question)[1])
    room = int(re.search(r"more than (\d+) rabbits", question)[1])
    for year in range(1, years + 1):
        if "but none in years" not in question or year % 3:
            rabbits += whole_part(rabbits, births)
        cubs = eaten = 0
        for _ in range(foxes * meal):
            if rabbits:
                rabbits, eaten = rabbits - 1, eaten + 1
                cubs += eaten % litter == 0
        foxes += cubs
        foxes -= whole_part(foxes, deaths)
        rabbits -= whole_part(rabbits, leaving) if rabbits > room else 0
    return f"{rabbits}, {foxes}"


@solves("science/simulation/generations_of_a_cross")
def generations_of_a_cross(question: str) -> str:
    row = deque({int(a), int(b)} for a, b in re.findall(r"(\d+)/(\d+)", question))
    for number in range(int(re.search(r"after (\d+) crosses", question)[1])):
        mother, father = row.popleft(), row.popleft()
        swapped = "crosses 2, 4" in question and number % 2
        child = {min(mother), max(father)} if swapped else {max(mother), min(father)}
        odd = (min(child) + max(child)) % 2 and "even sum" in question
        row.appendleft(mother if odd else father)
        row.append(child)
    return ", ".join(f"{min(plant)}/{max(plant)}" for plant in row)


@solves("science/simulation/decay_step")
def decay_step(question: str) -> str:
    """Goes from the last nuclide to the first, so that the old numbers are still there."""
    start = question.partition(". ")[0]
    counts = {n: int(c) for n, c in re.findall(r"\b([A-E]) (\d+)", start)}
    rules = re.findall(rf"({PART}) of ([A-E]) become ([A-E])", question)
    source = re.search(r"then (\d+) new", question)
    for _ in range(int(re.search(r"after (\d+) hours", question)[1])):
        for name in sorted(counts, reverse=True):
            before = counts[name]
            for part, one, other in rules:
                if one == name:
                    counts[other] += whole_part(before, part)
                    counts[name] -= whole_part(before, part)
        counts["A"] += int(source[1]) if source else 0
    return ", ".join(str(counts[name]) for name in sorted(counts))
