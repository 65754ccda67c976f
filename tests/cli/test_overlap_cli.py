"""`metaprobe bench overlap` on planted copies."""

import json

import pytest
from typer.testing import CliRunner

from metaprobe.benchmark.freeze import build_benchmark, write_benchmark
from metaprobe.cli import bench
from metaprobe.core.errors import InputError


@pytest.fixture
def planted(tmp_path):
    benchmark = build_benchmark("nano", items_per_cell=2)
    write_benchmark(tmp_path / "frozen", benchmark)
    copy, template = benchmark.items[4], benchmark.items[-1]
    changed = "".join("8" if c.isdigit() else c for c in template.question)
    rows = [copy.question.upper(), "Nothing of it.", changed]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"question": row}) + "\n" for row in rows))
    return tmp_path / "frozen", corpus, copy, template


def call(*arguments):
    result = CliRunner().invoke(
        bench.app,
        ["overlap", *map(str, arguments)],
        env={"COLUMNS": "100"},
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_planted_copies_are_counted_in_their_cells(planted):
    frozen, corpus, copy, template = planted
    counts = json.loads(call(frozen, corpus, "--embedder", "tfidf", "--json"))
    assert counts["n_rows"] == 3
    assert counts["embedder"] == "tf-idf"
    for cell, row in counts["cells"].items():
        assert row["n_items"] == 2
        assert row["exact"] == (cell == str(copy.cell))
        assert row["template"] == (cell == str(template.cell))
    assert counts["overall"]["n_items"] == 40
    assert json.loads(call(frozen / "items.jsonl", corpus, "--json"))["overall"]["exact"] == 1


def test_the_table_names_the_embedder_the_rows_and_their_places(planted):
    frozen, corpus, copy, template = planted
    printed = call(frozen, corpus, "--embedder", "tfidf")
    assert "3 of the corpus" in printed
    assert "tf-idf" in printed
    assert f"exact 1.00  {copy.cell}  {copy.id}\n" in printed
    assert "corpus.jsonl:1" in printed
    assert f"template 1.00  {template.cell}  {template.id}\n" in printed


def test_out_has_a_line_an_item_with_its_nearest_rows(planted, tmp_path):
    frozen, corpus, copy, _ = planted
    call(frozen, corpus, "--out", tmp_path / "rows.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(lines) == 40
    line = next(line for line in lines if line["id"] == copy.id)
    assert "exact" in line["found"]
    nearest = line["nearest"]["exact"]
    assert nearest == {"score": 1, "row": "corpus.jsonl:1", "text": copy.question.upper()}


def test_markup_in_a_corpus_is_printed_as_it_is(planted):
    frozen, corpus, copy, _ = planted
    corpus.write_text(json.dumps({"text": f"[bold]x[/red] \x1b[2J {copy.question}"}))
    printed = call(frozen, corpus)
    assert "[bold]x[/red] \\x1b[2J" in printed
    assert "\x1b" not in printed


def test_a_corpus_without_texts_is_refused(planted, tmp_path):
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(InputError, match="no text in it"):
        call(planted[0], tmp_path / "empty.txt")
