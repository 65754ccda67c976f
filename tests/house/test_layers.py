"""Imports go down the layers only; lazy imports count, and so do modules named in a string."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from repository import ROOT, SOURCE

PACKAGE = "metaprobe"
MODELS_USERS = {"core", "benchmark", "models", "stages"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "benchmark": {"core"},
    "models": {"core"},
    "stages": {"core", "models"},
    "training": MODELS_USERS,
    "probes": MODELS_USERS,
    "analysis": {"core"},
    "study": {*MODELS_USERS, "training", "probes", "analysis"},
    "report": {"core", "analysis"},
    "web": {"core", "benchmark", "analysis", "report"},
}
EVERYTHING = "cli"
"""The one room that may import all others."""


def imported(tree: ast.AST, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in a module of `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            # `from metaprobe import x` may name a room.
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__"):
                yield node.lineno, beginning(node.args[0])


def beginning(node: ast.expr) -> str:
    """The constant text with which a string or f-string begins."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return str(node.value) if isinstance(node, ast.Constant) else ""


def climbs(root: Path, rooms: set[str]) -> list[str]:
    """Every import under the package folder `root` that the table does not allow."""
    found = []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if len(parts) == 1 or parts[0] == EVERYTHING:
            continue
        allowed = {parts[0], *MAY_IMPORT.get(parts[0], set())}
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, name in imported(tree, [PACKAGE, *parts[:-1]]):
            top, _, rest = name.partition(".")
            room = rest.partition(".")[0]
            if top == PACKAGE and room in rooms - allowed:
                found.append(f"{'/'.join(parts)}:{line} imports {PACKAGE}.{room}")
    return found


def test_no_import_climbs() -> None:
    assert climbs(SOURCE, {*MAY_IMPORT, EVERYTHING}) == []


def test_every_package_is_in_the_table() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    folders = {path.relative_to(SOURCE).parts[0] for path in SOURCE.glob("*/**/*.py")}
    assert folders == packages, "a folder with modules has no __init__.py"
    assert packages <= {*MAY_IMPORT, EVERYTHING}


def test_no_module_lies_outside_the_rooms() -> None:
    assert {path.name for path in SOURCE.glob("*.py")} <= {"__init__.py", "__main__.py"}


def test_the_root_of_the_package_imports_no_room_before_it_is_asked() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if getattr(node, "name", "") != "__getattr__"]
    names = [name for _, name in imported(tree, [PACKAGE])]
    assert not [name for name in names if name.partition(".")[0] == PACKAGE]


def test_the_table_has_no_cycle() -> None:
    assert list(TopologicalSorter(MAY_IMPORT).static_order())


def test_contributing_shows_the_same_table() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, flags=re.MULTILINE)
    shown = {room: set(re.findall(r"`(\w+)`", may)) for room, may in rows if room != EVERYTHING}
    assert shown == MAY_IMPORT


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("core/a.py", "import metaprobe.models.chat"),
        ("core/a.py", "from metaprobe.models import chat"),
        ("core/a.py", "from metaprobe import models"),
        ("core/a.py", "from metaprobe import __version__, models as m"),
        ("core/a.py", "def f():\n    from metaprobe.models.chat import render"),
        ("core/a.py", "from ..models import chat"),
        ("core/deep/a.py", "from ... import models"),
        ("core/a.py", "import importlib\nimportlib.import_module('metaprobe.models.chat')"),
        ("core/a.py", "import_module(f'metaprobe.models.{name}')"),
        ("training/a.py", "from metaprobe.probes.accuracy import measure"),
        ("probes/a.py", "from metaprobe.training import losses"),
        ("report/a.py", "from metaprobe.models.runtime import torch"),
        ("study/a.py", "from metaprobe.cli import main"),
    ],
)
def test_a_climb_is_found(tmp_path: Path, place: str, code: str) -> None:
    target = tmp_path / place
    target.parent.mkdir(parents=True)
    target.write_text(code, encoding="utf-8")
    assert len(climbs(tmp_path, {*MAY_IMPORT, EVERYTHING})) == 1


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("models/a.py", "from metaprobe.core.files import read_json"),
        ("models/a.py", "from metaprobe.models import chat"),
        ("models/a.py", "from . import chat"),
        ("models/a.py", "from metaprobe import __version__"),
        ("cli/a.py", "from metaprobe.report.page import write_page"),
        ("study/a.py", "from metaprobe.probes import accuracy"),
        ("core/a.py", "from metaprobe_extra.models import chat"),
    ],
)
def test_a_step_down_is_allowed(tmp_path: Path, place: str, code: str) -> None:
    target = tmp_path / place
    target.parent.mkdir(parents=True)
    target.write_text(code, encoding="utf-8")
    assert climbs(tmp_path, {*MAY_IMPORT, EVERYTHING}) == []
