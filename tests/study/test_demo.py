"""Every signature has a page and a synthetic run that shows it; the healthy run shows none."""

import subprocess
import sys
from pathlib import Path

import pytest

from metaprobe.analysis.signatures.catalogue import KNOWN
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import SignatureName, read_summary
from metaprobe.report.page import render_report
from metaprobe.study.demo import DEMOS, HEALTHY, make_demo

PAGES = Path(__file__).parents[2] / "docs" / "signatures"

WITHOUT_TORCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "safetensors"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
from metaprobe.cli.main import main
sys.argv = ["metaprobe", "demo", "entropy_collapse", "--out", sys.argv[1]]
main()
"""


def test_every_signature_has_a_demo_a_page_and_advice():
    assert set(DEMOS) == {HEALTHY, *SignatureName}
    assert set(KNOWN) == set(SignatureName)
    pages = {path.stem for path in PAGES.glob("*.md")}
    assert pages == {"README", *SignatureName}
    listed = (PAGES / "README.md").read_text(encoding="utf-8")
    for name, known in KNOWN.items():
        page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {known.title}\n")
        assert f"metaprobe demo {name}" in page
        assert f"({name}.md)" in listed
        assert known.advice


@pytest.mark.slow
@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_shows_what_it_is_named_after(name, tmp_path):
    summary = make_demo(name, tmp_path)
    found = {seen.name: seen for seen in summary.arms[0].signatures}
    if name == HEALTHY:
        assert found == {}
        assert 'id="signatures"' not in render_report(summary)
        return
    assert name in found
    assert found[name].onset_low is None or found[name].onset_low <= found[name].onset
    page = render_report(read_summary(tmp_path / "summary.json"))
    assert 'id="signatures"' in page
    assert KNOWN[SignatureName(name)].title in page
    assert KNOWN[SignatureName(name)].advice[0].split("`")[0] in page.replace("&#x27;", "'")


@pytest.mark.slow
def test_a_demo_is_the_same_twice_and_needs_no_torch(tmp_path):
    make_demo(SignatureName.ENTROPY_COLLAPSE, tmp_path / "a")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "b")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "entropy collapse: the entropy of the policy falls" in done.stdout
    log = Path("stages", "grpo", "seed-0", "metrics.jsonl")
    assert (tmp_path / "a" / log).read_bytes() == (tmp_path / "b" / log).read_bytes()
    assert (tmp_path / "b" / "report.html").is_file()


def test_an_unknown_demo_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'entropy_collapse'"):
        make_demo("entropie_collapse", tmp_path)
