"""Toy problems that a model of a few thousand parameters learns in seconds."""

import copy
import json
from pathlib import Path
from typing import Any

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.vocabulary import Domain, Skill, Split
from metaprobe.models.runtime import torch
from metaprobe.training.arms import SFTConfig
from metaprobe.training.session import ArmRun
from metaprobe.training.sft import train_sft

WORDS = ("A", "B", "C", "D", "E", "F", "G", "H")


def toy_item(word: str, value: int) -> Item:
    """A fact that can be learnt by heart."""
    question = f"Which digit is {word}?"
    return Item(
        id=content_hash(question),
        domain=Domain.MATHEMATICS,
        skill=Skill.CALCULATION,
        family="toy",
        level=1,
        split=Split.TRAIN,
        question=question,
        answer=IntegerAnswer(value=value),
        short=(),
        long=(f"{word} is {value}",),
        source="test",
    )


ITEMS = [toy_item(word, n) for n, word in enumerate(WORDS)]
NOISY_ITEMS = ITEMS + [toy_item(word, 9) for word in WORDS]
"""Every problem twice: once with its own answer and once with a wrong one."""


def fresh_model(tokenizer: Any, seed: int = 0) -> Any:
    """A Qwen3 of some ten thousand parameters that knows nothing."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        "qwen3",
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        initializer_range=0.1,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return AutoModelForCausalLM.from_config(config).eval()


def noisy_model(tokenizer: Any, folder: Path) -> Any:
    """A model after SFT on problems of which every second answer is wrong."""
    model = fresh_model(tokenizer)
    config = SFTConfig(
        steps=90,
        learning_rate=1e-2,
        batch_size=16,
        teacher="base",
        stages=[90],
        precision="float32",
    )
    train_sft(model, tokenizer, config, NOISY_ITEMS, toy_run(folder, "noisy"))
    return model


def toy_run(folder: Path, arm: str) -> ArmRun:
    """An arm whose stages go to the folder."""
    return ArmRun(arm=arm, seed=0, base="toy", root=folder)


def metrics_of(run: ArmRun) -> list[dict[str, Any]]:
    """The rows of an arm's metrics."""
    text = (run.folder / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def moved(model: Any, distance: float) -> Any:
    """A copy whose weights lie a little beside the model's."""
    copied = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in copied.parameters():
            weight += distance * torch.randn(weight.shape, generator=generator)
    return copied
