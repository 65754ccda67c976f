"""mathematics/diagnostic: where a list of statements stops being consistent."""

from dataclasses import dataclass
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

INCONSISTENCIES = ("against_one", "against_a_chain")
"""A statement contradicts a single earlier one; it contradicts several only together."""
_CLEAN_SHARE = 0.3

_LETTERS = {1: 3, 2: 4, 3: 5, 4: 7, 5: 12}
_STATEMENTS = {1: 4, 2: 5, 3: 7, 4: 12, 5: 26}
_SIGNS = {1: "<>", 2: "<>", 3: "<>=", 4: "<>=lg", 5: "<>=lg"}
"""The letters l and g stand for at most and at least."""
_CHAIN = {1: 2, 2: 2, 3: 2, 4: 3, 5: 4}
"""A chain has at least so many statements."""
_LARGEST = {1: 9, 2: 9, 3: 9, 4: 30, 5: 200}
_LISTS_UP_TO = 2
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVW"
_WORDINGS = (
    "Letters stand for integers.\n{lines}\n"
    "Which is the first statement that contradicts those before it, taken together?",
    "These statements are about integers.\n{lines}\n"
    "Find the first statement that cannot be true if all before it are true.",
    "Each letter is an integer:\n{lines}\n"
    "Which is the first statement that is impossible, given the ones above it?",
)

_Edge = tuple[str, str, int]
"""Letters u, v and a number c, for u - v >= c."""


@dataclass(frozen=True)
class _Statement:
    left: str
    sign: str
    right: str
    offset: int = 0

    def written(self) -> str:
        sign = {"l": "<=", "g": ">="}.get(self.sign, self.sign)
        tail = f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if self.offset else ""
        return f"{self.left} {sign} {self.right}{tail}"

    def edges(self) -> tuple[_Edge, ...]:
        """Return what is stated as lower bounds of differences."""
        strict = 1 if self.sign in "<>" else 0
        above = (self.left, self.right, self.offset + strict)
        below = (self.right, self.left, strict - self.offset)
        return {">": (above,), "g": (above,), "<": (below,), "l": (below,)}.get(
            self.sign, (above, below)
        )


class _Known:
    """Everything that follows for the difference of two letters from the statements so far."""

    def __init__(self) -> None:
        self.least: dict[tuple[str, str], int] = {}
        self.chains: dict[tuple[str, str], tuple[_Edge, ...]] = {}

    def refuted(self, statement: _Statement) -> tuple[_Edge, ...]:
        """Return the chain that a statement contradicts; an empty one where it fits."""
        for u, v, bound in statement.edges():
            if self.least.get((v, u), -bound) + bound > 0:
                return self.chains[v, u]
        return ()

    def add(self, statement: _Statement) -> None:
        """Take a statement that fits as true."""
        for u, v, bound in statement.edges():
            into = [(u, 0, ()), *((p, b, self.chains[p, q]) for (p, q), b in self._at(1, u))]
            out = [(v, 0, ()), *((q, b, self.chains[p, q]) for (p, q), b in self._at(0, v))]
            for start, before, first in into:
                for end, after, second in out:
                    total = before + bound + after
                    if start != end and total > self.least.get((start, end), total - 1):
                        self.least[start, end] = total
                        self.chains[start, end] = (*first, (u, v, bound), *second)

    def below(self, letter: str) -> list[str]:
        """Return the letters that are known to be smaller than `letter`."""
        return sorted(v for (u, v), bound in self.least.items() if u == letter and bound > 0)

    def _at(self, end: int, letter: str) -> list[tuple[tuple[str, str], int]]:
        return [(pair, bound) for pair, bound in self.least.items() if pair[end] == letter]


@family(
    "mathematics/diagnostic",
    capacity={1: 1_000, 2: 10**6, 3: 10**7, 4: 10**9, 5: 10**9},
)
def inconsistent_statements(rng: Random, level: int) -> Problem:
    """Find the first statement about numbers that contradicts the earlier ones, or that none does.

    Isolates holding every statement against what follows from the others. 30 % of the lists are
    consistent; in the others one statement is planted, of a kind of `INCONSISTENCIES`. A level has
    more letters and statements; from level 3 on they fix or bound differences, and a contradiction
    follows from longer chains.
    """
    count = _STATEMENTS[level]
    letters = sorted(rng.sample(_ALPHABET, _LETTERS[level]))
    if rng.random() < _CLEAN_SHARE:
        wrong, statements = None, _true_statements(rng, level, letters)
    else:
        kind = rng.choice(INCONSISTENCIES)
        fewest = 1 if kind == INCONSISTENCIES[0] else _CHAIN[level]
        wrong = rng.randrange(fewest, count)
        statements = _contradictory(rng, level, letters, wrong, fewest)
    texts = [statement.written() for statement in statements]
    question = rng.choice(_WORDINGS).format(
        lines="\n".join(f"{n}: {text}" for n, text in enumerate(texts, start=1))
    )
    verdict = "No statement is impossible" if wrong is None else f"Statement {wrong + 1} is wrong"
    return Problem(
        question=f"{question} Answer with the statement number, or none.",
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=count),
        short=(verdict,),
        long=(*_checks(level, statements), verdict),
        key="inconsistent_statements " + "; ".join(texts),
    )


def _true_statements(rng: Random, level: int, letters: list[str]) -> list[_Statement]:
    """Return different statements that all hold for the same hidden numbers."""
    hidden = dict(
        zip(letters, rng.sample(range(1, _LARGEST[level] + 1), len(letters)), strict=True)
    )
    statements: list[_Statement] = []
    while len(statements) < _STATEMENTS[level]:
        left, right = rng.sample(letters, 2)
        sign = rng.choice(_SIGNS[level])
        difference = hidden[left] - hidden[right]
        if sign in "<>":
            statement = _Statement(left, "<" if difference < 0 else ">", right)
        else:
            slack = {"=": 0, "l": 1, "g": -1}[sign] * rng.randint(0, 3)
            statement = _Statement(left, sign, right, difference + slack)
        if statement not in statements:
            statements.append(statement)
    return statements


def _contradictory(
    rng: Random, level: int, letters: list[str], position: int, fewest: int
) -> list[_Statement]:
    """Return statements of which the one at `position` contradicts at least `fewest` before it."""
    while True:
        statements = _true_statements(rng, level, letters)
        known = _Known()
        for statement in statements[:position]:
            known.add(statement)
        long_enough = [
            (pair, bound)
            for pair, bound in known.least.items()
            if (len(known.chains[pair]) == 1 if fewest == 1 else len(known.chains[pair]) >= fewest)
        ]
        rng.shuffle(long_enough)
        for (u, v), bound in long_enough:
            planted = _planted(rng, level, u, v, bound)
            if planted not in statements and known.refuted(planted):
                statements[position] = planted
                return statements


def _planted(rng: Random, level: int, u: str, v: str, bound: int) -> _Statement:
    """Return a statement that is just not possible where u - v >= bound."""
    sign = rng.choice(_SIGNS[level])
    if sign in "<>":
        return _Statement(u, "<", v) if rng.random() < 0.5 else _Statement(v, ">", u)
    offset = bound - rng.randint(1, 3)
    if sign == "=":
        return _Statement(u, "=", v, offset)
    return _Statement(u, "l", v, offset) if sign == "l" else _Statement(v, "g", u, -offset)


def _checks(level: int, statements: list[_Statement]) -> list[str]:
    known, lines = _Known(), []
    for number, statement in enumerate(statements, start=1):
        refuted = known.refuted(statement)
        if level <= _LISTS_UP_TO:
            ((_, low, _),) = statement.edges()
            below = ", ".join(known.below(low)) or "nothing"
            reason = f"below {low}: {below}"
        else:
            reason = _reason(known, statement, refuted)
        check = f"Check {number}: {statement.written()}, {reason}"
        if refuted:
            lines.append(f"{check}, wrong.")
            break
        lines.append(f"{check}, fits.")
        known.add(statement)
    return lines


def _reason(known: _Known, statement: _Statement, refuted: tuple[_Edge, ...]) -> str:
    """Return what is known of a statement's two letters, with the chains it follows from."""
    u, v = statement.left, statement.right
    both = [known.chains[pair] for pair in ((u, v), (v, u)) if pair in known.chains]
    chains = [refuted] if refuted else both
    return "known: " + ("; ".join(map(_chained, chains)) or "nothing")


def _chained(chain: tuple[_Edge, ...]) -> str:
    links = ", ".join(_bound(*edge) for edge in chain)
    if len(chain) == 1:
        return links
    return f"{links}, so {_bound(chain[0][0], chain[-1][1], sum(bound for _, _, bound in chain))}"


def _bound(u: str, v: str, bound: int) -> str:
    tail = f" {'+' if bound > 0 else '-'} {abs(bound)}" if bound else ""
    return f"{u} >= {v}{tail}"
