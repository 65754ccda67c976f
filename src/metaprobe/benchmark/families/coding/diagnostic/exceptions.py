"""coding/diagnostic: in which line a program stops with an exception, if any."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of programs that run through."""

FAILURE_KINDS = ("index out of range", "missing key", "empty list", "division by zero")
_WORDINGS = (
    "Which line of this Python code raises an exception?\n{}",
    "This Python code is run. In which line does it stop with an exception?\n{}",
    "Find the line of this Python code that raises an exception.\n{}",
    "Does this Python code raise an exception, and in which line?\n{}",
)
_BY_NUMBER = "Answer with the line number, or none."
_LINES = {1: 4, 2: 5, 3: 8, 4: 12, 5: 20}


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
    total = _LINES[level]
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
        question=f"{rng.choice(_WORDINGS).format(code)}\n{_BY_NUMBER}",
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
