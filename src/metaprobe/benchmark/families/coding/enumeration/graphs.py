"""coding/enumeration: every path of a graph."""

from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_EXPLAINED = "maps a node to the nodes that its edges lead to"
_LIST_WORDINGS = (
    "{graph}\ng {explained}. List all paths from {start} to {end} that visit no node twice. "
    "Write a path as its letters in order.",
    "{graph}\nThe graph g {explained}. Which paths lead from {start} to {end} without "
    "visiting a node twice? Write each as its letters in order.",
    "{graph}\ng {explained}. Name every path from {start} to {end} with no repeated node, as a "
    "string of its letters in order.",
)
_COUNT_WORDINGS = (
    "{graph}\ng {explained}. How many paths from {start} to {end} visit no node twice?",
    "{graph}\nThe graph g {explained}. How many paths lead from {start} to {end} without "
    "visiting a node twice?",
    "{graph}\ng {explained}. Count the paths from {start} to {end} with no repeated node.",
)
_NODES = {1: 4, 2: 5, 3: 6, 4: 7, 5: 8}
_EDGES = {1: 5, 2: 7, 3: 12, 4: 16, 5: 26}
_PATHS = {1: (1, 3), 2: (1, 4), 3: (3, 7), 4: (6, 12), 5: (20, 60)}


@family(
    "coding/enumeration",
    capacity={1: 1_000, 2: 10**5, 3: 10**7, 4: 10**9, 5: 10**12},
    claim=unordered_claim,
)
def paths_in_a_graph(rng: Random, level: int) -> Problem:
    """List or count the paths between two nodes of a directed graph.

    Isolates a complete search that neither repeats nor forgets a branch. Levels 1 and 2 have edges
    that lead one way only, from level 3 on there are cycles, a level adds nodes and edges, and
    level 5 asks for the number of paths, of which there are twenty and more.
    """
    low, high = _PATHS[level]
    paths: list[str] = []
    steps: list[str] = []
    while not low <= len(paths) <= high:
        nodes = rng.sample("ABCDEFGH", _NODES[level])
        edges = _edges(rng, level, nodes)
        start, end = (nodes[0], nodes[-1]) if level <= 2 else rng.sample(nodes, 2)
        paths, steps = [], []
        _walk(edges, start, end, paths, steps)
    shown = ", ".join(f'"{node}": "{targets}"' for node, targets in sorted(edges.items()))
    graph = f"g = {{{shown}}}"
    wordings = _COUNT_WORDINGS if level == 5 else _LIST_WORDINGS
    found = f"paths: {', '.join(paths)}"
    return Problem(
        question=rng.choice(wordings).format(
            graph=graph, explained=_EXPLAINED, start=start, end=end
        ),
        answer=IntegerAnswer(value=len(paths)) if level == 5 else SetAnswer(items=tuple(paths)),
        short=(found if level < 5 else f"there are {len(paths)} paths",),
        long=(*steps, f"{len(paths)} {found}"),
        key=f"paths_in_a_graph {start} {end} {shown}",
    )


def _edges(rng: Random, level: int, nodes: list[str]) -> dict[str, str]:
    """Return the targets of each node that has any; at levels 1 and 2 only later nodes are."""
    pairs = [
        (a, b)
        for i, a in enumerate(nodes)
        for j, b in enumerate(nodes)
        if i < j or (level >= 3 and i != j)
    ]
    chosen = rng.sample(pairs, _EDGES[level])
    return {a: "".join(sorted(t for s, t in chosen if s == a)) for a, _ in chosen}


def _walk(edges: dict[str, str], path: str, end: str, paths: list[str], steps: list[str]) -> None:
    """Follow every edge to a node that is not yet on the path."""
    if path[-1] == end:
        paths.append(path)
        steps.append(f"{path}: a path")
        return
    targets = [t for t in edges.get(path[-1], "") if t not in path]
    steps.append(f"{path}: to {', '.join(targets)}" if targets else f"{path}: no way on")
    for target in targets:
        _walk(edges, path + target, end, paths, steps)
