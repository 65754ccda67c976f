"""Checks the settings of a job with verl, and those that verl takes unchecked.

This file is copied into the job; `launch.sh` runs it with the overrides as its arguments.
"""

import sys
from collections.abc import Sequence

from hydra import compose, initialize_config_module
from verl.trainer.ppo.core_algos import ADV_ESTIMATOR_REGISTRY, POLICY_LOSS_REGISTRY
from verl.trainer.ppo.reward import get_custom_reward_fn, resolve_reward_manager_cls
from verl.trainer.ppo.utils import need_critic, need_reference_policy
from verl.utils.config import validate_config
from verl.workers.rollout.base import _ROLLOUT_REGISTRY


def check(overrides: Sequence[str]) -> None:
    """Leave with a message where verl would not train as the overrides say.

    Args:
        overrides: as verl's command line takes them.
    """
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=list(overrides))
    validate_config(config, need_reference_policy(config), need_critic(config))
    rollout = config.actor_rollout_ref.rollout
    chosen = {
        "algorithm.adv_estimator": (config.algorithm.adv_estimator, ADV_ESTIMATOR_REGISTRY),
        "actor_rollout_ref.actor.policy_loss.loss_mode": (
            config.actor_rollout_ref.actor.policy_loss.loss_mode,
            POLICY_LOSS_REGISTRY,
        ),
        "actor_rollout_ref.rollout.name": (
            rollout.get("name"),
            {name for name, mode in _ROLLOUT_REGISTRY if mode == rollout.mode},
        ),
    }
    for key, (value, known) in chosen.items():
        if value not in known:
            sys.exit(f"{key}={value}: verl has {', '.join(sorted(known))}")
    resolve_reward_manager_cls(config)
    if get_custom_reward_fn(config) is None:
        sys.exit("reward.custom_reward_function.path names no reward")


if __name__ == "__main__":
    check([argument for argument in sys.argv[1:] if "=" in argument])
