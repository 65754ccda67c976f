"""docs/gallery.md shows every family as it is now, and shows hostile text as text."""

import importlib.util
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from repository import ROOT

from metaprobe.benchmark.family import families
from metaprobe.core.vocabulary import CELLS

PAGE = ROOT / "docs" / "gallery.md"
MEGABYTE = 10**6


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    place = ROOT / "tools" / "docs" / "gallery.py"
    spec = importlib.util.spec_from_file_location("tools_docs_gallery", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date(tool: ModuleType, page: str) -> None:
    assert page == tool.render(), "stale: run make gallery"


def test_every_cell_and_family_has_its_samples(page: str) -> None:
    assert [str(cell) for cell in CELLS if f"\n## {cell}\n" not in page] == []
    sections = page.split("\n### ")[1:]
    assert [s.split("\n")[0].strip("`") for s in sections] == [f.name for f in families()]
    for section in sections:
        assert section.count("\nGold: ") == section.count("<details>") == 3
        assert section.count("</details>") == 3


def test_the_page_is_small_enough_to_be_shown(page: str) -> None:
    assert len(page.encode()) < MEGABYTE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab `\\<>*_#|[]&\n", min_size=1, max_size=60))
def test_any_text_is_shown_as_it_is(tool: ModuleType, text: str) -> None:
    markdown = MarkdownIt()
    (block,) = markdown.parse(tool.fenced(text))
    assert block.type == "fence"
    assert block.content.rstrip("\n").split("\n") == "\n".join(text.splitlines()).rstrip(
        "\n"
    ).split("\n")
    line = text.replace("\n", " ").strip()
    if line:
        (span,) = markdown.parseInline(tool.code(line))[0].children
        assert (span.type, span.content) == ("code_inline", line)


@given(st.text(alphabet="ab \\<>*_#|[]&~", min_size=1, max_size=60))
def test_docstrings_have_no_markup_but_code(tool: ModuleType, text: str) -> None:
    line = f"a{text}b"
    children = MarkdownIt().parseInline(tool.escaped(line))[0].children
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == line
