"""From the result files of a study to `summary.json`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl
from pydantic import BaseModel

from metaprobe.analysis.signatures.metrics import read_metrics
from metaprobe.analysis.summary import Context, Stage, summarise_stages
from metaprobe.benchmark.items import Item
from metaprobe.core.files import read_json
from metaprobe.core.results import (
    ArmResult,
    Behaviours,
    CrossSampling,
    Divergence,
    Lighter,
    Likelihood,
    ParameterChange,
    Representation,
    Sample,
    SampleResponse,
    StageFeatures,
    Summary,
)
from metaprobe.core.vocabulary import CELLS
from metaprobe.study.layout import BASE, Layout, StageName

_DETAILS: dict[str, type[BaseModel]] = {
    "divergence": Divergence,
    "parameters": ParameterChange,
    "likelihood": Likelihood,
    "behaviours": Behaviours,
    "representation": Representation,
    "cross_sampling": CrossSampling,
    "lighter": Lighter,
    "features": StageFeatures,
}
"""What each probe leaves; its name is the field of `StageResult`."""

SAMPLES_PER_CELL = 2
_SHOWN_CHARACTERS = 4000


class MeasuredStage(NamedTuple):
    """A stage whose probes have run."""

    name: StageName
    kind: str
    seconds: float | None
    tokens: int | None
    forward_tokens: int | None
    from_base: bool = True
    """Whether its training began from the study's base."""


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
    names = [BASE, *(stage.name for stage in stages)]
    problems = [line for name in names for line in layout.problems(name)]
    context = context._replace(missing=[*context.missing, *problems])
    base = MeasuredStage(BASE, "base", 0, 0, None)
    summary = summarise_stages(
        _stage(layout, base),
        [_stage(layout, stage) for stage in stages],
        context,
        _metrics(layout, stages),
    )
    return summary.model_copy(update={"samples": _samples(layout, summary.arms, items)})


def _stage(layout: Layout, stage: MeasuredStage) -> Stage:
    name = stage.name
    details = {field: _detail(kind, layout.detail(field, name)) for field, kind in _DETAILS.items()}
    return Stage(
        arm=name.arm,
        seed=name.seed,
        step=name.step,
        kind=stage.kind,
        responses=partial(pl.read_parquet, layout.responses(name)),
        seconds=stage.seconds,
        tokens=stage.tokens,
        forward_tokens=stage.forward_tokens,
        details=details,
        from_base=stage.from_base,
    )


def _metrics(
    layout: Layout, stages: Sequence[MeasuredStage]
) -> dict[tuple[str, int], pl.DataFrame]:
    """Return what was logged by the arms and seeds that were trained here."""
    paths = {(s.name.arm, s.name.seed): layout.metrics(s.name) for s in stages}
    return {run: read_metrics(path) for run, path in paths.items() if path.is_file()}


def _detail(kind: type[BaseModel], path: Path) -> BaseModel | None:
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
