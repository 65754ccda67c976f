"""What predicts loss: divergence, weights, hidden states, or nothing that was measured."""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import polars as pl

from metaprobe.analysis.prediction.fits import (
    FEWEST_TESTED_ARMS,
    RIDGE,
    Rows,
    explained,
    flip_test,
)
from metaprobe.analysis.prediction.table import DANGER, KL_TASK, prediction_table
from metaprobe.analysis.prediction.warning import early_cells, warning
from metaprobe.core.results import (
    ArmResult,
    NestedTest,
    Prediction,
    Predictor,
    PredictorFit,
    StageResult,
)
from metaprobe.core.results.prediction import Target
from metaprobe.core.stats import FloatArray, holm

TARGETS: tuple[Target, ...] = ("others", "cells")
Form = Literal["linear", "quadratic", "ridge"]

__all__ = ["prediction", "prediction_table"]


def prediction(
    arms: Sequence[ArmResult], base: StageResult, trained: Collection[str]
) -> Prediction | None:
    """Return what predicts the losses of a study; None without two stages to compare.

    Args:
        arms: those of the study, with q-values.
        base: profile of the base.
        trained: cells that were trained on; empty where they are not known.
    """
    table, predictors = prediction_table(arms, base, trained)
    if not predictors or table.select("arm", "seed", "step").n_unique() < 2:
        return None
    fits, nested = [], []
    for target in TARGETS:
        rows = _target(table.filter(~pl.col("trained")), predictors, target)
        usable = [p for p in predictors if target == "cells" or not p.per_cell]
        fits += _alone(rows, usable, target) + _together(rows, usable, target)
        nested += _beyond(rows, usable, target)
    early = early_cells(table)
    warned = ["change", *(p.name for p in predictors if DANGER[p.name])]
    return Prediction(
        n_arms=table["arm"].n_unique(),
        n_seeds=table["seed"].n_unique(),
        n_stages=table.select("arm", "seed", "step").n_unique(),
        predictors=predictors,
        fits=fits,
        nested=nested,
        warnings=[warning(early, name) for name in warned],
    )


def _target(table: pl.DataFrame, predictors: Sequence[Predictor], target: Target) -> pl.DataFrame:
    """Return the rows of one target: the cells, or their mean at each stage."""
    if target == "cells":
        return table
    means = ["change", *(p.name for p in predictors)]
    return (
        table.group_by("arm", "seed", "step", maintain_order=True)
        .agg(pl.col(means).mean())
        .with_columns(cell=pl.lit("others"))
    )


def _rows(table: pl.DataFrame) -> Rows:
    def codes(column: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return np.unique(table[column].to_numpy(), return_inverse=True)[1].reshape(-1)

    return Rows(table["change"].to_numpy(), codes("cell"), codes("arm"), codes("seed"))


def _squared(x: FloatArray) -> FloatArray:
    return np.column_stack([x, x**2])


def _fit(
    table: pl.DataFrame, columns: Sequence[str], name: str, target: Target, form: Form
) -> PredictorFit:
    own = table.drop_nulls(columns)
    rows = _rows(own)
    x = own.select(columns).to_numpy()
    if form == "quadratic":
        x = _squared(x)
    ridge = RIDGE if form == "ridge" else 0.0
    return PredictorFit(
        predictor=name,
        target=target,
        form=form,
        across_arms=explained(rows, x, by="arm", ridge=ridge),
        across_seeds=explained(rows, x, by="seed", ridge=ridge),
        n=own.height,
    )


def _alone(
    table: pl.DataFrame, predictors: Sequence[Predictor], target: Target
) -> list[PredictorFit]:
    forms: tuple[Form, ...] = ("linear", "quadratic")
    # The base's accuracy is the same at all stages of a cell, whose mean is known to every fit.
    varying = [p.name for p in predictors if p.name != "base_accuracy"]
    return [_fit(table, [name], name, target, form) for name in varying for form in forms]


def _together(
    table: pl.DataFrame, predictors: Sequence[Predictor], target: Target
) -> list[PredictorFit]:
    """Return the joint fits of each family, and of all, where there are several predictors."""
    names = {p.name: p.family for p in predictors if p.family != "baseline"}
    sets: dict[str, list[str]] = {}
    for name, family in names.items():
        sets.setdefault(family, []).append(name)
    sets["all"] = list(names)
    kept = {name: columns for name, columns in sets.items() if len(columns) > 1}
    if len({tuple(columns) for columns in kept.values()}) < len(kept):
        del kept["all"]  # there is one family only
    return [_fit(table, columns, name, target, "ridge") for name, columns in kept.items()]


def _beyond(
    table: pl.DataFrame, predictors: Sequence[Predictor], target: Target
) -> list[NestedTest]:
    """Return the tests of each statistic of the weights beside the forward KL."""
    names = [p.name for p in predictors]
    if KL_TASK not in names:
        return []
    found = []
    for name in (p.name for p in predictors if p.family == "weights"):
        own = table.drop_nulls([KL_TASK, name])
        rows, kl = _rows(own), _squared(own[KL_TASK].to_numpy())
        extra = own[name].to_numpy()
        p_value = flip_test(rows, kl, extra)
        few = f"{own['arm'].n_unique()} of at least {FEWEST_TESTED_ARMS} arms"
        found.append(
            NestedTest(
                predictor=name,
                target=target,
                given=KL_TASK,
                reduced=explained(rows, kl, by="arm"),
                full=explained(rows, np.column_stack([kl, extra]), by="arm"),
                p_value=p_value,
                p_adjusted=None,
                reason=few if p_value is None else None,
            )
        )
    known = [test for test in found if test.p_value is not None]
    adjusted = holm(np.array([test.p_value for test in known], dtype=np.float64))
    for test, value in zip(known, adjusted, strict=True):
        test.p_adjusted = float(value)
    return found
