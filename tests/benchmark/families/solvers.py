"""The registry of second solvers: each answers a family's question from its text alone."""

from collections.abc import Callable

Solver = Callable[[str], str]
SOLVERS: dict[str, Solver] = {}


def solves(name: str) -> Callable[[Solver], Solver]:
    """Register a solver for the family `domain/skill/name`; it returns the text to be boxed."""

    def register(solver: Solver) -> Solver:
        assert name not in SOLVERS, f"two solvers for {name}"
        SOLVERS[name] = solver
        return solver

    return register
