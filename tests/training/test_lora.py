"""Arms that train a LoRA adapter: what moves, what is written, and that they learn."""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from peft import PeftModel
from test_learning import accuracy
from toys import ITEMS, fresh_model, metrics_of, toy_run

from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.models.loading import load_model
from metaprobe.models.logprobs import Text, token_logprobs
from metaprobe.models.lora import attach_lora
from metaprobe.models.runtime import torch
from metaprobe.stages.store import stored_stages
from metaprobe.training.arms import GRPOConfig, LoraSettings, OnPolicySFTConfig, SFTConfig
from metaprobe.training.grpo import train_grpo
from metaprobe.training.on_policy import train_on_policy
from metaprobe.training.sft import train_sft

LORA = LoraSettings(rank=8, alpha=16)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_learns_by_sft(tiny_tokenizer: Any, tmp_path: Path) -> None:
    base = fresh_model(tiny_tokenizer)
    model, run = copy.deepcopy(base), toy_run(tmp_path, "sft")
    config = SFTConfig(
        steps=50,
        learning_rate=1e-2,
        batch_size=8,
        teacher="base",
        stages=[25, 50],
        precision="float32",
        lora=LORA,
    )
    train_sft(model, tiny_tokenizer, config, ITEMS, run)
    rows = metrics_of(run)
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]
    weights = {n.replace(".base_layer", ""): p for n, p in model.named_parameters()}
    for name, weight in base.named_parameters():
        assert torch.equal(weights[name], weight), name
    for stage in stored_stages(tmp_path, "sft", 0):
        check_stage(stage.folder, base)
    text = [Text([11, 12], [20, 21, 22])]
    found, expected = (
        token_logprobs(m, text, 0)[0] for m in (load_model(str(stage.folder)).model, model)
    )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def check_stage(folder: Path, base: Any) -> None:
    """A stage holds an ordinary model, and the adapter that makes it from the base."""
    assert json.loads((folder / "stage.json").read_text())["adapter"] == "adapter"
    merged = load_model(str(folder)).model
    assert set(merged.state_dict()) == set(base.state_dict())
    again = PeftModel.from_pretrained(copy.deepcopy(base), folder / "adapter").merge_and_unload()
    for name, weight in merged.named_parameters():
        torch.testing.assert_close(weight, again.get_parameter(name), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("train", "config"),
    [
        pytest.param(
            train_grpo,
            GRPOConfig(steps=30, prompts=8, group_size=16, max_new_tokens=16),
            marks=pytest.mark.slow,
        ),
        (train_on_policy, OnPolicySFTConfig(steps=30, batch_size=32, refresh=2, max_new_tokens=16)),
    ],
    ids=["grpo", "sft_on_policy"],
)
def test_an_adapter_learns_from_its_own_samples(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path, train: Any, config: Any
) -> None:
    changes = {"learning_rate": 1e-2, "stages": [30], "precision": "float32", "lora": LORA}
    model, run = copy.deepcopy(unsure_model), toy_run(tmp_path, "arm")
    train(model, tiny_tokenizer, config.model_copy(update=changes), ITEMS, run)
    rewards = [row["reward"] for row in metrics_of(run)]
    assert 0.2 < rewards[0] < 0.35
    assert sum(rewards[-3:]) / 3 > 2 * rewards[0]
    (stage,) = stored_stages(tmp_path, "arm", 0)
    merged = load_model(str(stage.folder)).model
    assert accuracy(merged, tiny_tokenizer) == accuracy(model, tiny_tokenizer)


def test_a_full_stage_names_no_adapter(tiny_tokenizer: Any, tmp_path: Path) -> None:
    config = SFTConfig(steps=1, stages=[1], batch_size=2, teacher="base")
    run = toy_run(tmp_path, "sft")
    train_sft(fresh_model(tiny_tokenizer), tiny_tokenizer, config, ITEMS, run)
    (stage,) = stored_stages(tmp_path, "sft", 0)
    assert stage.info.adapter is None
    assert not (stage.folder / "adapter").exists()


def test_without_peft_one_line_says_what_to_install(
    tiny_tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ConfigError, match=r"pip install 'metaprobe\[lora\]'"):
        attach_lora(fresh_model(tiny_tokenizer), rank=2, alpha=4.0, stream="x")


@pytest.mark.parametrize("table", [{"rank": 0}, {"alpha": 0}, {"rnk": 3}])
def test_wrong_settings_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="lora"):
        parse_config(SFTConfig, {"lora": table}, "x.toml")
