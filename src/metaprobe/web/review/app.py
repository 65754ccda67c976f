"""The application: `create_app` guards the pages and adds them up."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from metaprobe.core.errors import MetaprobeError, StorageError
from metaprobe.core.streams import short_hash
from metaprobe.web.guard import Guard
from metaprobe.web.review.access import RefusedError
from metaprobe.web.review.deciding import deciding
from metaprobe.web.review.desk import Desk
from metaprobe.web.review.exchanging import exchanging
from metaprobe.web.review.overview import overview

_SESSION_SECONDS = 180 * 24 * 3600
_STATIC = Path(__file__).with_name("static")


def create_app(folder: Path, *, host: str = "127.0.0.1") -> ASGIApp:
    """Return the application for a folder of picks.

    Whoever opens `/enter/TOKEN` with the token of an annotator is logged in by a cookie.

    Args:
        folder: of picks, with or without decisions.
        host: name or address that the server listens on.

    Raises:
        InputError: the folder holds no picks, or the store is damaged.
        StorageError: the store cannot be made.
    """
    desk = Desk(folder)
    # Servers on one machine share their cookies, whatever their ports.
    cookie = f"metaprobe-{short_hash(str(folder.resolve()))[:12]}"
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=_STATIC))

    @app.get("/enter/{token}")
    def enter(request: Request, token: str) -> HTMLResponse:
        user = desk.store.annotator_of(token)
        if user is None:
            return desk.message(
                request,
                401,
                "This link does not hold",
                "It may have been replaced by a newer one. Ask whoever runs the server for a link.",
            )
        answer = desk.message(request, 200, f"Hello {user.name}", "The review opens now.")
        # Not a redirect: a strict cookie does not go along with one that began on another site.
        answer.headers["refresh"] = "0; url=/"
        answer.set_cookie(cookie, token, max_age=_SESSION_SECONDS, httponly=True, samesite="strict")
        return answer

    app.include_router(deciding(desk))
    app.include_router(overview(desk))
    app.include_router(exchanging(desk))
    _tell_errors(app, desk)

    def refuse(status: int, text: str) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            page = desk.message(Request(scope), status, "Not opened", text)
            await page(scope, receive, send)

        return answer

    return Guard(
        app,
        host=host,
        cookie=cookie,
        find_user=desk.store.annotator_of,
        open_paths=("/enter/", "/static/"),
        refuse=refuse,
    )


def _tell_errors(app: FastAPI, desk: Desk) -> None:
    """Make a page of each error that a person can act on."""

    @app.exception_handler(RefusedError)
    def refused(request: Request, error: RefusedError) -> Response:
        return desk.message(request, 403, "Not yours to see", str(error))

    @app.exception_handler(MetaprobeError)
    def failed(request: Request, error: MetaprobeError) -> Response:
        if isinstance(error, StorageError):
            return desk.message(
                request, 503, "Not recorded", f"{error}. Go back and press once more."
            )
        return desk.message(request, 400, "That did not work", str(error))

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return desk.message(request, 400, "That did not work", f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> Response:
        return desk.message(request, error.status_code, "Nothing here", str(error.detail))
