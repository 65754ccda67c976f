"""The first step of a selection: one pass over all records, by a fast embedder.

Every record is compared with every seed that belongs, and each seed keeps the nearest, so that no
kind of question crowds out the others of its cell. Memory does not grow with the corpora, but for a
hash of each distinct question.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from metaprobe.benchmark.curation.embedders import MOST_EMBEDDED
from metaprobe.benchmark.curation.records import Record
from metaprobe.benchmark.curation.scoring import Scorer
from metaprobe.benchmark.curation.search import ExactSearch, UsearchSearch
from metaprobe.benchmark.embedding import Embedder
from metaprobe.benchmark.items import content_hash

_BATCH = 1024


class Progress(NamedTuple):
    """How far a selection is."""

    name: str
    """What is being done."""
    done: int
    total: int | None
    """None where it is not known, as of records in a stream."""


Tell = Callable[[Progress], None]


class Narrowed(NamedTuple):
    """What is left of the records."""

    records: list[Record]
    """Distinct ones that some seed keeps, in the order in which they were read."""
    pools: list[int]
    """Number of distinct records that the seeds of each cell keep."""
    read: int
    repeated: int
    """Records whose question stood before, but for case and spacing."""


def narrow(
    records: Iterable[Record],
    scorer: Scorer,
    embedder: Embedder,
    *,
    keep: int,
    usearch: bool = False,
    tell: Tell = lambda _: None,
) -> Narrowed:
    """Return the records that are nearest to any seed.

    Args:
        records: of all corpora; read once.
        scorer: of the seeds, made with the embedder.
        embedder: a fast one.
        keep: most records of a seed.
        usearch: whether to search an approximate index, which keeps all records in memory.
        tell: called after every batch.

    Raises:
        InputError: a corpus cannot be read.
        MissingExtraError: usearch is asked for and not installed.
    """
    kind = UsearchSearch if usearch else ExactSearch
    search = kind(scorer.belongs, [1] * sum(scorer.sizes), keep)
    kept: dict[int, Record] = {}
    seen: set[int] = set()
    read = 0
    for batch in _batches(records):
        read += len(batch)
        first, new = len(seen), []
        for record in batch:
            key = int(content_hash(record.question), 16)
            if key not in seen:
                seen.add(key)
                new.append(record)
        if new:
            search.add(embedder.encode([record.question[:MOST_EMBEDDED] for record in new]))
            kept |= dict(enumerate(new, start=first))
        if not usearch:
            wanted = {int(row) for found in search.nearest() for row in found.rows}
            kept = {row: record for row, record in kept.items() if row in wanted}
        tell(Progress("reading corpora", read, None))
    of_seeds = iter(search.nearest())
    pools = [
        {int(row) for found in islice(of_seeds, size) for row in found.rows}
        for size in scorer.sizes
    ]
    rows = sorted(set().union(*pools))
    return Narrowed([kept[row] for row in rows], [len(p) for p in pools], read, read - len(seen))


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    source = iter(records)
    while batch := list(islice(source, _BATCH)):
        yield batch
