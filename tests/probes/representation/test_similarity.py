"""CKA from sums against HSIC from kernel matrices, and its invariances."""

import numpy as np
import pytest

from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.runtime import torch
from metaprobe.probes.representation.similarity import (
    GROUPS,
    Alignment,
    add_products,
    alignment,
    empty_sums,
)


def aligned(x: np.ndarray, y: np.ndarray) -> Alignment:
    """From sums that come in two batches, rows dealt to the groups."""
    sums = empty_sums(1, x.shape[1], torch.device("cpu"))[0]
    group = torch.arange(len(x)) % GROUPS
    for rows in (slice(0, 7), slice(7, None)):
        add_products(sums, group[rows], torch.from_numpy(x[rows]), torch.from_numpy(y[rows]))
    return alignment(sums)


def draw(n: int, width: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    rng = numpy_rng_for("test-similarity", name)
    x = rng.standard_normal((n, width)) + 2
    return x, x @ rng.standard_normal((width, width)) + rng.standard_normal((n, width)) - 1


def hsic_biased(x: np.ndarray, y: np.ndarray) -> float:
    centre = np.eye(len(x)) - 1 / len(x)
    return float(np.trace(x @ x.T @ centre @ y @ y.T @ centre))


def hsic_unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al., JMLR 13 (2012) 1393, equation 5, as it stands."""
    n = len(x)
    k, el = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(el, 0)
    whole = np.trace(k @ el) + k.sum() * el.sum() / ((n - 1) * (n - 2))
    return float((whole - 2 / (n - 2) * (k @ el).sum()) / (n * (n - 3)))


@pytest.mark.parametrize(("n", "width"), [(9, 20), (40, 5), (300, 12)])
def test_cka_is_that_of_the_kernel_matrices(n: int, width: int) -> None:
    x, y = draw(n, width, f"{n}")
    found = aligned(x, y)
    for hsic, value in ((hsic_biased, found.biased), (hsic_unbiased, found.debiased)):
        expected = hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))
        assert value == pytest.approx(expected, rel=1e-9)


def test_rotation_shift_and_scale_change_nothing() -> None:
    x, y = draw(60, 10, "rotation")
    rotation, _ = np.linalg.qr(numpy_rng_for("test-similarity", "q").standard_normal((10, 10)))
    found, turned = aligned(x, y), aligned(x, 3.7 * y @ rotation + 5)
    assert turned.debiased == pytest.approx(found.debiased, rel=1e-9)
    assert turned.biased == pytest.approx(found.biased, rel=1e-9)
    assert aligned(x, x @ rotation).debiased == pytest.approx(1, abs=1e-9)
    same = aligned(x, x)
    assert same.debiased == pytest.approx(1, abs=1e-12)
    assert same.low == pytest.approx(1, abs=1e-9)


def test_unrelated_states_are_near_zero_only_when_debiased() -> None:
    rng = numpy_rng_for("test-similarity", "null")
    found = [aligned(*rng.standard_normal((2, 64, 32))) for _ in range(40)]
    debiased = [f.debiased for f in found]
    assert abs(np.mean(debiased)) < 0.02
    assert np.mean([f.biased for f in found]) > 0.25
    covered = [f.low <= 0 <= f.high for f in found]
    assert np.mean(covered) >= 0.85


def test_states_that_do_not_vary_have_no_cka() -> None:
    x, _ = draw(30, 4, "constant")
    found = aligned(x, np.ones_like(x))
    assert found == (None, None, None, None)
    assert aligned(x[:3], x[:3]).debiased is None
