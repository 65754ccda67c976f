"""Wrong answers beside a gold, for scoring by likelihood.

Each kind of answer is got wrong as a solver gets it wrong: a slip of one digit or of the sign, the
result of another operation on the question's numbers, two elements swapped, a member missing or
too many, another option. Facts are replaced by golds of other items of the family and level. What
is drawn depends on the item alone, and nothing that `grade` accepts is ever drawn.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import chain, combinations
from random import Random
from typing import Any, NamedTuple, TypeVar

from metaprobe.benchmark.answers import (
    Answer,
    BoundAnswer,
    ChoiceAnswer,
    DecimalAnswer,
    FormulaAnswer,
    FreeFormAnswer,
    IntegerAnswer,
    LiteralAnswer,
    RationalAnswer,
    SequenceAnswer,
    SetAnswer,
    StepAnswer,
    TextAnswer,
)
from metaprobe.benchmark.family import families
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import Split, Verdict

NumberT = TypeVar("NumberT", int, Fraction, Decimal)
Groups = Sequence[Sequence[Answer]]
"""Wrong answers by sort of mistake."""

MOST = 3
"""Distractors of an item, at most."""

_POOL = 40
"""Train items of the family and level whose golds may stand in."""
_NEAREST = 8
"""Of these, only the ones whose questions are worded most alike: symbols beside symbols."""
_NUMBERS = 6
"""Numbers of a question that are combined with each other."""
_QUESTION_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
_WHOLE = re.compile(r"-?\d{1,18}")
_MISTAKEN_FOR_OTHERS = (TextAnswer, FormulaAnswer, BoundAnswer, SequenceAnswer, SetAnswer)
"""Kinds of answers that golds of other items may stand in for."""


class _Other(NamedTuple):
    """Another item of the family and level."""

    words: frozenset[str]
    answer: Answer


def distractors(item: Item) -> list[str]:
    """Return up to `MOST` different wrong answers, written as golds are written.

    There are fewer where the kind has no more, as beside `yes` or `no`; none where it has none, as
    for a text of a family that is not a generator.
    """
    rng = rng_for("distractors", item.id)
    chosen: list[Answer] = []
    for candidate in _candidates(item, rng):
        if all(_is_wrong(candidate, answer) for answer in (item.answer, *chosen)):
            chosen.append(candidate)
        if len(chosen) == MOST:
            break
    return [answer.render() for answer in chosen]


def _is_wrong(candidate: Answer, gold: Answer) -> bool:
    return grade(gold, f"\\boxed{{{candidate.render()}}}").verdict is Verdict.WRONG


def _candidates(item: Item, rng: Random) -> Iterator[Answer]:
    """Yield wrong answers, one of each sort of mistake in turn; some may be right after all."""
    yield from _in_turn(_mistakes(item, rng), rng)
    if isinstance(item.answer, _MISTAKEN_FOR_OTHERS):
        yield from _in_turn([_golds_alike(item)], rng)


def _mistakes(item: Item, rng: Random) -> Groups:
    """Return what the gold may be mistaken for, by sort of mistake."""
    gold = item.answer
    match gold:
        case IntegerAnswer():
            return _near_integers(gold, item)
        case RationalAnswer():
            return _near_fractions(gold, item)
        case DecimalAnswer():
            return _near_decimals(gold, item)
        case SequenceAnswer():
            return _changed_sequences(gold, item)
        case SetAnswer():
            return _changed_sets(gold, item, rng)
        case ChoiceAnswer():
            return [_variants(gold, "value", gold.options)]
        case StepAnswer():
            return [_variants(gold, "index", [None, *range(1, gold.steps + 1)])]
        case TextAnswer() | FormulaAnswer() | BoundAnswer() | FreeFormAnswer() | LiteralAnswer():
            return []


def _variants(gold: Answer, field: str, values: Iterable[object]) -> list[Answer]:
    return [gold.model_copy(update={field: value}) for value in values]


def _in_turn(groups: Groups, rng: Random) -> list[Answer]:
    """Return the members of all groups, one of each in turn, both in random order."""
    shuffled = [rng.sample(group, len(group)) for group in rng.sample(groups, len(groups))]
    longest = max(map(len, shuffled), default=0)
    return [group[n] for n in range(longest) for group in shuffled if n < len(group)]


def _near_integers(gold: IntegerAnswer, item: Item) -> Groups:
    results = [int(r) for r in _results(item.question) if r.denominator == 1]
    groups = [*_near_wholes(gold.value), results]
    return [_variants(gold, "value", _signed(group, item, gold.value)) for group in groups]


def _near_wholes(value: int) -> list[list[int]]:
    """Return neighbours, slips of a digit, and the other sign."""
    digits, sign = str(abs(value)), -1 if value < 0 else 1
    slips = []
    for place, digit in enumerate(digits):
        for other in (max(0, int(digit) - 1), min(9, int(digit) + 1)):
            slips.append(f"{digits[:place]}{other}{digits[place + 1 :]}")
    for place in range(len(digits) - 1):
        left, right = digits[place], digits[place + 1]
        slips.append(f"{digits[:place]}{right}{left}{digits[place + 2 :]}")
    whole = [sign * int(slip) for slip in slips if len(slip) == 1 or slip[0] != "0"]
    return [[value + n for n in (-10, -2, -1, 1, 2, 10)], whole, [-value]]


def _results(question: str) -> list[Fraction]:
    """Return sums, differences, products and quotients of the question's numbers."""
    found = dict.fromkeys(Fraction(n) for n in _QUESTION_NUMBER.findall(question))
    results = []
    for a, b in combinations(list(found)[:_NUMBERS], 2):
        results += [a + b, a - b, b - a, a * b]
        results += [x / y for x, y in ((a, b), (b, a)) if y]
    return results


def _signed(values: Iterable[NumberT], item: Item, gold: NumberT) -> list[NumberT]:
    """Return the values; only positive ones where neither gold nor question has a minus."""
    if gold < 0 or "-" in item.question:
        return list(values)
    return [v for v in values if v >= 0]


def _near_fractions(gold: RationalAnswer, item: Item) -> Groups:
    over, under = gold.numerator, gold.denominator
    value = Fraction(over, under)
    near = [Fraction(over + 1, under), Fraction(over - 1, under), Fraction(over, under + 1)]
    near += [Fraction(over, under - 1)] if under > 1 else []
    turned = [1 / value] if value else []
    groups = [near, [*turned, 1 - value], [-value], _results(item.question)]
    return [
        [RationalAnswer(numerator=v.numerator, denominator=v.denominator) for v in signed]
        for signed in (_signed(group, item, value) for group in groups)
    ]


def _near_decimals(gold: DecimalAnswer, item: Item) -> Groups:
    """Return neighbours in the last place, slips of a digit, shifted points and wrong results.

    None has more decimals than the gold.
    """
    exponent = int(gold.value.as_tuple().exponent)
    last = _near_wholes(int(gold.value.scaleb(-exponent)))
    groups = [[Decimal(v).scaleb(exponent) for v in group] for group in last]
    places = max(0, -exponent)
    factors = (Fraction(1, 10), Fraction(1, 2), 2, 10)
    for values in ([Fraction(gold.value) * f for f in factors], _results(item.question)):
        shifted = [v * 10**places for v in values]
        groups.append([Decimal(int(v)).scaleb(-places) for v in shifted if v.denominator == 1])
    return [_variants(gold, "value", _signed(group, item, gold.value)) for group in groups]


def _changed_sequences(gold: SequenceAnswer, item: Item) -> Groups:
    """Return the elements with two neighbours swapped, one missing, or one replaced."""
    swapped, shorter, replaced = [], [], []
    for place, element in enumerate(gold.items):
        before, after = gold.items[:place], gold.items[place + 1 :]
        if after:
            swapped.append((*before, after[0], element, *after[1:]))
        if before or after:
            shorter.append((*before, *after))
        replaced += [(*before, other, *after) for other in _replacements(element, item)]
    return [_variants(gold, "items", group) for group in (swapped, shorter, replaced)]


def _changed_sets(gold: SetAnswer, item: Item, rng: Random) -> Groups:
    """Return the members with one missing, one too many, or one replaced."""
    members = gold.items
    others = dict.fromkeys(o for m in members for o in _replacements(m, item) if o not in members)
    outside = rng.sample(list(others), min(_NEAREST, len(others)))
    smaller = [tuple(o for o in members if o != m) for m in members]
    larger = [_ordered([*members, o], members) for o in outside]
    replaced = [_ordered([*kept, o], members) for kept in smaller for o in outside]
    groups = ([kept for kept in smaller if kept], larger, replaced)
    return [_variants(gold, "items", group) for group in groups]


def _replacements(element: str, item: Item) -> list[str]:
    """Return what an element may be mistaken for.

    A neighbour of a whole number; otherwise elements of other golds: those that the question
    names, or else those in its letters and digits, or else all.
    """
    if _WHOLE.fullmatch(element):
        value = int(element)
        return [str(v) for v in _signed([value - 1, value + 1, value + 2], item, value)]
    others = chain.from_iterable(
        o.items for o in _golds_alike(item) if isinstance(o, SequenceAnswer | SetAnswer)
    )
    known = [o for o in dict.fromkeys(others) if o != element]
    spelled = [o for o in known if set(o) <= set(item.question)]
    return [o for o in known if o in item.question] or spelled or known


def _ordered(members: list[str], like: tuple[str, ...]) -> tuple[str, ...]:
    """Return the members, sorted where those of the gold are, so that order gives nothing away."""
    keys: list[Callable[[str], Any]] = [str]
    if all(map(_numbers_in, members)):
        keys.insert(0, _numbers_in)
    for key in keys:
        if list(like) == sorted(like, key=key):
            return tuple(sorted(members, key=key))
    return tuple(members)


def _numbers_in(text: str) -> list[int]:
    return [int(number) for number in _WHOLE.findall(text)]


def _golds_alike(item: Item) -> list[Answer]:
    """Return golds of the same kind, those of the questions that are worded most alike."""
    words = frozenset(item.question.split())
    pool = _pool(str(item.cell), item.family, item.level)
    others = [o for o in pool if o.answer.kind == item.answer.kind]

    def overlap(other: _Other) -> float:
        return len(words & other.words) / len(words | other.words)

    ranked = sorted(others, key=overlap, reverse=True)
    different = {o.answer.render(): o.answer for o in ranked if o.answer != item.answer}
    return list(different.values())[:_NEAREST]


@cache
def _pool(cell: str, name: str, level: int) -> tuple[_Other, ...]:
    """Return train items of a family and level; none where the family is not a generator."""
    return tuple(_others(cell, name, level))


def _others(cell: str, name: str, level: int) -> Iterator[_Other]:
    for family in families():
        if (str(family.cell), family.name) == (cell, name):
            for item in family.stream(split=Split.TRAIN, level=level, seed=0, limit=_POOL):
                yield _Other(frozenset(item.question.split()), item.answer)
