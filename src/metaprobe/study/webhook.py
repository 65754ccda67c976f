"""Telling a server about a look; what goes wrong there never stops a watch."""

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import Look

TIMEOUT = 10.0
"""Seconds that the server has to answer."""


def check_webhook(url: str) -> None:
    """Check that a URL is one of http or https.

    Raises:
        ConfigError: it is none.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ConfigError(f"--webhook: {url!r} is no http or https URL")


def post_look(url: str, look: Look) -> str | None:
    """Send a look as JSON by POST; return why it did not arrive, or None.

    Redirections are not followed: they could lead to another protocol.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(
        url,
        data=look.model_dump_json().encode(),
        headers={"Content-Type": "application/json", "User-Agent": "metaprobe"},
        method="POST",
    )
    try:
        answer = opener.open(request, timeout=TIMEOUT)
        if answer is not None:
            answer.close()
    except urllib.error.HTTPError as error:
        error.close()
        return f"webhook: the server answered {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        return f"webhook: {lines[0]}"
    return None
