"""The data card of a frozen benchmark as Markdown, safe to render whatever the corpora hold."""

import re
from collections import Counter
from typing import Any

_MOST = 200
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#|!~&])")


def card_text(card: dict[str, Any]) -> str:
    """Return the card that `frozen.freeze` makes, for people."""
    rule, cells = card["rule"], card["cells"]
    lines = [
        f"# {_plain(card['name'])}",
        "",
        f"{card['items']} items: {card['verified']} out of corpora, verified by people, and "
        f"{card['generated']} generated ({card['share_generated']:.0%}).",
        f"SHA-256 of the items: `{card['content_hash']}`. Made with metaprobe {card['metaprobe']}.",
        "",
        "## Sources",
        "",
        "| corpus | licence | items |",
        "|---|---|--:|",
        *(
            f"| {_plain(one['name'])} | {_licence(one['licence'])} | {one['items']} |"
            for one in card["sources"]
        ),
        "",
        *_licence_note(card["sources"]),
        "## Rule",
        "",
        f"{card['annotators']} people decided. An item is in when {rule['accepts']} reviewers, and "
        "all who are not unsure, want it in the same cell with the same answer, or when an "
        "adjudicator and at least one reviewer keep it. "
        f"At most {rule['per_cell']} items a cell, best scores first. "
        f"{card['moved']} items were moved to another cell; {card['answers_fixed']} answers were "
        "corrected. "
        f"{card['outdated_decisions']} decisions do not count, since the item has changed or gone.",
        "",
        *_fill_lines(card),
        *_agreement_lines(card["agreement"]),
        *_cell_lines(cells, rule["per_cell"]),
        *_selection_lines(card),
    ]
    return "\n".join(lines) + "\n"


def _licence(licence: str | None) -> str:
    return _plain(licence) if licence else "**not stated**"


def _licence_note(sources: list[dict[str, Any]]) -> list[str]:
    unknown = [_plain(one["name"]) for one in sources if not one["licence"]]
    if not unknown:
        return []
    text = f"**The licence of {', '.join(unknown)} is unknown: do not pass these items on.**"
    return [text, ""]


def _fill_lines(card: dict[str, Any]) -> list[str]:
    if card["rule"]["fill"] is None:
        return []
    levels = ", ".join(map(str, card["fill_levels"]))
    return [
        f"Cells are filled up with items of the families of `{card['rule']['fill']}` at levels "
        f"{levels}; nobody has reviewed those.",
        "",
    ]


def _agreement_lines(table: dict[str, Any]) -> list[str]:
    rows = [("all", table["overall"]), *table["cells"].items()]
    return [
        "## Agreement of blind reviews",
        "",
        "With 95 % intervals, over the candidates that two or more people decided on.",
        "",
        "| cell | reviewed | by two | raw | kappa | alpha |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {cell} | {one['reviewed']} | {one['n']} | "
            f"{' | '.join(_shown(one[name]) for name in ('raw', 'kappa', 'alpha'))} |"
            for cell, one in rows
        ),
        "",
    ]


def _cell_lines(cells: dict[str, Any], wanted: int) -> list[str]:
    empty = [c for c, one in cells.items() if not one["verified"] + one["generated"]]
    total: Counter[str] = Counter()
    for one in cells.values():
        total.update(one["dropped"])
    return [
        "## Cells",
        "",
        f"{wanted} items were wanted in each.",
        "",
        "| cell | verified | generated | missing | dropped |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| {cell} | {one['verified']} | {one['generated']} | "
            f"{wanted - one['verified'] - one['generated']} | {sum(one['dropped'].values())} |"
            for cell, one in cells.items()
        ),
        "",
        f"Cells without items: {', '.join(empty) or 'none'}.",
        "",
        "| dropped, because | candidates |",
        "|---|--:|",
        *(f"| {reason} | {count} |" for reason, count in sorted(total.items())),
        "",
    ]


def _selection_lines(card: dict[str, Any]) -> list[str]:
    cells = {c: one["selection"] for c, one in card["cells"].items() if one["selection"]}
    if not cells:
        return []
    scored = card["scored_by"] or {}
    calibrated = ", ".join(card["calibrated_cells"]) or "none"
    rows = [
        f"| {cell} | {one['suggested']} | {one['floor']:.3f} | {one['below_floor']} | "
        f"{one['near_duplicates']} | {sum(one['unresolved_golds'].values())} | "
        f"{one['candidates']} |"
        for cell, one in cells.items()
    ]
    return [
        "## Selection before review",
        "",
        f"Scores of {_plain(str(scored.get('ranker')))}; thresholds calibrated on decisions in: "
        f"{calibrated}.",
        "",
        "| cell | suggested | threshold | below it | near duplicates | no gold | candidates |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def _shown(estimate: dict[str, float] | None) -> str:
    """Return a measure with its interval in a table's cell; a dash where there is none."""
    if estimate is None:
        return "–"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def _plain(text: str) -> str:
    """Return a text that no Markdown, HTML or terminal takes for anything else."""
    line = repr(" ".join(text.split())[:_MOST])[1:-1]
    return _MARKUP.sub(r"\\\1", line)
