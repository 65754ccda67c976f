"""All measures of two rows of logits at once, compiled by numba.

With x = log p and y = log q up to a constant, d = log(p / q) and r = (p - q) / (p + q),

    KL(p || q) = sum of p (exp(-d) - 1 + d),
    KL(q || p) = sum of q (exp(d) - 1 - d),
    JS         = sum of (p + q) / 4 * ((1 + r) log(1 + r) + (1 - r) log(1 - r)),

which are the usual sums with terms that are never negative added to zero. Small terms are summed
from their power series, so that nothing cancels however near the two distributions are. An error
of the normaliser enters squared. Sums are in float64; a row takes three passes over it.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from metaprobe.core.stats import FloatArray

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FLOOR = -700.0  # as LOG_FLOOR of terms.py
_BLOCK = 256

_LOG2E = 1 / math.log(2)
# ln 2 in two parts, the first with so few bits that its product with an exponent is exact.
_LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")
_LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11 = (1 / math.factorial(k) for k in range(2, 12))

# (1 + r) log(1 + r) + (1 - r) log(1 - r) = sum of r^(2k) / (k (2k - 1))
_S1, _S2, _S3, _S4, _S5, _S6 = (1 / (k * (2 * k - 1)) for k in range(1, 7))


def _double_atanh(square: FloatArray) -> FloatArray:
    """Return 2 atanh(z) / z at z² = `square`, from its series."""
    powers = np.arange(40)
    return np.asarray(2 * (square[:, None] ** powers / (2 * powers + 1)).sum(1))


# log(1 + r) = z * polynomial(z²) with z = r / (2 + r), so that z² is at most 1/9
_A0, _A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8 = (
    float(c)
    for c in Chebyshev.interpolate(_double_atanh, 8, domain=[0, 1 / 9])
    .convert(kind=Polynomial)
    .coef
)


def _compiled(**options: Any) -> Callable[[_Function], _Function]:
    """Return the decorator that compiles a function, once for all processes, without the GIL."""
    decorate: Callable[[_Function], _Function] = numba.njit(
        cache=True, nogil=True, error_model="numpy", **options
    )
    return decorate


# Sums may be reordered, so that they are taken in vectors; NaN and infinities keep their meaning.
_REORDERED = {"fastmath": {"reassoc", "nsz", "contract", "arcp"}}


@_compiled()
def _exp(x: float) -> Any:
    """Return e^x for -700 <= x <= 0 with a relative error of 1e-14; vectors of it are inlined."""
    power = math.floor(x * _LOG2E + 0.5)
    r = (x - power * _LN2_HIGH) - power * _LN2_LOW
    high = _E6 + r * (_E7 + r * (_E8 + r * (_E9 + r * (_E10 + r * _E11))))
    y = 1 + r * (1 + r * (_E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * high)))))
    return y * np.int64((np.int64(np.int32(power)) + 1023) << 52).view(np.float64)


@_compiled(**_REORDERED)
def _greatest(row: Any) -> Any:
    """Return the greatest logit; comparisons skip NaN."""
    greatest = row[0]
    for i in range(row.shape[0]):
        greatest = row[i] if row[i] > greatest else greatest
    return greatest


@_compiled()
def _top(row: Any, values: Any, places: Any) -> None:
    """Fill in the greatest logits in falling order, of equal ones those with the lower ids."""
    values[:] = -np.inf
    places[:] = -1
    last = values.shape[0] - 1
    for start in range(0, row.shape[0], _BLOCK):
        stop = min(start + _BLOCK, row.shape[0])
        if places[last] >= 0 and _greatest(row[start:stop]) <= values[last]:
            continue
        for i in range(start, stop):
            if places[last] >= 0 and not row[i] > values[last]:
                continue
            at = last
            while at > 0 and (places[at - 1] < 0 or row[i] > values[at - 1]):
                values[at], places[at] = values[at - 1], places[at - 1]
                at -= 1
            values[at], places[at] = row[i], i


@_compiled(**_REORDERED)
def _weights(row: Any, greatest: float, weights: Any) -> tuple[float, float]:
    """Fill in exp(logit - greatest); return its sum and the sum of it times its exponent."""
    total = moment = 0.0
    for i in range(row.shape[0]):
        x = max(np.float64(row[i]) - greatest, _FLOOR)
        weight = _exp(x)
        weights[i] = weight
        total += weight
        moment += weight * x
    return total, moment


@_compiled(**_REORDERED)
def _rank(row: Any, logit: float) -> tuple[Any, Any]:
    """Return how many logits are greater, and how many are neither finite nor -inf."""
    rank = bad = np.int32(0)
    for i in range(row.shape[0]):
        rank += np.int32(row[i] > logit)
        bad += np.int32(not row[i] < np.inf)
    return rank, bad


@_compiled(**_REORDERED)
def _divergences(
    p_row: Any, q_row: Any, tops: tuple[float, float], ratio: float, p_weights: Any, q_weights: Any
) -> tuple[float, float, float]:
    """Return KL(p || q), KL(q || p) and 4 JS, each times the sum of p's weights."""
    forward = reverse = js = 0.0
    shift = math.log(ratio)
    for i in range(p_row.shape[0]):
        x = max(np.float64(p_row[i]) - tops[0], _FLOOR)
        y = max(np.float64(q_row[i]) - tops[1], _FLOOR)
        p, q = p_weights[i], q_weights[i] * ratio
        d = x - y - shift
        d2 = d * d
        small = d2 < 0.0625
        # exp(d) - 1 - d in its even and odd powers, to a relative 1e-10 where it is small
        even = d2 * (_E2 + d2 * (_E4 + d2 * (_E6 + d2 * _E8)))
        odd = d2 * d * (_E3 + d2 * (_E5 + d2 * (_E7 + d2 * _E9)))
        forward += p * (even - odd) if small else q - p + p * d
        reverse += q * (even + odd) if small else p - q - q * d
        both = p + q
        r = abs(p - q) / both
        r2 = r * r
        series = r2 * (_S1 + r2 * (_S2 + r2 * (_S3 + r2 * (_S4 + r2 * (_S5 + r2 * _S6)))))
        z = r / (2 + r)
        z2 = z * z
        high = _A4 + z2 * (_A5 + z2 * (_A6 + z2 * (_A7 + z2 * _A8)))
        log = z * (_A0 + z2 * (_A1 + z2 * (_A2 + z2 * (_A3 + z2 * high))))
        js += both * (series if small else 2 * log - (1 - r) * abs(d))
    return forward, reverse, js


@_compiled()
def fill_rows(
    base: Any, tuned: Any, tokens: NDArray[np.int64], k: int, scratch: FloatArray, out: FloatArray
) -> None:
    """Fill in the measures of each row; NaN where a logit is NaN or none is finite.

    Args:
        base: logits p comes from, (positions, V), float32 or float64.
        tuned: logits q comes from, the same shape and type.
        tokens: (positions,) token that stands in the text.
        k: greatest logits that are compared, at most V.
        scratch: (2, V), overwritten.
        out: (positions, columns) in the order of `COLUMNS` in terms.py.
    """
    p_values, q_values = np.empty(k, base.dtype), np.empty(k, base.dtype)
    p_places, q_places = np.empty(k, np.int64), np.empty(k, np.int64)
    for n in range(base.shape[0]):
        p_row, q_row, token = base[n], tuned[n], tokens[n]
        _top(p_row, p_values, p_places)
        _top(q_row, q_values, q_places)
        p_top, q_top = np.float64(p_values[0]), np.float64(q_values[0])
        p_rank, p_bad = _rank(p_row, p_row[token])
        q_rank, q_bad = _rank(q_row, q_row[token])
        p_total, p_moment = _weights(p_row, p_top, scratch[0])
        q_total, q_moment = _weights(q_row, q_top, scratch[1])
        forward, reverse, js = _divergences(
            p_row, q_row, (p_top, q_top), p_total / q_total, scratch[0], scratch[1]
        )
        shared = 0
        for i in range(k):
            for j in range(k):
                shared += p_places[i] == q_places[j]
        out[n, 0], out[n, 1], out[n, 2] = forward / p_total, reverse / p_total, js / (4 * p_total)
        out[n, 3], out[n, 4] = p_places[0] == q_places[0], abs(q_rank - p_rank)
        out[n, 5] = math.log(q_total) - q_moment / q_total
        out[n, 6] = math.log(p_total) - p_moment / p_total
        out[n, 7] = shared / k
        out[n, 8] = max(np.float64(q_row[token]) - q_top, _FLOOR) - math.log(q_total)
        out[n, 9] = max(np.float64(p_row[token]) - p_top, _FLOOR) - math.log(p_total)
        p_broken, q_broken = p_bad > 0 or p_top == -np.inf, q_bad > 0 or q_top == -np.inf
        if p_broken or q_broken:
            out[n, :5], out[n, 7] = np.nan, np.nan
        if p_broken:
            out[n, 6], out[n, 9] = np.nan, np.nan
        if q_broken:
            out[n, 5], out[n, 8] = np.nan, np.nan
