"""The comparison of two runs as Markdown that is fit for a pull request.

Names come from result files and are hostile: in whatever they hold, nothing of it becomes markup,
a link or a mention.
"""

import re
import unicodedata
from collections.abc import Sequence

from metaprobe.core.results import ArmChange, Gate, GroupChange, RunComparison
from metaprobe.report.markup import interval, p_value, points

_PLAIN = re.compile(r"[A-Za-z0-9_./:+-]+(?: [A-Za-z0-9_./:+-]+)*")
_LONGEST = 80
_HEAD = "| | before | after | change | 95 % interval | |\n|---|---:|---:|---:|---|---|"
_FULL_HEAD = (
    "| cell | before | after | change | 95 % interval | q | items |\n"
    "|---|---:|---:|---:|---|---:|---:|"
)


def code(name: str) -> str:
    """Return a name as code, in a table or out of one.

    Plain names stand between backticks. In any other name each sign is a character reference,
    which Markdown never reads as markup; control and format characters are left out.
    """
    shown = "".join(c for c in name if not unicodedata.category(c).startswith("C"))
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}…"
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    signs = (c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in shown)
    return f"<code>{''.join(signs)}</code>"


def comparison_markdown(comparison: RunComparison) -> str:
    """Return the comparison: verdict, then each arm with its tables."""
    title = "Comparison of two runs"
    if comparison.gate:
        title = f"Gate {'failed' if comparison.gate.failed else 'passed'}"
    how = "Changes are paired by item" if comparison.paired else "Changes are not paired by item"
    parts = [
        f"### metaprobe: {title}",
        f"{code(comparison.before)} → {code(comparison.after)}. {how}, in points, with 95 % "
        "intervals; *fell* and *rose* mean q < 0.05.",
    ]
    parts += [f"> {caveat}" for caveat in comparison.caveats]
    if comparison.gate:
        parts.append(_gate(comparison.gate))
    parts += [part for arm in comparison.arms for part in _arm(arm)]
    return "\n\n".join(parts) + "\n"


def _gate(gate: Gate) -> str:
    # The expression has been parsed, so it holds no sign that ends a code span.
    verdict = "is true" if gate.failed else "is not true"
    arms = f" for {', '.join(code(arm) for arm in gate.failing_arms)}" if gate.failed else ""
    lines = [f"Fails on `{' '.join(gate.expression.split())}`, which {verdict}{arms}:", ""]
    lines += ["| arm | condition | | |", "|---|---|---|---|"]
    for condition in gate.conditions:
        holds = "**true**" if condition.holds else "false"
        cells = (code(condition.arm), f"`{condition.text}`", holds, _minus(condition.detail))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _minus(text: str) -> str:
    return re.sub(r"-(?=[0-9])", "−", text)


def _arm(arm: ArmChange) -> list[str]:
    return [
        f"#### {_stage(arm.before, arm.before_step, arm.before_seeds)} → "
        f"{_stage(arm.after, arm.after_step, arm.after_seeds)}",
        _overview([group for group in arm.groups if group.kind != "cell"]),
        _clear([group for group in arm.groups if group.kind == "cell"]),
        _details([group for group in arm.groups if group.kind == "cell"]),
    ]


def _stage(name: str, step: int, seeds: int) -> str:
    if name == "base" and step == 0:
        return "the base"
    return f"{code(name)} step {step}" + (f", {seeds} seeds" if seeds > 1 else "")


def _overview(groups: Sequence[GroupChange]) -> str:
    lines = [_HEAD]
    for group in groups:
        mark = "fell" if group.fell else "rose" if group.rose else ""
        name = group.name.replace("_", " ")
        title = f"**{name}**" if group.kind == "domain" else name
        lines.append(f"| {title} | {_numbers(group)} | {mark} |")
    return "\n".join(lines)


def _numbers(group: GroupChange) -> str:
    ends = interval(group.low, group.high, signed=True)
    change = points(group.change, 1)
    return f"{100 * group.before:.1f} % | {100 * group.after:.1f} % | {change} | {ends}"


def _clear(cells: Sequence[GroupChange]) -> str:
    parts = []
    for word, found in (
        ("fell", [c for c in cells if c.fell]),
        ("rose", [c for c in cells if c.rose]),
    ):
        listed = ", ".join(
            f"{c.name} {points(c.change)} ({interval(c.low, c.high, signed=True)})"
            for c in sorted(found, key=lambda c: -abs(c.change))
        )
        parts.append(f"- Cells that clearly {word}: {listed or 'none'}.")
    return "\n".join(parts)


def _details(cells: Sequence[GroupChange]) -> str:
    lines = [
        f"| {c.name} | {_numbers(c)} | {p_value(c.q_value).replace('<', '&lt;')} | {c.n_items} |"
        for c in cells
    ]
    summary = f"<details>\n<summary>All {len(cells)} cells</summary>"
    return "\n".join([summary, "", _FULL_HEAD, *lines, "", "</details>"])
