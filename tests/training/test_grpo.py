"""What the options of GRPO do to a step: which rollouts take part, and what is measured of them."""

import copy
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, metrics_of, moved, toy_run

from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.models.chat import encode_prompts
from metaprobe.models.logprobs import Text, masked_logits, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.training import grpo
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.grpo import token_measures, train_grpo
from metaprobe.training.rollouts import Rollout, RolloutSettings, roll_out


def config_of(**changes: Any) -> GRPOConfig:
    common: dict[str, Any] = {"steps": 3, "stages": [3], "precision": "float32", "prompts": 4}
    common |= {"group_size": 6, "max_new_tokens": 16, "learning_rate": 2e-3}
    return GRPOConfig(**{**common, **changes})


def own_texts(model: Any, tokenizer: Any, samples: int = 40) -> list[Text]:
    prompts = encode_prompts(tokenizer, [item.question for item in ITEMS])
    settings = RolloutSettings(samples, 1.0, 16)
    groups = roll_out(model, tokenizer, ITEMS, prompts, settings, stream="test")
    return [Text(p, r.tokens) for p, own in zip(prompts, groups, strict=True) for r in own]


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_exact_measures_are_those_of_the_library(
    unsure_model: Any, tiny_tokenizer: Any, temperature: float
) -> None:
    texts, current = own_texts(unsure_model, tiny_tokenizer, 2), moved(unsure_model, 0.02)
    config = config_of(kl="exact", temperature=temperature)
    with torch.no_grad():
        found = token_measures(current, unsure_model, texts, config, 0)
        ids, mask = pad_texts(texts, 0)
        now, base = (
            torch.distributions.Categorical(logits=masked_logits(m, ids, mask) / temperature)
            for m in (current, unsure_model)
        )
    targets = torch.cat([torch.tensor(t.completion) for t in texts])
    close = {"atol": 1e-5, "rtol": 1e-4}
    torch.testing.assert_close(found.logprobs, now.log_prob(targets), **close)
    torch.testing.assert_close(found.entropy, now.entropy(), **close)
    expected = torch.distributions.kl_divergence(now, base)
    torch.testing.assert_close(found.kl, expected, **close)


def test_the_estimated_divergence_is_the_exact_one_in_the_mean(
    unsure_model: Any, tiny_tokenizer: Any
) -> None:
    """On the current model's own samples, by prefix, as GRPO uses it."""
    current = moved(unsure_model, 0.03)
    texts = own_texts(current, tiny_tokenizer)
    with torch.no_grad():
        estimated, exact = (
            token_measures(current, unsure_model, texts, config_of(kl=kind), 0).kl
            for kind in ("k3", "exact")
        )
    error = (estimated - exact).std() / len(exact) ** 0.5
    assert exact.mean() > 10 * error
    assert abs(estimated.mean() - exact.mean()) < 4 * error


class Scripted:
    """Stands for sampling: gives every group the next of the scripted rewards."""

    def __init__(self, *rewards: list[float], truncated: bool = False) -> None:
        self.rewards, self.truncated = list(rewards), truncated
        self.models: list[Any] = []

    def __call__(
        self, model: Any, tokenizer: Any, items: Any, prompts: Any, settings: Any, *, stream: str
    ) -> list[list[Rollout]]:
        self.models.append(model)
        return [
            [
                Rollout([5, 6 + n], [-1.0, -1.0], reward, self.truncated and reward == 0, reward)
                for n, reward in enumerate(self.rewards.pop(0))
            ]
            for _ in items
        ]


FLAT, MIXED = [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]


def test_groups_without_signal_are_refilled(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = {}
    for refill in (0, 2):
        scripted = Scripted(FLAT, MIXED, FLAT, FLAT, MIXED, MIXED)
        monkeypatch.setattr(grpo, "roll_out", scripted)
        run = toy_run(tmp_path / str(refill), "grpo")
        config = config_of(steps=1, stages=[1], prompts=2, group_size=3, refill=refill)
        train_grpo(copy.deepcopy(unsure_model), tiny_tokenizer, config, ITEMS, run)
        (trained[refill],) = metrics_of(run)
    assert trained[0]["zero_variance_share"] == 0.5
    assert trained[0]["tokens"] == 1 * 3 * 2
    assert trained[2]["zero_variance_share"] == 0.5
    assert trained[2]["tokens"] == 2 * 3 * 2


def test_truncated_rollouts_can_be_left_out(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = []
    for masked in (False, True):
        monkeypatch.setattr(grpo, "roll_out", Scripted(MIXED, MIXED, truncated=True))
        run = toy_run(tmp_path / str(masked), "grpo")
        config = config_of(steps=1, stages=[1], prompts=2, group_size=3, mask_truncated=masked)
        train_grpo(copy.deepcopy(unsure_model), tiny_tokenizer, config, ITEMS, run)
        tokens.append(metrics_of(run)[0]["tokens"])
    assert tokens == [2 * 3 * 2, 2 * 1 * 2]


def test_the_off_policy_control_learns_from_the_frozen_base(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watched(model: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(model)
        return roll_out(model, *args, **kwargs)

    monkeypatch.setattr(grpo, "roll_out", watched)
    model, run = copy.deepcopy(unsure_model), toy_run(tmp_path, "grpo")
    config = config_of(steps=20, stages=[20], prompts=8, rollouts_from="base")
    train_grpo(model, tiny_tokenizer, config, ITEMS, run)
    for name, weight in unsure_model.state_dict().items():
        assert all(torch.equal(m.state_dict()[name], weight) for m in seen)
    rows = metrics_of(run)
    assert rows[0]["kl_old"] == pytest.approx(0, abs=1e-6)
    assert rows[-1]["kl_old"] > 0.01
    assert rows[-1]["clipped_share"] > 0


@pytest.mark.parametrize("option", ["token_correction = 2.0", 'rollouts_from = "base"'])
def test_what_needs_recorded_probabilities_needs_temperature_one(option: str) -> None:
    name, value = option.split(" = ")
    table = {"temperature": 0.7, name: 2.0 if value == "2.0" else "base"}
    with pytest.raises(ConfigError, match="temperature = 1"):
        parse_config(GRPOConfig, table, "x.toml")
