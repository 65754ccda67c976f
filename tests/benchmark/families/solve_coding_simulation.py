"""Second solvers for coding/simulation: the shown code is executed, the sorting rules anew."""

import re

from solve_coding import printed
from solvers import solves


def code_lines(question: str, pattern: str) -> str:
    return "\n".join(line for line in question.splitlines() if re.match(pattern, line))


@solves("coding/simulation/recursion_trace")
def recursion_trace(question: str) -> str:
    return ", ".join(printed(code_lines(question, r"def [fg]\(|  |print\(|f\(\d+\)$")))


@solves("coding/simulation/string_edits")
def string_edits(question: str) -> str:
    return printed(code_lines(question, "s = ") + "\nprint(s)")[0]


@solves("coding/simulation/dictionary_updates")
def dictionary_updates(question: str) -> str:
    code = code_lines(question, r"d = |d\[|d\.|print\(")
    if "print(" in code:
        return printed(code)[0]
    return ", ".join(printed(code + "\nprint(*d.values(), sep='\\n')"))


def carry(items: list[int]) -> list[int]:
    """One pass of bubble sort: the largest number so far is carried to the right."""
    held, rest = items[0], []
    for item in items[1:]:
        rest.append(min(held, item))
        held = max(held, item)
    return [*rest, held]


def carry_back(items: list[int]) -> list[int]:
    return [-x for x in carry([-x for x in items[::-1]])][::-1]


def comb_pass(items: list[int], gap: int) -> list[int]:
    """Each chain of places that are `gap` apart is carried on its own."""
    result = list(items)
    for first in range(gap):
        result[first::gap] = carry(items[first::gap])
    return result


def shell_pass(items: list[int], gap: int) -> list[int]:
    """Each chain of places that are `gap` apart ends in order."""
    result = list(items)
    for first in range(gap):
        result[first::gap] = sorted(items[first::gap])
    return result


@solves("coding/simulation/sorting_passes")
def sorting_passes(question: str) -> str:
    if "heapq" in question:
        return printed(code_lines(question, "import|a = |heapq|print"))[0]
    items = list(map(int, max(re.findall(r"\d+(?:, \d+)+", question), key=len).split(", ")))
    gaps = list(map(int, re.findall(r"with gap (\d+)", question)))
    if gaps:
        for gap in gaps:
            items = (comb_pass if "Comb" in question else shell_pass)(items, gap)
        return ", ".join(map(str, items))
    for k in range(int(re.search(r"(\d+) pass", question)[1])):
        if "Selection" in question:
            rest = sorted(items[k:])
            at = items.index(rest[0])
            items = [rest[0] if i == k else items[k] if i == at else x for i, x in enumerate(items)]
        else:
            back = "Cocktail" in question and k % 2
            items = (carry_back if back else carry)(items)
    return ", ".join(map(str, items))
