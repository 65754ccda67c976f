"""The first screen: what was done, what each arm did, and one table of it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from metaprobe.core.results import Finding
from metaprobe.core.vocabulary import Domain, Skill
from metaprobe.report.figures.theme import arm_color, arm_shape, readable
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    count,
    duration,
    folded,
    interval,
    join,
    percent,
    points,
    table,
    tag,
    text,
)
from metaprobe.report.view import ArmView, Pooled, View

Group = TypeVar("Group", bound=Skill | Domain)

_GENERAL = ("ranking", "tie", "budgets", "front", "caution")
_CARD = ("headline", "claim")
"""Kinds of finding that are never folded: they bear on the whole study."""
_PATHS = {
    "circle": "M7 2a5 5 0 1 0 .01 0z",
    "square": "M2.5 2.5h9v9h-9z",
    "diamond": "M7 1l5 6-5 6-5-6z",
    "triangle-up": "M7 1.5l6 10.5h-12z",
    "cross": "M5 1h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "triangle-down": "M7 12.5l6-10.5h-12z",
    "triangle-left": "M1.5 7l10.5-6v12z",
}


def swatch(arm: ArmView) -> Html:
    """Return the colour and shape of an arm, as the figures draw it."""
    path = tag("path", d=_PATHS[arm_shape(arm)], fill=arm_color(arm))
    return tag("svg", path, viewBox="0 0 14 14", class_="swatch", aria_hidden="true")


def arm_name(arm: ArmView) -> Html:
    """Return the name of an arm behind its swatch."""
    return tag("span", swatch(arm), text(arm.name), class_="arm")


def legend(view: View) -> Html:
    """Return the arms as a line of swatches."""
    return tag("p", *(arm_name(arm) for arm in view.arms), class_="legend")


def header(view: View) -> Html:
    """Return the title and the paragraph on what was done."""
    title = tag("h1", text(view.summary.study))
    asked = view.summary.question or "What did each recipe do to each skill?"
    question = tag("p", text(asked), class_="kicker")
    return tag("header", question, title, tag("p", text(_what_was_done(view)), class_="lead"))


def _what_was_done(view: View) -> str:
    base = view.summary.base
    steps = sorted({stage.step for arm in view.arms for stage in arm.stages})
    arms = "1 arm was" if len(view.arms) == 1 else f"{len(view.arms)} arms were"
    what = base.name
    if base.parameters is not None:
        what += f" ({base.family}, {count(base.parameters)} parameters)"
    sentences = [f"From the base {what}, {arms} trained"]
    if steps:
        n_stages = sum(len(arm.stages) for arm in view.arms)
        sentences[0] += f" and probed at {n_stages} stages, up to step {steps[-1]:,}"
    if view.summary.trained_cells:
        sentences[0] += f", on problems of {_trained(view)}"
    n_items = sum(row.n_items for row in view.base.cells.values())
    n_samples = sum(row.n_samples for row in view.base.cells.values())
    sentences.append(
        f"Every stage answered the same {n_items:,} questions over "
        f"{len(view.base.cells)} cells ({n_samples:,} responses{_sampling(view)})"
    )
    sentences.append("Changes are paired by question against the base, with 95 % intervals")
    if view.several_seeds:
        sentences.append(
            "Values are means over seeds; intervals are means of the seeds' intervals and speak of "
            "the questions, thin marks show the single seeds, and a change is marked only if "
            "every seed shows it"
        )
    return ". ".join(sentences) + "."


def _trained(view: View) -> str:
    cells = view.summary.trained_cells
    domains = list(dict.fromkeys(cell.split("/")[0] for cell in cells))
    whole = len(cells) == len(Skill) * len(domains)
    return " and ".join(domains) if whole else f"{len(cells)} cells ({', '.join(domains)})"


def _sampling(view: View) -> str:
    given = view.summary.provenance.get("sampling")
    if not isinstance(given, dict):
        return ""
    names = {
        "temperature": "temperature {}",
        "top_p": "top-p {}",
        "samples": "one sample a question"
        if given.get("samples") == 1
        else "{} samples a question",
    }
    known = [words.format(given[key]) for key, words in names.items() if key in given]
    return f"; {', '.join(known)}" if known else ""


def answers(view: View) -> Html:
    """Return what the comparison of the arms says."""
    found = [f for f in view.summary.findings if f.kind == "comparison"]
    return join([tag("p", text(f.text), class_="answer") for f in found])


def headlines(view: View) -> Html:
    """Return the headline and the claim of each arm as a card."""
    cards = []
    for arm in view.arms:
        found = [f for f in view.summary.findings if f.arm == arm.name and f.kind in _CARD]
        words = [tag("p", text(f.text)) for f in found] or [tag("p", text("No finding."))]
        cards.append(
            tag("li", tag("h3", arm_name(arm)), *words, tag("p", _effort(arm), class_="fine"))
        )
    return tag("ul", *cards, class_="cards") if cards else Html("")


def _effort(arm: ArmView) -> Html:
    if arm.last is None:
        return text("no stage was measured")
    parts = [arm.kind, f"{arm.last.step:,} steps"]
    if arm.last.tokens is not None:
        parts.append(f"{count(arm.last.tokens)} tokens")
    if arm.last.seconds is not None:
        parts.append(duration(arm.last.seconds))
    if len(arm.seeds) > 1:
        parts.append(f"{len(arm.seeds)} seeds")
    return text(" · ".join(parts))


def other_findings(view: View) -> Html:
    """Return the findings that are no headline: those on all arms in sight, the rest folded."""
    names = {arm.name for arm in view.arms}
    shown = [f for f in view.summary.findings if f.kind != "comparison"]
    rest = [f for f in shown if f.kind not in _CARD or f.arm not in names]
    general = [f for f in rest if f.kind in _GENERAL]
    single = [f for f in rest if f.kind not in _GENERAL]
    seen = tag("ul", *(_finding(f) for f in general), class_="findings") if general else Html("")
    if not single:
        return seen
    listed = tag("ul", *(_finding(f) for f in single), class_="findings")
    count_of = f"{len(single)} finding{'' if len(single) == 1 else 's'} by arm"
    return join([seen, folded(text(count_of), listed)])


def _finding(finding: Finding) -> Html:
    kind = tag("span", text(finding.kind), class_="badge")
    of_all = finding.kind in ("ranking", "tie") or finding.arm in ("", "base")
    arm = Html("") if of_all else tag("strong", text(f"{finding.arm} "))
    return tag("li", kind, Html(" "), arm, text(finding.text))


def summary_table(view: View) -> Html:
    """Return arms by skills at the last stage: accuracy, change and interval."""
    tuned = [arm.last.skills if arm.last else {} for arm in view.arms]
    grid = _grouped(view, list(Skill), view.base.skills, tuned, "skill")
    n = next((row.n_items for row in view.base.skills.values()), 0)
    note = (
        f"Accuracy in percent and its change from the base in points, with 95 % intervals; {n} "
        "questions a skill over all domains. Bold with a star: q < 0.05, or an interval without 0 "
        "where no q-value was computed."
    )
    return join([grid, tag("p", text(note), class_="fine")])


def domain_table(view: View) -> Html:
    """Return arms by domains at the last stage."""
    tuned = [arm.last.domains if arm.last else {} for arm in view.arms]
    return _grouped(view, list(Domain), view.base.domains, tuned, "domain")


def _grouped(
    view: View,
    keys: Sequence[Group],
    base: Mapping[Group, Pooled],
    tuned: Sequence[Mapping[Group, Pooled]],
    kind: str,
) -> Html:
    head = [text("last stage"), *(text(readable(key)) for key in keys)]
    rows = [[text("base"), *(_base_cell(base.get(key)) for key in keys)]]
    for arm, row in zip(view.arms, tuned, strict=True):
        rows.append([arm_name(arm), *(_change_cell(row.get(key)) for key in keys)])
    caption = f"Accuracy by {kind} at the last stage of every arm"
    return table(caption, head, rows, class_="summary")


def _base_cell(row: Pooled | None) -> Html:
    if row is None or row.accuracy is None:
        return tag("span", text(NOT_MEASURED), class_="none")
    ends = tag("small", text(interval(row.low, row.high)))
    return join([tag("span", text(f"{100 * row.accuracy:.0f}"), class_="value"), ends])


def _change_cell(row: Pooled | None) -> Html:
    if row is None or row.accuracy is None:
        return tag("span", text(NOT_MEASURED), class_="none")
    value = tag("span", text(percent(row.accuracy).removesuffix(" %")), class_="value")
    if row.delta is None:
        return join([value, tag("small", text(f"change {NOT_MEASURED}"))])
    direction = "up" if row.delta > 0 else "down"
    words = points(row.delta) + ("*" if row.marked else "")
    change = tag("span", text(words), class_=f"change {direction if row.marked else 'same'}")
    ends = tag("small", text(interval(row.delta_low, row.delta_high, signed=True)))
    return join([value, change, ends])
