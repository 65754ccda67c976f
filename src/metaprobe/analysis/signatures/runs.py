"""Everything that one arm and seed shows: curves and metrics together."""

from collections.abc import Mapping

import polars as pl

from metaprobe.analysis.signatures.curves import arm_curves, curve_signatures
from metaprobe.analysis.signatures.training import training_signatures
from metaprobe.core.results import ArmResult, SignatureName


def run_signatures(
    run: ArmResult,
    base: pl.DataFrame,
    stages: Mapping[int, pl.DataFrame],
    trained: set[str],
    metrics: pl.DataFrame | None,
) -> ArmResult:
    """Return an arm and seed with the signatures that it shows.

    Args:
        run: After `assign_q_values`.
        base: The base's item accuracies, as from `with_loops`.
        stages: The same of each stage, by step.
        trained: Cells that it was trained on; empty where they are not known.
        metrics: What its training logged, if anything is known of it.
    """
    stream = f"{run.arm}-{run.seed}"
    found = curve_signatures(run, arm_curves(stream, base, stages), trained)
    if metrics is not None:
        found += training_signatures(metrics)
    by_name = {seen.name: seen for seen in reversed(found)}  # of two sources the first
    signatures = [by_name[name] for name in SignatureName if name in by_name]
    return run.model_copy(update={"signatures": signatures})
