"""The review page in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from picked import FACTS, candidate, opened, some
from serving import CHROMIUM, Server

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.curation.decisions import Action, Kind, State
from metaprobe.benchmark.curation.reviews import ReviewStore

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
PEOPLE = ("--annotator", "ada", "--annotator", "ben", "--adjudicator", "cy")
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
    },
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    opened(tmp_path, people="")
    running = Server(tmp_path, *PEOPLE)
    yield running
    running.kill()


def log_in(chromium: Any, server: Server, name: str, **view: Any) -> Any:
    """A page of a browser of its own, whose faults are collected in `page.faults`."""
    page = chromium.new_context(**view).new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(dialog.message))
    page.goto(server.links[name])
    page.wait_for_url(f"{server.base}/")
    return page


def press(page: Any, *keys: str) -> None:
    """Press keys that lead to another page."""
    with page.expect_navigation():
        for key in keys:
            page.keyboard.press(key)


def follow(page: Any, role: str, name: str) -> None:
    """Click what leads to another page."""
    with page.expect_navigation():
        page.get_by_role(role, name=name).click()


def present(page: Any) -> str:
    """The item on the page."""
    return str(page.locator("#decide").get_attribute("data-item"))


def test_two_people_disagree_adjudicate_and_freeze(chromium: Any, server: Server) -> None:
    ada, ben = (log_in(chromium, server, name) for name in ("ada", "ben"))
    for _ in some():
        press(ada, "a")
    for number, _ in enumerate(some()):
        press(ben, *("r3" if number == 0 else "a"))
    cy = log_in(chromium, server, "cy")
    follow(cy, "link", "Adjudicate 1")
    assert "ambiguous" in cy.locator(".choices").first.inner_text().lower()
    press(cy, "1")
    assert "Nothing to adjudicate" in cy.inner_text("main")
    store = ReviewStore(server.folder)
    assert {one.state for one in store.outcomes().values()} == {State.ACCEPTED}
    (ruling,) = [one for one in store.decisions() if one.kind is Kind.ADJUDICATION]
    assert ruling.annotator == "cy"
    follow(cy, "link", "Exchange")
    follow(cy, "button", "Freeze")
    assert "6 items" in cy.inner_text("main")
    assert (server.folder / "frozen" / "items.jsonl").is_file()
    assert ada.faults == ben.faults == cy.faults == []


def test_the_keyboard_is_enough(chromium: Any, server: Server) -> None:
    page = log_in(chromium, server, "ada")
    seen = []

    def step(*keys: str) -> None:
        seen.append(present(page))
        press(page, *keys)

    step("a")
    step("r", "2")
    step("m", *"sci diag", "Enter")
    kind = page.locator(".gold .badge").inner_text()
    assert kind == "choice"
    step("e", "Control+a", "b", "Enter")
    page.keyboard.press("n")
    page.keyboard.type("Is this right? a r u z")
    page.keyboard.press("Escape")
    step("u")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    step("a")
    press(page, "z")
    assert present(page) == seen[-1]
    found = {one.id: one for one in ReviewStore(server.folder).decisions()}
    actions = [found[item].action for item in seen]
    assert actions == [
        *(Action.ACCEPT, Action.REJECT, Action.MOVE, Action.FIX, Action.UNSURE, Action.UNDO)
    ]
    assert found[seen[1]].reason == "wrong_answer"
    assert found[seen[2]].to_cell == "science/diagnostic"
    assert found[seen[3]].answer.value == "B"
    assert found[seen[4]].note == "Is this right? a r u z"
    assert page.faults == []


def test_every_control_is_reached_by_tab(chromium: Any, server: Server) -> None:
    page = log_in(chromium, server, "ada")
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            "return [e.innerText.trim(), s.outlineStyle, parseFloat(s.outlineWidth)] })()"
        )
        names.append(focused[0].split("\n")[-1].strip())
        assert focused[1] == "solid", f"{focused} has no visible focus"
        assert focused[2] >= 2
        if names[-1].endswith("Keys"):
            break
    for wanted in ("Accept", "Reject", "Move", "Fix", "Unsure", "Note", "Keys"):
        assert any(name.endswith(wanted) for name in names), names


def test_a_killed_server_and_a_reload_lose_nothing(chromium: Any, server: Server) -> None:
    page = log_in(chromium, server, "ada")
    press(page, "a")
    press(page, "r", "1")
    item = present(page)
    page.keyboard.press("n")
    page.keyboard.type("half a thought")
    page.keyboard.press("Escape")
    server.kill()
    page.keyboard.press("a")
    page.locator("#told.bad").wait_for()
    assert "nothing was recorded" in page.inner_text("#told")
    server.start(*PEOPLE)
    assert "the link given before holds" in server.said
    page.reload()
    assert present(page) == item, "the session and the place are kept"
    assert page.input_value("#note") == "half a thought"
    press(page, "a")
    assert page.input_value("#note") == ""
    server.kill()
    decisions = ReviewStore(server.folder).decisions()
    assert [one.action for one in decisions] == [Action.ACCEPT, Action.REJECT, Action.ACCEPT]
    assert decisions[-1].note == "half a thought"


def test_it_works_without_scripts(chromium: Any, server: Server) -> None:
    page = log_in(chromium, server, "ada", java_script_enabled=False)
    item = present(page)
    page.locator("summary", has_text="Fix").click()
    field = page.get_by_label("The right answer")
    field.fill("9")
    field.press("Enter")
    assert ReviewStore(server.folder).decisions() == [], "Enter alone decides nothing"
    follow(page, "button", "Accept with this answer")
    follow(page, "button", "Undo")
    page.locator("summary", has_text="Reject").click()
    follow(page, "button", "Duplicate")
    page.locator("summary", has_text="Move").click()
    follow(page, "button", "coding / diagnostic")
    decisions = ReviewStore(server.folder).decisions()
    assert [one.action for one in decisions] == [
        *(Action.FIX, Action.UNDO, Action.REJECT, Action.MOVE)
    ]
    assert decisions[0].answer == IntegerAnswer(value=9)
    assert {one.id for one in decisions[:3]} == {item}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_fault_and_nothing_is_cut_off(
    chromium: Any, server: Server, view: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    ada, ben, cy = (log_in(chromium, server, name, **VIEWS[view]) for name in ("ada", "ben", "cy"))
    press(ada, "a")
    ada.goto(f"{server.base}/item/{some()[0].item.id}")
    for page in (ada, ben):
        page.goto(f"{server.base}/item/{some()[0].item.id}")
    press(ben, "r", "4")
    opened = [(ada, "/"), (ada, f"/item/{some()[0].item.id}"), (ada, "/search"), (ada, "/none")]
    opened += [
        (cy, path) for path in ("/adjudicate", "/progress", "/agreement", "/exchange", "/search")
    ]
    for page, path in opened:
        page.goto(server.base + path)
        sheets = page.locator(".bar summary").all()
        for sheet in [None, *sheets]:
            if sheet:
                sheet.click()
            found = axe.run(page).response["violations"]
            told = [(v["id"], v["impact"], [n["html"][:90] for n in v["nodes"]]) for v in found]
            assert told == [], (path, sheet and sheet.inner_text())
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is wider than the window"


def test_hostile_text_does_nothing(chromium: Any, tmp_path: Path) -> None:
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
        '"><a href="javascript:alert(4)">x</a></textarea><style>*{display:none}</style>'
        "\u202etxt.exe\u2066\x00\x1b[2J\ufffd" + "W" * 5000 + "Z\u0301\u0302" * 5000
    )
    answer = TextAnswer(value="</div><script>alert(5)</script>\u202e", aliases=("'\"><b>",))
    one = candidate(hostile, answer, FACTS, corpus=hostile[:300], licence=hostile[:300])
    near = one.belongs.model_copy(update={"what": hostile, "example": hostile})
    opened(tmp_path, [one.model_copy(update={"belongs": near, "near_miss": near})], people="")
    server = Server(tmp_path, *PEOPLE)
    page = log_in(chromium, server, "ada", **VIEWS["phone"])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/search", "/progress"):
        page.goto(server.base + path)
        assert page.locator("h1").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.goto(server.base)
    page.locator("details.fold summary").first.click()
    shown = page.locator(".question").inner_text()
    assert "<script>alert(1)</script>" in shown
    assert "U+202E" in shown
    assert page.locator(".item script, .item img, .item svg, .item a").count() == 0
    press(page, "a")
    server.kill()
    assert page.faults == []
    assert all(url.startswith(server.base) for url in asked)


def test_ctrl_c_says_how_to_go_on(server: Server) -> None:
    status, said = server.interrupt()
    assert status == 130
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
