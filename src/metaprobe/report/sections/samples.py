"""Responses side by side: the same question to the base and to every arm."""

from itertools import groupby

from metaprobe.core.results import Sample, SampleResponse
from metaprobe.core.vocabulary import CELLS, Cell, Verdict
from metaprobe.report.markup import Html, folded, join, section, tag, text
from metaprobe.report.view import View

_CLASSES = {Verdict.CORRECT: "good", Verdict.WRONG: "bad"}


def samples(view: View) -> Html:
    """Return the samples, folded by cell; empty where the summary has none."""
    if not view.summary.samples:
        return Html("")
    order = ["base", *(arm.name for arm in view.arms)]
    ordered = sorted(view.summary.samples, key=lambda s: CELLS.index(Cell(s.domain, s.skill)))
    parts = []
    for (domain, skill), group in groupby(ordered, key=lambda s: (s.domain, s.skill)):
        items = list(group)
        size = f" {len(items)} question{'' if len(items) == 1 else 's'}"
        title = join([text(f"{domain}/{skill}"), tag("span", text(size), class_="fine")])
        parts.append(folded(title, *(_sample(item, order) for item in items)))
    lead = "What the base and the last stage of each arm answered to the same question."
    return section("samples", "Responses side by side", tag("p", text(lead)), *parts)


def _sample(item: Sample, order: list[str]) -> Html:
    names = sorted(item.responses, key=lambda n: order.index(n) if n in order else len(order))
    return tag(
        "article",
        tag("p", text(f"{item.family}, level {item.level}"), class_="fine"),
        tag("pre", text(item.question), class_="question"),
        tag("p", text("Gold answer: "), tag("code", text(item.gold))),
        tag("div", *(_response(n, item.responses[n]) for n in names), class_="responses"),
        class_="sample",
    )


def _response(name: str, response: SampleResponse) -> Html:
    kind = next((c for verdict, c in _CLASSES.items() if verdict == response.verdict), "none")
    badge = tag("span", text(response.verdict), class_=f"badge {kind}")
    head = tag("p", tag("strong", text(name)), Html(" "), badge)
    return tag("div", head, tag("pre", text(response.text), tabindex="0"), class_="response")
