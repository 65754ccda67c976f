"""One pass over blocks of two tensors, compiled: decoding, norms, products and counts.

Blocks arrive as stored bytes and are decoded to float32 in chunks that stay in the first-level
cache. Differences and comparisons are those of float32; products and sums are taken in float64,
since float32 sums over 10⁸ weights are wrong in the second digit. Importing this module imports
numba; the first call compiles, and later processes read the compiled code from numba's cache.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from metaprobe.probes.parameters.curve import ABSOLUTE_TOLERANCES, RELATIVE_TOLERANCES

Array = NDArray[Any]

FLOAT64, FLOAT32, FLOAT16, BFLOAT16, FLOAT8_E4M3, FLOAT8_E5M2, CHANGE = range(7)
"""How the entries of a block are stored, in the order of `files.FORMATS`; `CHANGE` is float32,
and is added to the base's."""

ABSOLUTE, RELATIVE = len(ABSOLUTE_TOLERANCES), len(RELATIVE_TOLERANCES)
FLIPS = 2 * ABSOLUTE + RELATIVE
PLACE = FLIPS + 1
COUNTS = PLACE + 1
"""Counts of a block: the points of the curve, sign flips, and the place of the largest change."""

CHANGE_SQUARE, BASE_SQUARE, TUNED_SQUARE, PRODUCT, LARGEST, SUMS = range(6)
"""Sums of a block: squares, base times stage; and the largest |change|."""

_CHUNK = 2048
_TOLERANCES = np.array(ABSOLUTE_TOLERANCES, dtype=np.float32)
_RELATIVE = np.array(RELATIVE_TOLERANCES, dtype=np.float32)
LEAST_SHARE = 2.0**-8
"""No two bfloat16, nor two of a coarser format, differ by a smaller share of the larger one."""

HALF = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
"""float16 by its bits."""


def _eight_bits(mantissa: int, bias: int) -> NDArray[np.float32]:
    """Return the values of a sign, an exponent and so many bits of mantissa, by their bits."""
    bits = np.arange(256)
    fraction, exponent = bits % 2**mantissa, (bits % 128) >> mantissa
    size = np.where(exponent, 2**mantissa + fraction, 2 * fraction) * 2.0 ** (exponent - bias)
    return np.asarray(np.where(bits < 128, size, -size) / 2**mantissa, dtype=np.float32)


EIGHT = np.stack([_eight_bits(mantissa=3, bias=7), _eight_bits(mantissa=2, bias=15)])
EIGHT[0, [0x7F, 0xFF]] = np.nan
EIGHT[1, [0x7C, 0xFC]] = np.inf, -np.inf
EIGHT[1, [0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF]] = np.nan
"""float8_e4m3fn and float8_e5m2 by their bits (Micikevicius and others, arXiv 2209.05433)."""

_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    return cast(_F, numba.njit(nogil=True, cache=True)(function))


def _summing(function: _F) -> _F:
    """Compile with leave to change the order of additions, so that they run side by side."""
    options = {"fastmath": {"reassoc", "contract"}}
    return cast(_F, numba.njit(nogil=True, cache=True, **options)(function))


@_compiled
def decode(raw: Array, code: int, half: Array, eight: Array, out: Array) -> None:
    """Write stored entries as float32.

    Args:
        raw: bytes of at least as many entries as `out` has.
        code: their format.
        half: `HALF`.
        eight: `EIGHT`.
        out: float32.
    """
    if code == BFLOAT16:
        words = raw.view(np.uint16)[: out.size]
        bits = out.view(np.uint32)
        for i in range(out.size):
            bits[i] = np.uint32(words[i]) << np.uint32(16)
    elif code == FLOAT16:
        words = raw.view(np.uint16)[: out.size]
        for i in range(out.size):
            out[i] = half[words[i]]
    elif code in (FLOAT8_E4M3, FLOAT8_E5M2):
        table = eight[code - FLOAT8_E4M3]
        for i in range(out.size):
            out[i] = table[raw[i]]
    elif code == FLOAT64:
        wide = raw.view(np.float64)[: out.size]
        for i in range(out.size):
            out[i] = np.float32(wide[i])
    else:
        out[:] = raw.view(np.float32)[: out.size]


@_compiled
def _size_of_entry(code: int) -> int:
    if code == FLOAT64:
        return 8
    if code in (FLOAT16, BFLOAT16):
        return 2
    if code in (FLOAT8_E4M3, FLOAT8_E5M2):
        return 1
    return 4


@_summing
def _add_products(a: Array, b: Array, d: Array, sums: Array) -> None:
    change, base, tuned, product = 0.0, 0.0, 0.0, 0.0
    for i in range(a.size):
        x, y, z = np.float64(a[i]), np.float64(b[i]), np.float64(d[i])
        change += z * z
        base += x * x
        tuned += y * y
        product += x * y
    sums[CHANGE_SQUARE] += change
    sums[BASE_SQUARE] += base
    sums[TUNED_SQUARE] += tuned
    sums[PRODUCT] += product


@_compiled
def _largest(bits: Array) -> np.uint32:
    """Return the largest of floats that are not negative, whose bits are in their order."""
    top = np.uint32(0)
    for i in range(bits.size):
        top = bits[i] if bits[i] > top else top
    return top


@_compiled
def _beyond(size: Array, tolerance: float) -> np.int32:
    count = np.int32(0)
    for i in range(size.size):
        count = np.int32(count + np.int32(size[i] > tolerance))
    return count


@_compiled
def _beyond_share(size: Array, larger: Array, share: float) -> np.int32:
    count = np.int32(0)
    for i in range(size.size):
        count = np.int32(count + np.int32(size[i] > np.float32(larger[i] * share)))
    return count


@_compiled
def _compare_sizes(a: Array, b: Array, larger: Array) -> np.int32:
    """Write max(|a|, |b|), and return how many pairs have opposite signs."""
    count = np.int32(0)
    for i in range(a.size):
        x, y = abs(a[i]), abs(b[i])
        larger[i] = x if x > y else y
        opposite = ((a[i] < 0) & (b[i] > 0)) | ((a[i] > 0) & (b[i] < 0))
        count = np.int32(count + np.int32(opposite))
    return count


@_compiled
def _round(bits: Array) -> None:
    """Round finite float32, given by their bits, to bfloat16, to nearest even."""
    for i in range(bits.size):
        x = bits[i]
        odd = (x >> np.uint32(16)) & np.uint32(1)
        bits[i] = (x + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)


@_compiled
def _count_beyond(size: Array, counts: Array) -> None:
    """Add the entries beyond each absolute tolerance, of which none is beyond the next one."""
    for k in range(ABSOLUTE):
        beyond = _beyond(size, _TOLERANCES[k])
        if beyond == 0:
            break
        counts[k] += beyond


@_compiled
def _count_chunk(a: Array, b: Array, d: Array, counts: Array, exact: bool) -> None:
    """Add a chunk's counts; `d` is |change|, and all three are overwritten.

    `exact` tells that both sides are bfloat16 as they are, so that the two curves are one.
    """
    before = counts[:ABSOLUTE].copy()
    _count_beyond(d, counts)
    if counts[0] == before[0]:
        return
    changed = counts[0] - before[0]
    larger = np.empty(_CHUNK, np.float32)[: a.size]
    counts[FLIPS] += _compare_sizes(a, b, larger)
    for k in range(RELATIVE):
        if _RELATIVE[k] == 0 or (exact and _RELATIVE[k] < LEAST_SHARE):
            counts[2 * ABSOLUTE + k] += changed
        else:
            counts[2 * ABSOLUTE + k] += _beyond_share(d, larger, _RELATIVE[k])
    if exact:
        counts[ABSOLUTE : 2 * ABSOLUTE] += counts[:ABSOLUTE] - before
        return
    _round(a.view(np.uint32))
    _round(b.view(np.uint32))
    for i in range(a.size):
        d[i] = abs(b[i] - a[i])
    _count_beyond(d, counts[ABSOLUTE:])


@_compiled
def _note_largest(d: Array, start: int, counts: Array, sums: Array) -> None:
    top = np.array([_largest(d.view(np.uint32))], np.uint32).view(np.float32)[0]
    if top > sums[LARGEST]:
        sums[LARGEST] = top
        for i in range(d.size):
            if d[i] == top:
                counts[PLACE] = start + i
                break


@_compiled
def compare(
    base: tuple[Array, int],
    tuned: tuple[Array, int],
    tables: tuple[Array, Array],
    counts: Array,
    sums: Array,
) -> None:
    """Add up what two blocks of as many entries differ by.

    Args:
        base: bytes and format of the entries before training.
        tuned: those after it; of `CHANGE`, what is added to the base's.
        tables: `HALF` and `EIGHT`.
        counts: int64 (COUNTS,), added to; `PLACE` is set where `LARGEST` is beaten.
        sums: float64 (SUMS,), added to; `LARGEST` is raised.
    """
    raw_a, code_a = base
    raw_b, code_b = tuned
    half, eight = tables
    step_a, step_b = _size_of_entry(code_a), _size_of_entry(code_b)
    total = raw_a.size // step_a
    exact = code_a >= BFLOAT16 and code_b >= BFLOAT16 and code_b != CHANGE
    chunks = np.empty((3, _CHUNK), np.float32)
    for start in range(0, total, _CHUNK):
        n = min(_CHUNK, total - start)
        a, b, d = chunks[0, :n], chunks[1, :n], chunks[2, :n]
        decode(raw_a[start * step_a :], code_a, half, eight, a)
        if code_b == CHANGE:
            decode(raw_b[start * step_b :], code_b, half, eight, d)
            for i in range(n):
                b[i] = a[i] + d[i]
                d[i] = abs(d[i])
        else:
            decode(raw_b[start * step_b :], code_b, half, eight, b)
            for i in range(n):
                d[i] = abs(b[i] - a[i])
        _add_products(a, b, d, sums)
        _note_largest(d, start, counts, sums)
        _count_chunk(a, b, d, counts, exact)


@_summing
def add_task_vectors(before: Array, after: Array, sums: Array) -> None:
    """Add the products of two changes; differences and sums in float64.

    Args:
        before: float32 (2, n), the base as each of the two stages is compared with it.
        after: float32 (2, n), the two stages.
        sums: float64 (3,), added to: the product and the squares of the two changes.
    """
    product, first, second = 0.0, 0.0, 0.0
    for i in range(before.shape[1]):
        x = np.float64(after[0, i]) - np.float64(before[0, i])
        y = np.float64(after[1, i]) - np.float64(before[1, i])
        product += x * y
        first += x * x
        second += y * y
    sums[0] += product
    sums[1] += first
    sums[2] += second
