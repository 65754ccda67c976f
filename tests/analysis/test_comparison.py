"""Arms are compared where they gained as much, and where they cost as much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.analysis.comparison import Trajectory, compare_arms, first_reach
from metaprobe.analysis.comparison_findings import comparison_findings
from metaprobe.core.results import Comparison
from metaprobe.core.streams import numpy_rng_for

ITEMS = 400
TRAINED = np.arange(ITEMS) < 100
CELLS = [f"cell {n // 50}" for n in range(ITEMS)]
LABELS = {"near": "near", "far": "far", "idle": "idle"}


def planted(
    arm: str, trained: list[float], others: list[float], tokens: list[int | None], seed: int = 0
) -> Trajectory:
    """Changes whose means are exactly those given, with the spread of 0/1 answers around them."""
    rng = numpy_rng_for("planted", arm, seed)
    rows = []
    for inside, outside in zip(trained, others, strict=True):
        noise = rng.choice([-0.5, 0.0, 0.5], size=ITEMS)
        noise[TRAINED] -= noise[TRAINED].mean()
        noise[~TRAINED] -= noise[~TRAINED].mean()
        rows.append(np.where(TRAINED, inside, outside) + noise)
    steps = range(1, 1 + len(rows))
    return Trajectory(arm, seed, steps, {"forward_tokens": tokens}, np.stack(rows))


def compared(*runs: Trajectory) -> Comparison:
    found = compare_arms(runs, TRAINED, CELLS)
    assert found is not None
    return found


NEAR = planted("near", [0.2, 0.4], [0.0, -0.02], [100, 200])
FAR = planted("far", [0.3, 0.6], [-0.2, -0.3], [50, 400])
IDLE = planted("idle", [0.0, 0.01], [0.0, 0.0], [100, 200])


def test_arms_are_compared_where_both_have_the_smaller_gain() -> None:
    found = compared(NEAR, FAR)
    near, far = found.arms
    assert found.gain == pytest.approx(0.4)
    assert near.at_gain is not None
    assert far.at_gain is not None
    assert near.at_gain.value == pytest.approx(-0.02)
    assert near.tokens_to_gain == pytest.approx(200)
    # A third of the way from the first stage of `far`, 0.3, to its second, 0.6.
    assert far.at_gain.value == pytest.approx(-0.2 - 0.1 / 3)
    assert far.tokens_to_gain == pytest.approx(50 + 350 / 3)
    assert near.behind_at_gain is None
    assert far.behind_at_gain is not None
    assert far.behind_at_gain.value == pytest.approx(-0.02 + 0.2 + 0.1 / 3)
    assert far.behind_at_gain.low > 0


def test_arms_are_compared_at_the_smaller_compute() -> None:
    found = compared(NEAR, FAR)
    near, far = found.arms
    assert found.budgets == {"forward_tokens": 200}
    assert near.at["forward_tokens"].trained.value == pytest.approx(0.4)
    assert far.at["forward_tokens"].trained.value == pytest.approx(0.3 + 0.3 * 150 / 350)
    assert far.at["forward_tokens"].others.value == pytest.approx(-0.2 - 0.1 * 150 / 350)


def test_every_budget_that_two_arms_know_is_compared() -> None:
    near = NEAR._replace(costs={**NEAR.costs, "steps": [10, 20], "seconds": [3.0, 3.0]})
    far = FAR._replace(costs={**FAR.costs, "steps": [20, 60], "seconds": [1.0, 2.0]})
    found = compared(near, far)
    # The seconds of `near` do not rise, so they are not known.
    assert found.budgets == {"forward_tokens": 200, "steps": 20}
    at = found.arms[1].at["steps"]
    assert at.others.value == pytest.approx(-0.2)
    assert at.behind is not None
    assert at.behind.value == pytest.approx(0.18)
    text = comparison_findings(found, LABELS)[2].text
    assert text.startswith("What keeps the most elsewhere, in points: at 20 optimiser steps, near")
    assert text.endswith("clearly more than any other.")


def test_the_front_is_that_of_all_pairs() -> None:
    """By hand: an arm is off the front if another is as good in both and better in one."""
    rng = np.random.default_rng(1)
    runs = [
        planted(name, [rng.uniform(0, 0.4)], [rng.uniform(-0.4, 0)], [1]) for name in "abcdefgh"
    ]
    found = compared(*runs).arms
    cell = np.array(CELLS)
    for run, row in zip(runs, found, strict=True):
        means = [run.changes[-1][cell == name].mean() for name in np.unique(cell)]
        assert row.worst == pytest.approx(min(means))
        assert row.last.value == pytest.approx(run.changes[-1][TRAINED].mean())
    for row in found:
        beaten = any(
            other.last.value >= row.last.value
            and other.worst >= row.worst
            and (other.last.value > row.last.value or other.worst > row.worst)
            for other in found
            if other.arm != row.arm
        )
        assert row.on_front is not beaten
        assert 0 <= row.front_share <= 1
    assert any(row.on_front for row in found)


def test_seeds_are_averaged() -> None:
    other = planted("near", [0.4, 0.6], [0.0, -0.1], [100, 400], seed=1)
    found = compared(NEAR, other, FAR)
    near = found.arms[0]
    assert near.n_seeds == 2
    assert [p.trained for p in near.path] == pytest.approx([0.3, 0.5])
    assert [p.others for p in near.path] == pytest.approx([0.0, -0.06])
    assert [p.forward_tokens for p in near.path] == [100, 300]


def test_an_arm_without_a_clear_gain_is_not_compared_at_one() -> None:
    found = compared(NEAR, FAR, IDLE)
    idle = found.arms[2]
    assert not idle.gained
    assert idle.at_gain is None
    assert "forward_tokens" in idle.at
    assert found.gain == pytest.approx(0.4)
    answer, at_compute, front = comparison_findings(found, LABELS)
    assert "far (+60 and" in front.text
    assert answer.text.startswith("At an equal gain of 40 points in the trained cells, near keeps")
    assert "clearly more than far" in answer.text
    assert answer.text.endswith("No clear gain: idle.")
    assert "idle keeps the most elsewhere, 0 points" in at_compute.text


def test_without_two_gaining_arms_the_words_say_so() -> None:
    found = compared(NEAR, IDLE)
    assert found.gain is None
    assert "Only one arm gained" in comparison_findings(found, LABELS)[0].text


def test_an_arm_of_unknown_compute_is_left_out_of_equal_compute_only() -> None:
    unknown = planted("idle", [0.4, 0.5], [0.0, 0.0], [None, None])
    found = compared(NEAR, FAR, unknown)
    assert found.budgets == {"forward_tokens": 200}
    assert found.arms[2].at == {}
    assert found.arms[2].at_gain is not None
    assert compared(NEAR, unknown).budgets == {}


def test_there_is_nothing_to_compare_without_two_arms_or_other_cells() -> None:
    assert compare_arms([NEAR], TRAINED, CELLS) is None
    assert compare_arms([NEAR, FAR], np.ones(ITEMS, dtype=bool), CELLS) is None
    assert compare_arms([NEAR, FAR], np.zeros(ITEMS, dtype=bool), CELLS) is None
    assert comparison_findings(None, {}) == []


def test_the_interval_of_a_difference_is_paired_by_item() -> None:
    """Two arms with the same noise differ by exactly the planted amount."""
    shifted = FAR.changes.copy()
    shifted[:, ~TRAINED] -= 0.05
    twin = Trajectory("twin", 0, FAR.steps, FAR.costs, shifted)
    behind = compared(FAR, twin).arms[1].at["forward_tokens"].behind
    assert behind is not None
    assert behind.high - behind.low < 0.02  # unpaired 0.13; what is left is the prior's


@pytest.mark.slow
def test_the_interval_covers_the_truth() -> None:
    """Over items: 95 % intervals of a change of 0.1 must hold it in about 95 of 100 worlds."""
    rng = np.random.default_rng(0)
    hits = 0
    worlds = 150
    for _ in range(worlds):
        noisy = [0.1 + rng.choice([-1.0, 0.0, 1.0], size=(1, ITEMS)) for _ in range(2)]
        spent = {"steps": [9]}
        runs = [Trajectory(a, 0, [1], spent, c) for a, c in zip("xy", noisy, strict=True)]
        found = compare_arms(runs, TRAINED, [str(inside) for inside in TRAINED])
        assert found is not None
        change = found.arms[0].at["steps"].others
        hits += change.low <= 0.1 <= change.high
    assert 0.88 * worlds <= hits <= 0.99 * worlds


@given(
    values=st.lists(st.floats(-1, 1), min_size=1, max_size=8),
    level=st.floats(0.01, 1),
)
def test_the_first_reach_is_the_first_crossing(values: list[float], level: float) -> None:
    path = [0.0, *values]
    place = float(first_reach(np.array([path]), level)[0])
    for n in range(1, len(path)):
        if path[n] >= level:
            share = (level - path[n - 1]) / (path[n] - path[n - 1])
            assert place == pytest.approx(n - 1 + share)
            return
    assert path[int(place)] == max(path)


def test_a_single_item_is_no_gain_and_no_lead() -> None:
    base = np.zeros((1, 12))
    trained = np.arange(12) < 3
    cells = ["trained"] * 3 + ["other"] * 9
    runs = []
    for arm, item in (("first", 0), ("second", 5)):  # one of 3 trained items, one of 9 others
        change = base.copy()
        change[0, item] = 1.0
        runs.append(Trajectory(arm, 0, [1], {"forward_tokens": [100]}, change))
    found = compare_arms(runs, trained, cells)
    assert found is not None
    first, second = found.arms
    assert not first.gained
    behind = first.at["forward_tokens"].behind
    assert second.at["forward_tokens"].behind is None
    assert behind is not None
    assert behind.value == pytest.approx(1 / 9)
    assert behind.low < 0
