"""Studies of a model against itself, through the code that a study uses."""

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.profile import assign_q_values, profile
from metaprobe.core.results import ArmResult, StageResult
from metaprobe.core.stats import wilson
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS

STUDIES, ARMS, STAGES, ITEMS, SAMPLES = 200, 2, 3, 25, 2
SPREAD = 0.4
"""Variance between the items of a cell over p (1 - p); that of the nano base is 0.42."""


def responses(rng, solve):
    """A table of graded responses to items with the given solve probabilities (cells, items)."""
    right = rng.random((*solve.shape, SAMPLES)) < solve[:, :, None]
    item = np.repeat(np.arange(solve.size), SAMPLES)
    cell = item // ITEMS
    return pl.DataFrame(
        {
            "item_id": item.astype(str),
            "domain": np.array([str(c.domain) for c in CELLS])[cell],
            "skill": np.array([str(c.skill) for c in CELLS])[cell],
            "family": (item % 5).astype(str),
            "level": np.ones(item.size, dtype=int),
            "sample": np.tile(np.arange(SAMPLES), solve.size),
            "verdict": np.where(right.ravel(), "correct", "wrong"),
            "self_check": np.zeros(item.size, dtype=bool),
            "chance": np.zeros(item.size),
            "majority": np.zeros(item.size),
        }
    )


def collapsed(rng):
    """Return whether a study of one model reports a collapse: of a cell, and of any group."""
    size = 1 / SPREAD - 1
    share = rng.uniform(0.05, 0.95, (len(CELLS), 1))
    solve = rng.beta(share * size, (1 - share) * size, (len(CELLS), ITEMS))
    base = responses(rng, solve)
    arms = []
    for arm in range(ARMS):
        stages = [
            StageResult(
                step=step,
                seconds=0,
                tokens=0,
                **profile(responses(rng, solve), base, stream=f"{arm}/{step}")._asdict(),
            )
            for step in range(1, STAGES + 1)
        ]
        arms.append(ArmResult(arm=str(arm), kind="sft", seed=0, steps=stages))
    stages = [stage for arm in assign_q_values(arms) for stage in arm.steps]
    of_cells = any(row.collapsed for stage in stages for row in stage.cells)
    groups = [row for stage in stages for row in (*stage.skills, *stage.domains)]
    return of_cells, of_cells or any(row.collapsed for row in groups)


def test_the_simulated_study_has_all_groups():
    table = responses(numpy_rng_for("t"), np.full((len(CELLS), ITEMS), 0.5))
    found = profile(table, table, stream="t")
    assert [(row.domain, row.skill) for row in found.cells] == list(CELLS)
    assert {(row.n_items, row.n_samples, row.delta) for row in found.cells} == {(25, 50, 0.0)}


@pytest.mark.slow
def test_a_model_against_itself_collapses_in_at_most_5_percent_of_studies():
    """With a true rate of 5 %, 200 studies would show 2 % to 8 % in 95 % of cases."""
    found = np.array([collapsed(numpy_rng_for("a/a", study)) for study in range(STUDIES)])
    cells, groups = (wilson(int(hits), STUDIES) for hits in found.sum(axis=0))
    for name, share in (("a cell", cells), ("any group", groups)):
        print(
            f"\n{name} collapsed in {100 * share.value:.1f} % of {STUDIES} studies "
            f"(95 % {100 * share.low:.1f} to {100 * share.high:.1f})"
        )
    assert groups.value <= 0.05
