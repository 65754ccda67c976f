"""Losses, gradients and training against plain restatements and planted directions."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models.runtime import torch
from metaprobe.probes.features.sae import (
    Parameters,
    SaeConfig,
    auxiliary_loss,
    batch_top_k,
    jump_relu,
    pre_activations,
    reconstruction_loss,
)
from metaprobe.probes.features.sparse import sparse_gradients, top_entries
from metaprobe.probes.features.train import train_sae

Tensor = torch.Tensor


def random_parameters(features: int, width: int, generator: torch.Generator) -> Parameters:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    decoder = torch.nn.functional.normalize(normal(features, width), dim=1)
    bias = 0.1 * normal(features)
    return Parameters(normal(features, width), bias, decoder, normal(width), torch.zeros(features))


@pytest.mark.slow
@settings(max_examples=25)
@given(
    rows=st.integers(1, 40),
    width=st.integers(1, 70),
    keep=st.integers(1, 400),
    guess=st.floats(0, 4),
    part=st.integers(1, 50),
    seed=st.integers(0, 10**6),
)
def test_top_entries_are_those_of_a_full_sort(
    rows: int, width: int, keep: int, guess: float, part: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 5, generator=generator)
    encoder, bias = torch.randn(width, 5, generator=generator), torch.zeros(width)
    found = top_entries(x, encoder, bias, keep, guess=guess, part_rows=part)
    pre = x @ encoder.T
    expected = pre[pre > 0].sort(descending=True).values[:keep]
    values = torch.from_numpy(found.values)
    torch.testing.assert_close(values.sort(descending=True).values, expected)
    torch.testing.assert_close(pre[found.rows.astype(int), found.columns.astype(int)], values)
    assert (found.rows[1:] >= found.rows[:-1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("memory_rows", [7, 64])
def test_sparse_gradient_is_that_of_the_dense_loss_in_float64(memory_rows: int) -> None:
    generator = torch.Generator().manual_seed(0)
    parameters = random_parameters(96, 24, generator)
    x = torch.randn(64, 24, generator=generator)
    exact = [p.double().requires_grad_() for p in parameters[:4]]
    whole = Parameters(*exact, parameters.threshold)
    active = batch_top_k(pre_activations(whole, x.double()), 5)
    assert int((active > 0).sum()) == 5 * 64
    loss, residual = reconstruction_loss(whole, x.double(), active)
    loss.backward()
    mine = [p.clone().requires_grad_() for p in parameters[:4]]
    for p in mine:
        p.grad = torch.full_like(p, torch.nan)
    done = sparse_gradients(tuple(mine), x, 5, guess=0.5, part_rows=memory_rows)
    assert done.loss == pytest.approx(float(loss.detach()), rel=1e-6)
    torch.testing.assert_close(done.residual.double(), residual.detach(), atol=1e-5, rtol=1e-5)
    assert done.fired.tolist() == (active > 0).sum(0).tolist()
    assert done.least == pytest.approx(float(active[active > 0].min().detach()), rel=1e-6)
    for found, expected in zip(mine, exact, strict=True):
        assert float((found.grad - expected.grad).norm() / expected.grad.norm()) < 1e-6


def test_matryoshka_is_the_mean_over_prefixes_that_stand_alone() -> None:
    generator = torch.Generator().manual_seed(1)
    parameters = random_parameters(12, 6, generator)
    x, active = (torch.randn(9, n, generator=generator).relu() for n in (6, 12))
    loss, residual = reconstruction_loss(parameters, x, active, (3, 8))
    alone = []
    for end in (3, 8, 12):
        kept = active.clone()
        kept[:, end:] = 0
        recovered = kept @ parameters.decoder + parameters.decoder_bias
        alone.append(float(((recovered - x) ** 2).mean()))
    assert float(loss) == pytest.approx(sum(alone) / 3, rel=1e-6)
    assert float(residual.square().mean()) == pytest.approx(alone[-1], rel=1e-6)


@pytest.mark.parametrize(("count", "rows"), [(12, 30), (3, 30), (12, 10)])
def test_auxiliary_loss_is_what_dead_features_leave_of_the_error(count: int, rows: int) -> None:
    generator = torch.Generator().manual_seed(2)
    parameters = random_parameters(20, 8, generator)
    x, residual = (torch.randn(30, 8, generator=generator) for _ in range(2))
    dead = torch.arange(7, 7 + count)
    found = auxiliary_loss(parameters, x, residual, dead, rows)
    x, residual = x[:: 30 // rows], residual[:: 30 // rows]
    expected = 0.0
    for row, error in zip(x, -residual, strict=True):
        pre = (parameters.encoder @ (row - parameters.decoder_bias) + parameters.encoder_bias)[dead]
        best = pre.relu().argsort(descending=True)[:4]
        explained = sum(pre[j].relu() * parameters.decoder[dead[j]] for j in best)
        expected += float((error - explained).square().sum())
    expected /= float((residual - residual.mean(0)).square().sum())
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_threshold_derivatives_are_those_of_the_population() -> None:
    # Uniform on (0, 1): the mean count is 1 - t, and the mean of what passes (1 - t²) / 2.
    pre = torch.linspace(0, 1, 200_001, dtype=torch.float64)[:, None]
    for level in (0.2, 0.7):
        threshold = torch.full((1,), level, dtype=torch.float64, requires_grad=True)
        active, count = jump_relu(pre, threshold, 0.05)
        (slope,) = torch.autograd.grad(count.mean(), threshold, retain_graph=True)
        assert float(slope) == pytest.approx(-1, rel=1e-3)
        (slope,) = torch.autograd.grad(active.mean(), threshold)
        assert float(slope) == pytest.approx(-level, rel=1e-3)


def planted(rows: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Rows that are sums of about two of 40 directions in 32 dimensions, far from the origin."""
    directions = torch.randn(40, 32, generator=torch.Generator().manual_seed(7))
    directions = torch.nn.functional.normalize(directions, dim=1)
    generator = torch.Generator().manual_seed(seed)
    on = torch.rand(rows, 40, generator=generator) < 0.05
    strength = 1 + torch.rand(rows, 40, generator=generator)
    return (on * strength) @ directions + 3.0, directions


def batches(rows: Tensor, size: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(0)
    while True:
        yield from rows[torch.randperm(len(rows), generator=generator)].split(size)


QUICK = {"expansion": 2, "k": 2, "batch": 512, "steps": 400, "learning_rate": 6e-4}


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "jumprelu"},
        {"prefixes": (0.75,)},
        {"resample": True, "dead_after": 5000},
    ],
    ids=["batchtopk", "jumprelu", "matryoshka", "resample"],
)
def test_planted_directions_are_recovered(changes: dict[str, object]) -> None:
    rows, directions = planted(16_384)
    sae = train_sae(batches(rows, 512), SaeConfig(**{**QUICK, "steps": 1200, **changes}))
    closeness = (directions @ sae.parameters.decoder.T).amax(1)
    assert float((closeness > 0.9).float().mean()) > 0.9
    held, _ = planted(4096, seed=1)
    features = sae.encode(held)
    error = (sae.decode(features) - held).square().sum()
    assert float(error / (held - held.mean(0)).square().sum()) < 0.1
    assert 1 < float((features > 0).sum(1).float().mean()) < 4


@pytest.mark.slow
def test_few_features_are_silent_even_where_there_are_twice_as_many_as_directions() -> None:
    directions = torch.randn(512, 128, generator=torch.Generator().manual_seed(7))
    directions = torch.nn.functional.normalize(directions, dim=1)
    generator = torch.Generator().manual_seed(0)
    rates = 0.9 * torch.arange(1, 513).float() ** -0.6
    on = torch.rand(40_960, 512, generator=generator) < rates
    strength = 0.5 + torch.rand(on.shape, generator=generator)
    rows = (on * strength) @ directions + 0.02 * torch.randn(len(on), 128, generator=generator)
    sae = train_sae(batches(rows[:32_768], 4096), SaeConfig(steps=250))
    assert float((sae.encode(rows[32_768:]) > 0).any(0).float().mean()) > 0.95


def test_features_are_dead_after_the_rows_in_which_an_average_one_fires_300_times() -> None:
    assert SaeConfig(k=32).dead_rows(1024) == 300 * 1024 // 32
    assert SaeConfig(k=32, dead_after=7).dead_rows(1024) == 7


@pytest.mark.slow
def test_sparse_and_dense_training_go_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    from metaprobe.probes.features import train

    rows, _ = planted(2048)
    config = SaeConfig(**{**QUICK, "steps": 20, "dead_after": 2000})
    losses: list[list[float]] = []
    for sparse in (True, False):
        told: list[float] = []
        start = train._Trainer.__init__

        def begin(self: object, *a: object, start=start, sparse=sparse) -> None:
            start(self, *a)
            self.sparse = sparse

        with monkeypatch.context() as patch:
            patch.setattr(train._Trainer, "__init__", begin)
            train_sae(batches(rows, 512), config, progress=lambda p, t=told: t.append(p.loss))
        losses.append(told)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][-1] < losses[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jumprelu", "batchtopk"])
def test_the_same_seed_gives_the_same_bytes_and_units_do_not_matter(kind: str) -> None:
    rows, _ = planted(2048)
    config = SaeConfig(**{**QUICK, "steps": 10, "kind": kind})
    first, again, other = (
        train_sae(batches(x, 512), config).parameters for x in (rows, rows, 1024 * rows)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    torch.testing.assert_close(1024 * first.decoder_bias, other.decoder_bias)
    torch.testing.assert_close(first.encoder, other.encoder)
    torch.testing.assert_close(1024 * first.threshold, other.threshold)


def test_activations_without_life_are_refused() -> None:
    for value, words in ((1.0, "do not vary"), (torch.nan, "not finite")):
        rows = torch.full((64, 8), value)
        with pytest.raises(InputError, match=words):
            train_sae(batches(rows, 16), SaeConfig(batch=16, steps=2))


def test_training_goes_on_where_an_autoencoder_ended() -> None:
    rows = 5 * torch.randn(64, 8, generator=torch.Generator().manual_seed(3)) + 1
    config = SaeConfig(kind="jumprelu", expansion=2, k=2, batch=16, steps=4, learning_rate=1e-3)
    first = train_sae(batches(rows, 16), config)
    still = config.model_copy(update={"learning_rate": 1e-12})
    second = train_sae(batches(rows, 16), still, start=first)
    for before, after in zip(first.parameters, second.parameters, strict=True):
        torch.testing.assert_close(before, after)
    with pytest.raises(ConfigError, match="of width 8 cannot go on at 9"):
        train_sae(batches(torch.randn(64, 9), 16), config, start=first)
