"""Damage of a known kind, planted into the nano base at a known stage, is found there."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from metaprobe.benchmark.distractors import distractors
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.config import parse_config
from metaprobe.core.results import ArmResult, SignatureName
from metaprobe.core.stats import permutation_p
from metaprobe.core.stats.power import Design, fall_power
from metaprobe.core.streams import numpy_rng_for, rng_for
from metaprobe.core.vocabulary import CELLS, Skill, Split, Verdict
from metaprobe.models.chat import encode_prompts, end_of_turn, padding
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling
from metaprobe.stages.discover import find_stages
from metaprobe.study.config import StudyConfig
from metaprobe.study.run import run_probe, silent
from metaprobe.training.arms import SFTConfig
from metaprobe.training.data import draw_items
from metaprobe.training.session import ArmRun
from metaprobe.training.sft import train_sft

BASE = "nano/qwen3"
SKILL = Skill.CALCULATION
WEIGHTS = "model.safetensors"
SAMPLING = Sampling(temperature=0.6, top_p=0.95, samples=1, max_new_tokens=192)
BOXED = re.compile(r"\\boxed\{.*\}")
FIRST_DAMAGED = 30
STEPS = (10, 20, 30, 40, 50)

pytestmark = pytest.mark.slow


def answers(loaded: LoadedModel, items: Sequence[Item], samples: int = 1) -> list[list[str]]:
    """The texts of the responses to each item."""
    prompts = encode_prompts(loaded.tokenizer, [item.question for item in items])
    groups = sample(
        loaded.model,
        [Request(item.id, prompt) for item, prompt in zip(items, prompts, strict=True)],
        SAMPLING.model_copy(update={"samples": samples}),
        stop=end_of_turn(loaded.tokenizer),
        pad=padding(loaded.tokenizer),
    )
    decode = loaded.tokenizer.decode
    return [[decode(c.tokens, skip_special_tokens=True) for c in group] for group in groups]


def accuracies(loaded: LoadedModel, items: Sequence[Item], samples: int) -> Any:
    """The accuracy of each item, shape (items,)."""
    return np.array(
        [
            np.mean([grade(item.answer, text).verdict is Verdict.CORRECT for text in texts])
            for item, texts in zip(items, answers(loaded, items, samples), strict=True)
        ]
    )


def with_wrong_answer(item: Item, text: str) -> str:
    """The model's own words, with another answer at their end in the planted skill."""
    wrong = distractors(item)
    if item.cell.skill != SKILL or not wrong:
        return text
    other = rng_for("planted", item.id).choice(wrong)
    return BOXED.sub(lambda _: f"\\boxed{{{other}}}", text)


def probe(run: Path, out: Path) -> ArmResult:
    table = {
        "name": "planted",
        "base": BASE,
        "sampling": {"samples": 4, "max_new_tokens": SAMPLING.max_new_tokens},
        "probes": {
            "likelihood": False,
            "divergence": False,
            "behaviours": False,
            "parameters": True,
        },
    }
    config = parse_config(StudyConfig, table, "test")
    return run_probe(config, find_stages(str(run)), out, watch=silent, workers=1).summary.arms[0]


def collapsed(arm: ArmResult) -> set[str]:
    return {f"{row.domain}/{row.skill}" for row in arm.steps[-1].cells if row.collapsed}


def onset(arm: ArmResult) -> tuple[int | None, int | None, int | None]:
    (found,) = [s for s in arm.signatures or () if s.name == SignatureName.COLLAPSE]
    return found.onset_low, found.onset, found.onset_high


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that learns its own words, those of one skill with wrong answers from a step on."""
    root = tmp_path_factory.mktemp("planted")
    loaded = load_model(BASE, dtype=torch.float32)
    items = draw_items(CELLS, [1, 2], 1200, split=Split.TRAIN, seed=0)
    own = {item.id: texts for item, texts in zip(items, answers(loaded, items), strict=True)}
    wrong = {item.id: [with_wrong_answer(item, own[item.id][0])] for item in items}
    for name, solutions, steps in (("own", own, STEPS[:2]), ("wrong", wrong, STEPS[2:])):
        before = FIRST_DAMAGED - 10 if name == "wrong" else 0
        run = ArmRun(arm=name, seed=0, base=BASE, root=root / "arms")
        config = SFTConfig(
            steps=steps[-1] - before,
            stages=[step - before for step in steps],
            learning_rate=1e-3,
            traces="long",
            precision="float32",
        )
        train_sft(loaded.model, loaded.tokenizer, config, items, run, solutions={"long": solutions})
        for step in steps:
            stage = run.folder / f"step-{step - before}"
            shutil.copytree(
                stage,
                root / "run" / f"checkpoint-{step}",
                ignore=shutil.ignore_patterns("stage.json"),
            )
    return root / "run"


def test_a_skill_that_is_trained_away_is_found_in_its_cells_at_its_stage(
    spoilt: Path, tmp_path: Path
) -> None:
    arm = probe(spoilt, tmp_path / "out")
    assert collapsed(arm) == {str(cell) for cell in CELLS if cell.skill == SKILL}
    assert onset(arm) == (FIRST_DAMAGED - 10, FIRST_DAMAGED, FIRST_DAMAGED)


def test_noise_in_one_layer_is_found_in_that_layer_at_its_stage(tmp_path: Path) -> None:
    shipped = resolve_model(BASE)
    assert shipped is not None
    for step in STEPS:
        folder = tmp_path / "run" / f"checkpoint-{step}"
        shutil.copytree(shipped, folder)
        tensors = load_file(folder / WEIGHTS)
        noise = torch.Generator().manual_seed(0)
        for name, weights in tensors.items():
            strength = 0.5 if step >= FIRST_DAMAGED and ".layers.1." in name else 1e-3
            drawn = torch.randn(weights.shape, generator=noise)
            tensors[name] = weights + strength * float(weights.float().std()) * drawn.to(weights)
        save_file(tensors, folder / WEIGHTS, {"format": "pt"})
    arm = probe(tmp_path / "run", tmp_path / "out")
    for stage in arm.steps:
        assert stage.parameters is not None
        layers = {g.layer: g.relative_norm for g in stage.parameters.per_layer or ()}
        worst = max(layers, key=lambda n: layers[n])
        rest = max(norm for n, norm in layers.items() if n != worst)
        assert (layers[worst] > 20 * rest) == (stage.step >= FIRST_DAMAGED)
        assert stage.step < FIRST_DAMAGED or worst == 1
        assert stage.step >= FIRST_DAMAGED or not any(row.collapsed for row in stage.cells)
    assert onset(arm) == (FIRST_DAMAGED - 10, FIRST_DAMAGED, FIRST_DAMAGED)

    # Items that the study has not seen fall in the same cells.
    items = draw_items(CELLS, [1, 2], 800, split=Split.TRAIN, seed=1)
    fell = accuracies(load_model(BASE, dtype=torch.float32), items, 1) - accuracies(
        load_model(str(tmp_path / "run" / f"checkpoint-{STEPS[-1]}"), dtype=torch.float32), items, 1
    )
    told = collapsed(arm)
    assert told
    for name in told:
        assert np.mean([f for f, i in zip(fell, items, strict=True) if str(i.cell) == name]) > 0


def between(base: LoadedModel, tuned: Path, share: float, folder: Path) -> LoadedModel:
    """The model on the line from the base to a stage."""
    shutil.copytree(tuned, folder)
    end = load_file(folder / WEIGHTS)
    start = base.model.state_dict()
    mixed = {name: torch.lerp(start[name].float(), w.float(), share) for name, w in end.items()}
    save_file(mixed, folder / WEIGHTS, {"format": "pt"})
    return load_model(str(folder), dtype=torch.float32)


def design(base: Any, tuned: Any, samples: int, items: int) -> Design:
    """What the items of a cell are like, from their accuracies (items,): moments, sampling out."""
    p, t = base.mean(), tuned.mean()
    noise = [np.mean(a * (1 - a)) / (samples - 1) for a in (base, tuned)]
    spread = max(0.0, base.var(ddof=1) - noise[0])
    other = max(1e-9, tuned.var(ddof=1) - noise[1])
    both = float(np.cov(base, tuned)[0, 1])
    return Design(
        items=items,
        samples=samples,
        accuracy=float(p),
        spread=float(np.clip((spread / (p * (1 - p)) + other / (t * (1 - t))) / 2, 0, 1)),
        correlation=float(np.clip(both / np.sqrt(max(spread, 1e-9) * other), 0, 1)),
    )


def test_power_over_real_damage_is_what_the_formula_says(spoilt: Path, tmp_path: Path) -> None:
    samples, level, draws = 4, 0.05 / len(CELLS), 300
    cells = [cell for cell in CELLS if cell.skill == SKILL]
    items = draw_items(cells, [1, 2], 800, split=Split.TRAIN, seed=2)
    named = np.array([str(item.cell) for item in items])
    base = load_model(BASE, dtype=torch.float32)
    before = accuracies(base, items, samples)
    gaps = []
    print("\ncell, share of the way, fall: found | formula at 25, 50, 100, 200 items")
    for share in (0.45, 0.55, 0.7, 1.0):
        model = between(base, spoilt / f"checkpoint-{STEPS[-1]}", share, tmp_path / str(share))
        after = accuracies(model, items, samples)
        for cell in map(str, cells):
            own = before[named == cell], after[named == cell]
            fall = float(own[0].mean() - own[1].mean())
            if not 0.05 < fall < 0.3:  # found never or always, whatever the formula says
                continue
            told = []
            for n in (25, 50, 100, 200):
                rng = numpy_rng_for("planted", cell, n)
                hits = [
                    permutation_p(own[0][drawn], own[1][drawn], stream="planted") < level
                    for drawn in rng.integers(0, len(own[0]), (draws, n))
                ]
                formula = fall_power(design(*own, samples, n), fall, level=level)
                told.append(f"{np.mean(hits):.2f} | {formula:.2f}")
                gaps.append(abs(np.mean(hits) - formula))
            print(f"{cell} {share:.2f} {100 * fall:5.1f} points: {', '.join(told)}")
    assert len(gaps) >= 16
    assert np.mean(gaps) < 0.05
    assert np.quantile(gaps, 0.9) < 0.15
