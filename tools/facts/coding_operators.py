"""Write the fact table of Python's operators; run it from the root of the repository.

Levels and ranks are by hand; the ranks are compared with how Python parses each pair.
"""

import ast
from itertools import combinations

from coding import write

# From the operator that binds least tightly on; operators of one row bind equally.
PRECEDENCE = (
    (("x := y", 5),),
    (("lambda: x", 5),),
    (("x if c else y", 3),),
    (("x or y", 2),),
    (("x and y", 2),),
    (("not x", 2),),
    (
        ("x == y", 2),
        ("x < y", 2),
        ("x in y", 3),
        ("x is y", 3),
        ("x != y", 3),
        ("x >= y", 4),
        ("x not in y", 5),
        ("x is not y", 5),
    ),
    (("x | y", 4),),
    (("x ^ y", 4),),
    (("x & y", 4),),
    (("x << y", 4), ("x >> y", 4)),
    (("x + y", 1), ("x - y", 1)),
    (("x * y", 1), ("x / y", 1), ("x // y", 1), ("x % y", 1), ("x @ y", 5)),
    (("-x", 3), ("~x", 5)),
    (("x ** y", 1),),
    (("x[0]", 3), ("f(x)", 5), ("x.y", 5)),
)

POSTFIX = {"x[0]": "[0]", "f(x)": "(0)", "x.y": ".y"}
SIDES_DIFFER = ({"x ** y", "-x"}, {"x ** y", "~x"})
"""A power binds more tightly than a sign to its left, and less tightly than one to its right."""


def parts(form: str) -> tuple[str, str, str]:
    """Return an operator's left operand, itself and its right operand; operands may be missing."""
    if form in POSTFIX:
        return "a", POSTFIX[form], ""
    if form.startswith("x :="):
        return "", form[:-1], "d"
    if form.startswith("x"):
        return "a", form[1:-1], "d"
    return "", form[:-1], "d"


def tighter(first: str, second: str) -> str | None:
    """Return which of two operators in a row is applied first; None where it cannot be told."""
    left, operator, right = parts(first)
    shared, other, last = parts(second)
    if not right or not shared:
        return None
    row = f"{left}{operator}b{other}{last}"
    behind = f"{left}{operator}(b{other}{last})"
    before = f"({left}{operator}b){other}{last}"
    trees = [ast.dump(ast.parse(f"({text})", mode="eval")) for text in (row, behind, before)]
    return {trees[1]: second, trees[2]: first}.get(trees[0])


def operator_rows() -> list[tuple[str, ...]]:
    """Return the operators with ranks that agree with the parser wherever two share an operand."""
    rows = [(form, rank, level) for rank, row in enumerate(PRECEDENCE, 1) for form, level in row]
    compared = 0
    for (a, rank_a, _), (b, rank_b, _) in combinations(rows, 2):
        if {a, b} in SIDES_DIFFER:
            continue
        winners = {tighter(a, b), tighter(b, a)} - {None}
        if rank_a == rank_b:
            assert len(winners) != 1, (a, b, winners)
        elif winners:
            assert winners == {a if rank_a > rank_b else b}, (a, b, winners)
            compared += 1
    assert compared > 400, compared
    return [(form, str(rank), str(level)) for form, rank, level in rows]


def main() -> None:
    """Write the table."""
    write(
        "python_operators",
        "ranks of the Python Language Reference, 6.17, compared with the module ast",
        "form rank level",
        operator_rows(),
    )


if __name__ == "__main__":
    main()
