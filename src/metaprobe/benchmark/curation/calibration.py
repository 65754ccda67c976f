"""From scores to the probability that a person accepts, learnt from decisions, cell by cell."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from metaprobe.core.stats import Interval, wilson

FEWEST = 20
"""Decisions on a cell below which nothing is calibrated."""

DEPTHS = (10, 20, 50, 100)
"""Numbers of best candidates whose precision is reported."""


class Judged(NamedTuple):
    """A candidate that people have decided on."""

    id: str
    score: float
    accepted: bool


class Precision(BaseModel):
    """Share of accepted ones among candidates, with its Wilson interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    n: int
    precision: float
    low: float
    high: float


class Calibration(BaseModel):
    """How the scores of a cell are read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    slope: float
    intercept: float
    """p(accepted) = 1 / (1 + exp(-(slope * score + intercept)))."""
    threshold: float | None
    """Lowest score with the wanted probability; None where no score tells it from others."""
    n: int
    """Decisions that it rests on."""
    accepted: int
    held_out: list[Precision]
    """Of the best n of one half of the decisions, by score; the other half sets `held_above`."""
    held_above: Precision | None
    """Of that half above the threshold that the other half gives; None where none is."""

    def probability(self, score: float) -> float:
        """Return the probability that a candidate of this score is accepted."""
        return float(expit(self.slope * score + self.intercept))


def calibrate(judged: Sequence[Judged], wanted: float) -> Calibration | None:
    """Return the calibration of one cell, or None below `FEWEST` decisions.

    Args:
        judged: candidates of the cell.
        wanted: probability of acceptance from which a candidate is kept.
    """
    if len(judged) < FEWEST:
        return None
    # Halves by a hash of the item, so that the same item is always on the same side.
    halves: list[list[Judged]] = [[], []]
    for one in judged:
        halves[hashlib.sha256(one.id.encode()).digest()[0] % 2].append(one)
    slope, intercept = fit_logistic(*_columns(judged))
    threshold = _threshold(*fit_logistic(*_columns(halves[0])), wanted)
    held = sorted(halves[1], key=lambda one: -one.score)
    above = [one for one in held if threshold is not None and one.score >= threshold]
    return Calibration(
        slope=slope,
        intercept=intercept,
        threshold=_threshold(slope, intercept, wanted),
        n=len(judged),
        accepted=sum(one.accepted for one in judged),
        held_out=[found for n in DEPTHS if n <= len(held) and (found := _precision(held[:n]))],
        held_above=_precision(above),
    )


def fit_logistic(scores: NDArray[np.float64], accepted: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and intercept of Platt's sigmoid (Platt 1999, with his smoothed targets).

    The targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2) keep the slope finite where a score divides
    the two sides cleanly, or there is one side alone.

    Args:
        scores: shape (n,).
        accepted: 1 or 0, shape (n,).
    """
    positive = accepted.sum()
    targets = np.where(
        accepted > 0, (positive + 1) / (positive + 2), 1 / (len(accepted) - positive + 2)
    )

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = line[0] * scores + line[1]
        value = -(targets * log_expit(z) + (1 - targets) * log_expit(-z)).sum()
        error = expit(z) - targets
        return float(value), np.array([error @ scores, error.sum()])

    found = minimize(loss, np.zeros(2), jac=True, method="BFGS").x
    return float(found[0]), float(found[1])


def _columns(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([one.score for one in judged], dtype=float),
        np.array([one.accepted for one in judged], dtype=float),
    )


def _threshold(slope: float, intercept: float, wanted: float) -> float | None:
    return float((logit(wanted) - intercept) / slope) if slope > 0 else None


def _precision(of: Sequence[Judged]) -> Precision | None:
    found: Interval | None = wilson(sum(one.accepted for one in of), len(of))
    if found is None:
        return None
    return Precision(n=found.n, precision=found.value, low=found.low, high=found.high)
