"""Synthetic runs that show one signature each, and one that shows none.

A run is a study's folder without checkpoints: responses of a base and of six stages to items of the
benchmark, and what the training would have logged. All of it is drawn from the distributions stated
here, by named streams; it is then summarised by the code of every study. Nothing is trained.
"""

import json
from collections.abc import Callable, Mapping
from math import exp, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from metaprobe.analysis.summary import Context
from metaprobe.benchmark.freeze import build_benchmark
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, nearest
from metaprobe.core.files import write_parquet, write_text
from metaprobe.core.results import SignatureName, Summary, write_summary
from metaprobe.core.stats import FloatArray
from metaprobe.core.streams import numpy_rng_for, rng_for
from metaprobe.core.vocabulary import Cell, Domain, Skill
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.study.summary import MeasuredStage, summarise

STEPS = 200
STAGES = (10, 20, 40, 80, 140, 200)
ITEMS_PER_CELL = 30
SAMPLES = 2
"""Responses to an item."""
BASE_ACCURACY = 0.6
"""Mean chance that the base answers an item; that of an item lies within `SPREAD` of it."""
SPREAD = 0.25
CORRELATION = 0.5
"""Of a metric's noise from one step to the next."""
HEALTHY = "healthy"

Course = Callable[[float], float]
"""A level by the share of the run that is over, 0 to 1."""


class Demo(NamedTuple):
    """What is drawn."""

    about: str
    kind: str = "grpo"
    change: Callable[[Cell, float], float] = lambda _cell, _u: 0.0
    """Change of the chance of a right answer in a cell."""
    loops: Course = lambda _: 0.0
    """Chance that a response runs in a loop."""
    metrics: Mapping[str, Course] = {}
    """Levels of metrics, in place of those of the healthy run."""


def _from(onset: float, before: float, after: float) -> Course:
    """Return a level that goes over to another one around a share of the run."""
    return lambda u: before + (after - before) / (1 + exp(-(u - onset) / 0.02))


def _settling(before: float, after: float) -> Course:
    """Return a level that nears another one, two thirds of the way in a fifth of the run."""
    return lambda u: after + (before - after) * exp(-u / 0.2)


def _mathematics_gains(cell: Cell, u: float) -> float:
    return 0.2 * sqrt(u) if cell.domain is Domain.MATHEMATICS else 0.0


def _collapse(cell: Cell, u: float) -> float:
    lost = cell.skill is Skill.SIMULATION and cell.domain is not Domain.MATHEMATICS
    return -0.55 if lost and u >= 0.2 else 0.0


def _dip(cell: Cell, u: float) -> float:
    dips = cell.domain is not Domain.MATHEMATICS and 0.1 <= u <= 0.2
    return -0.5 if dips else _mathematics_gains(cell, u)


def _over_specialisation(cell: Cell, u: float) -> float:
    if cell.domain is Domain.MATHEMATICS:
        return 0.35 * sqrt(u)
    return -0.45 * sqrt(u) if cell.skill in (Skill.SIMULATION, Skill.FACT_RETRIEVAL) else 0.0


def _unstable(cell: Cell, u: float) -> float:
    down = STAGES.index(round(u * STEPS)) % 2 == 0
    return -0.4 if cell.domain is Domain.GENERAL and down else _mathematics_gains(cell, u)


def _failure(cell: Cell, u: float) -> float:
    if cell.domain is Domain.MATHEMATICS:
        return _mathematics_gains(cell, u)
    return -0.45 if u >= 0.2 else 0.0


_SFT: Mapping[str, Course] = {"loss": _settling(3.5, 0.1), "grad_norm": _settling(8.0, 0.3)}
_HEALTHY: Mapping[str, Course] = {
    "reward": _settling(0.45, 0.65),
    "correct_share": _settling(0.45, 0.65),
    "entropy": _settling(0.4, 0.3),
    "kl_base": _settling(0.0, 0.05),
    "kl_old": lambda _: 0.001,
    "mean_length": lambda _: 120.0,
    "zero_variance_share": _settling(0.2, 0.35),
    "truncated_share": lambda _: 0.02,
    "repeated_share": lambda _: 0.01,
    "grad_norm": lambda _: 0.2,
}
_FLAT: Mapping[str, Course] = {"reward": lambda _: 0.45, "correct_share": lambda _: 0.45}
_NOISE = {"mean_length": 5.0, "kl_old": 0.0001, "kl_base": 0.003, "loss": 0.05, "grad_norm": 0.05}
"""Standard deviation of a metric's noise; 0.02 where nothing else is said."""

DEMOS: dict[str, Demo] = {
    HEALTHY: Demo("A run with nothing wrong in it.", change=_mathematics_gains),
    SignatureName.COLLAPSE: Demo("Simulation is lost at step 40.", "sft", _collapse, metrics=_SFT),
    SignatureName.DIP_AND_RECOVERY: Demo(
        "All but mathematics is lost at steps 20 and 40, and back at 80.", "sft", _dip, metrics=_SFT
    ),
    SignatureName.OVER_SPECIALISATION: Demo(
        "Mathematics rises while simulation and facts fall.",
        "sft",
        _over_specialisation,
        metrics=_SFT,
    ),
    SignatureName.UNSTABLE_CURVES: Demo(
        "The general domain goes up and down from stage to stage.", "sft", _unstable, metrics=_SFT
    ),
    SignatureName.FAILURE_ACROSS_DOMAINS: Demo(
        "All domains but mathematics fall at step 40.", "sft", _failure, metrics=_SFT
    ),
    SignatureName.RL_COLLAPSE: Demo(
        "Reward, entropy and length break down at step 140.",
        change=lambda cell, u: -0.4 if u > 0.7 else _mathematics_gains(cell, u),
        metrics={
            **dict.fromkeys(("reward", "correct_share"), _from(0.7, 0.6, 0.1)),
            "entropy": _from(0.7, 0.35, 2.5),
            "mean_length": _from(0.7, 120.0, 260.0),
        },
    ),
    SignatureName.ENTROPY_COLLAPSE: Demo(
        "Entropy falls to a tenth within the first half.",
        change=_mathematics_gains,
        metrics={"entropy": _settling(0.6, 0.06)},
    ),
    SignatureName.KL_BLOW_UP: Demo(
        "The divergence from the base grows tenfold at step 150.",
        change=_mathematics_gains,
        metrics={"kl_base": _from(0.75, 0.05, 0.5)},
    ),
    SignatureName.LENGTH_GAMING: Demo(
        "Responses double in length and no more of them are correct.",
        metrics={**_FLAT, "mean_length": _from(0.4, 120.0, 260.0)},
    ),
    SignatureName.FORMAT_GAMING: Demo(
        "The reward of the form is learnt, and nothing else.",
        metrics={**_FLAT, "reward": _from(0.3, 0.45, 0.9)},
    ),
    SignatureName.DEGENERATE_GROUPS: Demo(
        "From step 100 on nearly all groups have equal rewards.",
        change=_mathematics_gains,
        metrics={"zero_variance_share": _from(0.5, 0.2, 0.93)},
    ),
    SignatureName.TRUNCATION_STARVATION: Demo(
        "From step 120 on half of the rollouts end at the limit.",
        metrics={**_FLAT, "truncated_share": _from(0.6, 0.02, 0.5)},
    ),
    SignatureName.REPETITION: Demo(
        "From step 80 on a third of the responses run in a loop.",
        loops=_from(0.38, 0.0, 0.35),
        metrics={**_FLAT, "repeated_share": _from(0.38, 0.01, 0.35)},
    ),
}
"""The synthetic runs by name."""


def make_demo(name: str, folder: Path) -> Summary:
    """Draw a run, write it as a study's folder, and return its summary.

    Args:
        name: one of `DEMOS`.
        folder: gets responses, metrics and `summary.json`.

    Raises:
        ConfigError: there is no such demo.
        StorageError: the folder cannot be written.
    """
    if name not in DEMOS:
        listed = ", ".join(DEMOS)
        raise ConfigError(f"no demo {name!r}{nearest(name, map(str, DEMOS))}; there are {listed}")
    demo, layout = DEMOS[name], Layout(folder)
    items = build_benchmark("nano", items_per_cell=ITEMS_PER_CELL).items
    write_parquet(layout.responses(BASE), _responses(demo, name, items, 0))
    stages = [StageName(demo.kind, 0, step) for step in STAGES]
    for stage in stages:
        write_parquet(layout.responses(stage), _responses(demo, name, items, stage.step))
    write_text(layout.metrics(stages[0]), _metrics(demo, name))
    context = Context(
        study=f"demo {name}",
        question=f"A synthetic run, drawn and not trained. {demo.about}",
        base="synthetic",
        parameters=None,
        family=None,
        trained_cells=[str(item) for item in dict.fromkeys(i.cell for i in items)][:5],
        missing=[],
        seconds=0.0,
        provenance={"command": f"metaprobe demo {name}", "synthetic": True},
    )
    measured = [MeasuredStage(stage, demo.kind, None, None, None) for stage in stages]
    summary = summarise(layout, measured, items, context)
    write_summary(layout.summary, summary)
    return summary


def _responses(demo: Demo, name: str, items: list[Item], step: int) -> pl.DataFrame:
    """Return the graded responses of a stage; the base is step 0."""
    rows = []
    for item in items:
        chance = BASE_ACCURACY + rng_for("demo", item.id).uniform(-SPREAD, SPREAD)
        chance += demo.change(item.cell, step / STEPS) if step else 0.0
        rng = rng_for("demo", name, step, item.id)
        for sample in range(SAMPLES):
            looping = step > 0 and rng.random() < demo.loops(step / STEPS)
            text = _text(item, right=rng.random() < chance, looping=looping)
            rows.append(
                {
                    "item_id": item.id,
                    "domain": str(item.domain),
                    "skill": str(item.skill),
                    "family": item.family,
                    "level": item.level,
                    "sample": sample,
                    "verdict": str(grade(item.answer, text, truncated=looping).verdict),
                    "self_check": False,
                    "chance": item.answer.chance,
                    "majority": None,
                    "response": text,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"majority": pl.Float64})


def _text(item: Item, *, right: bool, looping: bool) -> str:
    if looping:
        return "So we look at it again, and then " * 40
    steps = "\n".join(item.short)
    return f"{steps}\nThe answer is \\boxed{{{item.answer.render()}}}." if right else steps


def _metrics(demo: Demo, name: str) -> str:
    """Return metrics.jsonl; a metric that cannot be negative is cut off at 0, a share at 1."""
    levels = demo.metrics if demo.kind == "sft" else {**_HEALTHY, **demo.metrics}
    courses = {metric: _noisy(name, metric, level) for metric, level in levels.items()}
    rows = []
    for n in range(STEPS):
        values = {metric: float(values[n]) for metric, values in courses.items()}
        rows.append(json.dumps({"step": n + 1, **values}) + "\n")
    return "".join(rows)


def _noisy(name: str, metric: str, level: Course) -> FloatArray:
    shocks = numpy_rng_for("demo", name, metric).standard_normal(STEPS)
    noise = np.zeros(STEPS)
    for n in range(STEPS):
        noise[n] = CORRELATION * noise[n - 1] + np.sqrt(1 - CORRELATION**2) * shocks[n]
    levels = np.array([level(n / STEPS) for n in range(STEPS)])
    highest = 1.0 if metric.endswith("share") else np.inf
    return np.clip(levels + _NOISE.get(metric, 0.02) * noise, 0.0, highest)
