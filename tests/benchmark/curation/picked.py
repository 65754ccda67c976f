"""A folder of picks made by hand, and decisions on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaprobe.benchmark.answers import (
    Answer,
    ChoiceAnswer,
    FreeFormAnswer,
    IntegerAnswer,
    LiteralAnswer,
    TextAnswer,
)
from metaprobe.benchmark.curation.decisions import Action, Decision, Reason
from metaprobe.benchmark.curation.picks import Candidate, Neighbour, write_picks
from metaprobe.benchmark.curation.reviews import ReviewStore, Role
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.vocabulary import Split, parse_cells

CALCULATION, FACTS, CODE = "mathematics/calculation", "general/fact_retrieval", "coding/simulation"
GOLDS: dict[str, Answer] = {
    "How much is 3 + 4?": IntegerAnswer(value=7),
    "Simplify x + x.": FreeFormAnswer(value="2x"),
    "Who wrote Faust?": TextAnswer(value="Goethe", aliases=("Johann Wolfgang von Goethe",)),
    "Is 7 a prime? (A) yes (B) no": ChoiceAnswer(value="A", options=("A", "B")),
    "What does f(2) return?": LiteralAnswer(value="[1, 2]"),
    "How much is 3 * 4?": IntegerAnswer(value=12),
}
CELLS = (CALCULATION, CALCULATION, FACTS, CALCULATION, CODE, CALCULATION)


def candidate(
    question: str, answer: Answer, cell: str, *, rank: int = 1, **named: Any
) -> Candidate:
    """A candidate whose reasons do not matter."""
    (place,) = parse_cells([cell])
    item = Item(
        id=content_hash(question),
        domain=place.domain,
        skill=place.skill,
        family=named.get("corpus", "memory"),
        level=1,
        split=Split.EVAL,
        question=question,
        answer=answer,
        short=(),
        long=(),
        source=f"memory/r:{rank}",
    )
    near = Neighbour(what="sums", example="How much is 1 + 1?", cell=cell)
    table = {"corpus": "memory", "licence": "MIT", **named}
    return Candidate(
        item=item,
        rank=rank,
        score=1 / rank,
        probability=None,
        runner_up="science/calculation",
        margin=0.1,
        belongs=near,
        near_miss=near,
        **table,
    )


def some() -> list[Candidate]:
    """One candidate of each kind of answer, and one more number."""
    return [
        candidate(question, answer, cell, rank=rank)
        for rank, ((question, answer), cell) in enumerate(
            zip(GOLDS.items(), CELLS, strict=True), start=1
        )
    ]


def opened(
    folder: Path, candidates: Sequence[Candidate] | None = None, people: str = "ab"
) -> ReviewStore:
    """A store of these candidates, some of them by default, and of people with names of a letter.

    Capitals adjudicate.
    """
    write_picks(folder, some() if candidates is None else candidates, {"scored_by": {}})
    store = ReviewStore(folder)
    for name in people:
        store.add_annotator(name, Role.ADJUDICATOR if name.isupper() else Role.ANNOTATOR)
    return store


def decided(
    one: Candidate, annotator: str, action: Action = Action.ACCEPT, **fields: Any
) -> Decision:
    """A decision; a rejection is one for ambiguity, where no reason is given."""
    if action is Action.REJECT:
        fields.setdefault("reason", Reason.AMBIGUOUS)
    return Decision(
        id=one.item.id, cell=str(one.item.cell), annotator=annotator, action=action, **fields
    )
