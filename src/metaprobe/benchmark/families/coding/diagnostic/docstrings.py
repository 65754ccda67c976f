"""coding/diagnostic: which statement of a docstring the code contradicts, if any."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of docstrings that are right."""

ERROR_KINDS = (
    "wrong default",
    "wrong result",
    "wrong example",
    "wrong exception",
    "wrong order",
    "wrong limit",
    "wrong effect on the argument",
    "wrong way to call",
)
_WORDINGS = (
    "Which statement of the docstring is false?\n{}",
    "Which statement does the code contradict?\n{}",
    "Where does this docstring contradict the code?\n{}",
    "One statement of this docstring may be false. Which?\n{}",
)
_BY_NUMBER = "Answer with its number, or none."
_STATEMENTS = {3: 4, 4: 6, 5: 8}


class _Statement(NamedTuple):
    text: str
    note: str
    kind: str
    """Of the error, where the statement is false."""


_Maker = Callable[[Random, bool], _Statement]
"""Makes a statement that is true, or false where the second argument says so."""


@family(
    "coding/diagnostic",
    capacity={1: 10**5, 2: 10**6, 3: 10**8, 4: 10**12, 5: 10**15},
)
def contradicting_docstring(rng: Random, level: int) -> Problem:
    """Find the statement of a docstring that the code contradicts, or that there is none.

    Isolates checking general statements and examples against code; planted are the ERROR_KINDS,
    and 30 % of the docstrings are right. Levels 1 and 2 have two numbers, a default and at level 2
    a condition; from level 3 on the argument is a list that is arranged and filtered, and a level
    adds statements and parts such as exceptions, limits and changes of the argument itself.
    """
    header, body, makers = _of_numbers(rng, level) if level <= 2 else _of_lists(rng, level)
    rng.shuffle(makers)
    bad = None if rng.random() < CLEAN_SHARE else rng.randrange(len(makers))
    steps, shown = [], []
    texts: set[str] = set()
    for number, maker in enumerate(makers, start=1):
        statement = maker(rng, number - 1 == bad)
        while statement.text in texts:
            statement = maker(rng, number - 1 == bad)
        texts.add(statement.text)
        shown.append(f"  {number}: {statement.text}")
        verdict = f"false: {statement.kind}" if number - 1 == bad else "true"
        if bad is None or number <= bad + 1:
            steps.append(f"Statement {number}: {statement.note}, {verdict}.")
    if bad is None:
        steps.append("No statement is false.")
    code = "\n".join((header, _docstring(shown), *body))
    return Problem(
        question=f"{rng.choice(_WORDINGS).format(code)}\n{_BY_NUMBER}",
        answer=StepAnswer(index=None if bad is None else bad + 1, steps=len(makers)),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"contradicting_docstring {code}",
    )


def _docstring(shown: list[str]) -> str:
    text = "\n".join(shown).strip()
    return f'  """{text}"""'


def _other(rng: Random, number: int, reach: int = 3) -> int:
    """Return a number near `number` and above zero that differs from it."""
    near = range(max(1, number - reach), number + reach + 1)
    return rng.choice([n for n in near if n != number])


def _default(name: str, number: int) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        stated = _other(rng, number) if wrong else number
        text = f"{name} is {stated} if not given."
        return _Statement(text, f"{name}={number}", ERROR_KINDS[0])

    return make


_OPERATIONS: dict[str, tuple[str, Callable[[int, int], int]]] = {
    "x + y": ("x plus y", lambda x, y: x + y),
    "x - y": ("x minus y", lambda x, y: x - y),
    "y - x": ("y minus x", lambda x, y: y - x),
    "x * y": ("x times y", lambda x, y: x * y),
}


def _of_numbers(rng: Random, level: int) -> tuple[str, list[str], list[_Maker]]:
    default = rng.randint(1, 9)
    operation = rng.choice(list(_OPERATIONS))
    header = f"def f(x, y={default}):"
    if level == 1:
        makers = [_default("y", default), _result(operation), _example(operation, default, None)]
        return header, [f"  return {operation}"], makers
    sign, constant = rng.choice("<>"), rng.randint(0, 9)
    makers = [
        _default("y", default),
        _condition(sign, constant),
        _example(operation, default, (sign, constant)),
        _example(operation, default, (sign, constant)),
    ]
    return header, [f"  if x {sign} y: return {constant}", f"  return {operation}"], makers


def _result(operation: str) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        others = [o for o in _OPERATIONS if o != operation]
        words, _ = _OPERATIONS[rng.choice(others) if wrong else operation]
        return _Statement(f"The result is {words}.", f"return {operation}", ERROR_KINDS[1])

    return make


def _condition(sign: str, constant: int) -> _Maker:
    """Return a maker of statements on the case in which the constant is returned."""
    word = {"<": "below", ">": "above"}

    def make(rng: Random, wrong: bool) -> _Statement:
        stated, side = constant, sign
        if wrong and rng.random() < 0.5:
            stated = _other(rng, constant)
        elif wrong:
            side = "<" if sign == ">" else ">"
        text = f"If x is {word[side]} y, the result is {stated}."
        return _Statement(text, f"if x {sign} y: return {constant}", ERROR_KINDS[1])

    return make


def _example(operation: str, default: int, condition: tuple[str, int] | None) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        x, y = rng.randint(1, 9), rng.randint(1, 9)
        call = f"f({x}, {y})"
        if rng.random() < 0.5:
            call, y = f"f({x})", default
        value = _OPERATIONS[operation][1](x, y)
        note = f"{operation.replace('x', str(x)).replace('y', str(y))} = {value}"
        if condition is not None:
            sign, constant = condition
            holds = x < y if sign == "<" else x > y
            test = f"{x} {sign} {y} {'yes' if holds else 'no'}"
            value = constant if holds else value
            note = f"{test}, {constant if holds else note}"
        stated = value + rng.choice((-2, -1, 1, 2)) if wrong else value
        return _Statement(f"{call} is {stated}.", note, ERROR_KINDS[2])

    return make


class _List(NamedTuple):
    """A function of a list `a` and a number `n`."""

    default: int
    arrange: str
    sign: str
    bound: int | None
    """What the items are compared with; n where it is None."""
    guard: int | None = None
    """The least n that raises no ValueError."""
    empty: str | None = None
    """What is returned for an empty list."""
    keyword_only: bool = False

    @property
    def threshold(self) -> str:
        return "n" if self.bound is None else str(self.bound)

    def unless_empty(self, claim: str) -> str:
        """Return a claim, limited to a list with items where an empty one is a case of its own."""
        if self.empty is not None:
            return f"If a is not empty, {claim}"
        return claim[0].upper() + claim[1:]

    def filter(self) -> str:
        return f"[x for x in a if x {self.sign} {self.threshold}]"

    def lines(self) -> list[str]:
        lines = []
        if self.guard is not None:
            lines.append(f"  if n < {self.guard}: raise ValueError")
        if self.empty is not None:
            lines.append(f"  if not a: return {self.empty}")
        if self.arrange:
            lines.append(f"  {self.arrange}")
        lines.append(f"  b = {self.filter()}")
        lines.append("  return b" if self.bound is None else "  return b[:n]")
        return lines

    def run(self, a: list[int], n: int) -> tuple[list[int], str]:
        """Return the result of a call that raises nothing, and the steps to it."""
        steps = [str(a)]
        if "sort" in self.arrange:
            a = sorted(set(a)) if "set" in self.arrange else sorted(a)
            steps.append(f"sorted {a}")
        elif self.arrange:
            a = a[::-1]
            steps.append(f"reversed {a}")
        bound = n if self.bound is None else self.bound
        tests = {">": lambda x: x > bound, ">=": lambda x: x >= bound, "<": lambda x: x < bound}
        b = [x for x in a if tests[self.sign](x)]
        steps.append(f"{self.sign} {bound} {b}")
        if self.bound is not None:
            b = b[:n]
            steps.append(f"first {n} {b}")
        return b, ", ".join(steps)


_ARRANGEMENTS = {
    "": "keep",
    "a = sorted(a)": "rise",
    "a.sort()": "rise",
    "a = sorted(set(a))": "rise",
    "a = a[::-1]": "reverse",
    "a.reverse()": "reverse",
}
_ORDERS = {
    "keep": "returned items stand in the order that they had in a before the call.",
    "rise": "returned items stand in order of size, smaller ones first.",
    "reverse": "returned items stand in the reverse of the order they had in a before the call.",
}
_SIGNS = (">", ">=", "<")


def _of_lists(rng: Random, level: int) -> tuple[str, list[str], list[_Maker]]:
    arrange, sign = rng.choice(list(_ARRANGEMENTS)), rng.choice(_SIGNS)
    guard = rng.randint(0, 2) if level >= 4 else None
    default = rng.randint(2, 5)
    function = _List(
        default=default,
        arrange=arrange,
        sign=sign,
        bound=rng.randint(2, 6) if level >= 4 else None,
        guard=guard,
        empty=rng.choice(("[]", "None", "[n]")) if level == 5 else None,
        keyword_only=level == 5 and rng.random() < 0.5,
    )
    star = "*, " if function.keyword_only else ""
    makers = [_default("n", default), _order(function), _kept(function), _call(function)]
    more = [_effect(function), _call(function)]
    if guard is not None:
        more += [_raises(guard), _limit]
    if function.empty is not None:
        more += [_when_empty(function), _positional(function), _repeats(function)]
    makers += rng.sample(more, _STATEMENTS[level] - len(makers))
    return f"def f(a, {star}n={default}):", function.lines(), makers


def _order(function: _List) -> _Maker:
    right = _ARRANGEMENTS[function.arrange]

    def make(rng: Random, wrong: bool) -> _Statement:
        stated = rng.choice([o for o in _ORDERS if o != right]) if wrong else right
        note = function.arrange or "nothing changes the order"
        return _Statement(function.unless_empty(_ORDERS[stated]), note, ERROR_KINDS[4])

    return make


def _kept(function: _List) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        threshold, sign = function.threshold, function.sign
        if wrong and sign == ">=":
            sign = rng.choice(("<", ">"))
        elif wrong:
            sign = {">": "<", "<": ">="}[sign]
        text = function.unless_empty(f"no returned item is {_denied(sign)} {threshold}.")
        return _Statement(text, f"kept if x {function.sign} {threshold}", ERROR_KINDS[1])

    return make


def _denied(sign: str) -> str:
    """Return in words the opposite of a comparison."""
    return {">": "at most", ">=": "below", "<": "at least"}[sign]


def _call(function: _List) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        a = [rng.randint(0, 9) for _ in range(rng.randint(3, 5))]
        n = rng.randint(max(1, function.guard or 0), 5)
        name = "n=" if function.keyword_only else ""
        call = f"f({a}, {name}{n})"
        if rng.random() < 0.3:
            call, n = f"f({a})", function.default
        result, note = function.run(a, n)
        stated = _altered(rng, result) if wrong else result
        return _Statement(f"{call} returns {stated}.", note, ERROR_KINDS[2])

    return make


def _altered(rng: Random, result: list[int]) -> list[int]:
    """Return a list that differs from `result` by one item or by the order of two."""
    if not result:
        return [rng.randint(0, 9)]
    at = rng.randrange(len(result))
    swapped = result[:at] + result[at:][::-1]
    if swapped != result and rng.random() < 0.5:
        return swapped
    if rng.random() < 0.5:
        return result[:at] + result[at + 1 :]
    return [*result[:at], result[at] + rng.choice((-1, 1)), *result[at + 1 :]]


def _effect(function: _List) -> _Maker:
    changes = function.arrange.startswith("a.")

    def make(_rng: Random, wrong: bool) -> _Statement:
        note = function.arrange or "no line changes a"
        if function.arrange and not changes:
            note = f"{function.arrange} makes a new list"
        text = "The caller's list a is never changed."
        if changes is not wrong:
            text = "The caller's list a may be changed."
        return _Statement(text, note, ERROR_KINDS[6])

    return make


def _raises(guard: int) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        note = f"if n < {guard}: raise ValueError"
        limit = guard + (rng.choice((-1, 1)) if wrong else 0)
        word = rng.choice(("below", "smaller than"))
        text = f"A ValueError is raised if n is {word} {limit}, and only then."
        return _Statement(text, note, ERROR_KINDS[3])

    return make


def _limit(rng: Random, wrong: bool) -> _Statement:
    stated = rng.choice(("at most n - 1", "exactly n")) if wrong else "at most n"
    return _Statement(f"If a is not empty, the result has {stated} items.", "b[:n]", ERROR_KINDS[5])


def _when_empty(function: _List) -> _Maker:
    def make(rng: Random, wrong: bool) -> _Statement:
        value = {"[n]": f"[{function.default}]"}.get(str(function.empty), str(function.empty))
        stated = rng.choice([v for v in ("[]", "None", "[0]") if v != value]) if wrong else value
        note = f"if not a: return {function.empty}"
        return _Statement(f"f([]) returns {stated}.", note, ERROR_KINDS[1])

    return make


def _positional(function: _List) -> _Maker:
    def make(_rng: Random, wrong: bool) -> _Statement:
        star = "n stands behind a star" if function.keyword_only else "n stands behind no star"
        text = "A call may give n by position, as in f(a, 3)."
        if function.keyword_only is not wrong:
            text = "A call that gives n must give it by name, as in f(a, n=3)."
        return _Statement(text, star, ERROR_KINDS[7])

    return make


def _repeats(function: _List) -> _Maker:
    unique = "set" in function.arrange

    def make(_rng: Random, wrong: bool) -> _Statement:
        note = "the set drops repeats" if unique else "no line drops repeats"
        text = "A returned list may hold a number twice."
        if unique is not wrong:
            text = "A returned list never holds a number twice."
        return _Statement(text, note, ERROR_KINDS[1])

    return make
