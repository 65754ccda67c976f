"""Which stages the lighter methods are asked of, and a small study with them."""

from pathlib import Path

import polars as pl
import pytest

from metaprobe.core.results import read_summary
from metaprobe.models.sampling import Sampling
from metaprobe.stages.discover import FoundStage
from metaprobe.study.config import ProbeSettings, StudyConfig
from metaprobe.study.layout import Layout
from metaprobe.study.plan import Measuring, plan_probe, plan_study
from metaprobe.study.run import run_study, silent
from metaprobe.training.arms import SFTConfig


def study(probes: ProbeSettings) -> StudyConfig:
    arm = SFTConfig(kind="sft", traces="short", steps=4, stages=[2, 4], batch_size=2)
    return StudyConfig(
        name="small",
        base="nano/qwen3",
        arms={"sft": arm},
        probes=probes,
        benchmark={"items_per_cell": 4},
        sampling=Sampling(samples=1, max_new_tokens=24),
        data={"problems": 40},
    )


@pytest.mark.parametrize(("stages", "expected"), [("last", [4]), ("all", [2, 4])])
def test_the_last_stage_is_asked_or_all(tmp_path: Path, stages: str, expected: list[int]) -> None:
    probes = ProbeSettings(lighter=True, lighter_stages=stages)
    planned = plan_study(study(probes), Layout(tmp_path), "hash")
    asked = [
        p.stage.step for p in planned if p.stage and any("lighter" in str(o) for o in p.outputs)
    ]
    assert asked == expected
    found = [FoundStage("a", "external", 0, step, 0.0, 0, None, "nano/qwen3") for step in (1, 7, 3)]
    measuring = Measuring("nano/qwen3", "hash", Sampling(), probes)
    planned = plan_probe(found, measuring, Layout(tmp_path))[1:]
    told = [p.unit.task.probes.lighter for p in planned]
    assert told == [stages == "all", True, stages == "all"]


@pytest.mark.slow  # half a minute
def test_a_study_with_the_probe_has_its_results(tmp_path: Path) -> None:
    probes = ProbeSettings(
        divergence=False, parameters=False, behaviours=False, lighter=True, lighter_items=4
    )
    run_study(study(probes), tmp_path / "run", watch=silent, workers=0)
    summary = read_summary(tmp_path / "run" / "summary.json")
    first, last = summary.arms[0].steps
    assert first.lighter is None
    assert last.lighter is not None
    assert last.lighter.n_texts == 80
    methods = {m.method: m for m in last.lighter.methods}
    assert len(methods) == 6
    assert "collect more items" in str(methods["sae"].problem)  # 80 short texts are one shard
    assert methods["mean_difference"].movements is not None
    assert methods["weights"].movements is None
    assert [row.method for row in summary.lighter] == list(methods)
    values = pl.read_parquet(tmp_path / "run/results/lighter/sft-0-4.parquet")
    moved = values.filter(pl.col("metric") == "mean_difference/movement")
    assert moved["n"].to_list() == [16] * 5
    again = run_study(study(probes), tmp_path / "run", watch=silent, workers=0)
    assert again.ran == 0
