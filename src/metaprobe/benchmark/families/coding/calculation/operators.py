"""coding/calculation: Python arithmetic on whole numbers, carried out to an exact value."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.family import Problem, family

_EXPRESSION_WORDINGS = (
    "What is the value of the Python expression {}?",
    "What does Python print for print({})?",
    "Evaluate the Python expression {}.",
    "In Python, x = {}. What is x?",
)
_LOOP_WORDINGS = (
    "How many lines does this Python program print?",
    "How many times does this Python program call print?",
    "Count the lines that this Python program prints.",
    "How often is print called when this Python program runs?",
)
_OPERATORS = {3: 3, 4: 5, 5: 8}
_LARGEST_OPERAND = {3: 20, 4: 60, 5: 99}
_LARGEST_PRODUCT = 9_999
_BITS = {1: 3, 2: 4, 3: 6, 4: 8, 5: 12}
_BIT_OPERATIONS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 5}
_LARGEST_SHIFT = 3


@family(
    "coding/calculation",
    capacity={1: 160, 2: 10_000, 3: 10**6, 4: 10**9, 5: 10**15},
)
def integer_operators(rng: Random, level: int) -> Problem:
    """Evaluate a Python expression with floor division and remainder.

    Isolates the operators // and %, together with + - * by precedence. Level 1 is one division of
    a number up to 20, level 2 adds a term, further levels add operators, parentheses and (from
    level 4) negative numbers, where // rounds down and % takes the sign of the divisor.
    """
    if level <= 2:
        expression, value, steps = _small_division(rng, level)
    else:
        tree = _tree(rng, level, _OPERATORS[level])
        while "//" not in tree.text and "%" not in tree.text:
            tree = _tree(rng, level, _OPERATORS[level])
        expression, value, steps = tree.text, tree.value, tree.steps
    return Problem(
        question=rng.choice(_EXPRESSION_WORDINGS).format(expression),
        answer=IntegerAnswer(value=value),
        short=(f"{expression} = {value}",) if level > 1 else (),
        long=steps,
        key=f"integer_operators {expression}",
    )


def _small_division(rng: Random, level: int) -> tuple[str, int, tuple[str, ...]]:
    number = rng.randint(1, 20) if level == 1 else rng.randint(10, 50)
    divisor = rng.randint(2, 5) if level == 1 else rng.randint(3, 9)
    operator = rng.choice(("//", "%"))
    quotient, remainder = divmod(number, divisor)
    steps = [f"{k} * {divisor} = {k * divisor}" for k in range(quotient + 1)]
    steps.append(f"{quotient + 1} * {divisor} = {(quotient + 1) * divisor} > {number}")
    expression = f"{number} {operator} {divisor}"
    value = quotient if operator == "//" else remainder
    if operator == "%":
        steps.append(f"{number} - {quotient * divisor} = {remainder}")
    steps.append(f"{expression} = {value}")
    if level == 2:
        term = rng.randint(1, 9)
        sign = rng.choice("+-")
        total = value + term if sign == "+" else value - term
        steps.append(f"{value} {sign} {term} = {total}")
        expression, value = f"{expression} {sign} {term}", total
    return expression, value, tuple(steps)


class _Tree(NamedTuple):
    text: str
    binding: int
    value: int
    steps: tuple[str, ...]


def _tree(rng: Random, level: int, operators: int) -> _Tree:
    if operators == 0:
        number = rng.randint(2, _LARGEST_OPERAND[level])
        if level >= 4 and rng.random() < 0.3:
            number = -number
        return _Tree(str(number), 3, number, ())
    on_the_left = rng.randint(0, operators - 1)
    left = _tree(rng, level, on_the_left)
    right = _tree(rng, level, operators - 1 - on_the_left)
    sign = rng.choice(("+", "-", "*", "//", "//", "%", "%"))
    # Division by a larger number of the same sign gives 0 and needs no arithmetic.
    smaller = abs(left.value) < abs(right.value) and left.value * right.value >= 0
    if sign in ("//", "%") and (smaller or right.value == 0):
        sign = "+"
    if sign == "*" and abs(left.value * right.value) > _LARGEST_PRODUCT:
        sign = "-"
    binding = 1 if sign in "+-" else 2
    first = left.text if left.binding >= binding else f"({left.text})"
    second = right.text if right.binding > binding else f"({right.text})"
    value, steps = _apply(left.value, sign, right.value)
    return _Tree(f"{first} {sign} {second}", binding, value, (*left.steps, *right.steps, *steps))


def _apply(a: int, sign: str, b: int) -> tuple[int, tuple[str, ...]]:
    if sign in ("//", "%"):
        quotient, remainder = divmod(a, b)
        value = quotient if sign == "//" else remainder
        split = f"{a} = {_signed(quotient)} * {_signed(b)} + {_signed(remainder)}"
        return value, (split, f"{a} {sign} {b} = {value}")
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return value, (f"{a} {sign} {_signed(b)} = {value}",)


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


@family(
    "coding/calculation",
    capacity={1: 147, 2: 675, 3: 10**5, 4: 10**9, 5: 10**15},
)
def bit_operations(rng: Random, level: int) -> Problem:
    """Evaluate a Python expression with the bitwise operators.

    Isolates writing numbers in binary and combining them bit by bit. Levels 1 and 2 are one of
    & | ^ on numbers of 3 and 4 bits; a further level adds bits, operations and shifts.
    """
    largest = 2 ** _BITS[level] - 1
    value = rng.randint(1, largest)
    expression = str(value)
    steps = [_in_bits(value, _BITS[level])]
    for position in range(_BIT_OPERATIONS[level]):
        inner = f"({expression})" if position else expression
        if level >= 3 and rng.random() < 0.3:
            sign, shift = rng.choice(("<<", ">>")), rng.randint(1, _LARGEST_SHIFT)
            shifted = value << shift if sign == "<<" else value >> shift
            steps.append(f"{_bits(value, 1)} {sign} {shift} = {_bits(shifted, 1)}")
            expression, value = f"{inner} {sign} {shift}", shifted
            continue
        sign, other = rng.choice("&|^"), rng.randint(1, largest)
        width = max(_BITS[level], value.bit_length())
        steps.append(_in_bits(other, width))
        value, columns = _combine(value, sign, other, width)
        steps.append(columns)
        expression = f"{inner} {sign} {other}"
    steps.append(f"{_bits(value, _BITS[level])} = {_sum_of_powers(value)}{value}")
    return Problem(
        question=rng.choice(_EXPRESSION_WORDINGS).format(expression),
        answer=IntegerAnswer(value=value),
        short=(f"{expression} = {value}",),
        long=tuple(steps),
        key=f"bit_operations {expression}",
    )


def _combine(a: int, sign: str, b: int, width: int) -> tuple[int, str]:
    value = {"&": a & b, "|": a | b, "^": a ^ b}[sign]
    rows = zip(*(_bits(n, width).split() for n in (a, b, value)), strict=True)
    return value, ", ".join(f"{x} {sign} {y} = {z}" for x, y, z in rows)


def _bits(number: int, width: int) -> str:
    return " ".join(f"{number:0{width}b}")


def _in_bits(number: int, width: int) -> str:
    return f"{number} = {_sum_of_powers(number)}{_bits(number, width)}"


def _sum_of_powers(number: int) -> str:
    powers = [str(1 << k) for k in reversed(range(number.bit_length())) if number >> k & 1]
    return f"{' + '.join(powers)} = " if len(powers) > 1 else ""


class _Loop(NamedTuple):
    header: str
    passes: int
    steps: tuple[str, ...]


@family(
    "coding/calculation",
    capacity={1: 216, 2: 2_352, 3: 10**5, 4: 10**6, 5: 10**6},
)
def loop_iteration_count(rng: Random, level: int) -> Problem:
    """Count the passes of a Python loop from its bounds and step.

    Isolates the arithmetic of half-open bounds: distance, division, rounding up. Levels 1 and 2
    have one rising range, level 3 also while loops and falling ones, level 4 two nested loops with
    independent bounds, level 5 an inner loop whose start is the outer variable.
    """
    makers = {1: _small_range, 2: _small_range, 3: _any_loop, 4: _rectangle, 5: _triangle}
    program, passes, steps = makers[level](rng, level)
    return Problem(
        question=f"{rng.choice(_LOOP_WORDINGS)}\n{program}",
        answer=IntegerAnswer(value=passes),
        short=(f"the number of passes is {passes}",) if level > 1 else (),
        long=steps,
        key=f"loop_iteration_count {program}",
    )


def _small_range(rng: Random, level: int) -> _Loop:
    start = rng.randint(0, 5 if level == 1 else 20)
    distance = rng.randint(1, 12) if level == 1 else rng.randint(3, 30)
    step = rng.randint(1, 3) if level == 1 else rng.randint(2, 5)
    loop = _range_loop("i", start, start + distance, step)
    return loop._replace(header=f"{loop.header}\n  print(i)")


def _range_loop(name: str, start: int, stop: int, step: int) -> _Loop:
    low, high = sorted((start, stop))
    count, steps = _passes(high - low, abs(step))
    last = f", {step}" if step != 1 else ""
    header = f"for {name} in range({start}, {stop}{last}):"
    return _Loop(header, count, (f"{high} - {low} = {high - low}", *steps))


def _passes(distance: int, step: int) -> tuple[int, tuple[str, ...]]:
    quotient, remainder = divmod(distance, step)
    split = f"{distance} = {quotient} * {step} + {remainder}"
    if remainder:
        return quotient + 1, (split, f"{quotient} + 1 = {quotient + 1}")
    return quotient, (split, f"no rest, so {quotient}")


def _any_loop(rng: Random, _level: int) -> _Loop:
    low = rng.randint(0, 60)
    high = low + rng.randint(20, 99)
    step = rng.randint(2, 9)
    rising = rng.random() < 0.5
    start, stop = (low, high) if rising else (high, low)
    if rng.random() < 0.3:
        loop = _range_loop("i", start, stop, step if rising else -step)
        return loop._replace(header=f"{loop.header}\n  print(i)")
    included = rng.random() < 0.5
    count, steps = _passes(high - low, step)
    if included:
        quotient = (high - low) // step
        count = quotient + 1
        steps = (
            f"{high - low} = {quotient} * {step} + {(high - low) % step}",
            f"the start counts too: {quotient} + 1 = {count}",
        )
    sign = ("<" if rising else ">") + ("=" if included else "")
    change = "+=" if rising else "-="
    program = f"n = {start}\nwhile n {sign} {stop}:\n  print(n)\n  n {change} {step}"
    return _Loop(program, count, (f"{high} - {low} = {high - low}", *steps))


def _rectangle(rng: Random, _level: int) -> _Loop:
    loops = []
    for name in "ij":
        low = rng.randint(0, 60)
        high = low + rng.randint(20, 90)
        step = rng.randint(2, 9)
        down = rng.random() < 0.4
        bounds = (high, low, -step) if down else (low, high, step)
        loops.append(_range_loop(name, *bounds))
    outer, inner = loops
    count = outer.passes * inner.passes
    return _Loop(
        f"{outer.header}\n  {inner.header} print(i, j)",
        count,
        (*outer.steps, *inner.steps, f"{outer.passes} * {inner.passes} = {count}"),
    )


def _triangle(rng: Random, _level: int) -> _Loop:
    start, step = rng.randint(0, 20), rng.randint(2, 7)
    rows = rng.randint(6, 10)
    last = start + (rows - 1) * step
    stop = last + rng.randint(1, step)
    limit = last + rng.randint(3, 40)
    inner_step = rng.randint(3, 7)
    outer = _range_loop("i", start, stop, step)
    steps = [*outer.steps]
    total = 0
    for i in range(start, stop, step):
        passes, _ = _passes(limit - i, inner_step)
        distance = f"{limit} - {i} = {limit - i}"
        steps.append(f"i = {i}: {distance}, / {inner_step} rounded up is {passes}")
        steps.append(f"{total} + {passes} = {total + passes}")
        total += passes
    inner = f"for j in range(i, {limit}, {inner_step}): print(i, j)"
    return _Loop(f"{outer.header}\n  {inner}", total, tuple(steps))
