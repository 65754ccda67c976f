"""Probabilities of acceptance are those of the decisions, and held-out numbers are held out."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from metaprobe.benchmark.curation.calibration import FEWEST, Judged, calibrate, fit_logistic
from metaprobe.core.streams import numpy_rng_for


def judged(n: int, slope: float, intercept: float) -> list[Judged]:
    rng = numpy_rng_for("calibration", n, slope, intercept)
    scores = rng.uniform(0, 1, n)
    accepted = rng.uniform(size=n) < expit(slope * scores + intercept)
    return [
        Judged(f"{i}", float(s), bool(a))
        for i, (s, a) in enumerate(zip(scores, accepted, strict=True))
    ]


def test_the_line_that_made_the_decisions_is_found_again() -> None:
    found = calibrate(judged(4000, 8.0, -3.0), 0.8)
    assert found is not None
    assert (found.slope, found.intercept) == pytest.approx((8.0, -3.0), rel=0.15)
    assert found.threshold == pytest.approx((np.log(4) + 3) / 8, abs=0.03)
    assert found.probability(found.threshold) == pytest.approx(0.8)
    assert found.held_above is not None
    assert found.held_above.low > 0.8  # acceptance rises above the threshold


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=2, max_size=30))
def test_the_fit_is_a_minimum_of_platts_loss(rows: list[tuple[float, bool]]) -> None:
    scores = np.array([s for s, _ in rows])
    accepted = np.array([a for _, a in rows], dtype=float)
    n_yes = accepted.sum()
    targets = np.where(accepted > 0, (n_yes + 1) / (n_yes + 2), 1 / (len(rows) - n_yes + 2))

    def loss(slope: float, intercept: float) -> float:
        p = expit(slope * scores + intercept)
        return -float((targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum())

    slope, intercept = fit_logistic(scores, accepted)
    least = loss(slope, intercept)
    for ds, di in [(0.3, 0), (-0.3, 0), (0, 0.3), (0, -0.3)]:
        assert loss(slope + ds, intercept + di) >= least - 1e-6


def test_few_decisions_calibrate_nothing() -> None:
    assert calibrate(judged(FEWEST - 1, 8.0, -3.0), 0.8) is None


def test_scores_that_tell_nothing_give_no_threshold() -> None:
    found = calibrate([Judged(f"{i}", i / 40, i % 2 < 1 and i < 20) for i in range(40)], 0.8)
    assert found is not None
    assert found.threshold is None
    assert found.held_above is None


def test_precision_is_that_of_the_half_that_set_nothing() -> None:
    rows = judged(200, 8.0, -3.0)
    found = calibrate(rows, 0.8)
    assert found is not None
    held = [n for n in range(1, 201) if any(p.n == n for p in found.held_out)]
    assert held == [10, 20, 50] or held == [10, 20, 50, 100]
    # A decision of the first half is no part of them: turned round, they stay what they are.
    first = {r.id for r in rows if hashlib.sha256(r.id.encode()).digest()[0] % 2 == 0}
    turned = calibrate(
        [r._replace(accepted=not r.accepted) if r.id in first else r for r in rows], 0.8
    )
    assert turned is not None
    assert turned.held_out == found.held_out
