"""Second solvers for coding: the shown code is executed, graphs and tables are searched anew."""

import ast
import contextlib
import http.client
import io
import re
from itertools import product
from random import Random

from solvers import solves

INTEGER_EXPRESSION = re.compile(r"[-(]*\d[\d()+*/%&|^<> -]*[\d)]")


def printed(code: str) -> list[str]:
    """Run a program and return the lines that it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    return out.getvalue().splitlines()


def program(question: str, first: str) -> str:
    """Return the lines from the one that starts with `first` to the last line of code."""
    lines = question.splitlines()
    start = next(i for i, line in enumerate(lines) if re.match(first, line))
    code = []
    for line in lines[start:]:
        if code and not re.match(r" |for |while |print\(|[a-z][\w, ]* = |[a-z]\.|i [+-]= ", line):
            break
        code.append(line)
    return "\n".join(code)


def numbered_lines(question: str) -> list[str]:
    return re.findall(r"^\d+: (.*)$", question, re.MULTILINE)


@solves("coding/calculation/integer_operators")
@solves("coding/calculation/bit_operations")
def integer_expression(question: str) -> str:
    expression = max(INTEGER_EXPRESSION.findall(question), key=len)
    for extra in range(3):  # print(...) may lend its closing bracket
        text = expression[: len(expression) - extra]
        if text.count("(") == text.count(")"):
            return str(eval(text))
    raise AssertionError(question)


@solves("coding/calculation/loop_iteration_count")
def loop_iteration_count(question: str) -> str:
    return str(len(printed(program(question, r"for |n = "))))


@solves("coding/enumeration/comprehension_output")
def comprehension_output(question: str) -> str:
    return ", ".join(map(str, eval(re.search(r"^\[.*\]$", question, re.MULTILINE)[0])))


@solves("coding/enumeration/truth_table_rows")
def truth_table_rows(question: str) -> str:
    names = re.search(r"\(((?:[a-z], )+[a-z])\)", question)[1].split(", ")
    text = re.search(r"`(.+)`", question)[1]
    code = compile(text, "condition", "eval")
    rows = product((False, True), repeat=len(names))
    true = [row for row in rows if eval(code, dict(zip(names, row, strict=True)))]
    return ", ".join(str(tuple(map(int, row))) for row in true)


@solves("coding/enumeration/reachable_states")
def reachable_states(question: str) -> str:
    moves = re.findall(r"([A-Z]) -> ([A-Z])", question)
    if moves:
        reached = {re.search(r"(?:starts in|from|that) ([A-Z])\b", question)[1]}
        for _ in range(30):
            reached |= {b for a, b in moves if a in reached}
        return ", ".join(reached)
    first = re.search(r"x = (\(\w \* x \+ 1\) % \d+)", question)[1]
    second = re.search(r"x = (abs\(x - \d+\))", question)[1]
    values = {int(re.search(r"x (?:=|is) (\d+)", question)[1])}
    while True:
        more = {eval(e, {"x": x, "abs": abs}) for e in (first, second) for x in values} | values
        if more == values:
            return ", ".join(map(str, values))
        values = more


@solves("coding/simulation/loop_trace")
def loop_trace(question: str) -> str:
    return printed(program(question, r"[a-z](, [a-z])* = "))[0]


@solves("coding/simulation/stack_and_queue_ops")
def stack_and_queue_ops(question: str) -> str:
    names: dict = {}
    exec(program(question, r"from |s = "), names)
    return ", ".join(map(str, names["s"]))


@solves("coding/simulation/state_machine")
def state_machine(question: str) -> str:
    table = {
        (row[0], int(symbol)): target
        for row in question.splitlines()
        if re.match(r"[A-J]: ", row)
        for symbol, target in re.findall(r"(\d) -> ([A-J])", row)
    }
    state = re.search(r"(?:in state|in) ([A-J])\b", question)[1]
    for symbol in re.search(r"(?:input|reads?) (\d(?:, \d)*)", question)[1].split(", "):
        state = table[state, int(symbol)]
    return state


BUILTINS = {
    "counts the items": "len", "largest of": "max", "smallest of": "min", "adds up": "sum",
    "drops the minus": "abs", "to the screen": "print", "typed by the user": "input",
    "in order of size": "sorted", "nearest whole": "round", "up to a stop": "range",
    "whole number out": "int", "piece of text": "str", "decimal number": "float",
    "any iterable": "list", "keys to values": "dict", "without order": "set",
    "items of any kind": "tuple", "counts as true": "bool",
    "class of a value": "type", "items of two lists": "zip", "its index": "enumerate",
    "backwards": "reversed", "at least one": "any", "every item": "all", "every one of": "map",
    "pass a test": "filter", "code point of a": "ord",
    "character of a": "chr", "exponent": "pow", "quotient": "divmod", "given class": "isinstance",
    "of a file": "open", "unique to": "id", "documentation": "help", "base 2": "bin",
    "base 16": "hex", "base 8": "oct", "for loop": "iter", "one more item": "next",
    "reads an attribute": "getattr", "assigns an attribute": "setattr",
    "has a named attribute": "hasattr", "used as a function": "callable", "the interactive": "repr",
    "lists the names": "dir", "computes the expression": "eval", "runs the statements": "exec",
    "dictionaries file": "hash", "removes an attribute": "delattr", "__dict__": "vars",
    "namespace": "globals", "hashable collection": "frozenset",
    "an immutable sequence of 8": "bytes", "a mutable sequence of 8": "bytearray",
    "buffer": "memoryview", "derives from": "issubclass", "accented": "ascii",
    "code object": "compile", "imaginary": "complex", "debugger": "breakpoint",
}  # fmt: skip


@solves("coding/fact_retrieval/builtin_by_purpose")
def builtin_by_purpose(question: str) -> str:
    found = [name for words, name in BUILTINS.items() if words in question]
    assert len(found) == 1, (question, found)
    return found[0]


@solves("coding/fact_retrieval/exception_raised")
def exception_raised(question: str) -> str:
    try:
        exec(question.splitlines()[1], {})
    except BaseException as error:  # noqa: BLE001
        return type(error).__name__
    return "none"


@solves("coding/fact_retrieval/http_status")
def http_status(question: str) -> str:
    phrases = {**http.client.responses, 413: "Content Too Large", 414: "URI Too Long"}
    phrases |= {416: "Range Not Satisfiable", 422: "Unprocessable Content"}
    code = re.search(r"\b\d{3}\b", question)
    if code:
        return phrases[int(code[0])]
    wanted = re.search(r'"(.+)"', question)[1]
    return str({phrase: number for number, phrase in phrases.items()}[wanted])


MEANINGS = {
    r"set (\w) to (-?\w+)": lambda v, n, x: {v: x(n)},
    r"set (\w) to the larger of (\w) and (\w)": lambda v, a, b, x: {v: sorted((x(a), x(b)))[1]},
    r"set (\w) to the smaller of (\w) and (\w)": lambda v, a, b, x: {v: sorted((x(a), x(b)))[0]},
    r"set (\w) to its remainder modulo (\d)": lambda v, n, x: {v: divmod(x(v), x(n))[1]},
    r"set (\w) to the distance from \w to (\w)": lambda v, w, x: {
        v: len(range(*sorted((x(v), x(w)))))
    },
    r"add (\w) to (\w)": lambda n, v, x: {v: x(v) + x(n)},
    r"subtract (\w) from (\w)": lambda n, v, x: {v: x(v) - x(n)},
    r"multiply (\w) by (\d)": lambda v, n, x: {v: x(v) * x(n)},
    r"swap (\w) and (\w)": lambda v, w, x: {v: x(w), w: x(v)},
    r"halve (\w), rounding down": lambda v, x: {v: divmod(x(v), 2)[0]},
    r"change the sign of (\w)": lambda v, x: {v: -1 * x(v)},
}


def meant(task: str, state: dict[str, int]) -> dict[str, int]:
    """Return the state after a task in words."""
    for pattern, effect in MEANINGS.items():
        match = re.fullmatch(pattern, task)
        if match:
            changes = effect(*match.groups(), lambda w: state[w] if w in state else int(w))
            return {**state, **changes}
    raise AssertionError(task)


@solves("coding/diagnostic/bug_line")
def bug_line(question: str) -> str:
    """The line is wrong for some values; it must also be wrong for those that it meets."""
    rng = Random(0)
    met: dict[str, int] = {}
    for number, line in enumerate(numbered_lines(question), start=1):
        code, task = line.split(" # ")
        compiled = compile(code, "line", "exec")
        for _ in range(20):
            state = {name: rng.randint(-50, 50) for name in "abcdx"}
            names = dict(state)
            exec(compiled, {}, names)
            if names != meant(task, state):
                wanted = meant(task, met)
                exec(compiled, {}, met)
                assert met != wanted, question
                return str(number)
        exec(compiled, {}, met)
    return "none"


@solves("coding/diagnostic/off_by_one")
def off_by_one(question: str) -> str:
    shown = {int(line) for line in printed(program(question, r"for i|i = "))}
    wanted = wanted_numbers(re.sub(r"\n.*", "", question))
    return ", ".join(map(str, wanted ^ shown)) or "none"


def wanted_numbers(text: str) -> set[int]:
    if match := re.search(r"from (\d+) to (\d+)", text):
        return set(range(int(match[1]), int(match[2]) + 1))
    numbers = [int(n) for n in re.findall(r"-?\d+", text)]
    if "and so on" in text:
        start, second, _, limit = numbers
        end = limit + 1 if second > start else limit - 1
        return set(range(start, end, second - start))
    if "//" not in text:
        return set(numbers)
    limit, start, divisor, term = numbers
    wanted = set()
    while start <= limit:
        wanted.add(start)
        start += start // divisor + term
    return wanted


@solves("coding/diagnostic/exception_or_not")
def exception_or_not(question: str) -> str:
    names = {"print": lambda *_: None}
    for number, line in enumerate(numbered_lines(question), start=1):
        ast.parse(line)
        try:
            exec(line, names)
        except (IndexError, KeyError, ZeroDivisionError):
            return str(number)
    return "none"
