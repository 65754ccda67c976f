"""The whole probe against plain restatements, on models small enough for it."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.representation import ItemText, measure_representation
from metaprobe.probes.representation.lens import final_norm
from metaprobe.probes.representation.measure import cosine_drift, text_groups
from metaprobe.probes.representation.shift import pca_shift, published_features

FIRST, SECOND = CELLS[0], CELLS[6]


@pytest.fixture(scope="module")
def base(tiny_qwen3: Any, tiny_tokenizer: Any) -> LoadedModel:
    return LoadedModel(name="base", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)


@pytest.fixture(scope="module")
def tuned(base: LoadedModel) -> LoadedModel:
    model = copy.deepcopy(base.model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    return replace(base, name="tuned", model=model)


@pytest.fixture(scope="module")
def texts(base: LoadedModel) -> list[ItemText]:
    rng = numpy_rng_for("test-representation", "texts")
    size = len(base.tokenizer)

    def ids() -> list[int]:
        return rng.integers(0, size, rng.integers(2, 30)).tolist()

    return [ItemText(f"i{n}", (FIRST, SECOND)[n % 2], Text(ids(), ids())) for n in range(16)]


def states(loaded: LoadedModel, text: Text) -> np.ndarray:
    """States (layers, completion positions, D) of one text alone."""
    ids = torch.tensor([[*text.prompt, *text.completion]])
    with torch.inference_mode():
        found = loaded.model(ids, output_hidden_states=True).hidden_states
    start = len(text.prompt) - 1
    return torch.stack([h[0, start:-1] for h in found]).double().numpy()


def test_all_is_as_in_a_plain_restatement(
    base: LoadedModel, tuned: LoadedModel, texts: list[ItemText]
) -> None:
    found = measure_representation(base, tuned, texts)
    pairs = [(states(base, t.text), states(tuned, t.text)) for t in texts]
    groups = {None: range(16), FIRST: range(0, 16, 2), SECOND: range(1, 16, 2)}
    rows = {None: found.all, FIRST: found.cells[0], SECOND: found.cells[1]}
    for cell, members in groups.items():
        row = rows[cell]
        x, y = (np.concatenate([pairs[n][i] for n in members], axis=1) for i in (0, 1))
        assert (row.n_texts, row.n_positions) == (len(members), x.shape[1])
        for layer in range(3):
            a, b = x[layer], y[layer]
            cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
            measured = row.layers[layer]
            assert measured.cosine_drift == pytest.approx(1 - cosines.mean(), rel=1e-4)
            a, b = a - a.mean(0), b - b.mean(0)
            cka = np.square(a.T @ b).sum() / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)
            assert measured.cka_biased == pytest.approx(cka, rel=1e-4)
            assert measured.cka_low <= measured.cka <= measured.cka_high
        means = [np.stack([pairs[n][i].mean(1) for n in members]) for i in (0, 1)]
        expected = pca_shift(*means, "corrected")
        assert row.corrected.distance == pytest.approx(expected.distance, rel=1e-3)
    heads = [
        m.model.get_output_embeddings().weight.detach().double().numpy() for m in (base, tuned)
    ]
    x, y = (np.concatenate([pair[i] for pair in pairs], axis=1) for i in (0, 1))
    final = [(h[-1] @ w.T).argmax(1) for h, w in zip((x, y), heads, strict=True)]
    norm = base.model.model.norm
    with torch.inference_mode():
        middle = norm(torch.from_numpy(x[1]).float()).double().numpy() @ heads[0].T
    assert found.lens[1].base == pytest.approx(np.mean(middle.argmax(1) == final[0]))
    assert found.lens[2].base == found.lens[2].tuned == 1
    assert found.lens[2].between == pytest.approx(np.mean(final[0] == final[1]))


def test_a_model_has_not_moved_from_itself(base: LoadedModel, texts: list[ItemText]) -> None:
    found = measure_representation(base, base, texts)
    for row in (found.all, *found.cells):
        for layer in row.layers:
            assert layer.cka == pytest.approx(1, abs=1e-9)
            assert layer.cosine_drift == layer.cosine_low == layer.cosine_high == 0
        assert row.published.distance == row.corrected.distance == row.corrected.high == 0
    assert {layer.between for layer in found.lens} == {1}
    assert {row.angle for row in found.directions} == {0}
    assert len(found.directions) == 3 * 2 * 2


@pytest.mark.parametrize("turn", [1e-4, 0.3, 2.0])
def test_a_planted_rotation_drifts_by_one_minus_its_cosine(turn: float) -> None:
    x = torch.from_numpy(numpy_rng_for("test-representation", "turn").standard_normal((50, 8)))
    one = torch.tensor([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    y = 3 * x @ torch.block_diag(one, one, one, one).double()
    expected = 2 * np.sin(turn / 2) ** 2
    np.testing.assert_allclose(cosine_drift(x, y).numpy(), expected, rtol=1e-9)


def test_published_features_average_over_the_pads_too(base: LoadedModel) -> None:
    long, short = Text([5] * 100, list(range(60))), Text([7, 8], [9])
    features = published_features(base, [long, short])
    pad = base.tokenizer.pad_token_id
    ids = torch.tensor([[*long.prompt, *long.completion][:128], [pad] * 125 + [7, 8, 9]])
    seen = torch.tensor([[1] * 128, [0] * 125 + [1] * 3])
    with torch.inference_mode():
        found = base.model(ids, attention_mask=seen, output_hidden_states=True).hidden_states
    expected = torch.stack([h.mean(1) for h in found], dim=1).numpy()
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


def test_the_pca_shift_is_that_of_the_published_formulas() -> None:
    rng = numpy_rng_for("test-representation", "pca")
    base = rng.standard_normal((30, 4, 6)) * np.array([5, 3, 1, 1, 1, 1]) + 4
    tuned = base + rng.standard_normal((30, 4, 6)) + 0.7
    found = pca_shift(base, tuned, "published")
    points = []
    for layer in range(4):
        values, vectors = np.linalg.eigh(np.cov(base[:, layer].T))
        top = vectors[:, np.argsort(values)[::-1][:2]].T
        top = top * np.sign(top[[0, 1], np.abs(top).argmax(1)])[:, None]
        start, end = (x[:, layer].mean(0) @ top.T for x in (base, tuned))
        points.append((end[0] - start[0], end[1], 0.0, start[1]))
        assert found.layers[layer].first == pytest.approx(end[0] - start[0])
        assert found.layers[layer].base_second == pytest.approx(start[1])
    z, z0 = np.mean(points, axis=0).reshape(2, 2)
    assert found.distance == pytest.approx(np.linalg.norm(z - z0))
    corrected = pca_shift(base, tuned, "corrected")
    lengths = [np.hypot(p[0], p[1] - p[3]) for p in points]
    assert corrected.distance == pytest.approx(np.mean(lengths))
    assert corrected.low < corrected.distance < corrected.high
    assert corrected.layers[0].base_first == pytest.approx(0, abs=1e-12)
    assert pca_shift(base[:2], tuned[:2], "published") is None


@pytest.mark.parametrize("kind", ["qwen3", "qwen2", "llama", "olmo2", "gpt2"])
def test_the_final_norm_is_found_in_every_architecture(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(f"tiny_{kind}")
    expected = model.transformer.ln_f if kind == "gpt2" else model.model.norm
    with torch.inference_mode():
        assert final_norm(model) is expected


def test_the_texts_of_an_item_stay_in_one_group(texts: list[ItemText]) -> None:
    groups = text_groups([*texts, *texts]).tolist()
    assert groups[:16] == groups[16:]
    assert max(groups.count(g) for g in range(8)) == 4


def test_wrong_input_is_told(base: LoadedModel, tuned: LoadedModel, tiny_gpt2: Any) -> None:
    def measure(text: Text, other: LoadedModel = tuned) -> None:
        measure_representation(base, other, [ItemText("a", FIRST, text)])

    with pytest.raises(ConfigError, match="no completion token"):
        measure(Text([1], []))
    with pytest.raises(ConfigError, match="empty prompt"):
        measure(Text([], [1]))
    with pytest.raises(ConfigError, match="outside the vocabulary"):
        measure(Text([1], [10**6]))
    model = copy.deepcopy(base.model)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="broken: its hidden states are not finite"):
        measure(Text([1], [2]), replace(base, name="broken", model=model))
    shorter = copy.deepcopy(base.model)
    shorter.config.num_hidden_layers = 1
    with pytest.raises(ConfigError, match="layers of width"):
        measure(Text([1], [2]), replace(base, name="shorter", model=shorter))
