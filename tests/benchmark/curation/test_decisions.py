"""What follows from decisions: standing ones, outcomes, verdicts, typed fixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from picked import CALCULATION, FACTS, GOLDS, decided, some
from pydantic import ValidationError

from metaprobe.benchmark.answers import (
    Answer,
    ChoiceAnswer,
    IntegerAnswer,
    LiteralAnswer,
    RationalAnswer,
    TextAnswer,
)
from metaprobe.benchmark.curation.decisions import (
    Action,
    Decision,
    Kind,
    Reason,
    State,
    final_item,
    outcome,
    standing,
    typed_fix,
    verdicts,
)
from metaprobe.core.errors import ConfigError

ONE = some()[0]
ACCEPT, REJECT, MOVE, FIX, UNSURE, UNDO = Action
EIGHT = IntegerAnswer(value=8)
RULING = {"kind": Kind.ADJUDICATION}


def state(*decisions: Decision, accepts: int = 2) -> State:
    return outcome(ONE.item, decisions, accepts=accepts).state


def test_two_who_agree_settle_an_item_and_one_does_not() -> None:
    a, b = decided(ONE, "a"), decided(ONE, "b")
    assert state() is State.NEEDS_SECOND
    assert state(accepts=1) is State.NEEDS_SECOND
    assert state(a) is State.NEEDS_SECOND
    assert state(a, accepts=1) is State.ACCEPTED
    assert state(a, b) is State.ACCEPTED
    assert state(a, b, accepts=3) is State.NEEDS_SECOND
    assert state(decided(ONE, "a", REJECT), decided(ONE, "b", REJECT)) is State.REJECTED


def test_agreeing_means_the_same_cell_and_the_same_answer() -> None:
    fixes = [decided(ONE, who, FIX, answer=EIGHT) for who in "ab"]
    moves = [decided(ONE, who, MOVE, to_cell=FACTS) for who in "ab"]
    assert state(fixes[0], decided(ONE, "b")) is State.NEEDS_ADJUDICATION
    assert state(moves[0], decided(ONE, "b")) is State.NEEDS_ADJUDICATION
    assert state(moves[0], fixes[1]) is State.NEEDS_ADJUDICATION
    fixed, moved = outcome(ONE.item, fixes), outcome(ONE.item, moves)
    assert (fixed.state, fixed.answer) == (State.ACCEPTED, EIGHT)
    assert (moved.state, moved.cell) == (State.MOVED, FACTS)
    kept = final_item(ONE.item, moved)
    assert kept is not None
    assert (str(kept.cell), kept.answer, kept.id) == (FACTS, ONE.item.answer, ONE.item.id)
    assert final_item(ONE.item, outcome(ONE.item, [])) is None


def test_an_adjudicator_settles_with_one_who_keeps_the_item() -> None:
    yes, no = decided(ONE, "a"), decided(ONE, "b", REJECT)
    ruling = decided(ONE, "C", FIX, answer=EIGHT, **RULING)
    assert state(yes, no) is State.NEEDS_ADJUDICATION
    assert outcome(ONE.item, [yes, no, ruling]).answer == EIGHT
    assert state(yes, ruling) is State.ACCEPTED
    assert state(no, ruling) is State.NEEDS_SECOND
    assert state(ruling) is State.NEEDS_SECOND
    against = decided(ONE, "C", REJECT, reason=Reason.DUPLICATE, **RULING)
    assert outcome(ONE.item, [yes, no, against]).reason is Reason.DUPLICATE


def test_who_is_unsure_has_not_decided() -> None:
    unsure = decided(ONE, "b", UNSURE)
    assert state(decided(ONE, "a"), unsure) is State.NEEDS_SECOND
    assert state(decided(ONE, "a"), decided(ONE, "c"), unsure) is State.ACCEPTED
    ruling = decided(ONE, "C", UNSURE, **RULING)
    assert state(decided(ONE, "a"), decided(ONE, "b", REJECT), ruling) is State.NEEDS_ADJUDICATION


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([ACCEPT, UNSURE, UNDO]))))
def test_an_undo_takes_back_the_last_that_stands(steps: list[tuple[str, Action]]) -> None:
    """Against a model that writes each person's decisions as letters and crosses out the last."""
    letters = {"a": "", "b": ""}
    for who, action in steps:
        kept = letters[who]
        letters[who] = kept[:-1] if action is UNDO else kept + action[0]
    found = standing(decided(ONE, who, action) for who, action in steps)
    last = {one.annotator: one.action[0] for one in found.get(ONE.item.id, [])}
    assert last == {who: text[-1] for who, text in letters.items() if text}


def test_most_reviewers_give_the_verdict_and_their_last_word_counts() -> None:
    def verdict(*decisions: Decision) -> bool | None:
        return verdicts(decisions).get((ONE.item.id, CALCULATION))

    yes = [decided(ONE, who) for who in "abc"]
    no = [decided(ONE, who, REJECT) for who in "abc"]
    assert verdict(yes[0], no[1], yes[2]) is True
    assert verdict(yes[0], no[1]) is None
    assert verdict(yes[0], no[0]) is False
    assert verdict(yes[0], no[0], decided(ONE, "a", UNDO)) is True
    assert verdict(decided(ONE, "a", UNSURE)) is None
    assert verdict(decided(ONE, "a", FIX, answer=EIGHT)) is True
    assert verdict(decided(ONE, "a", MOVE, to_cell=FACTS)) is False
    assert verdict(yes[0], yes[1], decided(ONE, "C", REJECT, **RULING)) is False


@pytest.mark.parametrize(
    ("action", "fields", "message"),
    [
        (ACCEPT, {"reason": Reason.OTHER}, "reason: does not go with accept"),
        (ACCEPT, {"answer": EIGHT}, "answer: does not go with accept"),
        (UNDO, {"to_cell": FACTS}, "to_cell: does not go with undo"),
        (REJECT, {"reason": None}, "reason: reject needs one"),
        (MOVE, {}, "to_cell: move needs one"),
        (FIX, {}, "answer: fix needs one"),
        (MOVE, {"to_cell": CALCULATION}, "not one of the other cells"),
        (MOVE, {"to_cell": "<b>"}, "not one of the other cells"),
        (ACCEPT, {"annotator": "a\u202eb"}, "1 to 64 printable characters"),
        (ACCEPT, {"note": "x" * 2001}, "at most 2000"),
    ],
)
def test_a_decision_has_what_its_action_needs(action: Action, fields: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        decided(ONE, action=action, **{"annotator": "a", **fields})


@pytest.mark.parametrize(
    ("gold", "text", "fixed"),
    [
        (EIGHT, " 1,200 ", IntegerAnswer(value=1200)),
        (EIGHT, "\\frac{1}{2}", RationalAnswer(numerator=1, denominator=2)),
        (ChoiceAnswer(value="A", options=("A", "B")), "(b", None),
        (
            ChoiceAnswer(value="A", options=("A", "B")),
            "b",
            ChoiceAnswer(value="B", options=("A", "B")),
        ),
        (TextAnswer(value="x"), "Rome | Roma|", TextAnswer(value="Rome", aliases=("Roma",))),
        (TextAnswer(value="x"), " | ", None),
        (LiteralAnswer(value="1"), "{'a': [1]}", LiteralAnswer(value="{'a': [1]}")),
        (LiteralAnswer(value="1"), "__import__('os')", None),
        (EIGHT, "seven", None),
        (EIGHT, "9" * 3000, None),
    ],
)
def test_a_fix_is_typed_as_the_gold_is(gold: Answer, text: str, fixed: Answer | None) -> None:
    if fixed is None:
        with pytest.raises(ConfigError, match=f"not one of the kind {gold.kind}"):
            typed_fix(gold, text)
    else:
        assert typed_fix(gold, text) == fixed


def test_a_gold_typed_again_is_the_same() -> None:
    plain = {q: gold for q, gold in GOLDS.items() if gold.kind not in ("expression", "text")}
    assert {q: typed_fix(gold, gold.render()) for q, gold in plain.items()} == plain
