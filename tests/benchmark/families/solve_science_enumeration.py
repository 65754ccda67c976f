"""Second solvers for science/enumeration: brute force over all numbers or all ways to merge."""

import operator
import re
from fractions import Fraction
from itertools import combinations, product
from math import gcd

from solvers import solves


def merged(ohms: tuple[Fraction, ...]) -> set[Fraction]:
    """Merges any two of the resistors into one until a single one is left."""
    if len(ohms) == 1:
        return set(ohms)
    found = set()
    for i, j in combinations(range(len(ohms)), 2):
        rest = [r for k, r in enumerate(ohms) if k not in (i, j)]
        for one in (ohms[i] + ohms[j], 1 / (1 / ohms[i] + 1 / ohms[j])):
            found |= merged((*rest, one))
    return found


@solves("science/enumeration/resistor_values")
def resistor_values(question: str) -> str:
    opening, _, rest = question.partition(" ohm")
    listed = re.sub(r"\d+ resistors", "", opening)
    ohms = [Fraction(n) for n in re.findall(r"\d+", listed)]
    if "to one network" in rest:
        values = merged(tuple(ohms))
        limit = re.search(r"at most (\d+) ohm", rest)
        if limit:
            return str(sum(1 for v in values if v <= int(limit[1])))
    elif "in parallel" in rest:
        values = {v for pair in combinations(ohms, 2) for v in merged(pair)}
    else:
        most = len(ohms) if "two or more" in rest else 2
        chosen = [c for c in product((0, 1), repeat=len(ohms)) if 2 <= sum(c) <= most]
        values = {sum(r for r, c in zip(ohms, cs, strict=True) if c) for cs in chosen}
    return ", ".join(map(str, sorted(values)))


STEPS = {"alpha": (-2, -4), "beta": (1, 0), "neutron": (0, -1)}
RELATIONS = {">=": operator.ge, "<=": operator.le}


@solves("science/enumeration/decay_chain_members")
def decay_chain_members(question: str) -> str:
    """Grows the set of members until it stays the same."""
    z, a = map(int, re.search(r"Z = (\d+), A = (\d+)", question).groups())
    few = re.search(r"[Aa]t most (\d+) alpha and (\d+) beta", question)
    if few:
        orders = product(("alpha", "beta"), repeat=int(few[1]) + int(few[2]))
        members = {(z, a)}
        for order in orders:
            for end in range(1, len(order) + 1):
                done = order[:end]
                if done.count("alpha") <= int(few[1]) and done.count("beta") <= int(few[2]):
                    members.add(
                        tuple(map(sum, zip((z, a), *(STEPS[d] for d in done), strict=True)))
                    )
        return ", ".join(f"({z}, {a})" for z, a in members)
    rules = re.findall(
        r"(alpha|beta|neutron) \w+ (?:lowers|raises)[^;.]*?exactly if ([AZ0-9 -]+) ([<>]=) (\d+)",
        question.lower().replace("z", "Z").replace(" a ", " A "),
    )
    members, before = {(z, a)}, set()
    while before != members:
        before = set(members)
        for z, a in before:
            for name, left, relation, limit in rules:
                value = eval(left.replace("2 Z", "2*Z"), {"Z": z, "A": a})
                if RELATIONS[relation](value, int(limit)):
                    dz, da = STEPS[name]
                    members.add((z + dz, a + da))
    if re.search("How many|Count|number of", question):
        return str(len(members))
    return ", ".join(f"({z}, {a})" for z, a in members)


@solves("science/enumeration/isotopes_in_range")
def isotopes_in_range(question: str) -> str:
    if "(Z, N)" not in question:
        z = int(re.search(r"Z = (\d+)", question)[1])
        low, high = map(
            int, re.search(r"(?:from|least) (\d+) (?:to|and at most) (\d+)", question).groups()
        )
        return ", ".join(str(a) for a in range(500) if low <= a - z <= high)
    text = question.replace("A = ", "A from ")
    bounds = {
        name: (int(low), int(high or low))
        for name, low, high in re.findall(r"(N - Z|Z|A) from (-?\d+)(?: to (-?\d+))?", text)
    }
    found = []
    low, high = bounds["Z"]
    for z, n in product(range(low, high + 1), range(250)):
        values = {"Z": z, "A": z + n, "N - Z": n - z}
        if all(low <= values[name] <= high for name, (low, high) in bounds.items()) and (
            ("both even" not in text or not (z % 2 or n % 2))
            and ("both odd" not in text or (z % 2 and n % 2))
            and ("A odd" not in text or (z + n) % 2)
            and ("A divisible by 3" not in text or (z + n) % 3 == 0)
            and ("no common divisor" not in text or gcd(z, n) == 1)
        ):
            found.append(f"({z}, {n})")
    return str(len(found)) if re.search("How many|Count the", question) else ", ".join(found)
