"""coding/enumeration: the results of itertools, and the substrings of a string."""

from collections.abc import Callable, Iterator
from itertools import combinations, combinations_with_replacement, permutations, product
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer, SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_CODE_WORDINGS = (
    "What does this Python code print?\n{}\nList the items in order.",
    "Run this Python code and list what it prints, in order.\n{}",
    "Which lines does this Python code print? List them in order.\n{}",
)
_COUNT_WORDINGS = (
    "How many lines does this Python code print?\n{}",
    "Count the lines that this Python code prints.\n{}",
    "How often does this Python code call print?\n{}",
)
_SUBSTRING_WORDINGS = (
    "List all different substrings of {s} {rule}.",
    "What are the different substrings of {s} {rule}? List each once.",
    "Find and list all different substrings of {s} {rule}.",
)
_SUBSTRING_COUNT_WORDINGS = (
    "What is the number of different substrings of {s} {rule}?",
    "Count the different substrings of {s} {rule}.",
    "Find the number of different substrings of {s} {rule}.",
)
_CONTIGUOUS = "A substring is a contiguous part of the string."
_TOOLS = ("permutations", "combinations", "combinations_with_replacement")


class _Choices(NamedTuple):
    """What a loop over a function of itertools prints, and how that comes about."""

    code: str
    printed: list[str]
    steps: list[str]


@family(
    "coding/enumeration",
    capacity={1: 10**6, 2: 10**6, 3: 10**6, 4: 10**5, 5: 10**5},
)
def itertools_product(rng: Random, level: int) -> Problem:
    """List or count what a loop over a function of Python's itertools prints.

    Isolates generating all choices in their order. Level 1 is the product of two strings, level 2 a
    product with a condition, level 3 permutations and combinations, level 4 combinations of numbers
    with a condition on their sum, level 5 the number of those that meet a condition on remainders.
    """
    makers = {1: _pairs, 2: _kept_pairs, 3: _of_letters, 4: _with_sum, 5: _with_remainder}
    low, high = (1, 14) if level < 5 else (8, 99)
    choices = makers[level](rng)
    while not low <= len(choices.printed) <= high:
        choices = makers[level](rng)
    count = len(choices.printed)
    shown = f"printed: {', '.join(choices.printed)}"
    wordings = _COUNT_WORDINGS if level == 5 else _CODE_WORDINGS
    return Problem(
        question=rng.choice(wordings).format(choices.code),
        answer=IntegerAnswer(value=count)
        if level == 5
        else SequenceAnswer(items=tuple(choices.printed)),
        short=(f"{count} are printed" if level == 5 else shown,),
        long=(*choices.steps, f"{count} are printed" if level == 5 else shown),
        key=f"itertools_product {choices.code}",
    )


def _letters(rng: Random, count: int) -> str:
    return "".join(rng.sample("abcdefghijklmnopqrstuvwxyz", count))


def _pairs(rng: Random) -> _Choices:
    first, second = _letters(rng, rng.randint(2, 3)), _letters(rng, rng.randint(2, 3))
    steps = [f"{x} with {second}: {', '.join(x + y for y in second)}" for x in first]
    loop = f'for x, y in product("{first}", "{second}"):'
    code = f"from itertools import product\n{loop} print(x + y)"
    return _Choices(code, [x + y for x in first for y in second], steps)


def _kept_pairs(rng: Random) -> _Choices:
    first = [rng.randint(1, 9) for _ in range(3)]
    second = rng.sample(range(1, 10), 3)
    sign = rng.choice("<>")
    printed, steps = [], []
    for x in first:
        tests = []
        for y in second:
            holds = x < y if sign == "<" else x > y
            tests.append(f"{x} {sign} {y} {'yes' if holds else 'no'}")
            if holds:
                printed.append(str(10 * x + y))
                tests[-1] += f" {x}{y}"
        steps.append(", ".join(tests))
    loop = f"for x, y in product({first}, {second}):"
    code = f"from itertools import product\n{loop}\n  if x {sign} y: print(10 * x + y)"
    return _Choices(code, printed, steps)


def _of_letters(rng: Random) -> _Choices:
    tool = rng.choice(_TOOLS)
    letters = _letters(rng, {"permutations": rng.randint(3, 4), "combinations": 5}.get(tool, 4))
    size = rng.randint(2, 3) if tool != "permutations" or len(letters) == 3 else 2
    make: dict[str, Callable[[str, int], Iterator[tuple[str, ...]]]] = {
        "permutations": permutations,
        "combinations": combinations,
        "combinations_with_replacement": combinations_with_replacement,
    }
    printed = ["".join(choice) for choice in make[tool](letters, size)]
    steps = []
    for letter in letters:
        own = [text for text in printed if text[0] == letter]
        steps.append(f"first {letter}: {', '.join(own) or 'none'}")
    code = (
        f'from itertools import {tool}\nfor t in {tool}("{letters}", {size}):\n  print("".join(t))'
    )
    return _Choices(code, printed, steps)


def _with_sum(rng: Random) -> _Choices:
    numbers = sorted(rng.sample(range(1, 16), 7))
    total = rng.randint(sum(numbers[:3]) + 5, sum(numbers[-3:]) - 5)
    printed, steps = [], []
    for x, y in combinations(numbers, 2):
        wanted = total - x - y
        later = [z for z in numbers if z > y]
        found = [z for z in later if z == wanted]
        if later:
            note = f"{total} - {x} - {y} = {wanted}"
            steps.append(f"{note}, {'' if found else 'not '}in the list after {y}")
        printed += [f"{x} {y} {z}" for z in found]
    code = (
        f"from itertools import combinations\nfor x, y, z in combinations({numbers}, 3):\n"
        f'  if x + y + z == {total}: print(f"{{x}}-{{y}}-{{z}}")'
    )
    return _Choices(code, [text.replace(" ", "-") for text in printed], steps)


def _with_remainder(rng: Random) -> _Choices:
    n, modulus = rng.randint(4, 5), rng.randint(4, 7)
    rest = rng.randrange(modulus)
    a, b, c = (rng.randint(1, 5) for _ in range(3))
    sign = rng.choice(("<", "<=", "!="))
    printed, steps = [], []
    for x, y, z in product(range(n), repeat=3):
        if not {"<": x < z, "<=": x <= z, "!=": x != z}[sign]:
            continue
        value = a * x * y + b * y + c * z
        steps.append(f"x = {x}, y = {y}, z = {z}: {value} % {modulus} = {value % modulus}")
        if value % modulus == rest:
            printed.append(f"{x} {y} {z}")
            steps[-1] += f", number {len(printed)}"
    test = f"({a} * x * y + {b} * y + {c} * z) % {modulus} == {rest}"
    code = (
        f"from itertools import product\nfor x, y, z in product(range({n}), repeat=3):\n"
        f"  if x {sign} z and {test}: print(x, y, z)"
    )
    return _Choices(code, printed, steps)


class _Rule(NamedTuple):
    words: str
    fits: Callable[[str], bool]
    sizes: range
    """The lengths that have to be looked at."""


_ALPHABET = {1: 3, 2: 3, 3: 3, 4: 4, 5: 4}
_STRING = {1: 6, 2: 7, 3: 9, 4: 11, 5: 14}


@family(
    "coding/enumeration",
    capacity={1: 2_000, 2: 10**4, 3: 10**5, 4: 10**7, 5: 10**8},
    claim=unordered_claim,
)
def substrings_with_property(rng: Random, level: int) -> Problem:
    """List or count the different substrings of a string that have a property.

    Isolates going through all positions and dropping repeats. Level 1 asks for two letters with a
    given one, level 2 for three letters, levels 3 and 4 for substrings of any length that are
    palindromes, have equal ends or a given number of a letter, level 5 for the number of those.
    """
    low, high = (1, 12) if level < 5 else (8, 60)
    found: list[str] = []
    while not low <= len(found) <= high:
        letters = rng.sample("abcdefghijklmnopqrstuvwxyz", _ALPHABET[level])
        s = "".join(rng.choice(letters) for _ in range(_STRING[level]))
        rule = _rule(rng, level, s)
        found, steps = _search(s, rule)
    shown = f"found: {', '.join(found)}"
    wordings = _SUBSTRING_COUNT_WORDINGS if level == 5 else _SUBSTRING_WORDINGS
    question = rng.choice(wordings).format(s=f'"{s}"', rule=rule.words)
    return Problem(
        question=f"{_CONTIGUOUS} {question}",
        answer=IntegerAnswer(value=len(found)) if level == 5 else SetAnswer(items=tuple(found)),
        short=(f"there are {len(found)}" if level == 5 else shown,),
        long=(*steps, f"{len(found)} {shown}"),
        key=f"substrings_with_property {s} {rule.words}",
    )


def _search(s: str, rule: _Rule) -> tuple[list[str], list[str]]:
    """Return the substrings that fit, and the steps that find them."""
    found: list[str] = []
    steps = []
    for size in rule.sizes:
        parts = list(dict.fromkeys(s[k : k + size] for k in range(len(s) - size + 1)))
        own = [part for part in parts if rule.fits(part)]
        steps.append(f"length {size}: {', '.join(parts)}; fit: {', '.join(own) or 'none'}")
        found += own
    return found, steps


def _rule(rng: Random, level: int, s: str) -> _Rule:
    letter = rng.choice(s)
    if level <= 2:
        size = 2 if level == 1 else 3
        kind = rng.randrange(3)
        words = ("that contain {}", "that do not contain {}", "that start with {}")[kind]
        tests = (lambda t: letter in t, lambda t: letter not in t, lambda t: t[0] == letter)
        text = f"of length {size} {words.format(letter)}"
        return _Rule(text, tests[kind], range(size, size + 1))
    longest = len(s) if level >= 4 else 5
    sizes = range(2, longest + 1)
    lengths = "of length 2 or more" if level >= 4 else "of length 2 to 5"
    count = rng.randint(1, 2)
    often = "exactly once" if count == 1 else "exactly twice"
    other = rng.choice([c for c in s if c != letter] or [letter])
    rules = (
        ("that read the same backwards", lambda t: t == t[::-1]),
        ("whose first and last letter are the same", lambda t: t[0] == t[-1]),
        (f"that contain {letter} {often}", lambda t: t.count(letter) == count),
        (
            f"that start with {letter} and end with {other}",
            lambda t: t[0] == letter and t[-1] == other,
        ),
        ("in which no letter occurs twice", lambda t: len(set(t)) == len(t)),
    )
    words, fits = rng.choice(rules)
    return _Rule(f"{lengths} {words}", fits, sizes)
