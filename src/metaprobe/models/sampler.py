"""Sampling of completions, for probes and for RL alike.

Each distinct prompt is read once and its cache expanded to its samples; prompts of similar length
share a batch; rows that have ended leave the batch. The uniform numbers of a row come from a
stream named by the request and the sample, so what a row says does not depend on which rows
stand beside it. Left out: beam search, repetition penalties, speculative decoding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from metaprobe.core.errors import InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.chat import Tokenizer
from metaprobe.models.decoding import Decoder, decoder_for
from metaprobe.models.loading import Model
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling

_CANDIDATES = (16, 128)
"""Nucleus sampling looks at this many tokens; rows that need more go on to the next number."""
_COMPACT_BELOW = 0.75
"""Ended rows are dropped once fewer than this share of the rows is alive."""


class NotFiniteError(InputError):
    """A model's logits are NaN or infinite."""


class Request(NamedTuple):
    """A prompt to be completed; `name` identifies its random streams."""

    name: str
    prompt: Sequence[int]


class StopText:
    """A text that ends a completion once it has been written; its last character is ASCII."""

    def __init__(self, tokenizer: Tokenizer, text: str) -> None:
        self.tokenizer, self.text = tokenizer, text
        pieces = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        self._last = frozenset(n for n, piece in enumerate(pieces) if text[-1] in piece)

    def ends(self, written: Sequence[int]) -> bool:
        """Return whether the last of these tokens completes the text."""
        return written[-1] in self._last and self.text in self.tokenizer.decode(written)


class Completion(NamedTuple):
    """One sampled completion."""

    tokens: list[int]
    """Without the prompt; the end token or text is included where it was sampled."""
    logprobs: list[float]
    """Log-probability of each token under the model at temperature 1, in nats."""
    truncated: bool
    """Whether the token limit ended it."""


@dataclass
class _Rows:
    """The state of the rows that are being sampled."""

    index: Tensor  # (B,) row number in the output
    uniforms: Tensor  # (B, max_new_tokens)


def sample(
    model: Model,
    requests: Sequence[Request],
    sampling: Sampling,
    *,
    stop: int,
    pad: int,
    stop_text: StopText | None = None,
    max_rows: int = 512,
) -> list[list[Completion]]:
    """Return `sampling.samples` completions for each request.

    Args:
        model: a causal language model in evaluation mode.
        requests: prompts, none of them empty.
        sampling: temperature, nucleus, number and length of completions, seed.
        stop: the id that ends a completion.
        pad: the padding id.
        stop_text: ends a completion too.
        max_rows: most completions sampled at once; bounds the memory of the cache.
    """
    with torch.inference_mode():
        decoder = decoder_for(model)
    return sample_from(
        lambda _: decoder,
        requests,
        sampling,
        stop=stop,
        pad=pad,
        stop_text=stop_text,
        max_rows=max_rows,
    )


def sample_from(
    decoder_of: Callable[[Sequence[Request]], Decoder],
    requests: Sequence[Request],
    sampling: Sampling,
    *,
    stop: int,
    pad: int,
    stop_text: StopText | None = None,
    max_rows: int = 512,
) -> list[list[Completion]]:
    """Return `sampling.samples` completions for each request, as `sample`.

    Args:
        decoder_of: the decoder of a batch of requests. It reads their distinct prompts in the
            order of their first requests; then it is told to select the prompt of each sample of
            each request, in their order.
        requests: see `sample`, as the rest.
        sampling: as there.
        stop: as there.
        pad: as there.
        stop_text: as there.
        max_rows: as there.
    """
    results: list[list[Completion]] = [[] for _ in requests]
    order = sorted(range(len(requests)), key=lambda i: (len(requests[i].prompt), i))
    per_batch = max(1, max_rows // sampling.samples)
    with torch.inference_mode():
        for start in range(0, len(order), per_batch):
            chosen = order[start : start + per_batch]
            batch = [requests[i] for i in chosen]
            flat = _sample_batch(decoder_of(batch), batch, sampling, stop, pad, stop_text)
            for position, index in enumerate(chosen):
                rows = flat[position * sampling.samples : (position + 1) * sampling.samples]
                results[index] = rows
    return results


def _sample_batch(
    decoder: Decoder,
    batch: list[Request],
    sampling: Sampling,
    stop: int,
    pad: int,
    stop_text: StopText | None,
) -> list[Completion]:
    limit, copies = sampling.max_new_tokens, sampling.samples
    device = decoder.device
    total = len(batch) * copies
    rows = _Rows(torch.arange(total, device=device), _uniforms(batch, sampling).to(device))
    logits = _prefill(decoder, batch, pad, copies)
    tokens = torch.full((total, limit), pad, dtype=torch.long)
    logprobs = torch.zeros((total, limit))
    ended = torch.full((total,), -1, dtype=torch.long)
    alive = torch.ones(total, dtype=torch.bool, device=device)
    for step in range(limit):
        token, logprob = pick(logits, rows.uniforms[:, step], sampling)
        live = rows.index[alive].cpu()
        tokens[live, step] = token[alive].cpu()
        logprobs[live, step] = logprob[alive].cpu()
        stopping = alive & (token == stop)
        if stop_text:
            written = tokens[rows.index.cpu(), : step + 1].tolist()
            stopping |= alive & torch.tensor(list(map(stop_text.ends, written)), device=device)
        ended[rows.index[stopping].cpu()] = step + 1
        alive &= ~stopping
        count = int(alive.sum())
        if count == 0 or step + 1 == limit:
            break
        if count < _COMPACT_BELOW * len(alive):
            kept = alive.nonzero()[:, 0]
            decoder.select(kept)
            rows = _Rows(rows.index[kept], rows.uniforms[kept])
            token, alive = token[kept], alive[kept]
        logits = decoder.step(token)
    lengths = torch.where(ended < 0, limit, ended)
    return [
        Completion(tokens[r, :n].tolist(), logprobs[r, :n].tolist(), bool(ended[r] < 0))
        for r, n in enumerate(lengths.tolist())
    ]


def _prefill(decoder: Decoder, batch: list[Request], pad: int, copies: int) -> Tensor:
    distinct = {tuple(r.prompt): None for r in batch}
    place = {prompt: n for n, prompt in enumerate(distinct)}
    lengths = torch.tensor([len(p) for p in distinct])
    ids = np.full((len(distinct), int(lengths.max())), pad, dtype=np.int64)
    for n, prompt in enumerate(distinct):
        ids[n, : len(prompt)] = prompt
    source = torch.tensor([place[tuple(r.prompt)] for r in batch]).repeat_interleave(copies)
    source = source.to(decoder.device)
    logits = decoder.prefill(torch.from_numpy(ids).to(decoder.device), lengths.to(decoder.device))
    decoder.select(source)
    return logits[source]


def _uniforms(batch: list[Request], sampling: Sampling) -> Tensor:
    draws = [
        numpy_rng_for("sample", sampling.seed, request.name, copy).random(
            sampling.max_new_tokens, dtype=np.float32
        )
        for request in batch
        for copy in range(sampling.samples)
    ]
    return torch.from_numpy(np.stack(draws))


def pick(logits: Tensor, uniform: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Return the next token of each row and its log-probability at temperature 1.

    The token is the inverse of the cumulative distribution at `uniform`, over tokens in falling
    order of probability, cut to the nucleus and renormalised.

    Args:
        logits: (B, V).
        uniform: (B,) in [0, 1).
        sampling: temperature and nucleus.

    Raises:
        NotFiniteError: a row has no distribution, since its logits are NaN or infinite.
    """
    logits = logits.float()
    normaliser = logits.logsumexp(1)
    if not normaliser.isfinite().all():
        raise NotFiniteError(
            "the model's logits are NaN or infinite: its weights are, or they overflow its dtype; "
            "metaprobe params names such weights"
        )
    if sampling.temperature == 0:
        token = logits.argmax(1)
    elif sampling.top_p == 1:
        cumulative = (logits / sampling.temperature).softmax(1).cumsum(1)
        token = _invert(cumulative, uniform * cumulative[:, -1])
    else:
        token = _nucleus(logits / sampling.temperature, uniform, sampling.top_p)
    chosen = logits.gather(1, token[:, None])[:, 0]
    return token, chosen - normaliser


def _nucleus(scaled: Tensor, uniform: Tensor, top_p: float) -> Tensor:
    normaliser = scaled.logsumexp(1, keepdim=True)
    token = torch.empty(len(scaled), dtype=torch.long, device=scaled.device)
    rows = torch.arange(len(scaled), device=scaled.device)
    for count in (*_CANDIDATES, scaled.shape[1]):
        part = scaled if len(rows) == len(scaled) else scaled[rows]
        values, candidates = part.topk(min(count, scaled.shape[1]), dim=1)
        probability = (values - normaliser[rows]).exp()
        token[rows] = _from_sorted(probability, candidates, uniform[rows], top_p)
        rows = rows[probability.sum(1) < top_p]
        if len(rows) == 0:
            break
    return token


def _from_sorted(probability: Tensor, candidates: Tensor, uniform: Tensor, top_p: float) -> Tensor:
    cumulative = probability.cumsum(1)
    inside = cumulative - probability < top_p
    position = _invert(cumulative, uniform * (probability * inside).sum(1))
    position = torch.minimum(position, inside.sum(1) - 1)
    return candidates.gather(1, position[:, None])[:, 0]


def _invert(cumulative: Tensor, height: Tensor) -> Tensor:
    found = torch.searchsorted(cumulative, height[:, None], right=True)[:, 0]
    return found.clamp_(max=cumulative.shape[1] - 1)
