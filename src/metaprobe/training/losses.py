"""Losses as pure functions: tensors in, `(loss, metrics)` or one tensor out.

Nothing here reads a model's state, a logger or a step. Shapes: B texts, T tokens, V vocabulary.
"""

from typing import NamedTuple

from torch import Tensor, no_grad

from metaprobe.models.loading import Model
from metaprobe.models.logprobs import masked_logprobs

IGNORED = -100
"""Label of a position that takes no part in the loss."""


def next_token_loss(model: Model, input_ids: Tensor, labels: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of the labelled next tokens."""
    mask = labels != IGNORED
    return -masked_logprobs(model, input_ids, mask, labels[mask])[0].mean()


class PolicyTerms(NamedTuple):
    """What the policy loss reads; B rollouts, T completion tokens, right-padded."""

    logprobs: Tensor
    """(B, T) log-probabilities under the current policy, with gradient."""
    old_logprobs: Tensor
    """(B, T) log-probabilities under the policy that sampled, without gradient."""
    advantages: Tensor
    """(B,) one advantage a rollout."""
    mask: Tensor
    """(B, T) 1 where a token was sampled, 0 behind the end."""


def policy_loss(
    terms: PolicyTerms, *, aggregation: str, clip: tuple[float, float] | None, horizon: int
) -> tuple[Tensor, dict[str, float]]:
    """Return the policy-gradient loss and its metrics.

    The token objective is min(rho A, clip(rho, 1 - low, 1 + high) A) with the probability ratio
    rho (PPO, arXiv 1707.06347; GRPO, arXiv 2402.03300, eq. 3). Without `clip` the ratio's gradient
    at 1 is taken, which is the same where the policy has not moved since it sampled.

    Args:
        terms: log-probabilities, advantages and mask.
        aggregation: `token_mean` over all tokens (DAPO, arXiv 2503.14476), `sequence_mean` over
            the tokens of a rollout and then over rollouts (GRPO), or `constant`: the sum over
            tokens divided by B * horizon (Dr. GRPO, arXiv 2503.20783).
        clip: distances (low, high), or None when on-policy.
        horizon: the token limit of a rollout.
    """
    difference = terms.logprobs - terms.old_logprobs
    anchor = terms.logprobs.detach() if clip is None else terms.old_logprobs
    ratio = (terms.logprobs - anchor).exp()
    advantages = terms.advantages[:, None]
    objective = ratio * advantages
    clipped_share = 0.0
    if clip is not None:
        bounded = ratio.clamp(1 - clip[0], 1 + clip[1]) * advantages
        clipped = (bounded < objective) * terms.mask
        clipped_share = float(clipped.sum() / terms.mask.sum())
        objective = objective.minimum(bounded)
    loss = -aggregate(objective, terms.mask, aggregation, horizon)
    with no_grad():
        # k3 of Schulman, an unbiased and non-negative estimate of KL(old || current).
        k3 = (difference.exp() - 1 - difference) * terms.mask
    return loss, {
        "kl_old": float(k3.sum() / terms.mask.sum()),
        "clipped_share": clipped_share,
    }


def aggregate(values: Tensor, mask: Tensor, how: str, horizon: int) -> Tensor:
    """Return one number for token values (B, T) under a mask (B, T); see `policy_loss`."""
    if how == "token_mean":
        return (values * mask).sum() / mask.sum()
    if how == "sequence_mean":
        return ((values * mask).sum(1) / mask.sum(1)).mean()
    if how == "constant":
        return (values * mask).sum() / (len(values) * horizon)
    raise ValueError(f"unknown aggregation {how!r}")
