"""`metaprobe analyse` and `metaprobe compare` on small tables, as a user calls them."""

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import polars as pl
import pytest
from markdown_it import MarkdownIt

from metaprobe.analysis.tables import responses_path
from metaprobe.cli.main import main
from metaprobe.core.results import read_summary
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS
from metaprobe.report.markdown import code

HOSTILE = "a|b`c</details><img src=x> [x](http://e) *@team* #1 \\| \n# head \u202e"
STAMP = "2026-01-02T03-04-05.678901"


def call(*arguments):
    """Run the command line in this process: exit status, output and error output."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["metaprobe", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    return left.value.code or 0, out.getvalue(), err.getvalue()


def table(shares, stage=None, items=40, names=None):
    """Responses of models to all of mathematics, by model and share correct."""
    rows = []
    for model, share in shares.items():
        rng = numpy_rng_for("cli", model, stage)
        rows += [
            {
                "model": (names or {}).get(model, model),
                "stage": stage if model != "base" else None,
                "item": n,
                "cell": str(cell),
                "correct": bool(rng.random() < share),
            }
            for cell in CELLS[:5]
            for n in range(items)
        ]
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, share in (("before", 0.7), ("after", 0.3)):
        path = folder / f"{name}.csv"
        table({"base": 0.7, "sft": share}, stage=10).write_csv(path)
        status, _, err = call("analyse", path, "--out", folder / name)
        assert (status, err) == (0, "")
    return folder / "before", folder / "after"


def test_a_table_gives_a_study(two_runs):
    folder = two_runs[1]
    summary = read_summary(folder / "summary.json")
    (arm,) = summary.arms
    assert [row.collapsed for row in arm.steps[-1].domains] == [True]
    page = (folder / "report.html").read_text()
    assert "not measured" in page
    assert "None" not in page
    assert responses_path(folder, "sft", 0, 10).is_file()
    status, out, _ = call("report", folder)
    assert status == 0
    assert "sft" in out


def test_lm_eval_samples_give_a_study(tmp_path):
    for model, share in (("base", 0.8), ("tuned", 0.2)):
        folder = tmp_path / "logs" / model
        folder.mkdir(parents=True)
        (folder / f"results_{STAMP}.json").write_text(json.dumps({"model_name": model}))
        rng = numpy_rng_for(model)
        samples = [
            {
                "doc_id": n,
                "doc": {"question": f"{n}?"},
                "resps": [["text"]],
                "filter": "none",
                "metrics": ["acc"],
                "doc_hash": f"h{n}",
                "acc": float(rng.random() < share),
            }
            for n in range(60)
        ]
        text = "".join(json.dumps(sample) + "\n" for sample in samples)
        (folder / f"samples_gsm8k_{STAMP}.jsonl").write_text(text)
    out = tmp_path / "out"
    status, _, err = call("analyse", tmp_path / "logs", "--out", out)
    assert status == 2
    assert "--cell-map 'gsm8k=DOMAIN/SKILL'" in err
    given = ("--cell-map", "gsm8k=mathematics/calculation", "--trained", "mathematics/*")
    status, shown, err = call("analyse", tmp_path / "logs", "--out", out, *given, "--json")
    assert (status, err) == (0, "")
    summary = read_summary(out / "summary.json")
    assert json.loads(shown) == summary.model_dump(mode="json")
    (cell,) = summary.arms[0].steps[0].cells
    assert cell.delta < -0.3
    assert cell.unparsed is None
    named = [
        f"{name}={tmp_path / 'logs' / model}"
        for name, model in (("base", "tuned"), ("x:7", "base"))
    ]
    assert call("analyse", *named, "--out", out, *given)[0] == 0
    assert [s.step for s in read_summary(out / "summary.json").arms[0].steps] == [7]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--base", "nobody"], "no such model"),
        (["--trained", "maths/*"], "unknown cell 'maths/*'"),
        (["--column", "model"], "write it as NAME=VALUE"),
        (["--column", "answer=x"], "use one of model,"),
        (["--cell-map", "x=mathematics/calculation"], "nothing is called 'x'"),
    ],
)
def test_wrong_options_are_one_clear_line(tmp_path, options, words):
    path = tmp_path / "t.parquet"
    table({"base": 0.5, "sft": 0.5}).write_parquet(path)
    status, out, err = call("analyse", path, "--out", tmp_path / "out", *options)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_table_without_models_asks_whose_it_is(tmp_path):
    path = tmp_path / "t.csv"
    table({"base": 0.5}).drop("model").write_csv(path)
    status, _, err = call("analyse", path, "--out", tmp_path / "out")
    assert status == 2
    assert f"write NAME={path}" in err


def test_the_gate_leaves_with_3_and_says_why(two_runs, tmp_path):
    written = tmp_path / "summary.md"
    gate = ("--fail-on", "collapse or mathematics < -0.02", "--out", written)
    status, out, err = call("compare", *two_runs, *gate)
    assert (status, err) == (3, "")
    assert written.read_text() == out
    assert "Gate failed" in out
    assert "**true**" in out
    assert "Cells that clearly fell: mathematics/" in out
    assert out.count("\n| mathematics/") == 5
    status, out, _ = call("compare", *reversed(two_runs), "--fail-on", "collapse")
    assert status == 0
    assert "Gate passed" in out
    status, out, _ = call("compare", *two_runs, "--json")
    assert status == 0
    assert json.loads(out)["paired"] is True
    status, out, err = call(
        "compare", two_runs[0], two_runs[1] / "summary.json", "--fail-on", "x <"
    )
    assert (status, out) == (2, "")
    assert err == "metaprobe: --fail-on: column 1: unknown name 'x'\n"


def test_tables_of_the_markdown_have_equal_rows(two_runs):
    _, out, _ = call("compare", *two_runs, "--fail-on", "worst.low < -0.1 and not collapse")
    widths = []
    for block in out.split("\n\n"):
        lines = [line for line in block.split("\n") if line.startswith("|")]
        if lines:
            assert len({line.count("|") for line in lines}) == 1
            widths.append(len(lines))
    assert widths == [4, 8, 7]


def test_hostile_names_stay_names(tmp_path):
    path, folder = tmp_path / "t.parquet", tmp_path / "out"
    table({"base": 0.7, "sft": 0.2}, stage=3, names={"sft": HOSTILE}).write_parquet(path)
    assert call("analyse", path, "--out", folder, "--name", HOSTILE.replace("\n", " "))[0] == 0
    assert {p.parent for p in folder.rglob("*.parquet")} == {folder / "responses"}
    assert "<img src=x" not in (folder / "report.html").read_text()
    given = ("--arm", f"base={HOSTILE}", "--arm", HOSTILE, "--fail-on", "collapse")
    status, out, _ = call("compare", folder, folder, *given)
    assert status == 3
    for mark in ("<img", "[x]", "@team", "a|b", "\n# head", "\u202e"):
        assert mark not in out
    tokens = MarkdownIt("commonmark").enable("table").parse(out)
    inline = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in inline} <= {
        *("text", "softbreak", "html_inline", "code_inline", "text_special"),
        *("strong_open", "strong_close", "em_open", "em_close"),
    }
    assert {t.content for t in inline if t.type == "html_inline"} == {"<code>", "</code>"}
    blocks = [t.content for t in tokens if t.type == "html_block"]
    assert blocks == ["<details>\n<summary>All 5 cells</summary>\n", "</details>\n"] * 2
    shown = "".join(t.content for t in inline if t.type in ("text", "text_special"))
    assert HOSTILE.replace("\n", "").replace("\u202e", "") in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sft_short", "`sft_short`"),
        ("org/model-7B", "`org/model-7B`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("a\nb\x00", "`ab`"),
        ("", "<code></code>"),
        ("x" * 200, f"<code>{'x' * 80}&#8230;</code>"),
    ],
)
def test_a_name_is_shown_as_code(name, shown):
    assert code(name) == shown


def test_the_markdown_of_a_summary_alone_says_that_it_is_not_paired(two_runs, tmp_path):
    alone = tmp_path / "alone.json"
    alone.write_text((two_runs[0] / "summary.json").read_text())
    _, out, _ = call("compare", alone, two_runs[1])
    assert "\n> The runs are not paired by item" in out
