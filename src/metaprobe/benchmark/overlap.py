"""Which questions of a benchmark stand in a training corpus, word for word or nearly so.

One pass over the corpus, in batches: memory grows with the benchmark and never with the corpus.
Five kinds of overlap are measured independently, so an item may have several; docs/overlap.md
says what each means.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from metaprobe.benchmark.corpus import CorpusRow
from metaprobe.benchmark.embedding import Embedder
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.wording import masked, ngrams, words

LONG_NGRAM = 13
"""Words of the long n-grams: GPT-3 (arXiv 2005.14165, appendix C) and lm-evaluation-harness."""
FEWEST_WORDS = 8
"""Shorter questions have no long n-gram; GPT-3 used none below 8 words either."""
SHORT_NGRAM = 3
"""Words of the n-grams whose Jaccard index is taken."""
NEAR_JACCARD = 0.5
"""Jaccard index from which a row counts as a near duplicate."""

_BATCH = 256


class Kind(StrEnum):
    """How an item and a row of the corpus overlap, strongest first."""

    EXACT = "exact"
    TEMPLATE = "template"
    NGRAM = "13-gram"
    JACCARD = "3-gram"
    EMBEDDING = "embedding"


class Match(NamedTuple):
    """The row of the corpus that is nearest to an item, by one kind."""

    score: float
    """In [0, 1]; 1 for exact copies and templates."""
    row: CorpusRow


class ItemOverlap(NamedTuple):
    """What was found of one item."""

    item: Item
    nearest: dict[Kind, Match]
    """By kind, the first row of the highest score; a kind that no row scored above 0 is absent."""
    found: frozenset[Kind]
    """The kinds whose score counts as an overlap."""
    has_ngram: bool
    """Whether the question is long enough for long n-grams."""


class Overlap(NamedTuple):
    """What was found of a benchmark in a corpus."""

    items: list[ItemOverlap]
    n_rows: int
    """Texts of the corpus that were read."""
    embedder: str
    near_cosine: float


class RowOverlap(NamedTuple):
    """A row of the corpus that repeats an item, or nearly."""

    row: CorpusRow
    found: dict[Kind, tuple[float, Item]]
    """By kind whose score counts as an overlap: the highest score, and the item that has it."""


def find_overlap(items: Sequence[Item], rows: Iterable[CorpusRow], embedder: Embedder) -> Overlap:
    """Compare every item with every row.

    Args:
        items: of the benchmark.
        rows: of the corpus; read once.
        embedder: made for the items' questions.
    """
    index = _Index(items, embedder)
    nearest: list[dict[Kind, Match]] = [{} for _ in items]
    n_rows = 0
    for batch in _batches(rows):
        n_rows += len(batch)
        for kind, scores in index.scores(batch):
            _keep_highest(nearest, kind, scores, batch)
    thresholds = _thresholds(embedder)
    found = [
        ItemOverlap(
            item=item,
            nearest=best,
            found=frozenset(k for k, match in best.items() if match.score >= thresholds[k]),
            has_ngram=length >= FEWEST_WORDS,
        )
        for item, best, length in zip(items, nearest, index.lengths, strict=True)
    ]
    return Overlap(found, n_rows, embedder.name, embedder.near)


def overlapping_rows(
    items: Sequence[Item], rows: Iterable[CorpusRow], embedder: Embedder | None = None
) -> Iterator[RowOverlap]:
    """Yield the rows that overlap an item: what decontamination takes out of training data.

    Args:
        items: of the benchmark.
        rows: of the corpus; read once.
        embedder: made for the items' questions; no embeddings are compared where None.
    """
    index = _Index(items, embedder)
    thresholds = _thresholds(embedder)
    for batch in _batches(rows):
        found: list[dict[Kind, tuple[float, Item]]] = [{} for _ in batch]
        for kind, scores in index.scores(batch):
            for place, best in enumerate(scores.argmax(axis=1)):
                score = float(scores[place, best])
                if score > 0 and score >= thresholds[kind]:
                    found[place][kind] = (score, items[best])
        yield from (RowOverlap(r, kinds) for r, kinds in zip(batch, found, strict=True) if kinds)


def _thresholds(embedder: Embedder | None) -> dict[Kind, float]:
    return {
        **dict.fromkeys((Kind.EXACT, Kind.TEMPLATE, Kind.NGRAM), 0.0),
        Kind.JACCARD: NEAR_JACCARD,
        Kind.EMBEDDING: embedder.near if embedder else 1.0,
    }


class _Index:
    """The benchmark, arranged so that a batch of rows is compared with all of it at once."""

    def __init__(self, items: Sequence[Item], embedder: Embedder | None) -> None:
        questions = [words(item.question) for item in items]
        self.lengths = [len(question) for question in questions]
        long = [min(LONG_NGRAM, n) if n >= FEWEST_WORDS else None for n in self.lengths]
        self._long = _Shingles(questions, long)
        self._short = _Shingles(questions, [SHORT_NGRAM] * len(items))
        self._exact = _Phrases(questions)
        self._templates = _Phrases([masked(question) for question in questions])
        self._embedder = embedder
        if embedder:
            self._vectors = embedder.encode([item.question for item in items])

    def scores(self, batch: list[CorpusRow]) -> Iterator[tuple[Kind, NDArray[np.float64]]]:
        """Yield the scores of each kind, shape (rows, items)."""
        texts = [words(row.text) for row in batch]
        exact = self._exact.within(texts)
        yield Kind.EXACT, exact
        yield Kind.TEMPLATE, self._templates.within([masked(t) for t in texts]) * (1 - exact)
        shared, own, _ = self._long.shared(texts)
        yield Kind.NGRAM, shared / np.maximum(own, 1)
        shared, own, others = self._short.shared(texts)
        yield Kind.JACCARD, shared / np.maximum(own + others[:, None] - shared, 1)
        if self._embedder:
            cosines = self._embedder.encode([row.text for row in batch]) @ self._vectors.T
            yield Kind.EMBEDDING, cosines.toarray() if sparse.issparse(cosines) else cosines


class _Shingles:
    """Distinct n-grams of each question; n differs from question to question, or is None."""

    def __init__(self, questions: Sequence[list[str]], sizes: Sequence[int | None]) -> None:
        self._sizes = {n for n in sizes if n}
        sets = [ngrams(q, n) if n else set() for q, n in zip(questions, sizes, strict=True)]
        self._columns = {
            gram: i for i, gram in enumerate(dict.fromkeys(g for s in sets for g in s))
        }
        self._table = self._incidence(sets).T.tocsr()
        self._own = np.array([len(grams) for grams in sets])

    def shared(
        self, texts: Sequence[list[str]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the n-grams shared (texts, questions), of each question and of each text."""
        sets = [set().union(*(ngrams(t, n) for n in self._sizes)) for t in texts]
        shared = (self._incidence(sets) @ self._table).toarray()
        return shared, self._own, np.array([len(grams) for grams in sets])

    def _incidence(self, sets: Sequence[set[str]]) -> Any:
        columns = [[self._columns[g] for g in grams if g in self._columns] for grams in sets]
        ends = np.cumsum([0, *map(len, columns)])
        flat = [column for row in columns for column in row]
        shape = (len(sets), len(self._columns))
        return sparse.csr_array((np.ones(len(flat)), flat, ends), shape=shape)


class _Phrases:
    """Whole questions as runs of words, found anywhere in a text.

    A question of fewer than `FEWEST_WORDS` words must be the whole text: a short one, as
    `3 + 4`, is a part of many others.
    """

    def __init__(self, questions: Sequence[list[str]]) -> None:
        self._places: dict[str, list[int]] = {}
        self._lengths: dict[str, set[int]] = {}
        for place, question in enumerate(questions):
            self._places.setdefault(" ".join(question), []).append(place)
            if len(question) >= FEWEST_WORDS:
                start = " ".join(question[:FEWEST_WORDS])
                self._lengths.setdefault(start, set()).add(len(question))
        self._n = len(questions)

    def within(self, texts: Sequence[list[str]]) -> NDArray[np.float64]:
        """Return 1 where a text has a question, else 0, shape (texts, questions)."""
        found = np.zeros((len(texts), self._n))
        for row, text in zip(found, texts, strict=True):
            for run in self._runs(text):
                row[self._places.get(run, [])] = 1
        return found

    def _runs(self, text: list[str]) -> Iterator[str]:
        """Yield the whole text, and the runs that start and are as long as a question."""
        yield " ".join(text)
        for i in range(len(text) - FEWEST_WORDS + 1):
            for length in self._lengths.get(" ".join(text[i : i + FEWEST_WORDS]), ()):
                yield " ".join(text[i : i + length])


def _batches(rows: Iterable[CorpusRow]) -> Iterator[list[CorpusRow]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _keep_highest(
    nearest: list[dict[Kind, Match]],
    kind: Kind,
    scores: NDArray[np.float64],
    batch: list[CorpusRow],
) -> None:
    best = scores.argmax(axis=0)
    for place, row in enumerate(best):
        score = float(scores[row, place])
        known = nearest[place].get(kind)
        if score > (known.score if known else 0):
            nearest[place][kind] = Match(score, batch[row])
