"""Six methods on one stage: what each says, how far they agree, and what steering does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import (
    Estimate,
    Lighter,
    LighterMethod,
    SkillMovement,
    SteeringEffect,
)
from metaprobe.core.stats import FloatArray, Interval, paired_delta
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import Majority
from metaprobe.probes.features.activations import block_names, collect_activations
from metaprobe.probes.lighter.autoencoder import Autoencoder
from metaprobe.probes.lighter.cost import Cost, measured
from metaprobe.probes.lighter.difference_lens import DifferenceLens
from metaprobe.probes.lighter.evidence import Answer, Evidence, Method
from metaprobe.probes.lighter.linear_probe import LinearProbe
from metaprobe.probes.lighter.mean_difference import MeanDifference
from metaprobe.probes.lighter.pca_of_change import PcaOfChange
from metaprobe.probes.lighter.steering import Trial, steer_all
from metaprobe.probes.lighter.weights import Weights
from metaprobe.probes.representation import ItemText
from metaprobe.probes.representation.directions import first_half
from metaprobe.probes.representation.states import check_pair

RANDOM_DIRECTIONS = 3
"""Controls of steering."""
_NULL_DRAWS = 2000


class Outcomes(NamedTuple):
    """What the two models answered, and how they are asked again."""

    items: Mapping[str, Item]
    base: Mapping[str, float]
    """Accuracy of each item."""
    tuned: Mapping[str, float]
    sampling: Sampling
    majority: Majority
    shots: int
    """Examples before each question for a model without a chat template."""


class _Asked(NamedTuple):
    answer: Answer | None
    problem: str | None
    cost: Cost


def measure_lighter(
    base: LoadedModel, tuned: LoadedModel, texts: Sequence[ItemText], outcomes: Outcomes
) -> Lighter:
    """Return the answers of all methods on a stage.

    Both models read the texts at the output of the middle layer. Directions come from one half of
    the items of each skill, and so does the skill that is steered, the one that fell most there.

    Args:
        base: What the stage was trained from.
        tuned: The stage.
        texts: One response of the base to each item.
        outcomes: Of these items.

    Raises:
        ConfigError: the models or texts do not fit each other.
        InputError: states are not finite.
    """
    special = set(base.tokenizer.all_special_ids)
    texts = [t for t in texts if not special.issuperset(t.text.completion)]
    check_pair(base, tuned, texts)
    names = block_names(base.model)
    module = names[(len(names) - 1) // 2]
    with TemporaryDirectory() as folder:
        evidence, cost = measured(lambda: _read(base, tuned, texts, module, Path(folder)))
        coder = Autoencoder()
        methods: list[Method] = [LinearProbe(), MeanDifference(), PcaOfChange(), DifferenceLens()]
        methods += [Weights(), coder]
        asked = {m.name: _ask(m, evidence) for m in methods}
    lost = _lost(evidence, outcomes)
    cosines, threshold = _cosines(evidence, asked, coder.name)
    step = None if lost is None else _step(evidence, lost)
    steered, random = _steer(evidence, asked, lost, outcomes) if step else ({}, [])
    return Lighter(
        module=module,
        n_texts=len(texts),
        lost=lost,
        change=None if lost is None else _estimate(_fall(evidence, outcomes, lost, half=False)),
        step=step,
        random_cosine=threshold,
        random=random,
        methods=[_row(name, one, cosines, steered) for name, one in asked.items()],
        states_cpu_seconds=cost.cpu_seconds,
        states_peak_mb=cost.peak_mb,
        sae=coder.quality,
    )


def _read(
    base: LoadedModel, tuned: LoadedModel, texts: Sequence[ItemText], module: str, folder: Path
) -> Evidence:
    half = first_half([t.item for t in texts], [t.cell.skill for t in texts])
    stores = (
        collect_activations(base, texts, [module], folder / "base"),
        collect_activations(tuned, texts, [module], folder / "tuned"),
    )
    evidence = Evidence(base, tuned, module, texts, half, stores)
    _ = evidence.means  # so that the method that comes first does not pay for it
    return evidence


def _ask(method: Method, evidence: Evidence) -> _Asked:
    def work() -> tuple[Answer | None, str | None]:
        try:
            return method.answer(evidence), None
        except (ConfigError, InputError) as error:
            return None, str(error)

    (answer, problem), cost = measured(work)
    return _Asked(answer, problem, cost)


def _lost(evidence: Evidence, outcomes: Outcomes) -> Skill | None:
    """Return the skill that fell most of those whose interval lies below zero, if there is one."""
    falls = {s: _fall(evidence, outcomes, s, half=True) for s in evidence.skills}
    sure = {skill: found.value for skill, found in falls.items() if found.high < 0}
    return min(sure, key=lambda s: sure[s], default=None)


def _fall(evidence: Evidence, outcomes: Outcomes, skill: Skill, *, half: bool) -> Interval:
    names = _items(evidence, skill, half=half)
    before, after = (np.array([side[n] for n in names]) for side in (outcomes.base, outcomes.tuned))
    return paired_delta(before, after, stream=f"lighter/{skill}/{half}")


def _items(evidence: Evidence, skill: Skill, *, half: bool) -> list[str]:
    chosen = evidence.members(skill) & (evidence.half == half)
    return [text.item for text, kept in zip(evidence.texts, chosen, strict=True) if kept]


def _step(evidence: Evidence, skill: Skill) -> float:
    members = evidence.members(skill) & evidence.half
    return float(np.linalg.norm(evidence.moves[members].mean(0)))


def _directions(asked: Mapping[str, _Asked], skill: Skill) -> dict[str, FloatArray]:
    found = {n: a.answer.directions.get(skill) for n, a in asked.items() if a.answer}
    return {name: d for name, d in found.items() if d is not None and d.any()}


def random_directions(states: FloatArray, count: int, stream: str) -> FloatArray:
    """Return random directions (count, D) of length one, spread as states (N, D) around their mean.

    Directions uniform over the sphere would be a weak control: states fill few dimensions, and
    what lies outside them says little of the model.
    """
    centred = states - states.mean(0)
    drawn = numpy_rng_for("lighter", stream).standard_normal((count, len(states))) @ centred
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def _cosines(
    evidence: Evidence, asked: Mapping[str, _Asked], reference: str
) -> tuple[dict[str, float], float | None]:
    """Return each method's mean absolute cosine with the reference, and what chance gives."""
    found: dict[str, list[float]] = {}
    thresholds = []
    for skill in evidence.skills:
        units = {n: d / np.linalg.norm(d) for n, d in _directions(asked, skill).items()}
        goal = units.pop(reference, None)
        if goal is None:
            continue
        null = np.abs(random_directions(evidence.means[0], _NULL_DRAWS, "cosines") @ goal)
        thresholds.append(float(np.quantile(null, 0.95)))
        for name, unit in units.items():
            found.setdefault(name, []).append(abs(float(unit @ goal)))
    means = {name: float(np.mean(values)) for name, values in found.items()}
    return means, float(np.mean(thresholds)) if thresholds else None


def _steer(
    evidence: Evidence, asked: Mapping[str, _Asked], lost: Skill | None, outcomes: Outcomes
) -> tuple[dict[str, SteeringEffect], list[SteeringEffect]]:
    if lost is None:
        return {}, []
    choosing, held = (
        [outcomes.items[n] for n in _items(evidence, lost, half=half)] for half in (True, False)
    )
    trial = Trial(
        tuned=evidence.tuned,
        module=evidence.module,
        step=_step(evidence, lost),
        choosing=choosing,
        held=held,
        sampling=outcomes.sampling,
        majority=outcomes.majority,
        shots=outcomes.shots,
        stream=f"lighter/{lost}",
    )
    controls = random_directions(evidence.means[0], RANDOM_DIRECTIONS, "steering")
    return steer_all(trial, _directions(asked, lost), list(controls))


def _row(
    name: str,
    asked: _Asked,
    cosines: Mapping[str, float],
    steered: Mapping[str, SteeringEffect],
) -> LighterMethod:
    answer = asked.answer
    movements = None if answer is None else answer.movements
    return LighterMethod(
        method=name,
        movements=None if movements is None else [_movement(*pair) for pair in movements.items()],
        cosine=cosines.get(name),
        steering=steered.get(name),
        tokens=None if answer is None else answer.tokens,
        cpu_seconds=asked.cost.cpu_seconds,
        peak_mb=asked.cost.peak_mb,
        problem=asked.problem,
    )


def _estimate(found: Interval) -> Estimate:
    return Estimate(value=found.value, low=found.low, high=found.high)


def _movement(skill: Skill, found: Interval) -> SkillMovement:
    return SkillMovement(
        skill=skill, value=found.value, low=found.low, high=found.high, n_items=found.n
    )
