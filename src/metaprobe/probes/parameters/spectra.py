"""Singular values and directions of the change of each matrix, exact or sketched.

A matrix is read in float32, whole if that takes half of the memory at most, or else in blocks of
rows that are read again at every pass, so that memory grows with k (rows + columns) alone.
"""

from collections.abc import Callable, Iterator
from math import asin, exp, pi, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metaprobe.core.results import ChangeSpectrum, ParameterChange
from metaprobe.core.streams import seed_for
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters.blocks import Pair, spans
from metaprobe.probes.parameters.pairs import Checkpoints

OVERSAMPLING = 16
"""Directions that are sketched beyond k."""

POWER_STEPS = 2
"""How often a sketch is multiplied by the matrix and its transpose."""

EXACT_SIDE, EXACT_ENTRIES = 1024, 2**22
"""A matrix with at most so short a side and so many entries is decomposed exactly."""

ROUNDING = 1e-6
"""Share of the energy below which what a sketch leaves out is rounding."""

Side = Literal["base", "tuned", "change"]
Floats = NDArray[np.float32]


class Rows:
    """A matrix of a pair, in blocks of rows."""

    def __init__(self, pair: Pair, side: Side, memory_mb: int) -> None:
        """Read the matrix where it fits into half of the memory."""
        self.shape: tuple[int, int] = (pair.base.shape[0], pair.base.shape[1])
        self.pair, self.side = pair, side
        rows, columns = self.shape
        half = memory_mb * 2**20 // 2 // (4 * columns)
        # The block before is still there while the next one is read.
        self._step = rows if rows <= half else max(1, half // 2)
        self._whole = self._read(0, rows) if self._step == rows else None

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield the first row of each block and the block."""
        if self._whole is not None:
            yield 0, self._whole
            return
        for start in range(0, self.shape[0], self._step):
            yield start, self._read(start, min(start + self._step, self.shape[0]))

    def times(self, right: Tensor) -> Tensor:
        """Return the product with a matrix of as many rows as this one has columns."""
        return torch.cat([block @ right for _, block in self.blocks()])

    def transposed_times(self, left: Tensor) -> Tensor:
        """Return the product of the transposed matrix with one of as many rows."""
        total = torch.zeros(self.shape[1], left.shape[1])
        for start, block in self.blocks():
            total += block.T @ left[start : start + len(block)]
        return total

    def _read(self, first: int, last: int) -> Tensor:
        columns = self.shape[1]
        out = np.empty((last - first) * columns, dtype=np.float32)
        offset = first * columns
        for start, stop in spans(out.size):
            out[start:stop] = self._entries(offset + start, offset + stop)
        return torch.from_numpy(out.reshape(-1, columns))

    def _entries(self, start: int, stop: int) -> Floats:
        known = self.pair.change is not None
        if known and self.side != "change":
            before = self.pair.base_floats(start, stop)
            return before if self.side == "base" else before + self.pair.floats(start, stop)[1]
        before, after = self.pair.floats(start, stop)
        if self.side == "base":
            return before
        return after if self.side == "tuned" else after - before


class Leading(NamedTuple):
    """The leading singular values and directions of a matrix."""

    left: Tensor
    """(rows, k)"""
    values: NDArray[np.float64]
    """All of them where exact, else those of the sketch, more than k."""
    right: Tensor
    """(columns, k)"""
    residual: Tensor | None
    """A v - σ u of each direction, (rows, k); None where exact."""


def add_spectra(
    result: ParameterChange,
    checkpoints: Checkpoints,
    squares: dict[str, float],
    settings: tuple[int, int, Callable[[int], None]],
) -> ParameterChange:
    """Return a result with the spectrum of each matrix that changed.

    Args:
        result: without spectra.
        checkpoints: that it was measured on.
        squares: squared Frobenius norm of the change of each tensor.
        settings: leading values, memory in MB, and what is told the entries of each matrix.
    """
    k, memory_mb, step = settings
    found: dict[str, ChangeSpectrum] = {}
    for name in checkpoints.names:
        tensor = checkpoints.base.tensors[name]
        if len(tensor.shape) == 2 and tensor.n:
            if squares[name] > 0:
                pair = checkpoints.pair(name)
                found[name] = measure_spectrum(pair, squares[name], k=k, memory_mb=memory_mb)
            step(tensor.n)
    modules = [m.model_copy(update={"spectrum": found.get(m.name)}) for m in result.per_module]
    whole: dict[str, float | None] = {}
    if found:
        top = max(spectrum.singular_values[0] for spectrum in found.values())
        whole["stable_rank"] = sum(squares[name] for name in found) / top**2
        angles = [max(s.left_angle, s.right_angle) for s in found.values()]
        whole["principal_angle"] = max(angles)
    return result.model_copy(update={"per_module": modules, **whole})


def measure_spectrum(pair: Pair, square: float, *, k: int, memory_mb: int) -> ChangeSpectrum:
    """Return the spectrum of the change Δ of one matrix, and how its directions turned.

    With A = UΣVᵀ of the base, cut to its k leading values:

    - `stable_rank`: |Δ|² / σ₁(Δ)². `effective_rank`: exp of the entropy of σ / Σσ (Roy & Vetterli,
      EUSIPCO 2007).
    - `energy_in_base`: |UᵀΔV|² / |Δ|², and `energy_on_diagonal`: the same of its diagonal, which
      scales the base's values and turns nothing.
    - `left_angle`, `right_angle`: arc cosines of the singular values of UᵀU' and VᵀV', computed
      through sines where they are small (Björck & Golub 1973).

    Matrices of at most `EXACT_ENTRIES` entries and a side of `EXACT_SIDE` are decomposed through
    their Gram matrix in float64. Others are sketched (Halko, Martinsson & Tropp 2011, algorithm
    4.4). A residual r = Av - σu then bounds a value's distance from a singular value by |r| / √2,
    and the turn of k directions by arcsin(|R| / gap) (Wedin 1972), the gap to the next value being
    that of the sketch. Where the gap is small, as in the bulk of a spectrum, the bound is π / 2:
    the directions are not determined.

    Args:
        pair: Two-dimensional.
        square: Squared Frobenius norm of the change, above 0.
        k: Leading values and directions; the shorter side's length where that is less.
        memory_mb: See `Rows`.
    """
    k = min(k, *pair.base.shape)
    base = leading(Rows(pair, "base", memory_mb), k, pair.base.name)
    rows = Rows(pair, "change", memory_mb)
    change = leading(rows, k, pair.base.name)
    inner = (base.left.T @ rows.times(base.right)).double()
    del rows
    tuned = leading(Rows(pair, "tuned", memory_mb), k, pair.base.name)
    left, right = _angles(base.left, tuned.left), _angles(base.right, tuned.right)
    exact = change.residual is None
    low, high = effective_rank_bounds(change.values, square, min(pair.base.shape))
    return ChangeSpectrum(
        k=k,
        exact=exact,
        singular_values=change.values[:k].tolist(),
        value_error=_value_error(change),
        stable_rank=square / float(change.values[0]) ** 2,
        effective_rank=low if exact else None,
        effective_rank_low=low,
        effective_rank_high=high,
        energy_in_base=float(inner.square().sum()) / square,
        energy_on_diagonal=float(inner.diagonal().square().sum()) / square,
        value_drift=_drift(base.values[:k], tuned.values[:k]),
        left_angle=float(left.max()),
        right_angle=float(right.max()),
        left_angle_mean=float(left.mean()),
        right_angle_mean=float(right.mean()),
        angle_error=None if exact else min(pi / 2, _turn(base, k) + _turn(tuned, k)),
    )


def leading(rows: Rows, k: int, stream: str) -> Leading:
    """Return the k leading singular values and directions of a matrix, of which k are orthonormal.

    Args:
        rows: The matrix.
        k: At most its shorter side.
        stream: Names the random directions of a sketch.
    """
    m, n = rows.shape
    if min(m, n) <= EXACT_SIDE and m * n <= EXACT_ENTRIES:
        return _decomposed(torch.cat([block for _, block in rows.blocks()]).double(), k)
    return _sketched(rows, k, stream)


def effective_rank_bounds(
    values: NDArray[np.float64], square: float, rank: int
) -> tuple[float, float]:
    """Return the least and the largest effective rank of a matrix of which a part is known.

    What is unknown has the remaining energy, and no value above the least known one: it is as many
    values of that size as make up the energy, or all values alike.

    Args:
        values: The largest singular values.
        square: Sum of the squares of all.
        rank: Number of all.
    """
    least = float(values[-1])
    energy, rest = square - float(np.square(values).sum()), rank - len(values)
    if rest <= 0 or energy <= ROUNDING * square:
        known = _effective_rank(values)
        return known, known
    alike = np.full(rest, sqrt(energy / rest))
    count = min(rest, int(energy / least**2))
    left = max(0.0, energy - count * least**2)
    few = np.array([*[least] * count, sqrt(left)])
    ranks = [_effective_rank(np.concatenate([values, tail])) for tail in (few, alike)]
    return min(ranks), max(ranks)


def _effective_rank(values: NDArray[np.float64]) -> float:
    shares = values[values > 0] / values.sum()
    return exp(-float((shares * np.log(shares)).sum()))


def _decomposed(matrix: Tensor, k: int) -> Leading:
    wide = matrix.shape[0] < matrix.shape[1]
    tall = matrix.T if wide else matrix
    squares, vectors = torch.linalg.eigh(tall.T @ tall)
    values = squares.flip(0).clamp(min=0).sqrt().numpy()
    short = vectors.flip(1)[:, :k]
    long = torch.linalg.qr(tall @ short).Q
    left, right = (short, long) if wide else (long, short)
    return Leading(left.float(), values, right.float(), None)


def _sketched(rows: Rows, k: int, stream: str) -> Leading:
    m, n = rows.shape
    generator = torch.Generator().manual_seed(seed_for("parameters", "sketch", stream))
    width = min(k + OVERSAMPLING, m, n)
    span = _orthonormal(rows.times(torch.randn(n, width, generator=generator)))
    for _ in range(POWER_STEPS):
        span = _orthonormal(rows.times(_orthonormal(rows.transposed_times(span))))
    right, values, mixing = torch.linalg.svd(rows.transposed_times(span), full_matrices=False)
    left, right = (span @ mixing.T)[:, :k], right[:, :k]
    residual = rows.times(right) - left * values[:k]
    return Leading(left, values.double().numpy(), right, residual)


def _orthonormal(columns: Tensor) -> Tensor:
    basis: Tensor = torch.linalg.qr(columns).Q
    return basis


def _angles(before: Tensor, after: Tensor) -> NDArray[np.float64]:
    from scipy.linalg import subspace_angles

    angles: NDArray[np.float64] = subspace_angles(before.double().numpy(), after.double().numpy())
    return angles


def _value_error(found: Leading) -> float | None:
    if found.residual is None:
        return None
    return float(found.residual.double().norm(dim=0).max()) / sqrt(2)


def _turn(found: Leading, k: int) -> float:
    """Return how far the directions found may be turned from the true ones, in radians."""
    if found.residual is None:
        return 0.0
    following = float(found.values[k]) if len(found.values) > k else 0.0
    gap = float(found.values[k - 1]) - following
    residual = float(found.residual.double().norm())
    return asin(residual / gap) if residual < gap else pi / 2


def _drift(before: NDArray[np.float64], after: NDArray[np.float64]) -> float | None:
    if not before.all():
        return None
    return float(np.mean(np.abs(after - before) / before))
