"""Second solvers for coding/fact_retrieval: members, brackets and another list of bounds."""

import ast
import importlib
import re

from solvers import solves

MODULES = {
    "regular expressions": "re", "square roots, sines": "math", "notation of JavaScript": "json",
    "shuffles lists": "random", "calendar dates": "datetime", "environment variables": "os",
    "rows of spreadsheets": "csv", "slash operator": "pathlib", "median": "statistics",
    "deep duplicates": "copy", "made to replace optparse": "argparse", "WARNING": "logging",
    "starts other programs": "subprocess", "can run code when it loads": "pickle",
    "directory trees": "shutil", "fit a wildcard": "glob", "base-ten": "decimal",
    "ratios of whole": "fractions", "smallest item always": "heapq", "repeated halving": "bisect",
    "message digests": "hashlib", "for short use": "tempfile",
    "in one process": "threading", "event loop": "asyncio",
    "annotated fields": "dataclasses", "relational database": "sqlite3", "into bytes": "struct",
    "changes between": "difflib", "live function": "inspect", "safe for cryptography": "secrets",
    "complex numbers": "cmath", "running it very often": "timeit", "shell pattern": "fnmatch",
    "keeping them alive": "weakref", "bytearray in memory": "mmap", "C functions": "ctypes",
    "topologically": "graphlib", "pyproject.toml": "tomllib", "many sockets": "selectors",
    "bytecode": "dis", "memory was reserved": "tracemalloc", "task sees": "contextvars",
    "for tracebacks": "linecache", "general category": "unicodedata",
}  # fmt: skip
BY_MEMBERS = (
    *("ast", "calendar", "collections", "contextlib", "enum", "functools", "itertools"),
    *("multiprocessing", "numbers", "operator", "string", "sys", "textwrap", "time"),
    *("typing", "unittest"),
)
"""Modules of which the question names members."""


@solves("coding/fact_retrieval/stdlib_module_by_purpose")
def stdlib_module_by_purpose(question: str) -> str:
    found = [name for words, name in MODULES.items() if words in question]
    if not found:
        words = set(re.findall(r"\w{4,}", question)) - {"Name", "What", "arguments"}
        members = {n: len(words & set(dir(importlib.import_module(n)))) for n in BY_MEMBERS}
        found = [name for name, count in members.items() if count == max(members.values())]
    assert len(found) == 1, (question, found)
    return f"`{found[0]}`"


SAMPLES = {
    "x[0]": "a[0]", "f(x)": "a(0)", "x.y": "a.y", "lambda: x": "lambda: a", "not x": "not a",
    "-x": "-a", "~x": "~a", "x if c else y": "a if c else d",
}  # fmt: skip


class PutFirst(ast.NodeTransformer):
    """Put a whole expression where another one has its operand `a`."""

    def __init__(self, inner: ast.expr) -> None:
        self.inner = inner

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.inner if node.id == "a" else node


def needs_brackets(inner: str, outer: str) -> bool:
    """Tell whether one operator's result needs brackets to be the first operand of another."""
    first, second = (
        ast.parse(SAMPLES.get(form, re.sub(r"x (.+) y", r"a \1 d", form)), mode="eval").body
        for form in (inner, outer)
    )
    return f"({ast.unparse(first)})" in ast.unparse(PutFirst(first).visit(second))


@solves("coding/fact_retrieval/operator_precedence")
def operator_precedence(question: str) -> str:
    a, b = re.findall(r"^[AB]: (.+)$", question, re.MULTILINE)
    if ":=" in a + b:  # takes everything to its right, and cannot be parsed without brackets
        other = b if ":=" in a else a
        whole = ast.parse(f"(n := {other})", mode="eval").body
        assert isinstance(whole, ast.NamedExpr)
        return "B" if ":=" in a else "A"
    a_in_b, b_in_a = needs_brackets(a, b), needs_brackets(b, a)
    return "same" if a_in_b == b_in_a else "A" if b_in_a else "B"


BOUNDS = {
    r"1": "its index|off a stack|hash table|front of a singly|read the smallest|"
    "doubles when|decrease",
    r"\log n": "binary search in|into a binary heap|AVL|red-black|remove the smallest|by squaring|"
    "Euclid's",
    r"n": "linear search|largest of|value in a singly|an unbalanced|already in order|"
    "front of an array|reverse an|bottom-up|merge two|medians of medians|Manacher|automaton",
    r"n \log_2(n)": "merge sort|heap sort|distinct numbers in random|Fourier|Graham",
    r"n^{2}": "bubble|selection sort|n of insertion sort|ordered pairs|pivot|Gale",
    r"2^n": "subsets",
    r"|E| + |V|": "adjacency lists|Tarjan|Kahn",
    r"V^2": "adjacency matrix|Dijkstra",
    r"|V|^3": "Floyd",
    r"n^3": "schoolbook",
    r"n!": "permutations",
    r"k + n": "counting sort",
    r"VE": "Bellman",
    r"m \times n": "common subsequence|edit distance",
    r"m+n": "Knuth",
    r"nW": "knapsack",
    r"n\log\log n": "sieve",
    r"d \cdot (n+k)": "radix",
    r"n^{\log_2 3}": "Karatsuba",
    r"n^{\log_2(7)}": "Strassen",
    r"2^n \cdot n^2": "Held",
    r"VE^{2}": "Edmonds",
    r"|E|\sqrt{|V|}": "Hopcroft",
}
"""By bound, in a spelling of its own, words of the questions."""


@solves("coding/fact_retrieval/complexity_of_algorithm")
def complexity_of_algorithm(question: str) -> str:
    text = question.replace("worst-case time of insertion", "n of insertion")
    found = [bound for bound, words in BOUNDS.items() if re.search(words, text)]
    assert len(found) == 1, (question, found)
    return rf"$\mathcal{{O}}\left({found[0]}\right)$"
