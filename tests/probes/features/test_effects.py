"""Random sets by their rates, and effects against means taken by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import CELLS, Skill
from metaprobe.probes.features.effects import FeatureRates, Tables, edit_effects, random_sets

ITEMS, SAMPLES = 8, 4


def table(name: str, fall: Skill | None = None, share: float = 1.0) -> pl.DataFrame:
    """Verdicts, of which a share is turned to wrong in one skill."""
    rng = np.random.default_rng(0)
    lost = np.random.default_rng(sum(map(ord, name)))
    rows = []
    for cell in CELLS:
        for item in range(ITEMS):
            for sample in range(SAMPLES):
                right = rng.random() < 0.8
                if cell.skill == fall and lost.random() < share:
                    right = False
                rows.append(
                    {
                        "item_id": f"{cell}-{item}",
                        "domain": str(cell.domain),
                        "skill": str(cell.skill),
                        "sample": sample,
                        "verdict": "correct" if right else "wrong" if sample else "unparsed",
                    }
                )
    return pl.DataFrame(rows)


def random_tables(fall: Skill | None = None) -> Tables:
    kinds = ("random features", "random directions")
    return {kind: [table(f"{kind} {n}", fall, 0.1) for n in range(4)] for kind in kinds}


def accuracy(found: pl.DataFrame, skill: Skill) -> float:
    own = found.filter(pl.col("skill") == str(skill))
    return float((own["verdict"] == "correct").to_numpy().mean())


def test_effects_are_differences_of_means_and_only_the_edited_skill_is_beyond_random() -> None:
    fall = Skill.SIMULATION
    plain, edited, random = table("plain"), table("edited", fall, 0.7), random_tables(fall)
    skills, cells = edit_effects(plain, edited, random)
    assert [row.group for row in skills] == list(Skill)
    assert [row.group for row in cells] == [str(cell) for cell in CELLS]
    for row, skill in zip(skills, Skill, strict=True):
        assert row.effect == pytest.approx(accuracy(edited, skill) - accuracy(plain, skill))
        assert row.n_items == 4 * ITEMS
        assert row.n_samples == 4 * ITEMS * SAMPLES
        for control in row.controls:
            effects = [accuracy(t, skill) - accuracy(plain, skill) for t in random[control.kind]]
            assert control.effects == pytest.approx(effects)
            assert control.gap == pytest.approx(row.effect - np.mean(effects))
            assert control.gap_low <= control.gap <= control.gap_high
        assert row.beyond_random == (skill == fall)
        parsed = plain.filter(pl.col("skill") == str(skill))["verdict"] != "unparsed"
        assert row.answered == pytest.approx(parsed.to_numpy().mean())
    assert all(c.group.endswith("/simulation") for c in cells if c.beyond_random)


def test_an_edit_that_does_what_random_ones_do_is_not_beyond_them() -> None:
    fall = Skill.CALCULATION
    skills, cells = edit_effects(table("plain"), table("edited", fall, 0.1), random_tables(fall))
    assert not any(row.beyond_random for row in (*skills, *cells))
    skills, cells = edit_effects(table("plain"), table("plain"), random_tables())
    assert all(row.effect == 0 and row.p_value == 1 for row in (*skills, *cells))


def test_an_effect_as_that_of_no_random_set_needs_two_sets() -> None:
    one: Tables = {"random features": [table("one")]}
    with pytest.raises(ConfigError, match="1 sets of random features: take two or more"):
        edit_effects(table("plain"), table("edited"), one)


@given(
    st.lists(st.integers(0, 400), min_size=60, max_size=60),
    st.sets(st.integers(0, 59), min_size=1, max_size=8),
)
def test_random_sets_are_near_in_rate_and_hold_none_of_the_chosen(
    counts: list[int], picked: set[int]
) -> None:
    rate = np.array(counts) / 400
    rates = FeatureRates(rate, 3 * rate)
    chosen = [f for f in sorted(picked) if rate[f] > 0]
    others = [f for f in range(60) if rate[f] > 0 and f not in chosen]
    if not chosen or len(others) < len(chosen):
        return
    sets = random_sets(rates, chosen, 5)
    assert sets == random_sets(rates, chosen, 5)
    for found in sets:
        assert len(set(found)) == len(chosen) == len(found)
        assert set(found) <= set(others)
    # Ten for its own draw, and as many as the set may hold already.
    reach = 10 + len(chosen)
    for found in sets:
        for feature, other in zip(chosen, found, strict=True):
            distances = np.sort(np.abs(np.log(rate[others]) - np.log(rate[feature])))
            worst = distances[min(reach, len(others)) - 1]
            assert abs(np.log(rate[other]) - np.log(rate[feature])) <= worst + 1e-9


def test_sets_of_one_feature_differ() -> None:
    rates = FeatureRates(np.linspace(0.1, 0.9, 30), np.ones(30))
    assert len({tuple(s) for s in random_sets(rates, [14], 10)}) == 10


def test_features_that_never_fire_or_leave_no_others_are_told() -> None:
    rates = FeatureRates(np.array([0.0, 0.5, 0.5, 0.5]), np.array([0.0, 1.0, 1.0, 1.0]))
    with pytest.raises(ConfigError, match="feature 0 never fires"):
        random_sets(rates, [0], 3)
    with pytest.raises(ConfigError, match="only 1 other features fire, fewer than the 2"):
        random_sets(rates, [1, 2], 3)
