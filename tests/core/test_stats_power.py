import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import special
from typer.testing import CliRunner

from metaprobe.cli import bench
from metaprobe.core import stats
from metaprobe.core.errors import ConfigError
from metaprobe.core.stats import Design
from metaprobe.core.streams import numpy_rng_for


def betas(share, spread, uniform):
    """Solve probabilities with mean `share` and variance spread * share * (1 - share).

    Args:
        uniform: uniform numbers, which become the quantiles.
    """
    size = 1 / spread - 1
    return special.betaincinv(share * size, (1 - share) * size, uniform)


def alike(rng, share, fall, spread, shape, correlation=0.9):
    """Solve probabilities before and after; beta-distributed both, and correlated."""
    first = rng.standard_normal(shape)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.standard_normal(shape)
    return (
        betas(share, spread, special.ndtr(first)),
        betas(share - fall, spread, special.ndtr(second)),
    )


def harder(rng, share, fall, spread, shape):
    """Solve probabilities before, and after all items became harder by the same log-odds."""
    before = betas(share, spread, rng.random(shape)).clip(1e-9, 1 - 1e-9)
    known = betas(share, spread, (np.arange(2000) + 0.5) / 2000).clip(1e-9, 1 - 1e-9)
    low, high = 0.0, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        fallen = share - special.expit(special.logit(known) - middle).mean() >= fall
        low, high = (low, middle) if fallen else (middle, high)
    return before, special.expit(special.logit(before) - low)


def lost(rng, share, fall, spread, shape):
    """Solve probabilities before, and after some items were lost outright."""
    before = betas(share, spread, rng.random(shape))
    return before, np.where(rng.random(shape) < fall / share, 0.0, before)


def answered(rng, before, after, samples):
    """Accuracies of both with a number of samples an item."""
    return rng.binomial(samples, before) / samples, rng.binomial(samples, after) / samples


WAYS = {"harder": harder, "alike": alike, "lost": lost}
LEAST = {"harder": 0.95, "alike": 0.93, "lost": 0.75}
"""Share of studies that find a fall: of items that all became harder; of items some of which became
easier (correlation 0.9, near the limit by the formula, 0.956); of items that were lost outright."""


def p_values(rng, before, after, samples):
    """p-value of each row of items, shape (rows,)."""
    base, tuned = answered(rng, before, after, samples)
    pairs = zip(base, tuned, strict=True)
    return np.array([stats.permutation_p(b, t, stream="power") for b, t in pairs])


@pytest.mark.parametrize(
    ("design", "fall", "level"),
    [
        (Design(items=50, samples=1), 0.2, 0.05),
        (Design(items=50), 0.1, 0.05),
        (Design(items=100), 0.12, 0.0025),
        (Design(items=60, samples=2, accuracy=0.9, spread=0.3, correlation=0.7), 0.1, 0.05),
        (Design(items=200, samples=2, accuracy=0.4, spread=0.1, correlation=0.5), 0.08, 0.01),
    ],
)
def test_power_is_that_of_simulated_studies(design, fall, level):
    rng = numpy_rng_for("power", design, fall)
    shape = (400, design.items)
    pair = alike(rng, design.accuracy, fall, design.spread, shape, design.correlation)
    found = np.mean(p_values(rng, *pair, design.samples) <= level)
    told = stats.fall_power(design, fall, level=level)
    print(f"\n{design}, fall {fall}, level {level}: simulated {found:.3f}, formula {told:.3f}")
    assert found == pytest.approx(told, abs=0.07)


def test_seeds_are_in_the_power():
    design = Design(items=100, seeds=3, seed_sd=0.05)
    rng = numpy_rng_for("power of seeds")
    found = []
    for _ in range(400):
        before, after = alike(rng, 0.6, 0.15, 0.4, 100)
        moved = (after + rng.normal(0, 0.05, (3, 1))).clip(0, 1)
        change = rng.binomial(4, moved) / 4 - rng.binomial(4, before) / 4
        claim = stats.arm_change(change, np.arange(100))
        found.append(claim.p_value <= 0.05)
    told = stats.fall_power(design, 0.15)
    print(f"\n3 seeds that differ by 5 points: simulated {np.mean(found):.3f}, formula {told:.3f}")
    assert np.mean(found) == pytest.approx(told, abs=0.07)
    assert told < stats.fall_power(replace(design, seed_sd=0.0), 0.15)


def test_answers_of_the_three_functions_agree():
    design = Design(items=80, samples=2)
    fall = stats.detectable_fall(design, wanted=0.9)
    assert stats.fall_power(design, fall) >= 0.9 > stats.fall_power(design, fall - 0.001)
    needed = stats.items_needed(design, 0.1, wanted=0.9)
    enough, short = replace(design, items=needed), replace(design, items=needed - 1)
    assert stats.fall_power(enough, 0.1) >= 0.9 > stats.fall_power(short, 0.1)


def test_what_no_number_of_items_finds_is_none():
    assert stats.items_needed(Design(items=2, seeds=2, seed_sd=0.3), 0.1) is None
    assert stats.detectable_fall(Design(items=2)) is None


@pytest.mark.parametrize(
    ("field", "better"),
    [("items", 60), ("samples", 8), ("correlation", 1.0), ("seeds", 3)],
)
def test_power_grows(field, better):
    design = Design(items=40)
    assert stats.fall_power(replace(design, **{field: better}), 0.1) > stats.fall_power(design, 0.1)


@pytest.mark.parametrize(
    "wrong",
    [{"items": 1}, {"samples": 0}, {"accuracy": 0.0}, {"spread": 1.5}, {"seed_sd": 0.1}],
)
def test_a_design_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError):
        Design(**{"items": 25, **wrong})
    for fall in (0.0, 0.7):
        with pytest.raises(ConfigError, match="fall"):
            stats.fall_power(Design(items=25), fall)
        with pytest.raises(ConfigError, match="fall"):
            stats.items_needed(Design(items=25), fall)


@pytest.mark.slow
@pytest.mark.parametrize("way", list(WAYS))
def test_a_fall_of_15_points_in_one_cell_of_20_is_found(way):
    """100 items, 4 samples, base at 60 %, q < 0.05 over all cells; 1000 studies."""
    rng = numpy_rng_for("planted", way)
    p = np.empty((1000, 20))
    p[:, 0] = p_values(rng, *WAYS[way](rng, 0.6, 0.15, 0.4, (1000, 100)), 4)
    for cell in range(1, 20):
        before = betas(0.6, 0.4, rng.random((1000, 100)))
        p[:, cell] = p_values(rng, before, before, 4)
    found = np.mean([stats.benjamini_hochberg(study)[0] < 0.05 for study in p])
    print(f"\n{way}: a fall of 15 points is found in {100 * found:.1f} % of 1000 studies")
    assert found >= LEAST[way]


def called(*arguments):
    result = CliRunner().invoke(bench.app, ["power", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_bench_power_prints_what_the_functions_say():
    found = json.loads(called("--items", 60, "--effect", 0.12, "--cells", 10, "--json"))
    design = Design(items=60)
    assert found["falls"] == [0.05, 0.1, 0.12, 0.15, 0.2]
    row = next(row for row in found["by_items"] if row["items"] == 60)
    assert row["power"][2] == stats.fall_power(design, 0.12, level=0.005)
    assert row["smallest"][0] == stats.detectable_fall(design, level=0.005)
    assert found["items_needed"][0][2] == stats.items_needed(design, 0.12, level=0.005)
    printed = called("--items", 60, "--effect", 0.12, "--cells", 10)
    assert max(map(len, printed.splitlines())) <= 80
    cells = next(line for line in printed.splitlines() if line.strip().startswith("60 ")).split()
    assert cells[3] == f"{100 * row['power'][2]:.0f}"


def test_bench_power_leaves_out_falls_that_cannot_be():
    assert json.loads(called("--accuracy", 0.1, "--json"))["falls"] == [0.05, 0.1]
    with pytest.raises(ConfigError, match=r"fall of 0\.2"):
        called("--accuracy", 0.1, "--effect", 0.2)
