"""The differentiable forward pass of Llama-shaped models, with few element-wise passes.

On small models on CPUs, norms and rotations that are written out operation by operation, and
conversions between precisions, take as long as the matrix products. Here each has one forward and
one backward of its own. Results are those of transformers' own modules up to rounding. Under
autocast only the matrix products run in lower precision; norms, rotations, attention and the
residual stream stay in float32. The tokens of a batch are one flat list, and a layout says which
of them attend to which. Left out: dropout, sliding windows, caches.
"""

from collections.abc import Callable
from typing import Any, Protocol

from torch import Tensor
from torch.nn import functional

from metaprobe.models.loading import Model
from metaprobe.models.lora import base_layer
from metaprobe.models.runtime import torch

FUSED_TYPES = ("llama", "qwen2", "qwen3")


def fusible(model: Model) -> bool:
    """Return whether the model is plain Llama-shaped: full attention, RMS norms, SiLU gate."""
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    return (
        config.model_type in FUSED_TYPES
        and kinds == {"full_attention"}
        and config.hidden_act == "silu"
        and not getattr(config, "mlp_bias", False)
        and not getattr(config, "attention_dropout", 0)
        and all(type(base_layer(m)) is torch.nn.Linear for m in _linears(model))
    )


def _linears(model: Model) -> list[torch.nn.Module]:
    names = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    return [m for n, m in model.named_modules() if n.rsplit(".", 1)[-1] in names]


class Layout(Protocol):
    """Which tokens are read, and which of them attend to which; N tokens in all."""

    tokens: Tensor
    """(N,) token ids."""
    places: Tensor
    """(N,) place of each token in its text."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """Return the attention's output (N, heads * head size).

        Args:
            q: (N, heads, head size) in float32.
            k: (N, key heads, head size) in float32.
            v: as `k`.
            scale: factor of the scores.
        """


class Whole:
    """Right-padded texts (B, T), flattened row by row."""

    def __init__(self, ids: Tensor) -> None:
        self.shape = ids.shape
        self.tokens = ids.flatten()
        self.places = torch.arange(ids.shape[1], device=ids.device).repeat(len(ids))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """See `Layout.attend`."""
        rows = (t.unflatten(0, self.shape) for t in (q, k, v))
        return _attention(*rows, scale=scale, is_causal=True).flatten(0, 1)


class SharedPrompts:
    """Right-padded prompts (P, S), each read once, and the B texts (B, T) that continue them.

    Padding follows, up to a multiple of `multiple` tokens; see `WIDTH_MULTIPLE` in logprobs.
    """

    def __init__(
        self, prompts: Tensor, lengths: Tensor, texts: Tensor, source: Tensor, *, multiple: int
    ) -> None:
        """`lengths` (P,) are those of the prompts; `source` (B,) is the prompt of each text."""
        self.prompts, self.texts, self.source = prompts.shape, texts.shape, source
        (_, width), (count, length), device = prompts.shape, texts.shape, texts.device
        place, behind = (torch.arange(n, device=device) for n in (width, length))
        self.padding = -(prompts.numel() + texts.numel()) % multiple
        after = lengths[source][:, None] + behind
        ids = torch.cat([prompts.flatten(), texts.flatten()])
        places = torch.cat([place.repeat(len(prompts)), after.flatten()])
        self.tokens = functional.pad(ids, (0, self.padding))
        self.places = functional.pad(places, (0, self.padding))
        seen = (place < lengths[source][:, None])[:, None].expand(count, length, width)
        earlier = (behind <= behind[:, None]).expand(count, length, length)
        self.mask = torch.cat([seen, earlier], dim=2)[:, None]  # (B, 1, T, S + T)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """See `Layout.attend`."""
        (prompts, width), (count, length) = self.prompts, self.texts
        sizes = [prompts * width, count * length, self.padding]
        heads = [t.split(sizes)[0].unflatten(0, (prompts, width)) for t in (q, k, v)]
        tails = [t.split(sizes)[1].unflatten(0, (count, length)) for t in (q, k, v)]
        first = _attention(*heads, scale=scale, is_causal=True)
        keys, values = (
            torch.cat([head.index_select(0, self.source), tail], dim=1)
            for head, tail in zip(heads[1:], tails[1:], strict=True)
        )
        rest = _attention(tails[0], keys, values, scale=scale, attn_mask=self.mask)
        mixed = torch.cat([first.flatten(0, 1), rest.flatten(0, 1)])
        return functional.pad(mixed, (0, 0, 0, self.padding))


def _attention(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
    """Return attention of (B, T, heads, head size) as (B, T, heads * head size)."""
    grouped = q.shape[2] != k.shape[2]
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    mixed = functional.scaled_dot_product_attention(q, k, v, enable_gqa=grouped, **options)
    return mixed.transpose(1, 2).flatten(2)


def last_hidden(model: Model, layout: Layout, positions: Tensor | None = None) -> Tensor:
    """Return the last hidden states (N, D) of a `fusible` model.

    Args:
        model: with float32 weights.
        layout: what is read.
        positions: (M,) tokens that are wanted, which may repeat; (M, D) is returned, and the last
            layer's feed-forward runs on these alone.
    """
    base = model.base_model
    x = base.embed_tokens(layout.tokens)
    cos, sin = (table[0, :, None] for table in base.rotary_emb(x, layout.places[None]))
    for number, layer in enumerate(base.layers, start=1):
        mixed = _attend(layer.self_attn, _norm(x, layer.input_layernorm), layout, cos, sin)
        if positions is not None and number == len(base.layers):
            x, mixed = (t.index_select(0, positions) for t in (x, mixed))
        x = x + layer.self_attn.o_proj(mixed)
        feed, y = layer.mlp, _norm(x, layer.post_attention_layernorm)
        x = x + feed.down_proj(functional.silu(feed.gate_proj(y)) * feed.up_proj(y))
    return _norm(x, base.norm)


def _attend(layer: Any, x: Tensor, layout: Layout, cos: Tensor, sin: Tensor) -> Tensor:
    q, k, v = (
        p(x).view(len(x), -1, layer.head_dim) for p in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    if hasattr(layer, "q_norm"):
        q = _rms_norm(q, layer.q_norm.weight, layer.q_norm.variance_epsilon, torch.float32)
        k = _rms_norm(k, layer.k_norm.weight, layer.k_norm.variance_epsilon, torch.float32)
    q, k = _rotate(q.float(), cos, sin), _rotate(k.float(), cos, sin)
    with torch.autocast(x.device.type, enabled=False):
        return layout.attend(q, k, v.float(), layer.scaling)


def _norm(x: Tensor, module: Any) -> Tensor:
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    return _rms_norm(x, module.weight, module.variance_epsilon, dtype)


class _RMSNorm(torch.autograd.Function):
    """x / rms(x) * weight over the last axis, in float32 (arXiv 1910.07467)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        values = x.float()
        norm = torch.linalg.vector_norm(values, dim=-1, keepdim=True)
        scale = norm.square_().mul_(1 / x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        normed: Tensor = (values * scale).mul_(weight).to(dtype)
        return normed

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, scale = ctx.saved_tensors
        unit, grad = x.float() * scale, grad.float()
        grad_weight = (grad * unit).flatten(0, -2).sum(0)
        grad = grad * weight
        along = torch.linalg.vecdot(grad, unit)[..., None].mul_(-1 / x.shape[-1])
        return grad.addcmul_(unit, along).mul_(scale).to(x.dtype), grad_weight, None, None


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return x (..., head size) rotated in pairs of its halves (arXiv 2104.09864).

    Args:
        x: not changed.
        cos: of each place's angles, broadcast against `x`.
        sin: as `cos`.
    """
    half = x.shape[-1] // 2
    y = x * cos
    y[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    y[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return y


class _Rotate(torch.autograd.Function):
    """`rotated` with its gradient, which is the rotation back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return rotated(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        half = grad.shape[-1] // 2
        back = grad * cos
        back[..., :half].addcmul_(grad[..., half:], sin[..., half:])
        back[..., half:].addcmul_(grad[..., :half], sin[..., :half], value=-1)
        return back, None, None


_rms_norm: Callable[..., Tensor] = _RMSNorm.apply
_rotate: Callable[..., Tensor] = _Rotate.apply
