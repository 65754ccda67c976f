"""Probing inside trainers of transformers and TRL."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from transformers import Trainer, TrainingArguments, default_data_collator

import metaprobe
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import read_summary
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.study.config import StudyConfig

needs_trl = pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is missing")
quiet = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

STUDY = StudyConfig.model_validate(
    {
        "name": "tiny",
        "base": "nano/qwen3",
        "benchmark": {"items_per_cell": 2},
        "sampling": {"samples": 1, "max_new_tokens": 24},
        "probes": {"divergence": False, "parameters": True, "behaviours": False},
    }
)
ROWS = [{"input_ids": [n, n + 1, n + 2, 9], "labels": [n, n + 1, n + 2, 9]} for n in range(10, 26)]
SETTINGS: dict[str, Any] = {
    "max_steps": 4,
    "save_steps": 2,
    "logging_steps": 1,
    "learning_rate": 1e-2,
    "per_device_train_batch_size": 2,
    "report_to": [],
    "use_cpu": True,
    "disable_tqdm": True,
    "seed": 3,
    "dataloader_pin_memory": False,
}


def trainer(folder: Path) -> Trainer:
    loaded = load_model("nano/qwen3", dtype=torch.float32)
    settings = TrainingArguments(str(folder), **SETTINGS)
    return Trainer(loaded.model, settings, train_dataset=ROWS, processing_class=loaded.tokenizer)


def weights(made: Trainer) -> Any:
    return torch.cat([p.detach().flatten() for p in made.model.parameters()])


def changes(logs: list[dict[str, Any]]) -> dict[int, float]:
    """The logged change of mathematics, by step."""
    name = "metaprobe/mathematics/change"
    return {row["step"]: row[name] for row in logs if name in row}


@pytest.mark.slow
@quiet
def test_each_save_is_measured_and_logged_and_training_is_left_alone(tmp_path: Path) -> None:
    alone = trainer(tmp_path / "alone")
    alone.train()
    probed = trainer(tmp_path / "probed")
    found = metaprobe.attach(probed, STUDY)
    probed.train()
    assert torch.equal(weights(alone), weights(probed))
    assert [(look.arm, look.seed, look.step) for look in found.looks] == [
        ("probed", 3, 2),
        ("probed", 3, 4),
    ]
    logged = changes(probed.state.log_history)
    assert set(logged) == {2, 4}
    summary = read_summary(tmp_path / "probed" / "metaprobe" / "summary.json")
    for stage in summary.arms[0].steps:
        assert stage.parameters.relative_norm > 0
        row = next(d for d in stage.domains if d.domain == "mathematics")
        assert logged[stage.step] == row.delta


@pytest.mark.slow
@quiet
def test_a_gate_stops_the_training(tmp_path: Path) -> None:
    made = trainer(tmp_path / "run")
    found = metaprobe.attach(made, STUDY, out=tmp_path / "out", fail_on="worst < 2")
    made.train()
    assert made.state.global_step == 2
    assert [look.gate.failed for look in found.looks] == [True]


@pytest.mark.slow
@quiet
def test_a_save_that_cannot_be_measured_is_told_and_training_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = trainer(tmp_path / "run")
    made.processing_class = None
    made.data_collator = default_data_collator
    found = metaprobe.attach(made, STUDY)
    made.train()
    assert made.state.global_step == 4
    assert found.looks == []
    assert "step 2 was not measured: " in caplog.text
    assert "no tokenizer in it" in caplog.text


@pytest.mark.slow
@needs_trl
@quiet
def test_a_trainer_of_trl_is_measured_alike(tmp_path: Path) -> None:
    import trl
    from datasets import Dataset

    loaded = load_model("nano/qwen3", dtype=torch.float32)
    made = trl.SFTTrainer(
        loaded.model,
        args=trl.SFTConfig(str(tmp_path / "sft"), bf16=False, **SETTINGS),
        train_dataset=Dataset.from_list(ROWS),
        processing_class=loaded.tokenizer,
    )
    found = metaprobe.attach(made, STUDY)
    made.train()
    assert [look.step for look in found.looks] == [2, 4]
    assert set(changes(made.state.log_history)) == {2, 4}


@pytest.mark.slow
@quiet
def test_what_is_wrong_is_said_before_training(tmp_path: Path) -> None:
    made = trainer(tmp_path / "run")
    with pytest.raises(ConfigError, match="unknown name"):
        metaprobe.attach(made, STUDY, fail_on="colapse < 1")
    with pytest.raises(ConfigError, match="no study 'nanoo'"):
        metaprobe.attach(made, "nanoo")
    with pytest.raises(ConfigError, match="attach: overrides"):
        metaprobe.attach(made, STUDY, overrides=["sampling.seed=1"])
