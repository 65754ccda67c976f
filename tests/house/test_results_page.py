"""docs/results.md says what core/results/ says."""

import importlib.util
import re
from types import ModuleType

import pytest
from repository import ROOT

from metaprobe.core import results
from metaprobe.core.results import Summary

PAGE = ROOT / "docs" / "results.md"


@pytest.fixture
def tool() -> ModuleType:
    place = ROOT / "tools" / "docs" / "results.py"
    spec = importlib.util.spec_from_file_location("tools_docs_results", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(tool: ModuleType) -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == tool.render(), "stale: run python tools/docs/results.py"


def test_every_field_of_the_schema_is_on_the_page() -> None:
    schema = Summary.model_json_schema()
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    shown = {
        section.split("\n", 1)[0]: set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
        for section in sections
    }
    models = {"Summary": schema, **schema["$defs"]}
    for name, model in models.items():
        if "properties" in model:
            parent = getattr(results, name).__bases__[0].__name__
            assert shown[name] | shown.get(parent, set()) == set(model["properties"])
