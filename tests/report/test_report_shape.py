"""The shape of a change, the front and the skills over several samples stand on the page."""

import numpy as np
import pytest
from example import example_summary

from metaprobe.analysis.comparison import Trajectory, compare_arms
from metaprobe.core.results import Estimate, Summary
from metaprobe.report.sections.comparison import comparison
from metaprobe.report.sections.shape import shapes
from metaprobe.report.view import build_view


@pytest.fixture(scope="module")
def summary() -> Summary:
    found = example_summary()
    arms = list(dict.fromkeys(run.arm for run in found.arms))
    trained = np.arange(40) < 10
    costs = {"steps": [10, 20], "seconds": [30.0, 60.0]}
    runs = [
        Trajectory(arm, 0, [1, 2], costs, np.where(trained, gain, -gain / 4) * np.ones((2, 1)))
        for arm, gain in zip(arms, (0.1, 0.2, 0.3, 0.4), strict=True)
    ]
    found.comparison = compare_arms(runs, trained, [f"cell {n // 5}" for n in range(40)])
    return found


def test_every_arm_has_a_row_with_intervals(summary: Summary) -> None:
    page = shapes(build_view(summary))
    for arm in summary.shapes:
        assert arm in page
    worst = next(iter(summary.shapes.values()))
    assert worst.worst_cell in page
    assert "15 to +27" in page.replace("+15", "15")
    assert "&lt; 0.001" in page
    assert "radar" not in page


def test_without_shapes_there_is_no_section(summary: Summary) -> None:
    assert shapes(build_view(summary.model_copy(update={"shapes": {}}))) == ""


def test_samples_stand_in_tables_of_their_own(summary: Summary) -> None:
    assert "pass@k" not in shapes(build_view(summary))
    found = summary.model_copy(deep=True)
    for run in found.arms:
        for row in run.steps[-1].skills:
            row.k = 4
            row.pass_at_k = Estimate(value=0.77, low=0.7, high=0.8)
            row.pass_hat_k = Estimate(value=0.33, low=0.3, high=0.4)
    page = shapes(build_view(found))
    assert "pass@k, %: any of 4 samples right" in page
    assert "pass^k, %: each of 4 samples right" in page
    assert ">77<" in page
    assert ">33<" in page
    assert "not measured" in page  # the base, which has no such samples here


def test_budgets_and_front_are_on_the_page(summary: Summary) -> None:
    page = comparison(build_view(summary))
    assert "at 20 optimiser steps" in page
    assert "at 60 s of training" in page
    assert "tokens in the loss" not in page
    assert 'id="pareto' in page or "Change in the worst cell" in page
    assert "100 %" in page
