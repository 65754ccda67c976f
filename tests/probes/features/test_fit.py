import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest

from metaprobe.core.results import LossRecovered, SaeQuality, SaeTraining
from metaprobe.models.runtime import torch
from metaprobe.probes.features.fit import read_fit, write_fit
from metaprobe.probes.features.sae import Sae, SaeConfig
from metaprobe.probes.features.train import train_sae

CONFIG = SaeConfig(expansion=2, k=3, steps=30, batch=256, learning_rate=2e-3)


def batches(seed: int, scale: float = 1.0):
    """Batches of sparse sums of fixed directions around an offset."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.nn.functional.normalize(torch.randn(16, 8, generator=generator), dim=1)
    generator = torch.Generator().manual_seed(seed)
    for _ in itertools.count():
        on = torch.rand(256, 16, generator=generator) < 0.15
        yield scale * (on * torch.rand(256, 16, generator=generator) @ directions + 0.5)


@pytest.fixture(scope="module")
def sae() -> Sae:
    return train_sae(batches(1), CONFIG)


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_training_on_begins_from_the_other_autoencoder_in_its_own_units(sae: Sae, scale: float):
    config = CONFIG.model_copy(update={"steps": 1, "learning_rate": 1e-9})
    start = Sae(
        parameters=sae.parameters._replace(
            encoder_bias=scale * sae.parameters.encoder_bias,
            decoder_bias=scale * sae.parameters.decoder_bias,
            threshold=scale * sae.parameters.threshold,
        )
    )
    found = train_sae(batches(2, scale), config, start=start)
    for name in ("encoder", "encoder_bias", "decoder", "decoder_bias"):
        mine, theirs = (getattr(s.parameters, name) for s in (found, start))
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_training_on_leaves_the_start_as_it_was_and_stays_nearer_than_another_seed(sae: Sae):
    before = [p.clone() for p in sae.parameters]
    slow = CONFIG.model_copy(update={"learning_rate": 5e-4, "seed": 1})
    on = train_sae(batches(3), slow, start=sae)
    other = train_sae(batches(3), CONFIG.model_copy(update={"seed": 1}))
    assert all(torch.equal(a, b) for a, b in zip(before, sae.parameters, strict=True))
    near, far = (
        float((s.parameters.decoder @ sae.parameters.decoder.T).diagonal().mean())
        for s in (on, other)
    )
    assert near > 0.9 > far


def training() -> SaeTraining:
    """Measures of an autoencoder."""
    quality = {"explained_variance": 0.9, "explained_low": None, "explained_high": None}
    recovered = {"loss_clean": 1, "loss_spliced": 1, "loss_zero": 2, "recovered": None}
    return SaeTraining(
        model="m",
        weights="w",
        module="layer",
        loss=0.1,
        dead=0.0,
        rows=10,
        samples=1,
        max_new_tokens=8,
        cpu_seconds=1.0,
        quality=SaeQuality(
            **quality, l0=3, l0_low=None, l0_high=None, silent=0, n_features=16, n_rows=5, n_texts=1
        ),
        loss_recovered=LossRecovered(
            **recovered, recovered_low=None, recovered_high=None, n_texts=1, n_positions=4
        ),
    )


def test_what_was_fitted_is_found_again_by_its_key_alone(tmp_path: Path, sae: Sae):
    assert read_fit(tmp_path) is None
    store = SimpleNamespace(index=SimpleNamespace(digest="of what it read"))
    write_fit(tmp_path, sae, training(), store, CONFIG, "abc")
    found = read_fit(tmp_path, "abc")
    assert found is not None
    assert found[1:] == (training(), "abc")
    assert torch.equal(found[0].parameters.decoder, sae.parameters.decoder)
    assert read_fit(tmp_path) is not None
    assert read_fit(tmp_path, "other") is None
    (tmp_path / "sae" / "cfg.json").unlink()  # killed before the last file was there
    assert read_fit(tmp_path, "abc") is None
