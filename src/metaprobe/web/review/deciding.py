"""The pages on which one candidate is decided on: blind reviews, and adjudication."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metaprobe.benchmark.answers import Answer, ChoiceAnswer, TextAnswer
from metaprobe.benchmark.curation.decisions import Action, Decision, Kind, Reason, typed_fix
from metaprobe.benchmark.curation.picks import Candidate
from metaprobe.benchmark.curation.reviews import Annotator, StaleError
from metaprobe.core.errors import ConfigError, MissingExtraError
from metaprobe.core.vocabulary import CELLS, Domain
from metaprobe.web.review.access import RefusedError, adjudicator_of, check_key, user_of
from metaprobe.web.review.desk import Desk, local_now
from metaprobe.web.review.tally import LONGEST_SECONDS, pace
from metaprobe.web.text import Shown, shown

FIX = '{"action": "fix"}'
"""What the button beside the answer carries."""

STALE = (
    "You have decided on this one meanwhile, perhaps in another window, so nothing was recorded. "
    "What stands now is below; decide again to change it."
)


class Choice(BaseModel):
    """What a button carries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    reason: Reason | None = None
    to_cell: str | None = None
    answer: Answer | None = None


class Filled(BaseModel):
    """The form under a candidate, as it is sent."""

    key: str
    kind: Kind
    item: str
    against: int
    """Serial of the person's last row on the candidate when the page was made."""
    decision: str = Field(max_length=20_000)
    """A `Choice` as JSON."""
    opened: float = Field(default=0, allow_inf_nan=False)
    """When the page was made, in seconds since 1970."""
    within: str = ""
    """The cell that the person keeps to; empty for all."""
    answer: str = Field(default="", max_length=2000)
    to_cell: str = ""
    note: str = Field(default="", max_length=2000)


class Draft(NamedTuple):
    """What was typed into a form that could not be recorded."""

    answer: str = ""
    to_cell: str = ""
    note: str = ""


def deciding(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/")
    def next_review(request: Request, within: str = "") -> HTMLResponse:
        within = within if within in desk.about else ""
        waiting = [c for c in desk.store.queue(user_of(request).name) if _is_in(c, within)]
        return item_page(desk, request, waiting[0] if waiting else None, Kind.REVIEW, within=within)

    @router.get("/item/{item}")
    def one_review(request: Request, item: str) -> HTMLResponse:
        candidate = _candidate(desk, item)
        _check_role(desk, request, item, Kind.REVIEW)
        return item_page(desk, request, candidate, Kind.REVIEW)

    @router.get("/adjudicate")
    def next_case(request: Request) -> HTMLResponse:
        waiting = desk.store.disagreements(adjudicator_of(request).name)
        return item_page(desk, request, waiting[0] if waiting else None, Kind.ADJUDICATION)

    @router.get("/adjudicate/{item}")
    def one_case(request: Request, item: str) -> HTMLResponse:
        candidate = _candidate(desk, item)
        _check_role(desk, request, item, Kind.ADJUDICATION)
        return item_page(desk, request, candidate, Kind.ADJUDICATION)

    _add_changes(router, desk)
    return router


def _add_changes(router: APIRouter, desk: Desk) -> None:
    @router.post("/decide")
    def decide(request: Request, form: Annotated[Filled, Form()]) -> Response:
        check_key(request, form.key)
        user = user_of(request)
        candidate = _candidate(desk, form.item)
        _check_role(desk, request, form.item, form.kind)
        try:
            desk.store.record(_decision(candidate, user, form), against=form.against)
        except StaleError:
            return item_page(desk, request, candidate, form.kind, form.within, STALE, _draft(form))
        except (ConfigError, MissingExtraError) as error:
            told = f"Not recorded: {error}."
            return item_page(desk, request, candidate, form.kind, form.within, told, _draft(form))
        return RedirectResponse(_next(form.kind, form.within), status_code=303)

    @router.post("/undo")
    def undo(
        request: Request,
        key: Annotated[str, Form()],
        kind: Annotated[Kind, Form()],
        item: Annotated[str, Form()],
        against: Annotated[int, Form()],
    ) -> Response:
        check_key(request, key)
        candidate = _candidate(desk, item)
        taken_back = Decision(
            id=item,
            cell=str(candidate.item.cell),
            annotator=user_of(request).name,
            action=Action.UNDO,
            kind=kind,
        )
        # Sent twice, or from an old page: what stands now is on the page that follows.
        with suppress(StaleError):
            desk.store.record(taken_back, against=against)
        return RedirectResponse(_path(kind, item), status_code=303)


def item_page(
    desk: Desk,
    request: Request,
    candidate: Candidate | None,
    kind: Kind,
    within: str = "",
    notice: str = "",
    draft: Draft = Draft(),  # noqa: B008 - immutable
) -> HTMLResponse:
    """Return the page of a candidate, or that there is none left.

    A review shows nothing of what others decided.
    """
    user, store = user_of(request), desk.store
    own = store.current(user.name, kind)
    last = store.last(user.name, kind)
    review = kind is Kind.REVIEW
    at = pace(list(own.values()), local_now())
    here = "Review" if review else "Adjudicate"
    waiting = store.queue(user.name) if review else store.disagreements(user.name)
    common: dict[str, Any] = {
        "kind": kind,
        "within": within,
        "pace": at,
        "done": at.decided,
        "left": len(waiting),
        "last": last,
        "last_question": store.candidates[last.id].item.question if last else "",
        "last_against": store.serial(last.id, user.name, kind) if last else 0,
        "path_of": lambda item: _path(kind, item),
    }
    if candidate is None:
        return desk.page(request, "done.html", here, **common)
    item = candidate.item
    gold = shown(item.answer.render())
    return desk.page(
        request,
        "item.html",
        here,
        status=409 if notice else 200,
        candidate=candidate,
        about=desk.about[str(item.cell)],
        question=shown(item.question),
        gold=gold,
        # What cannot be seen in a field is not put into one.
        plain_gold=gold.beginning[0].text if _is_plain(gold) else "",
        more=_more(item.answer),
        code="code" if item.domain is Domain.CODING else "",
        belongs=shown(candidate.belongs.example),
        near_miss=shown(candidate.near_miss.example),
        cells=[(str(cell), desk.about[str(cell)]) for cell in CELLS if cell != item.cell],
        own=own.get(item.id),
        positions=[] if review else _positions(desk, item.id),
        against=store.serial(item.id, user.name, kind),
        opened=datetime.now(UTC).timestamp(),
        fix=FIX,
        cell_left=sum(_is_in(one, str(item.cell)) for one in waiting),
        notice=notice,
        draft=draft,
        **common,
    )


def _check_role(desk: Desk, request: Request, item: str, kind: Kind) -> None:
    """Check that somebody may see and decide on a candidate in a role.

    Raises:
        RefusedError: it would end the blindness of a review, or is no disagreement.
    """
    if kind is Kind.REVIEW:
        if item in desk.store.current(user_of(request).name, Kind.ADJUDICATION):
            raise RefusedError("You have adjudicated this one, so you cannot review it blindly.")
        return
    name = adjudicator_of(request).name
    cases = {one.item.id for one in desk.store.disagreements(name)}
    if item not in cases | desk.store.current(name, Kind.ADJUDICATION).keys():
        raise RefusedError("There is nothing to adjudicate here, or you have reviewed it yourself.")


def _is_plain(text: Shown) -> bool:
    return [run.name for run in text.beginning] == [None] and not text.rest


def _positions(desk: Desk, item: str) -> list[Decision]:
    """Return the reviews that stand on a candidate."""
    return [one for one in desk.store.standing().get(item, []) if one.kind is Kind.REVIEW]


def _decision(candidate: Candidate, user: Annotator, form: Filled) -> Decision:
    """Return what a form decides.

    Raises:
        ConfigError: it decides nothing that can be recorded.
    """
    try:
        wanted = Choice.model_validate_json(form.decision)
        answer, to_cell = wanted.answer, wanted.to_cell
        if wanted.action is Action.FIX and answer is None:
            answer, to_cell = typed_fix(candidate.item.answer, form.answer), form.to_cell or None
        seconds = datetime.now(UTC).timestamp() - form.opened
        return Decision(
            id=candidate.item.id,
            cell=str(candidate.item.cell),
            annotator=user.name,
            action=wanted.action,
            reason=wanted.reason,
            to_cell=to_cell,
            answer=answer,
            note=form.note.strip(),
            kind=form.kind,
            seconds=round(seconds, 1) if 0 <= seconds <= LONGEST_SECONDS else None,
        )
    except ValidationError as error:
        raise ConfigError(f"This cannot be recorded: {error.errors()[0]['msg']}") from error


def _draft(form: Filled) -> Draft:
    fixed = form.decision == FIX
    return Draft(form.answer if fixed else "", form.to_cell if fixed else "", form.note)


def _candidate(desk: Desk, item: str) -> Candidate:
    found = desk.store.candidates.get(item)
    if found is None:
        raise ConfigError("There is no such candidate in this folder.")
    return found


def _is_in(candidate: Candidate, within: str) -> bool:
    return not within or str(candidate.item.cell) == within


def _path(kind: Kind, item: str) -> str:
    return f"/item/{item}" if kind is Kind.REVIEW else f"/adjudicate/{item}"


def _next(kind: Kind, within: str) -> str:
    if kind is Kind.ADJUDICATION:
        return "/adjudicate"
    return f"/?within={quote(within)}" if within else "/"


def _more(answer: Answer) -> str:
    """Return what else counts as right, or what could be chosen."""
    match answer:
        case ChoiceAnswer(options=options):
            return f"out of {', '.join(options)}"
        case TextAnswer(aliases=(_, *_) as aliases):
            return f"also {', '.join(aliases)}"
        case _:
            return ""
