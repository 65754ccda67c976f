"""The units of work that worker processes run: train an arm, probe a stage.

Every function here takes picklable arguments, reads its inputs from the study's folder or from
the model's, and leaves its outputs there; nothing but progress comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from metaprobe.benchmark.freeze import baselines, load_benchmark
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import write_parquet, write_text
from metaprobe.core.vocabulary import Split, parse_cells
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses
from metaprobe.study.config import DataSettings, ProbeSettings
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.study.probes import Measurement, ProbedStage, chosen_probes
from metaprobe.training.arms import InterpolationConfig, SFTConfig, Trained
from metaprobe.training.corpus.load import draw_prepared, load_traces
from metaprobe.training.data import draw_items
from metaprobe.training.interpolation import interpolate_arm
from metaprobe.training.session import ArmRun
from metaprobe.training.traces import Solutions, trace_lengths
from metaprobe.training.train import train_arm

Tell = Callable[[float], None]
"""Called with the share of the unit that is done."""


@dataclass(frozen=True, kw_only=True)
class TrainTask:
    """Train one arm with one seed."""

    arm: ArmRun
    config: Trained
    data: DataSettings

    def run(self, tell: Tell) -> None:
        """Train to the last step; goes on from the last stage where there is one."""
        items, solutions = self._problems()
        steps = self.config.steps
        train_arm(
            self.config,
            items,
            self.arm,
            solutions=solutions,
            on_step=lambda step, _: tell(step / steps),
        )

    def _problems(self) -> tuple[list[Item], Solutions | None]:
        """Return the problems, and their traces where the data were prepared with some."""
        data = self.data
        if data.prepared is None:
            items = draw_items(
                parse_cells(data.cells),
                data.levels,
                data.problems,
                split=Split.TRAIN,
                seed=self.arm.seed,
                families=data.families,
            )
            return items, None
        prepared = load_traces(Path(data.prepared))
        lengths = trace_lengths(self.config.traces) if isinstance(self.config, SFTConfig) else ()
        items = draw_prepared(prepared, data.problems, lengths=lengths, seed=self.arm.seed)
        return items, prepared.traces


@dataclass(frozen=True, kw_only=True)
class InterpolateTask:
    """Write the stages between the base and another arm."""

    arm: ArmRun
    config: InterpolationConfig

    def run(self, tell: Tell) -> None:
        """Write them all."""
        interpolate_arm(self.config, self.arm)
        tell(1.0)


@dataclass(frozen=True, kw_only=True)
class ProbeTask:
    """Measure one stage; the base is a stage too."""

    root: Path
    stage: StageName
    model: str
    base: str
    sampling: Sampling
    probes: ProbeSettings

    def run(self, tell: Tell) -> None:
        """Sample and grade responses, then run the probes that are switched on."""
        layout = Layout(self.root)
        layout.discard(self.stage)  # of a probe that is switched off nothing older may stay
        loaded = _loaded(self.model)
        benchmark = load_benchmark(str(layout.benchmark))
        responses = measure_responses(
            loaded,
            benchmark.items,
            self.sampling,
            baselines(benchmark.manifest),
            shots=self.probes.shots,
        )
        write_parquet(layout.responses(self.stage), responses)
        tell(0.5)
        at_base = self.stage == BASE
        probes = [p for p in chosen_probes(self.probes) if p.of_base or not at_base]
        for done, probe in enumerate(probes):
            before = layout.table(probe.name, BASE)
            stage = ProbedStage(
                label=self.stage.label,
                loaded=loaded,
                base=loaded if at_base else _loaded(self.base),
                is_base=at_base,
                items={item.id: item for item in benchmark.items},
                responses=responses,
                base_responses=pl.read_parquet(layout.responses(BASE)),
                base_table=pl.read_parquet(before) if before.is_file() and not at_base else None,
                sampling=self.sampling,
                shots=self.probes.shots,
                kept=layout.kept(probe.name, self.stage),
                base_kept=layout.kept(probe.name, BASE),
            )
            try:
                _write(layout, probe.name, self.stage, probe.measure(stage))
            except (InputError, ConfigError) as error:
                write_text(layout.problem(probe.name, self.stage), f"{error}\n")
            tell(0.5 + 0.5 * (done + 1) / len(probes))


def forget_models() -> None:
    """Drop the models that this process keeps loaded, by the names of their folders."""
    _loaded.cache_clear()


Task = TrainTask | InterpolateTask | ProbeTask


def _write(layout: Layout, probe: str, stage: StageName, found: Measurement) -> None:
    optional = dict.fromkeys(("value", "low", "high"), pl.Float64)
    rows = pl.DataFrame(found.values, schema_overrides=optional)
    write_parquet(layout.result(probe, stage), rows)
    if found.table is not None:
        write_parquet(layout.table(probe, stage), found.table)
    write_text(layout.detail(probe, stage), found.result.model_dump_json(indent=1) + "\n")


@lru_cache(maxsize=2)
def _loaded(name: str) -> LoadedModel:
    return load_model(name, dtype=torch.float32)
