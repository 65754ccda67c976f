"""From rewards of grouped rollouts to advantages; pure functions.

P problems, G rollouts of one problem.
"""

from torch import Tensor

_EPSILON = 1e-4


def group_std(rewards: Tensor) -> Tensor:
    """Return (r - group mean) / (group std + eps), as in GRPO (arXiv 2402.03300, section 4.1.2).

    Args:
        rewards: (P, G).
    """
    return group_mean(rewards) / (rewards.std(dim=1, keepdim=True) + _EPSILON)


def group_mean(rewards: Tensor) -> Tensor:
    """Return r - group mean, as in Dr. GRPO (arXiv 2503.20783).

    Args:
        rewards: (P, G).
    """
    return rewards - rewards.mean(dim=1, keepdim=True)


def leave_one_out(rewards: Tensor) -> Tensor:
    """Return r - mean of the other rollouts of its group, as in RLOO (arXiv 2402.14740).

    Args:
        rewards: (P, G).
    """
    size = rewards.shape[1]
    return group_mean(rewards) * size / (size - 1)


def batch_std(rewards: Tensor) -> Tensor:
    """Return (r - group mean) / (std of all rewards + eps), as in REINFORCE++ with a baseline.

    Args:
        rewards: (P, G).
    """
    return group_mean(rewards) / (rewards.std() + _EPSILON)


def has_signal(rewards: Tensor) -> Tensor:
    """Return (P,): whether the rewards of a group differ, so that it has any gradient.

    Args:
        rewards: (P, G).
    """
    return rewards.amax(dim=1) > rewards.amin(dim=1)


ADVANTAGES = {
    "group_std": group_std,
    "group_mean": group_mean,
    "leave_one_out": leave_one_out,
    "batch_std": batch_std,
}
"""The advantage functions by their name in the configuration."""
