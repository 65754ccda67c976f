"""`metaprobe curate review`: the page on which people decide on candidates."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from metaprobe.benchmark.curation.reviews import ReviewStore

_NEEDED = ("fastapi", "jinja2", "python_multipart", "uvicorn")
_LOCAL = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")


def review(
    directory: Annotated[Path, typer.Argument(help="Folder that curate select has written.")],
    annotator: Annotated[
        list[str] | None, typer.Option(help="Somebody who reviews; may be repeated.")
    ] = None,
    adjudicator: Annotated[
        list[str] | None,
        typer.Option(help="Somebody who reviews, and decides where others disagree; repeated."),
    ] = None,
    new_link: Annotated[
        list[str] | None,
        typer.Option(help="Somebody whose link was lost; the one before ends. May be repeated."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8765,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the first new link in a browser.")
    ] = False,
) -> None:
    """Serve the page on which people review candidates, and print a link for each of them.

    Whoever comes first is named after the user of this machine, and is an adjudicator. Stop it
    with Ctrl-C: every decision is on the disk already.
    """
    _check_installed()
    from metaprobe.benchmark.curation.reviews import ReviewStore
    from metaprobe.web.review.app import create_app

    store = ReviewStore(directory)
    app = create_app(directory, host=host)
    # Nobody is added, and no link ends, where the server cannot be started.
    with _listen(host, port) as listening:
        links = _links(store, annotator or [], adjudicator or [], new_link or [])
        address = _address(host, port)
        _tell(store, links, address)
        if host not in _LOCAL:
            print(
                f"--host {host}: other machines reach this page, and see it with a link only. What "
                "they send is not encrypted: use a network that you trust, or a tunnel."
            )
        print("Stop with Ctrl-C; nothing is lost.", flush=True)
        if browser:
            _open([f"{address}/enter/{token}" for token in links.values() if token], address)
        _serve(app, listening)


def _serve(app: "ASGIApp", listening: socket.socket) -> None:
    import uvicorn

    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would write down the links
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(settings).run(sockets=[listening])


def _check_installed() -> None:
    from importlib.util import find_spec

    from metaprobe.core.errors import MissingExtraError

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"metaprobe curate review needs {', '.join(missing)}: pip install 'metaprobe[web]'"
        )


def _links(
    store: "ReviewStore", annotators: list[str], adjudicators: list[str], renewed: list[str]
) -> dict[str, str | None]:
    """Return by name everybody's new token, or None for a link that holds on."""
    from metaprobe.benchmark.curation.reviews import Role
    from metaprobe.core.errors import ConfigError, nearest

    known = {one.name: one.role for one in store.annotators()}
    wanted: dict[str, Role] = dict.fromkeys(annotators, Role.ANNOTATOR)
    wanted |= dict.fromkeys(adjudicators, Role.ADJUDICATOR)
    if not known and not wanted:
        wanted[_user()] = Role.ADJUDICATOR
    everybody = known | wanted
    for name in renewed:
        if name not in everybody:
            close = nearest(name, everybody) or "; --annotator adds somebody"
            raise ConfigError(f"--new-link {name!r}: nobody of that name{close}")
    fresh = {n for n, role in everybody.items() if n in renewed or known.get(n) is not role}
    return {
        name: store.add_annotator(name, role) if name in fresh else None
        for name, role in everybody.items()
    }


def _user() -> str:
    import getpass

    from metaprobe.core.errors import ConfigError

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise ConfigError("this machine's user has no name: use --adjudicator NAME") from error


def _listen(host: str, port: int) -> socket.socket:
    from metaprobe.core.errors import ConfigError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port} ({error.strerror or error}); "
            "choose another with --port or --host"
        ) from error


def _address(host: str, port: int) -> str:
    name = socket.gethostname() if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _tell(store: "ReviewStore", links: dict[str, str | None], address: str) -> None:
    from metaprobe.benchmark.curation.reviews import Role

    print(f"{len(store.candidates)} candidates to review at {address}")
    width = max(map(len, links))
    for name, token in links.items():
        known = f"the link given before holds; --new-link {name} makes another"
        print(f"  {name:<{width}}  {f'{address}/enter/{token}' if token else known}")
    print("A link is its owner's key: it logs in whoever opens it.")
    if not any(one.role is Role.ADJUDICATOR for one in store.annotators()):
        print("Nobody decides where people disagree; --adjudicator NAME adds somebody.")


def _open(links: list[str], address: str) -> None:
    import webbrowser

    webbrowser.open(links[0] if links else address)
