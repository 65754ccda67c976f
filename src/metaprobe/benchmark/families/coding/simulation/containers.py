"""coding/simulation: strings and dictionaries that change step by step."""

from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_STRING_WORDINGS = (
    "What is s after this Python code?\n{}\nAnswer without quotes.",
    "This Python code runs. Which string is s at the end?\n{}\nAnswer without quotes.",
    "Which string is s when this Python code has run?\n{}\nAnswer without quotes.",
    "Follow s through this Python code. What is its last value, without quotes?\n{}",
)
_VALUE_WORDINGS = (
    "What does this Python code print?\n{}",
    "Run this Python code. What is printed?\n{}",
    "Which number does this Python code print?\n{}",
    "This Python code prints one number. Which?\n{}",
)
_VALUES_WORDINGS = (
    "List the values of d, in the order in which d holds them, after this Python code.\n{}",
    "List the values of d in the order that list(d.values()) has after this Python code.\n{}",
    "This Python code runs. List what list(d.values()) then holds, in order.\n{}",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_START = {1: 4, 2: 4, 3: 6, 4: 7, 5: 9}
_EDITS = {1: 3, 2: 4, 3: 8, 4: 12, 5: 20}
_LONGEST = {1: 6, 2: 6, 3: 9, 4: 11, 5: 14}
_SHORTEST = 3
_KEYS = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}
_UPDATES = {1: 4, 2: 6, 3: 9, 4: 13, 5: 22}
_LARGEST_VALUE = 99


@family(
    "coding/simulation",
    capacity={1: 10**6, 2: 10**7, 3: 10**10, 4: 10**12, 5: 10**15},
)
def string_edits(rng: Random, level: int) -> Problem:
    """Say what a Python string is after a series of edits.

    Isolates keeping track of the letters and their order. Level 1 adds and drops letters at the
    ends, level 2 also reverses and replaces, level 3 rotates and takes slices, level 4 has edits
    that depend on a comparison of letters, level 5 more of all on a longer string.
    """
    letters = rng.sample(_LETTERS, 8)
    s = "".join(rng.choice(letters[:5]) for _ in range(_START[level]))
    lines, steps = [f's = "{s}"'], [s]
    while len(lines) <= _EDITS[level]:
        code, result, note = _edit(rng, level, s, letters)
        if result == s and level <= 3:
            continue
        s = result
        lines.append(code)
        steps.append(f"{note}: {s}")
    code = "\n".join(lines)
    return Problem(
        question=rng.choice(_STRING_WORDINGS).format(code),
        answer=TextAnswer(value=s),
        short=(f"s is {s}",),
        long=tuple(steps),
        key=f"string_edits {code}",
    )


_Edit = tuple[str, str, str]
"""The code, the string after it, and what it does in words."""


def _edit(rng: Random, level: int, s: str, letters: list[str]) -> _Edit:
    """Return an edit of `s` that keeps its length within bounds."""
    draw = rng.random()
    if level >= 4 and draw < 0.3:
        return _conditional(rng, s, letters)
    if level >= 3 and draw < 0.6:
        return _cut(rng, s)
    if level >= 2 and draw < 0.75:
        return _rearrange(rng, s, letters)
    shrink = len(s) > _SHORTEST and (len(s) >= _LONGEST[level] or rng.random() < 0.45)
    if shrink and rng.random() < 0.5:
        return "s = s[1:]", s[1:], f"drop first {s[0]}"
    if shrink:
        return "s = s[:-1]", s[:-1], f"drop last {s[-1]}"
    letter = rng.choice(letters)
    if rng.random() < 0.5:
        return f's = s + "{letter}"', s + letter, f"add {letter} at the end"
    return f's = "{letter}" + s', letter + s, f"add {letter} in front"


def _rearrange(rng: Random, s: str, letters: list[str]) -> _Edit:
    if rng.random() < 0.5:
        return "s = s[::-1]", s[::-1], "reverse"
    old = rng.choice(s)
    new = rng.choice([letter for letter in letters if letter != old])
    return f's = s.replace("{old}", "{new}")', s.replace(old, new), f"{old} becomes {new}"


def _cut(rng: Random, s: str) -> _Edit:
    k = rng.randint(1, 3)
    kind = rng.randrange(4)
    if kind == 0:
        return f"s = s[{k}:] + s[:{k}]", s[k:] + s[:k], f"first {k} to the end"
    if kind == 1:
        return f"s = s[-{k}:] + s[:-{k}]", s[-k:] + s[:-k], f"last {k} to the front"
    if kind == 2:
        return "s = s[-1] + s[1:-1] + s[0]", s[-1] + s[1:-1] + s[0], "swap the ends"
    if len(s) > 2 * _SHORTEST:
        return "s = s[::2]", s[::2], "every second letter from the first"
    new = s[:k] + s[k::-1]
    return f"s = s[:{k}] + s[{k}::-1]", new, f"{s[:k]} and {s[k::-1]}"


def _conditional(rng: Random, s: str, letters: list[str]) -> _Edit:
    i, j = rng.sample(range(-2, 3), 2)
    sign = rng.choice("<>")
    holds = s[i] < s[j] if sign == "<" else s[i] > s[j]
    letter = rng.choice(letters)
    yes, no = rng.choice(
        (("s[::-1]", "s[1:] + s[0]"), (f's + "{letter}"', "s[1:]"), ("s[:-1]", f'"{letter}" + s'))
    )
    results = {
        "s[::-1]": s[::-1],
        "s[1:] + s[0]": s[1:] + s[0],
        f's + "{letter}"': s + letter,
        "s[1:]": s[1:],
        "s[:-1]": s[:-1],
        f'"{letter}" + s': letter + s,
    }
    result = results[yes if holds else no]
    if not _SHORTEST <= len(result) <= _LONGEST[5]:
        return "s = s[::-1]", s[::-1], "reverse"
    test = f"{s[i]} {sign} {s[j]} {'yes' if holds else 'no'}"
    return f"s = {yes} if s[{i}] {sign} s[{j}] else {no}", result, test


_Key = str | int


class _Update(NamedTuple):
    code: str
    note: str


@family(
    "coding/simulation",
    capacity={1: 10**5, 2: 10**7, 3: 10**10, 4: 10**12, 5: 10**15},
)
def dictionary_updates(rng: Random, level: int) -> Problem:
    """Say what a Python dictionary holds after a series of updates.

    Isolates tracking several values by key; from level 3 on also the order of the keys. Level 1
    sets and changes two entries, level 2 copies between three, level 3 deletes entries and reads
    keys that may be missing, levels 4 and 5 have numbers as keys, so that a value can be the key.
    """
    size = _KEYS[level]
    keys: list[_Key] = list(range(1, size + 1))
    if level <= 3:
        keys = sorted(rng.sample("abcdefghk", size))
    d = {key: rng.randint(1, 9 if level <= 3 else size + 1) for key in keys}
    lines, steps = [f"d = {_show(d)}"], [_show(d)]
    while len(lines) <= _UPDATES[level]:
        update = _update(rng, level, d, keys)
        lines.append(update.code)
        steps.append(f"{update.note}: {_show(d)}" if level >= 3 else update.note)
    if level <= 2:
        return _ask_one(rng, d, lines, steps)
    final = tuple(map(str, d.values()))
    code = "\n".join(lines)
    return Problem(
        question=rng.choice(_VALUES_WORDINGS).format(code),
        answer=SequenceAnswer(items=final),
        short=(f"the values are {', '.join(final)}",),
        long=tuple(steps),
        key=f"dictionary_updates {code}",
    )


def _ask_one(rng: Random, d: dict[_Key, int], lines: list[str], steps: list[str]) -> Problem:
    asked = rng.choice(list(d))
    lines.append(f"print(d[{_quote(asked)}])")
    code = "\n".join(lines)
    return Problem(
        question=rng.choice(_VALUE_WORDINGS).format(code),
        answer=IntegerAnswer(value=d[asked]),
        short=(f"it prints {d[asked]}",),
        long=(*steps, f"{asked} is {d[asked]}"),
        key=f"dictionary_updates {code}",
    )


def _quote(key: _Key) -> str:
    return f'"{key}"' if isinstance(key, str) else str(key)


def _show(d: dict[_Key, int]) -> str:
    return "{" + ", ".join(f"{_quote(key)}: {value}" for key, value in d.items()) + "}"


def _update(rng: Random, level: int, d: dict[_Key, int], keys: list[_Key]) -> _Update:
    """Change `d` by one statement that cannot fail."""
    key = rng.choice(list(d))
    draw = rng.random()
    if level >= 4 and draw < 0.4:
        return _through_a_value(rng, d, key)
    if level >= 3 and draw < 0.7:
        return _presence(rng, d, key, keys)
    if level >= 2 and draw < 0.6 and len(d) > 1:
        return _between(rng, d, key)
    name, number = f"d[{_quote(key)}]", rng.randint(1, 9)
    if rng.random() < 0.25 or (d[key] > _LARGEST_VALUE):
        d[key] = number
        return _Update(f"{name} = {number}", f"{key} = {number}")
    sign = rng.choice("+-")
    old = d[key]
    d[key] = old + number if sign == "+" else old - number
    return _Update(f"{name} {sign}= {number}", f"{key} = {old} {sign} {number} = {d[key]}")


def _between(rng: Random, d: dict[_Key, int], key: _Key) -> _Update:
    other = rng.choice([k for k in d if k != key])
    name, source = f"d[{_quote(key)}]", f"d[{_quote(other)}]"
    kind = rng.randrange(3)
    if kind == 0:
        d[key], d[other] = d[other], d[key]
        note = f"{key} = {d[key]}, {other} = {d[other]}"
        return _Update(f"{name}, {source} = {source}, {name}", note)
    if kind == 1 or abs(d[key]) > _LARGEST_VALUE:
        d[key] = d[other]
        return _Update(f"{name} = {source}", f"{key} = {d[key]}")
    old = d[key]
    d[key] += d[other]
    return _Update(f"{name} += {source}", f"{key} = {old} + {_signed(d[other])} = {d[key]}")


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _presence(rng: Random, d: dict[_Key, int], key: _Key, keys: list[_Key]) -> _Update:
    """Delete, insert or read an entry that may be missing."""
    some = rng.choice(keys)
    name, number = _quote(some), rng.randint(1, 9)
    there = "is there" if some in d else "is missing"
    kind = rng.randrange(4)
    if kind == 0 and len(d) > 2:
        other = rng.choice([k for k in d if k != key])
        value = d.pop(key)
        d[other] += value
        return _Update(f"d[{_quote(other)}] += d.pop({_quote(key)})", f"{value} from {key}")
    if kind == 1 and len(d) > 2:
        d.pop(some, None)
        return _Update(f"d.pop({name}, None)", f"{some} {there}")
    if kind == 2:
        d.setdefault(some, number)
        return _Update(f"d.setdefault({name}, {number})", f"{some} {there}")
    d[some] = d.get(some, 0) + number
    return _Update(f"d[{name}] = d.get({name}, 0) + {number}", f"{some} {there}")


def _through_a_value(rng: Random, d: dict[_Key, int], key: _Key) -> _Update:
    """Use the value of an entry as a key, which may be missing."""
    target, number = d[key], rng.randint(1, 3)
    there = "is there" if target in d else "is missing"
    if rng.random() < 0.5:
        d[key] = d.get(target, number)
        return _Update(f"d[{key}] = d.get(d[{key}], {number})", f"key {target} {there}")
    if len(d) > 2 and rng.random() < 0.6:
        d.pop(target, None)
        return _Update(f"d.pop(d[{key}], None)", f"key {target} {there}")
    d[target] = number
    return _Update(f"d[d[{key}]] = {number}", f"key {target} {there}")
