"""Whether adding a direction to the states of a tuned model gives back a skill that it lost.

The coefficient of each direction is the best of a few on one half of the skill's items; its effect
is measured on the other half, against the model run in the same way without it. Random directions
of the same length are treated alike, the choice of the coefficient included: what they gain is what
choosing gains. Half of the items being answered by the same random numbers throughout, effects are
paired by item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from metaprobe.benchmark.items import Item
from metaprobe.core.results import SteeringEffect
from metaprobe.core.stats import FloatArray, paired_delta
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import Majority, measure_responses
from metaprobe.probes.features.interventions import EditedDecoder, steer

COEFFICIENTS = (-1.0, -0.5, 0.5, 1.0)
"""Tried for each direction, in units of the step."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A model to be steered, and what it is asked."""

    tuned: LoadedModel
    module: str
    """Whose output is moved."""
    step: float
    """Length of a direction at coefficient 1."""
    choosing: Sequence[Item]
    """Items on which coefficients are chosen."""
    held: Sequence[Item]
    """Items on which effects are measured; none of the former."""
    sampling: Sampling
    majority: Majority
    shots: int
    """Examples before each question for a model without a chat template."""
    stream: str
    """Names random streams."""

    def accuracies(self, items: Sequence[Item], direction: FloatArray | None) -> FloatArray:
        """Return the accuracy of each item with a direction (D,) added to all states, (items,)."""
        edit = None
        if direction is not None:
            edit = steer(torch.from_numpy(direction).float(), 1.0)
        found = measure_responses(
            self.tuned,
            items,
            self.sampling,
            self.majority,
            shots=self.shots,
            decoder=EditedDecoder(self.tuned, self.module, edit),
        )
        correct = (pl.col("verdict") == Verdict.CORRECT).mean()
        table = dict(found.group_by("item_id").agg(correct).iter_rows())
        return np.array([table[item.id] for item in items])


class Steered(NamedTuple):
    """What steering along a direction did."""

    coefficient: float
    accuracy: FloatArray
    """Of each held item."""


def steer_all(
    trial: Trial, directions: Mapping[str, FloatArray], controls: Sequence[FloatArray]
) -> tuple[dict[str, SteeringEffect], list[SteeringEffect]]:
    """Return the effect of each direction, and those of the controls.

    Args:
        trial: The model and the items.
        directions: By name, (D,), of any length but zero.
        controls: Random directions, (D,).
    """
    plain = trial.accuracies(trial.held, None)
    found = {name: _steered(trial, d) for name, d in directions.items()}
    random = [_steered(trial, d) for d in controls]
    mean = np.mean([r.accuracy for r in random], axis=0)
    stream = trial.stream
    effects = {n: _effect(s, plain, mean, f"{stream}/{n}") for n, s in found.items()}
    return effects, [_effect(r, plain, None, f"{stream}/random") for r in random]


def _steered(trial: Trial, direction: FloatArray) -> Steered:
    unit = trial.step * direction / np.linalg.norm(direction)
    tried = {c: trial.accuracies(trial.choosing, c * unit).mean() for c in COEFFICIENTS}
    # Of equals the gentlest.
    best = max(tried, key=lambda c: (tried[c], -abs(c), c))
    return Steered(best, trial.accuracies(trial.held, best * unit))


def _effect(
    steered: Steered, plain: FloatArray, random: FloatArray | None, stream: str
) -> SteeringEffect:
    gain = paired_delta(plain, steered.accuracy, stream=stream)
    beyond = None if random is None else paired_delta(random, steered.accuracy, stream=stream)
    return SteeringEffect(
        coefficient=steered.coefficient,
        effect=gain.value,
        effect_low=gain.low,
        effect_high=gain.high,
        beyond_random=beyond and beyond.value,
        beyond_random_low=beyond and beyond.low,
        beyond_random_high=beyond and beyond.high,
        n_items=gain.n,
    )
