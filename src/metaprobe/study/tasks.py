"""The units of work that worker processes run: train an arm, probe a stage.

Every function here takes picklable arguments, reads its inputs from the study's folder or from
the model's, and leaves its outputs there; nothing but progress comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from metaprobe.analysis.likelihood import likelihood_by_cell
from metaprobe.benchmark.freeze import baselines, load_benchmark
from metaprobe.benchmark.items import Item
from metaprobe.core.files import write_parquet, write_text
from metaprobe.core.results import Divergence, Likelihood, ParameterChange
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill, Split, parse_cells
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses
from metaprobe.probes.divergence import CellText, measure_divergence
from metaprobe.probes.likelihood import measure_likelihood
from metaprobe.probes.parameters import measure_parameters
from metaprobe.probes.prompts import item_prompts
from metaprobe.study.config import DataSettings, ProbeSettings
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.training.arms import InterpolationConfig, SFTConfig, Trained
from metaprobe.training.corpus.load import draw_prepared, load_traces
from metaprobe.training.data import draw_items
from metaprobe.training.interpolation import interpolate_arm
from metaprobe.training.session import ArmRun
from metaprobe.training.traces import Solutions, trace_lengths
from metaprobe.training.train import train_arm

_DETAILED = ("likelihood", "divergence", "parameters")
"""Probes with results of their own."""

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
        """Run the probes that are switched on and write their results."""
        layout = Layout(self.root)
        for probe in _DETAILED:  # of a probe that is switched off nothing older may stay
            layout.detail(probe, self.stage).unlink(missing_ok=True)
            layout.result(probe, self.stage).unlink(missing_ok=True)
        loaded = _loaded(self.model)
        benchmark = load_benchmark(str(layout.benchmark))
        items, majority = benchmark.items, baselines(benchmark.manifest)
        shots = self.probes.shots
        responses = measure_responses(loaded, items, self.sampling, majority, shots=shots)
        write_parquet(layout.responses(self.stage), responses)
        tell(0.5)
        if self.probes.likelihood:
            scores = _score(layout, self.stage, loaded, items, shots)
            _write(layout, "likelihood", self.stage, scores, likelihood_rows(scores))
        tell(0.6)
        if self.stage == BASE:
            return
        base = _loaded(self.base)
        if self.probes.divergence:
            asked = {item.id: item for item in items}
            divergence = measure_divergence(
                base,
                loaded,
                _texts(layout.responses(BASE), asked, base, self.probes),
                _texts(layout.responses(self.stage), asked, loaded, self.probes),
            )
            _write(layout, "divergence", self.stage, divergence, divergence_rows(divergence))
        tell(0.9)
        if self.probes.parameters and base.folder and loaded.folder:
            change = measure_parameters(base.folder, loaded.folder)
            _write(layout, "parameters", self.stage, change, parameter_rows(change))


Task = TrainTask | InterpolateTask | ProbeTask


def divergence_rows(divergence: Divergence) -> list[dict[str, Any]]:
    """Return the values of a divergence as rows `cell, metric, value, low, high, n`."""
    parts = [("all/base_text", divergence.base_text), ("all/own_text", divergence.own_text)]
    parts += [(f"{c.domain}/{c.skill}/{c.text}_text", c) for c in divergence.per_cell]
    metrics = (
        *("kl_forward", "kl_reverse", "js", "top1_agreement", "rank_shift"),
        *("entropy", "entropy_base", "high_js_share"),
    )
    return [
        {
            "cell": cell,
            "metric": metric,
            "value": getattr(summary, metric),
            "low": summary.kl_forward_low if metric == "kl_forward" else None,
            "high": summary.kl_forward_high if metric == "kl_forward" else None,
            "n": summary.n_positions,
        }
        for cell, summary in parts
        for metric in metrics
    ]


def parameter_rows(change: ParameterChange) -> list[dict[str, Any]]:
    """Return the values of a parameter change as rows `cell, metric, value, low, high, n`.

    `cell` is `all` or the name of the tensor. Weights are counted, not sampled: no interval.
    """
    values = [("all", "relative_norm", change.relative_norm, change.n)]
    values += [
        ("all", f"changed/{c.dtype}/{c.tolerance:g}", c.share, change.n) for c in change.changed
    ]
    for module in change.per_module:
        values.append((module.name, "relative_norm", module.relative_norm, module.n))
        values.append((module.name, "changed", module.changed, module.n))
    return [
        {"cell": cell, "metric": metric, "value": value, "low": None, "high": None, "n": n}
        for cell, metric, value, n in values
    ]


def likelihood_rows(likelihood: Likelihood) -> list[dict[str, Any]]:
    """Return the values of a ranking by likelihood as rows `cell, metric, value, low, high, n`."""
    parts = [("all", likelihood.all)]
    parts += [(f"{c.domain}/{c.skill}", c) for c in likelihood.cells]
    metrics = ("accuracy", "unnormalised", "margin", "delta")
    return [
        {
            "cell": cell,
            "metric": metric,
            "value": getattr(row, metric),
            "low": getattr(row, f"{metric}_low"),
            "high": getattr(row, f"{metric}_high"),
            "n": row.n_items,
        }
        for cell, row in parts
        for metric in metrics
    ]


def _write(
    layout: Layout, probe: str, stage: StageName, detail: BaseModel, rows: list[dict[str, Any]]
) -> None:
    optional = dict.fromkeys(("value", "low", "high"), pl.Float64)
    write_parquet(layout.result(probe, stage), pl.DataFrame(rows, schema_overrides=optional))
    write_text(layout.detail(probe, stage), detail.model_dump_json(indent=1) + "\n")


@lru_cache(maxsize=2)
def _loaded(name: str) -> LoadedModel:
    return load_model(name, dtype=torch.float32)


def _score(
    layout: Layout, stage: StageName, loaded: LoadedModel, items: Sequence[Item], shots: int
) -> Likelihood:
    table = measure_likelihood(loaded, items, shots=shots)
    write_parquet(layout.scores(stage), table)
    base = None if stage == BASE else pl.read_parquet(layout.scores(BASE))
    return likelihood_by_cell(table, base, stream=stage.label)


def _texts(
    path: Path, items: dict[str, Item], source: LoadedModel, probes: ProbeSettings
) -> list[CellText]:
    table = pl.read_parquet(path).filter(pl.col("sample") == 0)
    texts: list[CellText] = []
    for cell in CELLS:
        rows = table.filter(
            (pl.col("domain") == str(cell.domain)) & (pl.col("skill") == str(cell.skill))
        ).head(probes.divergence_items)
        asked = [items[i] for i in rows["item_id"]]
        prompts = item_prompts(source, asked, probes.shots, room=0)
        for prompt, tokens in zip(prompts, rows["tokens"].to_list(), strict=True):
            texts.append(
                CellText(Cell(Domain(cell.domain), Skill(cell.skill)), Text(prompt, tokens))
            )
    return texts
