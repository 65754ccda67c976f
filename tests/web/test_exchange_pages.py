"""Files in and out through the adjudicator's page."""

from pathlib import Path

import pytest
from people import Room
from picked import decided, some

from metaprobe.benchmark.curation.decisions import Action
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.freeze import load_benchmark

ITEMS = [one.item.id for one in some()]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """ada accepts everything; ben too, but for the second candidate."""
    found = Room(tmp_path / "picks")
    for one in some():
        found.store.record(decided(one, "ada"))
        differs = one.item.id == ITEMS[1]
        found.store.record(decided(one, "ben", Action.REJECT if differs else Action.ACCEPT))
    return found


def fields(room: Room, path: str) -> dict[str, str]:
    room.cy.open("/exchange")
    return room.cy.form(path)


@pytest.mark.parametrize(("name", "form"), [("decisions.jsonl", "jsonl"), ("decisions.csv", "csv")])
def test_decisions_go_out_and_come_in_again(
    room: Room, tmp_path: Path, name: str, form: str
) -> None:
    answer = room.cy.client.get(f"/export/{name}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"] == "application/octet-stream"
    other = Room(tmp_path / "other")
    for told in ("12 of 12 decisions were new", "0 of 12 decisions were new"):
        page = other.cy.send(
            "/import", {**fields(other, "/import"), "form": form}, files={"file": answer.content}
        )
        assert told in page
    assert other.store.decisions() == room.store.decisions()


@pytest.mark.parametrize("name", ["label-studio.json", "label-studio.xml"])
def test_label_studio_gets_tasks_and_an_interface(room: Room, name: str) -> None:
    answer = room.cy.client.get(f"/export/{name}")
    assert answer.status_code == 200
    assert ITEMS[0] in answer.text or "<Choices" in answer.text


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b'{"id": "<script>"}', b"[]"])
def test_a_damaged_file_is_refused_whole_and_in_a_line(room: Room, content: bytes) -> None:
    before = room.store.decisions()
    data = {**fields(room, "/import"), "form": "jsonl"}
    page = room.cy.send("/import", data, 409, files={"file": content})
    assert "Nothing was taken in" in page
    assert "decisions.jsonl" in page
    assert "/metaprobe" not in page.partition("Nothing was taken in")[2].partition("</p>")[0]
    assert room.store.decisions() == before


def test_what_was_accepted_is_frozen(room: Room) -> None:
    form = {**fields(room, "/freeze"), "per_cell": 50, "accepts": 2, "fill": ""}
    page = room.cy.send("/freeze", form)
    assert "5 items" in page
    frozen = load_benchmark(room.folder / "frozen")
    assert {item.id for item in frozen.items} == set(ITEMS) - {ITEMS[1]}
    assert "per_cell" in room.cy.send("/freeze", {**form, "per_cell": 9999}, 409)


def test_nothing_accepted_freezes_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    form = {**fields(room, "/freeze"), "per_cell": 50, "accepts": 2}
    assert "Nothing was frozen" in room.cy.send("/freeze", form, 409)
    assert not (tmp_path / "frozen").exists()


@pytest.mark.parametrize("path", ["/import", "/freeze"])
def test_only_adjudicators_with_a_form_of_theirs_change_files(room: Room, path: str) -> None:
    form = {"key": "x", "form": "jsonl", "per_cell": 50, "accepts": 1}
    files = {"file": b""} if path == "/import" else None
    room.ada.open("/")
    mine = {**form, "key": room.ada.form("/undo")["key"]}
    room.ada.send(path, mine, 403, files=files)
    room.cy.send(path, form, 403, files=files)
    assert not (room.folder / "frozen").exists()


def test_nobody_else_exports(room: Room) -> None:
    for name in ("decisions.jsonl", "decisions.csv", "label-studio.json", "reviews.sqlite"):
        assert room.ada.client.get(f"/export/{name}").status_code == 403
    assert room.cy.client.get("/export/reviews.sqlite").status_code == 400


def test_agreement_is_shown_to_adjudicators_with_its_interval(room: Room) -> None:
    from metaprobe.benchmark.curation.agreement import agreement

    found = agreement(ReviewStore(room.folder)).overall
    page = room.cy.open("/agreement")
    assert found.alpha is not None
    assert f"{found.alpha.value:.2f}" in page
    assert f"{found.alpha.low:.2f} to {found.alpha.high:.2f}" in page
    room.ada.open("/agreement", status=403)
