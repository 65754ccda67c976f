"""From the result files of a study to `summary.json`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
from pydantic import BaseModel

from metaprobe.analysis.comparison import Trajectory, compare_arms
from metaprobe.analysis.comparison_findings import comparison_findings
from metaprobe.analysis.findings import findings
from metaprobe.analysis.profile import assign_q_values, item_accuracies, profile
from metaprobe.analysis.shape import shape
from metaprobe.analysis.wording import label
from metaprobe.benchmark.items import Item
from metaprobe.core.files import read_json
from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    Behaviours,
    Comparison,
    CrossSampling,
    Divergence,
    Likelihood,
    ParameterChange,
    Representation,
    Sample,
    SampleResponse,
    StageResult,
    Summary,
)
from metaprobe.core.vocabulary import CELLS
from metaprobe.study.layout import BASE, Layout, StageName

_Detail = TypeVar("_Detail", bound=BaseModel)

SAMPLES_PER_CELL = 2
_SHOWN_CHARACTERS = 4000


class MeasuredStage(NamedTuple):
    """A stage whose probes have run."""

    name: StageName
    kind: str
    seconds: float
    tokens: int
    forward_tokens: int | None


class Context(NamedTuple):
    """What the summary says beside the measurements."""

    study: str
    question: str | None
    base: str
    parameters: int
    family: str
    trained_cells: Sequence[str]
    missing: Sequence[str]
    seconds: float
    provenance: dict[str, Any]


def summarise(
    layout: Layout, stages: Sequence[MeasuredStage], items: Sequence[Item], context: Context
) -> Summary:
    """Return the summary of everything that was measured.

    Args:
        layout: the study's folder.
        stages: those whose responses are there, the base left out.
        items: of the benchmark.
        context: names, costs and provenance.
    """
    base_table = pl.read_parquet(layout.responses(BASE))
    base_rows = profile(base_table, None, stream="base")
    base_stage = StageResult(
        step=0,
        seconds=0,
        tokens=0,
        **base_rows._asdict(),
        likelihood=_detail(Likelihood, layout.detail("likelihood", BASE)),
        behaviours=_detail(Behaviours, layout.detail("behaviours", BASE)),
    )
    arms: dict[tuple[str, int], ArmResult] = {}
    for stage in sorted(stages, key=lambda s: s.name):
        result = _stage_result(layout, stage, base_table, base_stage, set(context.trained_cells))
        place = (stage.name.arm, stage.name.seed)
        arm = arms.setdefault(
            place, ArmResult(arm=place[0], kind=stage.kind, seed=place[1], steps=[])
        )
        arm.steps.append(result)
    order = list(dict.fromkeys(s.name.arm for s in stages))
    ranked = sorted(arms.values(), key=lambda a: (order.index(a.arm), a.seed))
    judged = assign_q_values(ranked)
    comparison = _comparison(layout, stages, base_table, set(context.trained_cells))
    labels = {a.arm: label(a.arm, a.kind) for a in judged}
    base = BaseInfo(
        name=context.base,
        parameters=context.parameters,
        family=context.family,
        profile=base_stage,
    )
    return Summary(
        study=context.study,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(context.seconds, 1),
        base=base,
        arms=judged,
        findings=[
            *comparison_findings(comparison, labels),
            *findings(base, judged, list(context.trained_cells)),
        ],
        samples=_samples(layout, judged, items),
        trained_cells=list(context.trained_cells),
        question=context.question,
        comparison=comparison,
        missing=[
            *context.missing,
            *(line for name in (BASE, *(s.name for s in stages)) for line in layout.problems(name)),
        ],
        provenance=context.provenance,
    )


def _stage_result(
    layout: Layout,
    stage: MeasuredStage,
    base_table: pl.DataFrame,
    base: StageResult,
    trained: set[str],
) -> StageResult:
    name = stage.name
    table = pl.read_parquet(layout.responses(name))
    rows = profile(table, base_table, stream=name.label)
    return StageResult(
        step=name.step,
        seconds=round(stage.seconds, 2),
        tokens=stage.tokens,
        forward_tokens=stage.forward_tokens,
        **rows._asdict(),
        shape=shape(
            base.cells,
            rows.cells,
            item_accuracies(base_table),
            item_accuracies(table),
            trained,
            stream=name.label,
        ),
        divergence=_detail(Divergence, layout.detail("divergence", name)),
        parameters=_detail(ParameterChange, layout.detail("parameters", name)),
        likelihood=_detail(Likelihood, layout.detail("likelihood", name)),
        behaviours=_detail(Behaviours, layout.detail("behaviours", name)),
        representation=_detail(Representation, layout.detail("representation", name)),
        cross_sampling=_detail(CrossSampling, layout.detail("cross_sampling", name)),
    )


def _comparison(
    layout: Layout, stages: Sequence[MeasuredStage], base: pl.DataFrame, trained: set[str]
) -> Comparison | None:
    """Return the arms beside each other, on the items that were graded at every stage."""
    tables = {
        stage.name: item_accuracies(pl.read_parquet(layout.responses(stage.name)))
        for stage in stages
    }
    items = item_accuracies(base).select("item_id", "domain", "skill", base="accuracy")
    for n, name in enumerate(sorted(tables)):
        column = tables[name].select("item_id", pl.col("accuracy").alias(str(n)))
        items = items.join(column, on="item_id", how="inner", maintain_order="left")
    changes = {
        name: (items[str(n)] - items["base"]).to_numpy() for n, name in enumerate(sorted(tables))
    }
    runs: dict[tuple[str, int], list[MeasuredStage]] = {}
    for stage in stages:
        runs.setdefault((stage.name.arm, stage.name.seed), []).append(stage)
    trajectories = []
    for (arm, seed), own in runs.items():
        own.sort(key=lambda s: s.name.step)
        trajectories.append(
            Trajectory(
                arm=arm,
                seed=seed,
                steps=[s.name.step for s in own],
                forward_tokens=[s.forward_tokens for s in own],
                changes=np.stack([changes[s.name] for s in own]),
            )
        )
    cells = items["domain"] + "/" + items["skill"]
    return compare_arms(trajectories, cells.is_in(sorted(trained)).to_numpy())


def _detail(kind: type[_Detail], path: Path) -> _Detail | None:
    return kind.model_validate(read_json(path)) if path.is_file() else None


def _samples(layout: Layout, arms: Sequence[ArmResult], items: Sequence[Item]) -> list[Sample]:
    first_seed = {a.arm: a for a in reversed(arms)}
    sources = {"base": BASE} | {
        name: StageName(name, a.seed, a.steps[-1].step) for name, a in first_seed.items() if a.steps
    }
    tables = {
        name: {
            row["item_id"]: row
            for row in pl.read_parquet(layout.responses(stage))
            .filter(pl.col("sample") == 0)
            .iter_rows(named=True)
        }
        for name, stage in sorted(sources.items())
    }
    samples = []
    for cell in CELLS:
        shown = [i for i in items if i.cell == cell and all(i.id in t for t in tables.values())]
        for item in shown[:SAMPLES_PER_CELL]:
            responses = {
                name: SampleResponse(
                    verdict=table[item.id]["verdict"],
                    text=table[item.id]["response"][:_SHOWN_CHARACTERS],
                )
                for name, table in tables.items()
            }
            samples.append(
                Sample(
                    domain=item.domain,
                    skill=item.skill,
                    family=item.family,
                    level=item.level,
                    question=item.question,
                    gold=item.answer.render(),
                    responses=responses,
                )
            )
    return samples
