"""The gold of a corpus's row as a typed answer."""

from metaprobe.benchmark.answers import (
    MAX_ANSWER_CHARACTERS,
    Answer,
    FreeFormAnswer,
    IntegerAnswer,
    RationalAnswer,
    parse_number,
)
from metaprobe.benchmark.grading import extract_boxed, extract_marked


def parse_gold(text: str, *, worked: bool = False) -> Answer | None:
    """Return the typed answer that a gold writes, or None where it writes none.

    The answer is what is boxed, else what follows GSM8K's `####`, else the whole text. A number
    becomes an exact number; anything else an expression, if math-verify can read it.

    Args:
        text: the gold as the corpus has it.
        worked: whether it is a worked solution, of which only a marked answer is taken.

    Raises:
        MissingExtraError: it is no number, and math-verify is not installed.
    """
    gold = extract_boxed(text)
    if gold is None:
        gold = extract_marked(text)
    if gold is None and not worked:
        gold = text
    gold = (gold or "").strip().strip("$").strip()
    if not gold or len(gold) > MAX_ANSWER_CHARACTERS or "\n" in gold:
        return None
    number = parse_number(gold)
    if number is None:
        answer = FreeFormAnswer(value=gold)
        # What cannot be compared with a number, nor told from it, cannot be read.
        return None if answer.compare("1") is None else answer
    if number.denominator == 1:
        return IntegerAnswer(value=number.numerator)
    return RationalAnswer(numerator=number.numerator, denominator=number.denominator)
