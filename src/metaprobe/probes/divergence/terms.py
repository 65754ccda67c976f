"""What is compared at one position, for many positions at once.

On a CPU a compiled kernel reads each row of logits; on another device torch works on blocks of
rows. Both compute in float64 from logits in any format, and agree to rounding.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metaprobe.models.runtime import torch

LOG_FLOOR = -700.0
"""Smallest log-probability before normalising; it keeps masked tokens finite in float64."""

TOP_K = 10
"""Tokens of each model whose sets are compared by `top_k_overlap`."""

TERMS: tuple[str, ...] = (
    "kl_forward",
    "kl_reverse",
    "js",
    "top1_agreement",
    "rank_shift",
    "entropy",
    "entropy_base",
)
"""Keys of `divergence_terms`, named as in `DivergenceSummary`."""

COLUMNS: tuple[str, ...] = (*TERMS, "top_k_overlap", "token_logprob", "token_logprob_base")
"""Columns of `position_terms`."""

# Entries of logits that are worked on at once: a few float64 blocks of them fit the cache of a
# core, and the memory of a GPU.
_BLOCK_ENTRIES = {"cpu": 2**16, "cuda": 2**25}
# Entries that one thread finishes in some tens of milliseconds: fewer are not worth a second one.
_THREAD_ENTRIES = 2**22


def divergence_terms(
    base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor
) -> dict[str, Tensor]:
    """Return what is compared at each position, with p the base's distribution and q the stage's.

    - `kl_forward` KL(p || q) and `kl_reverse` KL(q || p), in nats;
    - `js` = H((p + q) / 2) - (H(p) + H(q)) / 2, in nats (Lin, IEEE Trans. Inf. Theory 37 (1991)
      145);
    - `top1_agreement` 1 where both rank the same token first, else 0;
    - `rank_shift` |rank in q - rank in p| of the token in the text, where the rank is the number
      of tokens with a greater logit;
    - `entropy` H(q) and `entropy_base` H(p), in nats.

    Logits are widened to float64 before the exponential, which leaves an error of about 1e-15 in
    a divergence. Float32 would leave 1e-7, as much as an early stage moves. A logit more than 700
    below its row's greatest, masked ones included, counts as 700 below, so that every divergence
    is finite.

    Args:
        base_logits: Logits p comes from, shape (positions, vocabulary).
        tuned_logits: Logits q comes from, same shape and device.
        tokens: Token that stands in the text at each position, shape (positions,).

    Returns:
        The `TERMS`, each of shape (positions,), float64; NaN where a logit is NaN.

    Raises:
        ValueError: the shapes do not match.
    """
    columns = position_terms(base_logits, tuned_logits, tokens)
    return dict(zip(TERMS, columns.unbind(1), strict=False))


def position_terms(base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the `TERMS` and three more at each position, shape (positions, `COLUMNS`), float64.

    - `top_k_overlap` share of the `TOP_K` most likely tokens of one model that are among those of
      the other; of equal logits at the edge either may count;
    - `token_logprob` and `token_logprob_base` log q and log p of the token in the text, in nats.

    Arguments and errors are those of `divergence_terms`.
    """
    if base_logits.shape != tuned_logits.shape or tokens.shape != base_logits.shape[:1]:
        raise ValueError(
            f"cannot compare logits of shapes {tuple(base_logits.shape)} and "
            f"{tuple(tuned_logits.shape)} on {tuple(tokens.shape)} tokens"
        )
    if base_logits.device.type == "cpu":
        return terms_by_kernel(base_logits, tuned_logits, tokens)
    return terms_by_blocks(base_logits, tuned_logits, tokens)


def terms_by_kernel(base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor) -> Tensor:
    """Return `position_terms` of logits on a CPU, by the kernel, rows spread over torch's threads.

    Extra memory: two float64 rows a thread, and a few rows more where logits are of 16 bits.
    """
    count, vocabulary = base_logits.shape
    out = np.empty((count, len(COLUMNS)))
    threads = min(torch.get_num_threads(), -(-count * vocabulary // _THREAD_ENTRIES))
    bounds = np.linspace(0, count, threads + 1).astype(int)

    def fill(start: int, stop: int) -> None:
        from metaprobe.probes.divergence.kernel import fill_rows  # numba: loaded when it is used

        scratch = np.empty((2, vocabulary))
        step = max(1, _BLOCK_ENTRIES["cpu"] // vocabulary)
        for low in range(start, stop, step):
            part = slice(low, min(low + step, stop))
            base, tuned = _same_format(base_logits[part], tuned_logits[part])
            k = min(TOP_K, vocabulary)
            fill_rows(base, tuned, tokens[part].numpy(), k, scratch, out[part])

    if threads <= 1:
        fill(0, count)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, bounds[:-1].tolist(), bounds[1:].tolist()))
    return torch.from_numpy(out)


def _same_format(*logits: Tensor) -> list[NDArray[Any]]:
    """Return logits as float64 where any are, else as float32."""
    wide = any(x.dtype == torch.float64 for x in logits)
    dtype = torch.float64 if wide else torch.float32
    return [x.detach().to(dtype).contiguous().numpy() for x in logits]


def terms_by_blocks(base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor) -> Tensor:
    """Return `position_terms` by torch, on the device of the logits.

    What rounding puts below zero (or `js` above ln 2) is clamped.
    """
    device = base_logits.device.type
    rows = max(1, _BLOCK_ENTRIES.get(device, 2**16) // base_logits.shape[1])
    blocks = [
        _block_terms(*block)
        for block in zip(
            base_logits.split(rows), tuned_logits.split(rows), tokens.split(rows), strict=True
        )
    ]
    return torch.cat(blocks, dim=1).T


def _block_terms(base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the terms of a block of positions, shape (`COLUMNS`, positions)."""
    p, log_p = _distribution(base_logits)
    q, log_q = _distribution(tuned_logits)
    entropy_p, entropy_q = -torch.linalg.vecdot(p, log_p), -torch.linalg.vecdot(q, log_q)
    kl_forward = -torch.linalg.vecdot(p, log_q) - entropy_p
    kl_reverse = -torch.linalg.vecdot(q, log_p) - entropy_q
    mixture = p.add_(q).mul_(0.5)
    js = -torch.linalg.vecdot(mixture, mixture.log()) - (entropy_p + entropy_q) / 2
    agreement = base_logits.argmax(1) == tuned_logits.argmax(1)
    shift = _ranks(tuned_logits, tokens) - _ranks(base_logits, tokens)
    return torch.stack(
        [
            kl_forward.clamp_(min=0),
            kl_reverse.clamp_(min=0),
            js.clamp_(0, float(np.log(2))),
            agreement.double(),
            shift.abs().double(),
            entropy_q,
            entropy_p,
            _overlap(base_logits, tuned_logits),
            log_q.gather(1, tokens[:, None])[:, 0],
            log_p.gather(1, tokens[:, None])[:, 0],
        ]
    )


def _distribution(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return probabilities and log-probabilities (positions, vocabulary), float64."""
    log_p = logits.double()
    log_p = (log_p - log_p.amax(1, keepdim=True)).clamp_(min=LOG_FLOOR)
    p = log_p.exp()
    total = p.sum(1, keepdim=True)
    return p.div_(total), log_p.sub_(total.log())


def _ranks(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return how many tokens have a greater logit than the given one, shape (positions,)."""
    return (logits > logits.gather(1, tokens[:, None])).sum(1)


def _overlap(base_logits: Tensor, tuned_logits: Tensor) -> Tensor:
    """Return the share of the greatest logits' tokens that both rows have, shape (positions,)."""
    k = min(TOP_K, base_logits.shape[1])
    base, tuned = (x.topk(k, dim=1).indices for x in (base_logits, tuned_logits))
    return (base[:, :, None] == tuned[:, None, :]).sum((1, 2)).double() / k
