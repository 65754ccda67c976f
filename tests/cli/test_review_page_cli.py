"""`metaprobe curate review` gives everybody a link, and says in one line what is wrong."""

import re
import socket
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from metaprobe.benchmark.curation.picks import write_picks
from metaprobe.benchmark.curation.reviews import Annotator, ReviewStore, Role
from metaprobe.cli import curate
from metaprobe.core.errors import ConfigError, InputError, MissingExtraError


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a server would have listened on."""
    found: list[str] = []

    def run(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        found.extend(one.getsockname()[0] for one in sockets)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return found


@pytest.fixture
def picks(tmp_path: Path) -> Path:
    write_picks(tmp_path, [], {})
    return tmp_path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def call(*arguments: object) -> str:
    port = () if "--port" in arguments else ("--port", free_port())
    result = CliRunner().invoke(
        curate.app, ["review", *map(str, (*arguments, *port))], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def links(said: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\S+) +http://127\.0\.0\.1:\d+/enter/(\S+)$", said, re.MULTILINE))


def test_each_person_gets_a_link_that_logs_in(picks: Path, served: list[str]) -> None:
    said = call(picks, "--annotator", "ada", "--annotator", "ben", "--adjudicator", "cy")
    store = ReviewStore(picks)
    roles = {"ada": Role.ANNOTATOR, "ben": Role.ANNOTATOR, "cy": Role.ADJUDICATOR}
    found = links(said)
    assert {name: store.annotator_of(token) for name, token in found.items()} == {
        name: Annotator(name, role) for name, role in roles.items()
    }
    assert served == ["127.0.0.1"]


def test_without_names_the_user_of_the_machine_comes_first(
    picks: Path, served: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "dora")
    assert list(links(call(picks))) == ["dora"]
    assert ReviewStore(picks).annotators() == [Annotator("dora", Role.ADJUDICATOR)]


def test_starting_again_keeps_links_and_a_lost_one_is_replaced(
    picks: Path, served: list[str]
) -> None:
    first = links(call(picks, "--annotator", "ada"))
    again = call(picks, "--annotator", "ada", "--adjudicator", "cy")
    assert list(links(again)) == ["cy"]
    assert "ada  the link given before holds; --new-link ada makes another" in again
    assert ReviewStore(picks).annotator_of(first["ada"]) is not None
    renewed = links(call(picks, "--new-link", "ada"))
    assert list(renewed) == ["ada"]
    assert ReviewStore(picks).annotator_of(first["ada"]) is None
    assert ReviewStore(picks).annotator_of(renewed["ada"]) is not None


def test_somebody_may_become_an_adjudicator(picks: Path, served: list[str]) -> None:
    assert "Nobody decides where people disagree" in call(picks, "--annotator", "ada")
    said = call(picks, "--adjudicator", "ada")
    assert "Nobody decides" not in said
    assert ReviewStore(picks).annotators() == [Annotator("ada", Role.ADJUDICATOR)]


def test_other_machines_are_let_in_only_when_asked_and_said_so(
    picks: Path, served: list[str]
) -> None:
    assert "not encrypted" not in call(picks, "--annotator", "ada")
    said = call(picks, "--host", "0.0.0.0")
    assert "not encrypted" in said
    assert "http://0.0.0.0" not in said, "nobody reaches that address"


def test_what_is_wrong_is_named(picks: Path, served: list[str]) -> None:
    with pytest.raises(InputError, match=r"provenance\.json: no such file"):
        call(picks / "none")
    with pytest.raises(ConfigError, match=r"--new-link 'bea': nobody.*did you mean 'ben'"):
        call(picks, "--annotator", "ben", "--new-link", "bea")
    with pytest.raises(ConfigError, match="1 to 64 printable"):
        call(picks, "--annotator", "a\x1bb")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match="choose another with --port"),
    ):
        call(picks, "--port", taken.getsockname()[1])
    assert served == []


def test_what_is_not_installed_is_named(picks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "jinja2" else object()
    )
    with pytest.raises(MissingExtraError, match=r"needs jinja2: pip install 'metaprobe\[web\]'"):
        call(picks)
