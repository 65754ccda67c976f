"""Files and functions stay short enough to be read in one go."""

import ast
from pathlib import Path

from repository import Function, functions, name_of, parse, python_files

FILE_LINES = 500
FUNCTION_LINES = 60
LOOP_LINES = 120

LOOPS: frozenset[str] = frozenset()
"""Training loops, as `src/metaprobe/training/<file>.py:<function>`, that read better whole."""


def length(function: Function) -> int:
    """Lines of a function without those of its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def measured(path: Path) -> dict[str, int]:
    """The length of each function in a file."""
    return {f"{name_of(path)}:{f.name}": length(f) for f in functions(parse(path))}


def test_files_are_short() -> None:
    files = python_files("src", "tests", "tools", "benches", "examples")
    lines = {name_of(f): len(f.read_text(encoding="utf-8").splitlines()) for f in files}
    assert {name: n for name, n in lines.items() if n >= FILE_LINES} == {}


def test_functions_are_short() -> None:
    lengths = {name: n for path in python_files("src") for name, n in measured(path).items()}
    limit = {name: LOOP_LINES if name in LOOPS else FUNCTION_LINES for name in lengths}
    assert {name: n for name, n in lengths.items() if n >= limit[name]} == {}


def test_every_exempted_loop_exists_and_needs_it() -> None:
    lengths = {
        name: n for p in python_files("src/metaprobe/training") for name, n in measured(p).items()
    }
    assert {name for name in LOOPS if lengths.get(name, 0) < FUNCTION_LINES} == set()


def test_docstring_lines_are_not_counted() -> None:
    bare = ast.parse("def f(x: int) -> int:\n    y = x\n    return y").body[0]
    told = ast.parse(
        'def f(x: int) -> int:\n    """One.\n\n    Two.\n    """\n    y = x\n    return y'
    )
    assert isinstance(bare, ast.FunctionDef)
    assert isinstance(told.body[0], ast.FunctionDef)
    assert length(bare) == length(told.body[0]) == 3
