"""Everything public is documented and annotated, and what the documents say exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from repository import ROOT, Function, is_public, name_of, parse, python_files

DOCUMENTS = sorted(ROOT.glob("*.md")) + sorted(
    path for folder in ("docs", "examples") for path in (ROOT / folder).rglob("*.md")
)
FOLDERS = ("src", "tests", "tools", "benches", "examples", "studies", "docs")
SUFFIXES = {".py", ".md", ".toml", ".tsv", ".css", ".js", ".html", ".txt"}

# Spelled so that this file does not contain what it looks for.
UNFINISHED = re.compile(rf"\b(?:{'|'.join(w.upper() for w in ('todo', 'fixme', 'xxx'))})\b")
MACHINE = re.compile(rf"(?<![\w.}}/])/(?:{'|'.join(('home', 'work', 'tmp', 'root', 'Users'))})/\w")

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+\s+(.+)$", flags=re.MULTILINE)

Definition = ast.ClassDef | Function


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, their public methods, and public functions, with their dotted names."""
    for node in body:
        if not isinstance(node, Definition):
            continue
        name = f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            if is_public(node.name):
                yield name, node
                yield from public_definitions(node.body, f"{name}.")
        elif is_public(node.name) or (prefix and node.name == "__init__"):
            yield name, node


def unannotated(function: Function, *, method: bool) -> list[str]:
    """The parameters of a function without a type; `return` stands for its result."""
    given = function.args
    named = [*given.posonlyargs, *given.args]
    static = any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list)
    rest = [a for a in (given.vararg, given.kwarg) if a]
    checked = [*named[1 if method and not static else 0 :], *given.kwonlyargs, *rest]
    missing = [a.arg for a in checked if a.annotation is None]
    return missing if function.returns else [*missing, "return"]


def undocumented(tree: ast.Module, where: str) -> list[str]:
    """What of a module lacks a docstring."""
    found = [] if ast.get_docstring(tree) else [where]
    for name, node in public_definitions(tree.body):
        if not ast.get_docstring(node) and node.name != "__init__":
            found.append(f"{where}:{node.lineno} {name}")
    return found


def untyped(tree: ast.Module, where: str) -> list[str]:
    """Which parameters and results of a module's public functions have no type."""
    found = []
    for name, node in public_definitions(tree.body):
        if isinstance(node, Function):
            missing = unannotated(node, method="." in name)
            found += [f"{where}:{node.lineno} {name}({argument})" for argument in missing]
    return found


def is_module_public(path: Path) -> bool:
    return is_public(path.stem) or path.stem == "__init__"


PUBLIC = [path for path in python_files("src", "tools", "examples") if is_module_public(path)]


def test_everything_public_has_a_docstring() -> None:
    assert [line for path in PUBLIC for line in undocumented(parse(path), name_of(path))] == []


def test_everything_public_is_annotated() -> None:
    assert [line for path in PUBLIC for line in untyped(parse(path), name_of(path))] == []


def test_missing_docstrings_and_types_are_found() -> None:
    code = "class A:\n    def f(self, x, *y: int, z=0) -> None: ...\ndef g(): 'Told.'\n"
    tree = ast.parse(code + "def _h(x): ...\nclass _B:\n    def f(self, x): ...\n")
    assert undocumented(tree, "m") == ["m", "m:1 A", "m:2 A.f"]
    assert untyped(tree, "m") == ["m:2 A.f(x)", "m:2 A.f(z)", "m:3 g(return)"]


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made on the web."""
    headings = HEADING.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


def broken_links(document: Path) -> list[str]:
    """Relative links of a document to what is not there."""
    found = []
    for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = document.parent / path if path else document
        if not place.exists() or (anchor and anchor not in anchors(place)):
            found.append(f"{document.name}: {target}")
    return found


def test_relative_links_lead_somewhere() -> None:
    assert [link for document in DOCUMENTS for link in broken_links(document)] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    links = "[here](#the-end) [there](a.md#the-end) [web](https://example.org/x)"
    document.write_text(f"# The end\n{links} [gone](b.md) [lost](#start)", encoding="utf-8")
    assert broken_links(document) == ["a.md: b.md", "a.md: #start"]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Where in the texts of the repository a pattern is found."""
    texts = [p for f in FOLDERS for p in (ROOT / f).rglob("*") if p.suffix in SUFFIXES]
    texts += [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    return [
        f"{name_of(path)}:{number} {line.strip()}"
        for path in sorted(set(texts))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_unfinished() -> None:
    assert lines_with(UNFINISHED) == []


def test_no_path_of_one_machine() -> None:
    assert lines_with(MACHINE) == []


def test_paths_of_a_machine_are_told_from_others() -> None:
    for path in ("home/ada/x", "tmp/x"):
        assert MACHINE.search(f'open("/{path}")')
        assert not MACHINE.search(f"see https://example.org/{path}")
        assert not MACHINE.search(f"runs/{path}")
