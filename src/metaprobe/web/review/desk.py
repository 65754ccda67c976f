"""What all pages share: the store, the cells' definitions, and how a template becomes an answer."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from metaprobe.benchmark.curation.decisions import Decision, Reason
from metaprobe.benchmark.curation.reviews import Annotator, ReviewStore, Role
from metaprobe.benchmark.curation.seeds import read_seeds
from metaprobe.report.markup import duration
from metaprobe.web.text import one_line

REASONS = {
    Reason.OFF_SKILL: "Belongs to no cell",
    Reason.WRONG_ANSWER: "Its answer is wrong",
    Reason.AMBIGUOUS: "Ambiguous or unclear",
    Reason.INCOMPLETE: "Something is missing from it",
    Reason.DUPLICATE: "Duplicate of another",
    Reason.OTHER: "Another reason, see the note",
}
"""What the buttons say; the first is pressed by 1."""

_REVIEWER = (("/", "Review"), ("/search", "Search"), ("/progress", "Progress"))
_ADJUDICATOR = (("/adjudicate", "Adjudicate"), ("/exchange", "Exchange"))


class Desk:
    """The store of one folder, and its pages."""

    def __init__(self, folder: Path) -> None:
        """Open the store of a folder of picks.

        Raises:
            InputError: the folder holds no picks, or the store is damaged.
            StorageError: the store cannot be made.
        """
        self.folder = folder
        self.store = ReviewStore(folder)
        self.about = {str(one.cell): one.about for one in read_seeds()}
        """By cell, what it is in one sentence."""

    def page(
        self, request: Request, template: str, here: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page as an answer.

        Args:
            request: names who asks, if the guard has let anybody in.
            template: name of the file.
            here: the link of the menu that is shown as the present page.
            status: of the answer.
            values: what the template shows.
        """
        user: Annotator | None = getattr(request.state, "user", None)
        adjudicates = user is not None and user.role is Role.ADJUDICATOR
        body = (
            _templates()
            .get_template(template)
            .render(
                user=user,
                here=here,
                links=_REVIEWER + (_ADJUDICATOR if adjudicates else ()),
                open_cases=len(self.store.disagreements(user.name)) if user and adjudicates else 0,
                form_key=getattr(request.state, "form_key", ""),
                **values,
            )
        )
        return HTMLResponse(body, status_code=status)

    def message(self, request: Request, status: int, title: str, text: str) -> HTMLResponse:
        """Return a page that says one thing."""
        return self.page(request, "message.html", "", status=status, title=title, message=text)


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("metaprobe.web.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["reasons"] = REASONS
    found.filters.update(
        cell=lambda cell: str(cell).replace("_", " ").replace("/", " / "),
        words=lambda word: str(word).replace("_", " ").capitalize(),
        line=one_line,
        when=lambda time: time.astimezone().strftime("%d %b %Y, %H:%M"),
        duration=duration,
        choice=choice,
    )
    return found


def choice(decision: Decision) -> str:
    """Return what a button carries that decides as somebody has decided before."""
    wanted = decision.model_dump(mode="json", include={"action", "reason", "to_cell", "answer"})
    return json.dumps({name: value for name, value in wanted.items() if value is not None})


def local_now() -> datetime:
    """Return the time where the server runs."""
    return datetime.now().astimezone()
