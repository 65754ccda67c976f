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

from metaprobe.models.forward import fusible, rotated
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import output_logits
from metaprobe.models.lora import base_layer, effective_weight
from metaprobe.models.runtime import torch


class Decoder(Protocol):
    """A model with a cache over a set of rows."""

    device: torch.device

    def prefill(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Read right-padded prompts (P, T), return their next-token logits (P, V)."""

    def select(self, rows: Tensor) -> None:
        """Keep these rows, in this order; a row may be named more than once."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token (B,) to each row; return next-token logits (B, V)."""


def decoder_for(model: Model) -> Decoder:
    """Return the fastest decoder that computes what the model computes."""
    return FusedDecoder(model) if fusible(model) else HuggingFaceDecoder(model)


_PREFILL_TOKENS = 4096
"""Padded prompt tokens that are read at once."""
_SPARE = 32
"""Places by which a full cache grows."""


@dataclass(frozen=True)
class _Rows:
    """Which rows continue which prompt, and their places when rows of a prompt stand together."""

    group: Tensor  # (R,) prompt of each row
    rank: Tensor  # (R,) place of the row among those of its prompt
    shape: tuple[int, int]  # prompts, most rows of one prompt

    @classmethod
    def grouped(cls, group: Tensor) -> "_Rows":
        """Return the arrangement of rows with these prompts, which are counted from 0."""
        counts = group.bincount()
        order = group.argsort(stable=True)
        start = counts.cumsum(0) - counts
        rank = torch.empty_like(group)
        rank[order] = torch.arange(len(group), device=group.device) - start[group[order]]
        return cls(group, rank, (len(counts), int(counts.max()) if len(counts) else 0))

    def gather(self, x: Tensor) -> Tensor:
        """Return (R, K, G, N) as (P * K, most rows * G, N), zero where a prompt has fewer rows."""
        prompts, most = self.shape
        together = x.new_zeros(prompts, x.shape[1], most, *x.shape[2:])
        together[self.group, :, self.rank] = x
        return together.flatten(2, 3).flatten(0, 1)

    def spread(self, x: Tensor) -> Tensor:
        """Return what `gather` would give as (R, K, G, N) again."""
        prompts, most = self.shape
        return x.view(prompts, -1, most, x.shape[1] // most, x.shape[2])[self.group, :, self.rank]


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
    """Decoding of Llama-shaped models from their weights alone.

    Rows that continue the same prompt share its cache: the prompt's keys and values are read once
    for all of them. All rows have appended the same number of tokens, so what they appended needs
    no mask. P prompts, R rows, K key heads, G query heads of one key head.
    """

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
        self.prompt_keys: list[Tensor] = []  # (P, K, widest prompt, head)
        self.prompt_values: list[Tensor] = []
        self.prompt_lengths = torch.empty(0, dtype=torch.long)  # (P,)
        self.keys: list[Tensor] = []  # (R, K, appended tokens and spare places, head)
        self.values: list[Tensor] = []
        self.appended = 0
        self.rows = _Rows.grouped(self.prompt_lengths)

    def prefill(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.prefill`."""
        shape = (*ids.shape[:1], self.kv_heads, ids.shape[1], self.head)
        like = self.embedding
        self.prompt_keys = [like.new_zeros(shape) for _ in self.layers]
        self.prompt_values = [like.new_zeros(shape) for _ in self.layers]
        self.prompt_lengths, self.appended = lengths, 0
        empty = like.new_empty(len(ids), self.kv_heads, 0, self.head)
        self.keys, self.values = [empty] * len(self.layers), [empty] * len(self.layers)
        self.rows = _Rows.grouped(torch.arange(len(ids), device=self.device))
        logits: Tensor = like.new_empty(len(ids), self.model.config.vocab_size)
        # Prompts of similar length at a time: little padding, and the work fits into caches.
        order = lengths.argsort()
        for part in order.split(max(1, _PREFILL_TOKENS // ids.shape[1])):
            logits[part] = self._read(ids[part, : int(lengths[part[-1]])], part)
        return logits

    def select(self, rows: Tensor) -> None:
        """See `Decoder.select`."""
        used, group = slice(0, self.appended), self.rows.group[rows]
        self.keys = [k[:, :, used].index_select(0, rows) for k in self.keys]
        self.values = [v[:, :, used].index_select(0, rows) for v in self.values]
        kept, group = group.unique(return_inverse=True)
        if len(kept) < len(self.prompt_lengths):
            self.prompt_keys = [k.index_select(0, kept) for k in self.prompt_keys]
            self.prompt_values = [v.index_select(0, kept) for v in self.prompt_values]
            self.prompt_lengths = self.prompt_lengths[kept]
        self.rows = _Rows.grouped(group)

    def step(self, tokens: Tensor) -> Tensor:
        """See `Decoder.step`."""
        if self.appended == self.keys[0].shape[2]:
            self.keys = [functional.pad(k, (0, 0, 0, _SPARE)) for k in self.keys]
            self.values = [functional.pad(v, (0, 0, 0, _SPARE)) for v in self.values]
        positions = self.prompt_lengths[self.rows.group] + self.appended
        cos, sin = self._rotary(positions[:, None])
        width = self.prompt_keys[0].shape[2]
        padding = torch.arange(width, device=self.device)[None] >= self.prompt_lengths[:, None]
        bias = torch.zeros(padding.shape, dtype=cos.dtype, device=self.device)
        bias = bias.masked_fill_(padding, float("-inf")).repeat_interleave(self.kv_heads, 0)
        x = self.embedding[tokens][:, None]
        for n, layer in enumerate(self.layers):
            q, k, v = self._project(layer, x, cos, sin)
            self.keys[n][:, :, self.appended] = k[:, :, 0]
            self.values[n][:, :, self.appended] = v[:, :, 0]
            x = self._finish(layer, x, self._attend(n, q, bias[:, None]))
        self.appended += 1
        return self._logits(x[:, 0])

    def _attend(self, n: int, q: Tensor, bias: Tensor) -> Tensor:
        """Return what queries (R, heads, 1, head) mix from prompts and own tokens, as (R, 1, D)."""
        scale, end = self.head**-0.5, self.appended + 1
        q = q.reshape(len(q), self.kv_heads, -1, self.head)  # (R, K, G, head)
        own_keys, own_values = (c[n][:, :, :end].flatten(0, 1) for c in (self.keys, self.values))
        shared_keys, shared_values = (
            c[n].flatten(0, 1) for c in (self.prompt_keys, self.prompt_values)
        )
        shared = torch.baddbmm(bias, self.rows.gather(q), shared_keys.transpose(1, 2), alpha=scale)
        own = torch.bmm(q.flatten(0, 1), own_keys.transpose(1, 2)).mul_(scale)
        scores = torch.cat([self.rows.spread(shared), own.view(*q.shape[:3], end)], dim=-1)
        share, own_share = scores.softmax(-1).split([shared.shape[-1], end], dim=-1)
        mixed = self.rows.spread(torch.bmm(self.rows.gather(share), shared_values))
        return (
            mixed.view(-1, *q.shape[2:])
            .baddbmm(own_share.flatten(0, 1), own_values)
            .view(len(q), 1, -1)
        )

    def _read(self, ids: Tensor, rows: Tensor) -> Tensor:
        """Read prompts into the cache of these rows; return their next-token logits."""
        count, width = ids.shape
        cos, sin = self._rotary(torch.arange(width, device=self.device)[None])
        x = self.embedding[ids]
        for n, layer in enumerate(self.layers):
            q, k, v = self._project(layer, x, cos, sin)
            mixed = functional.scaled_dot_product_attention(
                q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads
            )
            x = self._finish(layer, x, mixed.transpose(1, 2).reshape(count, width, -1))
            self.prompt_keys[n][rows, :, :width] = k
            self.prompt_values[n][rows, :, :width] = v
        last = self.prompt_lengths[rows] - 1
        return self._logits(x[torch.arange(count, device=self.device), last])

    def _fuse(self, layer: Any) -> _Layer:
        attention, feed = layer.self_attn, layer.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        biases = [base_layer(p).bias for p in projections]
        matrices = [effective_weight(p) for p in (*projections, feed.gate_proj, feed.up_proj)]
        return _Layer(
            norm=layer.input_layernorm.weight,
            qkv=torch.cat(matrices[:3]),
            qkv_bias=None if biases[0] is None else torch.cat(biases),
            q_norm=attention.q_norm.weight if hasattr(attention, "q_norm") else None,
            k_norm=attention.k_norm.weight if hasattr(attention, "k_norm") else None,
            out=effective_weight(attention.o_proj),
            out_bias=base_layer(attention.o_proj).bias,
            feed_norm=layer.post_attention_layernorm.weight,
            gate_up=torch.cat(matrices[3:]),
            down=effective_weight(feed.down_proj),
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
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
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

    def prefill(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.prefill`."""
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
