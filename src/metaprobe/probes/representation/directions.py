"""Linear directions that tell one skill from the others, and how they turn from base to tuned.

The feature of an item is the mean of its states over the completion positions: the same positions
as for the other measures, where the model has read the whole question and works on it. The prompt
would add what all questions share, such as the instruction and worked examples.

Items are split into two halves, within each skill, by a named random stream. A direction is fitted
to one half and scored on the other, both ways round.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.association import auroc, auroc_interval
from metaprobe.core.results import SkillDirection
from metaprobe.core.stats import FloatArray
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill

MIN_ITEMS = 4
"""Fewest items of a skill, and of the others, that are split into halves."""

METHODS: tuple[Literal["mean_difference", "ridge"], ...] = ("mean_difference", "ridge")

_Mask = NDArray[np.bool_]


class _Fitted(NamedTuple):
    directions: tuple[FloatArray, FloatArray]
    """From each half, (D,)."""
    area: float
    """Mean over the halves of the AUROC on the other half."""


def skill_directions(
    base: FloatArray, tuned: FloatArray, items: Sequence[str], skills: Sequence[Skill]
) -> list[SkillDirection]:
    """Return how well each layer's directions tell the skills apart, and how far they turn.

    - `mean_difference`: mean of the skill's items minus mean of the others (Marks and Tegmark,
      arXiv 2310.06824);
    - `ridge`: least squares on the centred features with labels 1 and 0, whose penalty is the mean
      eigenvalue of the items' Gram matrix, so that units do not matter.

    Args:
        base: Features of the base, (items, layers, D).
        tuned: Features of the tuned model on the same items.
        items: Names of the items, which decide the halves.
        skills: Skill of each item.
    """
    half = first_half(items, skills)
    labels = np.array([str(skill) for skill in skills])
    rows = []
    for layer in range(base.shape[1]):
        for skill in Skill:
            positive = labels == str(skill)
            if min(positive.sum(), (~positive).sum()) < MIN_ITEMS:
                continue
            for method in METHODS:
                one, other = (_fit(x[:, layer], positive, half, method) for x in (base, tuned))
                rows.append(_row(layer, skill, method, one, other, positive))
    return rows


def first_half(items: Sequence[str], skills: Sequence[Skill]) -> _Mask:
    """Return which items are in the first half, every second of each skill in a random order."""
    half = np.zeros(len(items), dtype=bool)
    for skill in Skill:
        members = sorted((item, n) for n, item in enumerate(items) if skills[n] == skill)
        order = numpy_rng_for("representation", "halves", skill).permutation(len(members))
        half[[members[place][1] for place in order[::2]]] = True
    return half


def angle(first: FloatArray, second: FloatArray) -> float:
    """Return the angle between two directions in radians, exact for small ones too.

    2 atan2(|u - v|, |u + v|) of the unit vectors (Kahan, "How Futile are Mindless Assessments of
    Roundoff", 2006); a right angle where one of them is zero.
    """
    norms = np.linalg.norm(first), np.linalg.norm(second)
    if not all(norms):
        return float(np.pi / 2)
    u, v = first / norms[0], second / norms[1]
    return float(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def _fit(x: FloatArray, positive: _Mask, half: _Mask, method: str) -> _Fitted:
    directions, areas = [], []
    for train in (half, ~half):
        w = direction(x[train], positive[train], method)
        scores = x[~train] @ w
        directions.append(w)
        areas.append(auroc(scores[positive[~train]], scores[~positive[~train]]))
    return _Fitted((directions[0], directions[1]), float(np.mean(areas)))


def direction(x: FloatArray, positive: _Mask, method: str) -> FloatArray:
    """Return the direction (D,) along which a skill's items lie, by one of `METHODS`.

    Args:
        x: Features (items, D).
        positive: Which items are of the skill.
        method: See `skill_directions`.
    """
    if method == "mean_difference":
        return np.asarray(x[positive].mean(0) - x[~positive].mean(0))
    centred = x - x.mean(0)
    gram = centred @ centred.T
    penalty = float(np.trace(gram)) / len(x) or 1.0
    labels = positive - positive.mean()
    return np.asarray(centred.T @ np.linalg.solve(gram + penalty * np.eye(len(x)), labels))


def _row(
    layer: int,
    skill: Skill,
    method: Literal["mean_difference", "ridge"],
    base: _Fitted,
    tuned: _Fitted,
    positive: _Mask,
) -> SkillDirection:
    n_skill = int(positive.sum())
    one, other = (auroc_interval(f.area, n_skill, len(positive) - n_skill) for f in (base, tuned))
    turns = [angle(u, v) for u, v in zip(base.directions, tuned.directions, strict=True)]
    return SkillDirection(
        layer=layer,
        skill=skill,
        method=method,
        auroc_base=one.value,
        base_low=one.low,
        base_high=one.high,
        auroc_tuned=other.value,
        tuned_low=other.low,
        tuned_high=other.high,
        angle=float(np.mean(turns)),
        angle_floor=angle(*base.directions),
        n_items=len(positive),
        n_skill=n_skill,
    )
