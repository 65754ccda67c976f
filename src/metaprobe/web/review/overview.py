"""The pages about many candidates: search, and how far everything has come."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from metaprobe.benchmark.curation.agreement import agreement
from metaprobe.benchmark.curation.decisions import Action, Decision, State
from metaprobe.benchmark.curation.picks import Candidate
from metaprobe.benchmark.curation.reviews import Role
from metaprobe.web.review.access import adjudicator_of, user_of
from metaprobe.web.review.desk import Desk, local_now
from metaprobe.web.review.tally import Pace, pace, reviews_of

PER_PAGE = 25
UNDECIDED = "undecided"
_STATUSES = (UNDECIDED, *(str(one) for one in Action if one is not Action.UNDO))


class Wanted(BaseModel):
    """What is looked for; an empty field finds everything."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    """Part of the question, the gold, the corpus's row or the person's note, in any case."""
    cell: str = ""
    corpus: str = ""
    status: str = ""
    """What the person who asks decided, or `undecided`."""
    outcome: str = ""
    """What became of it; for adjudicators."""
    page: int = 1


class Row(NamedTuple):
    """A cell on the page of progress."""

    cell: str
    candidates: int
    yours: int
    left: int
    states: dict[State, int] | None
    """What became of its candidates; None for those whose reviews are blind."""


class Person(NamedTuple):
    """Somebody on the page of progress."""

    name: str
    role: Role
    pace: Pace


def overview(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/search")
    def search(request: Request, wanted: Annotated[Wanted, Query()]) -> HTMLResponse:
        own = desk.store.current(user_of(request).name)
        found = list(_found(desk, request, wanted, own))
        pages = max(1, -(-len(found) // PER_PAGE))
        page = min(max(wanted.page, 1), pages)
        return desk.page(
            request,
            "search.html",
            "Search",
            wanted=wanted,
            found=found[(page - 1) * PER_PAGE : page * PER_PAGE],
            total=len(found),
            own=own,
            page=page,
            pages=pages,
            cells=sorted({str(c.item.cell) for c in desk.store.candidates.values()}),
            corpora=sorted({c.corpus for c in desk.store.candidates.values()}),
            statuses=_STATUSES,
            states=list(State) if _adjudicates(request) else [],
        )

    @router.get("/progress")
    def progress(request: Request) -> HTMLResponse:
        user, now = user_of(request), local_now()
        standing = desk.store.standing()
        paces = {
            one.name: Person(
                one.name, one.role, pace(list(reviews_of(standing, one.name).values()), now)
            )
            for one in desk.store.annotators()
        }
        return desk.page(
            request,
            "progress.html",
            "Progress",
            rows=list(_rows(desk, request)),
            pace=paces[user.name].pace,
            people=list(paces.values()) if _adjudicates(request) else [],
            states=list(State),
        )

    @router.get("/agreement")
    def agree(request: Request) -> HTMLResponse:
        adjudicator_of(request)
        return desk.page(request, "agreement.html", "Progress", agreement=agreement(desk.store))

    return router


def _adjudicates(request: Request) -> bool:
    return user_of(request).role is Role.ADJUDICATOR


def _found(
    desk: Desk, request: Request, wanted: Wanted, own: dict[str, Decision]
) -> Iterator[Candidate]:
    outcomes = desk.store.outcomes() if wanted.outcome and _adjudicates(request) else {}
    text = wanted.text.casefold().strip()
    for item, one in desk.store.candidates.items():
        mine = own.get(item)
        kept = (
            not wanted.cell or str(one.item.cell) == wanted.cell,
            not wanted.corpus or one.corpus == wanted.corpus,
            not wanted.status or (mine.action if mine else UNDECIDED) == wanted.status,
            not outcomes or outcomes[item].state == wanted.outcome,
            not text or text in _searched(one, mine),
        )
        if all(kept):
            yield one


def _searched(candidate: Candidate, mine: Decision | None) -> str:
    item = candidate.item
    parts = (item.question, item.answer.render(), item.source, mine.note if mine else "")
    return "\n".join(parts).casefold()


def _rows(desk: Desk, request: Request) -> Iterator[Row]:
    name, store = user_of(request).name, desk.store
    outcomes = store.outcomes() if _adjudicates(request) else None
    own = [store.candidates[i] for i, d in store.current(name).items() if d.action != Action.UNSURE]
    waiting = store.queue(name)
    for cell in desk.about:
        here = [c.item.id for c in store.candidates.values() if str(c.item.cell) == cell]
        if not here:
            continue
        found = [outcomes[item].state for item in here] if outcomes else []
        yield Row(
            cell=cell,
            candidates=len(here),
            yours=sum(str(one.item.cell) == cell for one in own),
            left=sum(str(one.item.cell) == cell for one in waiting),
            states={state: found.count(state) for state in State} if outcomes else None,
        )
