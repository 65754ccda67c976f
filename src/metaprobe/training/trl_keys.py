"""From the settings of an arm to the keys of TRL's own configuration."""

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from metaprobe.core.errors import ConfigError, nearest
from metaprobe.models.runtime import default_device, fast_bfloat16
from metaprobe.training.arms import ArmConfig, GRPOConfig, SFTConfig

_LOSS_TYPES = {"token_mean": "dapo", "sequence_mean": "grpo", "constant": "dr_grpo"}
_SCALES = {"group_std": "group", "group_mean": "none", "batch_std": "batch"}
_CHECKPOINTING = ("activation_checkpointing", "gradient_checkpointing")
"""The name of the key, and the one that older releases of transformers know."""


def trl_arguments(config: ArmConfig, folder: Path, seed: int) -> Any:
    """Return the configuration of TRL's trainer for an arm.

    Args:
        config: settings of an SFT or GRPO arm.
        folder: gets the trainer's checkpoints.
        seed: of the trainer's random numbers.

    Raises:
        ConfigError: a key in the arm's `trl` table is unknown, already decided, or badly set.
    """
    import trl

    kind = trl.GRPOConfig if isinstance(config, GRPOConfig) else trl.SFTConfig
    extra = dict(config.trl)
    accumulation = int(extra.get("gradient_accumulation_steps", 1))
    own = _common(config, folder, seed) | _of_kind(config, accumulation)
    known = [field.name for field in fields(kind)]
    for key in extra:
        if key not in known:
            raise ConfigError(f"trl.{key}: not a key of TRL's {kind.__name__}{nearest(key, known)}")
        if key in own:
            raise ConfigError(f"trl.{key}: the arm's own settings decide it; leave it out")
    if not extra.keys() & set(_CHECKPOINTING):  # TRL's default trades time for memory
        own[next(key for key in _CHECKPOINTING if key in known)] = False
    try:
        return kind(**own, **extra)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"TRL refuses the settings of the arm: {error}") from error


def _common(config: ArmConfig, folder: Path, seed: int) -> dict[str, Any]:
    device = default_device()
    automatic = config.precision == "auto" and device.type == "cuda" and fast_bfloat16(device)
    return {
        "output_dir": str(folder),
        "max_steps": config.steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "constant",  # StageWriter sets the rate of every step
        "warmup_steps": 0,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "seed": seed,
        "use_cpu": device.type == "cpu",
        "bf16": automatic or config.precision == "bfloat16",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",  # StageWriter asks for a checkpoint at each stage
        "save_total_limit": 1,
        "dataloader_pin_memory": device.type == "cuda",
        "disable_tqdm": True,
        "report_to": "none",
    }


def _of_kind(config: ArmConfig, accumulation: int) -> dict[str, Any]:
    if isinstance(config, SFTConfig):
        return {
            "per_device_train_batch_size": _share(config.batch_size, accumulation),
            "loss_type": config.objective,
            "train_sampling_strategy": "sequential",
            "dataset_kwargs": {"skip_prepare_dataset": True},
        }
    assert isinstance(config, GRPOConfig)
    return {
        "per_device_train_batch_size": _share(config.prompts * config.group_size, accumulation),
        "num_generations": config.group_size,
        "max_completion_length": config.max_new_tokens,
        "temperature": config.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "loss_type": _LOSS_TYPES[config.aggregation],
        "scale_rewards": _SCALES[config.advantage],
        "num_iterations": 1,
        "epsilon": config.clip_low,
        "epsilon_high": config.clip_high,
        "delta": config.dual_clip,
        "beta": config.kl_weight if config.kl == "k3" else 0.0,
        "use_bias_correction_kl": False,
        "mask_truncated_completions": config.mask_truncated,
        "shuffle_dataset": False,
    }


def _share(batch: int, accumulation: int) -> int:
    """Return what one process takes at once of a batch."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if batch % (processes * accumulation):
        raise ConfigError(
            f"a batch of {batch} cannot be cut evenly for {processes} processes and "
            f"gradient_accumulation_steps = {accumulation}"
        )
    return batch // (processes * accumulation)
