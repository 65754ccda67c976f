"""Matches of features against brute force, planted changes and counts by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import FeatureScore, FeatureScores
from metaprobe.models.runtime import torch
from metaprobe.probes.features import matching
from metaprobe.probes.features.matching import (
    CodedRows,
    FeatureMatches,
    changes_by_skill,
    coded_rows,
    count_changes,
    feature_changes,
    match_features,
)
from metaprobe.probes.features.sae import Parameters, Sae


def planted(rng: np.random.Generator, rows: int, features: int, width: int) -> CodedRows:
    values = rng.exponential(size=(rows, features)) * (rng.random((rows, features)) < 0.2)
    directions = rng.normal(size=(features, width))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return CodedRows(sparse.csr_array(values), directions)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_matches_are_those_of_brute_force(seed: int, first: int, second: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    base, stage = (planted(rng, 120, n, 3) for n in (first, second))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_BLOCK", block)
        patch.setattr(matching, "CORRELATION", 0.02)
        found = match_features(base, stage)
    a, b = base.features.toarray(), stage.features.toarray()
    fires = [(x > 0).sum(0) >= matching.MIN_FIRED for x in (a, b)]
    for i in range(first):
        expected = -1
        if fires[0][i]:
            row = [np.corrcoef(a[:, i], b[:, j])[0, 1] if fires[1][j] else 0 for j in range(second)]
            j = int(np.argmax(row))
            column = [
                np.corrcoef(a[:, k], b[:, j])[0, 1] if fires[0][k] else 0 for k in range(first)
            ]
            if int(np.argmax(column)) == i and row[j] >= 0.02:
                expected = j
                assert found.correlation[i] == pytest.approx(row[j], abs=1e-9)
                cosine = base.directions[i] @ stage.directions[j]
                assert found.cosine[i] == pytest.approx(cosine, abs=1e-12)
        assert found.partner[i] == expected
    assert (found.base_fires == fires[0]).all()
    assert (found.stage_fires == fires[1]).all()


def test_planted_changes_are_found() -> None:
    rng = np.random.default_rng(1)
    base = planted(rng, 2000, 12, 20)
    fresh = planted(rng, 2000, 12, 20)
    order = rng.permutation(12)
    values, directions = base.features.toarray(), base.directions.copy()
    values[:, 8:] = fresh.features.toarray()[:, 8:]  # lost, and as many gained
    directions[5:] = fresh.directions[5:]  # 5, 6 and 7 are rotated
    stage = CodedRows(sparse.csr_array(values[:, order]), directions[order])
    found = match_features(base, stage)
    assert np.flatnonzero(found.kept).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(found.rotated).tolist() == [5, 6, 7]
    assert order[found.partner[:8]].tolist() == list(range(8))
    assert sorted(order[found.gained].tolist()) == [8, 9, 10, 11]
    change = count_changes(found)
    counts = (change.kept.count, change.rotated.count, change.lost.count, change.gained.count)
    assert counts == (5, 3, 4, 4)
    assert change.kept.low is not None
    assert change.kept.high is not None
    assert change.kept.low < 5 / 12 < change.kept.high


def test_an_autoencoder_beside_itself_keeps_everything_that_fires() -> None:
    generator = torch.Generator().manual_seed(0)
    decoder = torch.nn.functional.normalize(torch.randn(16, 8, generator=generator), dim=1)
    thresholds = torch.tensor([0.5] * 15 + [1e9])
    parameters = Parameters(decoder, torch.zeros(16), decoder, torch.zeros(8), thresholds)
    x = torch.randn(600, 8, generator=generator)
    coded = coded_rows(Sae(parameters=parameters), x.split(100))
    change = count_changes(match_features(coded, coded))
    assert (change.kept.count, change.kept.n) == (15, 15)
    assert change.gained.count == 0


def test_rows_of_other_texts_and_no_rows_are_refused() -> None:
    rng = np.random.default_rng(2)
    with pytest.raises(ConfigError, match="let both models read the same texts"):
        match_features(planted(rng, 30, 4, 3), planted(rng, 31, 4, 3))
    sae = Sae(parameters=Parameters(*(torch.ones(s) for s in ((2, 3), (2,), (2, 3), (3,), (2,)))))
    with pytest.raises(ConfigError, match="no row to match"):
        coded_rows(sae, [])


def score(group: str, feature: int, *, survives: bool = True) -> FeatureScore:
    numbers: dict[str, Any] = dict.fromkeys(
        ("auroc", "low", "high", "p_value", "q_value", "lexical", "lexical_gap"), 0.01
    )
    return FeatureScore(
        **numbers,
        group=group,
        feature=feature,
        gap_low=0.1,
        gap_high=0.2,
        random=0.5,
        survives_lexical=True,
        survives_random=True,
        of_skill=survives,
        n_items=9,
        n_group=4,
    )


def scores(*rows: FeatureScore) -> FeatureScores:
    return FeatureScores(module="m", scores=list(rows), shares=[], reworded=0, not_reworded=0)


def test_changes_by_skill_add_up_on_both_sides() -> None:
    partner = np.array([3, 1, -1, 0, -1])
    ones = np.ones(5)
    matches = FeatureMatches(
        partner, ones, np.array([0.9, 0.1, 0.9, 0.9, 0.0]), ones > 0, ones > 0, 100
    )
    base = scores(
        *(score("simulation", n) for n in (0, 1, 2)), score("simulation", 4, survives=False)
    )
    stage = scores(*(score("simulation", n) for n in (3, 0, 4)), score("enumeration", 2))
    first, second = changes_by_skill(matches, base, stage)
    whole = feature_changes(matches, None, base, stage)
    assert (whole.groups, whole.floor, whole.n_rows) == ([first, second], None, 100)
    assert whole.change == count_changes(matches)
    assert (first.group, second.group) == ("simulation", "enumeration")
    # 0 is kept and still of the skill, 1 rotated and of it no more, 2 lost; 4 did not survive.
    assert (first.kept.count, first.rotated.count, first.lost.count, first.kept.n) == (1, 1, 1, 3)
    # Of the stage's: 3 was there, 0 is the partner of another feature, 4 is new.
    assert (first.still, first.recruited, first.gained.count, first.gained.n) == (1, 1, 1, 3)
    assert (second.kept.n, second.kept.share, second.gained.count) == (0, None, 1)
