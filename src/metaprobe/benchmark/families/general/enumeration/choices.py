"""general/enumeration: all meals that a menu allows, all routes on a map."""

from itertools import combinations, product
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_COURSES = {
    "starter": ("soup", "salad", "bread", "melon", "olives", "tomatoes"),
    "main": ("fish", "rice", "pasta", "stew", "pizza", "curry", "steak", "beans"),
    "dessert": ("cake", "fruit", "cream", "pudding", "cheese", "yoghurt", "pie"),
    "drink": ("tea", "milk", "juice", "water", "coffee", "cider", "wine"),
}
_ON_MENU = {1: (2, 2), 2: (2, 3), 3: (2, 3, 3), 4: (3, 4, 4), 5: (4, 5, 4, 4)}
_APART = {1: 0, 2: 1, 3: 0, 4: 2, 5: 3}
"""Pairs of dishes that do not go together."""
_MOST_MEALS = 9
_MENU = (
    "Menu: {0}. A meal is {1}. {2}List all possible meals.",
    "One can choose from: {0}. A meal is {1}. {2}Which meals are possible?",
    "The menu has: {0}. A meal is {1}. {2}Write down every possible meal.",
)


class _Menu(NamedTuple):
    dishes: list[list[str]]
    """By course."""
    price: dict[str, int]
    apart: list[tuple[str, str]]
    only: tuple[str, str] | None
    """The first dish is served only with the second."""
    least: int
    most: int

    def allows(self, meal: tuple[str, ...]) -> bool:
        """Return whether a meal, or the beginning of one, breaks no rule on dishes."""
        if any(one in meal and two in meal for one, two in self.apart):
            return False
        return self.only is None or self.only[0] not in meal or self.only[1] in meal

    def cost(self, meal: tuple[str, ...]) -> int:
        """Return the sum of the prices."""
        return sum(self.price[dish] for dish in meal)


@family(
    "general/enumeration",
    capacity={1: 420, 2: 5_040, 3: 10**6, 4: 10**9, 5: 10**12},
    claim=unordered_claim,
)
def menu_combinations(rng: Random, level: int) -> Problem:
    """List all meals that can be put together from a menu.

    Isolates forming every combination, one dish of each course, and dropping those that break a
    rule. A level adds dishes and a pair that does not go together (2), prices with a limit (3), a
    larger menu with several such pairs (4) and a fourth course with a lower limit too (5).
    """
    while True:
        menu = _menu(rng, level)
        meals = [
            meal
            for meal in product(*menu.dishes)
            if menu.allows(meal) and menu.least <= menu.cost(meal) <= menu.most
        ]
        if 2 <= len(meals) <= _MOST_MEALS:
            break
    names = list(_COURSES)[: len(menu.dishes)]
    courses = [[f"{d} {menu.price[d]}" if level >= 3 else d for d in c] for c in menu.dishes]
    told = "; ".join(f"{n}: {', '.join(c)}" for n, c in zip(names, courses, strict=True))
    each = _joined([f"one {name}" for name in names])
    rules = _menu_rules(menu, level)
    written = ", ".join(map(" ".join, meals))
    story = rng.choice(_MENU).format(told, each, rules)
    long = _small_menu(menu) if level <= 2 else _large_menu(menu, meals)
    return Problem(
        question=f"{story} Separate dishes by spaces, in this order, and meals by commas.",
        answer=SetAnswer(items=tuple(map(" ".join, meals))),
        short=(f"Meals: {written}",),
        long=(*long, f"Meals: {written}"),
        key=f"menu_combinations {[sorted(listed) for listed in courses]} {rules}",
    )


def _menu(rng: Random, level: int) -> _Menu:
    sizes = _ON_MENU[level]
    chosen = zip(sizes, _COURSES.values(), strict=False)
    dishes = [rng.sample(course, size) for size, course in chosen]
    price = {dish: rng.randint(1, 15) for course in dishes for dish in course}
    pairs = [pair for one, two in combinations(dishes, 2) for pair in product(one, two)]
    rules = rng.sample(pairs, _APART[level] + (level == 5))
    only = rules.pop() if level == 5 else None
    target = sum(price[rng.choice(course)] for course in dishes)
    if level <= 2:
        return _Menu(dishes, price, rules, only, 0, 10**6)
    return _Menu(dishes, price, rules, only, target - 1 if level == 5 else 0, target)


def _menu_rules(menu: _Menu, level: int) -> str:
    rules = [f"{one.capitalize()} and {two} are not served together." for one, two in menu.apart]
    if menu.only:
        rules.append(f"A meal with {menu.only[0]} must also have {menu.only[1]}.")
    if level >= 3:
        least = f"at least {menu.least} and " if menu.least else ""
        rules.append(
            f"The numbers are prices in euros; a meal must cost {least}at most {menu.most}."
        )
    return "".join(f"{rule} " for rule in rules)


def _small_menu(menu: _Menu) -> list[str]:
    return [
        f"{' '.join(meal)}{'' if menu.allows(meal) else ': no'}" for meal in product(*menu.dishes)
    ]


def _large_menu(menu: _Menu, meals: list[tuple[str, ...]]) -> list[str]:
    """Return the pairs of the first two courses, each with what can follow."""
    long = []
    for start in product(*menu.dishes[:2]):
        cost = menu.cost(start)
        head = f"{' '.join(start)}: {' + '.join(str(menu.price[d]) for d in start)} = {cost}"
        if any(one in start and two in start for one, two in menu.apart) or cost >= menu.most:
            long.append(f"{head}, {'too much' if cost >= menu.most else 'not together'}")
            continue
        found = [
            f"{' '.join(meal)} {cost} + {' + '.join(str(menu.price[d]) for d in meal[2:])} ="
            f" {menu.cost(meal)}"
            for meal in meals
            if meal[:2] == start
        ]
        long.append(f"{head}, left {menu.most - cost}: {'; '.join(found) or 'none'}")
    return long


_TOWNS = "ABCDEFGHKLMN"
_ON_MAP = {1: 4, 2: 5, 3: 6, 4: 7, 5: 9}
_ROADS = {1: 5, 2: 7, 3: 9, 4: 12, 5: 17}
_MOST_ROUTES = {1: 3, 2: 4, 3: 7, 4: 8, 5: 10}
_MOST_BEGINNINGS = 150
_MAP = (
    "{0} List all routes from {1} to {2}{3}, each like X Y Z, with commas between them.",
    "{0} Which routes lead from {1} to {2}{3}? Write each like X Y Z, with commas between them.",
    "{0} Write down every route from {1} to {2}{3}, each like X Y Z, with commas between them.",
)
Road = tuple[str, str, int]
"""Two towns and the length in km."""
Route = tuple[str, ...]


@family(
    "general/enumeration",
    capacity={1: 20_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
    claim=unordered_claim,
)
def routes_on_a_map(rng: Random, level: int) -> Problem:
    """List all routes from one town to another on a map.

    Isolates a complete search along roads. A level adds towns and one-way roads (2), roads in both
    directions, where no town may be passed twice (3), lengths with a limit (4), and a town that
    every route has to pass (5).
    """
    while True:
        towns = rng.sample(_TOWNS, _ON_MAP[level])
        roads = _roads(rng, level, towns)
        start, goal = towns[0], towns[-1]
        via = rng.choice(towns[1:-1]) if level == 5 else ""
        limit = rng.randint(30, 80) if level >= 4 else None
        layers = _search(roads, start, two_way=level >= 3, goal=goal, limit=limit)
        whole = [route for layer in layers for route in layer if route[-1] == goal]
        routes = [route for route in whole if not via or via in route]
        if 2 <= len(routes) <= _MOST_ROUTES[level] and sum(map(len, layers)) <= _MOST_BEGINNINGS:
            break
    rng.shuffle(roads)
    told = _map_rules(roads, level)
    extra = f" of at most {limit} km in all" if limit else ""
    extra += f" that pass through {via}" if via else ""
    written = ", ".join(map(" ".join, routes))
    long = [
        f"Roads {number}: {'; '.join(_partial(route, km, limit) for route, km in layer.items())}"
        for number, layer in enumerate(layers, start=1)
    ]
    return Problem(
        question=rng.choice(_MAP).format(told, start, goal, extra),
        answer=SetAnswer(items=tuple(map(" ".join, routes))),
        short=(f"Routes: {written}",),
        long=(*long, f"Routes: {written}"),
        key=f"routes_on_a_map {_network(roads, level)} {start} {goal} {extra}",
    )


def _roads(rng: Random, level: int, towns: list[str]) -> list[Road]:
    """Return roads; one-way roads lead from an earlier to a later town, so that routes end."""
    pairs = [pair for pair in combinations(towns, 2) if pair != (towns[0], towns[-1])]
    chosen = rng.sample(pairs, min(_ROADS[level], len(pairs)) - (level == 1 and rng.random() < 0.5))
    return [(one, two, rng.randint(3, 29)) for one, two in chosen]


def _search(
    roads: list[Road], start: str, *, two_way: bool, goal: str, limit: int | None
) -> list[dict[Route, int]]:
    """Return, by number of roads, the routes and beginnings of routes with their lengths."""
    ways: dict[str, dict[str, int]] = {}
    for one, two, km in roads:
        ways.setdefault(one, {})[two] = km
        if two_way:
            ways.setdefault(two, {})[one] = km
    layers: list[dict[Route, int]] = []
    layer: dict[Route, int] = {(start,): 0}
    while layer:
        layer = {
            (*route, town): length + km
            for route, length in layer.items()
            if route[-1] != goal
            for town, km in sorted(ways.get(route[-1], {}).items())
            if town not in route and (limit is None or length + km <= limit)
        }
        layers.append(layer)
    return layers[:-1]


def _partial(route: Route, km: int, limit: int | None) -> str:
    return " ".join(route) + (f" {km}" if limit else "")


def _network(roads: list[Road], level: int) -> list[tuple[str | int, ...]]:
    """Return what makes two maps the same: lengths and directions only where they matter."""
    ends = [(a, b) if level <= 2 or a < b else (b, a) for a, b, _ in roads]
    lengths = [(road[2],) if level >= 4 else () for road in roads]
    return sorted((*pair, *length) for pair, length in zip(ends, lengths, strict=True))


def _map_rules(roads: list[Road], level: int) -> str:
    if level <= 2:
        return f"One-way roads: {', '.join(f'{a} to {b}' for a, b, _ in roads)}."
    listed = ", ".join(f"{a}-{b}{f' {n} km' if level >= 4 else ''}" for a, b, n in roads)
    return f"Roads, open in both directions: {listed}. No town may be visited twice on a route."


def _joined(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1]
