"""coding/diagnostic: where a program departs from what it should do, or fails."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import SetAnswer, StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of programs in which nothing is wrong."""

BUG_KINDS = (
    "wrong number",
    "wrong operator",
    "wrong variable",
    "wrong condition",
    "reversed operands",
    "wrong formula",
)
BOUND_KINDS = ("starts late", "starts early", "stops early", "stops late")
FAILURE_KINDS = ("index out of range", "missing key", "empty list", "division by zero")

_BUG_WORDINGS = (
    "Each comment says what its line should do. Which line does something else?\n{}",
    "In which line does the code not do what its comment says?\n{}",
    "One line of this Python code may differ from its comment. Which one?\n{}",
    "Compare each line with its comment. Which line is wrong?\n{}",
)
_LOOP_WORDINGS = (
    "This Python code should print {wanted}.\n{code}\n"
    "Which number is missing or extra? Answer with it, or none.",
    "The output of this Python code should be {wanted}.\n{code}\n"
    "Is a number missing or extra? Answer with that number, or none.",
    "Wanted: {wanted}.\n{code}\n"
    "Which number does the code leave out or print in excess? Answer with it, or none.",
    "A programmer wants to print {wanted}.\n{code}\n"
    "Name the number that is missing or extra in the output, or answer none.",
)
_FAILURE_WORDINGS = (
    "Which line of this Python code raises an exception?\n{}",
    "This Python code is run. In which line does it stop with an exception?\n{}",
    "Find the line of this Python code that raises an exception.\n{}",
    "Does this Python code raise an exception, and in which line?\n{}",
)
_BY_NUMBER = "Answer with the line number, or none."
_BUG_LINES = {1: 3, 2: 4, 3: 6, 4: 10, 5: 16}
_VARIABLES = {1: "x", 2: "ab", 3: "ab", 4: "abc", 5: "abcd"}
_FAILURE_LINES = {1: 4, 2: 5, 3: 8, 4: 12, 5: 20}


class _Line(NamedTuple):
    """What a line should do, the plain code for it, equivalent code and (kind, wrong code)."""

    task: str
    plain: str
    same: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]


@family(
    "coding/diagnostic",
    capacity={1: 10**4, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def bug_line(rng: Random, level: int) -> Problem:
    """Find the line of a program that does not do what its comment says.

    Isolates comparing an intention with code; 30 % of the programs are right. Planted are the
    BUG_KINDS. Levels 1 and 2 have plain lines with one and two variables; from level 3 on right
    lines may be written in an unusual but equivalent way, and the level adds lines and variables.
    """
    names = _VARIABLES[level]
    lines = [_assignment(rng, name) for name in names]
    while len(lines) < _BUG_LINES[level]:
        lines.append(_task(rng, level, names))
    bug = None if rng.random() < CLEAN_SHARE else rng.randrange(len(lines))
    shown, steps = [], []
    for number, line in enumerate(lines, start=1):
        code = line.plain
        if level >= 3 and line.same and rng.random() < 0.7:
            code = rng.choice(line.same)
        step = f"Line {number}: {line.task} is {line.plain}"
        if number - 1 == bug:
            kind, code = rng.choice(line.wrong)
            steps.append(f"{step}, not {code}: {kind}.")
        elif bug is None or number <= bug:
            steps.append(
                f"{step}, right." if code == line.plain else f"{step}; {code} does the same."
            )
        shown.append(f"{number}: {code} # {line.task}")
    if bug is None:
        steps.append("No line is wrong.")
    code = "\n".join(shown)
    return Problem(
        question=f"{rng.choice(_BUG_WORDINGS).format(code)}\n{_BY_NUMBER}",
        answer=StepAnswer(index=None if bug is None else bug + 1, steps=len(lines)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"bug_line {code}",
    )


def _assignment(rng: Random, name: str) -> _Line:
    number, other = rng.sample(range(1, 10), 2)
    wrong = ((BUG_KINDS[0], f"{name} = {other}"),)
    return _Line(f"set {name} to {number}", f"{name} = {number}", (), wrong)


def _task(rng: Random, level: int, names: str) -> _Line:
    v = rng.choice(names)
    w = rng.choice([n for n in names if n != v] or [v])
    makers: tuple[Callable[..., _Line], ...] = (_add, _subtract, _multiply)
    if level >= 2:
        makers += (_add_variable, _subtract_variable)
    if level >= 3:
        makers += (_swap, _larger, _smaller, _remainder, _halve, _distance, _negate)
    n, other = rng.sample(range(2, 10), 2)
    return rng.choice(makers)(v, w, n, other)


def _add(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} += {n}", f"{v} -= -{n}", f"{v} = {n} + {v}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} + {other}"), (BUG_KINDS[1], f"{v} = {v} - {n}"))
    return _Line(f"add {n} to {v}", f"{v} = {v} + {n}", same, wrong)


def _subtract(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} -= {n}", f"{v} += -{n}", f"{v} = -{n} + {v}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} - {other}"), (BUG_KINDS[1], f"{v} = {v} + {n}"))
    return _Line(f"subtract {n} from {v}", f"{v} = {v} - {n}", same, wrong)


def _multiply(v: str, _w: str, n: int, other: int) -> _Line:
    same = (f"{v} *= {n}", f"{v} = {n} * {v}", f"{v} += {v} * {n - 1}")
    wrong = ((BUG_KINDS[0], f"{v} = {v} * {other}"), (BUG_KINDS[1], f"{v} = {v} + {n}"))
    return _Line(f"multiply {v} by {n}", f"{v} = {v} * {n}", same, wrong)


def _add_variable(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} += {w}", f"{v} = {w} + {v}", f"{v} -= -{w}")
    wrong = ((BUG_KINDS[2], f"{w} = {v} + {w}"), (BUG_KINDS[1], f"{v} = {v} - {w}"))
    return _Line(f"add {w} to {v}", f"{v} = {v} + {w}", same, wrong)


def _subtract_variable(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} -= {w}", f"{v} = -{w} + {v}", f"{v} += -{w}")
    wrong = ((BUG_KINDS[4], f"{v} = {w} - {v}"), (BUG_KINDS[1], f"{v} = {v} + {w}"))
    return _Line(f"subtract {w} from {v}", f"{v} = {v} - {w}", same, wrong)


def _swap(v: str, w: str, _n: int, _other: int) -> _Line:
    wrong = ((BUG_KINDS[4], f"{v}, {w} = {v}, {w}"), (BUG_KINDS[2], f"{v}, {w} = {w}, {w}"))
    return _Line(f"swap {v} and {w}", f"{v}, {w} = {w}, {v}", (f"{w}, {v} = {v}, {w}",), wrong)


def _larger(v: str, w: str, _n: int, _other: int) -> _Line:
    return _extreme(v, w, "larger", "max", ">", "<")


def _smaller(v: str, w: str, _n: int, _other: int) -> _Line:
    return _extreme(v, w, "smaller", "min", "<", ">")


def _extreme(v: str, w: str, word: str, function: str, sign: str, opposite: str) -> _Line:
    same = (f"{v} = {w} if {w} {sign} {v} else {v}", f"{v} = {v} if {w} {opposite} {v} else {w}")
    wrong = (
        (BUG_KINDS[3], f"{v} = {w} if {v} {sign} {w} else {v}"),
        (BUG_KINDS[3], f"{v} = {v} if {v} {opposite} {w} else {w}"),
        (BUG_KINDS[2], f"{w} = {function}({v}, {w})"),
    )
    task = f"set {v} to the {word} of {v} and {w}"
    return _Line(task, f"{v} = {function}({v}, {w})", same, wrong)


def _remainder(v: str, _w: str, n: int, _other: int) -> _Line:
    same = (f"{v} %= {n}", f"{v} -= {v} // {n} * {n}", f"{v} = ({v} + {n}) % {n}")
    wrong = (
        (BUG_KINDS[1], f"{v} = {v} // {n}"),
        (BUG_KINDS[5], f"{v} -= {v} // {n}"),
        (BUG_KINDS[0], f"{v} = {v} % {n} + {n}"),
    )
    return _Line(f"set {v} to its remainder modulo {n}", f"{v} = {v} % {n}", same, wrong)


def _halve(v: str, _w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} //= 2", f"{v} >>= 1", f"{v} = ({v} - {v} % 2) // 2")
    wrong = (
        (BUG_KINDS[5], f"{v} = ({v} + 1) // 2"),
        (BUG_KINDS[5], f"{v} -= {v} // 2"),
        (BUG_KINDS[1], f"{v} = {v} % 2"),
    )
    return _Line(f"halve {v}, rounding down", f"{v} = {v} // 2", same, wrong)


def _distance(v: str, w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} = abs({w} - {v})", f"{v} = max({v}, {w}) - min({v}, {w})")
    wrong = (
        (BUG_KINDS[1], f"{v} = abs({v} + {w})"),
        (BUG_KINDS[5], f"{v} = abs({v}) - abs({w})"),
        (BUG_KINDS[4], f"{v} = min({v}, {w}) - max({v}, {w})"),
    )
    return _Line(f"set {v} to the distance from {v} to {w}", f"{v} = abs({v} - {w})", same, wrong)


def _negate(v: str, _w: str, _n: int, _other: int) -> _Line:
    same = (f"{v} *= -1", f"{v} = 0 - {v}", f"{v} -= 2 * {v}", f"{v} = ~{v} + 1")
    wrong = ((BUG_KINDS[5], f"{v} = ~{v}"), (BUG_KINDS[1], f"{v} -= {v}"))
    return _Line(f"change the sign of {v}", f"{v} = -{v}", same, wrong)


class _Loop(NamedTuple):
    wanted: str
    code: str
    wished: list[int]
    printed: list[int]
    steps: list[str]


@family(
    "coding/diagnostic",
    capacity={1: 270, 2: 3_000, 3: 10**4, 4: 10**6, 5: 10**5},
)
def off_by_one(rng: Random, level: int) -> Problem:
    """Name the number that a loop leaves out or prints in excess, if any.

    Isolates the bounds of loops; about 30 % of the loops are right. Planted are the BOUND_KINDS.
    Level 1 has ranges with step 1, level 2 larger steps, where a changed stop often makes no
    difference; level 3 and 4 while loops up and down to a limit that is not always hit, level 5
    sequences that grow by a formula.
    """
    makers = {1: _small_range, 2: _stepped_range, 3: _while_loop, 4: _while_loop, 5: _growing}
    clean = rng.random() < CLEAN_SHARE
    loop = makers[level](rng, level)
    while len(set(loop.wished) ^ set(loop.printed)) != (0 if clean else 1):
        loop = makers[level](rng, level)
    different = tuple(set(loop.wished) ^ set(loop.printed))
    verdict = _verdict(loop, different[0]) if different else "no number is missing or extra"
    question = rng.choice(_LOOP_WORDINGS).format(wanted=loop.wanted, code=loop.code)
    return Problem(
        question=question,
        answer=SetAnswer(items=tuple(map(str, different))),
        short=(verdict,),
        long=(*loop.steps, verdict),
        key=f"off_by_one {loop.wanted} {loop.code}",
    )


def _verdict(loop: _Loop, number: int) -> str:
    if number in loop.wished:
        kind = BOUND_KINDS[0] if number == loop.wished[0] else BOUND_KINDS[2]
        return f"the loop {kind}: {number} is missing"
    kind = BOUND_KINDS[1] if number == loop.printed[0] else BOUND_KINDS[3]
    return f"the loop {kind}: {number} is extra"


def _small_range(rng: Random, _level: int) -> _Loop:
    start, length = rng.randint(1, 9), rng.randint(3, 8)
    last = start + length - 1
    first, stop = start + rng.choice((-1, 0, 0, 1)), last + rng.choice((0, 1, 1, 2))
    steps = [
        f"range({first}, {stop}) starts at {first}, wanted {start}",
        f"it ends at {stop} - 1 = {stop - 1}, wanted {last}",
    ]
    code = f"for i in range({first}, {stop}):\n  print(i)"
    wanted = f"the whole numbers from {start} to {last}"
    return _Loop(wanted, code, list(range(start, last + 1)), list(range(first, stop)), steps)


def _stepped_range(rng: Random, _level: int) -> _Loop:
    start, step, length = rng.randint(1, 20), rng.randint(2, 5), rng.randint(3, 6)
    wished = [start + k * step for k in range(length)]
    first = start + step * rng.choice((-1, 0, 0, 0, 1))
    stop = wished[-1] + rng.choice((0, *range(1, step + 1), step + 1, 2 * step))
    printed = list(range(first, stop, step))
    steps = [f"starts with {first}"]
    steps += [
        f"{n} + {step} = {n + step} {'<' if n + step < stop else '>='} {stop}" for n in printed
    ]
    if printed:
        steps.append(f"prints {', '.join(map(str, printed))}")
    wanted = f"{', '.join(map(str, wished[:-1]))} and {wished[-1]}"
    code = f"for i in range({first}, {stop}, {step}):\n  print(i)"
    return _Loop(wanted, code, wished, printed, steps)


def _while_loop(rng: Random, level: int) -> _Loop:
    step = rng.randint(2, 9) if level == 3 else rng.randint(11, 49)
    count = rng.randint(4, 7) if level == 3 else rng.randint(9, 14)
    start = rng.randint(0, 40) if level == 3 else rng.randint(50, 400)
    rising = rng.random() < 0.5
    if not rising:
        start += step * count
    way = 1 if rising else -1
    limit = start + way * (step * (count - 1) + rng.choice((0, 0, -1, 1, rng.randint(0, step))))
    next_text = f"{start}, {start + way * step}, {start + 2 * way * step} and so on"
    bound = f"as long as they are at {'most' if rising else 'least'} {limit}"
    sign = ("<" if rising else ">") + rng.choice(("", "="))
    stop = limit + rng.choice((-1, 0, 0, 1))
    change = f"i {'+' if rising else '-'}= {step}"
    wished = list(range(start, limit + way, way * step))
    edge = stop + (way if sign.endswith("=") else 0)
    printed = list(range(start, edge, way * step))
    code = f"i = {start}\nwhile i {sign} {stop}:\n  print(i)\n  {change}"
    return _Loop(f"{next_text}, {bound}", code, wished, printed, _compare(wished, printed))


def _growing(rng: Random, _level: int) -> _Loop:
    divisor, term, start = rng.randint(2, 4), rng.randint(2, 30), rng.randint(3, 60)
    terms = [start]
    for _ in range(rng.randint(9, 13)):
        terms.append(terms[-1] + terms[-1] // divisor + term)
    limit = terms[-3] + rng.choice((0, 0, 0, -1, 1, 2))
    sign, stop = rng.choice(("<", "<=")), limit + rng.choice((-1, 0, 0, 1))
    wished = [n for n in terms if n <= limit]
    printed = [n for n in terms if n < stop + (sign == "<=")]
    rule = f"i + i // {divisor} + {term}"
    wanted = f"the numbers up to {limit} (included) of the sequence that starts with {start}"
    wanted = f"{wanted} and goes on from i to {rule}"
    code = f"i = {start}\nwhile i {sign} {stop}:\n  print(i)\n  i = {rule}"
    steps = [f"{n} + {n // divisor} + {term} = {n + n // divisor + term}" for n in terms[:-2]]
    steps += _compare(wished, printed)
    return _Loop(wanted, code, wished, printed, steps)


def _compare(wished: list[int], printed: list[int]) -> list[str]:
    return [
        f"wanted: {', '.join(map(str, wished))}",
        f"printed: {', '.join(map(str, printed))}",
    ]


class _Memory(NamedTuple):
    """What a program holds: a list `a`, a dictionary `d` and a number `n`."""

    items: tuple[int, ...]
    entries: tuple[tuple[str, int], ...]
    number: int

    @property
    def keys(self) -> str:
        return ", ".join(key for key, _ in self.entries)

    def listed(self) -> str:
        return f"a = {list(self.items)}"

    def mapped(self) -> str:
        return "d = {" + ", ".join(f'"{k}": {v}' for k, v in self.entries) + "}"


class _Statement(NamedTuple):
    """A line of code, what it rests on, why it fails (or None) and the memory after it."""

    code: str
    note: str
    failure: str | None
    after: _Memory


@family(
    "coding/diagnostic",
    capacity={1: 10**5, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def exception_or_not(rng: Random, level: int) -> Problem:
    """Find the line in which a program stops with an exception, if any.

    Isolates checking each operation against the current values; 30 % of the programs run through.
    Planted are the FAILURE_KINDS. Level 1 reads a list by index, level 2 also a dictionary; from
    level 3 on the list, the dictionary and a number change, and the level adds lines.
    """
    memory = _memory(rng, level)
    header = [memory.listed()]
    if level >= 2:
        header.append(memory.mapped())
    if level >= 3:
        header.append(f"n = {memory.number}")
    total = _FAILURE_LINES[level]
    bad = None if rng.random() < CLEAN_SHARE else rng.randint(len(header) + 1, total)
    lines, steps = list(header), []
    for number in range(len(header) + 1, total + 1):
        statement = _draw(rng, level, memory)
        while (statement.failure is not None) != (number == bad):
            statement = _draw(rng, level, memory)
        memory = statement.after
        lines.append(statement.code)
        if bad is None or number <= bad:
            steps.append(f"Line {number}: {statement.note}; {statement.failure or 'fine'}.")
    if bad is None:
        steps.append("No line raises an exception.")
    code = "\n".join(f"{number}: {line}" for number, line in enumerate(lines, start=1))
    return Problem(
        question=f"{rng.choice(_FAILURE_WORDINGS).format(code)}\n{_BY_NUMBER}",
        answer=StepAnswer(index=bad, steps=total),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"exception_or_not {code}",
    )


def _memory(rng: Random, level: int) -> _Memory:
    items = tuple(rng.randint(1, 9) for _ in range(rng.randint(2, 4 if level > 1 else 5)))
    keys = rng.sample("pqrst", 3) if level >= 2 else []
    entries = tuple((key, rng.randint(1, 9)) for key in keys)
    return _Memory(items, entries, rng.randint(1, 9))


def _draw(rng: Random, level: int, memory: _Memory) -> _Statement:
    if level == 1:
        return _print_item(rng, memory)
    if level == 2:
        return rng.choice((_print_item, _print_entry))(rng, memory)
    makers = (_pop, _pop, _append, _item, _entry, _shrink, _delete, _store, _divide, _nth_item)
    return rng.choice(makers)(rng, memory)


def _print_item(rng: Random, memory: _Memory) -> _Statement:
    index = rng.randint(0, len(memory.items) + 1)
    return _Statement(f"print(a[{index}])", *_at(memory, index), memory)


def _at(memory: _Memory, index: int) -> tuple[str, str | None]:
    size = len(memory.items)
    count = f"{size} item{'s' * (size != 1)}"
    return f"index {index} of {count}", None if -size <= index < size else FAILURE_KINDS[0]


def _key(memory: _Memory, key: str) -> tuple[str, str | None]:
    note = f"key {key} of {memory.keys or 'no keys'}"
    return note, None if key in dict(memory.entries) else FAILURE_KINDS[1]


def _print_entry(rng: Random, memory: _Memory) -> _Statement:
    key = rng.choice("pqrst")
    return _Statement(f'print(d["{key}"])', *_key(memory, key), memory)


def _nth_item(_rng: Random, memory: _Memory) -> _Statement:
    return _Statement("print(a[n])", *_at(memory, memory.number), memory)


def _item(rng: Random, memory: _Memory) -> _Statement:
    index = rng.randint(-len(memory.items) - 1, len(memory.items))
    note, failure = _at(memory, index)
    after = memory if failure else memory._replace(number=memory.items[index])
    if not failure:
        note += f", n = {after.number}"
    return _Statement(f"n = a[{index}]", note, failure, after)


def _entry(rng: Random, memory: _Memory) -> _Statement:
    key = rng.choice("pqrst")
    note, failure = _key(memory, key)
    after = memory if failure else memory._replace(number=dict(memory.entries)[key])
    if not failure:
        note += f", n = {after.number}"
    return _Statement(f'n = d["{key}"]', note, failure, after)


def _shrink(rng: Random, memory: _Memory) -> _Statement:
    term = rng.randint(1, 9)
    after = memory._replace(number=memory.number - term)
    note = f"n = {memory.number} - {term} = {after.number}"
    return _Statement(f"n = n - {term}", note, None, after)


def _append(rng: Random, memory: _Memory) -> _Statement:
    value = rng.randint(1, 9)
    after = memory._replace(items=(*memory.items, value))
    return _Statement(f"a.append({value})", after.listed(), None, after)


def _pop(rng: Random, memory: _Memory) -> _Statement:
    front = rng.random() < 0.5
    code = "a.pop(0)" if front else "a.pop()"
    if not memory.items:
        return _Statement(code, "a = []", FAILURE_KINDS[2], memory)
    after = memory._replace(items=memory.items[1:] if front else memory.items[:-1])
    return _Statement(code, after.listed(), None, after)


def _delete(rng: Random, memory: _Memory) -> _Statement:
    key = rng.choice("pqrst")
    note, failure = _key(memory, key)
    after = memory._replace(entries=tuple(e for e in memory.entries if e[0] != key))
    if not failure:
        note += f", left: {after.keys or 'none'}"
    return _Statement(f'del d["{key}"]', note, failure, after)


def _store(rng: Random, memory: _Memory) -> _Statement:
    key = rng.choice("pqrst")
    after = memory._replace(entries=tuple({**dict(memory.entries), key: memory.number}.items()))
    return _Statement(f'd["{key}"] = n', f"{key} = {memory.number}, keys {after.keys}", None, after)


def _divide(rng: Random, memory: _Memory) -> _Statement:
    term = rng.choice((rng.randint(1, 9), max(1, memory.number)))
    note = f"{memory.number} - {term} = {memory.number - term}"
    failure = None if memory.number != term else FAILURE_KINDS[3]
    return _Statement(f"print(60 // (n - {term}))", note, failure, memory)
