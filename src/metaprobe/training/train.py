"""One entry for every kind of arm."""

from collections.abc import Sequence

from metaprobe.benchmark.items import Item
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.training.arms import GRPOConfig, OnPolicySFTConfig, SFTConfig, Trained
from metaprobe.training.grpo import train_grpo
from metaprobe.training.on_policy import train_on_policy
from metaprobe.training.session import ArmRun, OnStep
from metaprobe.training.sft import train_sft
from metaprobe.training.traces import Solutions


def train_arm(
    config: Trained,
    items: Sequence[Item],
    run: ArmRun,
    *,
    solutions: Solutions | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Load the base with float32 weights and train one arm from it; resumes where it stopped.

    Args:
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm, its base and the folder of its stages.
        solutions: prepared traces of the items, for SFT.
        on_step: called after every optimiser step.

    Raises:
        DivergedError: the loss is not finite, or nothing correct was sampled.
    """
    if config.engine == "trl":  # whose import takes seconds
        from metaprobe.training.trl_engine import require_trl, train_with_trl

        require_trl()
    loaded = load_model(run.base, dtype=torch.float32)
    model, tokenizer = loaded.model, loaded.tokenizer
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if config.engine == "trl":
        assert not isinstance(config, OnPolicySFTConfig)  # refused when the settings were read
        train_with_trl(model, tokenizer, config, items, run, solutions=solutions, on_step=on_step)
    elif isinstance(config, SFTConfig):
        train_sft(model, tokenizer, config, items, run, solutions=solutions, on_step=on_step)
    elif isinstance(config, GRPOConfig):
        train_grpo(model, tokenizer, config, items, run, on_step=on_step)
    else:
        train_on_policy(model, tokenizer, config, items, run, on_step=on_step)
