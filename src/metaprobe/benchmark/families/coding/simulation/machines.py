"""coding/simulation: a program, a container or a machine followed step by step."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import ChoiceAnswer, IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_PRINT_WORDINGS = (
    "What does this Python program print?\n{}",
    "Run this Python program. What is printed?\n{}",
    "Which number does this Python program print?\n{}",
    "This Python program prints one number. Which?\n{}",
)
_CONTAINER_WORDINGS = (
    "What does {name} contain after this Python code?\n{code}\nList the items in order.",
    "This Python code runs. List the items of {name} at the end, in order.\n{code}",
    "List, in order, what {name} holds when this Python code has run.\n{code}",
    "Which items are in {name} after these Python statements? List them in order.\n{code}",
)
_MACHINE_WORDINGS = (
    "A machine starts in state {start}. Its moves are\n{table}\n"
    "In which state is it after the input {inputs}?",
    "The moves of a machine are\n{table}\n"
    "It starts in {start} and reads {inputs}. In which state does it end?",
    "Start in state {start} and read {inputs}. The moves are\n{table}\nName the last state.",
    "Started in {start}, this machine reads {inputs}. What is its last state?\n{table}",
)
_PASSES = {1: 3, 2: 5, 3: 6, 4: 9, 5: 16}
_OPERATIONS = {1: 4, 2: 6, 3: 9, 4: 14, 5: 24}
_STATES = {1: 3, 2: 4, 3: 5, 4: 7, 5: 10}
_SYMBOLS = {1: 2, 2: 2, 3: 3, 4: 4, 5: 5}
_INPUTS = {1: 4, 2: 7, 3: 14, 4: 28, 5: 70}


@family(
    "coding/simulation",
    capacity={1: 10**4, 2: 10**6, 3: 10**7, 4: 10**9, 5: 10**9},
)
def loop_trace(rng: Random, level: int) -> Problem:
    """Say what a Python loop with a condition prints.

    Isolates following the values of variables through a branch that depends on them. Levels 1 and
    2 change one variable over 3 and 5 numbers, level 3 and 4 compare two variables, level 5 mixes
    two variables by remainders over 16 passes.
    """
    if level <= 2:
        program, value, steps = _one_variable(rng, level)
    elif level <= 4:
        program, value, steps = _two_variables(rng, level)
    else:
        program, value, steps = _remainders(rng, level)
    return Problem(
        question=rng.choice(_PRINT_WORDINGS).format(program),
        answer=IntegerAnswer(value=value),
        short=(f"it prints {value}",),
        long=tuple(steps),
        key=f"loop_trace {program}",
    )


def _one_variable(rng: Random, level: int) -> tuple[str, int, list[str]]:
    x = rng.randint(1, 9)
    numbers = [rng.randint(1, 9) for _ in range(_PASSES[level])]
    sign = rng.choice("<>")
    bound = rng.choice(("d", str(rng.randint(3, 6))))
    yes, no = ("+", "-") if sign == "<" else ("-", "+")
    header = f"x = {x}\nfor d in {numbers}:\n"
    program = f"{header}  if x {sign} {bound}: x = x {yes} d\n  else: x = x {no} d\nprint(x)"
    steps = [f"x = {x}"]
    for d in numbers:
        limit = d if bound == "d" else int(bound)
        holds = x < limit if sign == "<" else x > limit
        step = yes if holds else no
        result = x + d if step == "+" else x - d
        test = f"{x} {sign} {limit} {'yes' if holds else 'no'}"
        steps.append(f"d = {d}: {test}, x = {x} {step} {d} = {result}")
        x = result
    return program, x, steps


def _two_variables(rng: Random, level: int) -> tuple[str, int, list[str]]:
    a, b = rng.randint(1, 20), rng.randint(1, 20)
    largest = 9 if level == 3 else 30
    numbers = [rng.randint(2, largest) for _ in range(_PASSES[level])]
    header = f"a, b = {a}, {b}\nfor d in {numbers}:\n"
    program = f"{header}  if a < b: a = a + d\n  else: a, b = b + d, a - b\nprint(a + b)"
    steps = [f"a = {a}, b = {b}"]
    for d in numbers:
        if a < b:
            step = f"{a} < {b} yes, a = {a} + {d} = {a + d}, b = {b}"
            a = a + d
        else:
            step = f"{a} < {b} no, a = {b} + {d} = {b + d}, b = {a} - {_signed(b)} = {a - b}"
            a, b = b + d, a - b
        steps.append(f"d = {d}: {step}")
    steps.append(f"{a} + {_signed(b)} = {a + b}")
    return program, a + b, steps


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _remainders(rng: Random, level: int) -> tuple[str, int, list[str]]:
    modulus = rng.choice((89, 97, 101, 103, 107, 109, 113))
    a, b = rng.randint(2, 80), rng.randint(2, 80)
    factor, term, divisor = rng.randint(3, 9), rng.randint(2, 30), rng.randint(2, 4)
    first = f"if a % {divisor} == 0: a, b = b, ({factor} * a + i) % {modulus}"
    second = f"else: a, b = (a + b + {term}) % {modulus}, a"
    header = f"a, b = {a}, {b}\nfor i in range({_PASSES[level]}):"
    program = f"{header}\n  {first}\n  {second}\nprint(a + b)"
    steps = [f"a = {a}, b = {b}"]
    for i in range(_PASSES[level]):
        test = f"i = {i}: {a} % {divisor} = {a % divisor}"
        if a % divisor == 0:
            new = factor * a + i
            steps.append(f"{test}, a = {b}, b = {new} % {modulus} = {new % modulus}")
            a, b = b, new % modulus
        else:
            new = a + b + term
            steps.append(f"{test}, a = {new} % {modulus} = {new % modulus}, b = {a}")
            a, b = new % modulus, a
    steps.append(f"{a} + {b} = {a + b}")
    return program, a + b, steps


class _Operation(NamedTuple):
    code: str
    spoken: str


@family(
    "coding/simulation",
    capacity={1: 10**4, 2: 10**6, 3: 10**8, 4: 10**12, 5: 10**15},
)
def stack_and_queue_ops(rng: Random, level: int) -> Problem:
    """List what a stack, queue or deque contains after a series of operations.

    Isolates keeping track of the order of items. Level 1 is a list used as a stack, level 2 also
    takes from the front, level 3 is a deque, level 4 adds rotation and reversal, level 5 a second
    container that exchanges items with the first.
    """
    length = 3 if level <= 3 else 5
    names = "st" if level == 5 else "s"
    held = {name: [rng.randint(1, 9) for _ in range(length)] for name in names}
    kind = "{}" if level <= 2 else "deque({})"
    lines = [] if level <= 2 else ["from collections import deque"]
    lines += [f"{name} = {kind.format(items)}" for name, items in held.items()]
    steps = [_show(held)]
    removals, header = 0, len(lines)
    while len(lines) - header < _OPERATIONS[level] or not removals:
        before = sum(map(len, held.values()))
        operation = _operate(rng, level, held)
        removals += sum(map(len, held.values())) < before
        lines.append(operation.code)
        steps.append(f"{operation.spoken}: {_show(held)}")
    final = tuple(map(str, held["s"]))
    code = "\n".join(lines)
    return Problem(
        question=rng.choice(_CONTAINER_WORDINGS).format(name="s", code=code),
        answer=SequenceAnswer(items=final),
        short=(f"s holds {', '.join(final)}",),
        long=tuple(steps),
        key=f"stack_and_queue_ops {code}",
    )


def _show(held: dict[str, list[int]]) -> str:
    if len(held) == 1:
        return str(held["s"])
    return ", ".join(f"{name} = {items}" for name, items in held.items())


def _operate(rng: Random, level: int, held: dict[str, list[int]]) -> _Operation:
    """Change `held` by one operation that cannot fail and leaves no container empty."""
    name = rng.choice(sorted(held))
    items = held[name]
    value = rng.randint(1, 9)
    shortest, longest = (2, 5) if level <= 2 else (3, 8)
    short, full = len(items) < shortest, len(items) >= longest
    draw = rng.random()
    if level >= 4 and draw < 0.25:
        return _reorder(rng, name, items)
    if level == 5 and draw < 0.5 and not short:
        return _move(rng, name, held)
    if short or (not full and rng.random() < 0.55):
        if level >= 3 and rng.random() < 0.5:
            items.insert(0, value)
            return _Operation(f"{name}.appendleft({value})", f"{value} in front")
        items.append(value)
        return _Operation(f"{name}.append({value})", f"append {value}")
    if level >= 2 and rng.random() < 0.5:
        first = items.pop(0)
        code = f"{name}.pop(0)" if level == 2 else f"{name}.popleft()"
        return _Operation(code, f"take {first} from the front")
    last = items.pop()
    return _Operation(f"{name}.pop()", f"pop {last}")


def _reorder(rng: Random, name: str, items: list[int]) -> _Operation:
    if rng.random() < 0.4:
        items.reverse()
        return _Operation(f"{name}.reverse()", f"reverse {name}")
    turns = rng.choice((-3, -2, -1, 1, 2, 3))
    cut = -turns % len(items)
    items[:] = items[cut:] + items[:cut]
    way = "right" if turns > 0 else "left"
    return _Operation(f"{name}.rotate({turns})", f"turn {name} {way} by {abs(turns)}")


def _move(rng: Random, name: str, held: dict[str, list[int]]) -> _Operation:
    other = "t" if name == "s" else "s"
    take, at = rng.choice((("pop", -1), ("popleft", 0)))
    value = held[name].pop(at)
    if rng.random() < 0.5:
        held[other].append(value)
        return _Operation(f"{other}.append({name}.{take}())", f"{value} to the end of {other}")
    held[other].insert(0, value)
    return _Operation(f"{other}.appendleft({name}.{take}())", f"{value} to the front of {other}")


@family(
    "coding/simulation",
    capacity={1: 10**4, 2: 10**6, 3: 10**12, 4: 10**15, 5: 10**15},
)
def state_machine(rng: Random, level: int) -> Problem:
    """Name the state in which a finite-state machine ends.

    Isolates repeated look-up in a table where each result is the next row. A level adds states,
    symbols and inputs: 3 states and 4 inputs at level 1, 10 states and 70 inputs at level 5.
    """
    states = "ABCDEFGHIJ"[: _STATES[level]]
    symbols = range(_SYMBOLS[level])
    moves = {(s, k): rng.choice(states) for s in states for k in symbols}
    inputs = [rng.choice(symbols) for _ in range(_INPUTS[level])]
    start = state = rng.choice(states)
    steps = []
    for symbol in inputs:
        target = moves[state, symbol]
        steps.append(f"{state}, {symbol} -> {target}")
        state = target
    rows = (f"{s}: " + ", ".join(f"{k} -> {moves[s, k]}" for k in symbols) for s in states)
    table = "\n".join(rows)
    shown = ", ".join(map(str, inputs))
    return Problem(
        question=rng.choice(_MACHINE_WORDINGS).format(start=start, table=table, inputs=shown),
        answer=ChoiceAnswer(value=state, options=tuple(states)),
        short=(f"it ends in {state}",),
        long=tuple(steps),
        key=f"state_machine {start} {table} {shown}",
    )
