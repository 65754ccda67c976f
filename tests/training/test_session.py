"""A killed training that is started again ends as if it had never been killed."""

import copy
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, fresh_model, metrics_of, toy_run

from metaprobe.core.errors import InputError, MetaprobeError
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.stages.store import stored_stages
from metaprobe.training.arms import (
    AnchorConfig,
    ArmConfig,
    GRPOConfig,
    LoraSettings,
    OnPolicySFTConfig,
    SFTConfig,
)
from metaprobe.training.grpo import train_grpo
from metaprobe.training.on_policy import train_on_policy
from metaprobe.training.session import FINAL_RATE, ArmRun, DivergedError, OnStep, learning_rate
from metaprobe.training.sft import train_sft

COMMON: dict[str, Any] = {"steps": 7, "stages": [3, 5, 7], "precision": "float32"}
CONFIGS: dict[str, ArmConfig] = {
    "sft": SFTConfig(batch_size=3, teacher="base", **COMMON),
    "psft": SFTConfig(
        batch_size=3, teacher="base", objective="psft", updates_per_snapshot=3, **COMMON
    ),
    "asft": SFTConfig(
        batch_size=3,
        teacher="base",
        objective="dft",
        kl="forward",
        curriculum="pass_rate",
        **COMMON,
    ),
    "anchored": SFTConfig(
        batch_size=3,
        teacher="base",
        anchor=AnchorConfig(kind="kl", responses=6, batch_size=4, max_new_tokens=14, levels=[1]),
        **COMMON,
    ),
    "sft_on_policy": OnPolicySFTConfig(
        batch_size=4, refresh=2, samples=6, max_new_tokens=14, learning_rate=1e-3, **COMMON
    ),
    "grpo": GRPOConfig(
        prompts=3, group_size=5, max_new_tokens=14, learning_rate=1e-3, weight_decay=0.1, **COMMON
    ),
}
CONFIGS["grpo_refilled"] = CONFIGS["grpo"].model_copy(
    update={"refill": 2, "updates_per_rollout": 2, "loss": "gspo", "kl": "exact", "kl_weight": 0.1}
)
LORA = LoraSettings(rank=4, alpha=8)
CONFIGS |= {
    f"{kind}_lora": CONFIGS[kind].model_copy(update={"lora": LORA, "learning_rate": 1e-2})
    for kind in ("sft", "sft_on_policy", "grpo")
}
LOOPS: dict[str, Any] = {
    "sft_lora": train_sft,
    "sft_on_policy_lora": train_on_policy,
    "grpo_lora": train_grpo,
    "grpo_refilled": train_grpo,
    "sft": train_sft,
    "psft": train_sft,
    "asft": train_sft,
    "anchored": train_sft,
    "sft_on_policy": train_on_policy,
    "grpo": train_grpo,
}
kinds = pytest.mark.parametrize("kind", CONFIGS)


class KilledError(Exception):
    """Stands for whatever ends a process."""


def train(
    kind: str, base: Any, tokenizer: Any, run: ArmRun, on_step: OnStep | None = None, **changes: Any
) -> Any:
    model = copy.deepcopy(base)
    config = CONFIGS[kind].model_copy(update=changes)
    LOOPS[kind](model, tokenizer, config, ITEMS, run, on_step=on_step)
    return model


def kill_at(step: int) -> OnStep:
    def on_step(done: int, model: Any) -> None:
        if done == step:
            raise KilledError

    return on_step


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def assert_same_weights(one: Any, other: Any) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


@kinds
def test_a_resumed_run_ends_like_an_uninterrupted_one(
    kind: str, unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    whole, broken = toy_run(tmp_path / "whole", kind), toy_run(tmp_path / "broken", kind)
    expected = train(kind, unsure_model, tiny_tokenizer, whole)
    for kill in (3, 4, 6):  # at a stage, and one step after two of them
        with pytest.raises(KilledError):
            train(kind, unsure_model, tiny_tokenizer, broken, kill_at(kill))
    found = train(kind, unsure_model, tiny_tokenizer, broken)
    assert_same_weights(found, expected)
    assert without_time(metrics_of(broken)) == without_time(metrics_of(whole))
    assert [row["step"] for row in metrics_of(whole)] == list(range(1, 8))
    stages = [stored_stages(run.root, kind, 0) for run in (whole, broken)]
    for one, other in zip(*stages, strict=True):
        assert one.info.model_dump(exclude={"seconds"}) == other.info.model_dump(
            exclude={"seconds"}
        )
        assert_same_weights(*(load_model(str(s.folder)).model for s in (one, other)))


@kinds
def test_a_finished_run_is_left_as_it_is(
    kind: str, unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    run = toy_run(tmp_path, kind)
    first = train(kind, unsure_model, tiny_tokenizer, run)
    rows = metrics_of(run)
    again = train(kind, unsure_model, tiny_tokenizer, run, kill_at(1))
    assert_same_weights(first, again)
    assert metrics_of(run) == rows


def test_a_cut_off_state_means_beginning_again(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    run = toy_run(tmp_path, "sft")
    expected = train("sft", unsure_model, tiny_tokenizer, run)
    state = run.folder / "resume.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    found = train("sft", unsure_model, tiny_tokenizer, run)
    assert_same_weights(found, expected)
    assert [row["step"] for row in metrics_of(run)] == list(range(1, 8))


def test_the_state_of_another_arm_is_refused(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    run = toy_run(tmp_path, "sft")
    train("sft_lora", unsure_model, tiny_tokenizer, run)
    for lora in (None, LoraSettings(rank=5)):
        with pytest.raises(InputError, match="another lora"):
            train("sft", unsure_model, tiny_tokenizer, run, lora=lora)


def test_stages_hold_the_weights_of_their_step(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    seen: dict[int, Any] = {}

    def keep(step: int, model: Any) -> None:
        seen[step] = copy.deepcopy(model)

    run = toy_run(tmp_path, "sft")
    train("sft", unsure_model, tiny_tokenizer, run, keep)
    stages = stored_stages(tmp_path, "sft", 0)
    assert [s.info.step for s in stages] == [3, 5, 7]
    for stage in stages:
        assert_same_weights(load_model(str(stage.folder)).model, seen[stage.info.step])
        row = metrics_of(run)[stage.info.step - 1]
        assert stage.info.tokens == row["tokens"]
        assert stage.info.metrics["loss"] == row["loss"]


def test_seeds_and_arms_have_orders_of_their_own(tmp_path: Path) -> None:
    streams = {
        ArmRun(arm=arm, seed=seed, base="b", root=tmp_path).stream("order")
        for arm in ("a", "b")
        for seed in (0, 1)
    }
    assert len(streams) == 4


@kinds
def test_divergence_is_one_line_that_names_the_arm(
    kind: str, unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    base = copy.deepcopy(unsure_model)
    run = toy_run(tmp_path, kind)

    def spoil(step: int, model: Any) -> None:
        with torch.no_grad():
            model.base_model.norm.weight.mul_(1e30 if LOOPS[kind] is train_sft else float("nan"))

    with pytest.raises(DivergedError) as error:
        train(kind, base, tiny_tokenizer, run, spoil, learning_rate=1e-2)
    assert isinstance(error.value, MetaprobeError)
    assert "\n" not in str(error.value)
    assert f"arm {kind!r}" in str(error.value)


def test_nothing_correct_on_policy_is_an_error(tiny_tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="no correct solution among 48 samples at step 1"):
        train("sft_on_policy", fresh_model(tiny_tokenizer), tiny_tokenizer, toy_run(tmp_path, "x"))


def test_groups_without_signal_leave_the_weights_alone(tiny_tokenizer: Any, tmp_path: Path) -> None:
    base = fresh_model(tiny_tokenizer)
    run = toy_run(tmp_path, "grpo")
    assert_same_weights(train("grpo", base, tiny_tokenizer, run), base)
    for row in metrics_of(run):
        assert (row["reward"], row["zero_variance_share"], row["tokens"]) == (0, 1, 0)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_a_tenth() -> None:
    config = ArmConfig(steps=100, learning_rate=2.0, warmup=0.1)
    rates = [learning_rate(config, step) for step in range(1, 101)]
    assert rates[:10] == pytest.approx([0.2 * n for n in range(1, 11)])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[54] == pytest.approx(2.0 * (1 + FINAL_RATE) / 2)
    assert rates[-1] == pytest.approx(2.0 * FINAL_RATE)
    flat = ArmConfig(steps=100, learning_rate=2.0, warmup=0.0, schedule="constant")
    assert {learning_rate(flat, step) for step in range(1, 101)} == {2.0}
    assert learning_rate(ArmConfig(steps=1, warmup=0.9), 1) > 0
