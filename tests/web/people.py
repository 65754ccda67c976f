"""People with a browser without scripts."""

import html
import re
from pathlib import Path
from typing import Any

from picked import opened
from starlette.testclient import TestClient

from metaprobe.benchmark.curation.picks import Candidate
from metaprobe.benchmark.curation.reviews import ReviewStore, Role
from metaprobe.web.review.app import create_app

BASE = "http://127.0.0.1:8765"


class Browser:
    """One person's browser: it opens pages and presses buttons, as a form does without scripts."""

    def __init__(self, app: Any, token: str | None) -> None:
        self.client = TestClient(app, base_url=BASE, follow_redirects=True)
        self.page = ""
        if token:
            self.open(f"/enter/{token}")

    def open(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        self.page = answer.text
        return self.page

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form on the page, as they stand."""
        (body,) = re.findall(rf'<form[^>]* action="{action}".*?</form>', self.page, re.DOTALL)
        fields = re.findall(
            r'<input type="(?:hidden|text)"[^>]*? name="(\w+)" value="([^"]*)"', body
        )
        return {name: html.unescape(value) for name, value in fields}

    def press(self, decision: str, status: int = 200, **fields: Any) -> str:
        """Press a button of the present candidate, which has to be on the page."""
        assert decision in html.unescape(self.page)
        return self.send(
            "/decide", {**self.form("/decide"), "decision": decision, **fields}, status
        )

    def undo(self) -> str:
        return self.send("/undo", self.form("/undo"))

    def send(self, path: str, data: dict[str, Any], status: int = 200, **named: Any) -> str:
        answer = self.client.post(path, data=data, **named)
        assert answer.status_code == status, answer.text
        self.page = answer.text
        return self.page


ACCEPT = '{"action": "accept"}'
UNSURE = '{"action": "unsure"}'
FIX = '{"action": "fix"}'


def reject(reason: str) -> str:
    return f'{{"action": "reject", "reason": "{reason}"}}'


def move(cell: str) -> str:
    return f'{{"action": "move", "to_cell": "{cell}"}}'


class Room:
    """A folder, its application, and the browsers of ada and ben, and of cy, who adjudicates."""

    def __init__(self, folder: Path, candidates: list[Candidate] | None = None) -> None:
        self.folder = folder
        opened(folder, candidates, people="")
        self.store = ReviewStore(folder)
        people = {"ada": Role.ANNOTATOR, "ben": Role.ANNOTATOR, "cy": Role.ADJUDICATOR}
        self.tokens = {name: self.store.add_annotator(name, role) for name, role in people.items()}
        self.start()

    def start(self) -> None:
        """Start the server again, with new browsers."""
        self.app = create_app(self.folder)
        self.ada, self.ben, self.cy = (Browser(self.app, t) for t in self.tokens.values())
        self.stranger = Browser(self.app, None)
