"""Duplicates and contaminated problems are found, against brute force and planted ones."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.duplicates import NEAR, near_duplicates
from metaprobe.benchmark.embedding import TfidfEmbedder
from metaprobe.benchmark.family import families_of
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.wording import words
from metaprobe.core.vocabulary import Cell, Domain, Skill, Split
from metaprobe.training.corpus.curation import (
    Reason,
    decontaminate,
    drop_duplicates,
    read_problems,
)
from metaprobe.training.corpus.sources import Row, Source, read_source

CORPORA = Path(
    os.environ.get("METAPROBE_CORPORA", Path(__file__).parents[4] / "shared" / "corpora")
)
GSM8K = CORPORA / "gsm8k"
STORY = (
    "A farmer has {} hens and buys some more at the market, where each of them costs three "
    "coins; in the evening there are {} hens in the yard. How many did {} buy?"
)


def source(*pairs: tuple[str, str]) -> Source:
    rows = [Row(f"rows:{n}", q, g, False, 1) for n, (q, g) in enumerate(pairs, start=1)]
    return Source("rows", None, None, (), rows)


def problems(*pairs: tuple[str, str]) -> list[Item]:
    return read_problems([source(*pairs)]).items


def jaccard(one: str, other: str) -> float:
    """The index from the definition, over whole texts where they are short."""
    sets = []
    for text in (one, other):
        of = words(text)
        grams = {tuple(of[i : i + 3]) for i in range(len(of) - 2)}
        sets.append(grams or {tuple(of)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def brute_force(questions: list[str], golds: list[str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for i in range(len(questions)):
        kept = [j for j in range(i) if j not in found and golds[i] == golds[j]]
        near = [j for j in kept if jaccard(questions[i], questions[j]) >= NEAR]
        if near:
            found[i] = near[0]
    return found


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abcd"), min_size=1, max_size=12).map(" ".join),
            st.sampled_from("12"),
        ),
        max_size=12,
    )
)
def test_near_duplicates_are_those_of_all_pairs(pairs: list[tuple[str, str]]) -> None:
    questions, golds = [q for q, _ in pairs], [g for _, g in pairs]
    assert near_duplicates(questions, golds) == brute_force(questions, golds)


def test_rows_without_question_or_gold_are_listed() -> None:
    read = read_problems([source(("", "1"), ("Q", ""), ("Q", "3"))])
    assert [(row.reason, row.place) for row in read.left_out] == [
        (Reason.NO_QUESTION, "rows:1"),
        (Reason.UNREADABLE_GOLD, "rows:2"),
    ]
    assert [item.source for item in read.items] == ["rows:3"]


def test_of_duplicates_the_first_stays_and_each_other_is_named() -> None:
    found = drop_duplicates(
        problems(
            (STORY.format(3, 9, "she"), "6"),
            (STORY.format(3, 9, "SHE"), "6"),
            (STORY.format(3, 9, "she"), "7"),
            (STORY.format(3, 9, "he"), "6"),
            (STORY.format(3, 19, "she"), "16"),
        )
    )
    assert [item.source for item in found.items] == ["rows:1", "rows:5"]
    assert [(row.reason, row.place, row.other) for row in found.left_out] == [
        (Reason.EXACT, "rows:2", "rows:1"),
        (Reason.CONFLICT, "rows:3", "rows:1"),
        (Reason.NEAR, "rows:4", "rows:1"),
    ]


def test_embeddings_find_what_is_told_in_another_order() -> None:
    items = problems(
        ("Find the area of a triangle with base six and height four", "12"),
        ("A triangle with height four and base six, the area of it find", "12"),
        ("How many apples does Tom have after lunch", "12"),
    )
    assert len(drop_duplicates(items).items) == 3
    embedder = TfidfEmbedder([item.question for item in items])
    found = drop_duplicates(items, embedder)
    assert [row.place for row in found.left_out] == ["rows:2"]


@pytest.fixture(scope="module")
def benchmark() -> list[Item]:
    families = families_of(Cell(Domain.GENERAL, Skill.SIMULATION), None)
    return [i for f in families for i in f.items(split=Split.EVAL, level=1, count=6)]


def test_planted_copies_of_the_benchmark_are_taken_out(benchmark: list[Item]) -> None:
    long = [item for item in benchmark if len(words(item.question)) >= 20]
    copies = [item.question.upper() for item in long]
    inside = [f"Here is a riddle. {item.question} Think well." for item in long]
    changed = [item.question.replace(" the ", " that ", 1) for item in long]
    clean = [STORY.format(n, 3 * n, "she") for n in range(5, 15)]
    texts = [*copies, *inside, *changed, *clean]
    items = problems(*((text, str(n)) for n, text in enumerate(texts)))
    found = decontaminate(items, benchmark)
    assert [item.question for item in found.items] == clean
    assert {row.reason for row in found.left_out} == {Reason.BENCHMARK}
    assert {row.text for row in found.left_out} == {*copies, *inside, *changed}
    ids = {row.other.split()[0] for row in found.left_out}
    assert ids <= {item.id for item in benchmark}


def test_without_a_benchmark_nothing_is_taken_out() -> None:
    items = problems(("Q", "1"))
    assert decontaminate(items, []) == (items, [])


@pytest.mark.skipif(not GSM8K.is_dir(), reason=f"no corpus in {GSM8K}")
def test_every_gold_of_gsm8k_is_the_number_behind_its_mark() -> None:
    read = read_source(str(GSM8K))
    found = read_problems([read])
    assert found.left_out == []
    marked = [int(row.gold.split("####")[1].replace(",", "")) for row in read.rows]
    assert [item.answer.value for item in found.items] == marked
    assert len(marked) == 7473


@pytest.mark.skipif(not GSM8K.is_dir(), reason=f"no corpus in {GSM8K}")
def test_a_planted_test_question_of_gsm8k_is_found_in_training_data() -> None:
    test = read_problems([read_source(str(GSM8K / "test.jsonl"))]).items[:150]
    train = read_problems([read_source(str(GSM8K / "train.jsonl"))]).items[:300]
    planted = [i.model_copy(update={"question": i.question.replace("?", " ?")}) for i in test[::10]]
    found = decontaminate([*train, *planted], test)
    assert {row.text for row in found.left_out} >= {item.question for item in planted}
    assert {i.id for i in found.items} <= {i.id for i in train}
