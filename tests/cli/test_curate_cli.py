"""`metaprobe curate select` writes a folder, and says in one line what is wrong."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metaprobe.benchmark.curation.picks import read_picks
from metaprobe.cli import curate
from metaprobe.core.errors import InputError

ROWS = [
    {"question": "What is the remainder when $5^{40}$ is divided by 13?", "answer": "1"},
    {"question": "[bold]what[/red] is the \x1b[2J chemical symbol for sodium", "answer": ["Na"]},
]
TFIDF = ("--fast", "tfidf", "--ranker", "tfidf", "--floor", "0.05")


def call(*arguments: object) -> str:
    result = CliRunner().invoke(
        curate.app,
        ["select", *map(str, arguments)],
        env={"COLUMNS": "100"},
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_a_selection_is_written_and_summed_up(corpus: Path, tmp_path: Path) -> None:
    shown = call("--corpus", corpus, "--out", tmp_path / "picks", *TFIDF)
    picks = read_picks(tmp_path / "picks")
    assert {one.item.question for one in picks.candidates} == {row["question"] for row in ROWS}
    assert "2 records, 2 ranked by tf-idf after tf-idf; 2 candidates written" in shown
    assert "\x1b" not in shown
    counts = dict(line.split()[::5] for line in shown.splitlines() if "/" in line.split(" ")[0])
    assert counts["mathematics/calculation"] == "0"


def test_json_is_the_provenance_that_is_written(corpus: Path, tmp_path: Path) -> None:
    printed = call("--corpus", corpus, "--out", tmp_path / "picks", *TFIDF, "--json")
    assert json.loads(printed) == read_picks(tmp_path / "picks").provenance


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl: no such file or folder"):
        call("--corpus", tmp_path / "gone.jsonl", "--out", tmp_path / "picks", *TFIDF)
    assert not (tmp_path / "picks").exists()
