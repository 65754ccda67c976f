"""The loss of a BatchTopK autoencoder and its gradient on a CPU, at the active entries alone.

Only the encoder's product is dense, and it runs in parts of the batch whose memory is bounded. Of
each part the entries above a bound go to a buffer; when that is full, the greatest `keep` stay and
the least of them is the new bound. What is left at the end are exactly the greatest of the batch.
Importing this module imports numba; the first call compiles.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metaprobe.models.runtime import torch

Array = NDArray[Any]

_F = TypeVar("_F", bound=Callable[..., Any])
_BLOCK = 32
"""Entries of a row whose maximum is looked at first."""
_SLACK = 0.95
"""Of the former threshold: below it hardly an entry of the next batch is kept."""


def _compiled(function: _F) -> _F:
    """Compile with leave to change the order of additions, so that they run side by side."""
    options = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}
    return cast(_F, numba.njit(nogil=True, cache=True, **options)(function))


class Entries(NamedTuple):
    """The active entries of a batch in the order of their rows, each array of shape (N,)."""

    rows: Array
    columns: Array
    values: Array


class SparseStep(NamedTuple):
    """What a batch gives beside the gradients."""

    loss: float
    """Mean square of the error over rows and dimensions."""
    residual: Tensor
    """What is reconstructed minus what is there, (B, D)."""
    fired: Tensor
    """Entries of each feature, (F,)."""
    least: float
    """The least value that was kept, or 0 for none."""


def top_entries(
    x: Tensor, encoder: Tensor, bias: Tensor, keep: int, *, guess: float, part_rows: int
) -> Entries:
    """Return the greatest positive entries of x @ encoder.T + bias, at most `keep` of them.

    Args:
        x: (B, D).
        encoder: (F, D).
        bias: (F,).
        keep: How many; of equal entries the first in the order of rows.
        guess: What the least of them may be, or 0; it only decides how long it takes.
        part_rows: Rows whose F entries are held at once.
    """
    size = 2 * keep + len(encoder)
    buffer = Entries(*(np.empty(size, kind) for kind in (np.int32, np.int32, np.float32)))
    bound, count, transposed = np.float32(_SLACK * guess), 0, encoder.T
    pre = torch.empty(min(part_rows, len(x)), len(encoder))
    for first in range(0, len(x), part_rows):
        part = x[first : first + part_rows]
        out = torch.addmm(bias, part, transposed, out=pre[: len(part)]).numpy()
        count, bound = _collect(out, first, keep, bound, buffer, count)
    if count < keep and guess > 0:
        return top_entries(x, encoder, bias, keep, guess=0.0, part_rows=part_rows)
    if count > keep:
        count, _ = _shrink(buffer, count, keep)
    return Entries(*(part[:count] for part in buffer))


def sparse_gradients(
    parameters: "tuple[Tensor, Tensor, Tensor, Tensor]",
    x: Tensor,
    k: int,
    *,
    guess: float,
    part_rows: int,
) -> SparseStep:
    """Write the gradient of the loss of `sae.reconstruction_loss` into the parameters' `grad`.

    Args:
        parameters: Encoder (F, D), its bias (F,), decoder (F, D), its bias (D,), with `grad`.
        x: (B, D), float32 on the CPU.
        k: Active features of a row, on average.
        guess: See `top_entries`.
        part_rows: See `top_entries`.
    """
    encoder, bias, decoder, origin = (p.detach() for p in parameters)
    grads = [cast(Tensor, p.grad) for p in parameters]
    centred = x - origin
    found = top_entries(centred, encoder, bias, k * len(x), guess=guess, part_rows=part_rows)
    residual, back = torch.empty_like(x), np.empty(len(found.values), np.float32)
    _decode(*found, centred.numpy(), decoder.numpy(), residual.numpy(), back)
    starts, order = _by_column(found.columns, len(encoder))
    _accumulate(
        starts,
        order,
        found,
        (back, residual.numpy(), centred.numpy()),
        np.float32(2 / x.numel()),
        tuple(g.numpy() for g in grads[:3]),
    )
    grads[3].copy_(residual.sum(0).mul_(2 / x.numel())).sub_(grads[1] @ encoder)
    loss = float(residual.square().mean(dtype=torch.float64))
    least = float(found.values.min()) if len(found.values) else 0.0
    return SparseStep(loss, residual, torch.from_numpy(np.diff(starts)), least)


@_compiled
def _collect(
    pre: Array, first: int, keep: int, bound: Any, buffer: Any, count: int
) -> tuple[int, Any]:
    """Add the entries above the bound to the buffer; return their number and the bound."""
    rows, columns, values = buffer
    height, width = pre.shape
    for i in range(height):
        if count + width > values.size:
            count, bound = _shrink(buffer, count, keep)
        for start in range(0, width, _BLOCK):
            stop = min(start + _BLOCK, width)
            most = pre[i, start]
            for j in range(start, stop):
                most = max(most, pre[i, j])
            if most > bound:
                for j in range(start, stop):
                    if pre[i, j] > bound:
                        rows[count], columns[count] = first + i, j
                        values[count] = pre[i, j]
                        count += 1
    return count, bound


@_compiled
def _shrink(buffer: Any, count: int, keep: int) -> tuple[int, Any]:
    """Keep the greatest entries of the buffer in their order; return their number and the least."""
    rows, columns, values = buffer
    least = np.partition(values[:count], count - keep)[count - keep]
    equal = keep
    for e in range(count):
        if values[e] > least:
            equal -= 1
    kept = 0
    for e in range(count):
        if values[e] > least or (values[e] == least and equal > 0):
            if values[e] == least:
                equal -= 1
            rows[kept], columns[kept], values[kept] = rows[e], columns[e], values[e]
            kept += 1
    return kept, least


@_compiled
def _decode(
    rows: Array,
    columns: Array,
    values: Array,
    centred: Array,
    decoder: Array,
    residual: Array,
    back: Array,
) -> None:
    """Write the residuals (B, D), and the derivative of half their square by each entry."""
    start, width = 0, centred.shape[1]
    for i in range(len(centred)):
        error = residual[i]
        for d in range(width):
            error[d] = -centred[i, d]
        stop = start
        while stop < rows.size and rows[stop] == i:
            value, direction = values[stop], decoder[columns[stop]]
            for d in range(width):
                error[d] += value * direction[d]
            stop += 1
        for e in range(start, stop):
            direction = decoder[columns[e]]
            total = np.float32(0)
            for d in range(width):
                total += error[d] * direction[d]
            back[e] = total
        start = stop


@_compiled
def _by_column(columns: Array, width: int) -> tuple[Array, Array]:
    """Return where each feature's entries start, (F + 1,), in the order (N,) by feature."""
    starts = np.zeros(width + 1, np.int64)
    for column in columns:
        starts[column + 1] += 1
    starts = np.cumsum(starts)
    place, order = starts.copy(), np.empty(columns.size, np.int32)
    for e in range(columns.size):
        order[place[columns[e]]] = e
        place[columns[e]] += 1
    return starts, order


@_compiled
def _accumulate(
    starts: Array,
    order: Array,
    entries: Any,
    sides: Any,
    scale: Any,
    grads: Any,
) -> None:
    """Write the gradients of encoder, its bias and decoder, feature by feature."""
    rows, values = entries.rows, entries.values
    back, residual, centred = sides
    grad_encoder, grad_bias, grad_decoder = grads
    width = centred.shape[1]
    for feature in range(len(grad_bias)):
        to_encoder, to_decoder = grad_encoder[feature], grad_decoder[feature]
        to_encoder[:] = 0
        to_decoder[:] = 0
        total = np.float32(0)
        for place in range(starts[feature], starts[feature + 1]):
            e = order[place]
            value, slope = scale * values[e], scale * back[e]
            error, seen = residual[rows[e]], centred[rows[e]]
            for d in range(width):
                to_decoder[d] += value * error[d]
                to_encoder[d] += slope * seen[d]
            total += slope
        grad_bias[feature] = total
