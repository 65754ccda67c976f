"""A job of LLaMA-Factory says what the arm says, in keys that the engine has."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import ITEMS, target, text

from metaprobe.core.errors import ConfigError
from metaprobe.models.chat import user_message
from metaprobe.models.runtime import torch
from metaprobe.training.arms import SFTConfig
from metaprobe.training.curricula import Curriculum
from metaprobe.training.handoff import llamafactory, paper
from metaprobe.training.handoff.data import Corpus
from metaprobe.training.handoff.job import Target
from metaprobe.training.order import Order
from metaprobe.training.session import ArmRun, learning_rate
from metaprobe.training.sft import teacher_text

GOLDEN = {
    "model_name_or_path": "base",
    "trust_remote_code": False,
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "full",
    "deepspeed": "ds_z3.json",
    "dataset": "metaprobe",
    "dataset_dir": "data",
    "disable_shuffling": True,
    "output_dir": "output",
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_only_model": True,
    "report_to": "none",
    "seed": 3,
    "ddp_timeout": 180_000_000,
    "template": "qwen3",
    "enable_thinking": True,
    "cutoff_len": 16_384,
    "max_steps": 6,
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 2,
    "learning_rate": 2e-5,
    "warmup_steps": 2,
    "lr_scheduler_type": "cosine_warmup_with_min_lr",
    "lr_scheduler_kwargs": {"min_lr_rate": 0.1},
    "weight_decay": 0.1,
    "max_grad_norm": 0.5,
    "bf16": True,
    "save_steps": 3,
}
ARM = SFTConfig(
    steps=6,
    batch_size=4,
    learning_rate=2e-5,
    warmup=0.3,
    weight_decay=0.1,
    max_grad_norm=0.5,
    stages=[3, 6],
    traces="long",
)


def settings(config: SFTConfig, of: Target, template: str | None = None) -> dict[str, Any]:
    corpus = llamafactory.arm_corpus(ITEMS, config, of)
    draft = llamafactory.draft_job(config, corpus, of, template)
    read: dict[str, Any] = yaml.safe_load(text(draft, "job.yaml"))
    return read


def test_the_keys_and_values_are_these() -> None:
    assert settings(ARM, target(gpus=2, seed=3)) == GOLDEN


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objective": "dft"}, {"use_dft_loss": True}),
        ({"objective": "eaft", "eaft_alpha": 2.0}, {"use_eaft_loss": True, "eaft_alpha": 2.0}),
        (
            {"objective": "dft", "kl": "forward", "kl_weight": 0.05},
            {
                "use_asft_loss": True,
                "asft_alpha": 0.05,
                # The engine does not divide this loss by the accumulated batches.
                "gradient_accumulation_steps": 1,
                "per_device_train_batch_size": 2,
            },
        ),
    ],
)
def test_objectives_become_the_engines(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    config = ARM.model_copy(update=changes)
    assert settings(config, target(gpus=2, seed=3)) == GOLDEN | expected


def test_a_constant_rate_has_no_floor() -> None:
    read = settings(ARM.model_copy(update={"schedule": "constant"}), target())
    assert read["lr_scheduler_type"] == "constant_with_warmup"
    assert "lr_scheduler_kwargs" not in read


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"objective": "psft"}, "psft"),
        ({"kl": "forward"}, "kl"),
        ({"objective": "dft", "kl": "reverse"}, "reverse"),
        ({"objective": "eaft", "kl": "forward"}, "eaft"),
        ({"precision": "float32"}, "precision"),
        ({"curriculum": "pass_rate"}, "pass_rate"),
        ({"batch_size": 5}, "batch_size"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_in_one_line(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=named) as error:
        settings(ARM.model_copy(update=changes), target(gpus=2))
    assert "\n" not in str(error.value)


class Later(SFTConfig):
    """An arm with a setting that the room does not know."""

    novelty: int | None = None
    """Something."""


def test_a_setting_that_is_not_known_here_is_refused_where_it_is_set() -> None:
    assert settings(Later(**ARM.model_dump()), target(gpus=2, seed=3)) == GOLDEN
    with pytest.raises(ConfigError, match="novelty = 3"):
        settings(Later(**ARM.model_dump(), novelty=3), target())


def test_another_base_needs_the_name_of_its_template() -> None:
    assert settings(ARM, target(base="org/Qwen3-8B"))["template"] == "qwen3"
    assert settings(ARM, target(base="org/other"), "llama3")["template"] == "llama3"
    with pytest.raises(ConfigError, match="--template"):
        settings(ARM, target(base="org/other"))


@pytest.mark.parametrize("curriculum", ["shuffled", "level", "skill_balance", "skill_gated"])
def test_rows_are_the_batches_of_our_own_loop(curriculum: Curriculum) -> None:
    config = ARM.model_copy(update={"curriculum": curriculum})
    rows = llamafactory.arm_corpus(ITEMS, config, target(seed=3)).rows
    run = ArmRun(arm="a", seed=3, base="nano/qwen3", root=Path())
    order = Order(None, None, ITEMS, config, run, size=4, count=6)
    expected = [ITEMS[i] for batch in islice(order.batches(), 6) for i in batch]
    assert [row["prompt"] for row in rows] == [user_message(i.question) for i in expected]
    assert [row["completion"] for row in rows] == [teacher_text(i, config) for i in expected]


def test_the_learning_rates_are_those_of_our_own_loop() -> None:
    from transformers import get_scheduler

    config = ARM.model_copy(update={"steps": 40, "warmup": 0.2})
    read = settings(config.model_copy(update={"stages": "every:10"}), target())
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=read["learning_rate"])
    schedule = get_scheduler(
        read["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=read["warmup_steps"],
        num_training_steps=read["max_steps"],
        scheduler_specific_kwargs=read["lr_scheduler_kwargs"],
    )
    for step in range(1, 41):
        share = schedule.lr_lambdas[0](step - 1)
        assert share * read["learning_rate"] == pytest.approx(learning_rate(config, step))


@pytest.mark.parametrize("base", paper.MODELS)
@pytest.mark.parametrize(("traces", "thinking"), [("short", False), ("long", True)])
def test_the_preset_is_what_was_published(base: str, traces: Any, thinking: bool) -> None:
    config = ARM.model_copy(update={"traces": traces})
    read = settings(config, target(base=base, preset="paper", gpus=8))
    published = {
        "model_name_or_path": base,
        "template": "qwen3",
        "enable_thinking": thinking,
        "cutoff_len": 16_384,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "learning_rate": 5e-5,
        "num_train_epochs": 2.0,
        "lr_scheduler_type": "cosine",
        "warmup_ratio": 0.1,
        "bf16": True,
        "save_steps": 50,
        "deepspeed": "ds_z3.json",
        "disable_shuffling": False,
    }
    assert published.items() <= read.items()
    assert "max_steps" not in read


def test_the_preset_is_for_three_bases() -> None:
    with pytest.raises(ConfigError, match="Qwen3-14B-Base"):
        settings(ARM, target(preset="paper"))


def test_checkpoints_can_be_loaded_from_zero_3() -> None:
    draft = llamafactory.draft_job(
        ARM, llamafactory.arm_corpus(ITEMS, ARM, target()), target(), None
    )
    zero = json.loads(text(draft, "ds_z3.json"))["zero_optimization"]
    assert zero["stage"] == 3
    assert zero["stage3_gather_16bit_weights_on_model_save"] is True


def test_conversations_get_tags_and_are_shuffled_by_the_engine() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    corpus = Corpus([{"messages": turns}], in_order=False)
    draft = llamafactory.draft_job(ARM, corpus, target(), None)
    info = json.loads(text(draft, "data/dataset_info.json"))["metaprobe"]
    assert info["formatting"] == "sharegpt"
    assert info["tags"]["role_tag"] == "role"
    assert not yaml.safe_load(text(draft, "job.yaml"))["disable_shuffling"]
    level = ARM.model_copy(update={"curriculum": "level"})
    with pytest.raises(ConfigError, match="curriculum"):
        llamafactory.draft_job(level, corpus, target(), None)
