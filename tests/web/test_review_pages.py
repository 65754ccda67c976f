"""The review page as forms and links, without scripts."""

import re
from pathlib import Path

import pytest
from people import ACCEPT, FIX, UNSURE, Browser, Room, move, reject
from picked import CALCULATION, FACTS, candidate, some

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.curation.decisions import Action, Reason, State

ITEMS = [one.item.id for one in some()]
SUM, EXPRESSION, FAUST = ITEMS[:3]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def decide_all(who: Browser, decisions: dict[str, tuple[str, dict[str, str]]]) -> None:
    for item, (decision, fields) in decisions.items():
        who.open(f"/item/{item}")
        who.press(decision, **fields)


def masked(page: str) -> str:
    """A page without what is drawn or measured anew each time."""
    page = re.sub(r'name="key" value="\w+"', "", page)
    return re.sub(
        r'name="opened" value="[\d.]+"|about <b>[^<]+</b> to go|<b>\d+ s</b> each', "", page
    )


def pages_of(who: Browser) -> list[str]:
    paths = ["/", "/search", "/search?status=undecided", "/progress"]
    return [masked(who.open(path)) for path in (*paths, *(f"/item/{item}" for item in ITEMS))]


def test_no_page_of_one_person_depends_on_what_another_decides(tmp_path: Path) -> None:
    one, other = Room(tmp_path / "one"), Room(tmp_path / "other")
    decide_all(one.ada, dict.fromkeys(ITEMS, (ACCEPT, {})))
    decide_all(
        other.ada,
        dict(
            zip(
                ITEMS,
                [
                    (FIX, {"answer": "41", "note": "seen by ada alone"}),
                    (reject("ambiguous"), {"note": "seen by ada alone"}),
                    (move(CALCULATION), {}),
                    (reject("off_skill"), {}),
                    (ACCEPT, {"note": "seen by ada alone"}),
                    (move(FACTS), {}),
                ],
                strict=True,
            )
        ),
    )
    before = pages_of(one.ben), pages_of(other.ben)
    assert before[0] == before[1]
    decide_all(one.ben, {SUM: (ACCEPT, {})})
    decide_all(other.ben, {SUM: (ACCEPT, {})})
    after = pages_of(one.ben), pages_of(other.ben)
    assert after[0] == after[1], "agreeing and disagreeing look the same"


def test_the_pages_of_adjudicators_are_closed_to_others(room: Room) -> None:
    decide_all(room.ada, {SUM: (ACCEPT, {})})
    decide_all(room.ben, {SUM: (reject("ambiguous"), {"note": "which plus?"})})
    for path in ("/adjudicate", f"/adjudicate/{SUM}", "/agreement", "/exchange"):
        assert "which plus?" not in room.ada.open(path, status=403)
    room.ada.open("/")
    stolen = {**room.ada.form("/decide"), "item": SUM, "kind": "adjudication", "decision": ACCEPT}
    for against in (0, 1, 2):
        page = room.ada.send("/decide", {**stolen, "against": against}, 403)
        assert "which plus?" not in page
    assert "which plus?" not in room.ada.open(f"/item/{SUM}")
    assert "which plus?" in room.cy.open(f"/adjudicate/{SUM}")


def test_an_adjudicator_sees_only_what_waits_for_one(room: Room) -> None:
    decide_all(room.ada, {SUM: (ACCEPT, {"note": "plain"})})
    assert "plain" not in room.cy.open(f"/adjudicate/{SUM}", status=403), "cy may still review it"
    decide_all(room.cy, {SUM: (reject("duplicate"), {})})
    room.cy.open(f"/adjudicate/{SUM}", status=403)
    assert "Nothing to adjudicate" in room.cy.open("/adjudicate")


def test_each_decision_is_recorded_as_it_was_pressed(room: Room) -> None:
    ada = room.ada
    decide_all(
        ada,
        {
            ITEMS[0]: (ACCEPT, {"note": " plain "}),
            ITEMS[1]: (reject("wrong_answer"), {}),
            ITEMS[2]: (FIX, {"answer": "J. W. Goethe | Goethe"}),
            ITEMS[3]: (move("science/diagnostic"), {}),
            ITEMS[4]: (UNSURE, {}),
            ITEMS[5]: (FIX, {"answer": "13", "to_cell": FACTS}),
        },
    )
    found = {one.id: one for one in room.store.decisions()}
    assert [found[item].action for item in ITEMS] == [
        *(Action.ACCEPT, Action.REJECT, Action.FIX, Action.MOVE, Action.UNSURE, Action.FIX)
    ]
    assert found[ITEMS[0]].note == "plain"
    assert found[ITEMS[1]].reason is Reason.WRONG_ANSWER
    assert found[ITEMS[2]].answer == TextAnswer(value="J. W. Goethe", aliases=("Goethe",))
    assert found[ITEMS[3]].to_cell == "science/diagnostic"
    assert (found[ITEMS[5]].answer, found[ITEMS[5]].to_cell) == (IntegerAnswer(value=13), FACTS)
    assert {one.annotator for one in found.values()} == {"ada"}
    assert all(one.seconds is not None and one.seconds < 60 for one in found.values())
    assert masked(ada.open("/")).count("unsure") >= 1, "what one is unsure of comes back"


def test_the_next_candidate_follows_until_none_is_left(room: Room) -> None:
    room.ada.open("/")
    seen = []
    for _ in ITEMS:
        seen.append(room.ada.form("/decide")["item"])
        room.ada.press(ACCEPT)
    assert sorted(seen) == sorted(ITEMS)
    assert "All done: 6 decided" in room.ada.page


def test_one_cell_can_be_kept_to(room: Room) -> None:
    room.ada.open(f"/?within={FACTS}")
    assert room.ada.form("/decide")["item"] == FAUST
    page = room.ada.press(ACCEPT)
    assert "general / fact retrieval is done" in page
    assert "<script" not in room.ada.open("/?within=<script>").replace("<script src", "")


def test_a_form_that_is_sent_twice_decides_once(room: Room) -> None:
    room.ada.open("/")
    form = {**room.ada.form("/decide"), "decision": ACCEPT}
    room.ada.send("/decide", form)
    room.ada.send("/decide", form)
    assert len(room.store.decisions()) == 1
    undo = room.ada.form("/undo")
    room.ada.send("/undo", undo)
    room.ada.send("/undo", undo)
    assert [one.action for one in room.store.decisions()] == [Action.ACCEPT, Action.UNDO]


def test_an_old_window_overwrites_nothing_and_keeps_what_was_typed(room: Room) -> None:
    room.ada.open(f"/item/{SUM}")
    old = room.ada.form("/decide")
    room.ada.press(reject("ambiguous"))
    page = room.ada.send(
        "/decide", {**old, "decision": FIX, "answer": "8", "note": "long thought"}, 409
    )
    assert "meanwhile" in page
    assert "long thought" in page
    assert room.ada.form("/decide")["answer"] == "8"
    assert [one.action for one in room.store.decisions()] == [Action.REJECT]
    room.ada.press(FIX, answer="8")
    assert room.store.current("ada")[SUM].answer == IntegerAnswer(value=8)


def test_an_answer_that_cannot_be_one_is_told_and_kept(room: Room) -> None:
    room.ada.open(f"/item/{SUM}")
    page = room.ada.press(FIX, 409, answer="a dozen", note="is it?")
    assert "Not recorded" in page
    assert room.ada.form("/decide")["answer"] == "a dozen"
    assert "is it?" in page
    assert room.store.decisions() == []


def test_undo_goes_back_to_the_candidate_before(room: Room) -> None:
    room.ada.open(f"/item/{FAUST}")
    room.ada.press(ACCEPT)
    page = room.ada.undo()
    assert "Who wrote Faust?" in page
    assert room.store.current("ada") == {}


def test_a_decision_can_be_changed_later(room: Room) -> None:
    decide_all(room.ada, {SUM: (ACCEPT, {})})
    assert "You decided on this" in room.ada.open(f"/item/{SUM}")
    room.ada.press(UNSURE)
    assert room.store.current("ada")[SUM].action is Action.UNSURE


def test_disagreement_is_adjudicated_in_sight_of_the_reviews(room: Room) -> None:
    decide_all(room.ada, {SUM: (FIX, {"answer": "8"}), FAUST: (ACCEPT, {})})
    decide_all(room.ben, {SUM: (reject("ambiguous"), {"note": "why?"}), FAUST: (ACCEPT, {})})
    page = room.cy.open("/adjudicate")
    assert "answer fixed" in page
    assert "why?" in page
    as_ada = '{"action": "fix", "answer": {"kind": "integer", "value": 8}}'
    assert "Nothing to adjudicate" in room.cy.press(as_ada)
    outcome = room.store.outcome(SUM)
    assert (outcome.state, outcome.answer) == (State.ACCEPTED, IntegerAnswer(value=8))
    assert "why?" in room.cy.undo()
    assert room.store.outcome(SUM).state is State.NEEDS_ADJUDICATION
    assert room.cy.open(f"/item/{SUM}"), "taken back, so that it may be reviewed"


def test_whoever_has_adjudicated_does_not_review(room: Room) -> None:
    decide_all(room.ada, {SUM: (ACCEPT, {})})
    decide_all(room.ben, {SUM: (reject("ambiguous"), {})})
    room.cy.open("/adjudicate")
    room.cy.press(ACCEPT)
    room.cy.open(f"/item/{SUM}", status=403)


def test_search_finds_by_text_cell_and_own_decision(room: Room) -> None:
    decide_all(room.ada, {SUM: (reject("other"), {"note": "Zebra"}), FAUST: (ACCEPT, {})})

    def found(query: str) -> set[str]:
        return set(re.findall(r'href="/item/(\w+)"', room.ada.open(f"/search?{query}")))

    assert found("") == set(ITEMS)
    assert found("text=FAUST") == {FAUST}
    assert found("text=zebra") == {SUM}
    assert found(f"cell={FACTS}") == {FAUST}
    assert found("status=accept") == {FAUST}
    assert found("status=undecided") == set(ITEMS) - {SUM, FAUST}
    assert found("corpus=memory&status=reject") == {SUM}
    assert found("corpus=none") == set()
    assert found("outcome=rejected") == set(ITEMS), "outcomes are the adjudicator's"


def test_outcomes_are_searched_by_adjudicators(room: Room) -> None:
    decide_all(room.ada, {FAUST: (ACCEPT, {})})
    decide_all(room.ben, {FAUST: (ACCEPT, {})})
    found = set(re.findall(r'href="/item/(\w+)"', room.cy.open("/search?outcome=accepted")))
    assert found == {FAUST}


def test_progress_counts_cell_by_cell(room: Room) -> None:
    decide_all(room.ada, {FAUST: (ACCEPT, {}), SUM: (UNSURE, {})})
    page = room.ada.open("/progress")
    row = re.search(r"general / fact retrieval</a>.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "1 of 1" in row[0]
    assert "<b>1</b> decided by you" in page, "an unsure one is not decided"
    assert "ben" not in page
    assert "ben" in room.cy.open("/progress")


def test_a_form_that_no_page_has_made_is_refused_in_a_line(room: Room) -> None:
    room.ada.open("/")
    form = {**room.ada.form("/decide"), "decision": ACCEPT}
    for fields in (
        {"decision": "accept"},
        {"decision": '{"action": "undo"}'},
        {"decision": '{"action": "reject"}'},
        {"decision": '{"action": "move", "to_cell": "science/magic"}'},
        {"decision": '{"action": "accept", "annotator": "ben"}'},
        {"item": "none"},
        {"against": "x"},
        {"opened": "nan"},
        {"kind": "rumour"},
        {"note": "x" * 2001},
    ):
        answer = room.ada.client.post("/decide", data={**form, **fields})
        assert answer.status_code in (400, 409), fields
        assert "Traceback" not in answer.text
    assert room.store.decisions() == []


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> \u202etxt.exe\u2066 "
    "\x00\x1b[31m \ufffd &lt;b&gt; {{ 7 * 7 }} </div></details></main>"
)


def test_hostile_text_is_inert_everywhere(tmp_path: Path) -> None:
    huge = HOSTILE + "Z\u0301" * 30_000 + "<script>end</script>"
    one = candidate(
        huge,
        TextAnswer(value=HOSTILE, aliases=('"><script>', "b")),
        FACTS,
        corpus=HOSTILE,
        licence=HOSTILE,
    )
    near = one.belongs.model_copy(update={"what": HOSTILE, "example": HOSTILE})
    one = one.model_copy(update={"belongs": near, "near_miss": near})
    room = Room(tmp_path, [one])
    decide_all(room.ada, {one.item.id: (ACCEPT, {"note": HOSTILE})})
    decide_all(room.ben, {one.item.id: (FIX, {"answer": HOSTILE, "note": HOSTILE})})
    opened = [
        room.ada.open(path) for path in ("/", f"/item/{one.item.id}", "/search?text=<script>")
    ]
    opened += [room.ben.open(f"/item/{one.item.id}")]
    opened += [room.cy.open(path) for path in ("/adjudicate", "/progress", "/search")]
    for page in opened:
        rest = page.replace('<script src="/static/review.js" defer></script>', "")
        # What is sent back has to be what it was; it is not what is shown.
        rest = re.sub(r'(?s) value="[^"]*"|<textarea.*?</textarea>', "", rest)
        assert "<script" not in rest
        assert "<img" not in rest
        assert not {"\u202e", "\u2066", "\x00", "\x1b", "\ufffd"} & set(rest)
        assert page.count("</main>") == 1
    assert "U+202E" in opened[1]
    assert "&amp;lt;b&amp;gt;" in opened[1]
    assert "{{ 7 * 7 }}" in opened[1]
    assert "Show the rest of" in opened[1]
