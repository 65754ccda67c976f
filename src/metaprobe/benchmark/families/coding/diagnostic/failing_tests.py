"""coding/diagnostic: which of a function's tests uncovers a bug, if any."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of items in which every test passes; in half of them the function is wrong all the same."""

BUG_KINDS = (
    "boundary on the wrong side",
    "wrong number",
    "wrong result",
    "an item left out",
    "wrong comparison",
)
_WORDINGS = (
    "The comment says what f should return. Which test of f fails?\n{}",
    "These tests follow the comment. Which one fails when Python runs them?\n{}",
    "Run the tests of this Python function. Which test fails?\n{}",
    "At most one test of this Python function fails. Which one?\n{}",
)
_BY_NUMBER = "Answer with its number, or none."
_TESTS = {1: 3, 2: 4, 3: 4, 4: 5, 5: 6}
_ITEMS = {3: 4, 4: 7, 5: 10}
_SIGNS = {"above": ">", "at least": ">=", "below": "<", "at most": "<="}
_STRICTNESS = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}
_OPPOSITE = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_CANDIDATES = 60

_Run = tuple[int, str]
"""What a call returns, and the steps that lead there."""


class _Function(NamedTuple):
    """A function as it is shown, with what it should do and what it does to its arguments."""

    header: str
    body: str
    kind: str | None
    wanted: Callable[[list[int]], _Run]
    got: Callable[[list[int]], _Run]
    arguments: Callable[[Random], list[int]]


class _Test(NamedTuple):
    call: str
    wanted: int
    got: int
    steps: str


@family(
    "coding/diagnostic",
    capacity={1: 10**4, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def failing_test_case(rng: Random, level: int) -> Problem:
    """Find the test that a function fails, or that it passes all.

    Isolates comparing what a function should return with what it returns; planted are the
    BUG_KINDS, and in 30 % of the items no test fails. Levels 1 and 2 have one condition with
    constant and computed results, level 3 a loop with a condition, level 4 a loop over neighbours,
    level 5 a loop that carries a state; a level adds tests and items.
    """
    makers = {1: _threshold, 2: _threshold, 3: _filter, 4: _neighbours, 5: _stateful}
    bad = None if rng.random() < CLEAN_SHARE else rng.randrange(_TESTS[level])
    broken = bad is not None or rng.random() < 0.5
    tests: list[_Test] = []
    while not tests:
        function = makers[level](rng, level, broken)
        tests = _choose(rng, function, _TESTS[level], bad)
    steps, shown = [], []
    for number, test in enumerate(tests, start=1):
        shown.append(f"{number}: {test.call} == {test.wanted}")
        if bad is None or number <= bad + 1:
            end = f": {function.kind}" if test.got != test.wanted else ""
            steps.append(f"Test {number}: {test.steps}, wanted {test.wanted}{end}.")
    if bad is None:
        steps.append("No test fails.")
    code = "\n".join((function.header, function.body, *shown))
    return Problem(
        question=f"{rng.choice(_WORDINGS).format(code)}\n{_BY_NUMBER}",
        answer=StepAnswer(index=None if bad is None else bad + 1, steps=len(tests)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"failing_test_case {code}",
    )


def _choose(rng: Random, function: _Function, count: int, bad: int | None) -> list[_Test]:
    """Return tests of which the one at `bad` fails and no other; none where that cannot be."""
    passing: dict[str, _Test] = {}
    failing: dict[str, _Test] = {}
    for _ in range(_CANDIDATES):
        arguments = function.arguments(rng)
        call = f"f({arguments[0]})" if function.header.startswith("def f(x)") else f"f({arguments})"
        wanted, _ = function.wanted(arguments)
        got, steps = function.got(arguments)
        (passing if got == wanted else failing)[call] = _Test(call, wanted, got, steps)
    good = count - (bad is not None)
    if len(passing) < good or (bad is not None and not failing):
        return []
    tests = rng.sample(list(passing.values()), good)
    if bad is not None:
        tests.insert(bad, rng.choice(list(failing.values())))
    return tests if len({test.wanted for test in tests}) > 1 else []


def _holds(x: int, sign: str, bound: int) -> bool:
    return {">": x > bound, ">=": x >= bound, "<": x < bound, "<=": x <= bound}[sign]


def _test(x: int, sign: str, bound: int) -> str:
    return f"{x} {sign} {bound} {'yes' if _holds(x, sign, bound) else 'no'}"


class _Result(NamedTuple):
    """A constant, or a sum or difference of x and a constant."""

    shape: str
    number: int

    def write(self, x: int | str) -> str:
        return self.shape.format(x=x, n=self.number)

    def value(self, x: int) -> int:
        of = {"{n}": 0, "{x} + {n}": x, "{x} - {n}": x - 2 * self.number, "{n} - {x}": -x}
        return of[self.shape] + self.number

    def reach(self, x: int) -> str:
        value = self.value(x)
        return f"f({x}) = {value}" if self.shape == "{n}" else f"{self.write(x)} = {value}"


class _Branch(NamedTuple):
    sign: str
    bound: int
    yes: _Result
    no: _Result

    def run(self, arguments: list[int]) -> _Run:
        x = arguments[0]
        result = self.yes if _holds(x, self.sign, self.bound) else self.no
        return result.value(x), f"{_test(x, self.sign, self.bound)}, {result.reach(x)}"


def _threshold(rng: Random, level: int, broken: bool) -> _Function:
    word, bound = rng.choice(list(_SIGNS)), rng.randint(2, 9 if level == 1 else 20)
    shapes = ("{n}",) if level == 1 else ("{n}", "{x} + {n}", "{x} - {n}", "{n} - {x}")
    numbers = rng.sample(range(10), 2)
    yes, no = (_Result(rng.choice(shapes), number) for number in numbers)
    right = _Branch(_SIGNS[word], bound, yes, no)
    kind, wrong = _break_branch(rng, right) if broken else (None, _same_branch(rng, right))
    comment = f"{yes.write('x')} if x is {word} {bound}, else {no.write('x')}"
    body = f"  return {wrong.yes.write('x')} if x {wrong.sign} {wrong.bound}"
    return _Function(
        f"def f(x): # {comment}",
        f"{body} else {wrong.no.write('x')}",
        kind,
        right.run,
        wrong.run,
        lambda draw: [max(0, bound + draw.randint(-4, 4))],
    )


def _same_branch(rng: Random, right: _Branch) -> _Branch:
    """Return `right`, sometimes with the neighbouring bound that means the same."""
    if rng.random() < 0.6:
        return right
    shift = 1 if right.sign in (">", "<=") else -1
    return right._replace(sign=_STRICTNESS[right.sign], bound=right.bound + shift)


def _break_branch(rng: Random, right: _Branch) -> tuple[str, _Branch]:
    kind = rng.choice((0, 0, 1, 2))
    if kind == 0:
        return BUG_KINDS[0], right._replace(sign=_STRICTNESS[right.sign])
    if kind == 1:
        return BUG_KINDS[1], right._replace(bound=right.bound + rng.choice((-2, -1, 1, 2)))
    number = right.yes.number
    other = rng.choice([n for n in range(10) if n not in (number, right.no.number)])
    return BUG_KINDS[2], right._replace(yes=right.yes._replace(number=other))


class _Fold(NamedTuple):
    """A loop that counts or adds the items that pass a test."""

    sign: str
    bound: int
    update: str
    skip: str

    def run(self, a: list[int]) -> _Run:
        r, steps = 0, []
        for x in {"": a, "[1:]": a[1:], "[:-1]": a[:-1]}[self.skip]:
            steps.append(_test(x, self.sign, self.bound))
            if _holds(x, self.sign, self.bound):
                r += x if self.update == "x" else 1
                steps[-1] += f" r = {r}"
        return r, f"{', '.join(steps)}, f = {r}"

    def body(self) -> str:
        update = f"r = r + {self.update} if x {self.sign} {self.bound} else r"
        return f"  r = 0\n  for x in a{self.skip}: {update}\n  return r"


def _filter(rng: Random, level: int, broken: bool) -> _Function:
    word, bound = rng.choice(list(_SIGNS)), rng.randint(3, 7)
    update = rng.choice(("x", "1"))
    right = wrong = _Fold(_SIGNS[word], bound, update, "")
    kind = None
    if broken:
        kind, wrong = rng.choice(
            (
                (BUG_KINDS[0], right._replace(sign=_STRICTNESS[right.sign])),
                (BUG_KINDS[1], right._replace(bound=bound + rng.choice((-2, -1, 1, 2)))),
                (BUG_KINDS[2], right._replace(update="1" if update == "x" else "x")),
                (BUG_KINDS[3], right._replace(skip=rng.choice(("[1:]", "[:-1]")))),
            )
        )
    what = "the sum of" if update == "x" else "the number of"
    return _Function(
        f"def f(a): # {what} the items of a that are {word} {bound}",
        wrong.body(),
        kind,
        right.run,
        wrong.run,
        lambda draw: [draw.randint(0, 9) for _ in range(_ITEMS[level])],
    )


class _Neighbours(NamedTuple):
    """A loop over the positions of a list that compares each item with another."""

    sign: str
    other: str
    update: str
    start: int
    end: int
    """How many items the loop leaves out at the end."""

    def run(self, a: list[int]) -> _Run:
        r, steps = 0, []
        for i in range(self.start, len(a) - self.end):
            other = a[0] if self.other == "0" else a[i - 1]
            steps.append(_test(a[i], self.sign, other))
            if _holds(a[i], self.sign, other):
                r += {"1": 1, "a[i]": a[i], f"a[i] - a[{self.other}]": a[i] - other}[self.update]
                steps[-1] += f" r = {r}"
        return r, f"{', '.join(steps)}, f = {r}"

    def body(self) -> str:
        stop = f"len(a) - {self.end}" if self.end else "len(a)"
        test = f"a[i] {self.sign} a[{self.other}]"
        loop = f"for i in range({self.start}, {stop})"
        return f"  r = 0\n  {loop}: r = r + {self.update} if {test} else r\n  return r"


def _neighbours(rng: Random, level: int, broken: bool) -> _Function:
    word, sign = rng.choice((("larger", ">"), ("smaller", "<")))
    update = rng.choice(("1", "a[i]", "a[i] - a[i - 1]"))
    right = wrong = _Neighbours(sign, "i - 1", update, 1, 0)
    kind = None
    if broken:
        other = rng.choice([u for u in ("1", "a[i]") if u != update])
        against_first = right._replace(other="0", update=update.replace("i - 1", "0"))
        kind, wrong = rng.choice(
            (
                (BUG_KINDS[0], right._replace(sign=_STRICTNESS[sign])),
                (BUG_KINDS[3], right._replace(start=2)),
                (BUG_KINDS[3], right._replace(end=1)),
                (BUG_KINDS[2], right._replace(update=other)),
                (BUG_KINDS[4], against_first),
            )
        )
    items = f"items of a that are {word} than the item before them"
    purpose = {"1": f"the number of the {items}", "a[i]": f"the sum of the {items}"}.get(
        update, f"the sum of a[i] - a[i - 1] over all {items.replace(' of a', ' a[i]')}"
    )
    return _Function(
        f"def f(a): # {purpose}",
        wrong.body(),
        kind,
        right.run,
        wrong.run,
        lambda draw: [draw.randint(0, 9) for _ in range(_ITEMS[level])],
    )


def _stateful(rng: Random, level: int, broken: bool) -> _Function:
    return rng.choice((_longest, _bounded))(rng, level, broken)


class _Longest(NamedTuple):
    sign: str
    start: int
    end: int
    reset: int
    best: bool
    """Whether the longest length is returned, rather than the last."""

    def run(self, a: list[int]) -> _Run:
        n = r = 1
        steps = []
        for i in range(self.start, len(a) - self.end):
            n = n + 1 if _holds(a[i], self.sign, a[i - 1]) else self.reset
            r = max(r, n)
            steps.append(f"{_test(a[i], self.sign, a[i - 1])} n = {n} r = {r}")
        value = r if self.best else n
        return value, f"{', '.join(steps)}, f = {value}"

    def body(self) -> str:
        stop = f"len(a) - {self.end}" if self.end else "len(a)"
        update = f"n = n + 1 if a[i] {self.sign} a[i - 1] else {self.reset}; r = max(r, n)"
        loop = f"for i in range({self.start}, {stop})"
        return f"  n = r = 1\n  {loop}: {update}\n  return {'r' if self.best else 'n'}"


def _longest(rng: Random, level: int, broken: bool) -> _Function:
    sign, step = rng.choice(
        (
            (">", "larger than the item before it"),
            ("<", "smaller than the item before it"),
            (">=", "at least as large as the item before it"),
            ("<=", "at most as large as the item before it"),
        )
    )
    right = wrong = _Longest(sign, 1, 0, 1, best=True)
    kind = None
    if broken:
        kind, wrong = rng.choice(
            (
                (BUG_KINDS[0], right._replace(sign=_STRICTNESS[sign])),
                (BUG_KINDS[4], right._replace(sign=_OPPOSITE[sign])),
                (BUG_KINDS[3], right._replace(start=2)),
                (BUG_KINDS[3], right._replace(end=1)),
                (BUG_KINDS[1], right._replace(reset=0)),
                (BUG_KINDS[2], right._replace(best=False)),
            )
        )
    part = "the length of the longest stretch of consecutive items of a"
    return _Function(
        f"def f(a): # {part} in which every item but the first is {step}",
        wrong.body(),
        kind,
        right.run,
        wrong.run,
        lambda draw: [draw.randint(0, 9) for _ in range(_ITEMS[level])],
    )


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


class _Bounded(NamedTuple):
    start: int
    low: int
    high: int
    order: str
    skip: str

    def run(self, a: list[int]) -> _Run:
        r, steps = self.start, []
        for x in {"": a, "[1:]": a[1:], "[:-1]": a[:-1]}[self.skip]:
            if self.order == "after":
                steps.append(f"{r} + {_signed(x)} = {r + x}")
                r = min(self.high, max(self.low, r + x))
            elif self.order == "before":
                steps.append(f"{r} + {_signed(x)}")
                r = min(self.high, max(self.low, r)) + x
            else:
                steps.append(f"{r} + {_signed(x)} = {r + x}")
                r = max(self.low, r + x)
            steps[-1] += f" r = {r}"
        return r, f"{', '.join(steps)}, f = {r}"

    def body(self) -> str:
        update = {
            "after": f"min({self.high}, max({self.low}, r + x))",
            "before": f"min({self.high}, max({self.low}, r)) + x",
            "low only": f"max({self.low}, r + x)",
        }[self.order]
        return f"  r = {self.start}\n  for x in a{self.skip}: r = {update}\n  return r"


def _bounded(rng: Random, level: int, broken: bool) -> _Function:
    low, high = rng.randint(0, 4), rng.randint(12, 20)
    start = rng.randint(low, high)
    right = wrong = _Bounded(start, low, high, "after", "")
    kind = None
    if broken:
        kind, wrong = rng.choice(
            (
                (BUG_KINDS[1], right._replace(high=high + rng.choice((-1, 1)))),
                (BUG_KINDS[1], right._replace(low=low + rng.choice((-1, 1)))),
                (BUG_KINDS[1], right._replace(start=start + rng.choice((-1, 1)))),
                (BUG_KINDS[2], right._replace(order=rng.choice(("before", "low only")))),
                (BUG_KINDS[3], right._replace(skip=rng.choice(("[1:]", "[:-1]")))),
            )
        )
    first = f"the last r, where r starts at {start}, every item of a is added to it in order"
    limit = f"and after each addition r becomes {low} if it is below {low}"
    return _Function(
        f"def f(a): # {first}, {limit} and {high} if it is above {high}",
        wrong.body(),
        kind,
        right.run,
        wrong.run,
        lambda draw: [draw.randint(-9, 9) for _ in range(_ITEMS[level])],
    )
