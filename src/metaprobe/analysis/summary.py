"""From graded responses, stage by stage, to a summary."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from metaprobe.analysis.claims import claims
from metaprobe.analysis.comparison import Trajectory, compare_arms
from metaprobe.analysis.comparison_findings import comparison_findings
from metaprobe.analysis.features import feature_findings
from metaprobe.analysis.findings import findings
from metaprobe.analysis.lighter import lighter_table
from metaprobe.analysis.prediction import prediction
from metaprobe.analysis.profile import Profile, assign_q_values, item_accuracies, profile
from metaprobe.analysis.shape import mean_over_seeds, shape
from metaprobe.analysis.signatures.curves import with_loops
from metaprobe.analysis.signatures.runs import run_signatures
from metaprobe.analysis.transfer import transfer
from metaprobe.analysis.wording import label
from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    Budget,
    Comparison,
    Shape,
    StageResult,
    Summary,
)

Logged = Mapping[tuple[str, int], pl.DataFrame]
"""What the training of an arm and seed logged, as from `read_metrics`."""


class Stage(NamedTuple):
    """One checkpoint, or the base, whose responses have been graded."""

    arm: str
    seed: int
    step: int
    kind: str
    responses: Callable[[], pl.DataFrame]
    """Reads the table of graded responses, as `profile` wants it."""
    seconds: float | None
    tokens: int | None
    forward_tokens: int | None
    details: Mapping[str, Any]
    """What other probes found, by field of `StageResult`."""
    from_base: bool = True
    """Whether training began from the base: if not, its steps are not all that was spent."""

    @property
    def label(self) -> str:
        """Name of the stage, and of its random streams."""
        return _label(self.arm, self.seed, self.step)


class Context(NamedTuple):
    """What the summary says beside the measurements."""

    study: str
    question: str | None
    base: str
    parameters: int | None
    family: str | None
    trained_cells: Sequence[str]
    missing: Sequence[str]
    seconds: float
    provenance: dict[str, Any]


def summarise_stages(
    base: Stage, stages: Sequence[Stage], context: Context, metrics: Logged | None = None
) -> Summary:
    """Return the summary of everything that was measured, without samples of responses.

    Args:
        base: the base.
        stages: the others; arms come in the order in which they first appear here.
        context: names, costs and provenance.
        metrics: what was logged, where anything is known of it.
    """
    base_table = base.responses()
    base_rows = profile(base_table, None, stream="base")
    base_stage = StageResult(step=0, seconds=0, tokens=0, **base_rows._asdict(), **base.details)
    base_items = with_loops(item_accuracies(base_table), base_table)
    trained = set(context.trained_cells)
    arms: dict[tuple[str, int], ArmResult] = {}
    items: dict[str, pl.DataFrame] = {}
    for stage in sorted(stages, key=lambda s: (s.arm, s.seed, s.step)):
        table = stage.responses()
        items[stage.label] = with_loops(item_accuracies(table), table)
        rows = profile(table, base_table, stream=stage.label)
        form = shape(base_items, items[stage.label], trained, stream=stage.label)
        arm = arms.setdefault(
            (stage.arm, stage.seed),
            ArmResult(arm=stage.arm, kind=stage.kind, seed=stage.seed, steps=[]),
        )
        arm.steps.append(_result(stage, rows, form))
    order = list(dict.fromkeys(s.arm for s in stages))
    judged = assign_q_values(sorted(arms.values(), key=lambda a: (order.index(a.arm), a.seed)))
    judged = [_with_signatures(run, base_items, items, trained, metrics or {}) for run in judged]
    last: dict[str, list[pl.DataFrame]] = {}
    for run in judged:
        last.setdefault(run.arm, []).append(items[_label(run.arm, run.seed, run.steps[-1].step)])
    comparison = _comparison(stages, items, base_items, trained)
    labels = {a.arm: label(a.arm, a.kind) for a in judged}
    shapes = {
        arm: shape(base_items, mean_over_seeds(tables), trained, stream=arm)
        for arm, tables in last.items()
    }
    named = {"name": context.base, "parameters": context.parameters, "family": context.family}
    info = BaseInfo(**named, profile=base_stage)
    return Summary(
        study=context.study,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(context.seconds, 1),
        base=info,
        arms=judged,
        findings=[
            *comparison_findings(comparison, labels),
            *findings(info, judged, list(context.trained_cells)),
            *claims(base_items, last, trained, labels),
            *feature_findings(base_stage, judged),
        ],
        trained_cells=list(context.trained_cells),
        question=context.question,
        comparison=comparison,
        shapes={arm: found for arm, found in shapes.items() if found is not None},
        transfer=transfer(base_items, last, trained),
        prediction=prediction(judged, base_stage, trained),
        lighter=lighter_table(judged),
        missing=list(context.missing),
        provenance=context.provenance,
    )


def _with_signatures(
    run: ArmResult,
    base: pl.DataFrame,
    items: Mapping[str, pl.DataFrame],
    trained: set[str],
    metrics: Logged,
) -> ArmResult:
    stages = {s.step: items[_label(run.arm, run.seed, s.step)] for s in run.steps}
    return run_signatures(run, base, stages, trained, metrics.get((run.arm, run.seed)))


def _label(arm: str, seed: int, step: int) -> str:
    return f"{arm}-{seed}-{step}"


def _result(stage: Stage, rows: Profile, form: Shape | None) -> StageResult:
    return StageResult(
        step=stage.step,
        seconds=None if stage.seconds is None else round(stage.seconds, 2),
        tokens=stage.tokens,
        forward_tokens=stage.forward_tokens,
        **rows._asdict(),
        shape=form,
        **stage.details,
    )


def _comparison(
    stages: Sequence[Stage],
    items: Mapping[str, pl.DataFrame],
    base: pl.DataFrame,
    trained: set[str],
) -> Comparison | None:
    """Return the arms beside each other, on the items that were graded at every stage."""
    shared = base.select("item_id", "domain", "skill", base="accuracy")
    for n, own in enumerate(items.values()):
        column = own.select("item_id", pl.col("accuracy").alias(str(n)))
        shared = shared.join(column, on="item_id", how="inner", maintain_order="left")
    changes = {name: (shared[str(n)] - shared["base"]).to_numpy() for n, name in enumerate(items)}
    runs: dict[tuple[str, int], list[Stage]] = {}
    for stage in stages:
        runs.setdefault((stage.arm, stage.seed), []).append(stage)
    trajectories = []
    for (arm, seed), run in runs.items():
        run.sort(key=lambda s: s.step)
        trajectories.append(
            Trajectory(
                arm=arm,
                seed=seed,
                steps=[s.step for s in run],
                costs=_costs(run),
                changes=np.stack([changes[s.label] for s in run]),
            )
        )
    cells = shared["domain"] + "/" + shared["skill"]
    return compare_arms(trajectories, cells.is_in(sorted(trained)).to_numpy(), cells.to_list())


def _costs(run: Sequence[Stage]) -> dict[Budget, Sequence[float | None]]:
    """Return what a run spent up to each stage, as far as that is known."""
    costs: dict[Budget, Sequence[float | None]] = {
        "forward_tokens": [s.forward_tokens for s in run]
    }
    if all(s.from_base and s.kind != "interpolation" for s in run):
        costs["steps"] = [s.step for s in run]
        costs["tokens"] = [s.tokens for s in run]
        costs["seconds"] = [s.seconds for s in run]
    return costs
