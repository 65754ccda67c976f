"""What people decide on candidates, and what follows from their decisions.

Decisions are only ever added. An undo is one of them: it takes back the last one of the same
person, on the same candidate, in the same role, that has not been taken back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from metaprobe.benchmark.answers import (
    MAX_ANSWER_CHARACTERS,
    Answer,
    ChoiceAnswer,
    FreeFormAnswer,
    IntegerAnswer,
    LiteralAnswer,
    RationalAnswer,
    TextAnswer,
    fold,
    parse_number,
)
from metaprobe.benchmark.curation.written import parse_gold
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import CELLS, parse_cells

_NUMBERS = ("integer", "rational")


class Action(StrEnum):
    """What a person does with a candidate."""

    ACCEPT = "accept"
    REJECT = "reject"
    MOVE = "move"
    """It belongs, but to another cell."""
    FIX = "fix"
    """It belongs, but its answer is another one."""
    UNSURE = "unsure"
    UNDO = "undo"


class Reason(StrEnum):
    """Why a candidate is rejected."""

    OFF_SKILL = "off_skill"
    """It belongs to no cell."""
    WRONG_ANSWER = "wrong_answer"
    """Its answer is wrong, and the right one is not known."""
    AMBIGUOUS = "ambiguous"
    """More than one answer is right, or what is asked is not clear."""
    INCOMPLETE = "incomplete"
    """Something that it speaks of is missing: a figure, a passage, the options."""
    DUPLICATE = "duplicate"
    OTHER = "other"
    """As the note says."""


class Kind(StrEnum):
    """In which role a person decides."""

    REVIEW = "review"
    """Blind: without sight of others' decisions."""
    ADJUDICATION = "adjudication"
    """In sight of the reviews."""


def checked_name(name: str) -> str:
    """Return a person's name as it is.

    Raises:
        ConfigError: it is empty, longer than 64 characters, not printable, or has outer space.
    """
    if not (name.strip() == name and 0 < len(name) <= 64 and name.isprintable()):
        raise ConfigError(f"annotator {name[:70]!r}: give a name of 1 to 64 printable characters")
    return name


class Decision(BaseModel):
    """What one person decided on one candidate: a line of `decisions.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Of the item."""
    cell: str
    """As it was suggested."""
    annotator: Annotated[str, AfterValidator(checked_name)]
    time: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    action: Action
    reason: Reason | None = None
    """Of a rejection."""
    to_cell: str | None = None
    """Where the item belongs instead; a move has one, a fix may."""
    answer: Answer | None = None
    """The right answer; a fix has one, a move may."""
    note: str = Field(default="", max_length=2000)
    kind: Kind = Kind.REVIEW
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """That the person took."""
    seen: str | None = None
    """Digest of the item that was decided on; that of the present one where it is left out."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = [str(cell) for cell in CELLS]
        if self.to_cell is not None and (self.to_cell not in known or self.to_cell == self.cell):
            raise ValueError(f"to_cell: {self.to_cell!r} is not one of the other cells")
        allowed: dict[str, bool] = {
            "reason": self.action is Action.REJECT,
            "to_cell": self.action in (Action.MOVE, Action.FIX),
            "answer": self.action in (Action.MOVE, Action.FIX),
        }
        needed = {Action.REJECT: "reason", Action.MOVE: "to_cell", Action.FIX: "answer"}
        for name, may in allowed.items():
            given = getattr(self, name) is not None
            if given and not may:
                raise ValueError(f"{name}: does not go with {self.action}")
            if not given and needed.get(self.action) == name:
                raise ValueError(f"{name}: {self.action} needs one")
        return self

    @property
    def keeps(self) -> bool:
        """Whether the item is kept, in whatever cell, with whatever answer."""
        return self.action in (Action.ACCEPT, Action.MOVE, Action.FIX)


class State(StrEnum):
    """What has become of a candidate."""

    ACCEPTED = "accepted"
    MOVED = "moved"
    """Accepted, into another cell."""
    REJECTED = "rejected"
    NEEDS_SECOND = "needs second"
    """Fewer people than the rule asks for have decided."""
    NEEDS_ADJUDICATION = "needs adjudication"
    """They disagree."""


class Outcome(NamedTuple):
    """What follows from the decisions on a candidate."""

    state: State
    cell: str | None = None
    """Of an item that is kept."""
    answer: Answer | None = None
    """Of an item that is kept."""
    reason: Reason | None = None
    """Of one that is rejected: that of the adjudicator, else of the first reviewer."""


def standing(decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    """Return the last decision of each person in each role that is not taken back, by item.

    Args:
        decisions: in the order in which they were made.
    """
    stacks: dict[tuple[str, str, Kind], list[Decision]] = {}
    for one in decisions:
        stack = stacks.setdefault((one.id, one.annotator, one.kind), [])
        if one.action is not Action.UNDO:
            stack.append(one)
        elif stack:
            stack.pop()
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    for (item, _, _), stack in stacks.items():
        if stack:
            found[item].append(stack[-1])
    return dict(found)


def outcome(item: Item, decisions: Sequence[Decision], *, accepts: int = 2) -> Outcome:
    """Return what follows from the decisions on an item.

    It is kept when `accepts` reviewers, and all who are not unsure, want it in the same cell with
    the same answer; or when an adjudicator keeps it whom at least one reviewer joins in keeping
    it, in the cell and with the answer that the adjudicator chose. It is rejected when as many
    reject it, whatever their reasons, or an adjudicator does.

    Args:
        item: as it was selected.
        decisions: those that stand on it.
        accepts: reviewers who have to agree.
    """
    sure = [one for one in decisions if one.action is not Action.UNSURE]
    reviews = [one for one in sure if one.kind is Kind.REVIEW]
    rulings = [one for one in sure if one.kind is Kind.ADJUDICATION]
    if rulings:
        last = max(rulings, key=lambda one: one.time)
        if not last.keeps or any(one.keeps for one in reviews):
            return _settled(item, last)
    if len({_wanted(item, one) for one in reviews}) > 1:
        return Outcome(State.NEEDS_ADJUDICATION)
    if len(reviews) < accepts or not reviews:
        return Outcome(State.NEEDS_SECOND)
    return _settled(item, reviews[0])


def final_item(item: Item, found: Outcome) -> Item | None:
    """Return the item in the cell and with the answer that it got, or None if it is not kept."""
    if found.cell is None or found.answer is None:
        return None
    (cell,) = parse_cells([found.cell])
    update = {"domain": cell.domain, "skill": cell.skill, "answer": found.answer}
    return item.model_copy(update=update)


def verdicts(decisions: Sequence[Decision]) -> dict[tuple[str, str], bool]:
    """Return by item and suggested cell whether it is accepted there; an even vote gives none.

    An adjudicator's decision counts alone; else most reviewers decide. Whoever fixes the answer
    and leaves the cell accepts.
    """
    votes: Counter[tuple[str, str]] = Counter()
    for of in standing(decisions).values():
        sure = [one for one in of if one.action is not Action.UNSURE]
        rulings = [one for one in sure if one.kind is Kind.ADJUDICATION]
        for one in rulings or sure:
            votes[one.id, one.cell] += 1 if one.keeps and one.to_cell is None else -1
    return {key: balance > 0 for key, balance in votes.items() if balance}


def typed_fix(gold: Answer, text: str) -> Answer:
    """Return a right answer as a person types it, in the class of the item's own.

    A number may become another kind of number; an expression also a number; a choice is one of the
    options; a text may be followed by other forms, each behind a `|`.

    Raises:
        ConfigError: the text is no answer of that class.
        MissingExtraError: it is an expression, and math-verify is not installed.
    """
    clean = text.strip()
    fixed = _typed(gold, clean) if len(clean) <= MAX_ANSWER_CHARACTERS else None
    if fixed is None or not fits(gold, fixed):
        raise ConfigError(f"answer {clean[:60]!r}: not one of the kind {gold.kind}")
    return fixed


def fix_text(answer: Answer) -> str:
    """Return what a person types for an answer, as `typed_fix` reads it."""
    if isinstance(answer, TextAnswer):
        return " | ".join((answer.value, *answer.aliases))
    return answer.render()


def fits(gold: Answer, fixed: Answer) -> bool:
    """Return whether an answer can take the place of a gold: of its class, and gradable.

    Raises:
        MissingExtraError: it is an expression, and math-verify is not installed.
    """
    kinds = {gold.kind, *(_NUMBERS if gold.kind in (*_NUMBERS, "expression") else ())}
    same = fixed.kind in kinds
    if isinstance(gold, ChoiceAnswer) and isinstance(fixed, ChoiceAnswer):
        same = gold.options == fixed.options
    return same and fixed.compare(fixed.render()) is True


def _typed(gold: Answer, text: str) -> Answer | None:
    match gold:
        case IntegerAnswer() | RationalAnswer():
            return parse_gold(text) if parse_number(text) is not None else None
        case FreeFormAnswer():
            return parse_gold(text)
        case ChoiceAnswer(options=options):
            same = [option for option in options if fold(option) == fold(text)]
            return ChoiceAnswer(value=same[0], options=options) if same else None
        case TextAnswer():
            forms = [form.strip() for form in text.split("|") if form.strip()]
            return TextAnswer(value=forms[0], aliases=tuple(forms[1:])) if forms else None
        case LiteralAnswer():
            return LiteralAnswer(value=text)
        case _:
            return None


def _wanted(item: Item, decision: Decision) -> tuple[str, Answer] | None:
    """Return where a decision puts the item and with what answer; None where it is rejected."""
    if not decision.keeps:
        return None
    return decision.to_cell or str(item.cell), decision.answer or item.answer


def _settled(item: Item, decision: Decision) -> Outcome:
    place = _wanted(item, decision)
    if place is None:
        return Outcome(State.REJECTED, reason=decision.reason)
    moved = place[0] != str(item.cell)
    return Outcome(State.MOVED if moved else State.ACCEPTED, *place)
