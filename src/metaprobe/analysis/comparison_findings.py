"""What the comparison of the arms says, in sentences that need no statistics to read."""

from collections.abc import Mapping, Sequence

from metaprobe.analysis.wording import joined, number, points, whole
from metaprobe.core.results import ArmComparison, AtBudget, Budget, Change, Comparison, Finding


def comparison_findings(comparison: Comparison | None, labels: Mapping[str, str]) -> list[Finding]:
    """Return the answer at an equal gain, the one at equal compute, the other budgets, the front.

    Args:
        comparison: of the study's arms.
        labels: readable names of the arms.
    """
    if comparison is None:
        return []
    found = [_at_gain(comparison, labels), _at_compute(comparison, labels)]
    found += [_at_budgets(comparison, labels), _front(comparison, labels)]
    return [finding for finding in found if finding is not None]


def _at_gain(comparison: Comparison, labels: Mapping[str, str]) -> Finding:
    arms = comparison.arms
    idle = [labels[row.arm] for row in arms if not row.gained]
    if comparison.gain is None:
        who = "No arm" if len(idle) == len(arms) else "Only one arm"
        return Finding(
            kind="comparison",
            arm="base",
            text=f"{who} gained in the trained cells with its whole interval, so no two can be "
            "compared at an equal gain.",
            evidence={"gained": {row.arm: row.gained for row in arms}},
        )
    rows = [row for row in arms if row.at_gain is not None]
    text = f"At an equal gain of {points(comparison.gain)} in the trained cells, "
    text += _ranked(
        rows, {r.arm: r.at_gain for r in rows}, {r.arm: r.behind_at_gain for r in rows}, labels
    )
    if idle:
        text += f" No clear gain: {joined(idle)}."
    return Finding(
        kind="comparison",
        arm="base",
        text=text,
        evidence={
            "gain": comparison.gain,
            "others": {r.arm: _numbers(r.at_gain) for r in rows},
            "behind": {r.arm: _numbers(r.behind_at_gain) for r in rows},
        },
    )


def _at_compute(comparison: Comparison, labels: Mapping[str, str]) -> Finding | None:
    if "forward_tokens" not in comparison.budgets:
        return None
    compute = comparison.budgets["forward_tokens"]
    rows, at = _rows_at(comparison, "forward_tokens")
    text = f"At equal compute ({_million(compute)} forward tokens), "
    text += _ranked(
        rows, {a: v.others for a, v in at.items()}, {a: v.behind for a, v in at.items()}, labels
    )
    gains = [f"{labels[arm]} {_signed(values.trained)}" for arm, values in at.items()]
    text += f" In the trained cells by then: {joined(gains)}."
    return Finding(
        kind="comparison",
        arm="base",
        text=text,
        evidence={
            "compute": compute,
            "trained": {arm: _numbers(v.trained) for arm, v in at.items()},
            "others": {arm: _numbers(v.others) for arm, v in at.items()},
            "behind": {arm: _numbers(v.behind) for arm, v in at.items()},
        },
    )


def _at_budgets(comparison: Comparison, labels: Mapping[str, str]) -> Finding | None:
    """Return which arm keeps the most at each budget that is not compute, in one sentence."""
    words: dict[Budget, str] = {
        "steps": "{:,.0f} optimiser steps",
        "tokens": "{:,.0f} tokens in the loss",
        "seconds": "{:,.0f} seconds of training",
    }
    parts, evidence = [], {}
    for budget, form in words.items():
        if budget not in comparison.budgets:
            continue
        common = comparison.budgets[budget]
        _, at = _rows_at(comparison, budget)
        best = next(arm for arm, values in at.items() if values.behind is None)
        clear = [arm for arm, v in at.items() if v.behind is not None and v.behind.low > 0]
        ahead = f"clearly more than {number(len(clear))} of the {number(len(at) - 1)} others"
        if len(clear) == len(at) - 1:
            ahead = "clearly more than any other"
        if not clear:
            ahead = "not clearly more than any other"
        parts.append(
            f"at {form.format(common)}, {labels[best]} {_signed(at[best].others)}, {ahead}"
        )
        evidence[budget] = {"at": common, "best": best, "clearly_behind": clear}
    if not parts:
        return None
    text = f"What keeps the most elsewhere, in points: {'; '.join(parts)}."
    return Finding(kind="budgets", arm="base", text=text, evidence=evidence)


def _front(comparison: Comparison, labels: Mapping[str, str]) -> Finding:
    rows = [row for row in comparison.arms if row.on_front]
    listed = [
        f"{labels[row.arm]} ({_points(row.last.value)} and {_points(row.worst)} points, in "
        f"{whole(row.front_share)} % of the resamples)"
        for row in rows
    ]
    return Finding(
        kind="front",
        arm="base",
        text="At the last stage no other arm has both as large a gain in the trained cells and as "
        f"small a loss in its worst cell as {joined(listed)}.",
        evidence={
            row.arm: {
                "gain": _numbers(row.last),
                "worst": row.worst,
                "on_front": row.on_front,
                "front_share": row.front_share,
            }
            for row in comparison.arms
        },
    )


def _rows_at(
    comparison: Comparison, budget: Budget
) -> tuple[list[ArmComparison], dict[str, AtBudget]]:
    rows = [row for row in comparison.arms if budget in row.at]
    return rows, {row.arm: row.at[budget] for row in rows}


def _ranked(
    rows: Sequence[ArmComparison],
    kept: Mapping[str, Change | None],
    behind: Mapping[str, Change | None],
    labels: Mapping[str, str],
) -> str:
    """Return which arm keeps the most elsewhere, and which are clearly behind it."""
    best = next(row.arm for row in rows if behind[row.arm] is None)
    text = f"{labels[best]} keeps the most elsewhere, {_signed(kept[best], unit=' points')}"
    clear: list[str] = []
    level: list[str] = []
    for row in rows:
        gap = behind[row.arm]
        if gap is None:
            continue
        name = f"{labels[row.arm]} {_signed(kept[row.arm])}"
        (clear if gap.low > 0 else level).append(name)
    if clear:
        text += f", clearly more than {joined(clear)}"
    if level:
        text += f"{';' if clear else ', but'} it is not clearly ahead of {joined(level)}"
    return f"{text}."


def _signed(change: Change | None, unit: str = "") -> str:
    if change is None:
        return "not measured"
    ends = f"{whole(change.low)} to {whole(change.high)}"
    return f"{_points(change.value)}{unit} ({'95 % ' if unit else ''}{ends})"


def _points(value: float) -> str:
    return f"{'+' if round(100 * value) > 0 else ''}{whole(value)}"


def _numbers(change: Change | None) -> dict[str, float] | None:
    return None if change is None else change.model_dump()


def _million(tokens: float) -> str:
    return f"{tokens / 1e6:.2g} M"
