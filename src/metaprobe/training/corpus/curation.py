"""From the rows of sources to distinct problems that the benchmark does not contain.

What is left out is counted by reason and named by its place, never dropped in silence.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from metaprobe.benchmark.corpus import CorpusRow
from metaprobe.benchmark.curation.written import parse_gold
from metaprobe.benchmark.duplicates import near_duplicates
from metaprobe.benchmark.embedding import Embedder
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.benchmark.overlap import Kind, overlapping_rows
from metaprobe.core.vocabulary import Domain, Skill, Split
from metaprobe.training.corpus.sources import Source


class Reason(StrEnum):
    """Why a row is left out."""

    NO_QUESTION = "no question"
    UNREADABLE_GOLD = "unreadable gold"
    EXACT = "exact duplicate"
    CONFLICT = "exact duplicate with another gold"
    NEAR = "near duplicate"
    BENCHMARK = "in the benchmark"


class LeftOut(NamedTuple):
    """A row that is left out."""

    reason: Reason
    place: str
    """Of the row."""
    text: str
    """Its question, or the gold that cannot be read."""
    other: str = ""
    """Place or id of what it repeats, and how."""


class Curated(NamedTuple):
    """The problems that remain, in the order of their sources, and the rows that do not."""

    items: list[Item]
    left_out: list[LeftOut]


def read_problems(sources: Sequence[Source]) -> Curated:
    """Return the rows with a question and a readable gold as items.

    A corpus names no skill, so that all its problems count as calculation; `family` is the source.

    Raises:
        MissingExtraError: a gold is no number, and math-verify is not installed.
    """
    items: list[Item] = []
    left_out: list[LeftOut] = []
    for source in sources:
        for row in source.rows:
            if not row.question:
                left_out.append(LeftOut(Reason.NO_QUESTION, row.place, ""))
                continue
            answer = parse_gold(row.gold, worked=row.worked)
            if answer is None:
                left_out.append(LeftOut(Reason.UNREADABLE_GOLD, row.place, row.gold))
                continue
            items.append(
                Item(
                    id=content_hash(row.question),
                    domain=Domain.MATHEMATICS,
                    skill=Skill.CALCULATION,
                    family=source.name,
                    level=row.level,
                    split=Split.TRAIN,
                    question=row.question,
                    answer=answer,
                    short=(),
                    long=(),
                    source=row.place,
                )
            )
    return Curated(items, left_out)


def drop_duplicates(items: Sequence[Item], embedder: Embedder | None = None) -> Curated:
    """Return the first of the items of each question, exact or near.

    Questions are exact duplicates if they differ in case and spacing at most; one whose gold is
    another one is told apart. Near duplicates must have the same gold: with another one it is the
    same template with other numbers, and another problem.

    Args:
        items: with readable golds.
        embedder: made for the items' questions; also compares embeddings where given.
    """
    first: dict[str, Item] = {}
    left_out: list[LeftOut] = []
    for item in items:
        known = first.setdefault(item.id, item)
        if known is not item:
            reason = Reason.EXACT if known.answer == item.answer else Reason.CONFLICT
            left_out.append(LeftOut(reason, item.source, item.question, known.source))
    distinct = list(first.values())
    questions, golds = [i.question for i in distinct], [i.answer.render() for i in distinct]
    near = near_duplicates(questions, golds, embedder)
    left_out += [
        LeftOut(Reason.NEAR, distinct[i].source, distinct[i].question, distinct[j].source)
        for i, j in near.items()
    ]
    return Curated([item for i, item in enumerate(distinct) if i not in near], left_out)


def decontaminate(
    items: Sequence[Item], benchmark: Sequence[Item], embedder: Embedder | None = None
) -> Curated:
    """Return the items that do not overlap the benchmark in any way that `Kind` names.

    Args:
        items: of the training data, without duplicates.
        benchmark: what must not be trained on.
        embedder: made for the benchmark's questions; also compares embeddings where given.
    """
    if not benchmark:
        return Curated(list(items), [])
    rows = [CorpusRow(item.id, item.question) for item in items]
    found = {r.row.place: r.found for r in overlapping_rows(benchmark, rows, embedder)}
    order = list(Kind)
    left_out = []
    for item in items:
        if item.id in found:
            kind = min(found[item.id], key=order.index)
            score, of = found[item.id][kind]
            other = f"{of.id} ({kind}, {score:.2f})"
            left_out.append(LeftOut(Reason.BENCHMARK, item.source, item.question, other))
    return Curated([item for item in items if item.id not in found], left_out)
