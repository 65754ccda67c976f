"""Write docs/math-verify.md: where typed comparison and math-verify disagree, and who is right.

    python tools/compare_math_verify.py [CORPORA]

Each gold is written in several ways that are right or wrong by construction, and both judge each
of them. The golds are those of the benchmark's own items and, where the folder CORPORA is given,
of GSM8K, MATH, AQuA, BIG-Bench Hard and NQ-open. math-verify runs as its readme shows, on
`\\boxed{...}` for gold and answer; needs metaprobe[math].
"""

import argparse
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from metaprobe.benchmark.answers import (
    Answer,
    ChoiceAnswer,
    DecimalAnswer,
    IntegerAnswer,
    RationalAnswer,
    SequenceAnswer,
    SetAnswer,
    TextAnswer,
    parse_number,
)
from metaprobe.benchmark.family import families
from metaprobe.core.files import read_json, read_jsonl, write_text
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import LEVELS, Split

PAGE = Path("docs/math-verify.md")
GOLDS_A_SOURCE = 60
"""Golds of one kind that are taken from one source."""

_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_SHOWN = 40

Written = Iterator[tuple[str, str, bool]]
"""How it is written, the text, and whether that is right."""


@dataclass
class Row:
    """What came of one way to write the golds of one kind."""

    right: bool
    example: str = ""
    """Of a pair on which the two disagree."""
    pairs: int = 0
    ours: int = 0
    """Accepted by the typed comparison."""
    theirs: int = 0
    """Accepted by math-verify."""
    apart: int = 0
    """Accepted by one of the two."""


def own_golds() -> dict[str, list[Answer]]:
    """Return golds of the benchmark's items by kind."""
    golds: dict[str, list[Answer]] = {}
    for family in families():
        for level in LEVELS:
            for item in family.stream(split=Split.TRAIN, level=level, seed=0, limit=4):
                golds.setdefault(f"{item.answer.kind}, own items", []).append(item.answer)
    return golds


def corpus_golds(folder: Path) -> dict[str, list[Answer]]:
    """Return golds of public corpora, each as the type that fits it."""
    found: dict[str, list[Answer]] = {}
    gsm8k = [
        row["answer"].rpartition("#### ")[2] for row in read_jsonl(folder / "gsm8k/test.jsonl")
    ]
    maths = [row["answer"] for row in read_jsonl(folder / "agieval/math.jsonl")]
    for name, texts in (("GSM8K", gsm8k), ("MATH", maths)):
        numbers = [number for text in texts if (number := parse_number(text)) is not None]
        found[f"rational, {name}"] = [
            RationalAnswer(numerator=n.numerator, denominator=n.denominator) for n in numbers
        ]
    found["choice, AQuA"] = [
        ChoiceAnswer(value=row["label"], options=tuple("ABCDE"))
        for row in read_jsonl(folder / "agieval/aqua-rat.jsonl")
    ]
    sorting = read_json(folder / "bbh/word_sorting.json")["examples"]
    found["sequence, BBH word sorting"] = [
        SequenceAnswer(items=tuple(row["target"].split())) for row in sorting
    ]
    found["text, NQ-open"] = [
        TextAnswer(value=row["answer"][0], aliases=tuple(row["answer"][1:]))
        for row in read_jsonl(folder / "nq_open/dev.jsonl")
    ]
    return found


def variants(gold: Answer, rng: Random) -> Written:
    """Yield ways to write `gold` and things that are not it."""
    yield "as the gold is written", gold.render(), True
    match gold:
        case IntegerAnswer():
            yield from _numbers(Fraction(gold.value))
        case RationalAnswer():
            yield from _numbers(Fraction(gold.numerator, gold.denominator))
        case DecimalAnswer():
            yield from _quantities(gold)
        case SetAnswer() | SequenceAnswer():
            yield from _lists(gold, rng)
        case TextAnswer():
            yield from _words(gold.value, rng)
        case ChoiceAnswer():
            yield from _labels(gold)


def _numbers(value: Fraction) -> Written:
    yield "one more", str(value + 1), False
    yield "with a unit in words", f"{value} \\text{{ dollars}}", True
    yield "as an assignment", f"x = {value}", True
    yield "as a sum not worked out", f"{value - 1} + 1", False
    yield "as a percentage", f"{value}\\%", False
    yield "in Arabic-Indic digits", str(value).translate(_ARABIC), True
    yield "after a right-to-left mark", f"\u200f{value}", True
    if value < 0:
        yield "with a Unicode minus", f"\u2212{-value}", True
    if value.denominator > 1:
        part = f"{{{abs(value.numerator)}}}{{{value.denominator}}}"
        yield "as `\\dfrac`", f"{'-' * (value < 0)}\\dfrac{part}", True
        rounded = f"{float(value):.6f}"
        if Fraction(rounded) != value:
            yield "rounded to six places", rounded, False
        return
    yield "with a decimal point", f"{value}.0", True
    yield "off by a ten-millionth", f"{value}.0000001", False
    yield "as `1.2e3`", f"{Decimal(int(value)):e}".replace("e+", "e"), True
    if abs(value) >= 1000:
        for name, gap in (("commas", ","), ("`{,}`", "{,}"), ("`\\,`", "\\,"), ("spaces", " ")):
            yield f"in thousands with {name}", f"{int(value):,}".replace(",", gap), True


def _quantities(gold: DecimalAnswer) -> Written:
    number = gold.model_copy(update={"unit": None}).render()
    yield "without its unit", number, True
    yield "in another unit", f"{number} \\text{{ parsecs}}", False
    yield "one more", str(gold.value + 1), False


def _lists(gold: SetAnswer | SequenceAnswer, rng: Random) -> Written:
    items = list(gold.items)
    if not items:
        return
    yield "in brackets", f"[{', '.join(items)}]", True
    yield "without its last element", ", ".join(items[:-1]) or "none", False
    yield "with an element twice", ", ".join([*items, items[0]]), False
    other = rng.sample(items, len(items))
    if other != items:
        yield "in another order", ", ".join(other), isinstance(gold, SetAnswer)


def _words(word: str, rng: Random) -> Written:
    yield "in capitals", word.upper(), True
    yield "in `\\text`", f"\\text{{{word}}}", True
    yield "with an article", f"the {word}", True
    letters = "".join(rng.sample(word, len(word)))
    if sorted(letters.casefold()) != letters and letters.casefold() != word.casefold():
        yield "as an anagram", letters, False


def _labels(gold: ChoiceAnswer) -> Written:
    yield "in parentheses", f"({gold.value})", True
    yield "in `\\text`", f"\\text{{{gold.value}}}", True
    other = next(option for option in gold.options if option != gold.value)
    yield "as another label", other, False
    yield "as another label in parentheses", f"({other})", False


def math_verify_judge() -> Callable[[str, str], bool]:
    """Return math-verify as its readme shows it."""
    from math_verify import parse, verify

    logging.disable()  # of the warning about each time limit that is reached

    def judge(gold: str, text: str) -> bool:
        read: list[Any] = [parse(f"\\boxed{{{part}}}") for part in (gold, text)]
        return bool(verify(read[0], read[1]))

    return judge


def compare(golds: dict[str, list[Answer]]) -> dict[tuple[str, str], Row]:
    """Return a row for each kind of gold and way to write it."""
    judge = math_verify_judge()
    rows: dict[tuple[str, str], Row] = {}
    for source, answers in golds.items():
        rng = rng_for("compare with math-verify", source)
        for gold in rng.sample(answers, min(len(answers), GOLDS_A_SOURCE)):
            for name, text, right in variants(gold, rng):
                row = rows.setdefault((source, name), Row(right))
                ours, theirs = gold.compare(text) is True, judge(gold.render(), text)
                row.pairs += 1
                row.ours += ours
                row.theirs += theirs
                row.apart += ours is not theirs
                if ours is not theirs and not row.example:
                    row.example = f"{gold.render()[:_SHOWN]} / {text[:_SHOWN]}"
    return rows


def render(rows: dict[tuple[str, str], Row], command: str) -> str:
    """Return the page."""
    from importlib.metadata import version

    pairs = sum(row.pairs for row in rows.values())
    apart = sum(row.apart for row in rows.values())
    errors = {
        side: sum(
            row.pairs - getattr(row, side) if row.right else getattr(row, side)
            for row in rows.values()
        )
        for side in ("ours", "theirs")
    }
    lines = [
        "# Typed comparison and math-verify",
        "",
        "<!-- Written by tools/compare_math_verify.py. -->",
        "",
        f"`{command}` with math-verify {version('math-verify')}:",
        f"{pairs:,} pairs of a gold and a text, of which one side accepts {apart:,} and the other",
        "does not. Which texts are right is known by construction: typed comparison errs on",
        f"{errors['ours']:,} pairs, math-verify on {errors['theirs']:,}. Ways of writing on which",
        "the two never differ are not listed. What typed comparison does not accept is unparsed or",
        "wrong; [the benchmark's page](benchmark.md#answers-and-verdicts) says which.",
        "",
        "| gold | written | is right | pairs | typed accepts | math-verify accepts | example |",
        "|---|---|---|--:|--:|--:|---|",
    ]
    for (source, name), row in sorted(rows.items(), key=lambda entry: entry[0]):
        if row.apart:
            example = row.example.replace("|", "\\|").replace("`", "'")
            lines.append(
                f"| {source} | {name} | {'yes' if row.right else 'no'} | {row.pairs} "
                f"| {row.ours} | {row.theirs} | `{example}` |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, nargs="?", help="folder of public corpora")
    folder = parser.parse_args().corpora
    golds = {**own_golds(), **(corpus_golds(folder) if folder else {})}
    command = "python tools/compare_math_verify.py" + (" CORPORA" if folder else "")
    write_text(PAGE, render(compare(golds), command))


if __name__ == "__main__":
    main()
