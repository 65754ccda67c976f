from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from example import HOSTILE, KINDS, example_summary

from metaprobe.core.errors import InputError
from metaprobe.core.results import Summary, write_summary
from metaprobe.core.vocabulary import CELLS, Skill
from metaprobe.report.page import render_report, write_report

VOID = {"meta", "br", "img", "input", "link", "hr"}
FIGURES = (
    *(f"Radar of {arm}" for arm in KINDS),
    *(f"Change by cell for {arm}" for arm in KINDS),
    *(f"Relative norm of the change of {arm}" for arm in KINDS),
    "Change from the base by skill, over all domains",
    "Change from the base by skill against training step",
    "Change from the base by domain against training step",
    "Divergence against change",
    "Divergence from the base against training step",
    "Share of parameters changed against tolerance",
)


class Walk(HTMLParser):
    """Elements in order, the text outside of style, and whatever does not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def summary() -> Summary:
    made = example_summary()
    made.arms[0].steps[-1].skills[0].q_value = None
    return made


@pytest.fixture(scope="module")
def page(summary: Summary) -> str:
    return render_report(summary)


@pytest.fixture(scope="module")
def walk(page: str) -> Walk:
    return Walk(page)


@pytest.fixture(scope="module")
def bare_page() -> str:
    made = example_summary(seeds=(0, 1), bare=True)
    made.arms = [arm for arm in made.arms if arm.arm in ("sft_long", "grpo")]
    for arm in made.arms:
        arm.arm = {"grpo": "<b>grpo</b>"}.get(arm.arm, arm.arm)
    return render_report(made)


def test_every_tag_closes(walk: Walk) -> None:
    assert walk.wrong == []
    assert walk.open == []


def test_nothing_is_loaded_and_nothing_runs(page: str, walk: Walk) -> None:
    names = {name for name, _ in walk.elements}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "image", "use"}
    values = [(key, value or "") for _, given in walk.elements for key, value in given.items()]
    assert not [key for key, _ in values if key.startswith("on") or key in ("src", "style")]
    assert {value for key, value in values if "://" in value} <= {"http://www.w3.org/2000/svg"}
    assert all(value.startswith("#") for key, value in values if key == "href")
    style = page.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_style_and_nothing_else(walk: Walk) -> None:
    policy = next(m["content"] for m in walk.named("meta") if "http-equiv" in m)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_hostile_text_is_shown_and_inert(page: str, walk: Walk) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert any(HOSTILE in words for words in walk.words)


def test_every_arm_skill_and_cell_is_named(walk: Walk) -> None:
    words = " ".join(walk.words)
    for name in (*KINDS, *(s.replace("_", " ") for s in Skill), *(str(c) for c in CELLS)):
        assert name in words


def test_every_figure_is_svg_with_a_label_and_a_caption(walk: Walk) -> None:
    labels = [svg["aria-label"] or "" for svg in walk.named("svg") if svg.get("role") == "img"]
    for expected in FIGURES:
        assert [label for label in labels if label.startswith(expected)], expected
    assert len(walk.named("figcaption")) == len(walk.named("figure")) == 9


def test_ids_are_unique_and_headings_do_not_skip(walk: Walk) -> None:
    ids = [given["id"] for _, given in walk.elements if "id" in given]
    assert len(ids) == len(set(ids))
    levels = [int(name[1]) for name, _ in walk.elements if name in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    anchors = {link["href"] for link in walk.named("a")}
    assert anchors <= {f"#{name}" for name in ids}


def test_table_headers_are_scoped(walk: Walk) -> None:
    assert {header.get("scope") for header in walk.named("th")} == {"row", "col"}


def test_what_was_not_measured_says_so(walk: Walk) -> None:
    assert walk.words.count("not measured") > 4 * 5
    assert "None" not in " ".join(walk.words)
    assert not [words for words in walk.words if words.strip() == "nan"]


def test_missing_probes_and_several_seeds(bare_page: str) -> None:
    walk = Walk(bare_page)
    words = " ".join(walk.words)
    assert walk.wrong == []
    assert "Divergence was not measured." in words
    assert "Parameter change was not measured." in words
    assert "means over seeds" in words
    assert "<b>grpo" not in bare_page
    assert "<b>grpo</b>" in words


def test_write_report_puts_the_page_beside_the_summary(tmp_path: Path) -> None:
    made = example_summary(bare=True)
    made.arms = []
    write_summary(tmp_path / "summary.json", made)
    path = write_report(tmp_path)
    assert path == tmp_path / "report.html"
    walk = Walk(path.read_text(encoding="utf-8"))
    assert walk.wrong == []


def test_write_report_names_the_missing_summary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"summary\.json"):
        write_report(tmp_path)
