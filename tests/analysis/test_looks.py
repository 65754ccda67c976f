"""Looking again and again spends no more than one test would."""

from fractions import Fraction

import numpy as np
import pytest

from metaprobe.analysis.looks import group_changes, judge_look, spent
from metaprobe.analysis.profile import Profile
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import CellResult
from metaprobe.core.vocabulary import CELLS


def rows(p_values, deltas):
    """A profile of cells alone."""
    counts = dict.fromkeys(("correct", "wrong", "unparsed", "truncated", "errored"), 0)
    known = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "chance": 0.0, "majority": 0.0}
    cells = [
        CellResult(
            domain=cell.domain,
            skill=cell.skill,
            n_items=10,
            n_samples=10,
            **counts,
            **known,
            self_check_rate=None,
            delta=delta,
            delta_low=delta - 0.1,
            delta_high=delta + 0.1,
            p_value=p,
        )
        for cell, p, delta in zip(CELLS, p_values, deltas, strict=False)
    ]
    return Profile(cells, [], [])


def test_the_levels_of_any_number_of_looks_add_up_to_less_than_one() -> None:
    total = Fraction(0)
    for number in range(1, 500):
        total += Fraction(1, spent(number))
        assert total == 1 - Fraction(1, number + 1)


def test_a_cell_falls_at_a_stricter_level_at_each_look() -> None:
    found = rows([1e-3, 0.9], [-0.3, 0.1])
    fell = [any(g.fell for g in group_changes(found, spent(number))) for number in range(1, 8)]
    # q of the first is 2e-3; times t (t + 1) it passes 0.05 after the fourth look.
    assert fell == [True] * 4 + [False] * 3


def test_a_run_that_changes_nothing_is_seldom_stopped() -> None:
    rng = np.random.default_rng(9)
    stopped = {True: 0, False: 0}
    for _ in range(30):
        looks = [rows(rng.random(20), np.full(20, -0.1)) for _ in range(12)]
        for careful in (True, False):
            stopped[careful] += any(
                g.fell
                for number, found in enumerate(looks, start=1)
                for g in group_changes(found, spent(number) if careful else 1)
            )
    assert stopped[True] <= 5
    assert stopped[False] > stopped[True] + 5


def test_a_gate_reads_the_changes_of_one_checkpoint() -> None:
    groups = group_changes(rows([1e-6, 0.5], [-0.3, 0.1]))
    first, second = CELLS[:2]
    for expression, failed in (
        ("collapse", True),
        (f"{first} < -0.2 and {second} > 0", True),
        (f"{first}.high > 0", False),
        ("worst > -0.2", False),
    ):
        assert judge_look("a", 10, groups, expression).failed is failed
    with pytest.raises(ConfigError, match="science was not measured"):
        judge_look("a", 10, groups, "science < 0")
