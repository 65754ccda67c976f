from contextlib import ExitStack
from math import exp, log, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import measure_parameters, spectra
from metaprobe.probes.parameters.pairs import Checkpoints
from metaprobe.probes.parameters.spectra import effective_rank_bounds, measure_spectrum

K = 3
VALUES = (10.0, 9.0, 8.0, 2.0, 1.0, 0.5)


def orthonormal(stream, rows, columns):
    values = numpy_rng_for("test-spectra", stream).standard_normal((rows, columns))
    return np.linalg.qr(values)[0]


def folder(path, matrix):
    path.mkdir()
    save_file({"w.weight": torch.from_numpy(matrix.astype(np.float32))}, path / "m.safetensors")
    return path


def found(tmp_path, base, tuned, k=K):
    pair = folder(tmp_path / "base", base), folder(tmp_path / "tuned", tuned)
    return measure_parameters(*pair, spectra=k).per_module[0].spectrum


@pytest.fixture(params=["exact", "sketched", "in rows"])
def way(request, monkeypatch):
    """The ways to decompose a matrix; the last reads one row at a time."""
    if request.param != "exact":
        monkeypatch.setattr(spectra, "EXACT_SIDE", 0)
    if request.param == "in rows":
        plain = spectra.Rows
        monkeypatch.setattr(spectra, "Rows", lambda pair, side, _: plain(pair, side, 0))
    return request.param


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_a_low_rank_change_has_its_ranks(tmp_path, way, shape):
    base = numpy_rng_for("test-spectra", "base").standard_normal(shape)
    u, v = orthonormal("u", shape[0], 6), orthonormal("v", shape[1], 6)
    spectrum = found(tmp_path, base, base + u * VALUES @ v.T)
    squares, shares = np.square(VALUES), np.array(VALUES) / sum(VALUES)
    rank = exp(-float((shares * np.log(shares)).sum()))
    assert spectrum.exact == (way == "exact")
    assert spectrum.singular_values == pytest.approx(VALUES[:K], rel=1e-4)
    assert spectrum.stable_rank == pytest.approx(squares.sum() / squares[0], rel=1e-4)
    assert spectrum.effective_rank_low == pytest.approx(rank, rel=1e-3)
    assert spectrum.effective_rank_high == pytest.approx(rank, rel=1e-3)
    assert (spectrum.effective_rank is None) == (way != "exact")


@pytest.mark.parametrize("angle", [1e-3, 0.3, 1.2])
def test_turned_directions_have_their_angles(tmp_path, way, angle):
    u, v = orthonormal("u", 60, 7), orthonormal("v", 40, 6)
    turned = u[:, :6].copy()
    turned[:, 2] = np.cos(angle) * u[:, 2] + np.sin(angle) * u[:, 6]
    spectrum = found(tmp_path, u[:, :6] * VALUES @ v.T, turned * VALUES @ v.T)
    assert spectrum.left_angle == pytest.approx(angle, abs=1e-5)
    assert spectrum.left_angle_mean == pytest.approx(angle / K, abs=1e-5)
    assert spectrum.right_angle == pytest.approx(0, abs=1e-5)
    assert spectrum.value_drift == pytest.approx(0, abs=1e-5)
    if way != "exact":
        assert spectrum.angle_error < 1e-4


def test_energy_lies_where_it_was_planted(tmp_path, way):
    u, v = orthonormal("u", 60, 8), orthonormal("v", 40, 8)
    base = u[:, :6] * VALUES @ v[:, :6].T
    changes = {
        (1.0, 1.0): 0.1 * np.outer(u[:, 0], v[:, 0]),
        (1.0, 0.0): 0.1 * np.outer(u[:, 0], v[:, 1]),
        (0.0, 0.0): 0.1 * np.outer(u[:, 7], v[:, 7]),
        (0.5, 0.5): 0.1 * (np.outer(u[:, 1], v[:, 1]) + np.outer(u[:, 7], v[:, 2])),
    }
    for n, (expected, change) in enumerate(changes.items()):
        (tmp_path / str(n)).mkdir()
        spectrum = found(tmp_path / str(n), base, base + change)
        shares = (spectrum.energy_in_base, spectrum.energy_on_diagonal)
        assert shares == pytest.approx(expected, abs=1e-4)


def test_errors_of_a_sketch_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(spectra, "EXACT_SIDE", 0)
    rng = numpy_rng_for("test-spectra", "bulk")
    base, change = rng.standard_normal((2, 300, 200))
    spectrum = found(tmp_path, base, base + 0.01 * change, k=20)
    values = np.linalg.svd(0.01 * change, compute_uv=False)
    for value in spectrum.singular_values:
        assert np.abs(values - value).min() <= spectrum.value_error + 1e-6
    shares = values / values.sum()
    rank = exp(-float((shares * np.log(shares)).sum()))
    assert spectrum.effective_rank_low <= rank <= spectrum.effective_rank_high
    assert spectrum.angle_error == pi / 2  # a bulk has no gap, so no direction is determined


def test_small_matrices_agree_with_numpy(tmp_path):
    base, change = numpy_rng_for("test-spectra", "small").standard_normal((2, 50, 30))
    base, tuned = (x.astype(np.float32) for x in (base, base + 0.1 * change))
    spectrum = found(tmp_path, base, tuned, k=5)
    difference = (tuned - base).astype(np.float64)
    values = np.linalg.svd(difference, compute_uv=False)
    assert spectrum.singular_values == pytest.approx(values[:5].tolist(), rel=1e-6)
    (u, s, v), (x, y, z) = (np.linalg.svd(m.astype(np.float64)) for m in (base, tuned))
    left = np.linalg.svd(u[:, :5].T @ x[:, :5], compute_uv=False)
    right = np.linalg.svd(v[:5] @ z[:5].T, compute_uv=False)
    assert spectrum.left_angle == pytest.approx(np.arccos(left.min()), rel=1e-5)
    assert spectrum.right_angle == pytest.approx(np.arccos(right.min()), rel=1e-5)
    inner = u[:, :5].T @ difference @ v[:5].T
    energy = np.square(inner).sum() / np.square(difference).sum()
    assert spectrum.energy_in_base == pytest.approx(energy, rel=1e-5)
    assert spectrum.value_drift == pytest.approx(np.mean(np.abs(y - s)[:5] / s[:5]), rel=1e-5)


def test_the_whole_change_is_a_block_diagonal_matrix(tmp_path, tiny_qwen3):
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    tiny_qwen3.save_pretrained(base)
    weights = {n: w.detach().clone() for n, w in tiny_qwen3.state_dict().items()}
    torch.manual_seed(0)
    for name in ("model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight"):
        weights[name] += 0.01 * torch.randn_like(weights[name])
    weights.pop("lm_head.weight")
    tuned.mkdir()
    save_file(weights, tuned / "model.safetensors")
    result = measure_parameters(base, tuned, spectra=4)
    both = [m for m in result.per_module if m.spectrum]
    assert [m.name for m in both] == [
        "model.layers.0.mlp.up_proj.weight",
        "model.layers.1.mlp.up_proj.weight",
    ]
    top = max(m.spectrum.singular_values[0] for m in both)
    energy = sum(m.spectrum.stable_rank * m.spectrum.singular_values[0] ** 2 for m in both)
    assert result.stable_rank == pytest.approx(energy / top**2)
    angles = [a for m in both for a in (m.spectrum.left_angle, m.spectrum.right_angle)]
    assert result.principal_angle == max(angles)
    assert measure_parameters(base, base, spectra=4).stable_rank is None


def test_k_is_cut_to_the_shorter_side(tmp_path):
    base, tuned = numpy_rng_for("test-spectra", "cut").standard_normal((2, 8, 3))
    spectrum = found(tmp_path, base, tuned, k=64)
    assert (spectrum.k, len(spectrum.singular_values)) == (3, 3)
    assert spectrum.right_angle == pytest.approx(0, abs=1e-6)


@given(st.lists(st.floats(1e-3, 10), min_size=2, max_size=40), st.data())
def test_the_effective_rank_lies_within_its_bounds(values, data):
    ordered = np.sort(np.array(values))[::-1]
    known = data.draw(st.integers(1, len(ordered)))
    shares = ordered / ordered.sum()
    rank = exp(-sum(p * log(p) for p in shares))
    square = float(np.square(ordered).sum())
    low, high = effective_rank_bounds(ordered[:known], square, len(ordered))
    assert low * (1 - 1e-2) <= rank <= high * (1 + 1e-2)


@pytest.mark.slow
def test_a_large_matrix_is_sketched_to_its_values(tmp_path):
    u, v = orthonormal("large u", 2000, 40), orthonormal("large v", 1500, 40)
    values = 2.0 ** -np.arange(40)
    base = numpy_rng_for("test-spectra", "large").standard_normal((2000, 1500))
    folders = folder(tmp_path / "a", base), folder(tmp_path / "b", base + 100 * u * values @ v.T)
    with ExitStack() as stack:
        pair = Checkpoints(*folders, stack).pair("w.weight")
        square = float(1e4 * np.square(values).sum())
        spectrum = measure_spectrum(pair, square, k=16, memory_mb=64)
    assert not spectrum.exact
    assert spectrum.singular_values == pytest.approx((100 * values[:16]).tolist(), rel=1e-2)
