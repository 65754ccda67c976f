"""Sparse autoencoders: settings, parameters, and their losses as pure functions.

With x in units in which the mean square of an entry is one:

    pre = W_enc (x - b_dec) + b_enc,   f = pre where it is active, else 0,   x_hat = W_dec f + b_dec

- `batchtopk`: the k times B greatest positive entries of a batch are active (Bussmann and others,
  arXiv 2412.06410); afterwards those above a threshold, the mean of the least kept values.
- `jumprelu`: entries above a threshold of their own are active, which is trained by a
  straight-through estimate of the count's derivative (Rajamanoharan and others, arXiv 2407.14435).
- Matryoshka: the loss is the mean over nested prefixes of the features, each of which has to
  reconstruct alone (Bussmann and others, arXiv 2503.17547).

Directions of the decoder have length one.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from metaprobe.models.runtime import torch

_DEAD_AFTER = 300


class SaeConfig(BaseModel):
    """How a sparse autoencoder is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["batchtopk", "jumprelu"] = "batchtopk"
    """`batchtopk`, or `jumprelu`."""
    expansion: int = Field(default=8, ge=1)
    """Features for each dimension of the activations."""
    k: int = Field(default=32, ge=1)
    """Active features of a row, on average; what the sparsity loss of `jumprelu` aims at."""
    prefixes: tuple[float, ...] = ()
    """Matryoshka: shares of the features, below 1, each of which reconstructs alone."""
    steps: int = Field(default=1000, ge=1)
    """Batches that are trained on."""
    batch: int = Field(default=4096, ge=1)
    """Rows of a batch."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Of Adam, at its highest, for 16,384 features; for F of them, times sqrt(16,384 / F)."""
    warm_up: float = Field(default=0.05, ge=0, le=1)
    """Share of the steps over which the learning rate rises."""
    decay: float = Field(default=0.25, ge=0, le=1)
    """Share of the steps, at the end, over which it falls to zero."""
    dead_after: int | None = Field(default=None, ge=1)
    """Rows after which a feature that has not fired is dead; by default 300 F / k, in which an
    average feature fires 300 times."""
    auxiliary: float = Field(default=1 / 32, ge=0)
    """Weight of the loss that lets dead features explain the error."""
    sparsity: float = Field(default=1.0, ge=0)
    """Weight of the sparsity loss of `jumprelu`."""
    bandwidth: float = Field(default=0.05, gt=0)
    """Width of the kernel around the thresholds of `jumprelu`."""
    resample: bool = False
    """Whether dead features start anew from rows that are badly reconstructed."""
    memory_mb: int = Field(default=512, ge=1)
    """What pre-activations and the buffer of activations may take, in MB."""
    seed: int = Field(default=0, ge=0)
    """Names the random streams."""

    @model_validator(mode="after")
    def _check(self) -> "SaeConfig":
        if any(not 0 < share < 1 for share in self.prefixes):
            raise ValueError(f"prefixes must lie between 0 and 1, got {self.prefixes}")
        if self.warm_up + self.decay > 1:
            raise ValueError("warm_up and decay are shares of the steps: together at most 1")
        return self

    def dead_rows(self, features: int) -> int:
        """Return the rows after which one of so many features that has not fired is dead."""
        return self.dead_after or -(-_DEAD_AFTER * features // self.k)


class Parameters(NamedTuple):
    """What is trained, in normalised units."""

    encoder: Tensor
    """(F, D)."""
    encoder_bias: Tensor
    """(F,)."""
    decoder: Tensor
    """(F, D), rows of length one."""
    decoder_bias: Tensor
    """(D,)."""
    threshold: Tensor
    """(F,)."""


@dataclass(frozen=True, kw_only=True)
class Sae:
    """A trained autoencoder, in the units of the activations."""

    parameters: Parameters

    @property
    def width(self) -> int:
        """Dimensions of the activations."""
        return self.parameters.decoder.shape[1]

    @property
    def features(self) -> int:
        """Number of features."""
        return len(self.parameters.decoder)

    @torch.inference_mode()
    def encode(self, x: Tensor) -> Tensor:
        """Return the features (N, F) of activations (N, D)."""
        pre = pre_activations(self.parameters, x.to(self.parameters.encoder.dtype))
        return torch.where(pre > self.parameters.threshold, pre, 0.0).relu_()

    @torch.inference_mode()
    def decode(self, features: Tensor) -> Tensor:
        """Return the activations (N, D) that features (N, F) stand for."""
        return features @ self.parameters.decoder + self.parameters.decoder_bias


def pre_activations(parameters: Parameters, x: Tensor) -> Tensor:
    """Return W_enc (x - b_dec) + b_enc of x (B, D), of shape (B, F)."""
    centred = x - parameters.decoder_bias
    return torch.addmm(parameters.encoder_bias, centred, parameters.encoder.T)


def batch_top_k(pre: Tensor, k: int) -> Tensor:
    """Return `pre` (B, F) with all but its k times B greatest positive entries set to zero."""
    positive = pre.relu().flatten()
    kept = positive.topk(min(k * len(pre), positive.numel()))
    return torch.zeros_like(positive).scatter(0, kept.indices, kept.values).view_as(pre)


def reconstruction_loss(
    parameters: Parameters, x: Tensor, active: Tensor, ends: "tuple[int, ...]" = ()
) -> tuple[Tensor, Tensor]:
    """Return the mean square of the error and the error (B, D) of all features.

    Args:
        parameters: Of the autoencoder.
        x: (B, D).
        active: Features (B, F).
        ends: Numbers of features of the prefixes; the loss is the mean over them and the whole.
    """
    residual = parameters.decoder_bias - x
    losses, start = [], 0
    for end in (*ends, active.shape[1]):
        residual = residual + active[:, start:end] @ parameters.decoder[start:end]
        losses.append(residual.square().mean())
        start = end
    return torch.stack(losses).mean(), residual


def auxiliary_loss(
    parameters: Parameters, x: Tensor, residual: Tensor, dead: Tensor, rows: int
) -> Tensor:
    """Return the share of the error's square that dead features leave when they explain it.

    The D / 2 greatest of each row do (Gao and others, arXiv 2406.04093, appendix A.2); the error
    takes no gradient.

    Args:
        parameters: Of the autoencoder.
        x: (B, D).
        residual: What is reconstructed minus `x`, (B, D).
        dead: Numbers of the dead features.
        rows: Rows that are read, at most.
    """
    stride = -(-len(x) // rows)
    x, error = x[::stride], -residual[::stride].detach()
    centred = x - parameters.decoder_bias.detach()
    bias, encoder = parameters.encoder_bias[dead], parameters.encoder[dead]
    pre = torch.addmm(bias, centred, encoder.T).relu()
    if len(dead) > x.shape[1] // 2:
        kept = pre.topk(x.shape[1] // 2, dim=1)
        pre = torch.zeros_like(pre).scatter(1, kept.indices, kept.values)
    left = error - pre @ parameters.decoder[dead]
    spread = (error - error.mean(0)).square().sum().clamp_min(1e-12)
    return left.square().sum() / spread


class _Jump(torch.autograd.Function):
    """pre where it is above the threshold; the threshold's derivative is a kernel's estimate."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return torch.where(pre > threshold, pre, 0.0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        pre, threshold = ctx.saved_tensors
        near = (pre - threshold).abs() < ctx.bandwidth / 2
        to_threshold = -(threshold / ctx.bandwidth) * (near * grad).sum(0)
        return grad * (pre > threshold), to_threshold, None


class _Count(torch.autograd.Function):
    """Entries of each row above the threshold, with the same estimate of the derivative."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return (pre > threshold).sum(1, dtype=pre.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None]:
        pre, threshold = ctx.saved_tensors
        near = (pre - threshold).abs() < ctx.bandwidth / 2
        return None, -(near * grad[:, None]).sum(0) / ctx.bandwidth, None


def jump_relu(pre: Tensor, threshold: Tensor, bandwidth: float) -> tuple[Tensor, Tensor]:
    """Return the active entries (B, F) of `pre`, and their number in each row, (B,).

    Derivatives by the threshold are eqs. 11 and 12 of arXiv 2407.14435 with a rectangle as kernel.

    Args:
        pre: (B, F).
        threshold: (F,), positive.
        bandwidth: Width of the kernel.
    """
    jump: Any = _Jump.apply
    count: Any = _Count.apply
    return jump(pre.relu(), threshold, bandwidth), count(pre, threshold, bandwidth)
