"""Decoding with a cache, behind one protocol.

`FusedDecoder` runs Llama-shaped models (Llama, Qwen2, Qwen3) straight from their weights: one
matrix product for query, key and value, one for the gated feed-forward, a preallocated cache, and
no module overhead. On small models on CPUs that overhead is most of the time. `HuggingFaceDecoder`
runs any other model through transformers. Both keep each row's tokens contiguous: prompts are
padded on the right and every row continues at its own position.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor
from torch.nn import functional

from metaprobe.models.loading import Model
from metaprobe.models.logprobs import output_logits
from metaprobe.models.runtime import torch

FUSED_TYPES = ("llama", "qwen2", "qwen3")


class Decoder(Protocol):
    """A model with a cache over a set of rows."""

    device: torch.device

    def prefill(self, ids: Tensor, lengths: Tensor, *, room: int) -> Tensor:
        """Read right-padded prompts (P, T) of the given lengths; return next-token logits (P, V).

        `room` more tokens will follow at most.
        """

    def select(self, rows: Tensor) -> None:
        """Keep these rows, in this order; a row may be named more than once."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token (B,) to each row; return next-token logits (B, V)."""


def decoder_for(model: Model) -> Decoder:
    """Return the fastest decoder that computes what the model computes."""
    return FusedDecoder(model) if fusible(model) else HuggingFaceDecoder(model)


def fusible(model: Model) -> bool:
    """Return whether the model is plain Llama-shaped: full attention, RMS norms, SiLU gate."""
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    return (
        config.model_type in FUSED_TYPES
        and kinds == {"full_attention"}
        and config.hidden_act == "silu"
        and not getattr(config, "mlp_bias", False)
        and all(type(m) is torch.nn.Linear for m in _linears(model))
    )


def _linears(model: Model) -> list[torch.nn.Module]:
    names = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    return [m for n, m in model.named_modules() if n.rsplit(".", 1)[-1] in names]


@dataclass
class _Layer:
    norm: Tensor
    qkv: Tensor  # (q + 2 kv, D)
    qkv_bias: Tensor | None
    q_norm: Tensor | None
    k_norm: Tensor | None
    out: Tensor
    out_bias: Tensor | None
    feed_norm: Tensor
    gate_up: Tensor  # (2 F, D)
    down: Tensor


class FusedDecoder:
    """Decoding of Llama-shaped models from their weights alone."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.device = model.device
        config = model.config
        self.heads = config.num_attention_heads
        self.kv_heads = config.num_key_value_heads
        self.head = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.epsilon = config.rms_norm_eps
        self.layers = [self._fuse(layer) for layer in model.base_model.layers]
        self.embedding = model.get_input_embeddings().weight
        self.final_norm = model.base_model.norm.weight
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.lengths = torch.empty(0, dtype=torch.long)

    def prefill(self, ids: Tensor, lengths: Tensor, *, room: int) -> Tensor:
        """See `Decoder.prefill`."""
        rows, width = ids.shape
        self.lengths = lengths.clone()
        positions = torch.arange(width, device=self.device)
        cos, sin = self._rotary(positions[None])
        x = self.embedding[ids]
        self.keys, self.values = [], []
        for layer in self.layers:
            q, k, v = self._project(layer, x, cos, sin)
            mixed = functional.scaled_dot_product_attention(
                q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads
            )
            x = self._finish(layer, x, mixed.transpose(1, 2).reshape(rows, width, -1))
            self.keys.append(functional.pad(k, (0, 0, 0, room)))
            self.values.append(functional.pad(v, (0, 0, 0, room)))
        return self._logits(x[torch.arange(rows, device=self.device), lengths - 1])

    def select(self, rows: Tensor) -> None:
        """See `Decoder.select`."""
        self.lengths = self.lengths[rows]
        for n in range(len(self.layers)):
            self.keys[n] = self.keys[n].index_select(0, rows)
            self.values[n] = self.values[n].index_select(0, rows)

    def step(self, tokens: Tensor) -> Tensor:
        """See `Decoder.step`."""
        rows = len(tokens)
        place = torch.arange(rows, device=self.device)
        width = int(self.lengths.max()) + 1
        hidden = torch.arange(width, device=self.device)[None] > self.lengths[:, None]
        bias = torch.zeros(rows, 1, width, device=self.device, dtype=self.embedding.dtype)
        bias.masked_fill_(hidden[:, None], float("-inf"))
        cos, sin = self._rotary(self.lengths[:, None])
        x = self.embedding[tokens][:, None]
        group = self.heads // self.kv_heads
        for n, layer in enumerate(self.layers):
            q, k, v = self._project(layer, x, cos, sin)
            self.keys[n][place, :, self.lengths] = k[:, :, 0]
            self.values[n][place, :, self.lengths] = v[:, :, 0]
            keys = self.keys[n][:, :, :width].reshape(-1, width, self.head)
            values = self.values[n][:, :, :width].reshape(-1, width, self.head)
            q = q.reshape(rows * self.kv_heads, group, self.head) * self.head**-0.5
            scores = torch.baddbmm(
                bias.repeat_interleave(self.kv_heads, 0), q, keys.transpose(1, 2)
            )
            mixed = torch.bmm(scores.softmax(-1), values)
            x = self._finish(layer, x, mixed.reshape(rows, 1, -1))
        self.lengths = self.lengths + 1
        return self._logits(x[:, 0])

    def _fuse(self, layer: Any) -> _Layer:
        attention, feed = layer.self_attn, layer.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        bias = projections[0].bias
        return _Layer(
            norm=layer.input_layernorm.weight,
            qkv=torch.cat([p.weight for p in projections]),
            qkv_bias=None if bias is None else torch.cat([p.bias for p in projections]),
            q_norm=attention.q_norm.weight if hasattr(attention, "q_norm") else None,
            k_norm=attention.k_norm.weight if hasattr(attention, "k_norm") else None,
            out=attention.o_proj.weight,
            out_bias=attention.o_proj.bias,
            feed_norm=layer.post_attention_layernorm.weight,
            gate_up=torch.cat([feed.gate_proj.weight, feed.up_proj.weight]),
            down=feed.down_proj.weight,
        )

    def _project(
        self, layer: _Layer, x: Tensor, cos: Tensor, sin: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        rows, width, _ = x.shape
        fused = functional.linear(self._norm(x, layer.norm), layer.qkv, layer.qkv_bias)
        fused = fused.view(rows, width, self.heads + 2 * self.kv_heads, self.head)
        q, k, v = fused.split([self.heads, self.kv_heads, self.kv_heads], dim=2)
        if layer.q_norm is not None and layer.k_norm is not None:
            q, k = self._norm(q, layer.q_norm), self._norm(k, layer.k_norm)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def _finish(self, layer: _Layer, x: Tensor, mixed: Tensor) -> Tensor:
        x = x + functional.linear(mixed, layer.out, layer.out_bias)
        gate, up = functional.linear(self._norm(x, layer.feed_norm), layer.gate_up).chunk(2, -1)
        return x + functional.linear(functional.silu(gate) * up, layer.down)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, weight.shape, weight, self.epsilon)

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = self.model.base_model.rotary_emb(self.embedding, positions)
        return cos[:, :, None], sin[:, :, None]

    def _logits(self, x: Tensor) -> Tensor:
        return output_logits(self.model, self._norm(x, self.final_norm))


class HuggingFaceDecoder:
    """Decoding of any causal language model through transformers' own cache."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.device = model.device
        self.cache: Any = None
        self.mask = torch.empty(0)
        self.lengths = torch.empty(0, dtype=torch.long)

    def prefill(self, ids: Tensor, lengths: Tensor, *, room: int) -> Tensor:
        """See `Decoder.prefill`; the cache grows, so `room` is not used."""
        del room
        self.lengths = lengths.clone()
        self.mask = (torch.arange(ids.shape[1], device=self.device)[None] < lengths[:, None]).long()
        output = self.model(input_ids=ids, attention_mask=self.mask, use_cache=True)
        self.cache = output.past_key_values
        logits: Tensor = output.logits[torch.arange(len(ids), device=self.device), lengths - 1]
        return logits

    def select(self, rows: Tensor) -> None:
        """See `Decoder.select`."""
        self.lengths, self.mask = self.lengths[rows], self.mask[rows]
        self.cache.batch_select_indices(rows)

    def step(self, tokens: Tensor) -> Tensor:
        """See `Decoder.step`."""
        self.mask = functional.pad(self.mask, (0, 1), value=1)
        output = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.lengths[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        self.lengths = self.lengths + 1
        logits: Tensor = output.logits[:, -1]
        return logits


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin
