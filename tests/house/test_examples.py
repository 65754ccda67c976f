"""Every example runs, and prints what it is there to show."""

import subprocess
import sys
from pathlib import Path

from repository import ROOT

EXAMPLES = ROOT / "examples"


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_grade_responses_prints_verdicts_by_hand() -> None:
    done = run("grade_responses.py")
    assert done.returncode == 0, done.stderr
    verdicts = [line[10:].split()[0] for line in done.stdout.splitlines()]
    right, wrong, unparsed = "correct", "wrong", "unparsed"
    assert verdicts == [right, right, right, wrong, right, unparsed, unparsed]


def test_read_summary_names_the_cell_that_fell_and_no_other() -> None:
    done = run("read_summary.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "sft_short (seed 0): science/simulation -25 points [-38, -12], n = 25 items\n"
    )


def test_read_summary_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"schema_version": 1}', encoding="utf-8")
    done = run("read_summary.py", str(path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}: study: ")
    assert "Traceback" not in done.stderr


def test_analyse_table_finds_what_was_put_in() -> None:
    done = run("analyse_table.py")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(" ")[:3] for line in lines[:4]] == [
        ["step", step, cell]
        for step in ("100:", "400:")
        for cell in ("mathematics/calculation", "general/fact_retrieval")
    ]
    changes = [int(line.split(" ")[3]) for line in lines[:4]]
    assert changes[0] > 0 > changes[3]
    collapse = [line for line in lines if line.startswith("collapse: ")]
    assert len(collapse) == 1
    assert "general/fact_retrieval" in collapse[0]


def test_every_example_is_listed_and_tested() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    tests = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f"({path.name})" in readme
        assert f'run("{path.name}"' in tests
