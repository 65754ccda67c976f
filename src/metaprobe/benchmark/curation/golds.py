"""The gold of a record as a typed answer, or why it has none."""

from metaprobe.benchmark.answers import (
    MAX_ANSWER_CHARACTERS,
    Answer,
    ChoiceAnswer,
    IntegerAnswer,
    LiteralAnswer,
    TextAnswer,
    fold,
)
from metaprobe.benchmark.curation.records import Aliases, Label, Output, RawGold, Written
from metaprobe.benchmark.curation.sandbox import run_call
from metaprobe.benchmark.curation.written import parse_gold
from metaprobe.benchmark.literals import read_literal


class UnresolvedGoldError(ValueError):
    """A gold that cannot be graded against; the text is the reason, and the same for all alike."""


def typed_gold(gold: RawGold) -> Answer:
    """Return the typed answer of a gold.

    A label becomes a choice, aliases a text, a written gold a number or an expression. A program
    is executed again, and its output is a number, a choice of True and False, or a literal.

    Raises:
        UnresolvedGoldError: the gold is none.
        MissingExtraError: a written gold is no number, and math-verify is not installed.
    """
    match gold:
        case Written(text, worked):
            answer = parse_gold(text, worked=worked)
            if answer is None:
                raise UnresolvedGoldError("unreadable gold")
            return answer
        case Label(value, options):
            if len(set(map(fold, options))) < len(options):
                raise UnresolvedGoldError("options that are not distinct")
            return ChoiceAnswer(value=value, options=options)
        case Aliases(texts):
            found = [t for t in texts if fold(t) and len(t) <= MAX_ANSWER_CHARACTERS]
            if not found:
                raise UnresolvedGoldError("unreadable gold")
            return TextAnswer(value=found[0], aliases=tuple(found[1:]))
        case Output():
            return _returned(gold)


def _returned(gold: Output) -> Answer:
    found = run_call(gold.code, gold.call)
    if found.value is None:
        raise UnresolvedGoldError(f"program: {found.failed}")
    value = read_literal(found.value)
    if value is None:
        raise UnresolvedGoldError("program: the value is no literal")
    if value != read_literal(gold.stated):
        raise UnresolvedGoldError("program: another value than the corpus states")
    match value[0]:
        case "bool":
            return ChoiceAnswer(value=value[1], options=("True", "False"))
        case "int":
            return IntegerAnswer(value=int(value[1]))
        case _:
            return LiteralAnswer(value=found.value)
