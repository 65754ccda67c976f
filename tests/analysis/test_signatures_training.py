"""Signs of trouble in metrics: what shows them, and that noise and real runs do not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.signatures.catalogue import KNOWN
from metaprobe.analysis.signatures.metrics import read_metrics
from metaprobe.analysis.signatures.training import training_signatures, unseen
from metaprobe.core.results import SignatureName

DATA = Path(__file__).parents[1] / "data" / "signatures"
STEPS = 100
STEADY = {  # level and noise of a metric; the noise is that of the nano study's GRPO run
    "reward": (0.55, 0.12),
    "correct_share": (0.55, 0.12),
    "entropy": (0.06, 0.012),
    "kl_base": (0.05, 0.01),
    "mean_length": (62.0, 9.0),
    "zero_variance_share": (0.2, 0.15),
    "truncated_share": (0.01, 0.02),
    "repeated_share": (0.01, 0.01),
}


def table(name, steps=STEPS, correlation=0.5, **courses):
    """Steady metrics, some of them on another course."""
    rng = np.random.default_rng(list(name.encode()))
    rows = []
    for metric, (level, spread) in STEADY.items():
        noise = rng.standard_normal(steps)
        for t in range(1, steps):
            noise[t] = correlation * noise[t - 1] + np.sqrt(1 - correlation**2) * noise[t]
        values = courses.get(metric, np.full(steps, level)) + spread * noise
        rows += [(t + 1, metric, max(0.0, v)) for t, v in enumerate(values)]
    return pl.DataFrame(rows, schema=["step", "name", "value"], orient="row")


def step(before, after, at=60, steps=STEPS):
    return np.where(np.arange(steps) < at, before, after)


PATHOLOGIES = {
    SignatureName.RL_COLLAPSE: {"reward": step(0.6, 0.1), "entropy": step(0.06, 0.5)},
    SignatureName.ENTROPY_COLLAPSE: {"entropy": step(0.2, 0.02)},
    SignatureName.KL_BLOW_UP: {"kl_base": step(0.05, 0.5)},
    SignatureName.LENGTH_GAMING: {"mean_length": step(62, 150)},
    SignatureName.FORMAT_GAMING: {"reward": step(0.4, 0.9)},
    SignatureName.DEGENERATE_GROUPS: {"zero_variance_share": step(0.2, 0.95)},
    SignatureName.TRUNCATION_STARVATION: {"truncated_share": step(0.0, 0.5)},
    SignatureName.REPETITION: {"repeated_share": step(0.0, 0.4)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PATHOLOGIES)
def test_a_pathology_shows_its_signature_at_its_onset(name):
    found = {s.name: s for s in training_signatures(table(name, **PATHOLOGIES[name]))}
    assert name in found
    seen = found[name]
    assert seen.onset_low <= 61 <= seen.onset_high
    assert abs(seen.onset - 61) <= 3
    assert seen.advice == list(KNOWN[name].advice)
    assert seen.evidence[0].n in (STEPS, 0.8 * STEPS)


def test_reward_that_falls_alone_is_no_collapse():
    metrics = table("harder", reward=step(0.6, 0.3))
    assert SignatureName.RL_COLLAPSE not in {s.name for s in training_signatures(metrics)}
    alone = metrics.filter(pl.col("name") == "reward")
    assert [s.name for s in training_signatures(alone)] == [SignatureName.RL_COLLAPSE]


def test_answers_that_improve_are_not_gaming():
    better = {
        "reward": step(0.4, 0.9),
        "correct_share": step(0.4, 0.9),
        "mean_length": step(62, 150),
    }
    assert training_signatures(table("better", **better)) == []


def test_a_share_that_is_high_from_the_start_has_no_interval():
    (seen,) = training_signatures(table("start", zero_variance_share=np.full(STEPS, 0.97)))
    assert (seen.name, seen.onset, seen.onset_low) == (SignatureName.DEGENERATE_GROUPS, 1, None)


def test_what_is_not_logged_is_named():
    assert unseen(table("whole")) == {}
    short = table("short").filter(pl.col("step") < 10)
    assert set(unseen(short)) == set(PATHOLOGIES)
    no_entropy = table("part").filter(~pl.col("name").is_in(["entropy", "kl_base"]))
    assert unseen(no_entropy) == {
        SignatureName.ENTROPY_COLLAPSE: "entropy",
        SignatureName.KL_BLOW_UP: "kl_base or kl_old",
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("nano-grpo", []),
        ("nano-sft_long", []),
        ("format-reward", [SignatureName.DEGENERATE_GROUPS]),
    ],
)
def test_real_runs_show_only_what_is_true(name, shown):
    """A reward for the form alone, which the base has mastered, gives no group a signal."""
    found = training_signatures(read_metrics(DATA / f"{name}.jsonl"))
    assert [seen.name for seen in found] == shown


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "correlation"), [(40, 0.5), (100, 0.5), (100, 0.8)])
def test_steady_runs_seldom_show_a_signature(steps, correlation):
    found = [bool(training_signatures(table(f"steady{n}", steps, correlation))) for n in range(100)]
    assert np.mean(found) <= 0.03
