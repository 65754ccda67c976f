"""Crosscoders: planted shares are found, measures are least squares, files are whole."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.features import activations
from metaprobe.probes.features.activations import ActivationStore, collect_activations
from metaprobe.probes.features.crosscoder import (
    CONFIG,
    WEIGHTS,
    Crosscoder,
    activation_scale,
    check_aligned,
    joined_rows,
    load_crosscoder,
    save_crosscoder,
    train_crosscoder,
)
from metaprobe.probes.features.sae import Parameters, Sae, SaeConfig
from metaprobe.probes.features.sharing import (
    class_names,
    latent_scaling,
    measure_crosscoder,
    model_shares,
    share_features,
)
from metaprobe.probes.features.train import train_sae
from metaprobe.probes.representation import ItemText

Tensor = torch.Tensor
MODULE = "model.layers.0"


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


def random_crosscoder(seed: int, models: int, features: int, width: int) -> Crosscoder:
    generator = torch.Generator().manual_seed(seed)
    decoder = torch.nn.functional.normalize(normal(generator, features, models * width), dim=1)
    sae = Sae(
        parameters=Parameters(
            normal(generator, features, models * width),
            normal(generator, features),
            decoder,
            normal(generator, models * width),
            torch.full((features,), 0.3),
        )
    )
    return Crosscoder(sae=sae, scales=torch.arange(1.0, models + 1))


def of_directions(*directions: Tensor) -> Crosscoder:
    """A crosscoder whose features fire as much as the rows lie along their first directions."""
    decoder = torch.cat(directions, dim=1)
    features = len(decoder)
    parameters = Parameters(
        decoder,
        torch.zeros(features),
        decoder,
        torch.zeros(decoder.shape[1]),
        torch.zeros(features),
    )
    return Crosscoder(sae=Sae(parameters=parameters), scales=torch.ones(len(directions)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(1, 6), st.integers(1, 5))
def test_shares_are_those_of_the_formula(seed: int, models: int, features: int, width: int) -> None:
    directions = random_crosscoder(seed, models, features, width).directions
    found = model_shares(directions)
    for j in range(features):
        lengths = [sum(abs(float(v)) for v in directions[m, j]) for m in range(models)]
        for m in range(models):
            assert float(found[m, j]) == pytest.approx(lengths[m] / sum(lengths), rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(1, 5), st.integers(2, 4))
def test_latent_scaling_is_least_squares(seed: int, models: int, features: int, width: int) -> None:
    crosscoder = random_crosscoder(seed, models, features, width)
    x = normal(torch.Generator().manual_seed(seed + 1), 60, models * width)
    found = latent_scaling(crosscoder, iter(x.split(25)))
    f = crosscoder.sae.encode(x)
    rebuilt = f @ crosscoder.sae.parameters.decoder
    error = x - rebuilt - crosscoder.sae.parameters.decoder_bias
    assert (found.rows, found.fired.tolist()) == (60, (f > 0).sum(0).tolist())
    for j in range(features):
        own = [crosscoder.directions[m, j] for m in range(models)]
        top = int(np.argmax([float(d.abs().sum()) for d in own]))
        column = torch.outer(f[:, j], own[top]).flatten().double().numpy()[:, None]
        betas: list[list[float]] = [[], []]
        for m in range(models):
            part = torch.outer(f[:, j], own[m])
            for kind, y in enumerate(
                (error[:, crosscoder.columns(m)] + part, rebuilt[:, crosscoder.columns(m)])
            ):
                solved = np.linalg.lstsq(column, y.flatten().double().numpy())[0]
                betas[kind].append(float(solved[0]))
        for kind, values in enumerate(betas):
            for m, value in enumerate(values):
                ratio = float(found[kind][m, j])
                if not column.any() or values[top] <= 0:
                    assert np.isnan(ratio)
                elif values[top] > 1e-3:  # below, the float32 of the products decides the ratio
                    assert ratio == pytest.approx(value / values[top], rel=2e-3, abs=2e-3)


def test_a_shrunk_direction_is_an_artefact_and_not_of_one_model() -> None:
    axes = torch.eye(6)
    # Feature 0 stands in both models, but its direction in the base was shrunk to nothing.
    crosscoder = of_directions(torch.zeros(3, 6), axes[:3])
    values = torch.rand(400, 3, generator=torch.Generator().manual_seed(0))
    base = torch.cat([values[:, :1], torch.zeros(400, 5)], dim=1)
    found = share_features(crosscoder, [torch.cat([base, values @ axes[:3]], dim=1)])
    assert found.table["class"].to_list() == ["undecided", "tuned-only", "tuned-only"]
    assert found.table["error_scaling"][0].to_list() == pytest.approx([1, 1], abs=1e-5)
    assert found.artefacts == 1


def test_a_concept_in_two_features_is_an_artefact_and_not_of_one_model() -> None:
    axes, none = torch.eye(6), torch.zeros(1, 6)
    # Features 0 and 1 are the same concept, one in the base and the other in the tuned model.
    crosscoder = of_directions(torch.cat([axes[:1], none]), torch.cat([none, axes[:1]]))
    values = 0.1 + torch.rand(400, 1, generator=torch.Generator().manual_seed(0))
    x = torch.cat([values * axes[0], values * axes[0]], dim=1)
    found = share_features(crosscoder, [x])
    assert found.table["class"].to_list() == ["undecided", "undecided"]
    assert found.table["reconstruction_scaling"][0].to_list() == pytest.approx([1, 1], abs=1e-5)
    assert found.artefacts == 2
    assert sum(row.features.count for row in found.classes()) == 2


def test_features_that_hardly_fire_are_not_judged() -> None:
    crosscoder = of_directions(torch.eye(3), torch.eye(3))
    x = torch.zeros(100, 6)
    x[:50, 0] = x[:50, 3] = x[:3, 1] = 1.0
    found = share_features(crosscoder, [x])
    (shared, *others) = found.classes()
    assert (shared.features.count, shared.features.n) == (1, 1)
    assert found.table["fired"].to_list() == [50, 3, 0]
    assert found.table["error_scaling"][2].to_list() == [None, None]
    assert all(row.features.count == 0 for row in others)
    with pytest.raises(ConfigError, match="no held-out row"):
        share_features(crosscoder, [])


def planted(groups: dict[str, int], width: int, seed: int) -> tuple[list[Tensor], list[str]]:
    """Directions (features, width) of base and tuned model, and the class of each feature."""
    generator = torch.Generator().manual_seed(seed)
    total = sum(groups.values())
    base, other = (
        torch.nn.functional.normalize(normal(generator, total, width), dim=1) for _ in range(2)
    )
    names = [name for name, count in groups.items() for _ in range(count)]
    tuned = base.clone()
    for j, name in enumerate(names):
        if name == "rotated":
            tuned[j] = other[j]
        if name == "base-only":
            tuned[j] = 0
        if name == "tuned-only":
            base[j] = 0
    return [base, tuned], names


def planted_rows(directions: list[Tensor], count: int, generator: torch.Generator) -> Tensor:
    shape = (count, len(directions[0]))
    values = torch.rand(shape, generator=generator) + 0.5
    values *= torch.rand(shape, generator=generator) < 0.1
    rows = torch.cat([values @ d for d in directions], dim=1)
    return rows + 0.02 * normal(generator, *rows.shape) + 1


def trained_on(directions: list[Tensor], features: int, seed: int) -> tuple[Crosscoder, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def batches() -> Iterator[Tensor]:
        while True:
            yield planted_rows(directions, 256, generator)

    width = directions[0].shape[1]
    config = SaeConfig(
        expansion=-(-features // width), k=2, steps=600, batch=256, dead_after=20_000
    )
    sae = train_sae(batches(), config, models=len(directions))
    crosscoder = Crosscoder(sae=sae, scales=torch.ones(len(directions)))
    return crosscoder, planted_rows(directions, 4000, generator)


@pytest.mark.slow
def test_planted_classes_are_recovered() -> None:
    groups = {"shared": 10, "base-only": 3, "tuned-only": 3, "rotated": 3}
    directions, names = planted(groups, 24, 1)
    crosscoder, rows = trained_on(directions, 48, 2)
    found = share_features(crosscoder, rows.split(1000))
    truth = torch.nn.functional.normalize(torch.cat(directions, dim=1), dim=1)
    cosines = crosscoder.sae.parameters.decoder @ truth.T
    found_names = found.table["class"].to_list()
    turned = found.table["cosine"].arr.get(1).to_list()
    reached = cosines.max(0)
    assert float(reached.values.min()) > 0.95
    for j, name in enumerate(names):
        feature = int(reached.indices[j])
        assert found_names[feature] == ("shared" if name == "rotated" else name)
        if name in ("shared", "rotated"):
            assert (turned[feature] < 0.7) == (name == "rotated")
    counts = {row.name: row.features.count for row in found.classes()}
    assert (counts["base-only"], counts["tuned-only"], counts["undecided"]) == (3, 3, 0)
    assert (found.rotated(1).count, found.artefacts) == (3, 0)


@pytest.mark.slow
@pytest.mark.parametrize("models", [2, 3])
def test_a_model_with_itself_shares_everything(models: int) -> None:
    (base, _), names = planted({"shared": 12}, 16, 3)
    crosscoder, rows = trained_on([base] * models, len(names), 4)
    width = base.shape[1]
    found = share_features(crosscoder, [torch.cat([rows[:, :width]] * models, dim=1)])
    counts = {row.name: row.features.count for row in found.classes()}
    assert counts.pop("shared") == len(found.judged) > 0
    assert set(counts.values()) == {0}
    assert found.judged["nrn"].arr.get(1).to_list() == pytest.approx(
        [0.5] * len(found.judged), abs=0.02
    )


@pytest.mark.slow
def test_of_three_models_each_subset_is_told() -> None:
    (base, tuned), names = planted({"shared": 8, "base-only": 3, "tuned-only": 3}, 20, 5)
    crosscoder, rows = trained_on([base, tuned, tuned], len(names), 6)
    found = share_features(crosscoder, [rows])
    counts = {row.name: row.features.count for row in found.classes()}
    assert list(counts) == class_names(3)
    assert (counts["base-only"], counts["tuned and third"]) == (3, 3)
    assert counts["shared"] >= 8
    assert counts["tuned-only"] == counts["third-only"] == counts["base and tuned"] == 0


@pytest.fixture
def stores(
    tiny_qwen3: Any, tiny_tokenizer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[ActivationStore]:
    """A model, and another with noise on its weights, on the same texts."""
    monkeypatch.setattr(activations, "SHARD_TOKENS", 120)
    rng = numpy_rng_for("test-crosscoder")

    def ids() -> list[int]:
        return rng.integers(5, 250, rng.integers(5, 20)).tolist()

    texts = [ItemText(f"i{n}", CELLS[n], Text(ids(), ids())) for n in range(16)]
    tuned = copy.deepcopy(tiny_qwen3)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in tuned.parameters():
            weight += 0.2 * weight.std() * torch.randn_like(weight)
    return [
        collect_activations(
            LoadedModel(name=name, folder=None, model=model, tokenizer=tiny_tokenizer),
            texts,
            [MODULE],
            tmp_path / name,
        )
        for name, model in (("base", tiny_qwen3), ("tuned", tuned))
    ]


def test_training_reads_the_same_tokens_of_all_models(
    stores: list[ActivationStore], tmp_path: Path
) -> None:
    config = SaeConfig(expansion=2, k=4, steps=8, batch=32)
    crosscoder = train_crosscoder(stores, MODULE, config)
    assert crosscoder.directions.shape == (2, 64, 32)
    assert crosscoder.scales.tolist() == pytest.approx(
        [activation_scale(s, MODULE) for s in stores]
    )
    found, table = measure_crosscoder(crosscoder, stores, MODULE)
    assert [m.name for m in found.models] == ["base", "tuned"]
    assert (len(table), found.rare.n) == (64, 64)
    assert found.models[0].rotated is None
    # Beside itself both halves of every row are equal, in training too.
    twice = [stores[0], stores[0]]
    same = train_crosscoder(twice, MODULE, config)
    assert torch.equal(same.directions[0], same.directions[1])
    for rows, _ in joined_rows(twice, MODULE, same.scales):
        assert torch.equal(rows[:, same.columns(0)], rows[:, same.columns(1)])

    save_crosscoder(tmp_path / "cc", crosscoder, {"module": MODULE})
    loaded, metadata = load_crosscoder(tmp_path / "cc")
    assert metadata == {"module": MODULE}
    assert torch.equal(loaded.scales, crosscoder.scales)
    for mine, read in zip(crosscoder.sae.parameters, loaded.sae.parameters, strict=True):
        assert torch.equal(mine, read)


def test_other_tokens_and_other_numbers_of_models_are_refused(
    stores: list[ActivationStore], tmp_path: Path, tiny_qwen3: Any, tiny_tokenizer: Any
) -> None:
    with pytest.raises(ConfigError, match="two or three models, not 1"):
        check_aligned(stores[:1], MODULE)
    with pytest.raises(ConfigError, match="layers.9 has the widths None, None"):
        check_aligned(stores, "model.layers.9")
    texts = [ItemText(f"i{n}", CELLS[n], Text([5, 6], [7] * 90)) for n in range(4)]
    loaded = LoadedModel(name="base", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)
    other = collect_activations(loaded, texts, [MODULE], tmp_path / "other")
    with pytest.raises(ConfigError, match="collect both on the same texts"):
        check_aligned([stores[0], other], MODULE)


def test_damaged_crosscoders_are_refused(tmp_path: Path) -> None:
    save_crosscoder(tmp_path, random_crosscoder(0, 2, 5, 4), {})
    config = json.loads((tmp_path / CONFIG).read_text())
    for change, message in (
        ({"features": 6}, "encoder.weight should be of shape"),
        ({"version": 0}, "not the config of a crosscoder"),
        ({"metadata": None}, "has no metadata"),
    ):
        (tmp_path / CONFIG).write_text(json.dumps(config | change))
        with pytest.raises(InputError, match=message):
            load_crosscoder(tmp_path)
    (tmp_path / CONFIG).write_text(json.dumps(config))
    (tmp_path / WEIGHTS).write_bytes(b"no")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load_crosscoder(tmp_path)
