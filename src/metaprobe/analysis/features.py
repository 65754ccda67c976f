"""What became of the features of a study, in sentences.

A share of a stage is above the noise floor where Fisher's exact test, features as the unit, has a
q-value below 0.05 over all stages and kinds of change. The floor is of one training of one
autoencoder.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from metaprobe.analysis.wording import joined, label, whole
from metaprobe.core.results import ArmResult, FeatureShare, Finding, StageFeatures, StageResult
from metaprobe.core.stats import benjamini_hochberg

LEVEL = 0.05
"""The q-value below which a difference is told."""

_EDITS = {
    "ablate": "Ablating",
    "amplify": "Amplifying",
    "patch": "Giving the base's values to",
}
_KINDS = ("lost", "rotated", "gained")


class _Change(NamedTuple):
    """One kind of change of one stage beside the noise floor."""

    kind: str
    stage: FeatureShare
    floor: FeatureShare
    q_value: float


def feature_findings(base: StageResult, arms: Sequence[ArmResult]) -> list[Finding]:
    """Return what the features of the base and of the last measured stages say.

    Args:
        base: The base's profile.
        arms: Of the study.
    """
    if base.features is None:
        return []
    text, known = _survival("the base's", base.features)
    found = [Finding(kind="features", arm="base", text=text, evidence=known)]
    last = [(run, measured[-1]) for run in arms if (measured := _measured(run))]
    changes = _changes([features for _, (_, features) in last])
    for (run, (step, features)), rows in zip(last, changes, strict=True):
        seed = f", seed {run.seed}" if sum(r.arm == run.arm for r, _ in last) > 1 else ""
        name = f"{label(run.arm, run.kind)}, step {step}{seed}"
        text, known = _survival("its", features)
        words = [f"{name}: {_moved(rows)}", text, *_edited(features)]
        evidence = {
            **known,
            **{row.kind: row.stage.share for row in rows},
            "floor": {row.kind: row.floor.share for row in rows},
            "q_values": {row.kind: row.q_value for row in rows},
        }
        finding = Finding(kind="features", arm=run.arm, text=" ".join(words), evidence=evidence)
        found.append(finding)
    return found


def _measured(run: ArmResult) -> list[tuple[int, StageFeatures]]:
    return [(stage.step, stage.features) for stage in run.steps if stage.features is not None]


def _survival(whose: str, found: StageFeatures) -> tuple[str, dict[str, Any]]:
    """Return text and evidence on how many features of skills survive all controls."""
    told = next((s for s in found.scores.shares if _is_all(s.group, s.control)), None)
    if told is None:
        text = f"None of {whose} scored features tells a skill from the others (q < {LEVEL})."
        return text, {"n": 0}
    count = "none" if not told.survived else str(told.survived)
    text = (
        f"Of {whose} {told.n} features that tell a skill from the others, {count} "
        f"survive{'s' if told.survived < 2 else ''} all four controls "
        f"(95 % {whole(told.low)} to {whole(told.high)} %)."
    )
    return text, told.model_dump(include={"survived", "n", "low", "high"})


def _is_all(group: str, control: str) -> bool:
    return group == "skills" and control == "all four"


def _changes(stages: Sequence[StageFeatures]) -> list[list[_Change]]:
    """Return, for each stage with a floor, its changes; q-values are over all of them."""
    from scipy.stats import fisher_exact  # importing it takes most of a second

    tables = []
    for found in stages:
        floor = found.changes.floor
        pairs = [
            (kind, getattr(found.changes.change, kind), getattr(floor, kind))
            for kind in (_KINDS if floor else ())
        ]
        tables.append([(k, own, noise) for k, own, noise in pairs if own.n and noise.n])
    p_values = [
        fisher_exact([[s.count, s.n - s.count] for s in (own, noise)]).pvalue
        for rows in tables
        for _, own, noise in rows
    ]
    q_values = iter(benjamini_hochberg(np.array(p_values, dtype=np.float64)).tolist())
    return [[_Change(*row, next(q_values)) for row in rows] for rows in tables]


def _moved(rows: Sequence[_Change]) -> str:
    if not rows:
        return "no change of features was measured."
    above = [r for r in rows if r.q_value < LEVEL and (r.stage.share or 0) > (r.floor.share or 0)]
    if not above:
        return (
            "no more features are lost, rotated or gained than where the base's autoencoder is "
            f"only trained on ({joined([_share(r) for r in rows])})."
        )
    parts = [f"{_share(r)} ({_q(r.q_value)})" for r in above]
    return f"more features change than by training the autoencoder on alone: {joined(parts)}."


def _q(value: float) -> str:
    return "q < 0.001" if value < 0.001 else f"q = {value:.3f}"


def _share(row: _Change) -> str:
    stage, floor = (f"{whole(s.share or 0.0)} %" for s in (row.stage, row.floor))
    return f"{row.kind} {stage}, against {floor}"


def _edited(found: StageFeatures) -> list[str]:
    """Return a sentence on each edit of features."""
    sentences = []
    for edit in found.interventions:
        beyond = [e for e in edit.skills if e.beyond_random]
        what = f"{_EDITS[edit.mode]} features of the skill that fell most"
        if beyond:
            told = joined([f"{e.group} by {whole(e.effect)} points" for e in beyond])
            sentences.append(f"{what} moves {told}, beyond random features and directions.")
        else:
            n = sum(e.n_items for e in edit.skills)
            sentences.append(f"{what} moves no skill beyond random edits ({n} items).")
    return sentences
