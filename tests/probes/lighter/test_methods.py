"""A direction planted for one skill is found by each method that can; others say None."""

import copy
from typing import Any

import numpy as np
import pytest

from metaprobe.core.errors import ConfigError
from metaprobe.core.stats import t_interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Cell, Domain, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.features import activations
from metaprobe.probes.features.activations import collect_activations
from metaprobe.probes.lighter import autoencoder
from metaprobe.probes.lighter.autoencoder import Autoencoder
from metaprobe.probes.lighter.difference_lens import DifferenceLens, lens_scores
from metaprobe.probes.lighter.evidence import Answer, Evidence
from metaprobe.probes.lighter.linear_probe import LinearProbe
from metaprobe.probes.lighter.mean_difference import MeanDifference
from metaprobe.probes.lighter.measure import random_directions
from metaprobe.probes.lighter.pca_of_change import PcaOfChange
from metaprobe.probes.lighter.weights import Weights
from metaprobe.probes.representation import ItemText
from metaprobe.probes.representation.directions import first_half

MODULE = "model.layers.0"
MOVED = Skill.SIMULATION
TEXTS, TOKENS = 16, 40


def words(skill: Skill) -> range:
    """Tokens that only the responses of one skill hold."""
    first = 20 + 50 * list(Skill).index(skill)
    return range(first, first + 50)


def item_texts() -> list[ItemText]:
    found = []
    for skill in Skill:
        for n in range(TEXTS):
            name = f"{skill}-{n}"
            tokens = numpy_rng_for("test-lighter", name).choice(words(skill), TOKENS).tolist()
            found.append(ItemText(name, Cell(Domain.GENERAL, skill), Text([3, 4, 5], tokens)))
    return found


def loaded(model: Any, tokenizer: Any, name: str) -> LoadedModel:
    return LoadedModel(name=name, folder=None, model=model, tokenizer=tokenizer)


@pytest.fixture(scope="module")
def planted(
    tiny_qwen3: Any, tiny_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evidence, np.ndarray]:
    """Two models whose first layer returns the embeddings; the tuned one's lie elsewhere for one
    skill's tokens, back along the very direction by which they are told from the others'."""
    base = copy.deepcopy(tiny_qwen3)
    layer = base.model.layers[0]
    with torch.no_grad():
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
        own = list(words(MOVED))
        tuned = copy.deepcopy(base)
        embedding = base.model.embed_tokens.weight
        away = embedding[own].mean(0) - embedding[20:270].mean(0)
        away /= away.norm()
        tuned.model.embed_tokens.weight[own] -= away
        embedding[own] += away
    texts = item_texts()
    half = first_half([t.item for t in texts], [t.cell.skill for t in texts])
    folder = tmp_path_factory.mktemp("lighter")
    models = [loaded(m, tiny_tokenizer, n) for m, n in ((base, "base"), (tuned, "tuned"))]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(activations, "SHARD_TOKENS", 1024)
        stores = [collect_activations(m, texts, [MODULE], folder / m.name) for m in models]
    evidence = Evidence(models[0], models[1], MODULE, texts, half, (stores[0], stores[1]))
    return evidence, away.double().numpy()


def found(answer: Answer, truth: np.ndarray) -> tuple[list[Skill], float]:
    """Skills from the most moved on, and the cosine of the moved skill's direction."""
    assert answer.movements is not None
    order = sorted(answer.movements, key=lambda s: -abs(answer.movements[s].value))
    direction = answer.directions[MOVED]
    return order, float(direction @ truth / np.linalg.norm(direction))


@pytest.mark.parametrize("method", [LinearProbe(), MeanDifference(), PcaOfChange()])
def test_methods_of_the_states_find_skill_and_direction(planted: Any, method: Any) -> None:
    evidence, truth = planted
    answer = method.answer(evidence)
    order, cosine = found(answer, truth)
    assert order[0] == MOVED
    assert cosine > 0.9
    first, second = (answer.movements[s] for s in order[:2])
    assert abs(first.value) > 5 * abs(second.value)
    assert first.low <= first.value <= first.high
    assert first.n == TEXTS


def test_the_lens_finds_the_direction_on_texts_that_hold_no_skill(planted: Any) -> None:
    evidence, truth = planted
    answer = DifferenceLens().answer(evidence)
    order, cosine = found(answer, truth)
    assert order[0] == MOVED
    assert cosine == pytest.approx(1, abs=1e-5)
    assert answer.movements[MOVED].high < 0  # its tokens are written less
    assert len(answer.tokens or []) == 8


def test_the_autoencoder_finds_skill_and_direction(
    planted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence, truth = planted
    small = autoencoder.SETTINGS.model_copy(update={"steps": 80, "batch": 256, "k": 6})
    monkeypatch.setattr(autoencoder, "SETTINGS", small)
    coder = Autoencoder()
    answer = coder.answer(evidence)
    order, cosine = found(answer, truth)
    assert order[0] == MOVED
    assert cosine > 0.6
    assert answer.movements[MOVED].n == TEXTS / 2  # the other half chose the features
    assert coder.quality is not None
    assert coder.quality.explained_variance > 0.5


def test_weights_that_did_not_change_have_no_direction(planted: Any) -> None:
    with pytest.raises(ConfigError, match="did not change"):
        Weights().answer(planted[0])


def test_weights_find_what_is_written_but_no_skill(planted: Any) -> None:
    evidence, truth = planted
    tuned = copy.deepcopy(evidence.base.model)
    rng = numpy_rng_for("test-lighter", "weights")
    matrix = tuned.model.layers[0].mlp.down_proj.weight
    with torch.no_grad():
        matrix += torch.from_numpy(np.outer(truth, rng.standard_normal(matrix.shape[1]))).float()
        matrix += 0.01 * torch.from_numpy(rng.standard_normal(tuple(matrix.shape))).float()
    changed = loaded(tuned, evidence.base.tokenizer, "changed")
    answer = Weights().answer(
        Evidence(evidence.base, changed, MODULE, evidence.texts, evidence.half, evidence.stores)
    )
    assert answer.movements is None
    assert set(answer.directions) == set(Skill)
    assert abs(answer.directions[MOVED] @ truth) > 0.99


def test_a_layer_without_known_output_matrices_is_named(planted: Any) -> None:
    evidence, _ = planted
    named = Evidence(*(evidence.base, evidence.tuned, "model.norm"), evidence.texts, evidence.half,
                     evidence.stores)  # fmt: skip
    with pytest.raises(ConfigError, match=r"model\.norm has no output matrix"):
        Weights().answer(named)


def test_models_that_do_not_differ_do_not_move(planted: Any) -> None:
    evidence, _ = planted
    same = Evidence(
        evidence.base, evidence.base, MODULE, evidence.texts, evidence.half,
        (evidence.stores[0], evidence.stores[0]),
    )  # fmt: skip
    for method in (LinearProbe(), MeanDifference(), PcaOfChange()):
        movements = method.answer(same).movements
        assert movements is not None
        assert all(m.value == m.low == m.high == 0 for m in movements.values())
    with pytest.raises(ConfigError, match="did not change"):
        DifferenceLens().answer(same)


def test_the_length_of_a_mean_is_that_of_a_direct_computation(planted: Any) -> None:
    evidence, _ = planted
    base, tuned = evidence.means
    members = evidence.members(MOVED)
    movement = (MeanDifference().answer(evidence).movements or {})[MOVED]
    spread = np.sqrt(((base - base.mean(0)) ** 2).sum(1).mean())
    mean = (tuned[members] - base[members]).mean(0) / spread
    assert movement.value == pytest.approx(np.linalg.norm(mean))
    along = t_interval((tuned[members] - base[members]) @ mean / np.linalg.norm(mean) / spread)
    assert along is not None
    assert movement.high == pytest.approx(along.high)


def test_mean_states_are_those_of_the_response_alone(planted: Any) -> None:
    evidence, _ = planted
    text = evidence.texts[7].text
    table = evidence.base.model.model.embed_tokens.weight.detach().double().numpy()
    assert evidence.means[0][7] == pytest.approx(table[list(text.completion)].mean(0), abs=1e-6)


def test_lens_scores_are_the_standardised_logits_of_the_model(planted: Any) -> None:
    evidence, truth = planted
    model = evidence.base.model
    row = torch.from_numpy(truth).float()[None]
    with torch.inference_mode():
        logits = model.lm_head(model.model.norm(row))[0].double().numpy()
    expected = (logits - logits.mean()) / logits.std()
    assert lens_scores(evidence.base, truth) == pytest.approx(expected, abs=1e-5)


def test_random_directions_are_spread_as_the_states() -> None:
    rng = numpy_rng_for("test-lighter", "spread")
    states = 100 + rng.standard_normal((50, 6)) * np.array([5, 5, 1e-3, 1e-3, 1e-3, 1e-3])
    drawn = random_directions(states, 500, "x")
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1)
    assert np.abs(drawn[:, 2:]).max() < 0.1  # nor along the mean, which is far from zero
    assert (random_directions(states, 500, "x") == drawn).all()
