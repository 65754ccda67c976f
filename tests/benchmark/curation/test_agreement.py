"""Agreement counts decisions that mean the same, whatever the items' own answers."""

from pathlib import Path

import pytest
from picked import CALCULATION, FACTS, candidate, decided, opened, some

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.curation.agreement import agreement
from metaprobe.benchmark.curation.decisions import Action, Kind

ACCEPT, REJECT, MOVE, FIX, UNSURE, UNDO = Action


def test_kappa_is_that_of_accept_and_reject(tmp_path: Path) -> None:
    """Cohen's kappa of the table 20, 5, 10, 15 is (0.7 - 0.5) / (1 - 0.5)."""
    table = [(ACCEPT, ACCEPT)] * 20 + [(ACCEPT, REJECT)] * 5
    table += [(REJECT, ACCEPT)] * 10 + [(REJECT, REJECT)] * 15
    made = [candidate(f"{n}", IntegerAnswer(value=n), CALCULATION) for n in range(len(table))]
    store = opened(tmp_path, made)
    store.take_in(
        [
            decided(one, who, action)
            for one, actions in zip(made, table, strict=True)
            for who, action in zip("ab", actions, strict=True)
        ]
    )
    found = agreement(store)
    assert found.overall.raw is not None
    assert found.overall.kappa is not None
    assert found.overall.raw.value == pytest.approx(0.7)
    assert found.overall.kappa.value == pytest.approx(0.4)
    assert found.cells == {CALCULATION: found.overall}
    assert found.pairs == {"a, b": found.overall}


def test_only_blind_and_sure_decisions_count(tmp_path: Path) -> None:
    one, two, three, *_ = candidates = some()
    store = opened(tmp_path, candidates, people="abC")
    store.take_in(
        [
            decided(one, "a"),
            decided(one, "b", UNSURE),
            decided(one, "C", kind=Kind.ADJUDICATION),
            decided(two, "a"),
            decided(two, "b", REJECT),
            decided(two, "b", UNDO),
            decided(three, "C", kind=Kind.ADJUDICATION),
        ]
    )
    found = agreement(store).overall
    assert (found.reviewed, found.n, found.raw, found.kappa, found.alpha) == (
        2,
        0,
        None,
        None,
        None,
    )
    assert agreement(store).pairs == {}


@pytest.mark.parametrize(
    ("first", "second", "raw"),
    [
        ({"action": FIX, "answer": IntegerAnswer(value=8)}, {"action": ACCEPT}, 0),
        (
            {"action": FIX, "answer": IntegerAnswer(value=8)},
            {"action": FIX, "answer": IntegerAnswer(value=9)},
            0,
        ),
        (
            {"action": MOVE, "to_cell": FACTS},
            {"action": FIX, "to_cell": FACTS, "answer": IntegerAnswer(value=7)},
            1,
        ),
        ({"action": REJECT, "reason": "other"}, {"action": REJECT, "reason": "duplicate"}, 1),
    ],
)
def test_alike_is_the_same_cell_and_answer(
    tmp_path: Path, first: dict, second: dict, raw: float
) -> None:
    one = some()[0]
    store = opened(tmp_path)
    store.take_in([decided(one, "a", **first), decided(one, "b", **second)])
    found = agreement(store).overall.raw
    assert found is not None
    assert found.value == raw


def test_of_three_people_each_two_have_a_kappa(tmp_path: Path) -> None:
    candidates = some()
    store = opened(tmp_path, candidates, people="abc")
    store.take_in([decided(one, who) for one in candidates[:2] for who in "abc"])
    store.take_in([decided(candidates[3], who, REJECT) for who in "ab"])
    found = agreement(store)
    assert found.overall.kappa is None
    assert found.overall.alpha is not None
    assert {name: pair.n for name, pair in found.pairs.items()} == {"a, b": 3, "a, c": 2, "b, c": 2}
