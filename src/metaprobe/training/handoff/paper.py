"""The preset `paper`: the published hyperparameters of arXiv 2507.00432, as they were released.

They were published for a Qwen3 of 14 billion parameters; here they stand for 1.7 and 4 billion
too. How many devices SFT ran on is not published, so the size of its batches is that of the
devices; the number of devices below and the parallelism of the sampler are ours, but for the 128
devices of RL at 14 billion.
"""

import re
from typing import NamedTuple

from metaprobe.core.errors import ConfigError
from metaprobe.training.handoff.job import Setting
from metaprobe.training.traces import Traces

PAPER = "paper"
"""Name of the preset."""

MODELS = ("Qwen/Qwen3-1.7B-Base", "Qwen/Qwen3-4B-Base", "Qwen/Qwen3-14B-Base")
"""The bases that the preset is for."""

CUTOFF = 16_384
"""Tokens of an SFT example; longer ones are cut."""
PROMPT = 2_048
"""Tokens of an RL prompt."""
RESPONSE = 20_480
"""Tokens of a rollout."""


class Layout(NamedTuple):
    """Devices of an RL job."""

    nodes: int
    gpus: int
    tensor_parallel: int


_LAYOUTS = {"1.7B": Layout(1, 8, 1), "4B": Layout(4, 8, 1), "14B": Layout(16, 8, 4)}
_SIZE = re.compile(r"Qwen3-(1\.7B|4B|14B)(?:-Base)?/?$")


def rl_layout(base: str) -> Layout:
    """Return the devices of an RL job from this base.

    Raises:
        ConfigError: the preset is not for it.
    """
    return _LAYOUTS[check_base(base)]


def check_base(base: str) -> str:
    """Return the size of a base that the preset is for.

    Raises:
        ConfigError: it is for none of that name.
    """
    match = _SIZE.search(base)
    if not match:
        raise ConfigError(
            f"preset {PAPER!r} is not for the base {base!r}; name {', '.join(MODELS[:-1])} or "
            f"{MODELS[-1]}, or a folder of that name, with --model"
        )
    return match[1]


def sft_settings(traces: Traces) -> list[Setting]:
    """Return the keys of LLaMA-Factory.

    Args:
        traces: `short` ones are trained with thinking switched off.
    """
    return [
        Setting("template", "qwen3"),
        Setting("enable_thinking", traces != "short"),
        Setting("cutoff_len", CUTOFF),
        Setting("per_device_train_batch_size", 1),
        Setting("gradient_accumulation_steps", 8),
        Setting("learning_rate", 5e-5),
        Setting("num_train_epochs", 2.0),
        Setting("lr_scheduler_type", "cosine"),
        Setting("warmup_ratio", 0.1),
        Setting("bf16", True),
        Setting("save_steps", 50),
    ]


def rl_settings() -> list[Setting]:
    """Return the keys of verl: GRPO advantages with what DAPO added (arXiv 2503.14476)."""
    actor = "actor_rollout_ref.actor"
    rollout = "actor_rollout_ref.rollout"
    overlong = "+reward.reward_kwargs.overlong_buffer_cfg"
    return [
        Setting("algorithm.adv_estimator", "grpo"),
        Setting("algorithm.norm_adv_by_std_in_grpo", True),
        Setting("algorithm.use_kl_in_reward", False),
        Setting("algorithm.filter_groups.enable", True),
        Setting("algorithm.filter_groups.metric", "acc"),
        Setting("data.train_batch_size", 512),
        Setting("data.max_prompt_length", PROMPT),
        Setting("data.max_response_length", RESPONSE),
        Setting(f"{actor}.ppo_mini_batch_size", 32),
        Setting(f"{actor}.policy_loss.loss_mode", "vanilla"),
        Setting(f"{actor}.loss_agg_mode", "token-mean"),
        Setting(f"{actor}.clip_ratio_low", 0.2),
        Setting(f"{actor}.clip_ratio_high", 0.28),
        Setting(f"{actor}.clip_ratio_c", 10.0),
        Setting(f"{actor}.use_kl_loss", False),
        Setting(f"{actor}.kl_loss_coef", 0.0),
        Setting(f"{actor}.entropy_coeff", 0),
        Setting(f"{actor}.grad_clip", 1.0),
        Setting(f"{actor}.optim.lr", 1e-6),
        Setting(f"{actor}.optim.lr_warmup_steps", 10),
        Setting(f"{actor}.optim.lr_scheduler_type", "constant"),
        Setting(f"{actor}.optim.weight_decay", 0.1),
        Setting(f"{rollout}.n", 16),
        Setting(f"{rollout}.temperature", 1.0),
        Setting(f"{rollout}.top_p", 1.0),
        Setting(f"{rollout}.val_kwargs.top_p", 0.7),
        Setting("reward.reward_manager.name", "dapo"),
        Setting("+reward.reward_kwargs.max_resp_len", RESPONSE),
        Setting(f"{overlong}.enable", True),
        Setting(f"{overlong}.len", 4_096),
        Setting(f"{overlong}.penalty_factor", 1.0),
        Setting(f"{overlong}.log", False),
        Setting("trainer.total_epochs", 1),
        Setting("trainer.save_freq", 5),
    ]


NOT_TOLD = (
    "published: at most 10 generations of 1536 prompts for a step; verl 0.9.1 asks for one prompt "
    "at a time until a step is full, without a limit",
)
"""What of the published RL settings verl has no place for."""
