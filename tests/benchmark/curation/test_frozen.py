"""A frozen benchmark holds what the rule lets in, and its card accounts for everything else."""

import json
from pathlib import Path

import pytest
from picked import CALCULATION, CODE, FACTS, candidate, decided, opened, some

from metaprobe.benchmark.answers import ChoiceAnswer, IntegerAnswer
from metaprobe.benchmark.curation.decisions import Action, Kind, Reason
from metaprobe.benchmark.curation.frozen import (
    CARD,
    CARD_TEXT,
    FreezeSettings,
    freeze,
    write_frozen,
)
from metaprobe.benchmark.curation.picks import write_picks
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.freeze import PRESETS, baselines, load_benchmark
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import CELLS

ACCEPT, REJECT, MOVE, FIX, UNSURE, UNDO = Action


@pytest.fixture
def store(tmp_path: Path) -> ReviewStore:
    """One candidate of each fate."""
    total, simplify, faust, prime, call, product = some()
    store = opened(tmp_path, people="abC")
    made = [decided(total, who) for who in "ab"]
    made += [decided(simplify, who, REJECT, reason=Reason.AMBIGUOUS) for who in "ab"]
    made += [decided(faust, "a"), decided(faust, "b", REJECT)]
    made += [decided(prime, who, MOVE, to_cell=FACTS) for who in "ab"]
    made += [decided(call, "a"), decided(call, "b", REJECT)]
    made += [decided(call, "C", kind=Kind.ADJUDICATION)]
    made += [decided(product, who, FIX, answer=IntegerAnswer(value=13)) for who in "ab"]
    store.take_in(made)
    return store


def test_the_card_accounts_for_every_candidate(store: ReviewStore, tmp_path: Path) -> None:
    frozen = freeze(store, FreezeSettings(), "picked")
    found = {item.question: (str(item.cell), item.answer) for item in frozen.benchmark.items}
    total, _, _, prime, call, product = some()
    assert found == {
        total.item.question: (CALCULATION, total.item.answer),
        prime.item.question: (FACTS, prime.item.answer),
        call.item.question: (CODE, call.item.answer),
        product.item.question: (CALCULATION, IntegerAnswer(value=13)),
    }
    card = frozen.card
    assert (card["verified"], card["generated"], card["share_generated"]) == (4, 0, 0)
    assert (card["moved"], card["answers_fixed"], card["annotators"]) == (1, 1, 3)
    assert card["cells"][CALCULATION]["dropped"] == {"rejected: ambiguous": 1}
    assert card["cells"][FACTS]["dropped"] == {"needs adjudication": 1}
    kept = sum(one["verified"] for one in card["cells"].values())
    dropped = sum(sum(one["dropped"].values()) for one in card["cells"].values())
    assert kept + dropped == len(store.candidates)
    assert card["agreement"]["overall"]["n"] == 6

    write_frozen(tmp_path / "frozen", frozen)
    read = load_benchmark(str(tmp_path / "frozen"))
    assert read == frozen.benchmark
    assert json.loads((tmp_path / "frozen" / CARD).read_text()) == card
    text = (tmp_path / "frozen" / CARD_TEXT).read_text()
    empty = text.partition("Cells without items: ")[2].partition(".")[0].split(", ")
    assert set(empty) == {str(cell) for cell in CELLS} - {CALCULATION, FACTS, CODE}


def test_the_same_decisions_give_the_same_bytes(store: ReviewStore, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_frozen(tmp_path / name, freeze(store, FreezeSettings(), "x"))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_best_are_taken_and_the_others_counted(tmp_path: Path) -> None:
    made = [
        candidate(f"{rank}?", IntegerAnswer(value=rank), CALCULATION, rank=rank)
        for rank in (3, 1, 2)
    ]
    store = opened(tmp_path, made)
    store.take_in([decided(one, who) for one in made for who in "ab"])
    frozen = freeze(store, FreezeSettings(per_cell=2), "x")
    assert [item.question for item in frozen.benchmark.items] == ["1?", "2?"]
    assert frozen.card["cells"][CALCULATION]["dropped"] == {"accepted, more than wanted": 1}


def test_one_reviewer_is_enough_where_that_is_asked_for(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record(decided(some()[0], "a"))
    with pytest.raises(InputError, match="no candidate is accepted by this rule"):
        freeze(store, FreezeSettings(fill="nano"), "x")
    assert freeze(store, FreezeSettings(accepts=1), "x").card["items"] == 1


def test_generated_items_fill_every_cell_up(store: ReviewStore) -> None:
    frozen = freeze(store, FreezeSettings(per_cell=4, fill="nano"), "x")
    assert frozen.benchmark.manifest.cells == {str(cell): 4 for cell in CELLS}
    assert frozen.card["generated"] == 76
    assert frozen.card["share_generated"] == 76 / 80
    assert {item.level for item in frozen.benchmark.items} == set(PRESETS["nano"].levels)
    assert len({item.id for item in frozen.benchmark.items}) == 80
    with pytest.raises(ConfigError, match="unknown preset 'nanoo'; did you mean 'nano'"):
        freeze(store, FreezeSettings(fill="nanoo"), "x")


def test_baselines_of_a_corpus_are_those_of_its_items(tmp_path: Path) -> None:
    answers = "AABAC"
    made = [
        candidate(f"{n}?", ChoiceAnswer(value=a, options=("A", "B", "C")), FACTS, rank=n + 1)
        for n, a in enumerate(answers)
    ]
    store = opened(tmp_path, made)
    store.take_in([decided(one, who) for one in made for who in "ab"])
    manifest = freeze(store, FreezeSettings(), "x").benchmark.manifest
    assert baselines(manifest) == {(f"{FACTS}/memory", 1): 0.6}
    assert manifest.families[0].chance == {1: pytest.approx(1 / 3)}


def test_a_corpus_with_the_name_of_a_family_is_refused(tmp_path: Path) -> None:
    one = candidate("2?", IntegerAnswer(value=2), CALCULATION, corpus="integer_expression")
    store = opened(tmp_path, [one])
    store.record(decided(one, "a"))
    with pytest.raises(ConfigError, match="integer_expression: a family of .* has that name"):
        freeze(store, FreezeSettings(accepts=1), "x")


def test_an_unknown_licence_is_bold_and_nothing_hostile_is_rendered(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>|[x](http://x)\n# \u202e**"
    made = [
        candidate("1?", IntegerAnswer(value=1), CALCULATION, corpus=hostile, licence=None),
        candidate("2?", IntegerAnswer(value=2), CALCULATION, corpus="b", licence=hostile),
    ]
    store = opened(tmp_path, made)
    store.take_in([decided(one, "a") for one in made])
    write_frozen(tmp_path / "out", freeze(store, FreezeSettings(accepts=1), "x"))
    text = (tmp_path / "out" / CARD_TEXT).read_text()
    assert "| **not stated** | 1 |" in text
    assert "is unknown: do not pass these items on.**" in text
    assert "\u202e" not in text
    assert "<script" not in text.replace("\\<", "")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "alert" in line]
    assert [line.replace("\\|", "").count("|") for line in rows] == [4, 4]


def test_what_the_selection_says_stands_in_the_card(store: ReviewStore, tmp_path: Path) -> None:
    told = {
        "suggested": 9,
        "floor": 0.25,
        "below_floor": 2,
        "near_duplicates": 1,
        "unresolved_golds": {"unreadable gold": 3},
        "candidates": 3,
    }
    source = {"name": "memory", "files": {"a.jsonl": "00"}, "hub": None, "revision": None}
    provenance = {
        "scored_by": {"ranker": "tf-idf"},
        "cells": {CALCULATION: told},
        "corpora": [source],
        "calibration": {CALCULATION: {}},
    }
    write_picks(tmp_path, some(), provenance)
    frozen = freeze(ReviewStore(tmp_path), FreezeSettings(), "x")
    assert frozen.card["cells"][CALCULATION]["selection"] == told
    assert frozen.card["sources"] == [{**source, "licence": "MIT", "items": 4}]
    write_frozen(tmp_path / "out", frozen)
    text = (tmp_path / "out" / CARD_TEXT).read_text()
    assert f"| {CALCULATION} | 9 | 0.250 | 2 | 1 | 3 | 3 |" in text
