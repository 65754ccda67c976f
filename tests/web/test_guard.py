"""Nobody is let in without a token, under a strange name, or from another site's page."""

import re
from pathlib import Path

import pytest
from people import ACCEPT, BASE, Room
from starlette.testclient import TestClient

from metaprobe.web.guard import is_own_host

PAGES = (
    "/",
    "/search",
    "/progress",
    "/agreement",
    "/adjudicate",
    "/exchange",
    "/export/jsonl",
    "/none",
)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_no_page_opens_without_a_token(room: Room) -> None:
    for cookie in ("", room.tokens["ada"]):
        room.stranger.client.cookies.set("metaprobe-000000000000", cookie)
        for path in PAGES:
            assert "How much is" not in room.stranger.open(path, status=401)


def test_a_wrong_link_logs_nobody_in(room: Room) -> None:
    room.stranger.open(f"/enter/{room.tokens['ada'][:-1]}", status=401)
    assert not room.stranger.client.cookies
    room.stranger.open("/", status=401)


def test_the_session_is_kept_from_scripts_and_other_sites(room: Room) -> None:
    answer = room.stranger.client.get(f"/enter/{room.tokens['ada']}")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.headers["refresh"] == "0; url=/", "the token leaves the address bar"
    assert room.tokens["ada"] not in answer.text


def test_a_session_goes_on_after_the_server_was_started_again(room: Room) -> None:
    cookies = dict(room.ada.client.cookies)
    room.start()
    room.stranger.client.cookies.update(cookies)
    assert "ada" in room.stranger.open("/")


def test_a_new_link_ends_the_one_before(room: Room) -> None:
    room.ada.open("/")
    room.store.add_annotator("ada")
    room.ada.open("/", status=401)


def test_a_strange_name_of_the_server_is_refused(room: Room) -> None:
    for host in ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""):
        answer = room.ada.client.get("/", headers={"host": host})
        assert answer.status_code == 400
        assert "How much is" not in answer.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "[::1]:8765", "192.168.0.7:1", "me"]
)
def test_own_names_and_addresses_are_known(host: str) -> None:
    assert is_own_host(host, {"localhost", "me"})


@pytest.mark.parametrize("host", ["[::1", "me.evil.example", "me@evil.example", "0x7f.1.evil"])
def test_what_only_looks_like_an_own_name_is_none(host: str) -> None:
    assert not is_own_host(host, {"localhost", "me"})


def test_a_form_of_another_site_changes_nothing(room: Room) -> None:
    room.ada.open("/")
    form = {**room.ada.form("/decide"), "decision": ACCEPT}
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8765"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        room.ada.send("/decide", form, 403, headers=headers)
    assert room.store.decisions() == []
    room.ada.send("/decide", form, headers={"origin": BASE, "sec-fetch-site": "same-origin"})
    assert len(room.store.decisions()) == 1


@pytest.mark.parametrize("path", ["/decide", "/undo"])
def test_a_form_without_the_key_of_the_session_changes_nothing(room: Room, path: str) -> None:
    room.ada.open("/")
    room.ada.press(ACCEPT)
    mine = {**room.ada.form("/decide"), **room.ada.form("/undo"), "decision": ACCEPT}
    room.ben.open("/")
    for key, status in {"": 400, "é": 403, room.ben.form("/decide")["key"]: 403}.items():
        room.ada.send(path, {**mine, "key": key}, status)
    assert len(room.store.decisions()) == 1


def test_a_body_of_unknown_size_is_not_read(room: Room) -> None:
    answer = room.ada.client.post("/decide", content=iter([b"x"]))
    assert answer.status_code == 413


def test_every_answer_forbids_scripts_of_others(room: Room) -> None:
    for path in ("/", "/none", "/static/review.js", "/enter/none"):
        headers = room.ada.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    page = room.ada.open("/")
    assert not re.search(r"<script(?! src=\"/static/review.js\" defer></script>)", page)
    assert not re.search(r" (?:style|on\w+)=", page)


def test_only_reading_is_possible_under_other_methods(room: Room) -> None:
    client: TestClient = room.ada.client
    assert client.put("/decide", content=b"").status_code == 405
    assert client.get("/decide").status_code == 405
