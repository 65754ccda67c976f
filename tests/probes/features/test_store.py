"""What is saved is read again as it was, by SAELens too."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from metaprobe.core.errors import InputError
from metaprobe.models.runtime import torch
from metaprobe.probes.features.sae import Parameters, Sae
from metaprobe.probes.features.store import load_sae, save_sae


@pytest.fixture
def sae() -> Sae:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    decoder = torch.nn.functional.normalize(normal(40, 10), dim=1)
    threshold = normal(40).abs()
    return Sae(parameters=Parameters(normal(40, 10), normal(40), decoder, normal(10), threshold))


METADATA = {"model_name": "nano/qwen3", "hook_name": "model.layers.1", "weights_sha256": "ab"}


def test_what_is_saved_is_read_again(sae: Sae, tmp_path: Path) -> None:
    save_sae(tmp_path, sae, METADATA)
    found, metadata = load_sae(tmp_path)
    assert metadata == METADATA
    assert all(torch.equal(a, b) for a, b in zip(found.parameters, sae.parameters, strict=True))


@pytest.mark.slow
def test_saelens_reads_it_and_gives_the_same(sae: Sae, tmp_path: Path) -> None:
    reason = "SAELens, 900 MB, is installed by hand: pip install sae-lens"
    sae_lens = pytest.importorskip("sae_lens", reason=reason)
    save_sae(tmp_path, sae, METADATA)
    theirs = sae_lens.SAE.load_from_disk(str(tmp_path), device="cpu")
    x = 2 * torch.randn(200, 10, generator=torch.Generator().manual_seed(1))
    features = sae.encode(x)
    assert 0.05 < float((features > 0).float().mean()) < 0.5
    with torch.inference_mode():
        torch.testing.assert_close(theirs.encode(x), features, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(theirs(x), sae.decode(features), atol=1e-5, rtol=1e-5)
    assert theirs.cfg.metadata.hook_name == METADATA["hook_name"]
    assert theirs.cfg.metadata.weights_sha256 == METADATA["weights_sha256"]


def test_damage_is_told_with_its_place(sae: Sae, tmp_path: Path) -> None:
    save_sae(tmp_path, sae, METADATA)
    weights, config = tmp_path / "sae_weights.safetensors", tmp_path / "cfg.json"
    tensors = load_file(weights)
    save_file({**tensors, "b_dec": torch.zeros(9)}, weights)
    with pytest.raises(InputError, match=r"b_dec should be of shape \(10,\)"):
        load_sae(tmp_path)
    weights.write_bytes(b"\0" * 20)
    with pytest.raises(InputError, match=r"not a readable safetensors file"):
        load_sae(tmp_path)
    config.write_text(json.dumps({"architecture": "gated", "metadata": {}}), encoding="utf-8")
    with pytest.raises(InputError, match="architecture is 'gated', only 'jumprelu' is read"):
        load_sae(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        load_sae(tmp_path / "elsewhere")
