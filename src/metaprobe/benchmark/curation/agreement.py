"""How far the reviewers of a folder of picks agree, by cell and overall."""

from itertools import combinations

from pydantic import BaseModel, ConfigDict

from metaprobe.benchmark.answers import Answer
from metaprobe.benchmark.curation.decisions import Action, Decision, Kind
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.core.results.profile import Estimate
from metaprobe.core.stats import Interval, cohen_kappa, krippendorff_alpha, raw_agreement
from metaprobe.core.stats.agreement import Label
from metaprobe.core.vocabulary import CELLS

Labels = list[list[Label]]


class Agreement(BaseModel):
    """Agreement on some candidates; a measure is None where it is not defined."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    reviewed: int
    """Candidates that somebody has decided on."""
    n: int
    """Those that two or more have decided on: what the measures rest on."""
    raw: Estimate | None
    """Mean share of pairs of reviewers who decided alike."""
    kappa: Estimate | None
    """Cohen's; None where more than two people decided."""
    alpha: Estimate | None
    """Krippendorff's, nominal."""


class AgreementTable(BaseModel):
    """Agreement overall, by suggested cell, and of each two people."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    overall: Agreement
    cells: dict[str, Agreement]
    """Of the cells in which somebody has decided."""
    pairs: dict[str, Agreement]
    """Named `first, second`."""


def agreement(store: ReviewStore) -> AgreementTable:
    """Return how far the blind reviews agree.

    Two decisions are alike when both reject, or both put the item into the same cell with the
    same answer. Who is unsure has not decided; adjudications do not count.
    """
    people = [one.name for one in store.annotators()]
    rows: dict[str, Labels] = {}
    for name, decisions in store.standing().items():
        item = store.candidates[name].item
        reviews = [d for d in decisions if d.kind is Kind.REVIEW and d.action is not Action.UNSURE]
        labels = _labels(item.answer, reviews)
        if labels:
            rows.setdefault(str(item.cell), []).append([labels.get(who) for who in people])
    every = [row for own in rows.values() for row in own]
    pairs = {}
    for i, j in combinations(range(len(people)), 2):
        found = _agreement([[row[i], row[j]] for row in every if {row[i], row[j]} != {None}])
        if found.n:
            pairs[f"{people[i]}, {people[j]}"] = found
    return AgreementTable(
        overall=_agreement(every),
        cells={str(cell): _agreement(rows[str(cell)]) for cell in CELLS if str(cell) in rows},
        pairs=pairs,
    )


def _labels(gold: Answer, reviews: list[Decision]) -> dict[str, Label]:
    """Return by person a label that means the same on every item.

    It is where the item goes, and which of the distinct answers given to it is right, the gold
    being the first: with the answers themselves, each item would have labels of its own, and
    nobody could agree by chance.
    """
    answers = list(dict.fromkeys([gold, *(one.answer for one in reviews if one.answer)]))
    return {
        one.annotator: (one.to_cell, answers.index(one.answer or gold)) if one.keeps else "rejected"
        for one in reviews
    }


def _agreement(rows: Labels) -> Agreement:
    raw = raw_agreement(rows)
    people = [own for own in zip(*rows, strict=True) if set(own) != {None}]
    two = [list(row) for row in zip(*people, strict=True)] if len(people) == 2 else []
    return Agreement(
        reviewed=len(rows),
        n=raw.n if raw else 0,
        raw=_estimate(raw),
        kappa=_estimate(cohen_kappa(two, stream="agreement")),
        alpha=_estimate(krippendorff_alpha(rows, stream="agreement")),
    )


def _estimate(found: Interval | None) -> Estimate | None:
    return Estimate(value=found.value, low=found.low, high=found.high) if found else None
