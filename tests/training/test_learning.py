"""Every kind of arm learns a toy in seconds; with its sign flipped, GRPO unlearns it."""

import copy
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, fresh_model, metrics_of, toy_run

from metaprobe.benchmark.grading import grade
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.chat import encode_prompts, end_of_turn
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling
from metaprobe.training.advantages import ADVANTAGES, group_std
from metaprobe.training.arms import GRPOConfig, OnPolicySFTConfig, SFTConfig
from metaprobe.training.grpo import train_grpo
from metaprobe.training.on_policy import train_on_policy
from metaprobe.training.sft import train_sft


def accuracy(model: Any, tokenizer: Any, *, temperature: float = 0.0, samples: int = 1) -> float:
    prompts = encode_prompts(tokenizer, [item.question for item in ITEMS])
    groups = sample(
        model,
        [Request(item.id, prompt) for item, prompt in zip(ITEMS, prompts, strict=True)],
        Sampling(temperature=temperature, top_p=1, samples=samples, max_new_tokens=24),
        stop=end_of_turn(tokenizer),
        pad=tokenizer.pad_token_id,
    )
    verdicts = [
        grade(item.answer, tokenizer.decode(c.tokens, skip_special_tokens=True)).verdict
        for item, group in zip(ITEMS, groups, strict=True)
        for c in group
    ]
    return sum(v is Verdict.CORRECT for v in verdicts) / len(verdicts)


@pytest.mark.parametrize("precision", ["float32", "auto"])
@pytest.mark.parametrize("traces", ["short", "long"])
def test_sft_lowers_the_loss_and_raises_accuracy(
    tiny_tokenizer: Any, tmp_path: Path, traces: Any, precision: Any
) -> None:
    model, run = fresh_model(tiny_tokenizer), toy_run(tmp_path, "sft")
    assert accuracy(model, tiny_tokenizer) == 0
    config = SFTConfig(
        steps=80,
        learning_rate=1e-2,
        batch_size=8,
        traces=traces,
        teacher="base",
        stages=[80],
        precision=precision,
    )
    train_sft(model, tiny_tokenizer, config, ITEMS, run)
    rows = metrics_of(run)
    assert rows[-1]["loss"] < 0.05 * rows[0]["loss"]
    assert accuracy(model, tiny_tokenizer) > 0.8


def test_the_unsure_model_is_unsure(unsure_model: Any, tiny_tokenizer: Any) -> None:
    sampled = accuracy(unsure_model, tiny_tokenizer, temperature=1.0, samples=50)
    assert 0.2 < sampled < 0.7


def reinforced(base: Any, tokenizer: Any, folder: Path, **changes: Any) -> list[float]:
    """The mean rewards of a GRPO run, step by step."""
    settings: dict[str, Any] = {
        "steps": 40,
        "learning_rate": 2e-3,
        "prompts": 8,
        "group_size": 16,
        "max_new_tokens": 16,
        "stages": [40],
        "precision": "float32",
    }
    run = toy_run(folder, "grpo")
    config = GRPOConfig(**{**settings, **changes})
    train_grpo(copy.deepcopy(base), tokenizer, config, ITEMS, run)
    return [row["reward"] for row in metrics_of(run)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param(
            {"advantage": "leave_one_out", "aggregation": "sequence_mean"}, marks=pytest.mark.slow
        ),
        pytest.param(
            {"advantage": "group_mean", "aggregation": "constant"}, marks=pytest.mark.slow
        ),
        pytest.param({"advantage": "batch_std", "updates_per_rollout": 2}, marks=pytest.mark.slow),
        pytest.param({"precision": "auto"}, marks=pytest.mark.slow),
        pytest.param(
            {"loss": "cispo", "updates_per_rollout": 2, "refill": 1}, marks=pytest.mark.slow
        ),
        pytest.param(
            {"loss": "gspo", "aggregation": "sequence_mean", "mask_truncated": True},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"kl": "k3", "dual_clip": 3.0, "updates_per_rollout": 2}, marks=pytest.mark.slow
        ),
        {"kl": "exact", "kl_weight": 0.001, "entropy_weight": 0.001, "token_correction": 2.0},
    ],
    ids=lambda changes: "-".join(str(v) for v in changes.values()) or "default",
)
def test_grpo_raises_the_reward(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    rewards = reinforced(unsure_model, tiny_tokenizer, tmp_path, **changes)
    assert 0.2 < rewards[0] < 0.7
    assert sum(rewards[-3:]) / 3 > 0.85


def test_grpo_with_the_sign_flipped_lowers_the_reward(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADVANTAGES, "group_std", lambda rewards: -group_std(rewards))
    rewards = reinforced(unsure_model, tiny_tokenizer, tmp_path)
    assert sum(rewards[-3:]) / 3 < 0.1


def test_on_policy_sft_raises_the_reward(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    config = OnPolicySFTConfig(
        steps=30,
        learning_rate=3e-3,
        batch_size=8,
        refresh=3,
        samples=6,
        max_new_tokens=16,
        stages=[30],
        precision="float32",
    )
    run = toy_run(tmp_path, "own")
    train_on_policy(copy.deepcopy(unsure_model), tiny_tokenizer, config, ITEMS, run)
    rewards = [row["reward"] for row in metrics_of(run)]
    assert rewards[-1] > max(0.8, rewards[0] + 0.2)
