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
    correction: Tensor | None = None
    """(B, T) weights for a sampler whose distribution is not quite the trainer's."""
    kl: Tensor | None = None
    """(B, T) divergence from the base at each token, with gradient."""
    entropy: Tensor | None = None
    """(B, T) entropy of the current policy at each token, with gradient."""


class PolicyLoss(NamedTuple):
    """Which policy loss; see `policy_loss`."""

    horizon: int
    """Token limit of a rollout."""
    kind: str = "ppo"
    """`ppo`, `cispo` or `gspo`."""
    aggregation: str = "token_mean"
    """`token_mean`, `sequence_mean` or `constant`."""
    clip: tuple[float, float] | None = None
    """Distances (low, high) of the ratio from 1; None when on-policy."""
    dual_clip: float | None = None
    """Largest ratio that a negative advantage is multiplied by, of `ppo`."""
    kl_weight: float = 0.0
    """Of `kl`."""
    entropy_weight: float = 0.0
    """Of `entropy`, as a bonus."""


def policy_loss(terms: PolicyTerms, how: PolicyLoss) -> tuple[Tensor, dict[str, float]]:
    """Return the policy-gradient loss and its metrics.

    With rho the ratio of a token's probability to that under the policy that sampled, and sg the
    stopped gradient, the objective of a token is

    - `ppo`: min(rho A, clip(rho, 1 - low, 1 + high) A) (PPO, arXiv 1707.06347; GRPO, arXiv
      2402.03300; unequal distances as in DAPO, arXiv 2503.14476); with `dual_clip` c it is at
      least c A where A < 0 (arXiv 1912.09729);
    - `cispo`: sg(min(rho, 1 + high)) A log p (arXiv 2506.13585): no token loses its gradient;
    - `gspo`: as `ppo`, with the geometric mean of rho over the rollout (arXiv 2507.18071).

    Without `clip` rho is p / sg(p): the same where the policy has not moved since it sampled.
    Objectives are aggregated as `token_mean` over all tokens (DAPO), `sequence_mean` over the
    tokens of a rollout and then over rollouts (GRPO), or `constant`: the sum over tokens divided
    by B * horizon (Dr. GRPO, arXiv 2503.20783); so are `kl` and `entropy`.

    Args:
        terms: log-probabilities, advantages and mask, and what else the loss weighs.
        how: kind, distances and weights.
    """
    objective, clipped = _token_objective(terms, how)
    if terms.correction is not None:
        objective = objective * terms.correction
    if terms.kl is not None:
        objective = objective - how.kl_weight * terms.kl
    if terms.entropy is not None:
        objective = objective + how.entropy_weight * terms.entropy
    loss = -aggregate(objective, terms.mask, how.aggregation, how.horizon)
    count = terms.mask.sum()
    with no_grad():
        difference = terms.logprobs - terms.old_logprobs
        metrics = {
            "kl_old": float((k3(difference) * terms.mask).sum() / count),
            "clipped_share": float((clipped * terms.mask).sum() / count),
        }
        if terms.kl is not None:
            metrics["kl_base"] = float((terms.kl * terms.mask).sum() / count)
    return loss, metrics


def _token_objective(terms: PolicyTerms, how: PolicyLoss) -> tuple[Tensor, Tensor]:
    """Return the objective (B, T) and where it is clipped (B, T)."""
    advantages = terms.advantages[:, None]
    anchor = terms.logprobs.detach() if how.clip is None else terms.old_logprobs
    log_ratio = (terms.logprobs - anchor) * terms.mask
    if how.kind == "gspo":
        mean = log_ratio.sum(1, keepdim=True) / terms.mask.sum(1, keepdim=True)
        log_ratio = mean.expand_as(log_ratio)
    ratio = log_ratio.exp()
    low, high = how.clip or (1.0, float("inf"))
    if how.kind == "cispo":
        weight = ratio.detach().clamp(max=1 + high)
        return weight * advantages * terms.logprobs, ratio > 1 + high
    if how.kind not in ("ppo", "gspo"):
        raise ValueError(f"unknown policy loss {how.kind!r}")
    objective = ratio * advantages
    bounded = ratio.clamp(1 - low, 1 + high) * advantages
    clipped = bounded < objective
    objective = objective.minimum(bounded)
    if how.dual_clip is not None:
        floor = how.dual_clip * advantages.clamp(max=0)
        clipped = clipped | ((objective < floor) & (advantages < 0))
        objective = objective.where(advantages >= 0, objective.maximum(floor))
    return objective, clipped


def k3(difference: Tensor) -> Tensor:
    """Return exp(d) - 1 - d: with d = log q - log p under samples of p, an estimate of KL(p || q).

    Unbiased and never negative (Schulman, "Approximating KL divergence").

    Args:
        difference: log-ratios of any shape.
    """
    return difference.exp() - 1 - difference


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Return KL(p || q) at each of N positions, in nats, exact over the vocabulary.

    Args:
        p: (N, V) log-probabilities.
        q: (N, V) log-probabilities.
    """
    return (p.exp() * (p - q)).sum(1)


def aggregate(values: Tensor, mask: Tensor, how: str, horizon: int) -> Tensor:
    """Return one number for token values (B, T) under a mask (B, T); see `policy_loss`."""
    if how == "token_mean":
        return (values * mask).sum() / mask.sum()
    if how == "sequence_mean":
        return ((values * mask).sum(1) / mask.sum(1)).mean()
    if how == "constant":
        return (values * mask).sum() / (len(values) * horizon)
    raise ValueError(f"unknown aggregation {how!r}")
