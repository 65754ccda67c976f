"""Write the fact tables of the domain coding; run it from the root of the repository.

Levels, purposes and reasons are by hand. Names, codes and exception classes come from the standard
library: each example and each failing line is executed here before it is written.
"""

import builtins
import importlib
import platform
from http import HTTPStatus
from pathlib import Path

FACTS = Path("src/metaprobe/benchmark/facts")
FROM_PYTHON = (
    f"Python {platform.python_version()}",
    "Apache-2.0 (compiled by the project); names from CPython, PSF-2.0",
)
BY_HAND = ("1", "Apache-2.0")

BUILTINS = {
    1: (
        ("len", "counts the items of a list", "len([4, 5, 6]) gives 3"),
        ("max", "finds the largest of some numbers", "max(4, 9, 2) gives 9"),
        ("min", "finds the smallest of some numbers", "min(4, 9, 2) gives 2"),
        ("sum", "adds up the numbers of a list", "sum([1, 2, 3]) gives 6"),
        ("abs", "drops the minus sign of a number", "abs(-5) gives 5"),
        ("print", "writes text to the screen", "print('hi') shows hi"),
        ("input", "waits for a line typed by the user", "input() returns the typed line"),
        ("sorted", "returns a new list in order of size", "sorted([3, 1, 2]) gives [1, 2, 3]"),
        ("round", "takes a number to the nearest whole one", "round(3.7) gives 4"),
        ("range", "counts from a start up to a stop", "list(range(1, 4)) gives [1, 2, 3]"),
        ("int", "makes a whole number out of text", "int('42') gives 42"),
        ("str", "is the class of every piece of text", "type('hi').__name__ gives 'str'"),
    ),
    2: (
        ("float", "makes a decimal number out of text", "float('2.5') gives 2.5"),
        (
            "list",
            "copies the items of any iterable, in order, to a mutable sequence",
            "list('ab') gives ['a', 'b']",
        ),
        ("dict", "makes a mapping of keys to values", "dict(a=1) gives {'a': 1}"),
        ("set", "makes a mutable collection without order or repeats", "set([2, 2]) gives {2}"),
        (
            "tuple",
            "makes an immutable sequence of items of any kind",
            "tuple('ab') gives ('a', 'b')",
        ),
        ("bool", "tells whether a value counts as true", "bool(0) gives False"),
        ("type", "tells the class of a value", "type(3).__name__ gives 'int'"),
        ("zip", "pairs up the items of two lists", "list(zip([1], [2])) gives [(1, 2)]"),
        ("enumerate", "pairs each item with its index", "list(enumerate(['a'])) gives [(0, 'a')]"),
        ("reversed", "goes through a sequence backwards", "list(reversed([1, 2])) gives [2, 1]"),
        ("any", "tells if at least one item is true", "any([False, True]) gives True"),
        ("all", "tells if every item is true", "all([False, True]) gives False"),
    ),
    3: (
        ("map", "applies a function to every one of some items", "list(map(abs, [-1])) gives [1]"),
        ("filter", "keeps the items that pass a test", "list(filter(str, ['', 'a'])) gives ['a']"),
        ("ord", "gives the code point of a character", "ord('A') gives 65"),
        ("chr", "gives the character of a code point", "chr(65) gives 'A'"),
        ("pow", "raises a number to an exponent", "pow(2, 3) gives 8"),
        ("divmod", "returns quotient and remainder together", "divmod(7, 2) gives (3, 1)"),
        ("isinstance", "tests if a value is of a given class", "isinstance(3, int) gives True"),
        ("open", "gives access to the contents of a file", "open(path) returns a file object"),
        ("id", "gives the number that is unique to an object", "id(x) is unique while x lives"),
        ("help", "shows the documentation of an object", "help(len) shows how to use len"),
        ("bin", "writes a number in base 2, with a prefix", "bin(5) gives '0b101'"),
        ("hex", "writes a number in base 16, with a prefix", "hex(255) gives '0xff'"),
    ),
    4: (
        ("oct", "writes a number in base 8, with a prefix", "oct(8) gives '0o10'"),
        ("iter", "returns what a for loop draws the items from", "next(iter([7])) gives 7"),
        ("next", "fetches one more item from an iterator", "next(iter([7])) gives 7"),
        ("getattr", "reads an attribute whose name is given as text", "getattr(3, 'real') gives 3"),
        (
            "setattr",
            "assigns an attribute whose name is given as text",
            "setattr(x, 'a', 1) does x.a = 1",
        ),
        ("hasattr", "tests if an object has a named attribute", "hasattr(3, 'x') gives False"),
        ("callable", "tests if an object can be used as a function", "callable(len) gives True"),
        (
            "repr",
            "gives the text that the interactive prompt shows for an object",
            "repr('a') gives \"'a'\"",
        ),
        ("dir", "lists the names of an object's attributes", "'append' in dir([]) gives True"),
        ("eval", "computes the expression in a string", "eval('2 + 3') gives 5"),
        ("exec", "runs the statements in a string", "exec('x = 1') assigns x"),
        ("hash", "gives the number that dictionaries file a key by", "hash(7) gives 7"),
    ),
    5: (
        (
            "delattr",
            "removes an attribute whose name is given as text",
            "delattr(x, 'a') does del x.a",
        ),
        ("vars", "returns the __dict__ of an object", "vars(x) is x.__dict__"),
        (
            "globals",
            "returns the dictionary of the module's namespace, even inside a function",
            "'__name__' in globals() gives True",
        ),
        (
            "frozenset",
            "makes a hashable collection of unique items",
            "len(frozenset([2, 2])) gives 1",
        ),
        ("bytes", "makes an immutable sequence of 8-bit numbers", "bytes([65]) gives b'A'"),
        (
            "bytearray",
            "makes a mutable sequence of 8-bit numbers",
            "bytearray([65]) gives bytearray(b'A')",
        ),
        (
            "memoryview",
            "gives access to a buffer without copying it",
            "memoryview(b'A')[0] gives 65",
        ),
        (
            "issubclass",
            "tests if one class derives from another",
            "issubclass(bool, int) gives True",
        ),
        (
            "ascii",
            "gives a text form that escapes accented letters",
            "ascii('\\xe9') gives \"'\\\\xe9'\"",
        ),
        (
            "compile",
            "turns source text into a code object",
            "eval(compile('2', 'f', 'eval')) gives 2",
        ),
        ("complex", "makes a number with an imaginary part", "complex(1, 2) gives (1+2j)"),
        ("breakpoint", "drops into the debugger", "breakpoint() starts pdb"),
    ),
}

EXCEPTIONS = {
    1: (
        ("1 / 0", "A number is divided by zero"),
        ("7 % 0", "The remainder by zero is taken"),
        ('int("cat")', "The text does not write a whole number"),
        ("[3, 5][4]", "The list has no item at that position"),
        ("[].pop()", "The list has no last item"),
        ('{"a": 1}["b"]', "The dictionary has no such key"),
        ('"4" + 2', "Text and number cannot be added"),
        ("len(5)", "A number has no length"),
        ("print(total)", "The variable was never assigned"),
        ("(5).upper()", "Numbers have no such method"),
        ("import nosuchmodule", "There is no module of that name"),
        ("assert 2 > 3", "The asserted condition is false"),
    ),
    2: (
        ('open("missing.txt")', "There is no file of that name"),
        ("None.strip()", "None has no such method"),
        ('"abc"[7]', "The text has no character at that position"),
        ('float("ten")', "The text does not write a number"),
        ("max([])", "An empty list has no largest item"),
        ('sum(["a", "b"])', "Text cannot be added to the starting zero"),
        ("[1, 2].remove(9)", "The item is not in the list"),
        ("next(iter([]))", "The iterator has no more items"),
        ("from math import cube", "The module has no such name"),
        ("{}.popitem()", "The dictionary is empty"),
        ("{[1]: 2}", "A list cannot be hashed as a key"),
        ("a, b = [1, 2, 3]", "There are more values than names"),
    ),
    3: (
        ('"abc".index("z")', "The text does not contain the character"),
        ("(1, 2).append(3)", "Tuples have no such method"),
        ("set().pop()", "The set is empty"),
        ("for i in 5: pass", "A number cannot be iterated over"),
        ('eval("2 +")', "The source text is not complete"),
        ("10.0 ** 400", "The result is too large for a float"),
        ('int(float("inf"))', "Infinity is larger than any whole number"),
        ('int(float("nan"))', "The float is not a number"),
        ("del x", "The variable was never assigned"),
        ('b"\\xff".decode("ascii")', "The byte is outside ASCII and cannot be decoded"),
        ('"\\xe9".encode("ascii")', "The character is outside ASCII and cannot be encoded"),
        ("{1, 2}.remove(3)", "The item is not in the set"),
    ),
    4: (
        ("range(1, 9, 0)", "The step of a range must not be zero"),
        ("import math; math.exp(1000)", "The result is too large for a float"),
        ("import math; math.sqrt(-1)", "A negative number is outside the domain of the root"),
        ("chr(-1)", "The code point is out of range"),
        ('ord("ab")', "One character was expected, not two"),
        ('exec(" x = 1")', "The line starts with an unexpected indent"),
        ("f = lambda: f(); f()", "The function calls itself without end"),
        ('exec("return 1")', "The return stands outside a function"),
        ('import os; os.environ["NO_SUCH_NAME"]', "There is no variable of that name"),
        ("0 ** -1", "The power is one divided by zero"),
        ('"{} {}".format(1)', "There is no second positional argument"),
        ('"{x}".format(y=1)', "There is no argument of that name"),
    ),
    5: (
        ("import sys; sys.exit()", "The interpreter is asked to stop"),
        ('exec("def f():\\n x += 1\\nf()")', "The local variable is read before it is assigned"),
        ('import decimal; decimal.Decimal("x")', "The text cannot be converted to a decimal"),
        ("import statistics; statistics.mean([])", "The mean needs at least one data point"),
        ('import json; json.loads("{")', "The text is not complete JSON"),
        ("import queue; queue.Queue().get_nowait()", "The queue holds no item"),
        ('import pickle; pickle.loads(b"")', "The pickled data end before anything is read"),
        ('import pickle; pickle.loads(b"x")', "The bytes are not a pickle"),
        ("import asyncio; asyncio.get_running_loop()", "No event loop runs in this thread"),
        ("import io; io.StringIO().fileno()", "The stream has no file descriptor"),
        (
            "import graphlib; graphlib.TopologicalSorter({1: [1]}).prepare()",
            "The graph depends on itself",
        ),
        ("import heapq; heapq.heappop([])", "The heap, a list, is empty"),
    ),
}

STATUSES = {
    1: (200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 500, 503),
    2: (202, 307, 308, 405, 408, 409, 410, 418, 429, 501, 502, 504),
    3: (100, 101, 206, 300, 303, 406, 411, 412, 413, 414, 415, 422),
    4: (203, 205, 402, 407, 416, 417, 426, 428, 431, 451, 505, 511),
    5: (102, 103, 207, 208, 226, 305, 421, 423, 424, 506, 507, 508),
}
RFC_9110 = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""Phrases of which older versions of Python have older ones."""
STATUS_ALIASES = {
    203: ("Non-Authoritative Info", "Non Authoritative Information"),
    302: ("Moved Temporarily",),
    408: ("Request Time-out",),
    413: ("Request Entity Too Large", "Payload Too Large"),
    414: ("Request-URI Too Long", "Request-URI Too Large"),
    416: ("Requested Range Not Satisfiable",),
    422: ("Unprocessable Entity",),
    504: ("Gateway Time-out",),
}


def write(
    name: str,
    source: str,
    columns: str,
    rows: list[tuple[str, ...]],
    version_and_licence: tuple[str, str] = FROM_PYTHON,
) -> None:
    """Write one table; the columns are separated by spaces in `columns`."""
    version, licence = version_and_licence
    head = [f"# source: {source}", f"# version: {version}", f"# licence: {licence}"]
    lines = ["\t".join(row) for row in [tuple(columns.split()), *rows]]
    assert all(line.isascii() and line.count("\t") == columns.count(" ") for line in lines)
    (FACTS / f"{name}.tsv").write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def builtin_rows() -> list[tuple[str, ...]]:
    """Return the built-ins, each example evaluated."""
    rows = []
    for level, facts in BUILTINS.items():
        for name, purpose, example in facts:
            assert callable(getattr(builtins, name, None)), name
            assert name not in purpose, name
            call, gives, result = example.partition(" gives ")
            if gives:
                assert repr(eval(call)) == result, (example, eval(call))
            rows.append((name, purpose, example, str(level)))
    return rows


def exception_rows() -> list[tuple[str, ...]]:
    """Return the failing lines with the class that running them raises."""
    rows = []
    for level, facts in EXCEPTIONS.items():
        for code, reason in facts:
            try:
                exec(code, {})
            except BaseException as error:  # noqa: BLE001
                kind = type(error)
            else:
                raise AssertionError(code)
            full = "|".join(full_names(kind, code))
            rows.append((code, kind.__name__, full, reason, str(level)))
    return rows


def full_names(kind: type, code: str) -> list[str]:
    """Return the names of a class with its module: the imported one, and where it is defined."""
    if kind.__module__ == "builtins":
        return [kind.__name__]
    imported = code.removeprefix("import ").partition(";")[0]
    assert getattr(importlib.import_module(imported), kind.__name__) is kind, code
    return sorted({f"{imported}.{kind.__name__}", f"{kind.__module__}.{kind.__name__}"})


def status_rows() -> list[tuple[str, ...]]:
    """Return the HTTP status codes with the phrases of RFC 9110 and `http.HTTPStatus`."""
    rows = []
    for level, codes in STATUSES.items():
        for code in codes:
            aliases = STATUS_ALIASES.get(code, ())
            phrase = RFC_9110.get(code, HTTPStatus(code).phrase)
            assert HTTPStatus(code).phrase in (phrase, *aliases), code
            rows.append((str(code), phrase, "|".join(aliases), str(level)))
    return rows


def main() -> None:
    """Write the three tables."""
    write(
        "python_builtins",
        "names from the module builtins; purposes compiled by the project",
        "name purpose example level",
        builtin_rows(),
    )
    write(
        "python_exceptions",
        "classes from executing the code; code and reasons compiled by the project",
        "code exception full_names reason level",
        exception_rows(),
    )
    write(
        "http_statuses",
        "http.HTTPStatus of the standard library (IANA registry); RFC 9110 for newer phrases",
        "code phrase aliases level",
        status_rows(),
    )


if __name__ == "__main__":
    main()
