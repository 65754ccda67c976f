"""A study as a table: the change of each cell at each stage, beside what may predict it."""

from collections.abc import Callable, Collection, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

import polars as pl

from metaprobe.analysis.profile import is_below
from metaprobe.core.results import (
    ArmResult,
    CellDivergence,
    CellResult,
    FeatureShare,
    Predictor,
    RepresentationRow,
    StageResult,
    TextKind,
)
from metaprobe.core.results.prediction import Family
from metaprobe.core.vocabulary import Cell

KL_TASK = "kl_forward_task"
"""The predictor of RL's Razor."""

INTERPOLATION = "interpolation"
"""Kind of an arm that lies between two models, and is no training run."""


class Seen(NamedTuple):
    """One cell of one stage, as a predictor sees it."""

    stage: StageResult
    cell: CellResult
    trained: Collection[str]

    def divergences(self, text: TextKind, *, task: bool) -> list[CellDivergence]:
        """Return the divergence of this cell, or of the trained ones (of all if unknown)."""
        found = self.stage.divergence.per_cell if self.stage.divergence else []
        own = str(_cell(self.cell))
        return [
            d
            for d in found
            if d.text == text
            and ((not self.trained or str(_cell(d)) in self.trained) if task else _is(d, own))
        ]


Value = Callable[[Seen], float | None]


class Measured(NamedTuple):
    """A predictor and where its value comes from."""

    predictor: Predictor
    value: Value
    danger: int
    """1 where a larger value should mean a loss, -1 where a smaller one should, 0 if neither."""


def prediction_table(
    arms: Sequence[ArmResult], base: StageResult, trained: Collection[str]
) -> tuple[pl.DataFrame, list[Predictor]]:
    """Return one row for each cell of each stage, and the predictors that were measured.

    Args:
        arms: those of the study, judged; interpolations are left out.
        base: profile of the base.
        trained: cells that were trained on; empty where they are not known.

    Returns:
        Columns arm, seed, step, place (of the stage in its run, from 0), cell, trained, change,
        below (whether the cell is below the base), collapsed, one a predictor (null where it was
        not measured).
    """
    before = {str(_cell(row)): row.accuracy for row in base.cells}
    measured = [*MEASURED, _base_accuracy(before)]
    rows = [
        {
            "arm": arm.arm,
            "seed": arm.seed,
            "step": stage.step,
            "place": place,
            "cell": str(_cell(row)),
            "trained": str(_cell(row)) in trained,
            "change": row.delta,
            "below": is_below(row),
            "collapsed": row.collapsed,
            **{m.predictor.name: m.value(Seen(stage, row, trained)) for m in measured},
        }
        for arm in arms
        if arm.kind != INTERPOLATION
        for place, stage in enumerate(arm.steps)
        for row in stage.cells
        if row.delta is not None
    ]
    numbers = {m.predictor.name: pl.Float64 for m in measured}
    table = pl.DataFrame(rows, schema_overrides=numbers)
    known = [
        m.predictor
        for m in measured
        if rows and table[m.predictor.name].drop_nulls().n_unique() > 1
    ]
    return table, known


def _base_accuracy(before: dict[str, float | None]) -> Measured:
    words = "accuracy of the base: what a cell can lose"
    predictor = Predictor(name="base_accuracy", family="baseline", measures=words, per_cell=True)
    return Measured(predictor, lambda s: before.get(str(_cell(s.cell))), 1)


def _cell(row: CellResult | CellDivergence) -> Cell:
    return Cell(row.domain, row.skill)


def _is(row: CellDivergence, cell: str) -> bool:
    return str(_cell(row)) == cell


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _divergence(field: str, text: TextKind, *, task: bool) -> Value:
    return lambda s: _mean([getattr(d, field) for d in s.divergences(text, task=task)])


def _one_minus(value: Value) -> Value:
    def flipped(seen: Seen) -> float | None:
        found = value(seen)
        return None if found is None else 1 - found

    return flipped


def _size(value: Value) -> Value:
    def absolute(seen: Seen) -> float | None:
        found = value(seen)
        return None if found is None else abs(found)

    return absolute


def _weights(field: str) -> Value:
    return lambda s: getattr(s.stage.parameters, field) if s.stage.parameters else None


def _changed_share(seen: Seen) -> float | None:
    found = seen.stage.parameters.changed if seen.stage.parameters else []
    return next((point.share for point in found if point.dtype == "relative"), None)


def _states(field: str, *, task: bool) -> Value:
    """Return a mean over layers, of this cell's texts or of all."""

    def value(seen: Seen) -> float | None:
        found = seen.stage.representation
        if found is None:
            return None
        own = [r for r in found.cells if (r.domain, r.skill) == (seen.cell.domain, seen.cell.skill)]
        rows: Sequence[RepresentationRow] = [found.all] if task else own
        return _mean([getattr(layer, field) for row in rows for layer in row.layers])

    return value


def _ranking_loss(seen: Seen) -> float | None:
    found = seen.stage.likelihood.cells if seen.stage.likelihood else []
    here = (seen.cell.domain, seen.cell.skill)
    change = next((r.delta for r in found if (r.domain, r.skill) == here), None)
    return None if change is None else -change


def _gain(seen: Seen) -> float | None:
    if not seen.trained:
        return None
    return _mean([r.delta for r in seen.stage.cells if str(_cell(r)) in seen.trained])


def _measured(
    name: str, family: Family, measures: str, value: Value, *, per_cell: bool, danger: int = 1
) -> Measured:
    predictor = Predictor(name=name, family=family, measures=measures, per_cell=per_cell)
    return Measured(predictor, value, danger)


def _of_divergence() -> list[Measured]:
    """Return the divergences, on the training task and in each cell."""
    task, cell = "on the training task", "in the cell"
    kinds: list[tuple[str, str, TextKind, str]] = [
        ("kl_forward", "kl_forward", "base", "KL(base || tuned), responses of the base"),
        ("kl_reverse", "kl_reverse", "own", "KL(tuned || base), the stage's own responses"),
        ("js", "js", "base", "Jensen-Shannon divergence, responses of the base"),
    ]
    found = []
    for where, words, of_task in (("task", task, True), ("cell", cell, False)):
        for name, field, kind, measures in kinds:
            value = _divergence(field, kind, task=of_task)
            full = f"{name}_{where}"
            found.append(
                _measured(full, "divergence", f"{measures}, {words}", value, per_cell=not of_task)
            )
    top = _one_minus(_divergence("top1_agreement", "base", task=False))
    rank = _divergence("rank_shift", "base", task=False)
    entropy = _size(_divergence("entropy_change", "base", task=False))
    for name, measures, value in (
        ("first_choice_cell", "share of tokens whose first choice changed, in the cell", top),
        ("rank_shift_cell", "mean shift of the rank of the base's tokens, in the cell", rank),
        ("entropy_cell", "size of the change of entropy, in the cell", entropy),
    ):
        found.append(_measured(name, "divergence", measures, value, per_cell=True))
    return found


def _of_weights() -> list[Measured]:
    fields: list[tuple[str, str, Value, int]] = [
        ("relative_norm", "norm of the change over that of the base", _weights("relative_norm"), 1),
        ("changed_share", "share of weights that moved by a relative 1e-3", _changed_share, 1),
        ("cosine_distance", "1 - cosine of base and stage", _one_minus(_weights("cosine")), 1),
        ("sign_flips", "share of weights that changed sign", _weights("sign_flips"), 1),
        ("principal_angle", "largest principal angle", _weights("principal_angle"), 1),
        ("stable_rank", "stable rank of the change", _weights("stable_rank"), 0),
    ]
    return [
        _measured(name, "weights", measures, value, per_cell=False, danger=danger)
        for name, measures, value, danger in fields
    ]


def _of_states() -> list[Measured]:
    found = []
    for where, task in (("all", True), ("cell", False)):
        words = "all texts" if task else "the cell"
        cka = _one_minus(_states("cka", task=task))
        drift = _states("cosine_drift", task=task)
        for name, value in (("cka_fall", cka), ("drift", drift)):
            measures = "1 - linear CKA" if name == "cka_fall" else "cosine drift"
            measures += f" of the hidden states, mean over layers, {words}"
            found.append(
                _measured(f"{name}_{where}", "representation", measures, value, per_cell=not task)
            )
    return found


def _features(what: Literal["lost", "gained", "rotated"]) -> Value:
    def value(seen: Seen) -> float | None:
        found = seen.stage.features
        share: FeatureShare | None = getattr(found.changes.change, what) if found else None
        return share.share if share else None

    return value


def _of_features() -> list[Measured]:
    kinds: list[tuple[Literal["lost", "gained", "rotated"], str]] = [
        ("lost", "share of the base's features that fire together with none of the stage"),
        ("gained", "share of the stage's features that fire together with none of the base"),
        ("rotated", "share of the base's features that point along another direction"),
    ]
    return [
        _measured(f"features_{what}", "features", measures, _features(what), per_cell=False)
        for what, measures in kinds
    ]


MEASURED: tuple[Measured, ...] = (
    _measured(
        "compute",
        "baseline",
        "forward tokens since the base",
        lambda s: s.stage.forward_tokens,
        per_cell=False,
    ),
    _measured("gain", "baseline", "mean change of the trained cells", _gain, per_cell=False),
    *_of_divergence(),
    *_of_weights(),
    *_of_states(),
    *_of_features(),
    _measured(
        "ranking_loss_cell",
        "likelihood",
        "fall of the share of golds that rank first by likelihood, in the cell",
        _ranking_loss,
        per_cell=True,
    ),
)
"""All predictors that come from a stage; the base's accuracy comes from the base."""

DANGER = {m.predictor.name: m.danger for m in MEASURED} | {"base_accuracy": 1, "change": -1}
"""Which direction of a score should mean a loss; fixed here, so that nothing is fitted."""
