"""Second solvers for general/enumeration: regular expressions, filters and depth first search."""

import re
from itertools import product

from solvers import solves

CONSONANTS = re.compile("[^aeiou]{2}")


def word_tests(question: str) -> list:
    """Compile every condition that the question states into a function of a word."""
    tests = []
    for letter in re.findall(r"begin with the letter (\w)", question):
        tests.append(re.compile(f"{letter}.*").fullmatch)
    for letter in re.findall(r"end with the letter (\w)", question):
        tests.append(re.compile(f".*{letter}").fullmatch)
    for no, letter in re.findall(r"(not )?contain the letter (\w)", question):
        tests.append(re.compile(f"[^{letter}]*" if no else f".*{letter}.*").fullmatch)
    for bound, size in re.findall(r"at (least|most) (\d+) letters", question):
        tests.append(re.compile(f".{{{size},}}" if bound == "least" else f".{{,{size}}}").fullmatch)
    for count in re.findall(r"exactly (\d+) vowel", question):
        tests.append(re.compile(f"[^aeiou]*([aeiou][^aeiou]*){{{count}}}").fullmatch)
    twice = re.compile(r".*(.).*\1.*").fullmatch
    if "no letter twice" in question:
        tests.append(lambda word: not twice(word))
    if "some letter at least twice" in question:
        tests.append(twice)
    for order in re.findall(r"comes (before|after) their last", question):
        tests.append(lambda w, order=order: w[0] < w[-1] if order == "before" else w[0] > w[-1])
    for no in re.findall(r"contain (no )?two neighbouring", question):
        tests.append(lambda w, no=no: bool(CONSONANTS.search(w)) != bool(no))
    return tests


@solves("general/enumeration/words_with_property")
def words_with_property(question: str) -> str:
    listed = re.search(r"\w+(?:, \w+){4,}", question)[0].split(", ")
    tests = word_tests(question)
    return ", ".join(word for word in listed if all(test(word) for test in tests))


@solves("general/enumeration/menu_combinations")
def menu_combinations(question: str) -> str:
    menu = re.search(r"(starter: .+?)\. A meal", question)[1]
    courses = []
    for course in menu.split("; "):
        dishes = course.partition(": ")[2].split(", ")
        courses.append({d.split()[0]: int([*d.split(), "0"][1]) for d in dishes})
    no = [set(pair) for pair in re.findall(r"(\w+) and (\w+) are not served", question.lower())]
    only = [(a, b) for a, b in re.findall(r"A meal with (\w+) must also have (\w+)", question)]
    low = re.search(r"at least (\d+)", question)
    high = re.search(r"at most (\d+)", question)
    window = range(int(low[1]) if low else 0, (int(high[1]) if high else 10**6) + 1)
    meals = []
    for meal in product(*courses):
        paid = sum(course[dish] for course, dish in zip(courses, meal, strict=True))
        broken = any(pair <= set(meal) for pair in no)
        broken |= any(a in meal and b not in meal for a, b in only)
        if paid in window and not broken:
            meals.append(" ".join(meal))
    return ", ".join(meals)


@solves("general/enumeration/routes_on_a_map")
def routes_on_a_map(question: str) -> str:
    start, goal = re.search(r"routes? (?:lead )?from (\w) to (\w)", question).groups()
    one_way = re.findall(r"\b([A-Z]) to ([A-Z])\b", question.partition(".")[0])
    road = dict.fromkeys(one_way, 0)
    for a, b, km in re.findall(r"([A-Z])-([A-Z])(?: (\d+) km)?", question):
        road[a, b] = road[b, a] = int(km or 0)
    limit = re.search(r"at most (\d+) km", question)
    most = int(limit[1]) if limit else 10**6
    via = re.search(r"pass through (\w)", question)
    found = []
    stack = [(start, 0)]
    while stack:
        route, length = stack.pop()
        if route[-1] == goal:
            found.append(" ".join(route))
            continue
        for (a, b), km in road.items():
            if a == route[-1] and b not in route and length + km <= most:
                stack.append((route + b, length + km))
    return ", ".join(route for route in found if not via or via[1] in route)
