"""HTML by small functions: text is escaped on the way in, and only `Html` goes on the page."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

Html = NewType("Html", str)
"""Text that is safe to place on the page."""

NOT_MEASURED = "not measured"
MINUS = "\N{MINUS SIGN}"


def text(value: object) -> Html:
    """Return any value as escaped text."""
    return Html(escape(str(value), quote=True))


def join(parts: Iterable[Html], between: str = "") -> Html:
    """Return the parts one after another."""
    return Html(between.join(parts))


def tag(name: str, *parts: Html, **attributes: str) -> Html:
    """Return an element; `class_` stands for `class`, `_` for `-`, and values are escaped."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{''.join(parts)}</{name}>")


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share as `62 %`, or that it was not measured."""
    return NOT_MEASURED if value is None else f"{100 * value:.{digits}f} %"


def points(value: float | None, digits: int = 0) -> str:
    """Return a change as signed points, `+4` or `−12`, or that it was not measured."""
    if value is None:
        return NOT_MEASURED
    rounded = round(100 * value, digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.{digits}f}"


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Return the two ends in points, or an empty string where either is missing."""
    if low is None or high is None:
        return ""
    if signed:
        return f"{points(low)} to {points(high)}"
    return f"{100 * low:.0f} to {100 * high:.0f}"


def with_ends(value: str, ends: str) -> str:
    """Return a value with the ends of its interval behind it, if there are any."""
    return f"{value} ({ends})" if ends else value


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, or that it was not measured."""
    return NOT_MEASURED if value is None else f"{value:.{digits}g}".replace("-", MINUS)


def p_value(value: float | None) -> str:
    """Return a p-value or q-value with three digits, or that it was not measured."""
    if value is None:
        return NOT_MEASURED
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float | None) -> str:
    """Return a count that a person reads: `950`, `12,400`, `1.7 M`, `4.0 B`."""
    if value is None:
        return NOT_MEASURED
    for size, unit in ((1e9, " B"), (1e6, " M")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Return a time that a person reads."""
    if seconds is None:
        return NOT_MEASURED
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def table(
    caption: str, head: Sequence[Html], rows: Sequence[Sequence[Html]], class_: str = ""
) -> Html:
    """Return a table in its own scroll box; the first cell of each row is its header."""
    header = join(tag("th", cell, scope="col") for cell in head)
    body = join(
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    )
    inner = tag(
        "table",
        tag("caption", text(caption)),
        tag("thead", tag("tr", header)),
        tag("tbody", body),
        class_=class_ or "plain",
    )
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def figure(graphic: Html, caption: str, class_: str = "") -> Html:
    """Return a figure with a caption that says how to read it."""
    box = tag("div", graphic, class_=f"graphic {class_}".strip())
    return tag("figure", box, tag("figcaption", text(caption)))


def section(name: str, title: str, *parts: Html) -> Html:
    """Return a section of the page under a heading of the second order."""
    heading = tag("h2", text(title), id=f"{name}-title")
    return tag("section", heading, *parts, id=name, aria_labelledby=f"{name}-title")


def folded(title: Html, *parts: Html) -> Html:
    """Return parts that open on a click."""
    return tag("details", tag("summary", title), *parts)
