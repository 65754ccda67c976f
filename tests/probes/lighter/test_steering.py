"""Coefficients are chosen on other items than effects, and a planted direction restores."""

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from metaprobe.benchmark.freeze import baselines, load_benchmark
from metaprobe.core.stats import FloatArray, paired_delta
from metaprobe.core.vocabulary import Skill, Verdict
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses
from metaprobe.probes.divergence import response_texts
from metaprobe.probes.lighter import Outcomes, measure, measure_lighter, steering
from metaprobe.probes.lighter.cost import measured
from metaprobe.probes.lighter.steering import COEFFICIENTS, Trial, steer_all
from metaprobe.probes.representation import ItemText

BEST = {"found": 1.0, "flat": 0.5}


class Scripted(Trial):
    """A trial whose answers are written down: only the first direction helps, most at 1."""

    def accuracies(self, items: Sequence[Any], direction: FloatArray | None) -> FloatArray:
        along = 0.0 if direction is None else float(direction[0])
        wanted = 0.9 if along == 2.0 else 0.4 if along > 0 else 0.2
        return np.arange(len(items)) < wanted * len(items)


def scripted() -> Trial:
    fields: Any = dict.fromkeys(("tuned", "module", "sampling", "majority", "shots"))
    return Scripted(**fields, step=2.0, choosing=range(10), held=range(20), stream="test")


def test_the_best_coefficient_of_the_other_half_is_taken() -> None:
    directions = {"found": np.array([7.0, 0.0]), "flat": np.array([0.0, 3.0])}
    effects, random = steer_all(scripted(), directions, [np.array([0.0, -1.0])])
    assert {n: e.coefficient for n, e in effects.items()} == BEST
    found, flat = effects["found"], effects["flat"]
    accuracies = [np.arange(20) < 20 * share for share in (0.2, 0.9)]
    expected = paired_delta(*accuracies, stream="test/found")
    assert (found.effect, found.effect_low, found.effect_high) == expected[:3]
    assert found.beyond_random == pytest.approx(0.7)
    assert (flat.effect, flat.beyond_random) == (0, 0)
    assert (random[0].effect, random[0].beyond_random, random[0].n_items) == (0, None, 20)


def test_of_equal_coefficients_the_gentlest_is_taken() -> None:
    directions = {"flat": np.array([0.0, 3.0])}
    effects, _ = steer_all(scripted(), directions, [np.array([0.0, 1.0])])
    assert abs(effects["flat"].coefficient) == min(map(abs, COEFFICIENTS))


def test_a_piece_of_work_pays_for_its_own_memory_and_time() -> None:
    def take(megabytes: int) -> int:
        return len(np.ones(megabytes * 2**17).tobytes())

    _, large = measured(lambda: take(64))
    _, small = measured(lambda: sum(range(2_000_000)))
    if large.peak_mb is None or small.peak_mb is None:
        pytest.skip("the system does not tell")
    assert 120 < large.peak_mb < 150  # the array and the copy of its bytes
    assert small.peak_mb < 10
    assert small.cpu_seconds > 0


@pytest.mark.slow  # half a minute
def test_what_was_taken_from_the_states_of_a_model_is_found_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steering, "COEFFICIENTS", (-1.0, 1.0))
    monkeypatch.setattr(measure, "RANDOM_DIRECTIONS", 1)
    base = load_model("nano/qwen3", dtype=torch.float32)
    benchmark = load_benchmark("nano", items_per_cell=4)
    items, sampling = list(benchmark.items), Sampling(samples=1, max_new_tokens=96)
    majority = baselines(benchmark.manifest)
    responses = measure_responses(base, items, sampling, majority)
    tokens = dict(responses.select("item_id", "tokens").iter_rows())
    right = dict(responses.select("item_id", "verdict").iter_rows())
    accuracy = {item: float(v == Verdict.CORRECT) for item, v in right.items()}
    tuned = copy.deepcopy(base.model)
    taken = torch.randn(160, generator=torch.Generator().manual_seed(0))
    taken *= 30 / taken.norm()
    tuned.model.layers[1].register_forward_hook(
        lambda _, __, h: torch.cat([h[:, :1], h[:, 1:] - taken], 1) if h.shape[1] > 1 else h - taken
    )
    texts = response_texts(base, items, [tokens[i.id] for i in items], 0)
    result = measure_lighter(
        base,
        dataclasses.replace(base, model=tuned),
        [ItemText(i.id, i.cell, t.text) for i, t in zip(items, texts, strict=True)],
        Outcomes(
            items={i.id: i for i in items},
            base=accuracy,
            tuned=dict.fromkeys(accuracy, 0.0),
            sampling=sampling,
            majority=majority,
            shots=0,
        ),
    )
    assert result.lost in Skill
    assert result.step == pytest.approx(30, rel=0.01)
    found = {m.method: m for m in result.methods}
    restored = found["mean_difference"].steering
    assert restored is not None
    assert restored.coefficient == 1
    assert result.change is not None
    # Up to the few items that a random direction answers, what was lost is back.
    assert restored.effect == pytest.approx(-result.change.value, abs=0.13)
    assert restored.beyond_random is not None
    assert restored.beyond_random_low is not None
    assert restored.beyond_random_low > 0
    assert found["weights"].steering is None
    assert found["weights"].problem is not None
