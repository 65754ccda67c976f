"""Who asks, and whether that person may."""

import hmac

from fastapi import Request

from metaprobe.benchmark.curation.reviews import Annotator, Role


class RefusedError(Exception):
    """A request that its sender may not make; the text says why."""


def user_of(request: Request) -> Annotator:
    """Return who asks, as the guard has found out."""
    user: Annotator = request.state.user
    return user


def adjudicator_of(request: Request) -> Annotator:
    """Return who asks.

    Raises:
        RefusedError: it is no adjudicator.
    """
    user = user_of(request)
    if user.role is not Role.ADJUDICATOR:
        raise RefusedError("This page is the adjudicator's: reviews are blind.")
    return user


def check_key(request: Request, key: str) -> None:
    """Check that a form came from a page of this session.

    Raises:
        RefusedError: it carries another key.
    """
    if not hmac.compare_digest(key.encode(), request.state.form_key.encode()):
        raise RefusedError("This form is not one of your session, and nothing was changed.")
