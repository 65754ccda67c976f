"""What a study found, in sentences that need no statistics to read.

A group "falls" or "gains" when its change from the base is at q < 0.05, and "holds" when it
does not fall. All numbers are whole percentage points. A sentence about several seeds states
the range over the seeds; a sentence about one states the 95 % interval.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from statistics import fmean, median
from typing import Any, NamedTuple

from metaprobe.analysis.profile import is_above, is_below
from metaprobe.analysis.wording import (
    capitalised,
    cells,
    joined,
    label,
    number,
    points,
    size_range,
    span,
    whole,
)
from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    CellResult,
    DomainResult,
    Evidence,
    Finding,
    SignatureName,
    StageResult,
)

CEILING = 0.95
"""Base accuracy above which a gain can hardly show."""

EFFECT = 0.1
"""Change of which a study that sees none says how many items it would take."""

CEILING_CELLS = 4
"""Cells at the ceiling that pass without a caution."""


class _Fall(NamedTuple):
    """One cell in the seeds in which something befell it, the row being of the telling stage."""

    cell: str
    rows: list[CellResult]
    steps: list[int]


class _Arm(NamedTuple):
    """The seeds of one arm that have a stage with changes."""

    name: str
    label: str
    runs: list[ArmResult]


def _name(row: CellResult) -> str:
    return f"{row.domain}/{row.skill}"


def _last(run: ArmResult) -> StageResult:
    return run.steps[-1]


def _measured(stage: StageResult) -> list[CellResult]:
    return [row for row in stage.cells if row.delta is not None]


def _group(arms: Iterable[ArmResult]) -> list[_Arm]:
    measured = [run for run in arms if run.steps and _measured(_last(run))]
    names = list(dict.fromkeys(run.arm for run in measured))
    ordered = sorted(measured, key=lambda run: names.index(run.arm))
    groups = [(name, list(runs)) for name, runs in groupby(ordered, key=lambda run: run.arm)]
    return [_Arm(name, label(name, runs[0].kind), runs) for name, runs in groups]


def _held(run: ArmResult) -> int:
    return sum(not is_below(row) for row in _measured(_last(run)))


def _held_text(arm: _Arm) -> str:
    held = sorted(_held(run) for run in arm.runs)
    totals = sorted(len(_measured(_last(run))) for run in arm.runs)
    kept = span(str(held[0]), str(held[-1]))
    return f"{kept} of {span(str(totals[0]), str(totals[-1]))} cells"


def _over_seeds(arm: _Arm, n: int) -> str:
    """Return `` for one seed, `in all three seeds`, or `in two of three seeds`."""
    total = len(arm.runs)
    if total == 1:
        return ""
    if n == total:
        return " in both seeds" if total == 2 else f" in all {number(total)} seeds"
    return f" in {number(n)} of {number(total)} seeds"


def _change_text(arm: _Arm, rows: Sequence[CellResult | DomainResult]) -> str:
    """Return the size of a change with its interval, or with its range over the seeds."""
    deltas = [row.delta for row in rows if row.delta is not None]
    if len(arm.runs) > 1:
        return f"by {size_range(sorted(abs(d) for d in deltas))}{_over_seeds(arm, len(rows))}"
    row, delta = rows[0], deltas[0]
    text = f"by {points(delta)}"
    if row.delta_low is None or row.delta_high is None:
        return text
    ends = (row.delta_low, row.delta_high) if delta > 0 else (-row.delta_high, -row.delta_low)
    return f"{text} (95 % {whole(ends[0])} to {whole(ends[1])})"


def _collect(found: Iterable[tuple[int, CellResult]]) -> list[_Fall]:
    """Return one entry a cell from (step, row) pairs, the largest change first."""
    by_cell: dict[str, _Fall] = {}
    for step, row in found:
        fall = by_cell.setdefault(_name(row), _Fall(_name(row), [], []))
        fall.rows.append(row)
        fall.steps.append(step)
    return sorted(by_cell.values(), key=lambda f: -fmean(abs(r.delta or 0.0) for r in f.rows))


def _falls(arm: _Arm) -> list[_Fall]:
    last = [_last(run) for run in arm.runs]
    return _collect((s.step, row) for s in last for row in _measured(s) if is_below(row))


def _rises(arm: _Arm) -> list[_Fall]:
    last = [_last(run) for run in arm.runs]
    return _collect((s.step, row) for s in last for row in _measured(s) if is_above(row))


def _target_rows(arm: _Arm, trained: list[str]) -> dict[str, list[DomainResult]]:
    """Return, for each trained domain, its row at the last stage of each seed."""
    wanted = dict.fromkeys(cell.partition("/")[0] for cell in trained)
    rows = {
        domain: [
            row
            for run in arm.runs
            for row in _last(run).domains
            if row.domain == domain and row.delta is not None
        ]
        for domain in wanted
    }
    return {domain: found for domain, found in rows.items() if found}


def _target_text(domain: str, rows: list[DomainResult]) -> str:
    """Return `gains 12 points on mathematics`, or that no clear change was seen there."""
    deltas = [row.delta for row in rows if row.delta is not None]
    size = size_range([abs(d) for d in deltas])
    if all(is_above(row) for row in rows):
        return f"gains {size} on {domain}"
    if all(is_below(row) for row in rows):
        return f"loses {size} on {domain}"
    if len(rows) > 1:
        return f"moves by {size_range(deltas)} on {domain}, not clearly in every seed"
    low, high = rows[0].delta_low or 0.0, rows[0].delta_high or 0.0
    detail = f"{whole(deltas[0])}, 95 % {whole(low)} to {whole(high)}"
    if low * high > 0 and rows[0].q_value is not None:
        detail += f", but q = {rows[0].q_value:.2f} over all comparisons"
    return f"shows no clear change on {domain} ({detail})"


def _falls_text(arm: _Arm, falls: list[_Fall]) -> str:
    if not falls:
        return "no cell clearly falls."
    worst = falls[0]
    size = _change_text(arm, worst.rows)
    if len(falls) == 1:
        return f"one cell falls: {worst.cell} {size}."
    seeds = " in at least one seed" if len(arm.runs) > 1 else ""
    return f"{cells(len(falls))} fall{seeds}, most of all {worst.cell} {size}."


def _nothing_text(arm: _Arm) -> str:
    rows = [row for run in arm.runs for row in _measured(_last(run)) if row.mde is not None]
    if not rows:
        return "no cell moved by more than this study can see."
    seen = median(row.mde or 0.0 for row in rows)
    text = f"no cell moved by more than this study can see, about {points(seen)}"
    if seen <= EFFECT:
        return f"{text}."
    items = round(median(row.n_items for row in rows))
    return (
        f"{text} with {items} items a cell; {points(EFFECT)} would take about "
        f"{_items_for(EFFECT, rows)}."
    )


def _items_for(effect: float, rows: Sequence[CellResult]) -> int:
    """Return the items a cell with which half of the cells would show an effect.

    The smallest detectable change goes with one over the root of the items.
    """
    found = median(row.n_items * ((row.mde or 0.0) / effect) ** 2 for row in rows)
    return ceil(round(found, 6))


def _headline(arm: _Arm, trained: list[str]) -> Finding:
    falls, rises = _falls(arm), _rises(arm)
    targets = _target_rows(arm, trained)
    parts = [f"holds {_held_text(arm)}"]
    parts += [_target_text(domain, rows) for domain, rows in targets.items()]
    ending = _falls_text(arm, falls) if falls or rises else _nothing_text(arm)
    seeds = f" (over {number(len(arm.runs))} seeds)" if len(arm.runs) > 1 else ""
    return Finding(
        kind="headline",
        arm=arm.name,
        text=f"{arm.label} {joined(parts)}{seeds}; {ending}",
        evidence={
            "seeds": [run.seed for run in arm.runs],
            "steps": [_last(run).step for run in arm.runs],
            "held": [_held(run) for run in arm.runs],
            "cells": [len(_measured(_last(run))) for run in arm.runs],
            "falls": _evidence(falls),
            "domains": {d: [row.delta for row in rows] for d, rows in targets.items()},
            "mde": [row.mde for run in arm.runs for row in _measured(_last(run))],
        },
    )


def _evidence(falls: list[_Fall]) -> list[dict[str, Any]]:
    return [
        {
            "cell": fall.cell,
            "steps": fall.steps,
            "delta": [row.delta for row in fall.rows],
            "low": [row.delta_low for row in fall.rows],
            "high": [row.delta_high for row in fall.rows],
            "q_value": [row.q_value for row in fall.rows],
        }
        for fall in falls
    ]


def _finding(kind: str, arm: _Arm, text: str, falls: list[_Fall]) -> Finding:
    return Finding(
        kind=kind, arm=arm.name, text=f"{arm.label} {text}", evidence={"cells": _evidence(falls)}
    )


def _seen(arm: _Arm, name: SignatureName) -> list[tuple[ArmResult, Evidence]]:
    """Return the cells of a signature in each seed that shows it."""
    return [
        (run, one)
        for run in arm.runs
        for seen in run.signatures or ()
        if seen.name == name
        for one in seen.evidence
    ]


def _cell(stage: StageResult, name: str) -> CellResult:
    return next(row for row in stage.cells if _name(row) == name)


def _collapse(arm: _Arm) -> Finding | None:
    """Return the cells that fell and stayed down, and the step at which each began."""
    seen = _seen(arm, SignatureName.COLLAPSE)
    falls = _collect((one.onset or 0, _cell(_last(run), one.subject)) for run, one in seen)
    if not falls:
        return None
    first = min(step for fall in falls for step in fall.steps)
    listed = joined([f"{f.cell} {_change_text(arm, f.rows)}, {_since(f.steps)}" for f in falls])
    begin = "It began at" if len(falls) == 1 else "The first began at"
    if first == min(run.steps[0].step for run in arm.runs):
        begin = f"{'It' if len(falls) == 1 else 'The first'} was there at the first stage measured,"
    return _finding(
        "collapse", arm, f"loses {cells(len(falls))}: {listed}. {begin} step {first}.", falls
    )


def _since(steps: list[int]) -> str:
    low, high = min(steps), max(steps)
    return f"from step {low}" if low == high else f"from step {low} to {high} by seed"


def _dip(arm: _Arm) -> Finding | None:
    """Return the cells that fell and came back, and the step at which each was lowest."""
    seen = _seen(arm, SignatureName.DIP_AND_RECOVERY)
    falls = _collect(
        (stage.step, _cell(stage, one.subject))
        for run, one in seen
        for stage in run.steps
        if stage.step == one.onset
    )
    if not falls:
        return None
    listed = joined([f"{f.cell} {_change_text(arm, f.rows)}, {_at(f.steps)}" for f in falls])
    text = f"dips on {cells(len(falls))} and recovers: {listed}."
    return _finding("dip", arm, text, falls)


def _at(steps: list[int]) -> str:
    low, high = min(steps), max(steps)
    return f"lowest at step {low}" if low == high else f"lowest at step {low} to {high} by seed"


def _gain(arm: _Arm, trained: list[str]) -> Finding | None:
    rises = _rises(arm)
    if not rises:
        return None
    listed = joined([f"{rise.cell} {_change_text(arm, rise.rows)}" for rise in rises])
    aside = _trained_text([rise.cell in trained for rise in rises]) if trained else ""
    return _finding("gain", arm, f"gains on {cells(len(rises))}: {listed}.{aside}", rises)


def _trained_text(trained: list[bool]) -> str:
    others = trained.count(False)
    if len(trained) == 1:
        return " It was not trained on." if others else " It was trained on."
    if others in (0, len(trained)):
        return " None of them was trained on." if others else " All of them were trained on."
    return (
        f" {capitalised(number(others))} of them {'was' if others == 1 else 'were'} not trained on."
    )


def _divergence(arm: _Arm) -> Finding | None:
    """Return whether the cell whose output moved most is also the one that lost most."""
    falls = _falls(arm)
    moved: dict[str, list[float]] = {}
    for run in arm.runs:
        found = _last(run).divergence
        for row in found.per_cell if found else []:
            if row.text == "base":
                moved.setdefault(f"{row.domain}/{row.skill}", []).append(row.kl_forward)
    if not falls or len(moved) < 2:
        return None
    mean = {cell: fmean(values) for cell, values in moved.items()}
    top = max(mean, key=lambda cell: mean[cell])
    lost = falls[0].cell
    text = f"moved its output furthest from the base on {top} ({mean[top]:.2g} nats a token)"
    if top == lost:
        text = f"{text}, the cell that also lost most."
    else:
        rank = sorted(mean, key=lambda cell: -mean[cell])
        place = f"number {rank.index(lost) + 1} of {len(rank)}" if lost in mean else "not measured"
        text = f"{text}; the cell that lost most, {lost}, was {place} by that measure."
    return Finding(
        kind="divergence",
        arm=arm.name,
        text=f"{arm.label} {text}",
        evidence={"kl_forward": mean, "largest_loss": lost, "agree": top == lost},
    )


def _caution(base: BaseInfo) -> Finding | None:
    """Return the base's cells in which a change can hardly show, downwards or upwards."""
    rows = [row for row in base.profile.cells if row.accuracy is not None]
    floor = [
        _name(row)
        for row in rows
        if row.low is not None and row.majority is not None and row.low <= row.majority
    ]
    ceiling = [_name(row) for row in rows if (row.accuracy or 0.0) > CEILING]
    parts: list[str] = []
    if floor:
        parts.append(
            f"On {cells(len(floor))} the base is not clearly better than always giving the most "
            f"frequent answer, so that little can be lost there: {joined(floor)}."
        )
    if len(ceiling) > CEILING_CELLS:
        parts.append(
            f"On {cells(len(ceiling))} the base is already above {whole(CEILING)} %, so that "
            f"little can be gained there: {joined(ceiling)}."
        )
    if not parts:
        return None
    evidence = {"at_majority": floor, "at_ceiling": ceiling}
    return Finding(kind="caution", arm="base", text=" ".join(parts), evidence=evidence)


def _gain_text(arm: _Arm, trained: list[str]) -> str:
    """Return `gained 12 points on mathematics`; empty without a trained domain."""
    parts: list[str] = []
    for domain, rows in _target_rows(arm, trained).items():
        deltas = [row.delta for row in rows if row.delta is not None]
        one_way = len({d >= 0 for d in deltas}) == 1
        verb = ("gained" if deltas[0] >= 0 else "lost") if one_way else "moved by"
        sizes = [abs(d) for d in deltas] if one_way else deltas
        clear = all(is_above(row) or is_below(row) for row in rows)
        doubt = "" if clear else " (not clearly)"
        parts.append(f"{verb} {size_range(sizes)} on {domain}{doubt}")
    return joined(parts)


def rank_arms(arms: list[ArmResult], trained: list[str]) -> Finding | None:
    """Return which arm kept the most cells, and what each gained on what it was trained on.

    Arms are ranked by the mean over seeds of the share of cells that hold at the last stage;
    equal shares are a tie. None with fewer than two arms.

    Args:
        arms: The arms of one study, after `assign_q_values`.
        trained: Cells that the arms were trained on, written `domain/skill`.
    """
    groups = _group(arms)
    if len(groups) < 2:
        return None
    share = {
        arm.name: fmean(_held(run) / len(_measured(_last(run))) for run in arm.runs)
        for arm in groups
    }
    ranked = sorted(groups, key=lambda arm: -share[arm.name])
    best = [arm for arm in ranked if abs(share[arm.name] - share[ranked[0].name]) < 1e-9]
    rest = ranked[len(best) :]
    gains = {arm.name: _gain_text(arm, trained) for arm in groups}
    if len(best) == 1:
        text = f"{best[0].label} kept the most, {_held_text(best[0])}"
        told = [f"it {gains[best[0].name]}"] if gains[best[0].name] else []
    else:
        text = f"{joined([arm.label for arm in best])} tie, each with {_held_text(best[0])} kept"
        told = [f"{arm.label} {gains[arm.name]}" for arm in best if gains[arm.name]]
    for arm in rest:
        also = f" and {gains[arm.name]}" if gains[arm.name] else ""
        told.append(f"{arm.label} kept {_held_text(arm)}{also}")
    text = f"{'; '.join([text, *told])}."
    return Finding(
        kind="ranking" if len(best) == 1 else "tie",
        arm=best[0].name,
        text=text,
        evidence={"held_share": share, "best": [arm.name for arm in best], "gains": gains},
    )


def findings(summary_base: BaseInfo, arms: list[ArmResult], trained: list[str]) -> list[Finding]:
    """Return the conclusions of a study: the ranking, then arm by arm, then the caution.

    Args:
        summary_base: The base and its profile.
        arms: The arms of the study, after `run_signatures`.
        trained: Cells that the arms were trained on, written `domain/skill`.
    """
    found: list[Finding | None] = [rank_arms(arms, trained)]
    for arm in _group(arms):
        found += [_headline(arm, trained), _collapse(arm), _dip(arm), _gain(arm, trained)]
        found.append(_divergence(arm))
    found.append(_caution(summary_base))
    return [finding for finding in found if finding is not None]
