"""Second solvers for mathematics/enumeration: generating functions, brute force, scans."""

import re
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product

from solvers import solves


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


@solves("mathematics/enumeration/integer_partitions")
def integer_partitions(question: str) -> str:
    total = int(re.search(r"[Ww]rite (\d+)|is (\d+) a|sum (\d+)[.?]", question).expand(r"\1\2\3"))
    size = int(re.search(r"exactly (\d+)", question)[1])
    low, high = map(int, re.search(r"(\d+) (?:to|and) (\d+) \(both", question).groups())
    pool = range(low, high + 1)
    if "ow many" in question or "Count" in question:
        # Coefficient of y^size x^total in the product of (1 + y x^part).
        ways = {(0, 0): 1}
        for part in pool:
            for (used, reached), n in list(ways.items()):
                if used < size and reached + part <= total:
                    place = used + 1, reached + part
                    ways[place] = ways.get(place, 0) + n
        return str(ways[size, total])
    choose = combinations if "different" in question else combinations_with_replacement
    found = (c for c in choose(range(low, min(high, total) + 1), size) if sum(c) == total)
    return ", ".join("+".join(map(str, sorted(c, reverse=True))) for c in found)


@solves("mathematics/enumeration/solutions_of_linear_equation")
def solutions_of_linear_equation(question: str) -> str:
    left, value = re.search(r"(\d+[a-z](?: \+ \d+[a-z])+) = (\d+)", question).groups()
    factors = numbers(left)
    if "ow many" in question or "Count" in question:
        ways = [1] + [0] * int(value)
        for factor in factors:
            for reached in range(factor, len(ways)):
                ways[reached] += ways[reached - factor]
        return str(ways[-1])
    ranges = [range(int(value) + 1) if f == 1 else range(int(value) // f + 1) for f in factors]
    found = (
        s
        for s in product(*ranges)
        if sum(f * n for f, n in zip(factors, s, strict=True)) == int(value)
    )
    return ", ".join(str(s) for s in found)


@solves("mathematics/enumeration/lattice_paths")
def lattice_paths(question: str) -> str:
    """Depth first from the end back to the start."""
    points = [tuple(map(int, p)) for p in re.findall(r"\((\d+), (\d+)\)", question)]
    (_, end), blocked = points[:2], set(points[2:])
    steps = {"R": (1, 0), "U": (0, 1)} | ({"D": (1, 1)} if "(D)" in question else {})

    @cache
    def back(x: int, y: int) -> int:
        if min(x, y) < 0 or (x, y) in blocked:
            return 0
        return (x == y == 0) + sum(back(x - dx, y - dy) for dx, dy in steps.values())

    if "How many" in question:
        return str(back(*end))
    words = []
    for ups in combinations(range(sum(end)), end[1]):
        word = ["U" if k in ups else "R" for k in range(sum(end))]
        visited = {(word[:k].count("R"), word[:k].count("U")) for k in range(len(word) + 1)}
        if not visited & blocked:
            words.append("".join(word))
    return ", ".join(words)


CONDITIONS = (
    (r"(\d) stands left of (\d)", lambda s, a, b: bool(re.search(f"{a}.*{b}", s))),
    (r"(\d) is not in place (\d)", lambda s, a, p: s[int(p) - 1] != a),
    (r"(\d) is next to (\d)", lambda s, a, b: a + b in s or b + a in s),
    (r"(\d) is not next to (\d)", lambda s, a, b: a + b not in s and b + a not in s),
    (
        r"the digit in place (\d) is greater than the one in place (\d)",
        lambda s, p, q: s[int(p) - 1] > s[int(q) - 1],
    ),
    (r"the digit in place (\d) is even", lambda s, p: s[int(p) - 1] in "2468"),
    (r"the digit in place (\d) is odd", lambda s, p: s[int(p) - 1] in "1357"),
    (
        r"no digit equals the number of its place",
        lambda s: not any(a == b for a, b in zip(s, "12345678", strict=False)),
    ),
    (
        r"neighbouring digits differ by at most (\d)",
        lambda s, m: max(abs(int(s[k]) - int(s[k - 1])) for k in range(1, len(s))) <= int(m),
    ),
    (
        r"exactly (\d) digits are greater than the digit directly to their left",
        lambda s, n: len([k for k in range(1, len(s)) if s[k] > s[k - 1]]) == int(n),
    ),
)


@solves("mathematics/enumeration/permutations_under_constraint")
def permutations_under_constraint(question: str) -> str:
    digits = max(int(d) for d in re.search(r"\d(?:, \d)* and \d", question)[0] if d.isdigit())
    text = re.search(r"(?:so that|way that|in which) (.*?)\. (?:List|How|Place)", question)[1]
    tests = []
    for part in re.split(r", | and ", text):
        ((match, holds),) = [
            (m, h) for pattern, h in CONDITIONS if (m := re.fullmatch(pattern, part))
        ]
        tests.append((holds, match.groups()))
    rows = ("".join(p) for p in permutations("12345678"[:digits]))
    found = [row for row in rows if all(holds(row, *given) for holds, given in tests)]
    return str(len(found)) if "How many" in question else ", ".join(found)
