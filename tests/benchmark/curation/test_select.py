"""A selection puts each planted question into its cell, and says what became of the others."""

import json
from pathlib import Path
from typing import Any

import pytest
from picked import decided

from metaprobe.benchmark.curation.decisions import Action
from metaprobe.benchmark.curation.picks import read_picks, write_picks
from metaprobe.benchmark.curation.readers import Corpus
from metaprobe.benchmark.curation.records import Aliases, Output, Record, Written
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.curation.seeds import read_seeds
from metaprobe.benchmark.curation.select import Selection, SelectSettings, select
from metaprobe.benchmark.embedding import TfidfEmbedder
from metaprobe.benchmark.grading import grade
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import Verdict

SEEDS = read_seeds()
EXAMPLES = [b.example for one in SEEDS for b in (*one.belongs, *one.near_miss)]
HOSTILE = "<script>alert('how many steps')</script> ‮ \x00 What is the remainder of 7 and 3?"
PLANTED = {
    "mathematics/calculation": "What is the remainder when $5^{40}$ is divided by 13?",
    "science/fact_retrieval": "what is the chemical symbol for sodium",
    "general/enumeration": "I have a flute, two drums and a harp. How many instruments do I have?",
    "general/simulation": "You face south, turn left, turn around, turn right. What do you face?",
}


class Memory(Corpus):
    """A corpus that lies in memory."""

    def __init__(self, *rows: tuple[str, Any]) -> None:
        self.rows = rows
        self.name = "memory"

    def records(self) -> Any:
        for n, (question, gold) in enumerate(self.rows, start=1):
            yield Record(self.name, f"r:{n}", question, gold, None, "MIT")

    def describe(self) -> dict[str, Any]:
        return {"name": self.name}


def run(*rows: tuple[str, Any], reviewed: ReviewStore | None = None, **settings: Any) -> Selection:
    embedder = TfidfEmbedder(EXAMPLES)
    table = {"floor": 0.05, **settings}
    return select(
        [Memory(*rows)],
        SEEDS,
        (embedder, embedder),
        SelectSettings(**table),
        reviewed=reviewed,
    )


def planted() -> list[tuple[str, Any]]:
    return [(question, Written("7", False)) for question in PLANTED.values()]


@pytest.fixture(scope="module")
def found() -> Selection:
    rows = [*planted(), (HOSTILE, Written("1", False)), (HOSTILE.upper(), Written("1", False))]
    return run(*rows, ("zzz qqq", Written("1", False)))


def test_planted_questions_are_put_into_their_cells(found: Selection) -> None:
    cells = {one.item.question: str(one.item.cell) for one in found.candidates}
    assert {cell: cells[question] for cell, question in PLANTED.items()} == {c: c for c in PLANTED}
    for one in found.candidates:
        assert (one.item.source.split(":")[0], one.licence) == ("memory/r", "MIT")
        assert one.belongs.cell == str(one.item.cell) != one.near_miss.cell
        assert one.margin >= 0
        assert grade(one.item.answer, r"\boxed{7}").verdict in (Verdict.CORRECT, Verdict.WRONG)


def test_hostile_text_is_carried_as_it_is(found: Selection, tmp_path: Path) -> None:
    assert HOSTILE in {one.item.question for one in found.candidates}
    write_picks(tmp_path, *found)
    assert read_picks(tmp_path).candidates == found.candidates


def test_every_record_is_accounted_for(found: Selection) -> None:
    told = found.provenance
    assert (told["records"], told["repeated"], told["ranked"]) == (7, 1, 6)
    cells = told["cells"].values()
    assert sum(cell["suggested"] for cell in cells) == 6
    assert sum(cell["candidates"] for cell in cells) == len(found.candidates)
    assert sum(cell["below_floor"] for cell in cells) == 6 - len(found.candidates)
    json.dumps(told)


def test_the_same_records_give_the_same_selection(found: Selection) -> None:
    rows = [*planted(), (HOSTILE, Written("1", False)), (HOSTILE.upper(), Written("1", False))]
    assert run(*rows, ("zzz qqq", Written("1", False))) == found


def test_an_approximate_index_selects_the_same_where_it_keeps_all(found: Selection) -> None:
    pytest.importorskip("usearch", reason="usearch is not installed")
    rows = [*planted(), (HOSTILE, Written("1", False)), ("zzz qqq", Written("1", False))]
    assert run(*rows, usearch=True).candidates == found.candidates


def test_golds_that_cannot_be_resolved_are_counted_and_made_up_for() -> None:
    asked = PLANTED["mathematics/calculation"]
    other = "What is the remainder of the number $3^9 - 4$ modulo 7?"
    told = run((asked, Written("no mark", True)), (other, Written("3", False)), per_cell=1)
    assert [one.item.question for one in told.candidates] == [other]
    count = told.provenance["cells"]["mathematics/calculation"]
    assert count["unresolved_golds"] == {"unreadable gold": 1}


def test_near_duplicates_are_left_out() -> None:
    asked = "I have a flute, two drums, a harp, three pianos and a horn. How many {} do I have?"
    rows = [
        (asked.format(word), Aliases(("x",))) for word in ("musical instruments", "instruments")
    ]
    told = run(*rows).provenance["cells"]["general/enumeration"]
    assert (told["near_duplicates"], told["candidates"]) == (1, 1)


@pytest.mark.slow
def test_a_program_that_cannot_be_executed_is_left_out() -> None:
    code = "def f(x):\n    return missing(x)"
    question = f"{code}\n\nWhat does this return?\n\nf(3)"
    told = run((question, Output(code, "f(3)", "3"))).provenance["cells"]["coding/simulation"]
    assert told["candidates"] == 0
    assert sum(told["unresolved_golds"].values()) == 1


def test_decisions_set_the_floor_of_their_cell(found: Selection, tmp_path: Path) -> None:
    cell = "science/fact_retrieval"
    one = next(one for one in found.candidates if str(one.item.cell) == cell)
    copies = [
        one.model_copy(
            update={"item": one.item.model_copy(update={"id": f"{n}"}), "score": n / 40 - 0.6}
        )
        for n in range(40)
    ]
    write_picks(tmp_path, copies, found.provenance)
    reviewed = ReviewStore(tmp_path)
    reviewed.take_in(
        [decided(c, "a", Action.ACCEPT if c.score > -0.3 else Action.REJECT) for c in copies]
    )
    told = run(*planted(), reviewed=reviewed, floor=0.99)
    calibration = told.provenance["calibration"][cell]
    assert (calibration["n"], calibration["accepted"]) == (40, 27)
    assert told.provenance["cells"][cell]["floor"] == calibration["threshold"]
    (kept,) = told.candidates  # that of the only calibrated cell: elsewhere the floor is 0.99
    assert str(kept.item.cell) == cell
    assert kept.probability is not None
    assert kept.probability > 0.8
    write_picks(tmp_path, copies, {"scored_by": {}})
    with pytest.raises(ConfigError, match="scored with other seeds or another ranker"):
        run(*planted(), reviewed=ReviewStore(tmp_path))


def test_corpora_without_a_question_are_refused() -> None:
    with pytest.raises(InputError, match="memory: no question in it"):
        run()
