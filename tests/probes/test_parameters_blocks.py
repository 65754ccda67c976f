import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.torch import save_file

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import (
    ABSOLUTE_TOLERANCES,
    RELATIVE_TOLERANCES,
    measure_parameters,
    task_vector_cosine,
)
from metaprobe.probes.parameters.blocks import decoded
from metaprobe.probes.parameters.files import FORMATS
from metaprobe.probes.parameters.kernels import LEAST_SHARE

DTYPES = {name: getattr(torch, FORMATS[name][1]) for name in FORMATS}


def write(folder, tensors):
    folder.mkdir(exist_ok=True)
    save_file({n: t.contiguous() for n, t in tensors.items()}, folder / "model.safetensors")
    return folder


def eight_bits(bits, exponent_bits, bias, infinite):
    """Decode by the definition of a format of 8 bits."""
    fraction_bits = 7 - exponent_bits
    sign = -1.0 if bits >> 7 else 1.0
    exponent = bits >> fraction_bits & (2**exponent_bits - 1)
    fraction = bits & (2**fraction_bits - 1)
    if infinite and exponent == 2**exponent_bits - 1:
        return np.nan if fraction else sign * np.inf
    if not infinite and bits & 0x7F == 0x7F:
        return np.nan
    if exponent == 0:
        return sign * fraction * 2.0 ** (1 - bias - fraction_bits)
    return sign * (1 + fraction / 2**fraction_bits) * 2.0 ** (exponent - bias)


@pytest.mark.parametrize("name", ["F16", "BF16", "F8_E4M3", "F8_E5M2"])
def test_every_bit_pattern_is_decoded_as_torch_does(name):
    size = FORMATS[name][0]
    bits = np.arange(256**size, dtype=np.uint8 if size == 1 else np.uint16)
    found = decoded(bits.view(np.uint8), list(FORMATS).index(name), bits.size)
    expected = torch.from_numpy(bits).view(DTYPES[name]).float().numpy()
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "shape"), [("F8_E4M3", (4, 7, False)), ("F8_E5M2", (5, 15, True))]
)
def test_formats_of_8_bits_follow_their_definition(name, shape):
    found = decoded(np.arange(256, dtype=np.uint8), list(FORMATS).index(name), 256)
    assert np.array_equal(found, [eight_bits(b, *shape) for b in range(256)], equal_nan=True)


def reference(a, b):
    """Counts of the curve, tensor by tensor in torch."""
    size, larger = (b - a).abs(), torch.maximum(a.abs(), b.abs())
    rounded = (b.bfloat16().float() - a.bfloat16().float()).abs()
    counts = [x > t for x in (size, rounded) for t in ABSOLUTE_TOLERANCES]
    counts += [size > larger * t for t in RELATIVE_TOLERANCES]
    return [int(c.sum()) for c in counts]


def edge_values(stream, n):
    """Values and changes around the tolerances, zeros, subnormals and ties included."""
    rng = numpy_rng_for("test-parameters-blocks", stream)
    a = 0.02 * rng.standard_normal(n)
    sizes = rng.choice([0, 1e-40, *ABSOLUTE_TOLERANCES[1:], 1e-2, 1], n)
    b = a + sizes * rng.choice([-1, 1, 1 + 1e-7, 0.5], n)
    a[: n // 8], b[n // 8 : n // 4] = 0, 0
    a[n // 4 : n // 2] = rng.choice(ABSOLUTE_TOLERANCES, n // 4)
    b[n // 4 : n // 3] = 0
    share = slice(n // 2, 3 * n // 4)
    b[share] = a[share] * (1 - rng.choice(RELATIVE_TOLERANCES, n // 4))
    return torch.from_numpy(a), torch.from_numpy(b)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(FORMATS, repeat=2)))
def test_the_curve_is_that_of_float32_arithmetic_in_every_format(tmp_path, before, after):
    a, b = edge_values("curve", 4800)
    a, b = a.to(DTYPES[before]), b.to(DTYPES[after])
    result = measure_parameters(write(tmp_path / "a", {"w": a}), write(tmp_path / "b", {"w": b}))
    coarse = torch.finfo(b.dtype).eps > torch.finfo(a.dtype).eps
    a = a.to(b.dtype) if coarse else a
    assert [round(p.share * 4800) for p in result.changed] == reference(a.float(), b.float())
    change = (b.float() - a.float()).double().norm() / a.float().double().norm()
    assert result.relative_norm == pytest.approx(float(change), rel=1e-12)


def task_vectors(tmp_path, dtype):
    rng = numpy_rng_for("test-parameters-blocks", "task vectors")
    base, one, other = (
        {n: torch.from_numpy(rng.standard_normal((30, 7))).to(dtype) for n in ("a.q_proj", "b.o")}
        for _ in range(3)
    )
    other["b.o"] = base["b.o"].clone()
    return [
        (weights, write(tmp_path / name, weights))
        for name, weights in (("base", base), ("one", one), ("other", other))
    ]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_task_vectors_have_the_cosine_of_their_differences(tmp_path, dtype):
    (base, folder), (one, first), (other, second) = task_vectors(tmp_path, dtype)
    result = task_vector_cosine(folder, first, second)
    x, y = (
        torch.cat([(w[n].double() - base[n].double()).ravel() for n in base]) for w in (one, other)
    )
    assert result.cosine == pytest.approx(float(x @ y / x.norm() / y.norm()), rel=1e-12)
    assert {k.kind: k.cosine is None for k in result.per_kind} == {"a": False, "b": True}
    assert result.n == 420
    assert task_vector_cosine(folder, first, first).cosine == pytest.approx(1, abs=1e-15)
    assert task_vector_cosine(folder, first, folder).cosine is None


@pytest.mark.parametrize("options", [{"memory_mb": 1}, {"threads": 0}, {"spectra": 0}])
def test_settings_that_cannot_work_are_refused(tmp_path, options):
    folder = write(tmp_path / "a", {"w": torch.ones(2)})
    with pytest.raises(ConfigError, match="at least"):
        measure_parameters(folder, folder, **options)


def test_a_resized_vocabulary_is_named(tmp_path):
    name = "model.embed_tokens.weight"
    base = write(tmp_path / "base", {name: torch.ones(10, 2)})
    tuned = write(tmp_path / "tuned", {name: torch.ones(12, 2)})
    with pytest.raises(InputError, match="a vocabulary of 12, and of 10 in .*base/model.safe"):
        measure_parameters(base, tuned)


def damaged(header=None, length=None, data=b"\0" * 8):
    text = json.dumps(header).encode() if header is not None else b"{not json"
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (damaged({}, length=10**6), "a header of 1000000 bytes in a file of"),
        (damaged(), "its header is damaged"),
        (damaged([1]), "its header is damaged"),
        (damaged({"w": {"dtype": "F32", "shape": [2]}}), "its header is damaged"),
        (
            damaged({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}),
            "tensor 'w' ends at byte 16 of 8; is it truncated?",
        ),
        (
            damaged({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}),
            r"tensor 'w' of shape \(3,\) has 8 bytes",
        ),
        (
            damaged({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}),
            "tensor 'w' has a negative offset or size",
        ),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, words):
    base = write(tmp_path / "base", {"w": torch.ones(2)})
    tuned = tmp_path / "tuned"
    tuned.mkdir()
    (tuned / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        measure_parameters(base, tuned)
    assert f"{tuned}/model.safetensors: not a readable safetensors file" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(tmp_path):
    base = write(tmp_path / "base", {"w": torch.ones(2)})
    index = {"weight_map": {"w": "model-2.safetensors"}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"base/model-2.safetensors: missing, though the index"):
        measure_parameters(base, base)


def test_quantised_weights_with_scales_are_refused(tmp_path):
    weights = {
        "w.weight": torch.ones(4).to(torch.float8_e4m3fn),
        "w.weight_scale_inv": torch.ones(1),
    }
    folder = write(tmp_path / "a", weights)
    with pytest.raises(InputError, match="'w.weight' is to be multiplied by 'w.weight_scale_inv'"):
        measure_parameters(folder, folder)


RSS = """
import resource, sys
from pathlib import Path
from metaprobe.probes.parameters import measure_parameters
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
small, *pair = map(Path, sys.argv[1:])
measure_parameters(small, small, spectra=8, memory_mb=64)
before = peak()
measure_parameters(*pair, spectra=8, memory_mb=64)
print(peak() - before)
"""


@pytest.mark.slow
def test_memory_stays_within_its_setting_on_models_larger_than_it(tmp_path):
    rng = numpy_rng_for("test-parameters-blocks", "memory")
    matrix = torch.from_numpy(rng.standard_normal((10_000, 5_000), dtype=np.float32)).bfloat16()
    small = write(tmp_path / "small", {"w.weight": matrix[:2000, :2000]})
    pair = [write(tmp_path / n, {"w.weight": m}) for n, m in (("a", matrix), ("b", matrix * 1.01))]
    arguments = [str(folder) for folder in (small, *pair)]
    done = subprocess.run(
        [sys.executable, "-c", RSS, *arguments], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 64


def test_no_two_bfloat16_differ_by_a_smaller_share_than_the_kernel_takes_for_granted():
    every = (np.arange(2**15, dtype=np.uint32) << np.uint32(16)).view(np.float32)
    finite = every[np.isfinite(every)].astype(np.float64)
    shares = np.diff(finite) / finite[1:]  # neighbours differ least
    assert shares.min() == LEAST_SHARE
