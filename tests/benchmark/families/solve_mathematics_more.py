"""Second solvers for mathematics/diagnostic and mathematics/simulation."""

import re
from fractions import Fraction

import sympy
from scipy.optimize import linprog
from solvers import solves


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"-?\d+", text)]


@solves("mathematics/diagnostic/first_wrong_step_algebra")
def first_wrong_step_algebra(question: str) -> str:
    """A linear equation is solved by its values at 0 and 1."""
    before = None
    for label, left, right in re.findall(r"^(Given|Step \d+): (.*) = (.*)$", question, re.M):
        code = re.sub(r"(\d)(?=[x(])", r"\1*", f"({left}) - ({right})")
        at_zero, at_one = (eval(code, {"x": Fraction(x)}) for x in (0, 1))
        solution = at_zero / (at_zero - at_one)
        if before is not None and solution != before:
            return label.split()[1]
        before = solution
    return "none"


@solves("mathematics/diagnostic/inconsistent_statements")
def inconsistent_statements(question: str) -> str:
    """A list that can be true is a linear programme with a solution."""
    found = re.findall(r"^\d+: (\w) (\S+) (\w)(?: ([+-]) (\d+))?$", question, re.M)
    letters = sorted({s[0] for s in found} | {s[2] for s in found})

    def possible(count: int) -> bool:
        rows, limits = [], []
        for left, sign, right, plus, offset in found[:count]:
            by = int(plus + offset) if offset else 0
            for way in (1,) if "<" in sign else (-1,) if ">" in sign else (1, -1):
                row = [0] * len(letters)
                row[letters.index(left)], row[letters.index(right)] = way, -way
                rows.append(row)
                limits.append(way * by - (sign in "<>"))
        free = [(None, None)] * len(letters)
        return linprog([0] * len(letters), A_ub=rows, b_ub=limits, bounds=free).status == 0

    if possible(len(found)):
        return "none"
    fits, fails = 0, len(found)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        fits, fails = (middle, fails) if possible(middle) else (fits, middle)
    return str(fails)


PROPERTIES = (
    (r"is even", lambda n, g: str(n)[-1] in "02468"),
    (r"is odd", lambda n, g: str(n)[-1] in "13579"),
    (r"is divisible by (\d+)", lambda n, g: n in range(0, n + 1, g[0])),
    (r"leaves the remainder (\d+) when divided by (\d+)", lambda n, g: divmod(n, g[1])[1] == g[0]),
    (r"is greater than (\d+)", lambda n, g: n - g[0] > 0),
    (r"ends in the digit (\d)", lambda n, g: str(n).endswith(str(g[0]))),
    (r"has a digit sum above (\d+)", lambda n, g: sum(int(d) for d in str(n)) > g[0]),
    (r"is prime", lambda n, g: sympy.isprime(n)),
    (r"has a digit that occurs more than once", lambda n, g: bool(re.search(r"(.).*\1", str(n)))),
    (
        r"has exactly two prime factors \(counted with multiplicity\)",
        lambda n, g: sum(sympy.factorint(n).values()) == 2,
    ),
    (
        r"is divisible by the square of a prime",
        lambda n, g: max(sympy.factorint(n).values()) > 1,
    ),
)


def has_property(number: int, text: str) -> bool:
    for pattern, holds in PROPERTIES:
        match = re.fullmatch(pattern, text)
        if match:
            return bool(holds(number, [int(g) for g in match.groups()]))
    raise AssertionError(text)


@solves("mathematics/diagnostic/false_counterexample")
def false_counterexample(question: str) -> str:
    conditions, conclusion = re.search(r"if n (.*?), then n (.*?)\.(?:\n| )", question).groups()
    for position, number in re.findall(r"Line (\d+): n = (\d+)", question):
        meets = all(has_property(int(number), c) for c in conditions.split(" and n "))
        if not meets or has_property(int(number), conclusion):
            return position
    return "none"


@solves("mathematics/simulation/euclid_trace")
def euclid_trace(question: str) -> str:
    """Remainders by repeated subtraction of shifted multiples, without division."""
    first, second = max_pair(question)
    found = []
    while second:
        rest = first
        for shift in range(rest.bit_length(), -1, -1):
            while rest >= second << shift:
                rest -= second << shift
        found.append(rest)
        first, second = second, rest
    return ", ".join(map(str, found))


def max_pair(question: str) -> tuple[int, int]:
    return tuple(sorted({n for n in numbers(question) if n > 1}, reverse=True)[:2])


@solves("mathematics/simulation/random_walk_given_draws")
def random_walk_given_draws(question: str) -> str:
    """The walk as a graph of places: each draw is a look-up among the places that exist."""
    draws = re.search(r"(?:draws are|Draws): (.*?)\. (?:At|On|Where|Which)", question)[1].split(
        ", "
    )
    if "(x, y)" in question:
        return walk_on_grid(question, draws)
    last = int(re.search(r"(?:to|\.\.\.,) (\d+)", question)[1])
    place = int(re.search(r"(?:Start at|stands on place|starting from) (\d+)", question)[1])
    line = range(last + 1)
    for draw in draws:
        number = int(re.sub(r"\D", "", draw) or 1)
        up = draw[0] in "RH" if draw[0].isalpha() else number in (2, 4, 6)
        wanted = place + number if up else place - number
        other = (2 * place - wanted) if "opposite" in question else place
        place = wanted if wanted in line else other
    return str(place)


def walk_on_grid(question: str, draws: list[str]) -> str:
    last = int(re.search(r"(?:to|x <=) (\d+)", question)[1])
    blocked = {
        complex(*map(int, p))
        for p in re.findall(r"\((\d+), (\d+)\)", re.search(r"Blocked: (.*?)\. ", question)[1])
    }
    at = complex(*map(int, re.search(r"\((\d+), (\d+)\)", question).groups()))
    free = {complex(x, y) for x in range(last + 1) for y in range(last + 1)} - blocked
    turns, sign = "cut short" in question, 1
    for draw in draws:
        way = sign * {"N": 1j, "E": 1, "S": -1j, "W": -1}[draw[0]]
        path = [at + way * k for k in range(int(draw[1:]) + 1)]
        while not free.issuperset(path):
            path.pop()
        sign = -1 if turns and len(path) <= int(draw[1:]) else 1
        at = path[-1]
    return f"{int(at.real)}, {int(at.imag)}"


@solves("mathematics/simulation/cellular_automaton")
def cellular_automaton(question: str) -> str:
    """Each cell is worked out on its own, back through the rows, with the results kept."""
    rule = dict(re.findall(r"(\d+)->(\d)", question))
    row = re.search(r"(?:cells:|A row is|Start with) (\d+)", question)[1]
    count = int(re.search(r"after (\d+) steps", question)[1])
    offsets = (-1, 0) if "right" not in question else (-1, 0, 1)
    known: dict[tuple[int, int], str] = {}

    def cell(step: int, place: int) -> str:
        if not 0 <= place < len(row):
            if "ring" not in question:
                return "0"
            place %= len(row)
        if step == 0:
            return row[place]
        if (step, place) not in known:
            read = [cell(step - 1, place + k) for k in offsets]
            name = str(sum(map(int, read))) if "sum" in question else "".join(read)
            known[step, place] = rule[name]
        return known[step, place]

    return "".join(cell(count, place) for place in range(len(row)))
