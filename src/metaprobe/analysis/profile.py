"""The profile of a stage: accuracy by cell, skill and domain, beside its baselines and its base.

A response that errored says nothing about the model and is left out of accuracy; one that is
unparsed or truncated is not correct. All five verdicts are counted.
"""

from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metaprobe.core.errors import InputError
from metaprobe.core.results import (
    ArmResult,
    CellResult,
    DomainResult,
    Estimate,
    ProfileRow,
    SkillResult,
)
from metaprobe.core.stats import (
    FloatArray,
    Interval,
    benjamini_hochberg,
    chance_corrected,
    mean_interval,
    minimum_detectable_effect,
    paired_delta,
    pass_at_k,
    pass_hat_k,
    permutation_p,
)
from metaprobe.core.vocabulary import CELLS, Domain, Skill, Verdict

COLUMNS: tuple[str, ...] = (
    "item_id",
    "domain",
    "skill",
    "family",
    "level",
    "sample",
    "verdict",
    "self_check",
    "chance",
    "majority",
)
"""Columns that a table of graded responses needs, one row a sampled completion.

`self_check`, `chance` and `majority` may be null where they are not known.
"""

Q_LEVEL = 0.05
"""False discovery rate below which a change counts."""

_VERDICTS = tuple(str(verdict) for verdict in Verdict)

RowT = TypeVar("RowT", bound=ProfileRow)


class Profile(NamedTuple):
    """The rows of one stage; a cell, skill or domain without responses has no row."""

    cells: list[CellResult]
    skills: list[SkillResult]
    domains: list[DomainResult]


class _Items(NamedTuple):
    """Per-item columns, each of shape (items,); `base` is NaN where the base has no such item."""

    domain: NDArray[np.object_]
    skill: NDArray[np.object_]
    verdicts: FloatArray  # (items, verdicts), in the order of _VERDICTS
    accuracy: FloatArray
    base: FloatArray
    chance: FloatArray
    majority: FloatArray
    self_checks: FloatArray


def _count_items(responses: pl.DataFrame) -> pl.DataFrame:
    """Return one row an item, in order of appearance, with its counts; errored-only ones too."""
    missing = [name for name in COLUMNS if name not in responses.columns]
    if missing:
        raise InputError(f"the table of responses lacks the columns {', '.join(missing)}")
    unknown = set(responses["verdict"].unique()) - set(_VERDICTS)
    if unknown:
        raise InputError(f"unknown verdict {min(map(str, unknown))!r}: use {', '.join(_VERDICTS)}")
    graded = pl.col("verdict") != Verdict.ERRORED
    counts = [(pl.col("verdict") == name).sum().cast(pl.Int64).alias(name) for name in _VERDICTS]
    return (
        responses.group_by("item_id", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in ("domain", "skill", "family", "level")),
            *(pl.col(name).first() for name in ("chance", "majority")),
            *counts,
            graded.sum().cast(pl.Int64).alias("n"),
            pl.when(pl.col("self_check").is_not_null().all())
            .then((pl.col("self_check").cast(pl.Boolean) & graded).sum().cast(pl.Int64))
            .alias("self_checks"),
        )
        .with_columns(accuracy=pl.when(pl.col("n") > 0).then(pl.col(Verdict.CORRECT) / pl.col("n")))
    )


def item_accuracies(responses: pl.DataFrame) -> pl.DataFrame:
    """Return one row an item: accuracy is the share correct of its `n` graded samples.

    Errored samples are not graded; an item with only errored samples is absent.

    Args:
        responses: Graded responses of one stage, with at least `COLUMNS`.

    Returns:
        Columns item_id, domain, skill, family, level, accuracy, n, chance, majority.

    Raises:
        InputError: a column is missing or a verdict is unknown.
    """
    columns = ["item_id", "domain", "skill", "family", "level"]
    columns += ["accuracy", "n", "chance", "majority"]
    return _count_items(responses).filter(pl.col("n") > 0).select(columns)


def paired_items(base: pl.DataFrame, tuned: pl.DataFrame) -> pl.DataFrame:
    """Return the items that two tables of `item_accuracies` share, in the order of `tuned`.

    Returns:
        Columns item_id, domain, skill, base, tuned: both accuracies of each item.
    """
    right = base.select("item_id", base="accuracy")
    joined = tuned.join(right, on="item_id", how="inner", maintain_order="left")
    return joined.select("item_id", "domain", "skill", "base", tuned="accuracy")


def _columns(responses: pl.DataFrame, base: pl.DataFrame | None) -> _Items:
    items = _count_items(responses)
    if base is None:
        items = items.with_columns(base=pl.lit(None, dtype=pl.Float64))
    else:
        right = item_accuracies(base).select("item_id", base="accuracy")
        items = items.join(right, on="item_id", how="left", maintain_order="left")

    def floats(name: str) -> FloatArray:
        return items[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    return _Items(
        domain=items["domain"].cast(pl.String).to_numpy(),
        skill=items["skill"].cast(pl.String).to_numpy(),
        verdicts=np.stack([floats(name) for name in _VERDICTS], axis=1),
        accuracy=floats("accuracy"),
        base=floats("base"),
        chance=floats("chance"),
        majority=floats("majority"),
        self_checks=floats("self_checks"),
    )


def _row(items: _Items, members: NDArray[np.bool_], stream: str) -> dict[str, Any]:
    """Return the fields of `ProfileRow` for the items of one group, at least one."""
    counts = {
        name: int(total)
        for name, total in zip(_VERDICTS, items.verdicts[members].sum(axis=0), strict=True)
    }
    n_samples = sum(counts.values())
    n_graded = n_samples - counts[Verdict.ERRORED]
    graded = members & ~np.isnan(items.accuracy)
    interval = mean_interval(items.accuracy[graded])
    row: dict[str, Any] = {
        "n_items": int(members.sum()),
        "n_samples": n_samples,
        **counts,
        "accuracy": interval.value if interval else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "chance": _known(items.chance[members].mean()),
        "majority": _known(items.majority[members].mean()),
        "self_check_rate": None,
    }
    if n_graded:
        row["self_check_rate"] = _known(items.self_checks[members].sum() / n_graded)
    paired = graded & ~np.isnan(items.base)
    if paired.any():
        row |= _change(items.base[paired], items.accuracy[paired], stream)
    return row


def _beyond_chance(items: _Items, members: NDArray[np.bool_]) -> Estimate | None:
    graded = members & ~np.isnan(items.accuracy)
    chance = items.chance[graded]
    # Where chance is null for an item it is NaN, and the mean too; at 1 nothing is beyond it.
    if not graded.any() or not chance.mean() < 1:
        return None
    return _as_estimate(chance_corrected(items.accuracy[graded], chance))


def _over_samples(items: _Items, members: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the fields of `SkillResult` over k samples, k being the most that an item has.

    An item with fewer graded samples is left out: its errors are not the model's.
    """
    correct = items.verdicts[:, _VERDICTS.index(Verdict.CORRECT)].astype(np.int64)
    errored = items.verdicts[:, _VERDICTS.index(Verdict.ERRORED)]
    graded = (items.verdicts.sum(axis=1) - errored).astype(np.int64)
    k = int(graded[members].max())
    if k < 2:
        return {}
    whole = members & (graded == k)
    shares = {
        "pass_at_k": pass_at_k(correct[whole], graded[whole], k),
        "pass_hat_k": pass_hat_k(correct[whole], graded[whole], k),
    }
    return {"k": k, **{n: _as_estimate(mean_interval(share)) for n, share in shares.items()}}


def _as_estimate(interval: Interval | None) -> Estimate | None:
    if interval is None:
        return None
    return Estimate(value=interval.value, low=interval.low, high=interval.high)


def _known(value: np.floating[Any]) -> float | None:
    """Return a number, or None for NaN: a column of the table is null in one of the items."""
    return None if np.isnan(value) else float(value)


def _change(base: FloatArray, tuned: FloatArray, stream: str) -> dict[str, float | None]:
    delta = paired_delta(base, tuned, stream=stream)
    return {
        "delta": delta.value,
        "delta_low": delta.low,
        "delta_high": delta.high,
        "p_value": permutation_p(base, tuned, stream=stream),
        "mde": minimum_detectable_effect(tuned - base),
    }


def profile(responses: pl.DataFrame, base: pl.DataFrame | None, *, stream: str) -> Profile:
    """Return the profile of one stage.

    Accuracy is the mean over items, so that cells of equal size weigh the same in a skill or a
    domain. A change from the base is over the items that both tables grade; it differs from
    the difference of the two accuracies only where an item errored in one of them. q-values
    are left to `assign_q_values`, which sees the whole study.

    Args:
        responses: Graded responses of the stage, with at least `COLUMNS`.
        base: Graded responses of the base, with the same columns; None for the base itself.
        stream: Name of the random stream of the stage.

    Raises:
        InputError: a column is missing or a verdict is unknown.
    """
    items = _columns(responses, base)
    result = Profile([], [], [])
    for cell in CELLS:
        members = (items.domain == cell.domain) & (items.skill == cell.skill)
        if members.any():
            row = _row(items, members, f"{stream}/{cell}")
            result.cells.append(CellResult(domain=cell.domain, skill=cell.skill, **row))
    for skill in Skill:
        members = items.skill == skill
        if members.any():
            row = _row(items, members, f"{stream}/{skill}")
            more = {"beyond_chance": _beyond_chance(items, members)}
            more |= _over_samples(items, members)
            result.skills.append(SkillResult(skill=skill, **row, **more))
    for domain in Domain:
        members = items.domain == domain
        if members.any():
            result.domains.append(
                DomainResult(domain=domain, **_row(items, members, f"{stream}/{domain}"))
            )
    return result


def _with_q_values(rows: list[list[RowT]]) -> list[list[RowT]]:
    """Return copies with q-values over all rows of all stages; a row without p-value has none."""
    p_values = [row.p_value for stage in rows for row in stage if row.p_value is not None]
    q_values = iter(benjamini_hochberg(np.array(p_values, dtype=np.float64)))

    def finish(row: RowT) -> RowT:
        q_value = None if row.p_value is None else float(next(q_values))
        return row.model_copy(update={"q_value": q_value})

    return [[finish(row) for row in stage] for stage in rows]


def is_below(row: ProfileRow) -> bool:
    """Return whether the group is below the base at q < `Q_LEVEL`."""
    return row.delta is not None and row.delta < 0 and _counts(row)


def is_above(row: ProfileRow) -> bool:
    """Return whether the group is above the base at q < `Q_LEVEL`."""
    return row.delta is not None and row.delta > 0 and _counts(row)


def _counts(row: ProfileRow) -> bool:
    return row.q_value is not None and row.q_value < Q_LEVEL


def _key(row: ProfileRow) -> tuple[str, str]:
    return str(getattr(row, "domain", "")), str(getattr(row, "skill", ""))


def _with_collapse(stages: list[list[RowT]]) -> list[list[RowT]]:
    """Return copies of one arm's rows, in order of its stages, with their `collapsed` flags.

    A group that was not measured at a later stage has not been seen to stay below.
    """
    marked: list[list[RowT]] = []
    fallen: set[tuple[str, str]] | None = None
    for rows in reversed(stages):
        below = {_key(row) for row in rows if is_below(row)}
        fallen = below if fallen is None else fallen & below
        marked.append([row.model_copy(update={"collapsed": _key(row) in fallen}) for row in rows])
    return marked[::-1]


def _finish(arms: list[list[list[RowT]]]) -> list[list[list[RowT]]]:
    """Return copies of the rows (arm, stage, group) with q-values and `collapsed` flags."""
    flat = iter(_with_q_values([rows for stages in arms for rows in stages]))
    return [_with_collapse([next(flat) for _ in stages]) for stages in arms]


def assign_q_values(arms: list[ArmResult]) -> list[ArmResult]:
    """Return copies of the arms with q-values and `collapsed` flags in every profile row.

    Benjamini-Hochberg runs over all cells of all stages, arms and seeds; skills and domains
    are families of their own. A group is collapsed at a stage when it is below the base at
    q < `Q_LEVEL` there and at every later stage of that arm and seed.

    Args:
        arms: The arms of one study, with their stages in order.
    """
    cells = _finish([[stage.cells for stage in arm.steps] for arm in arms])
    skills = _finish([[stage.skills for stage in arm.steps] for arm in arms])
    domains = _finish([[stage.domains for stage in arm.steps] for arm in arms])
    finished: list[ArmResult] = []
    for arm, arm_cells, arm_skills, arm_domains in zip(arms, cells, skills, domains, strict=True):
        steps = [
            stage.model_copy(update={"cells": c, "skills": s, "domains": d})
            for stage, c, s, d in zip(arm.steps, arm_cells, arm_skills, arm_domains, strict=True)
        ]
        finished.append(arm.model_copy(update={"steps": steps}))
    return finished
