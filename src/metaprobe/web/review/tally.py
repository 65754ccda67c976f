"""How far people have come: counts, pace, and what there is of each cell."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import NamedTuple

from metaprobe.benchmark.curation.decisions import Action, Decision, Kind

LONGEST_SECONDS = 900
"""Whoever takes longer has had a break: no time is recorded."""

_LATEST = 20


class Pace(NamedTuple):
    """How one person gets on."""

    today: int
    """Candidates decided since midnight where the server runs."""
    seconds: float | None
    """Median of the latest decisions with a recorded time; None without any."""
    decided: int
    """Candidates on which a decision of this person stands, unsure ones left out."""
    latest: datetime | None


def pace(standing: Sequence[Decision], now: datetime) -> Pace:
    """Return how a person gets on.

    Args:
        standing: the person's reviews that stand.
        now: with a time zone, which says when the day began.
    """
    sure = [one for one in standing if one.action is not Action.UNSURE]
    ordered = sorted(sure, key=lambda one: one.time)
    timed = [one.seconds for one in ordered if one.seconds is not None]
    today = sum(one.time.astimezone(now.tzinfo).date() == now.date() for one in ordered)
    return Pace(
        today=today,
        seconds=median(timed[-_LATEST:]) if timed else None,
        decided=len(ordered),
        latest=ordered[-1].time if ordered else None,
    )


def reviews_of(standing: dict[str, list[Decision]], name: str) -> dict[str, Decision]:
    """Return by item the reviews of one person that stand."""
    return {
        item: one
        for item, of in standing.items()
        for one in of
        if one.annotator == name and one.kind is Kind.REVIEW
    }
