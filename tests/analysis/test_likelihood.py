"""Rankings by likelihood, summed up by hand."""

import polars as pl
import pytest

from metaprobe.analysis.likelihood import likelihood_by_cell
from metaprobe.core.stats import mean_interval, paired_delta, t_interval


def table(correct: list[float | None], skill: str = "calculation") -> pl.DataFrame:
    n = len(correct)
    nulls = [c is None for c in correct]
    return pl.DataFrame(
        {
            "item_id": [f"{skill}{i}" for i in range(n)],
            "domain": ["mathematics"] * n,
            "skill": [skill] * n,
            "chance": [None if null else 0.25 + 0.25 * (i % 2) for i, null in enumerate(nulls)],
            "correct": correct,
            "unnormalised": [None if null else 1.0 for null in nulls],
            "margin": [None if null else i - 1.5 for i, null in enumerate(nulls)],
        },
        schema_overrides=dict.fromkeys(("correct", "chance"), pl.Float64),
    )


def test_values_are_means_over_ranked_items_with_their_intervals():
    rows = pl.concat([table([1, 0, 0.5, 1, None]), table([0, 0], "simulation")])
    found = likelihood_by_cell(rows, None, stream="s")
    cell, other = found.cells
    assert (cell.domain, cell.skill, cell.n_items, cell.left_out) == (
        "mathematics",
        "calculation",
        4,
        1,
    )
    expected = mean_interval([1, 0, 0.5, 1])
    assert (cell.accuracy, cell.accuracy_low, cell.accuracy_high) == expected[:3]
    assert cell.chance == pytest.approx((0.25 + 0.5 + 0.25 + 0.5) / 4)
    assert (cell.margin, cell.margin_low, cell.margin_high) == pytest.approx(
        t_interval([-1.5, -0.5, 0.5, 1.5])[:3]
    )
    assert (other.skill, other.accuracy, other.unnormalised) == ("simulation", 0, 1)
    assert found.all.n_items == 6
    assert found.all.delta is None


def test_changes_are_paired_by_item_whatever_the_order():
    base, stage = table([0, 0, 1, 1, None]), table([1, 0, 1, 1, None]).reverse()
    cell = likelihood_by_cell(stage, base, stream="s").cells[0]
    expected = paired_delta([1, 1, 0, 0], [1, 1, 0, 1], stream="s/mathematics/calculation")
    assert cell.delta == expected.value == 0.25
    assert (cell.delta_low, cell.delta_high) == expected[1:3]


def test_nothing_ranked_is_none():
    found = likelihood_by_cell(table([None, None]), table([None, None]), stream="s").cells[0]
    assert (found.n_items, found.left_out) == (0, 2)
    values = found.model_dump(exclude={"n_items", "left_out", "domain", "skill"})
    assert set(values.values()) == {None}


def test_one_item_has_a_margin_without_an_interval():
    found = likelihood_by_cell(table([1]), None, stream="s").cells[0]
    assert (found.margin, found.margin_low, found.margin_high) == (-1.5, None, None)
