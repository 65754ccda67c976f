"""What the comparison of the arms says, in sentences that need no statistics to read."""

from collections.abc import Mapping, Sequence

from metaprobe.analysis.wording import joined, points, whole
from metaprobe.core.results import ArmComparison, Change, Comparison, Finding


def comparison_findings(comparison: Comparison | None, labels: Mapping[str, str]) -> list[Finding]:
    """Return the answer at an equal gain, then the one at equal compute.

    Args:
        comparison: of the study's arms.
        labels: readable names of the arms.
    """
    if comparison is None:
        return []
    found = [_at_gain(comparison, labels), _at_compute(comparison, labels)]
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
    rows = [row for row in comparison.arms if row.others_at_compute is not None]
    if comparison.compute is None:
        return None
    text = f"At equal compute ({_million(comparison.compute)} forward tokens), "
    text += _ranked(
        rows,
        {r.arm: r.others_at_compute for r in rows},
        {r.arm: r.behind_at_compute for r in rows},
        labels,
    )
    gains = [
        f"{labels[r.arm]} {_signed(r.trained_at_compute)}" for r in rows if r.trained_at_compute
    ]
    text += f" In the trained cells by then: {joined(gains)}."
    return Finding(
        kind="comparison",
        arm="base",
        text=text,
        evidence={
            "compute": comparison.compute,
            "trained": {r.arm: _numbers(r.trained_at_compute) for r in rows},
            "others": {r.arm: _numbers(r.others_at_compute) for r in rows},
            "behind": {r.arm: _numbers(r.behind_at_compute) for r in rows},
        },
    )


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
    sign = "+" if round(100 * change.value) > 0 else ""
    ends = f"{whole(change.low)} to {whole(change.high)}"
    return f"{sign}{whole(change.value)}{unit} ({'95 % ' if unit else ''}{ends})"


def _numbers(change: Change | None) -> dict[str, float] | None:
    return None if change is None else change.model_dump()


def _million(tokens: float) -> str:
    return f"{tokens / 1e6:.2g} M"
