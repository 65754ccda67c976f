"""Advantages against a plain loop over groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from metaprobe.models.runtime import torch
from metaprobe.training.advantages import ADVANTAGES, has_signal

shapes = array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6)
rewards_of = arrays(np.float64, shapes, elements=st.floats(-3, 3, width=32))


def by_hand(name: str, rewards: np.ndarray) -> np.ndarray:
    """The advantages, one rollout at a time."""
    result = np.zeros_like(rewards)
    for p, group in enumerate(rewards):
        for g, reward in enumerate(group):
            if name == "leave_one_out":
                result[p, g] = reward - np.mean([r for h, r in enumerate(group) if h != g])
                continue
            result[p, g] = reward - sum(group) / len(group)
            if name == "group_std":
                result[p, g] /= np.std(group, ddof=1) + 1e-4
            if name == "batch_std":
                result[p, g] /= np.std(rewards, ddof=1) + 1e-4
    return result


@pytest.mark.parametrize("name", ADVANTAGES)
@given(rewards=rewards_of)
def test_they_are_those_of_a_plain_loop(name: str, rewards: np.ndarray) -> None:
    found = ADVANTAGES[name](torch.from_numpy(rewards)).numpy()
    np.testing.assert_allclose(found, by_hand(name, rewards), atol=1e-7)


@pytest.mark.parametrize("name", ADVANTAGES)
@given(rewards=rewards_of)
def test_they_sum_to_zero_in_every_group(name: str, rewards: np.ndarray) -> None:
    sums = ADVANTAGES[name](torch.from_numpy(rewards)).sum(dim=1)
    np.testing.assert_allclose(sums.numpy(), 0, atol=1e-7)


@given(rewards=rewards_of)
def test_leave_one_out_is_the_group_mean_scaled(rewards: np.ndarray) -> None:
    size = rewards.shape[1]
    given_rewards = torch.from_numpy(rewards)
    left = ADVANTAGES["leave_one_out"](given_rewards)
    torch.testing.assert_close(left, ADVANTAGES["group_mean"](given_rewards) * (size / (size - 1)))


@given(rewards=rewards_of)
def test_a_group_has_signal_unless_its_rewards_are_equal(rewards: np.ndarray) -> None:
    found = has_signal(torch.from_numpy(rewards)).tolist()
    assert found == [len(set(group.tolist())) > 1 for group in rewards]
