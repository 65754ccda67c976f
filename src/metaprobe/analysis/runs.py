"""Two runs beside each other: what changed from the last stages of one to those of the other.

Where both runs answered the same items and kept the responses, a change is paired by item, with the
interval and the test that a study itself uses; the seeds of an arm are averaged item by item. Else
it is the difference of two accuracies in the summaries, as if on different items: its interval is
that of Newcombe (Statist. Med. 17 (1998) 873, method 10) out of the two intervals, and its p-value
takes the end nearer to 0 as 1.96 standard errors away.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from scipy import special

from metaprobe.analysis.gate import (
    WORST,
    Collapsed,
    Compared,
    Quantity,
    conditions,
    evaluate,
    parse_gate,
)
from metaprobe.analysis.profile import Q_LEVEL, item_accuracies, paired_items
from metaprobe.analysis.tables import BASE, responses_path
from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.core.results import (
    ArmChange,
    Condition,
    Gate,
    GroupChange,
    ProfileRow,
    RunComparison,
    StageResult,
    Summary,
    read_summary,
)
from metaprobe.core.stats import benjamini_hochberg, paired_delta, permutation_p
from metaprobe.core.vocabulary import CELLS, Domain, Skill

Kind = Literal["domain", "skill", "cell"]

_SUMMARY = "summary.json"
_Z = float(special.ndtri(0.975))


class Run(NamedTuple):
    """A folder of results, or a summary by itself."""

    folder: Path
    summary: Summary


class _Side(NamedTuple):
    """One arm of one run at its last stage, its seeds beside each other."""

    arm: str
    step: int
    stages: list[StageResult]
    paths: list[Path]


class _Measured(NamedTuple):
    """A change before q-values are known."""

    kind: Kind
    name: str
    before: float
    after: float
    change: float
    low: float
    high: float
    n_items: int
    p_value: float


def read_run(path: Path) -> Run:
    """Return the run in a folder with a summary.json, or in such a file.

    Raises:
        InputError: there is none, or it does not follow the schema.
    """
    folder = path if path.is_dir() else path.parent
    return Run(folder, read_summary(folder / _SUMMARY if path.is_dir() else path))


def compare_runs(before: Run, after: Run, arms: Sequence[str] = ()) -> RunComparison:
    """Return what changed from one run to another.

    Args:
        before: the run to compare with.
        after: the run in question.
        arms: `NAME` or `BEFORE=AFTER`; all that have one name in both runs where none is given.

    Raises:
        ConfigError: an arm is not there, or the runs have none in common.
        InputError: a table of responses is damaged.
    """
    pairs = [(_side(before, old), _side(after, new)) for old, new in _pairs(before, after, arms)]
    paired = _same_items(before, after) and all(
        path.is_file() for pair in pairs for side in pair for path in side.paths
    )
    found = [_paired(old, new) if paired else _unpaired(old, new) for old, new in pairs]
    judged = _with_q_values(found)
    return RunComparison(
        before=before.summary.study,
        after=after.summary.study,
        paired=paired,
        caveats=_caveats(before, after, paired=paired),
        arms=[
            ArmChange(
                before=old.arm,
                after=new.arm,
                before_step=old.step,
                after_step=new.step,
                before_seeds=len(old.stages),
                after_seeds=len(new.stages),
                groups=groups,
            )
            for (old, new), groups in zip(pairs, judged, strict=True)
        ],
    )


def judge(comparison: RunComparison, expression: str) -> RunComparison:
    """Return the comparison with the verdict of a gate: it fails if any arm makes it true.

    Raises:
        ConfigError: the expression is none, or speaks of what was not measured in both runs.
    """
    parsed = parse_gate(expression)
    failing, told = [], []
    for arm in comparison.arms:
        groups = {group.name: group for group in arm.groups}
        fell = [group.name for group in arm.groups if group.kind == "cell" and group.fell]

        def value(quantity: Quantity, groups: Mapping[str, GroupChange] = groups) -> float:
            group = _group(groups, quantity)
            return float(getattr(group, quantity.field or "change"))

        for condition in conditions(parsed):
            holds = evaluate(condition, value, collapsed=bool(fell))
            detail = _detail(condition, groups, fell)
            told.append(Condition(arm=arm.after, text=str(condition), holds=holds, detail=detail))
        if evaluate(parsed, value, collapsed=bool(fell)):
            failing.append(arm.after)
    gate = Gate(expression=expression, failed=bool(failing), failing_arms=failing, conditions=told)
    return comparison.model_copy(update={"gate": gate})


def _group(groups: Mapping[str, GroupChange], quantity: Quantity) -> GroupChange:
    if quantity.name == WORST:
        cells = [group for group in groups.values() if group.kind == "cell"]
        if cells:
            return min(cells, key=lambda group: group.change)
    if quantity.name not in groups:
        raise ConfigError(f"--fail-on: {quantity.name} was not measured in both runs")
    return groups[quantity.name]


def _detail(
    condition: Compared | Collapsed, groups: Mapping[str, GroupChange], fell: Sequence[str]
) -> str:
    if isinstance(condition, Collapsed):
        if not fell:
            return "no cell fell"
        worst = min(fell, key=lambda name: groups[name].change)
        count = "1 cell" if len(fell) == 1 else f"{len(fell)} cells"
        return f"{count} fell, most of all {worst}"
    sides = [side for side in (condition.left, condition.right) if isinstance(side, Quantity)]
    found = [_group(groups, side) for side in sides]
    return "; ".join(
        f"{g.name} {100 * g.change:+.1f} points (95 % {100 * g.low:+.1f} to {100 * g.high:+.1f})"
        for g in found
    )


def _pairs(before: Run, after: Run, arms: Sequence[str]) -> list[tuple[str, str]]:
    known = [list(dict.fromkeys(arm.arm for arm in run.summary.arms)) for run in (before, after)]
    if not arms:
        both = [name for name in known[0] if name in known[1]]
        if not both:
            old, new = (", ".join(names) or "none" for names in known)
            raise ConfigError(
                f"the runs have no arm in common ({old}; {new}); name two with --arm BEFORE=AFTER"
            )
        return [(name, name) for name in both]
    pairs = []
    for text in arms:
        old, equals, new = text.partition("=")
        whole = not equals or all(text in names for names in known)
        pair = (text, text) if whole else (old, new)
        for name, names, run in zip(pair, known, ("first", "second"), strict=True):
            if name not in (*names, BASE):
                hint = nearest(name, names)
                raise ConfigError(f"--arm {text}: the {run} run has no arm {name!r}{hint}")
        pairs.append(pair)
    return pairs


def _side(run: Run, arm: str) -> _Side:
    if arm == BASE:
        return _Side(arm, 0, [run.summary.base.profile], [responses_path(run.folder, BASE, 0, 0)])
    results = [result for result in run.summary.arms if result.arm == arm and result.steps]
    if not results:
        raise ConfigError(f"arm {arm!r} has no stage in {run.folder}")
    last = [result.steps[-1] for result in results]
    paths = [
        responses_path(run.folder, arm, result.seed, stage.step)
        for result, stage in zip(results, last, strict=True)
    ]
    return _Side(arm, max(stage.step for stage in last), last, paths)


def _same_items(before: Run, after: Run) -> bool:
    hashes = [run.summary.provenance.get("benchmark") for run in (before, after)]
    named = [found.get("hash") if isinstance(found, dict) else None for found in hashes]
    return named[0] is not None and named[0] == named[1]


def _caveats(before: Run, after: Run, *, paired: bool) -> list[str]:
    found = []
    if not paired:
        why = (
            "their responses are not all there"
            if _same_items(before, after)
            else ("they answered different items")
        )
        found.append(
            f"The runs are not paired by item, since {why}: the intervals are wider than they "
            "would be, and a change of the items themselves counts as a change of the model."
        )
    for key, word in (("sampling", "sampled"), ("prompt", "prompted")):
        settings = [run.summary.provenance.get(key) for run in (before, after)]
        if settings[0] is not None and settings[1] is not None and settings[0] != settings[1]:
            found.append(f"The runs were {word} with different settings.")
    return found


def _paired(before: _Side, after: _Side) -> list[_Measured]:
    items = paired_items(*(_items(side) for side in (before, after)))
    found = []
    for kind, name, here in _groups():
        own = items.filter(here)
        if own.is_empty():
            continue
        old, new = own["base"].to_numpy(), own["tuned"].to_numpy()
        stream = f"compare/{after.arm}/{name}"
        delta = paired_delta(old, new, stream=stream)
        found.append(
            _Measured(
                kind=kind,
                name=name,
                before=float(old.mean()),
                after=float(new.mean()),
                change=delta.value,
                low=delta.low,
                high=delta.high,
                n_items=delta.n,
                p_value=permutation_p(old, new, stream=stream),
            )
        )
    return found


def _items(side: _Side) -> pl.DataFrame:
    """Return the accuracy of each item, averaged over the seeds that graded it."""
    tables = [item_accuracies(_read(path)) for path in side.paths]
    return (
        pl.concat([t.select("item_id", "domain", "skill", "accuracy") for t in tables])
        .group_by("item_id", maintain_order=True)
        .agg(pl.col("domain", "skill").first(), pl.col("accuracy").mean())
    )


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not a table of responses ({error})") from error


def _groups() -> list[tuple[Kind, str, pl.Expr]]:
    def member(column: str, name: str) -> pl.Expr:
        return pl.col(column) == name

    domains: list[tuple[Kind, str, pl.Expr]] = [
        ("domain", str(d), member("domain", str(d))) for d in Domain
    ]
    skills: list[tuple[Kind, str, pl.Expr]] = [
        ("skill", str(s), member("skill", str(s))) for s in Skill
    ]
    cells: list[tuple[Kind, str, pl.Expr]] = [
        ("cell", str(c), member("domain", str(c.domain)) & member("skill", str(c.skill)))
        for c in CELLS
    ]
    return [*domains, *skills, *cells]


def _unpaired(before: _Side, after: _Side) -> list[_Measured]:
    sides = [_rows(side) for side in (before, after)]
    found = []
    for kind, name, _ in _groups():
        first, second = (_mean(rows.get(name, ())) for rows in sides)
        if first is None or second is None:
            continue
        (old, old_low, old_high, n_old), (new, new_low, new_high, n_new) = first, second
        change = new - old
        below = float(np.hypot(new - new_low, old_high - old))
        above = float(np.hypot(new_high - new, old - old_low))
        error = (below if change > 0 else above) / _Z
        p_value = 2 * float(special.ndtr(-abs(change) / error)) if error > 0 else 1.0
        found.append(
            _Measured(
                kind=kind,
                name=name,
                before=old,
                after=new,
                change=change,
                low=max(-1.0, change - below),
                high=min(1.0, change + above),
                n_items=min(n_old, n_new),
                p_value=p_value,
            )
        )
    return found


def _rows(side: _Side) -> dict[str, list[ProfileRow]]:
    found: dict[str, list[ProfileRow]] = {}
    for stage in side.stages:
        for row in (*stage.domains, *stage.skills, *stage.cells):
            parts = [str(getattr(row, name)) for name in ("domain", "skill") if hasattr(row, name)]
            found.setdefault("/".join(parts), []).append(row)
    return found


def _mean(rows: Sequence[ProfileRow]) -> tuple[float, float, float, int] | None:
    """Return accuracy, both ends and items, averaged over seeds; None where one is missing."""
    ends = [
        (row.accuracy, row.low, row.high)
        for row in rows
        if row.accuracy is not None and row.low is not None and row.high is not None
    ]
    if not ends or len(ends) < len(rows):
        return None
    value, low, high = (fmean(column) for column in zip(*ends, strict=True))
    return value, low, high, min(row.n_items for row in rows)


def _with_q_values(arms: Sequence[Sequence[_Measured]]) -> list[list[GroupChange]]:
    """Return the changes with q-values over all arms, for each kind of group by itself."""
    q_values: dict[tuple[int, str], float] = {}
    for kind in ("domain", "skill", "cell"):
        places = [(n, m.name) for n, found in enumerate(arms) for m in found if m.kind == kind]
        p_values = [m.p_value for found in arms for m in found if m.kind == kind]
        adjusted = benjamini_hochberg(np.array(p_values, dtype=np.float64))
        q_values |= dict(zip(places, map(float, adjusted), strict=True))
    return [
        [_judged(measured, q_values[n, measured.name]) for measured in found]
        for n, found in enumerate(arms)
    ]


def _judged(measured: _Measured, q_value: float) -> GroupChange:
    values = measured._asdict()
    del values["p_value"]
    clear = q_value < Q_LEVEL
    fell, rose = clear and measured.change < 0, clear and measured.change > 0
    return GroupChange(**values, q_value=q_value, fell=fell, rose=rose)
