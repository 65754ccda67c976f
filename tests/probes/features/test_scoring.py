"""Scores against brute force, and on planted and empty values."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from metaprobe.benchmark.freeze import load_benchmark
from metaprobe.core.association import auroc
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Skill
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.features import scoring
from metaprobe.probes.features.activations import collect_activations
from metaprobe.probes.features.responses import answered
from metaprobe.probes.features.sae import SaeConfig
from metaprobe.probes.features.scoring import (
    ItemValues,
    auroc_gap,
    aurocs,
    item_values,
    permutation_p,
    random_directions,
    score_features,
)
from metaprobe.probes.features.train import activation_batches, train_sae


def test_areas_of_columns_are_those_of_pairs() -> None:
    rng = numpy_rng_for("test-scoring", "areas")
    values, positive = rng.integers(0, 4, (30, 6)).astype(float), rng.random(30) < 0.4
    expected = [auroc(column[positive], column[~positive]) for column in values.T]
    assert aurocs(values, positive) == pytest.approx(expected)


def test_p_values_are_near_those_of_all_permutations() -> None:
    rng = numpy_rng_for("test-scoring", "permutations")
    values = rng.normal(size=(9, 3))
    values[:4, 0] += 2
    positive = np.arange(9) < 4
    found = permutation_p(values, positive, "x")
    for column, p in zip(values.T, found, strict=True):
        reached = [
            auroc(column[list(chosen)], np.delete(column, chosen))
            >= auroc(column[:4], column[4:]) - 1e-12
            for chosen in itertools.combinations(range(9), 4)
        ]
        assert p == pytest.approx(np.mean(reached), abs=0.04)


def test_the_gaps_interval_is_as_wide_as_that_of_a_bootstrap() -> None:
    rng = numpy_rng_for("test-scoring", "gap")
    positive = np.arange(200) < 80
    shared = rng.normal(size=200) + positive
    first, second = shared + 0.5 * rng.normal(size=200), shared + rng.normal(size=200)
    gap = auroc_gap(first, second, positive)
    drawn = []
    for _ in range(400):
        chosen = np.concatenate([rng.choice(80, 80), 80 + rng.choice(120, 120)])
        one, other = (s[chosen] for s in (first, second))
        drawn.append(auroc(one[:80], one[80:]) - auroc(other[:80], other[80:]))
    assert gap.value == pytest.approx(
        auroc(first[:80], first[80:]) - auroc(second[:80], second[80:])
    )
    assert (gap.high - gap.low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.15)


def values(planted: bool) -> ItemValues:
    """Items of all cells; if planted, feature 3 is that of simulation, and words tell nothing."""
    rng = numpy_rng_for("test-scoring", "values")
    cells = [cell for cell in CELLS for _ in range(12)]
    features, random = (rng.exponential(size=(len(cells), 40)) for _ in range(2))
    if planted:
        features[:, 3] += 3.0 * np.array([c.skill == Skill.SIMULATION for c in cells])
    words = rng.dirichlet(np.ones(30), len(cells))
    return ItemValues([f"i{n}" for n in range(len(cells))], cells, features, random, words)


@pytest.mark.slow
def test_a_planted_feature_is_found_and_survives_and_no_other_does() -> None:
    scores = score_features(values(planted=True))
    found = {s.feature for s in scores if s.group == "simulation" and s.q_value < 0.05}
    assert found == {3}
    (best,) = (s for s in scores if s.group == "simulation" and s.feature == 3)
    assert best.survives_lexical
    assert best.survives_random
    assert best.low < best.auroc <= best.high
    assert (best.n_items, best.n_group) == (120, 24)
    others = {s.feature for s in scores if s.q_value < 0.05 and s.group.endswith("simulation")}
    assert others <= {3}


@pytest.mark.slow
def test_nothing_is_found_where_nothing_is() -> None:
    scores = score_features(values(planted=False))
    groups = {s.group for s in scores}
    assert {str(s) for s in Skill} < groups <= {str(s) for s in Skill} | {str(c) for c in CELLS}
    assert len(scores) == 5 * len(groups)
    assert not [s for s in scores if s.q_value < 0.05]


@pytest.mark.slow
def test_words_that_tell_the_skill_are_not_beaten_by_a_feature_of_theirs() -> None:
    found = values(planted=True)
    words = found.words.copy()
    words[:, 0] += found.features[:, 3]
    scores = score_features(found._replace(words=words))
    (best,) = (s for s in scores if s.group == "simulation" and s.feature == 3)
    assert best.q_value < 0.05
    assert not best.survives_lexical


def test_areas_are_those_of_scipy() -> None:
    rng = numpy_rng_for("test-scoring", "scipy")
    values, positive = rng.integers(0, 6, (40, 5)).astype(float), rng.random(40) < 0.3
    u = stats.mannwhitneyu(values[positive], values[~positive]).statistic
    assert aurocs(values, positive) == pytest.approx(u / (positive.sum() * (~positive).sum()))


@pytest.mark.slow
def test_with_labels_permuted_no_feature_passes_in_19_of_20_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PERMUTATIONS", 4000)
    loaded = load_model("nano/qwen3", dtype=torch.float32)
    items = load_benchmark("nano", items_per_cell=12).items
    texts = answered(loaded, items, Sampling(samples=1, max_new_tokens=48))
    store = collect_activations(loaded, texts, ["model.layers.1"], tmp_path)
    config = SaeConfig(expansion=4, steps=100, batch=512, k=16)
    sae = train_sae(activation_batches(store, "model.layers.1", config), config)
    random = random_directions(sae, store, "model.layers.1")
    real = item_values(sae, random, store, "model.layers.1")
    assert [s for s in score_features(real) if s.q_value < 0.05]
    clean = 0
    for seed in range(20):
        order = numpy_rng_for("test-scoring", "labels", seed).permutation(len(real.cells))
        shuffled = real._replace(cells=[real.cells[n] for n in order])
        clean += not [s for s in score_features(shuffled) if s.q_value < 0.05]
    assert clean >= 19
