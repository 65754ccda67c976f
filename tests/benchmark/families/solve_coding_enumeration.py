"""Second solvers for coding/enumeration: permutations of nodes, execution, all slices."""

import ast
import re
from itertools import pairwise, permutations

from solve_coding import printed
from solvers import solves


@solves("coding/enumeration/paths_in_a_graph")
def paths_in_a_graph(question: str) -> str:
    edges = ast.literal_eval(re.search(r"\{.*\}", question)[0])
    nodes = set(edges).union(*edges.values())
    start, end = re.search(r"from ([A-H]) to ([A-H])\b", question).groups()
    between = nodes - {start, end}
    paths = [
        f"{start}{''.join(inner)}{end}"
        for size in range(len(between) + 1)
        for inner in permutations(between, size)
    ]
    found = [p for p in paths if all(b in edges.get(a, "") for a, b in pairwise(p))]
    return str(len(found)) if re.search("How many|Count", question) else ", ".join(found)


@solves("coding/enumeration/itertools_product")
def itertools_product(question: str) -> str:
    lines = question.splitlines()
    code = "\n".join(line for line in lines if re.match(r"from |for |  ", line))
    out = printed(code)
    counted = re.search("How many|Count|How often", lines[0])
    return str(len(out)) if counted else ", ".join(out)


@solves("coding/enumeration/substrings_with_property")
def substrings_with_property(question: str) -> str:
    s = re.search(r'"(\w+)"', question)[1]
    parts = {s[i:j] for i in range(len(s)) for j in range(i + 1, len(s) + 1)}
    low, high = re.search(r"of length (\d+)(?: (?:to (\d+)|or more))?", question).groups()
    if high is None:
        high = len(s) if "or more" in question else low
    parts = {p for p in parts if int(low) <= len(p) <= int(high)}
    found = {p for p in parts if fits(p, question)}
    return str(len(found)) if re.search("How many|Count|number of", question) else ", ".join(found)


def fits(part: str, question: str) -> bool:
    if "backwards" in question:
        return all(a == b for a, b in zip(part, reversed(part), strict=True))
    if "first and last letter are the same" in question:
        return part.endswith(part[0])
    if "no letter occurs twice" in question:
        return max(map(part.count, part)) == 1
    if match := re.search(r"start with (\w) and end with (\w)", question):
        return part.startswith(match[1]) and part.endswith(match[2])
    if match := re.search(r"contain (\w) exactly (once|twice)", question):
        return len(re.findall(match[1], part)) == (1 if match[2] == "once" else 2)
    if match := re.search(r"that (contain|do not contain|start with) (\w)\b", question):
        where = part.find(match[2])
        return {"contain": where >= 0, "do not contain": where < 0}.get(match[1], where == 0)
    raise AssertionError(question)
