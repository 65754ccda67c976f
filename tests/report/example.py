"""A synthetic summary for the report's tests: plausible numbers, hostile texts, gaps on purpose."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    CellDivergence,
    CellResult,
    ChangedShare,
    Corrected,
    Divergence,
    DivergenceSummary,
    DomainResult,
    Estimate,
    Finding,
    ModuleChange,
    ParameterChange,
    Sample,
    SampleResponse,
    Shape,
    SkillResult,
    StageResult,
    Summary,
)
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill

ITEMS, SAMPLES = 25, 4
STEPS = (2, 5, 11, 23, 43, 80)
HOSTILE = "</pre><script>alert('pwned')</script><img src=x onerror=alert(1)> & \"quotes\""
KINDS = {"sft_short": "sft", "sft_long": "sft", "sft_on_policy": "sft", "grpo": "grpo"}
BASE = {"calculation": 0.38, "enumeration": 0.3, "simulation": 0.46, "fact_retrieval": 0.52}
OFFSET = {"mathematics": 0.05, "science": 0.0, "coding": -0.06, "general": 0.1}
GAIN = {"sft_short": 0.24, "sft_long": 0.31, "sft_on_policy": 0.15, "grpo": 0.2}
LOSS = {"sft_short": 0.22, "sft_long": 0.3, "sft_on_policy": 0.06, "grpo": 0.015}
KL = {"sft_short": 0.35, "sft_long": 0.6, "sft_on_policy": 0.08, "grpo": 0.04}
KEYS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def base_accuracy(cell: Cell) -> float:
    """The accuracy of the synthetic base."""
    return BASE.get(cell.skill, 0.34) + OFFSET[cell.domain]


def change(arm: str, cell: Cell, progress: float) -> float:
    """The expected change: mathematics rises, simulation and general facts fall."""
    if cell.domain is Domain.MATHEMATICS:
        return GAIN[arm] * progress**0.6 * (0.6 if cell.skill is Skill.SIMULATION else 1.0)
    weight = {Skill.SIMULATION: 1.0, Skill.FACT_RETRIEVAL: 0.8, Skill.ENUMERATION: 0.3}
    return -LOSS[arm] * weight.get(cell.skill, 0.1) * progress**1.5


def profile(
    accuracy: float, delta: float | None, n: int, rng: np.random.Generator
) -> dict[str, Any]:
    """The fields of one profile row."""
    samples = n * SAMPLES
    accuracy = float(np.clip(accuracy + rng.normal(0, 0.015), 0.0, 1.0))
    correct = round(accuracy * samples)
    rest = samples - correct
    unparsed, truncated = rest // 8, rest // 6
    half = float(1.4 * np.sqrt(accuracy * (1 - accuracy) / n) + 0.01)
    row: dict[str, Any] = {
        "n_items": n,
        "n_samples": samples,
        "correct": correct,
        "wrong": rest - unparsed - truncated,
        "unparsed": unparsed,
        "truncated": truncated,
        "errored": 0,
        "accuracy": accuracy,
        "low": max(0.0, accuracy - half),
        "high": min(1.0, accuracy + half),
        "chance": 0.12,
        "majority": 0.2,
        "self_check_rate": float(rng.uniform(0, 0.2)),
    }
    if delta is not None:
        delta = float(delta + rng.normal(0, 0.015))
        width = float(0.55 / np.sqrt(n))
        p = float(np.exp(-((delta / width * 2) ** 2) / 2))
        row |= {
            "delta": delta,
            "delta_low": delta - width,
            "delta_high": delta + width,
            "p_value": p,
            "q_value": min(1.0, 2 * p),
            "mde": 1.4 * width,
            "collapsed": delta < 0 and 2 * p < 0.05,
        }
    return row


def stage(arm: str | None, step: int, rng: np.random.Generator) -> StageResult:
    """One stage; the base has no arm."""
    progress = step / STEPS[-1]
    deltas = {c: None if arm is None else change(arm, c, progress) for c in CELLS}
    levels = {c: base_accuracy(c) + (deltas[c] or 0.0) for c in CELLS}

    def grouped(cells: Sequence[Cell]) -> dict[str, Any]:
        known = [deltas[c] for c in cells]
        delta = None if arm is None else float(np.mean([d for d in known if d is not None]))
        level = float(np.mean([levels[c] for c in cells]))
        return profile(level, delta, ITEMS * len(cells), rng)

    cells = [
        CellResult(domain=c.domain, skill=c.skill, **profile(levels[c], deltas[c], ITEMS, rng))
        for c in CELLS
    ]
    return StageResult(
        step=step,
        seconds=1.3 * step,
        tokens=4100 * step,
        cells=cells,
        skills=[SkillResult(skill=s, **grouped([c for c in CELLS if c.skill is s])) for s in Skill],
        domains=[
            DomainResult(domain=d, **grouped([c for c in CELLS if c.domain is d])) for d in Domain
        ],
        shape=None if arm is None else shape(cells),
        divergence=None if arm is None else divergence(arm, progress, rng),
        parameters=None if arm is None else parameters(arm, progress, rng),
    )


def shape(cells: Sequence[CellResult]) -> Shape:
    """The shape of a stage's change."""
    worst = min(cells, key=lambda c: c.delta or 0.0)
    low = worst.delta or 0.0
    jagged = float(np.std([c.delta or 0.0 for c in cells]))
    return Shape(
        n_cells=len(cells),
        n_items=ITEMS * len(cells),
        balance=Estimate(value=0.61, low=0.5, high=0.7),
        jaggedness=Corrected(value=jagged, low=0.0, high=2 * jagged, raw=1.1 * jagged),
        specialisation=Estimate(value=0.21, low=0.15, high=0.27),
        worst_cell=f"{worst.domain}/{worst.skill}",
        worst=Estimate(value=low, low=low - 0.1, high=low + 0.1),
        drift=Corrected(value=0.12, low=0.1, high=0.14, raw=0.13),
        cosine=Corrected(value=0.83, low=None, high=None, raw=0.8),
        unchanged_p=0.0004,
        uneven_p=0.004,
    )


def one_divergence(kl: float, n: int) -> dict[str, Any]:
    """The fields of one divergence summary."""
    return {
        "kl_forward": kl,
        "kl_reverse": 0.8 * kl,
        "js": kl / 5,
        "top1_agreement": float(np.exp(-kl)),
        "rank_shift": 3 * kl,
        "entropy": 0.7,
        "entropy_base": 0.9,
        "high_js_share": min(1.0, kl / 2),
        "kl_forward_low": 0.8 * kl,
        "kl_forward_high": 1.25 * kl,
        "n_texts": n,
        "n_positions": 90 * n,
    }


def divergence(arm: str, progress: float, rng: np.random.Generator) -> Divergence:
    """Divergence that grows with progress, more on other domains."""
    kl = KL[arm] * progress**0.8
    per_cell = [
        CellDivergence(
            domain=c.domain,
            skill=c.skill,
            text=text,
            **one_divergence(float(kl * rng.lognormal(0.2 - 2 * change(arm, c, 1), 0.25)), 25),
        )
        for c in CELLS
        for text in ("base", "own")
    ]
    return Divergence(
        base_text=DivergenceSummary(**one_divergence(kl, 500)),
        own_text=DivergenceSummary(**one_divergence(0.6 * kl, 500)),
        per_cell=per_cell,
    )


def parameters(arm: str, progress: float, rng: np.random.Generator) -> ParameterChange:
    """Weight change: dense for supervised arms, smaller for GRPO."""
    scale = KL[arm] * 2e-4 * progress**0.5
    tolerances = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
    changed = [
        ChangedShare(dtype=dtype, tolerance=t, share=float(top * np.exp(-t / (scale * width))))
        for dtype, top, width in (
            ("float32", 0.98, 1),
            ("bfloat16", 0.42, 1),
            ("relative", 0.98, 30),
        )
        for t in tolerances
    ]
    modules = [
        ModuleChange(
            name=f"model.layers.{layer}.{kind}.weight",
            kind=kind,
            layer=layer,
            relative_norm=float(scale * 300 * rng.lognormal(0, 0.4) * (1 + 0.3 * layer)),
            changed=0.97,
            n=65536,
        )
        for layer in range(4)
        for kind in KEYS
    ]
    modules.append(
        ModuleChange(
            name="model.embed_tokens.weight",
            kind="embed_tokens",
            layer=None,
            relative_norm=scale * 60,
            changed=0.4,
            n=262144,
        )
    )
    return ParameterChange(
        changed=changed, relative_norm=scale * 250, per_module=modules, n=2_100_000
    )


def sample(cell: Cell, number: int) -> Sample:
    """One item with responses; every text tries to break out of its place."""
    verdicts = ("correct", "wrong", "unparsed", "truncated", "errored")
    arms = ("base", *KINDS)
    thought = (
        "<think>\nFirst the parts: 12 + 7 = 19.\nThen wait, let me check: 19 - 7 = 12.\n</think>\n"
    )
    return Sample(
        domain=cell.domain,
        skill=cell.skill,
        family=f"{cell.skill}_family",
        level=1 + number,
        question=f"What is 12 + {7 + number}? Answer with a number. {HOSTILE}",
        gold=str(19 + number),
        responses={
            arm: SampleResponse(
                verdict=verdicts[(i + number) % len(verdicts)],
                text=f"{thought}The answer is \\boxed{{{19 + i}}} {HOSTILE if i == 1 else ''}",
            )
            for i, arm in enumerate(arms)
        },
    )


def findings() -> list[Finding]:
    """One headline an arm and a few others."""
    texts = {
        "sft_short": "gained 23 points on mathematics and lost 17 on simulation elsewhere.",
        "sft_long": "gained most on mathematics (+30) and collapsed in six cells from step 23 on.",
        "sft_on_policy": "gained 15 points on mathematics; no other cell moved for certain.",
        "grpo": "gained 20 points on mathematics and kept every other skill within 3 points.",
    }
    rest = [
        Finding(
            kind="collapse",
            arm="sft_long",
            text="science/simulation fell below the base at step 23 and stayed there.",
            evidence={"cell": "science/simulation", "step": 23, "delta": -0.29},
        ),
        Finding(
            kind="caution",
            arm="grpo",
            text="With 25 items a cell, changes below 15 points cannot be told from none.",
            evidence={"mde": 0.15},
        ),
        Finding(kind="gain", arm="grpo", text="mathematics/calculation rose.", evidence={}),
    ]
    headlines = [Finding(kind="headline", arm=a, text=t, evidence={}) for a, t in texts.items()]
    return headlines + rest


def example_summary(seeds: Sequence[int] = (0,), *, bare: bool = False) -> Summary:
    """The base and four arms of six stages; `bare` leaves out every optional measurement."""
    rng = np.random.default_rng(7)
    base = stage(None, 0, rng)
    arms = [
        ArmResult(arm=arm, kind=kind, seed=seed, steps=[stage(arm, s, rng) for s in STEPS])
        for arm, kind in KINDS.items()
        for seed in seeds
    ]
    if bare:
        for result in arms:
            for one in result.steps:
                one.divergence = one.parameters = one.shape = None
    for result in arms:
        for one in result.steps:
            unmeasured(one.cells[-1])
    return Summary(
        study="nano",
        created="2026-02-03T10:20:30Z",
        seconds=742.0,
        base=BaseInfo(name="nano/qwen3", parameters=2_100_000, family="qwen3", profile=base),
        arms=arms,
        findings=findings(),
        shapes={run.arm: run.steps[-1].shape for run in arms if run.steps[-1].shape},
        samples=[] if bare else [sample(cell, n) for cell in CELLS for n in range(2)],
        trained_cells=[str(c) for c in CELLS if c.domain is Domain.MATHEMATICS],
        missing=["features: not asked for", "general/diagnostic: every response was truncated"],
        provenance={
            "command": "metaprobe run nano --out runs/nano",
            "versions": {"metaprobe": "0.1.0", "torch": "2.8.0", "python": "3.11.9"},
            "benchmark": {"name": "nano", "hash": "3f9ad1c0ffee" * 4, "items_per_cell": 25},
            "sampling": {"temperature": 0.6, "top_p": 0.95, "samples": 4, "seed": 0},
            "timings": {"train": 301.2, "probe": 398.0},
            "commit": HOSTILE,
        },
    )


def unmeasured(row: CellResult) -> None:
    """Turn a row into one whose responses were all truncated."""
    row.correct = row.wrong = row.unparsed = row.errored = 0
    row.truncated = row.n_samples
    row.accuracy = row.low = row.high = row.self_check_rate = None
    row.delta = row.delta_low = row.delta_high = row.p_value = row.q_value = row.mde = None
    row.collapsed = False
