"""Metrics against whole-array restatements, and at their known ends."""

from typing import Any

import pytest

from metaprobe.core.errors import ConfigError
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text, token_logprobs
from metaprobe.models.runtime import torch
from metaprobe.probes.features.metrics import loss_recovered, sae_quality
from metaprobe.probes.features.sae import Parameters, Sae


def identity(width: int) -> Sae:
    """An autoencoder of 2 D features that reconstructs everything."""
    both = torch.cat([torch.eye(width), -torch.eye(width)])
    zeros = torch.zeros(2 * width)
    return Sae(parameters=Parameters(both, zeros, both, torch.zeros(width), zeros))


def test_quality_is_that_of_all_rows_at_once() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(90, 6, generator=generator) + 3
    p = identity(6).parameters
    sae = Sae(parameters=p._replace(decoder_bias=torch.ones(6), threshold=torch.full((12,), 0.8)))
    texts = torch.arange(90) // 20
    found = sae_quality(sae, [(x[:50], texts[:50]), (x[50:], texts[50:])])
    shifted = x - 1
    kept = torch.where(shifted.abs() > 0.8, shifted, 0.0)
    error = (shifted - kept).double().square().sum()
    spread = (x - x.mean(0)).double().square().sum()
    assert found.explained_variance == pytest.approx(1 - float(error / spread), rel=1e-6)
    assert found.explained_low < found.explained_variance < found.explained_high
    assert found.l0 == pytest.approx(float((kept != 0).sum(1).float().mean()))
    assert found.l0_low < found.l0 < found.l0_high
    silent = torch.cat([(kept > 0).any(0), (kept < 0).any(0)]).logical_not().float().mean()
    assert found.silent == pytest.approx(float(silent))
    assert (found.n_rows, found.n_texts, found.n_features) == (90, 5, 12)


def test_no_rows_and_equal_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="no held-out row"):
        sae_quality(identity(3), [])
    with pytest.raises(ConfigError, match="do not vary"):
        sae_quality(identity(3), [(torch.zeros(4, 3), torch.zeros(4))])


def test_a_perfect_autoencoder_recovers_all_and_an_empty_one_nothing(
    tiny_qwen3: Any, tiny_tokenizer: Any
) -> None:
    loaded = LoadedModel(name="q", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)
    generator = torch.Generator().manual_seed(0)

    def ids(n: int) -> list[int]:
        return torch.randint(5, 250, (n,), generator=generator).tolist()

    texts = [Text(ids(5 + n), ids(9 - n)) for n in range(5)]
    module, perfect = "model.layers.0", identity(32)
    found = loss_recovered(loaded, texts, module, perfect)
    exact = torch.cat(token_logprobs(tiny_qwen3, texts, 0)).double()
    assert found.loss_clean == pytest.approx(-float(exact.mean()), rel=1e-5)
    assert found.recovered == pytest.approx(1, abs=1e-4)
    assert found.n_positions == len(exact)
    empty = Sae(parameters=perfect.parameters._replace(threshold=torch.full((64,), torch.inf)))
    nothing = loss_recovered(loaded, texts, module, empty)
    assert nothing.loss_spliced == nothing.loss_zero
    assert nothing.loss_zero != pytest.approx(nothing.loss_clean, rel=1e-3)
    assert nothing.recovered == pytest.approx(0, abs=1e-6)
