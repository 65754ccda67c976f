"""The bases that the package ships: small, alike but for their architecture, and of some use."""

from pathlib import Path

import pytest

from metaprobe.benchmark.freeze import baselines, build_benchmark
from metaprobe.models.folders import resolve_model, shipped_models
from metaprobe.models.loading import load_model
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses

LIMIT_MB = 25


def folder_of(name: str) -> Path:
    folder = resolve_model(name)
    assert folder is not None
    return folder


def test_all_shipped_bases_together_stay_small() -> None:
    paths = [p for name in shipped_models() for p in folder_of(name).iterdir()]
    assert sum(p.stat().st_size for p in paths) < LIMIT_MB * 10**6


def test_the_bases_differ_in_architecture_and_share_a_tokenizer() -> None:
    loaded = [load_model(name) for name in shipped_models()]
    assert len({model.model.config.model_type for model in loaded}) == len(loaded) >= 3
    first, *others = (model.tokenizer.backend_tokenizer.to_str() for model in loaded)
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_base_is_well_above_the_majority_answers(name: str) -> None:
    benchmark = build_benchmark("nano", items_per_cell=4)
    majority = baselines(benchmark.manifest)
    sampling = Sampling(samples=1, max_new_tokens=192)
    table = measure_responses(load_model(name), benchmark.items, sampling, majority)
    assert (table["verdict"] == "correct").mean() > 2 * table["majority"].mean()
