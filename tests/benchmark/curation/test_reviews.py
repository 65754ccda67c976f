"""The store keeps every decision, in order, through threads, kills and hostile text."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picked import CALCULATION, CODE, FACTS, candidate, decided, opened, some

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.curation.decisions import Action, Kind, State
from metaprobe.benchmark.curation.picks import write_picks
from metaprobe.benchmark.curation.reviews import (
    REVIEWS,
    Annotator,
    ReviewStore,
    Role,
    StaleError,
)
from metaprobe.core.errors import ConfigError, InputError

ACCEPT, REJECT, MOVE, FIX, UNSURE, UNDO = Action
CANDIDATES = some()
SUM, SIMPLIFY, FAUST, PRIME, CALL, PRODUCT = CANDIDATES


@pytest.fixture
def store(tmp_path: Path) -> ReviewStore:
    return opened(tmp_path, people="abC")


def test_a_token_names_its_person_and_is_not_kept(store: ReviewStore, tmp_path: Path) -> None:
    token = store.add_annotator("dora", Role.ADJUDICATOR)
    assert store.annotator_of(token) == Annotator("dora", Role.ADJUDICATOR)
    assert token.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob(f"{REVIEWS}*"))
    renewed = store.add_annotator("dora")
    assert store.annotator_of(token) is None
    assert store.annotator_of(renewed) == Annotator("dora", Role.ANNOTATOR)
    assert store.annotator_of("") is None
    assert [one.name for one in store.annotators()] == ["C", "a", "b", "dora"]


def test_decisions_come_back_as_they_were_made(store: ReviewStore, tmp_path: Path) -> None:
    made = [
        decided(SUM, "a", note="fine", seconds=2.5),
        decided(SUM, "b", FIX, answer=IntegerAnswer(value=8), to_cell=CODE),
        decided(FAUST, "a", FIX, answer=TextAnswer(value="J. W. Goethe", aliases=("Goethe",))),
        decided(SUM, "b", UNDO),
        decided(SUM, "C", REJECT, kind=Kind.ADJUDICATION),
    ]
    assert [store.record(one) for one in made] == [1, 2, 3, 4, 5]
    found = ReviewStore(tmp_path).decisions()
    assert [one.model_copy(update={"seen": None}) for one in found] == made
    assert [one.annotator for one in store.history(SUM.item.id)] == ["a", "b", "b", "C"]
    assert store.current("b") == {}
    assert list(store.current("a")) == [SUM.item.id, FAUST.item.id]
    assert store.last("a") == found[2]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET action = 'reject'",
        "DELETE FROM decisions",
        "INSERT OR REPLACE INTO decisions SELECT * FROM decisions",
    ],
)
def test_a_decision_cannot_be_changed_or_deleted(
    store: ReviewStore, tmp_path: Path, statement: str
) -> None:
    store.record(decided(SUM, "a"))
    connection = sqlite3.connect(tmp_path / REVIEWS)
    with pytest.raises(sqlite3.IntegrityError, match="only added"):
        connection.execute(statement)
    connection.close()
    assert len(store.decisions()) == 1


def test_a_request_that_is_repeated_adds_nothing(store: ReviewStore) -> None:
    assert store.record(decided(SUM, "a")) == 1
    assert store.record(decided(SUM, "a", seconds=9)) == 1
    assert store.record(decided(SUM, "a", REJECT)) == 2
    assert store.record(decided(SUM, "a")) == 3
    assert store.record(decided(SUM, "a", UNDO)) == 4
    assert store.current("a")[SUM.item.id].action is REJECT


def test_a_decision_in_sight_of_an_older_state_is_refused(store: ReviewStore) -> None:
    shown = store.serial(SUM.item.id, "a")
    assert store.record(decided(SUM, "a"), against=shown) == 1
    assert store.record(decided(SUM, "a"), against=shown) == 1, "a repeated one is none"
    with pytest.raises(StaleError, match="meanwhile"):
        store.record(decided(SUM, "a", REJECT), against=shown)
    assert store.record(decided(SUM, "a", UNDO), against=1) == 2
    with pytest.raises(StaleError):
        store.record(decided(SUM, "a", UNDO), against=1)
    assert store.serial(SUM.item.id, "a") == 2
    assert store.serial(SUM.item.id, "b") == 0, "others' decisions do not count"


def test_what_another_store_adds_is_seen(store: ReviewStore, tmp_path: Path) -> None:
    other = ReviewStore(tmp_path)
    for number, action in enumerate((REJECT, UNDO, ACCEPT), start=1):
        other.record(decided(SUM, "a", action))
        assert len(store.decisions()) == number
        assert store.standing() == other.standing()
    store.standing()[SUM.item.id].clear()
    assert store.current("a")[SUM.item.id].action is ACCEPT, "a reader changes nothing"


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    candidates = [
        candidate(f"How much is {n} + 1?", IntegerAnswer(value=n + 1), CALCULATION)
        for n in range(20)
    ]
    opened(tmp_path, candidates, people="abcd")

    def work(name: str) -> None:
        own = ReviewStore(tmp_path)
        for one in candidates:
            own.record(decided(one, name))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, "abcd"))
    store = ReviewStore(tmp_path)
    assert {(d.id, d.annotator) for d in store.decisions()} == {
        (one.item.id, who) for one in candidates for who in "abcd"
    }
    assert len(store.decisions()) == 80


def test_several_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    write_picks(tmp_path, CANDIDATES, {})
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda n: ReviewStore(tmp_path).add_annotator(f"a{n}"), range(8)))
    store = ReviewStore(tmp_path)
    names = [one.name for token in tokens if (one := store.annotator_of(token))]
    assert names == [f"a{n}" for n in range(8)]


def test_a_killed_process_loses_no_decision_that_it_was_told_of(tmp_path: Path) -> None:
    opened(tmp_path)
    program = (
        "import sys; from pathlib import Path\n"
        "from metaprobe.benchmark.curation.reviews import ReviewStore\n"
        "from metaprobe.benchmark.curation.decisions import Decision\n"
        "store = ReviewStore(Path(sys.argv[1]))\n"
        "for line in sys.stdin:\n"
        "    print(store.record(Decision.model_validate_json(line)), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for one in CANDIDATES[:3]:
            process.stdin.write(decided(one, "a").model_dump_json() + "\n")
            process.stdin.flush()
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert [one.id for one in ReviewStore(tmp_path).decisions()] == [
        one.item.id for one in CANDIDATES[:3]
    ]


def test_what_nobody_has_seen_comes_first_and_what_one_is_unsure_of_last(
    store: ReviewStore,
) -> None:
    assert store.queue("a") == CANDIDATES
    store.record(decided(SUM, "b"))
    store.record(decided(SIMPLIFY, "a", UNSURE))
    assert store.queue("a") == [FAUST, PRIME, CALL, PRODUCT, SUM, SIMPLIFY]
    assert store.queue("b") == CANDIDATES[1:]
    store.record(decided(SUM, "a"))
    assert SUM not in store.queue("c")
    assert SUM in store.queue("c", per_item=3)
    store.record(decided(FAUST, "C", REJECT, kind=Kind.ADJUDICATION))
    assert FAUST not in store.queue("b")


def test_best_candidates_of_all_cells_come_before_the_second_best(tmp_path: Path) -> None:
    made = [
        candidate(f"{cell} {rank}", IntegerAnswer(value=1), cell, rank=rank)
        for cell in (CALCULATION, FACTS)
        for rank in (1, 2)
    ]
    assert opened(tmp_path, made).queue("a") == [made[0], made[2], made[1], made[3]]


def test_disagreements_wait_for_somebody_else(store: ReviewStore) -> None:
    for one, who, action in (
        (SUM, "a", ACCEPT),
        (SUM, "b", REJECT),
        (PRIME, "a", ACCEPT),
        (PRIME, "C", REJECT),
    ):
        store.record(decided(one, who, action))
    assert store.disagreements() == [SUM, PRIME]
    assert store.disagreements("C") == [SUM]
    with pytest.raises(ConfigError, match="C has reviewed it"):
        store.record(decided(PRIME, "C", kind=Kind.ADJUDICATION))
    assert store.outcome(SUM.item.id).state is State.NEEDS_ADJUDICATION
    store.record(decided(SUM, "C", kind=Kind.ADJUDICATION))
    assert store.outcome(SUM.item.id).state is State.ACCEPTED
    assert store.progress()[State.NEEDS_SECOND] == 4


def test_decisions_on_an_item_that_changed_no_longer_count(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for one in (SUM, FAUST):
        store.record(decided(one, "a"))
    old = store.decisions()[0]
    other = SUM.item.model_copy(update={"answer": IntegerAnswer(value=9)})
    write_picks(tmp_path, [SUM.model_copy(update={"item": other})], {})
    again = ReviewStore(tmp_path)
    assert (again.decisions(), again.outdated(), again.current("a")) == ([], 2, {})
    with pytest.raises(ConfigError, match="not the one any more"):
        again.record(old)
    again.record(decided(SUM, "a"))
    assert len(again.decisions()) == 1


def test_taking_in_is_all_or_none_and_may_be_repeated(store: ReviewStore, tmp_path: Path) -> None:
    made = [
        decided(SUM, "x"),
        decided(SUM, "x", UNDO),
        decided(SUM, "y", REJECT),
        decided(SUM, "Z", kind=Kind.ADJUDICATION),
        decided(FAUST, "Z"),
    ]
    gone = decided(SUM, "x").model_copy(update={"id": "gone"})
    with pytest.raises(ConfigError, match="decision 6: item gone: no candidate"):
        store.take_in([*made, gone])
    assert store.decisions() == []
    assert store.take_in(made) == 5
    assert store.take_in(made) == 0
    assert len(store.decisions()) == 5
    assert Annotator("Z", Role.ADJUDICATOR) in store.annotators()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "gone"}, "item gone: no candidate"),
        ({"cell": FACTS}, "was suggested for mathematics/calculation"),
        ({"annotator": "zoe"}, "no annotator 'zoe' has been added"),
        ({"kind": Kind.ADJUDICATION}, "a is no adjudicator"),
        ({"action": UNDO}, "a has no decision to undo"),
        ({"action": FIX, "answer": TextAnswer(value="x")}, "not one of the kind integer"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    store: ReviewStore, change: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        store.record(decided(SUM, "a").model_copy(update=change))
    assert store.decisions() == []


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    opened(tmp_path)
    for path in tmp_path.glob(f"{REVIEWS}*"):
        path.write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match=r"reviews\.sqlite: damaged"):
        ReviewStore(tmp_path)


def test_a_folder_without_picks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        ReviewStore(tmp_path)


@settings(max_examples=8)
@given(notes=st.lists(st.text(max_size=50), min_size=6, max_size=6))
def test_any_text_is_kept_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str]
) -> None:
    store = opened(tmp_path_factory.mktemp("picks"), people="a")
    made = [decided(one, "a", note=note) for one, note in zip(CANDIDATES, notes, strict=True)]
    store.take_in(made)
    assert [one.note for one in store.decisions()] == notes
