"""Near duplicates inside one set of questions, found exactly and without comparing all pairs."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from scipy import sparse

from metaprobe.benchmark.embedding import Embedder
from metaprobe.benchmark.overlap import SHORT_NGRAM
from metaprobe.benchmark.wording import ngrams, words

NEAR = 0.7
"""Jaccard index of two questions' sets of word 3-grams from which they are near duplicates."""


def near_duplicates(
    questions: Sequence[str], golds: Sequence[str], embedder: Embedder | None = None
) -> dict[int, int]:
    """Return the questions that repeat an earlier one of the same gold, and which one.

    A question that is left out is compared with no later one, so that a chain of small changes
    does not join its two ends.

    Args:
        questions: in the order in which they are kept.
        golds: of each question, in one form.
        embedder: made for the questions; questions are also near if their embeddings are.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, gold in enumerate(golds):
        groups[gold].append(index)
    found: dict[int, int] = {}
    for group in groups.values():
        found |= _alike_in_words(group, [questions[i] for i in group])
        if embedder:
            left = [i for i in group if i not in found]
            found |= _alike_in_meaning(left, [questions[i] for i in left], embedder)
    return dict(sorted(found.items()))


def _alike_in_words(group: Sequence[int], questions: Sequence[str]) -> dict[int, int]:
    """Join by prefixes (Bayardo, Ma and Srikant, WWW 2007).

    Two sets with Jaccard index t share at least a share t of the larger one, so that they have one
    of its |x| - ceil(t |x|) + 1 rarest members in common; only such pairs are compared.
    """
    sets = [_shingles(question) for question in questions]
    frequency = Counter(gram for grams in sets for gram in grams)
    holders: dict[str, list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for index, grams in enumerate(sets):
        rarest = sorted(grams, key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: len(grams) - math.ceil(NEAR * len(grams)) + 1]
        candidates = {other for gram in prefix for other in holders[gram]}
        near = [o for o in candidates if _jaccard(grams, sets[o]) >= NEAR]
        if near:
            found[group[index]] = group[min(near)]
            continue
        for gram in prefix:
            holders[gram].append(index)
    return found


def _alike_in_meaning(
    group: Sequence[int], questions: Sequence[str], embedder: Embedder
) -> dict[int, int]:
    vectors = embedder.encode(questions)
    kept: list[int] = []
    found: dict[int, int] = {}
    for index in range(len(group)):
        cosines = vectors[kept] @ vectors[[index]].T
        dense = cosines.toarray() if sparse.issparse(cosines) else cosines
        near = (dense[:, 0] >= embedder.near).nonzero()[0]
        if len(near):
            found[group[index]] = group[kept[near[0]]]
        else:
            kept.append(index)
    return found


def _shingles(question: str) -> set[str]:
    """Return the word n-grams of a question; all of it where it is shorter than one."""
    of = words(question)
    return ngrams(of, SHORT_NGRAM) or {" ".join(of)}


def _jaccard(one: set[str], other: set[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
