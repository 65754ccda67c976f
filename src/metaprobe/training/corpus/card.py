"""The data card: where the problems come from, what was left out, and what the teacher did."""

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from metaprobe.benchmark.items import Item
from metaprobe.core.stats import Interval, mean_interval, wilson
from metaprobe.core.vocabulary import Verdict
from metaprobe.training.corpus.collection import Collected
from metaprobe.training.corpus.config import DataConfig
from metaprobe.training.corpus.curation import LeftOut, Reason
from metaprobe.training.corpus.sources import Source

SCHEMA_VERSION = 1

_EXAMPLES = 5
_EXCERPT = 160
_PACKAGES = ("metaprobe", "datasets", "httpx2", "math-verify", "torch", "transformers")


class Step(NamedTuple):
    """How many problems there are after a step of the curation."""

    name: str
    problems: int


def data_card(
    config: DataConfig,
    sources: Sequence[Source],
    items: Sequence[Item],
    steps: Sequence[Step],
    left_out: Sequence[LeftOut],
) -> dict[str, Any]:
    """Return what the card says of the problems."""
    counts = Counter(row.reason for row in left_out)
    return {
        "schema_version": SCHEMA_VERSION,
        "settings": config.model_dump(mode="json"),
        "sources": [
            {
                "name": source.name,
                "licence": source.licence,
                "revision": source.revision,
                "files": source.files,
                "rows": len(source.rows),
                "content": source.content,
            }
            for source in sources
        ],
        "steps": [step._asdict() for step in steps],
        "left_out": {str(reason): counts[reason] for reason in Reason},
        "examples": {
            str(reason): [row._asdict() for row in left_out if row.reason is reason][:_EXAMPLES]
            for reason in Reason
            if counts[reason]
        },
        "golds": dict(sorted(Counter(item.answer.kind for item in items).items())),
        "versions": _versions(),
    }


def variant_card(one: Collected, samples: int) -> dict[str, Any]:
    """Return what the card says of the traces of one variant.

    `problems_solved` is the share of problems with a trace, with its Wilson interval;
    `samples_accepted` the share of samples that could be kept, averaged by problem first, since
    the samples of one problem are alike.
    """
    solved = wilson(sum(n > 0 for n in one.accepted), len(one.accepted))
    drawn = np.array(one.accepted, dtype=float) / samples
    lengths = [trace.tokens for trace in one.traces if trace.tokens is not None]
    return {
        "variant": one.variant,
        "samples": sum(one.verdicts.values()),
        **{str(verdict): one.verdicts[verdict] for verdict in Verdict},
        "other_variant": one.other_variant,
        "errors": one.errors,
        "traces": len(one.traces),
        "problems_solved": _interval(solved),
        "samples_accepted": _interval(mean_interval(drawn)),
        "tokens": _lengths(lengths),
        "journal": f"samples/{one.journal.name}",
    }


def card_text(card: dict[str, Any]) -> str:
    """Return the card for people, as Markdown."""
    lines = ["# Data card", "", "| source | rows | licence | revision |", "|---|--:|---|---|"]
    for source in card["sources"]:
        licence, revision = source["licence"] or "not stated", source["revision"] or ""
        lines.append(
            f"| {_cell(source['name'])} | {source['rows']} | {_cell(licence)} | {revision} |"
        )
    lines += ["", "| step | problems |", "|---|--:|"]
    lines += [f"| {step['name']} | {step['problems']} |" for step in card["steps"]]
    lines += ["", "| left out | rows |", "|---|--:|"]
    lines += [f"| {reason} | {count} |" for reason, count in card["left_out"].items()]
    against = [
        f"{b['name']} ({b['items']} items, {b['content_hash'][:16]})" for b in card["benchmarks"]
    ]
    golds = ", ".join(f"{count} {kind}" for kind, count in card["golds"].items())
    lines += ["", f"Benchmarks: {', '.join(against) or 'none'}. Golds: {golds}.", ""]
    lines += _example_lines(card["examples"])
    if card["teacher"]:
        lines += _teacher_lines(card)
    lines += ["## Files", "", "| file | SHA-256 |", "|---|---|"]
    lines += [f"| {name} | {digest} |" for name, digest in card["files"].items()]
    used = ", ".join(f"{name} {number}" for name, number in card["versions"].items() if number)
    return "\n".join([*lines, "", f"Made with {used}.", ""])


def _example_lines(examples: dict[str, list[dict[str, str]]]) -> list[str]:
    if not examples:
        return []
    lines = ["## Rows that were left out, the first of each reason", ""]
    lines += ["| reason | row | text | repeats |", "|---|---|---|---|"]
    lines += [
        f"| {reason} | {_cell(row['place'])} | {_cell(row['text'])} | {_cell(row['other'])} |"
        for reason, rows in examples.items()
        for row in rows
    ]
    return [*lines, ""]


def _teacher_lines(card: dict[str, Any]) -> list[str]:
    settings = card["settings"]
    sampling = settings["sampling"]
    head = ("variant", "samples", *map(str, Verdict), "other variant", "traces")
    lines = [
        "## Traces",
        "",
        f"Teacher {_cell(card['teacher']['name'])}; temperature {sampling['temperature']:g}, top-p "
        f"{sampling['top_p']:g}, at most {sampling['max_new_tokens']} tokens, seed "
        f"{sampling['seed']}; {settings['samples']} samples of each problem, at most "
        f"{settings['keep']} correct ones kept.",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'--:|' * (len(head) - 1)}",
    ]
    for one in card["variants"]:
        counts = [one[str(verdict)] for verdict in Verdict]
        row = (one["variant"], one["samples"], *counts, one["other_variant"], one["traces"])
        lines.append(f"| {' | '.join(map(str, row))} |")
    lines += ["", "| variant | problems solved | samples accepted | tokens of a trace |"]
    lines.append("|---|---|---|---|")
    for one in card["variants"]:
        shares = (_share(one["problems_solved"]), _share(one["samples_accepted"]))
        lines.append(f"| {one['variant']} | {' | '.join(shares)} | {_spread(one['tokens'])} |")
    return [*lines, ""]


def _interval(found: Interval | None) -> dict[str, Any] | None:
    return found._asdict() if found else None


def _share(of: dict[str, Any] | None) -> str:
    if of is None:
        return "none"
    return f"{of['value']:.3f} ({of['low']:.3f} to {of['high']:.3f}, n = {of['n']})"


def _lengths(tokens: Sequence[int]) -> dict[str, float] | None:
    if not tokens:
        return None
    median, high = np.quantile(tokens, (0.5, 0.95)).tolist()
    mean, most = float(np.mean(tokens)), max(tokens)
    return {"n": len(tokens), "mean": mean, "median": median, "p95": high, "max": most}


def _spread(of: dict[str, float] | None) -> str:
    if of is None:
        return "not told"
    return (
        f"median {of['median']:.0f}, mean {of['mean']:.0f}, 95 % below {of['p95']:.0f}, "
        f"most {of['max']:.0f}"
    )


def _cell(text: str) -> str:
    """Return a text as it may stand in a table, whatever is in it."""
    line = repr(" ".join(text.split()))[1:-1].replace("|", "\\|")
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}..."


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
