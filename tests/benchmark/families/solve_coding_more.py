"""Second solvers for coding/diagnostic: tests are run, statements are tried on many arguments."""

import re
from itertools import pairwise, product

from solve_coding import numbered_lines
from solvers import solves


def function_f(question: str):
    """Return the function that the question defines, without running the numbered tests."""
    lines = question.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def f"))
    end = next(i for i in range(start + 1, len(lines)) if not lines[i].startswith("  "))
    names: dict = {}
    exec("\n".join(lines[start:end]), names)
    return names["f"]


def meant(purpose: str, x):
    """Return what a comment promises for the argument `x`."""
    if match := re.fullmatch(r"(.+) if x is (.+) (\d+), else (.+)", purpose):
        yes, word, bound, no = match.groups()
        return eval(yes if chosen(x, word, int(bound)) else no, {"x": x})
    if match := re.fullmatch(r"the (sum|number) of the items of a that are (.+) (\d+)", purpose):
        kept = [item for item in x if chosen(item, match[2], int(match[3]))]
        return sum(kept) if match[1] == "sum" else len(kept)
    pairs = list(pairwise(x))
    if match := re.search(r"(larger|smaller) than the item before them$", purpose):
        kept = [(a, b) for a, b in pairs if (b > a if match[1] == "larger" else b < a)]
        if "a[i] - a[i - 1]" in purpose:
            return sum(b - a for a, b in kept)
        return sum(b for _, b in kept) if "the sum" in purpose else len(kept)
    if "longest stretch" in purpose:
        tests = {"larger": lambda a, b: b > a, "smaller": lambda a, b: b < a}
        tests |= {"at least": lambda a, b: b >= a, "at most": lambda a, b: b <= a}
        fits = tests[re.search(r"first is (larger|smaller|at least|at most)", purpose)[1]]
        stretches = [x[i:j] for i in range(len(x)) for j in range(i + 1, len(x) + 1)]
        return max(len(s) for s in stretches if all(map(fits, s, s[1:])))
    start, low, low_again, high, high_again = map(int, re.findall(r"\d+", purpose))
    assert low == low_again
    assert high == high_again
    for item in x:
        start = sorted((low, start + item, high))[1]
    return start


def chosen(x: int, word: str, bound: int) -> bool:
    allowed = {"above": range(bound + 1, 99), "at least": range(bound, 99)}
    allowed |= {"below": range(-99, bound), "at most": range(-99, bound + 1)}
    return x in allowed[word]


@solves("coding/diagnostic/failing_test_case")
def failing_test_case(question: str) -> str:
    f = function_f(question)
    purpose = re.search(r"def f\(.\): # (.+)", question)[1]
    failed = []
    for number, line in enumerate(numbered_lines(question), start=1):
        argument, value = re.fullmatch(r"f\((.+)\) == (-?\d+)", line).groups()
        assert meant(purpose, eval(argument)) == int(value), question
        if f(eval(argument)) != int(value):
            failed.append(str(number))
    assert len(failed) <= 1
    return "".join(failed) or "none"


LISTS = [list(items) for size in range(4) for items in product((0, 1, 6), repeat=size)]
LISTS += [[4, 1, 7, 1, 6, 9], [9, 6, 1, 7, 3, 2, 1], [2, 4, 6, 5, 4, 3], [3, 3, 4, 4, 6, 6, 7]]
LISTS += [[n, n + 1, n, n + 1] for n in range(9)]
LISTS += [[2, 3, 1, 0, 2, 5, 0, 1, 8, 7], [0, 1, 2, 1, 0]]


def outcome(f, a: list[int], n: int):
    """Return the result (or the class of the exception), and the list after the call."""
    given = list(a)
    try:
        return f(given, n=n), given
    except ValueError:
        return ValueError, given


def every_call(f):
    """Yield (list before, n, result, list after) for many calls."""
    for n in range(-3, 9):
        for a in LISTS:
            result, after = outcome(f, a, n)
            yield a, n, result, after


def is_part_of(part: list[int], whole: list[int]) -> bool:
    rest = iter(whole)
    return all(item in rest for item in part)


def holds(text: str, f, calls: list) -> bool:
    """Tell whether a statement about the function holds in every call that is tried."""
    if match := re.fullmatch(r"(f\(.*\)) (?:is|returns) (.+)\.", text):
        return eval(match[1], {"f": f}) == eval(match[2])
    if match := re.fullmatch(r"(\w) is (\d+) if not given\.", text):
        return ((f.__defaults__ or ()) + tuple((f.__kwdefaults__ or {}).values())) == (
            int(match[2]),
        )
    if "f(a, 3)" in text or "f(a, n=3)" in text:
        try:
            f([1], 3)
        except TypeError:
            return "must give it by name" in text
        return "may give n by position" in text
    if text.startswith(("The result is x", "The result is y", "If x")):
        return holds_of_numbers(text, f)
    return holds_of_lists(text, calls)


def holds_of_numbers(text: str, f) -> bool:
    words = {"plus": "+", "minus": "-", "times": "*", "below": "<", "above": ">"}
    plain = re.sub(r"\b(plus|minus|times|below|above)\b", lambda m: words[m[0]], text.strip("."))
    match = re.fullmatch(r"(?:If x is (?P<if>.*) y, the|The) result is (?P<value>.*)", plain)
    pairs = [
        (x, y)
        for x, y in product(range(-12, 13), repeat=2)
        if not match["if"] or eval(f"x {match['if']} y")
    ]
    return all(f(x, y) == eval(match["value"], {"x": x, "y": y}) for x, y in pairs)


def holds_of_lists(text: str, calls: list) -> bool:
    good = [(a, n, r, after) for a, n, r, after in calls if isinstance(r, list)]
    if "ValueError" in text:
        limit = int(re.search(r"is (?:below|smaller than) (-?\d+), and only then", text)[1])
        return all((r is ValueError) == (n < limit) for _, n, r, _ in calls)
    if "The caller's list" in text:
        return ("may be" in text) == any(a != after for a, _, _, after in calls)
    if "a number twice" in text:
        return ("may hold" in text) == any(len(set(r)) < len(r) for _, _, r, _ in good)
    if match := re.search(r"has (at most n - 1|at most n|exactly n) items", text):
        tests = {"at most n - 1": "x <= n - 1", "at most n": "x <= n", "exactly n": "x == n"}
        return all(eval(tests[match[1]], {"x": len(r), "n": n}) for a, n, r, _ in good if a)
    if "order of size" in text:
        return all(r == sorted(r) for _, _, r, _ in good)
    if "stand in" in text:
        way = -1 if "the reverse of" in text else 1
        return all(is_part_of(r, a[::way]) for a, _, r, _ in good if a)
    word, limit = re.search(
        r"o returned item is (at most|at least|below) (n|\d+)\.$", text
    ).groups()
    denied = {"at most": "x <= t", "at least": "x >= t", "below": "x < t"}[word]
    return not any(
        eval(denied, {"x": x, "t": n if limit == "n" else int(limit)})
        for a, n, r, _ in good
        if a
        for x in r
    )


@solves("coding/diagnostic/contradicting_docstring")
def contradicting_docstring(question: str) -> str:
    f = function_f(question)
    statements = re.findall(r'^  (?:""")?(\d+): (.*?)(?:""")?$', question, re.MULTILINE)
    calls = list(every_call(f)) if "def f(a" in question else []
    false = [number for number, text in statements if not holds(text, f, calls)]
    assert len(false) <= 1, (question, false)
    return "".join(false) or "none"
