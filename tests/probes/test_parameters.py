import json

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from metaprobe.core.errors import InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import (
    ABSOLUTE_TOLERANCES,
    RELATIVE_TOLERANCES,
    blocks,
    measure_parameters,
    module_of,
)
from metaprobe.probes.parameters.files import StoredTensor


def write(folder, tensors):
    folder.mkdir(exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "model.safetensors",
    )
    return folder


def curve(result):
    return {(point.dtype, point.tolerance): point.share for point in result.changed}


def gaussian(name, size, scale):
    values = scale * numpy_rng_for("test-parameters", name).standard_normal(size)
    return torch.from_numpy(values.astype(np.float32))


@pytest.fixture
def stage(tiny_qwen3, tmp_path):
    """Folders of the tiny model and of a changed copy."""
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    tiny_qwen3.save_pretrained(base)
    weights = load_file(base / "model.safetensors")
    rng = numpy_rng_for("test-parameters", "stage")
    changed = {}
    for name, weight in weights.items():
        noise = 1e-3 * rng.standard_normal(tuple(weight.shape)) * ("norm" not in name)
        changed[name] = weight + torch.from_numpy(noise.astype(np.float32))
    return base, write(tuned, changed)


# Rows of the reconciliation in arXiv 2505.11711's terms: weights N(0, 0.02²), stored in bfloat16,
# updates of the given RMS; shares fp32 != 0, fp32 > 1e-5, bf16 != 0, bf16 > 1e-5.
@pytest.mark.parametrize(
    ("rms", "shares"),
    [(1e-5, (1.0, 0.317, 0.116, 0.077)), (1e-4, (1.0, 0.921, 0.676, 0.671))],
)
def test_a_gaussian_update_changes_the_published_shares(tmp_path, rms, shares):
    n = 1_500_000
    before = gaussian("weights", n, 0.02).bfloat16().float()
    after = before + gaussian("update", n, rms)
    base = write(tmp_path / "base", {"w.weight": before.bfloat16()})
    tuned = write(tmp_path / "tuned", {"w.weight": after})
    found = curve(measure_parameters(base, tuned))
    points = [(d, t) for d in ("float32", "bfloat16") for t in (0.0, 1e-5)]
    assert [found[p] for p in points] == pytest.approx(shares, abs=2e-3)


def test_a_planted_update_has_its_share_at_each_tolerance(tmp_path):
    # 1000 weights of 0.5; 100 each move by 2^-26 to 2^-6 in steps of 16, the rest stay. bfloat16
    # is spaced by 2^-8 from 0.5 on, so only the last survives rounding.
    sizes = [2.0**-22, 2.0**-18, 2.0**-14, 2.0**-10, 2.0**-6]
    before = torch.full((1000,), 0.5)
    after = before.clone()
    for k, size in enumerate(sizes):
        after[100 * k : 100 * (k + 1)] += size
    result = measure_parameters(
        write(tmp_path / "base", {"w": before}), write(tmp_path / "tuned", {"w": after})
    )
    found = curve(result)
    for tolerance in ABSOLUTE_TOLERANCES:
        expected = sum(size > tolerance for size in sizes) / 10
        assert found["float32", tolerance] == pytest.approx(expected)
        assert found["bfloat16", tolerance] == pytest.approx(0.1)
    for tolerance in RELATIVE_TOLERANCES:
        expected = sum(size > tolerance * (0.5 + size) for size in sizes) / 10
        assert found["relative", tolerance] == pytest.approx(expected)


def test_norms_and_shares_agree_with_numpy(stage):
    base, tuned = stage
    result = measure_parameters(base, tuned)
    before, after = (load_file(f / "model.safetensors") for f in stage)
    a, b = ({n: t.double().numpy() for n, t in w.items()} for w in (before, after))
    squares = [
        sum(np.square(x[n] - y[n]).sum() for n in a) for x, y in ((a, b), (a, dict.fromkeys(a, 0)))
    ]
    assert result.relative_norm == pytest.approx(np.sqrt(squares[0] / squares[1]), rel=1e-6)
    assert result.n == sum(x.size for x in a.values())
    assert {m.name for m in result.per_module} == set(a)
    for module in result.per_module:
        x, y = a[module.name], b[module.name]
        norm = np.linalg.norm(x - y) / np.linalg.norm(x)
        assert module.relative_norm == pytest.approx(norm, rel=1e-6)
        assert module.changed == pytest.approx((x != y).mean())
        assert module.n == x.size
    everything = np.concatenate([np.abs(a[n] - b[n]).ravel() for n in a])
    for tolerance in ABSOLUTE_TOLERANCES:
        share = (everything > tolerance).mean()
        assert curve(result)["float32", tolerance] == pytest.approx(share, abs=1e-4)


def test_a_model_has_not_moved_from_itself(stage):
    result = measure_parameters(stage[0], stage[0])
    assert result.relative_norm == 0
    assert all(point.share == 0 for point in result.changed)
    assert all(module.changed == module.relative_norm == 0 for module in result.per_module)


def test_kinds_and_layers_are_read_from_the_names(stage):
    kinds = {(m.kind, m.layer) for m in measure_parameters(*stage).per_module}
    projections = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    assert kinds == {
        ("embedding", None),
        ("norm", None),
        *((kind, layer) for kind in (*projections, "norm") for layer in (0, 1)),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.layers.3.mlp.experts.17.gate_proj.weight", ("gate_proj", 3)),
        ("transformer.h.11.attn.c_attn.bias", ("c_attn", 11)),
        ("transformer.h.0.ln_1.weight", ("norm", 0)),
        ("transformer.wte.weight", ("embedding", None)),
        ("gpt_neox.layers.2.post_attention_layernorm.weight", ("norm", 2)),
        ("lm_head.weight", ("lm_head", None)),
        ("w", ("w", None)),
    ],
)
def test_names_of_other_architectures_are_understood(name, expected):
    assert module_of(name) == expected


def test_tied_weights_count_once(stage, tmp_path, tiny_qwen3):
    base, tuned = stage
    plain = measure_parameters(base, tuned)
    copies = []
    for folder in stage:
        weights = load_file(folder / "model.safetensors")
        head = weights["model.embed_tokens.weight"].clone()
        copies.append(write(tmp_path / f"{folder.name}-copy", {**weights, "lm_head.weight": head}))
    for pair in (copies, (base, copies[1]), (copies[0], tuned)):
        assert measure_parameters(*pair) == plain
    assert plain.n == sum(p.numel() for p in tiny_qwen3.parameters())
    weights = load_file(copies[1] / "model.safetensors")
    untied = write(
        tmp_path / "untied", {**weights, "lm_head.weight": weights["lm_head.weight"] + 1}
    )
    names = {m.name for m in measure_parameters(copies[0], untied).per_module}
    assert "lm_head.weight" in names


def test_shards_and_slices_do_not_change_the_numbers(stage, tmp_path, monkeypatch):
    base, tuned = stage
    whole = measure_parameters(base, tuned)
    weights = load_file(tuned / "model.safetensors")
    shards = tmp_path / "shards"
    shards.mkdir()
    weight_map = {}
    for k, name in enumerate(sorted(weights)):
        weight_map[name] = f"model-{k % 3}.safetensors"
    for file in sorted(set(weight_map.values())):
        save_file({n: weights[n] for n, f in weight_map.items() if f == file}, shards / file)
    index = {"metadata": {}, "weight_map": weight_map}
    (shards / "model.safetensors.index.json").write_text(json.dumps(index))
    monkeypatch.setattr(blocks, "BLOCK", 100)
    sliced = measure_parameters(base, shards)
    assert curve(sliced) == curve(whole)
    assert sliced.relative_norm == pytest.approx(whole.relative_norm, rel=1e-12)


def test_a_weight_that_was_zero_is_relative_to_what_it_became(tmp_path):
    base = write(tmp_path / "base", {"b": torch.zeros(3), "w": torch.ones(3)})
    tuned = write(tmp_path / "tuned", {"b": torch.full((3,), 0.1), "w": torch.ones(3)})
    norms = {m.name: m.relative_norm for m in measure_parameters(base, tuned).per_module}
    assert norms == {"b": pytest.approx(1), "w": 0}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"a": torch.ones(2)}, "tuned: lacks tensor 'w' of .*base/model.safetensors .1 missing"),
        (
            {"a": torch.ones(2), "w": torch.ones(4), "v": torch.ones(1)},
            "base: lacks tensor 'v' of .*tuned/model.safetensors",
        ),
        (
            {"a": torch.ones(2), "w": torch.ones(2, 2)},
            r"tuned/model.safetensors: tensor 'w' has shape \(2, 2\) and \(4,\) in .*base",
        ),
        (
            {"a": torch.ones(2), "w": torch.tensor([1.0, 2, float("nan"), 4])},
            "tuned/model.safetensors: tensor 'w' holds a number that is not finite",
        ),
        (
            {"a": torch.ones(2), "w": torch.tensor([1.0, 2, float("inf"), 4])},
            "tuned/model.safetensors: tensor 'w' holds a number that is not finite",
        ),
        (
            {"a": torch.ones(2), "w": torch.ones(4, dtype=torch.int8)},
            "tuned/model.safetensors: tensor 'w' holds int8",
        ),
    ],
)
def test_bad_weights_are_named_in_one_line(tmp_path, bad, words):
    base = write(tmp_path / "base", {"a": torch.ones(2), "w": torch.ones(4)})
    with pytest.raises(InputError, match=words) as caught:
        measure_parameters(base, write(tmp_path / "tuned", bad))
    assert "\n" not in str(caught.value)


def test_damaged_missing_and_doubled_files_are_named_in_one_line(tmp_path):
    base = write(tmp_path / "base", {"w": torch.ones(4)})
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    with pytest.raises(InputError, match=r"damaged: no \.safetensors file"):
        measure_parameters(base, damaged)
    (damaged / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match=r"damaged/model.safetensors: not a readable"):
        measure_parameters(base, damaged)
    save_file({"w": torch.ones(4)}, base / "other.safetensors")
    with pytest.raises(InputError, match=r"other.safetensors: tensor 'w' is also in model.safe"):
        measure_parameters(base, base)


def test_no_read_is_larger_than_a_block(stage, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 100)
    sizes = []

    def read(tensor, start, stop, out, plain=StoredTensor.read):
        sizes.append((stop - start, tensor.item))
        return plain(tensor, start, stop, out)

    monkeypatch.setattr(StoredTensor, "read", read)
    result = measure_parameters(*stage)
    assert max(n for n, _ in sizes) == 100
    assert sum(n for n, _ in sizes) == 2 * result.n


def test_threads_do_not_change_a_digit(stage, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 100)
    assert measure_parameters(*stage, threads=1) == measure_parameters(*stage, threads=3)


def test_progress_ends_at_one(stage):
    told = []
    measure_parameters(*stage, spectra=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_cosine_is_right_where_float32_sums_are_not(tmp_path):
    # Squares of ones are lost beside 2^24 in float32, so that it sees two equal tensors.
    n = 33_588
    before = torch.cat([torch.tensor([4096.0]), torch.ones(n)])
    after = torch.cat([torch.tensor([4096.0]), torch.zeros(n)])
    a, b = before.numpy(), after.numpy()
    single = [np.add.accumulate(x * y, dtype=np.float32)[-1] for x, y in ((a, b), (a, a), (b, b))]
    assert single[0] / np.sqrt(single[1]) / np.sqrt(single[2]) == 1
    base = write(tmp_path / "base", {"w.weight": before})
    result = measure_parameters(base, write(tmp_path / "tuned", {"w.weight": after}))
    exact = 1 / np.sqrt(1 + n / 2**24)
    assert round(exact, 5) == 0.99900
    assert result.cosine == pytest.approx(exact, rel=1e-14)
    assert result.per_module[0].cosine == result.cosine


def test_flips_and_the_largest_change_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 5)
    before = torch.tensor([[1.0, -2, 0, 4], [-1, 1e-30, -1e-30, 3], [1, 1, 1, 1]])
    after = torch.tensor([[-1.0, -3, 5, 4], [1, -1e-30, -1e-30, -4], [1, 1, 1, 7]])
    base = write(tmp_path / "base", {"w": before, "v": torch.ones(2)})
    tuned = write(tmp_path / "tuned", {"w": after, "v": torch.ones(2)})
    result = measure_parameters(base, tuned)
    v, w = result.per_module
    assert (w.sign_flips, w.largest, w.largest_at) == (4 / 12, 7, [1, 3])
    assert (v.sign_flips, v.largest, v.largest_at) == (0, 0, None)
    assert result.sign_flips == 4 / 14


def test_groups_are_the_sums_of_their_tensors(stage):
    result = measure_parameters(*stage)
    a, b = ({n: t.double() for n, t in load_file(f / "model.safetensors").items()} for f in stage)
    for groups, key in ((result.per_kind, 0), (result.per_layer, 1)):
        assert sum(g.n for g in groups) == result.n
        for group in groups:
            label = group.kind if key == 0 else group.layer
            names = [n for n in a if module_of(n)[key] == label]
            change = sum(float((b[n] - a[n]).square().sum()) for n in names)
            norm = sum(float(a[n].square().sum()) for n in names)
            assert group.relative_norm == pytest.approx((change / norm) ** 0.5, rel=1e-6)


def test_a_stage_in_a_coarser_format_is_compared_with_the_base_in_that_format(stage, tmp_path):
    base, tuned = stage
    coarse = {n: t.bfloat16() for n, t in load_file(tuned / "model.safetensors").items()}
    result = measure_parameters(base, write(tmp_path / "coarse", coarse))
    rounded = {n: t.bfloat16().float() for n, t in load_file(base / "model.safetensors").items()}
    same = measure_parameters(
        write(tmp_path / "rounded", rounded),
        write(tmp_path / "fine", {n: t.float() for n, t in coarse.items()}),
    )
    assert (result.rounded_to, same.rounded_to) == ("bfloat16", None)
    assert curve(result) == curve(same)
    assert result.relative_norm == same.relative_norm
    assert result.per_module == same.per_module


def test_a_stage_in_a_finer_format_is_taken_as_it_is(tmp_path):
    base = write(tmp_path / "base", {"w": torch.ones(4, dtype=torch.bfloat16)})
    tuned = write(tmp_path / "tuned", {"w": torch.ones(4) + 1e-4})
    result = measure_parameters(base, tuned)
    assert result.rounded_to is None
    assert curve(result)["float32", 1e-5] == 1
    assert curve(result)["bfloat16", 0.0] == 0
