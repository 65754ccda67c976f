"""`curate agree`, `freeze`, `export` and `import`, from decisions to a frozen benchmark."""

import json
from pathlib import Path

import pytest
from picked import decided, opened, some
from typer.testing import CliRunner

from metaprobe.benchmark.curation.decisions import Action
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.freeze import read_benchmark
from metaprobe.cli import curate
from metaprobe.core.errors import ConfigError


def call(*arguments: object) -> str:
    result = CliRunner().invoke(
        curate.app, [*map(str, arguments)], env={"COLUMNS": "80"}, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = opened(tmp_path, people="ab")
    store.take_in([decided(one, who) for one in some()[:3] for who in "ab"])
    store.take_in([decided(some()[3], "a"), decided(some()[3], "b", Action.REJECT)])
    return tmp_path


def test_agreement_is_printed_by_cell_and_as_json(folder: Path) -> None:
    shown = call("agree", folder)
    rows = {line.split("  ")[0].strip(): line for line in shown.splitlines() if line.strip()}
    assert rows["all"].split()[1:4] == ["4", "4", "0.75"]
    assert "3 accepted, 1 needs adjudication, 2 needs second" in shown
    table = json.loads(call("agree", folder, "--json"))
    assert table["overall"]["raw"]["value"] == 0.75
    assert table["candidates"] == {"accepted": 3, "needs adjudication": 1, "needs second": 2}


def test_what_is_frozen_is_a_benchmark(folder: Path) -> None:
    shown = call("freeze", folder, "--out", folder / "frozen")
    assert "20 cells have fewer than 50 items." in shown
    assert "3 items written" in shown
    assert len(read_benchmark(folder / "frozen").items) == 3
    card = json.loads(call("freeze", folder, "--out", folder / "x", "--per-cell", 1, "--json"))
    assert card["items"] == 2


def test_decisions_go_out_and_in(folder: Path) -> None:
    for form, name in (("jsonl", "decisions.jsonl"), ("csv", "decisions.csv")):
        assert "8 decisions written" in call("export", folder, "--format", form)
        assert "0 of 8 decisions" in call("import", folder, folder / name, "--format", form)
    opened(folder / "b", people="")
    assert "8 of 8" in call("import", folder / "b", folder / "decisions.jsonl")
    assert len(ReviewStore(folder / "b").decisions()) == 8
    with pytest.raises(ConfigError, match="--format 'cvs'; did you mean 'csv'"):
        call("export", folder, "--format", "cvs")
