"""The adjudicator's page for files: decisions in and out, and the frozen benchmark."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from metaprobe.benchmark.curation.exchange import (
    NAMES,
    Format,
    label_config,
    read_decisions,
    write_decisions,
)
from metaprobe.benchmark.curation.frozen import FreezeSettings, freeze, write_frozen
from metaprobe.benchmark.freeze import PRESETS
from metaprobe.core.errors import ConfigError, MetaprobeError
from metaprobe.web.review.access import adjudicator_of, check_key
from metaprobe.web.review.desk import Desk

FROZEN = "frozen"
"""Folder, inside that of the picks, into which the page freezes."""

_LABELS = "label-studio.xml"


def exchanging(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/exchange")
    def exchange(request: Request) -> HTMLResponse:
        return _page(desk, request)

    @router.get("/export/{name}")
    def export(request: Request, name: str) -> Response:
        adjudicator_of(request)
        return _download(name, _exported(desk, name))

    @router.post("/import")
    def take_in(
        request: Request,
        key: Annotated[str, Form()],
        form: Annotated[Format, Form()],
        file: UploadFile,
    ) -> HTMLResponse:
        adjudicator_of(request)
        check_key(request, key)
        with TemporaryDirectory() as folder:
            path = Path(folder) / NAMES[form]
            path.write_bytes(file.file.read())
            try:
                found = read_decisions(path, desk.store, form)
                added = desk.store.take_in(found)
            except MetaprobeError as error:
                told = str(error).removeprefix(f"{folder}/")
                return _page(desk, request, problem=f"Nothing was taken in. {told}")
        return _page(desk, request, done=f"{added} of {len(found)} decisions were new.")

    @router.post("/freeze")
    def freeze_all(
        request: Request,
        key: Annotated[str, Form()],
        per_cell: Annotated[int, Form()],
        accepts: Annotated[int, Form()],
        fill: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        adjudicator_of(request)
        check_key(request, key)
        try:
            settings = FreezeSettings(per_cell=per_cell, accepts=accepts, fill=fill or None)
            frozen = freeze(desk.store, settings, desk.folder.resolve().name)
        except (MetaprobeError, ValidationError) as error:
            return _page(desk, request, problem=f"Nothing was frozen. {_line(error)}")
        write_frozen(desk.folder / FROZEN, frozen)
        return _page(desk, request, card=frozen.card)

    return router


def _page(
    desk: Desk,
    request: Request,
    *,
    problem: str = "",
    done: str = "",
    card: dict[str, object] | None = None,
) -> HTMLResponse:
    adjudicator_of(request)
    return desk.page(
        request,
        "exchange.html",
        "Exchange",
        status=409 if problem else 200,
        problem=problem,
        done=done,
        card=card,
        place=desk.folder / FROZEN,
        decisions=len(desk.store.decisions()),
        outdated=desk.store.outdated(),
        formats=NAMES,
        labels=_LABELS,
        presets=sorted(PRESETS),
    )


def _exported(desk: Desk, name: str) -> bytes:
    """Return a file of decisions.

    Raises:
        ConfigError: there is no such file.
    """
    if name == _LABELS:
        return label_config().encode()
    forms = [form for form, of in NAMES.items() if of == name]
    if not forms:
        raise ConfigError(f"there is no file {name!r} to be had")
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_decisions(path, desk.store, forms[0])
        return path.read_bytes()


def _download(name: str, content: bytes) -> Response:
    # Always a file for the disk: a browser that showed it might take a part of it for markup.
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _line(error: MetaprobeError | ValidationError) -> str:
    if isinstance(error, MetaprobeError):
        return str(error)
    first = error.errors()[0]
    return f"{first['loc'][0]}: {first['msg']}"
