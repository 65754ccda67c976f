"""Print the cells that fell in a study: python examples/read_summary.py [SUMMARY.json].

Needs no torch. Without an argument it makes a summary of one arm with two cells and reads that.
"""

import sys
import tempfile
from pathlib import Path

from metaprobe.core.errors import MetaprobeError
from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    CellResult,
    StageResult,
    Summary,
    read_summary,
    write_summary,
)
from metaprobe.core.vocabulary import Domain, Skill

FALL_AT = 0.05
"""Largest q-value at which a change counts as real."""


def fallen(summary: Summary) -> list[str]:
    """Return a line for each cell below the base at the last stage of an arm."""
    lines = []
    for arm in summary.arms:
        for cell in arm.steps[-1].cells:
            if cell.delta is None or cell.q_value is None:
                continue
            if cell.delta < 0 and cell.q_value < FALL_AT:
                low, high = 100 * (cell.delta_low or 0.0), 100 * (cell.delta_high or 0.0)
                name = f"{cell.domain}/{cell.skill}"
                lines.append(
                    f"{arm.arm} (seed {arm.seed}): {name} {100 * cell.delta:+.0f} points "
                    f"[{low:+.0f}, {high:+.0f}], n = {cell.n_items} items"
                )
    return lines


def toy_summary() -> Summary:
    """Return a summary of one arm: one cell fell, the other moved within its interval."""
    base = [_cell(Skill.CALCULATION, 70), _cell(Skill.SIMULATION, 60)]
    tuned = [
        _cell(Skill.CALCULATION, 73, change=(0.03, -0.06, 0.12, 0.6)),
        _cell(Skill.SIMULATION, 35, change=(-0.25, -0.38, -0.12, 0.004)),
    ]
    return Summary(
        study="toy",
        created="2026-01-01T00:00:00Z",
        seconds=1.0,
        base=BaseInfo(name="toy", parameters=1000, family="qwen3", profile=_stage(0, base)),
        arms=[ArmResult(arm="sft_short", kind="sft", seed=0, steps=[_stage(80, tuned)])],
        findings=[],
    )


def _stage(step: int, cells: list[CellResult]) -> StageResult:
    return StageResult(
        step=step, seconds=float(step), tokens=100 * step, cells=cells, skills=[], domains=[]
    )


def _cell(
    skill: Skill, correct: int, change: tuple[float, float, float, float] | None = None
) -> CellResult:
    delta, low, high, q_value = change or (None, None, None, None)
    return CellResult(
        domain=Domain.SCIENCE,
        skill=skill,
        n_items=25,
        n_samples=100,
        correct=correct,
        wrong=100 - correct,
        unparsed=0,
        truncated=0,
        errored=0,
        accuracy=correct / 100,
        low=correct / 100 - 0.1,
        high=correct / 100 + 0.1,
        chance=0.0,
        majority=0.1,
        self_check_rate=None,
        delta=delta,
        delta_low=low,
        delta_high=high,
        q_value=q_value,
    )


def main() -> None:
    """Read the summary that is named, or the toy, and print what fell."""
    try:
        if len(sys.argv) > 1:
            summary = read_summary(Path(sys.argv[1]))
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "summary.json"
                write_summary(path, toy_summary())
                summary = read_summary(path)
    except MetaprobeError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
    print("\n".join(fallen(summary)) or "no cell fell")


if __name__ == "__main__":
    main()
