"""Candidates for the cells out of corpora, in two steps, with the reason for each.

`narrow.py` takes the first step. In the second a better embedder scores what is left, and each
record goes to the cell of its highest score. Near duplicates are left out, the others ordered by
score and by what they add; golds are typed in that order until a cell is full.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from metaprobe import __version__
from metaprobe.benchmark.answers import Answer
from metaprobe.benchmark.curation import scoring
from metaprobe.benchmark.curation.calibration import Calibration, Judged, calibrate
from metaprobe.benchmark.curation.decisions import verdicts
from metaprobe.benchmark.curation.embedders import MOST_EMBEDDED
from metaprobe.benchmark.curation.golds import UnresolvedGoldError, typed_gold
from metaprobe.benchmark.curation.narrow import Progress, Tell, narrow
from metaprobe.benchmark.curation.picks import Candidate, Neighbour
from metaprobe.benchmark.curation.readers import Corpus, read_all
from metaprobe.benchmark.curation.records import Record
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.curation.scoring import Fit, Scorer, diverse_order
from metaprobe.benchmark.curation.seeds import Seeds, seeds_digest
from metaprobe.benchmark.duplicates import near_duplicates
from metaprobe.benchmark.embedding import Embedder, Vectors
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import LEVELS, Split

_EMBEDDED_AT_ONCE = 256


class SelectSettings(BaseModel):
    """How candidates are selected."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    per_cell: int = Field(default=100, ge=1)
    """Most candidates of a cell."""
    per_seed: int = Field(default=30, ge=1)
    """Records that each seed keeps for the second step."""
    floor: float = 0.25
    """Lowest score of a candidate, in a cell that is not calibrated; chosen for `minilm`."""
    precision: float = Field(default=0.8, gt=0, lt=1)
    """Probability of acceptance from which a candidate is kept, in a calibrated cell."""
    diversity: float = Field(default=0.3, ge=0, le=1)
    """Weight of what a candidate adds to those before it, beside its score."""
    usearch: bool = False
    """Narrow with an approximate index instead of exactly."""


class Selection(NamedTuple):
    """What was selected."""

    candidates: list[Candidate]
    """Cell by cell, best first."""
    provenance: dict[str, Any]


class _Ranked(NamedTuple):
    """What the second step knows of all records that were kept."""

    records: list[Record]
    vectors: Vectors
    fit: Fit


def select(
    corpora: Sequence[Corpus],
    seeds: Sequence[Seeds],
    embedders: tuple[Embedder, Embedder],
    settings: SelectSettings,
    *,
    reviewed: ReviewStore | None = None,
    tell: Tell = lambda _: None,
) -> Selection:
    """Select candidates for the cells.

    Args:
        corpora: that are read, once.
        seeds: of all cells.
        embedders: the fast one and the one that ranks, both made for the seeds' examples.
        settings: how to select.
        reviewed: earlier picks with decisions, from which cells are calibrated.
        tell: called as the work goes on.

    Raises:
        ConfigError: the reviewed picks were scored in another way.
        InputError: a corpus cannot be read, or there is no record at all.
        MissingExtraError: a gold needs math-verify, which is not installed.
    """
    fast, ranker = embedders
    scored_by = {
        "seeds": seeds_digest(list(seeds)),
        "ranker": ranker.name,
        "scoring": scoring.VERSION,
    }
    calibrations = _calibrations(reviewed, scored_by, settings.precision) if reviewed else {}
    narrowed = narrow(
        read_all(corpora),
        Scorer(seeds, fast),
        fast,
        keep=settings.per_seed,
        usearch=settings.usearch,
        tell=tell,
    )
    if not narrowed.records:
        raise InputError(f"{', '.join(one.name for one in corpora)}: no question in it")
    ranked = _rank(narrowed.records, Scorer(seeds, ranker), ranker, tell)
    candidates: list[Candidate] = []
    counts: dict[str, dict[str, Any]] = {}
    for number, (one, pool) in enumerate(zip(seeds, narrowed.pools, strict=True)):
        tell(Progress("typing golds", number, len(seeds)))
        chosen, count = _choose(number, seeds, ranked, settings, calibrations.get(str(one.cell)))
        candidates += chosen
        counts[str(one.cell)] = {"nearest": pool, **count}
    provenance = {
        "metaprobe": __version__,
        "settings": settings.model_dump(),
        "scored_by": scored_by,
        "fast": fast.name,
        "corpora": [corpus.describe() for corpus in corpora],
        "records": narrowed.read,
        "repeated": narrowed.repeated,
        "ranked": len(ranked.records),
        "cells": counts,
        "calibration": {cell: found.model_dump() for cell, found in calibrations.items()},
    }
    return Selection(candidates, provenance)


def _calibrations(
    reviewed: ReviewStore, scored_by: Mapping[str, object], wanted: float
) -> dict[str, Calibration]:
    if reviewed.picks.provenance.get("scored_by") != scored_by:
        raise ConfigError(
            "--calibrate: these picks were scored with other seeds or another ranker, so their "
            "scores mean something else; review picks of the present ones"
        )
    decided = verdicts(reviewed.decisions())
    judged: dict[str, list[Judged]] = {}
    for one in reviewed.picks.candidates:
        accepted = decided.get((one.item.id, str(one.item.cell)))
        if accepted is not None:
            judged.setdefault(str(one.item.cell), []).append(
                Judged(one.item.id, one.score, accepted)
            )
    found = {cell: calibrate(of, wanted) for cell, of in judged.items()}
    return {cell: one for cell, one in found.items() if one}


def _rank(records: list[Record], scorer: Scorer, ranker: Embedder, tell: Tell) -> _Ranked:
    parts = []
    for start in range(0, len(records), _EMBEDDED_AT_ONCE):
        tell(Progress("ranking", start, len(records)))
        texts = [r.question[:MOST_EMBEDDED] for r in records[start : start + _EMBEDDED_AT_ONCE]]
        parts.append(ranker.encode(texts))
    stacked = sparse.csr_array(sparse.vstack(parts)) if sparse.issparse(parts[0]) else None
    vectors = np.vstack(parts) if stacked is None else stacked
    return _Ranked(records, vectors, scorer.fit(vectors))


def _choose(
    number: int,
    seeds: Sequence[Seeds],
    ranked: _Ranked,
    settings: SelectSettings,
    calibration: Calibration | None,
) -> tuple[list[Candidate], dict[str, Any]]:
    """Return the candidates of the cell of that number, and what became of its records."""
    scores = ranked.fit.scores
    members = np.flatnonzero(scores.argmax(axis=1) == number)
    members = members[np.argsort(-scores[members, number], kind="stable")]
    floor = settings.floor
    if calibration and calibration.threshold is not None:
        floor = calibration.threshold
    above = members[scores[members, number] >= floor]
    questions = [ranked.records[row].question for row in above]
    repeated = near_duplicates(questions, [""] * len(questions))
    distinct = np.delete(above, list(repeated))
    chosen: list[Candidate] = []
    unresolved: Counter[str] = Counter()
    order = diverse_order(scores[distinct, number], ranked.vectors[distinct], settings.diversity)
    for place in order:
        row = int(distinct[place])
        try:
            answer = typed_gold(ranked.records[row].gold)
        except UnresolvedGoldError as error:
            unresolved[str(error)] += 1
            continue
        chosen.append(_candidate(row, number, seeds, ranked, answer))
        if len(chosen) == settings.per_cell:
            break
    named = [
        one.model_copy(
            update={
                "rank": rank,
                "probability": calibration.probability(one.score) if calibration else None,
            }
        )
        for rank, one in enumerate(chosen, start=1)
    ]
    return named, {
        "suggested": len(members),
        "floor": floor,
        "below_floor": len(members) - len(above),
        "near_duplicates": len(repeated),
        "unresolved_golds": dict(sorted(unresolved.items())),
        "candidates": len(named),
    }


def _candidate(
    row: int, number: int, seeds: Sequence[Seeds], ranked: _Ranked, answer: Answer
) -> Candidate:
    record, own = ranked.records[row], seeds[number]
    scores: NDArray[np.float32] = ranked.fit.scores[row]
    second = int(np.argsort(-scores, kind="stable")[1])
    belongs = own.belongs[ranked.fit.belongs[row, number]]
    miss = own.near_miss[ranked.fit.near_miss[row, number]]
    return Candidate(
        item=Item(
            id=content_hash(record.question),
            domain=own.cell.domain,
            skill=own.cell.skill,
            family=record.corpus,
            level=record.level or LEVELS[0],
            split=Split.EVAL,
            question=record.question,
            answer=answer,
            short=(),
            long=(),
            source=f"{record.corpus}/{record.place}",
        ),
        rank=1,
        score=float(scores[number]),
        probability=None,
        runner_up=str(seeds[second].cell),
        margin=float(scores[number] - scores[second]),
        belongs=Neighbour(what=belongs.what, example=belongs.example, cell=str(own.cell)),
        near_miss=Neighbour(what=miss.what, example=miss.example, cell=miss.cell),
        corpus=record.corpus,
        licence=record.licence,
    )
