"""Arms that TRL runs against the same arms in the built-in loops."""

import importlib.util
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import t as student
from toys import ITEMS, metrics_of

from metaprobe.benchmark.freeze import PRESETS
from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Split, parse_cells
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.stages.store import stored_stages
from metaprobe.training.arms import (
    Arm,
    ArmConfig,
    GRPOConfig,
    LoraSettings,
    OnPolicySFTConfig,
    SFTConfig,
)
from metaprobe.training.data import draw_items
from metaprobe.training.session import ArmRun, DivergedError, OnStep
from metaprobe.training.train import train_arm

needs_trl = pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is missing")
quiet = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
slow = pytest.mark.slow
COMMON: dict[str, Any] = {"steps": 8, "stages": [4, 8], "precision": "float32"}
ARMS: dict[str, Arm] = {
    "sft": SFTConfig(batch_size=4, teacher="base", learning_rate=3e-3, **COMMON),
    "grpo": GRPOConfig(prompts=4, group_size=8, max_new_tokens=16, learning_rate=2e-3, **COMMON),
}
ARMS["sft_lora"] = ARMS["sft"].model_copy(update={"lora": LoraSettings(rank=4)})
ARMS["grpo_lora"] = ARMS["grpo"].model_copy(update={"lora": LoraSettings(rank=4), "kl": "k3"})


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (SFTConfig, {"objective": "psft"}),
        (SFTConfig, {"kl": "forward"}),
        (GRPOConfig, {"kl": "exact"}),
        (GRPOConfig, {"advantage": "leave_one_out"}),
        (GRPOConfig, {"loss": "gspo"}),
        (GRPOConfig, {"updates_per_rollout": 2}),
        (GRPOConfig, {"rollouts_from": "base"}),
        (GRPOConfig, {"entropy_weight": 0.1}),
        (GRPOConfig, {"refill": 1}),
        (GRPOConfig, {"token_correction": 2.0}),
        (OnPolicySFTConfig, {}),
    ],
)
def test_what_trl_does_not_run_is_refused_in_one_line(kind: Any, table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match='engine = "trl"') as error:
        parse_config(kind, {"engine": "trl", **table}, "x.toml")
    assert "\n" not in str(error.value)
    assert parse_config(kind, table, "x.toml").engine == "builtin"


def test_keys_of_trl_need_its_engine() -> None:
    with pytest.raises(ConfigError, match='need engine = "trl"'):
        parse_config(GRPOConfig, {"trl": {"use_vllm": True}}, "x.toml")


def test_without_trl_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "metaprobe.training.trl_engine.find_spec",
        lambda name: None if name == "trl" else found(name),
    )
    run = ArmRun(arm="sft", seed=0, base="nano/qwen3", root=tmp_path)
    with pytest.raises(ConfigError, match=r"pip install 'metaprobe\[trl\]'"):
        train_arm(SFTConfig(engine="trl"), ITEMS, run)


@pytest.fixture(scope="module")
def base(unsure_model: Any, tiny_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model that knows about half of the toy problems."""
    folder = tmp_path_factory.mktemp("base")
    unsure_model.save_pretrained(folder)
    tiny_tokenizer.save_pretrained(folder)
    return str(folder)


def train(
    engine: str, kind: str, base: str, root: Path, on_step: OnStep | None = None, **changes: Any
) -> ArmRun:
    run = ArmRun(arm=kind, seed=0, base=base, root=root)
    config = ARMS[kind].model_copy(update={"engine": engine, **changes})
    train_arm(config, ITEMS, run, on_step=on_step)
    return run


def assert_same_stages(one: ArmRun, other: ArmRun, tolerance: float) -> None:
    pairs = zip(*(stored_stages(r.root, r.arm, 0) for r in (one, other)), strict=True)
    for first, second in pairs:
        assert first.info.step == second.info.step
        assert first.info.adapter == second.info.adapter
        weights = [load_model(str(s.folder)).model.state_dict() for s in (first, second)]
        for name, value in weights[0].items():
            torch.testing.assert_close(value, weights[1][name], atol=tolerance, rtol=tolerance)


@slow
@needs_trl
@quiet
@pytest.mark.parametrize("kind", ["sft", "sft_lora"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"objective": "dft", "weight_decay": 0.1},
        {"curriculum": "pass_rate", "curriculum_samples": 2, "curriculum_tokens": 8},
    ],
    ids=str,
)
def test_sft_is_the_same_in_both_engines(
    base: str, tmp_path: Path, kind: str, changes: dict[str, Any]
) -> None:
    runs = [
        train(engine, kind, base, tmp_path / engine, **changes) for engine in ("builtin", "trl")
    ]
    for ours, theirs in zip(*map(metrics_of, runs), strict=True):
        assert set(ours) == set(theirs)
        for key in ("step", "tokens", "forward_tokens", "learning_rate"):
            assert ours[key] == theirs[key]
        for key in ("loss", "grad_norm"):
            assert theirs[key] == pytest.approx(ours[key], rel=1e-3)
    assert_same_stages(*runs, tolerance=1e-3)


@slow
@needs_trl
@quiet
@pytest.mark.parametrize("kind", ["grpo", "grpo_lora"])
def test_grpo_meets_the_same_problems_and_measures_the_same(
    base: str, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metaprobe.training import rollouts, trl_engine

    asked: dict[str, list[str]] = {"builtin": [], "trl": []}
    for engine, module in (("builtin", rollouts), ("trl", trl_engine)):
        original = module.answer_correctness  # type: ignore[attr-defined]

        def graded(
            item: Any, text: str, *, truncated: bool, own: Any = original, to: str = engine
        ) -> float:
            asked[to].append(item.id)
            return float(own(item, text, truncated=truncated))

        monkeypatch.setattr(module, "answer_correctness", graded)
    ours, theirs = (train(engine, kind, base, tmp_path / engine) for engine in asked)
    assert asked["builtin"] == asked["trl"]
    for row, other in zip(metrics_of(ours), metrics_of(theirs), strict=True):
        assert set(row) - {"clipped_share", "kl_old"} <= set(other)
        assert row["learning_rate"] == other["learning_rate"]
        assert 0 <= other["reward"] <= 1
    steps = [[s.info.step for s in stored_stages(r.root, kind, 0)] for r in (ours, theirs)]
    assert steps == [[4, 8], [4, 8]]


class KilledError(Exception):
    """Stands for whatever ends a process."""


@slow
@needs_trl
@quiet
@pytest.mark.parametrize("kind", ARMS)
def test_a_run_of_trl_resumes_at_its_last_stage(base: str, tmp_path: Path, kind: str) -> None:
    def kill(step: int, model: Any) -> None:
        if step == 6:
            raise KilledError

    whole, steps = train("trl", kind, base, tmp_path / "whole"), []
    with pytest.raises(KilledError):
        train("trl", kind, base, tmp_path / "broken", kill)
    broken = train("trl", kind, base, tmp_path / "broken", lambda step, _: steps.append(step))
    assert steps == [5, 6, 7, 8]
    rows, expected = metrics_of(broken), metrics_of(whole)
    assert [row["step"] for row in rows] == list(range(1, 9))
    assert [row["tokens"] for row in rows] == [row["tokens"] for row in expected]
    assert_same_stages(broken, whole, tolerance=1e-6)
    again = train("trl", kind, base, tmp_path / "broken", kill)  # it is finished
    assert metrics_of(again) == rows
    shutil.rmtree(broken.folder / ".trl" / "checkpoint-8")  # as if killed before it was written
    train("trl", kind, base, tmp_path / "broken")
    assert [row["step"] for row in metrics_of(broken)] == list(range(1, 9))


@slow
@needs_trl
@quiet
@pytest.mark.parametrize(
    ("trl", "message"),
    [
        ({"use_vlm": True}, "did you mean"),
        ({"num_generations": 4}, "the arm's own settings decide it"),
        ({"gradient_accumulation_steps": 3}, "cannot be cut evenly"),
        ({"vllm_importance_sampling_clip_min": 9.0}, "TRL refuses"),
    ],
)
def test_wrong_keys_of_trl_are_refused(
    base: str, tmp_path: Path, trl: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train("trl", "grpo", base, tmp_path, trl=trl)


@slow
@needs_trl
@quiet
def test_accumulated_gradients_are_those_of_the_whole_batch(base: str, tmp_path: Path) -> None:
    parts = {"trl": {"gradient_accumulation_steps": 2}}
    whole, cut = (
        train("trl", "sft", base, tmp_path / str(n), **changes)
        for n, changes in enumerate(({}, parts))
    )
    for row, other in zip(*map(metrics_of, (whole, cut)), strict=True):
        assert other["loss"] == pytest.approx(row["loss"], rel=1e-3)


@slow
@needs_trl
@quiet
def test_divergence_in_trl_is_one_line(base: str, tmp_path: Path) -> None:
    def spoil(step: int, model: Any) -> None:
        with torch.no_grad():
            model.base_model.norm.weight.mul_(float("nan"))

    with pytest.raises(DivergedError, match="arm 'sft', seed 0: the loss is nan at step 2"):
        train("trl", "sft", base, tmp_path, spoil)


NANO: dict[str, tuple[ArmConfig, str]] = {
    "sft": (
        SFTConfig(steps=16, batch_size=16, learning_rate=3e-4, stages=[16], precision="float32"),
        "loss",
    ),
    "grpo": (
        GRPOConfig(
            steps=20,
            prompts=6,
            group_size=8,
            max_new_tokens=48,
            learning_rate=5e-4,
            stages=[20],
            precision="float32",
        ),
        "reward",
    ),
}
PARTS = 4
"""Stretches of a learning curve that are compared."""


def nano_curve(kind: str, engine: str, seed: int, root: Path) -> list[float]:
    """Mean of the measure in each part of a run of an arm on the nano base."""
    config, measure = NANO[kind]
    cells = parse_cells(["mathematics/calculation"])
    families = PRESETS["nano"].families
    items = draw_items(cells, [1], 400, split=Split.TRAIN, seed=seed, families=families)
    run = ArmRun(arm=kind, seed=seed, base="nano/qwen3", root=root / engine)
    train_arm(config.model_copy(update={"engine": engine}), items, run)
    values = [row[measure] for row in metrics_of(run)]
    size = len(values) // PARTS
    return [statistics.mean(values[n * size : (n + 1) * size]) for n in range(PARTS)]


@slow
@needs_trl
@quiet
@pytest.mark.parametrize("kind", NANO)
def test_learning_curves_agree_over_three_seeds(kind: str, tmp_path: Path) -> None:
    """The 95 % interval of their difference, paired by seed, has zero in it."""
    curves = {
        engine: [nano_curve(kind, engine, seed, tmp_path) for seed in range(3)]
        for engine in ("builtin", "trl")
    }
    for part in range(PARTS):
        ours, theirs = ([curve[part] for curve in curves[e]] for e in ("builtin", "trl"))
        differences = [b - a for a, b in zip(ours, theirs, strict=True)]
        mean, spread = statistics.mean(differences), statistics.stdev(differences)
        half = float(student.ppf(0.975, 2)) * spread / 3**0.5
        told = f"part {part}: {ours} and {theirs} differ by {mean:+.4f} +- {half:.4f}"
        assert abs(mean) <= max(half, 1e-3), told
