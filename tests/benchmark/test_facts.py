"""The tables of facts say where they come from, and no row contradicts another."""

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from metaprobe.benchmark.answers import fold
from metaprobe.benchmark.facts import table

ROOT = Path(__file__).parents[2]
TABLES = sorted(p for p in (ROOT / "src/metaprobe/benchmark/facts").glob("*.tsv"))
every_table = pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)


def heading(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:2] == "# "]
    return dict(line[2:].split(": ", 1) for line in lines)


@every_table
def test_a_table_names_its_source_version_and_licence(path):
    assert list(heading(path)) == ["source", "version", "licence"]
    assert all(heading(path).values())


@every_table
def test_terms_that_a_table_points_to_are_in_the_notice(path):
    if heading(path)["licence"] != "Apache-2.0":
        assert path.name in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_notice_is_a_licence_file_of_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "NOTICE" in settings["project"]["license-files"]
    assert "NOTICE" in settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert "WordNet 3.1 Copyright 2011 by Princeton University" in (ROOT / "NOTICE").read_text()


@every_table
def test_no_alias_of_a_fact_is_blank(path):
    assert files("metaprobe.benchmark.facts").joinpath(path.name).is_file()
    for row in table(path.stem):
        for column, text in row.items():
            if "aliases" in column and text:
                assert all(fold(alias) for alias in text.split(";")), row


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("countries", ("country",)),
        ("countries", ("capital",)),
        ("animals", ("animal",)),
        ("months", ("relation", "subject")),
        ("meanings", ("word",)),
        ("meanings", ("definition",)),
        ("abbreviations", ("abbreviation",)),
        ("words", ("word",)),
    ],
)
def test_no_question_about_a_fact_has_two_rows(name, columns):
    asked = Counter(tuple(fold(row[c]) for c in columns) for row in table(name))
    asked.pop(("",), None)
    assert max(asked.values()) == 1, asked.most_common(2)


def test_no_misspelled_form_is_a_word_of_the_table_or_belongs_to_two():
    rows = table("words")
    forms = Counter(form for row in rows for form in row["misspellings"].split(";"))
    assert max(forms.values()) == 1
    assert not set(forms) & {row["word"] for row in rows}
