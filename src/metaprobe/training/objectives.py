"""What SFT may minimise: pure functions from the terms of N target tokens to one loss.

All but `psft` are weighted means of -log p, with weights that have no gradient; where all weights
are 1 they are the negative log-likelihood.
"""

from typing import NamedTuple

from torch import Tensor, no_grad

from metaprobe.training.losses import kl_divergence

EAFT_TOP = 20
"""Tokens whose entropy gates the loss of EAFT."""
EAFT_SCALE = 3.0
"""What that entropy is divided by: about its largest value, log 20."""


class TokenTerms(NamedTuple):
    """What an objective reads of N target tokens; V is the vocabulary."""

    logprobs: Tensor
    """(N,) log-probabilities of the targets, with gradient."""
    whole: Tensor | None = None
    """(N, V) log-probabilities of all tokens, with gradient; only where an objective asks."""
    base: Tensor | None = None
    """(N, V) the same of the base on the same text, without gradient."""
    old_logprobs: Tensor | None = None
    """(N,) of the targets under the last snapshot of the model, without gradient."""


def nll(terms: TokenTerms) -> Tensor:
    """Return the mean of -log p: the loss of SFT, a forward KL to the data."""
    return -terms.logprobs.mean()


def dft(terms: TokenTerms) -> Tensor:
    """Return the mean of -sg(p) log p (DFT, arXiv 2508.05629).

    The weight undoes the factor 1/p by which the gradient of the likelihood grows on tokens that
    the model finds unlikely.
    """
    return -(terms.logprobs.detach().exp() * terms.logprobs).mean()


def eaft(terms: TokenTerms, alpha: float) -> Tensor:
    """Return the mean of -(H / 3)^alpha log p (EAFT, arXiv 2601.02151).

    H is the entropy in nats of the model's 20 most likely tokens among themselves. The gate closes
    where the model is sure of something else than the target.

    Args:
        terms: with `whole`.
        alpha: sharpness of the gate; 0 is the negative log-likelihood.
    """
    assert terms.whole is not None
    with no_grad():
        top = terms.whole.topk(min(EAFT_TOP, terms.whole.shape[1])).values
        logprobs = top.log_softmax(1)
        gate = (-(logprobs.exp() * logprobs).sum(1) / EAFT_SCALE).pow(alpha)
    return -(gate * terms.logprobs).mean()


def psft(terms: TokenTerms, low: float, high: float) -> Tensor:
    """Return the mean of -min(rho, clip(rho, 1 - low, 1 + high)) (PSFT, arXiv 2508.17784).

    PPO with an advantage of 1: rho is the ratio of the target's probability to that under the last
    snapshot. A token whose probability has already grown by `high` has no gradient; `low` bounds
    nothing as long as the advantage is positive, and stands for the form of the paper.

    Args:
        terms: with `old_logprobs`.
        low: lower clipping distance.
        high: upper clipping distance.
    """
    assert terms.old_logprobs is not None
    ratio = (terms.logprobs - terms.old_logprobs).exp()
    return -ratio.minimum(ratio.clamp(1 - low, 1 + high)).mean()


def forward_kl(terms: TokenTerms) -> Tensor:
    """Return the mean of KL(base || model) over the N positions, in nats, exact.

    The anchor of ASFT (arXiv 2509.23753): it keeps probability on all that the base would say.

    Args:
        terms: with `whole` and `base`.
    """
    assert terms.whole is not None
    assert terms.base is not None
    return kl_divergence(terms.base, terms.whole).mean()


def reverse_kl(terms: TokenTerms) -> Tensor:
    """Return the mean of KL(model || base) over the N positions, in nats, exact.

    It keeps probability away from what the base would not say.

    Args:
        terms: with `whole` and `base`.
    """
    assert terms.whole is not None
    assert terms.base is not None
    return kl_divergence(terms.whole, terms.base).mean()


ANCHORS = {"forward": forward_kl, "reverse": reverse_kl}
"""The divergences from the base by their name in the configuration."""
