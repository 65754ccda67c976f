"""What stands between the network and a page: host, session, origin, size, and headers.

A page that listens on this machine can be reached by every other page that its user opens. So
the name it is called by is checked (against DNS rebinding), a change has to come from a page of its
own (against forged requests), and nobody is let in without a token.
"""

import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 64 * 2**20
"""A request may carry so much: the decisions on some hundred thousand items."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer. There is no script, style or picture but those of the server."""

Refuse = Callable[[int, str], ASGIApp]
"""Makes the answer to what is refused out of a status and a sentence."""


class Guard:
    """Lets a request through to the application, or answers it.

    Who asks is found under `user` in the scope's state, as `find_user` tells.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        cookie: str,
        find_user: Callable[[str], Any],
        open_paths: tuple[str, ...],
        refuse: Refuse,
    ) -> None:
        """Take the settings.

        Args:
            app: what is guarded.
            host: name or address that the server listens on.
            cookie: name of the cookie with the token.
            find_user: returns whose token it is, or None.
            open_paths: beginnings of paths that nobody needs a token for.
            refuse: makes the answer to what is refused.
        """
        self._app, self._cookie, self._find_user = app, cookie, find_user
        self._open, self._refuse = open_paths, refuse
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # the start and the end of the server
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refused = self._refusal(scope)
        app = self._refuse(*refused) if refused else self._app
        await app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        asked = HTTPConnection(scope)
        headers = asked.headers
        if not is_own_host(headers.get("host", ""), self._names):
            return 400, "This server is not known by that name. Open the link that it printed."
        if scope["path"].startswith(self._open):
            return None
        token = asked.cookies.get(self._cookie, "")
        user = self._find_user(token) if token else None
        if user is None:
            return 401, "Nobody is logged in here. Open the link that you were given."
        scope.setdefault("state", {}).update(user=user, form_key=form_key(token))
        if scope["method"] in ("GET", "HEAD"):
            return None
        if not _is_own_page(headers):
            return 403, "This did not come from a page of this server, and nothing was changed."
        size = headers.get("content-length", "")
        if not size.isdecimal() or int(size) > MOST_BODY_BYTES:
            return 413, f"More than {MOST_BODY_BYTES // 2**20} MiB at once; nothing was changed."
        return None


def form_key(token: str) -> str:
    """Return what every form of a session carries, and no other site can know."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def is_own_host(host: str, names: set[str]) -> bool:
    """Return whether a Host header names this server: one of its names, or any address.

    A name of a stranger may be made to lead here; an address leads where it says.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names
    return True


def _is_own_page(headers: Headers) -> bool:
    """Return whether a change was asked for by a page of this server, as far as browsers tell.

    Under `no-referrer` they send `null` as the origin of a form; its key is checked besides.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin", "null")
    return origin == "null" or urlsplit(origin).netloc == headers.get("host")
