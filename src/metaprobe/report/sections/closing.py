"""The end of the page: what is missing, and how to make the same numbers again."""

from collections.abc import Mapping, Sequence
from typing import Any

from metaprobe.report.markup import Html, duration, section, tag, text
from metaprobe.report.view import View


def missing(view: View) -> Html:
    """Return what was planned and could not be measured."""
    lines = view.summary.missing
    if not lines:
        body = tag("p", text("Nothing: everything that was planned was measured."))
    else:
        body = tag("ul", *(tag("li", text(line)) for line in lines))
    return section("missing", "What is missing", body)


def provenance(view: View) -> Html:
    """Return versions, seeds, hashes and timings, and the command that reproduces the study."""
    summary = view.summary
    seeds = sorted({seed for arm in view.arms for seed in arm.seeds})
    facts: dict[str, Any] = {
        "made": summary.created,
        "took": duration(summary.seconds),
        "schema": f"summary.json, version {summary.schema_version}",
        "seeds": ", ".join(str(seed) for seed in seeds) or "none",
    }
    facts |= {key: value for key, value in summary.provenance.items() if key != "command"}
    command = summary.provenance.get("command", "metaprobe run study.toml")
    return section(
        "provenance",
        "Provenance",
        tag("p", text("The command that makes these numbers again:")),
        tag("pre", text(command), class_="command"),
        _facts(facts),
    )


def _facts(facts: Mapping[str, Any]) -> Html:
    parts = []
    for key, value in facts.items():
        parts.append(tag("dt", text(str(key).replace("_", " "))))
        parts.append(tag("dd", _value(value)))
    return tag("dl", *parts)


def _value(value: Any) -> Html:
    if isinstance(value, Mapping):
        return _facts(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return text(", ".join(str(part) for part in value))
    if value is None:
        return text("not recorded")
    return text(f"{value:g}" if isinstance(value, float) else value)
