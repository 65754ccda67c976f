"""`metaprobe bench` and `metaprobe grade` on small input."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from metaprobe.benchmark.family import families_of
from metaprobe.benchmark.items import read_items
from metaprobe.cli import bench
from metaprobe.cli.grade import grade
from metaprobe.core.errors import ConfigError, InputError, MetaprobeError
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill, Verdict

GRADE = typer.Typer()
GRADE.command()(grade)


def call(app: typer.Typer, *arguments: object) -> str:
    """Return what the command prints; its errors rise."""
    result = CliRunner().invoke(
        app, [str(a) for a in arguments], env={"COLUMNS": "80"}, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    call(bench.app, "build", "--name", "nano", "--items-per-cell", 3, "--out", folder)
    return folder


def test_list_names_every_cell_within_80_columns():
    printed = call(bench.app, "list")
    assert all(str(cell) in printed for cell in CELLS)
    assert max(map(len, printed.splitlines())) <= 80
    listed = json.loads(call(bench.app, "list", "--json"))["families"]
    assert {(row["domain"], row["skill"]) for row in listed} == {tuple(c) for c in CELLS}


def test_show_prints_questions_golds_and_both_solutions():
    arguments = ("show", "science/simulation", "--level", 3, "--n", 5)
    printed = call(bench.app, *arguments)
    items = json.loads(call(bench.app, *arguments, "--json"))["items"]
    assert len(items) == printed.count("gold ") == printed.count("short ") == 5
    assert {item["level"] for item in items} == {3}
    assert len({item["family"] for item in items}) > 1
    assert max(map(len, printed.splitlines())) <= 80
    flat = " ".join(printed.split())
    for item in items:
        assert " ".join(item["question"].split()) in flat
        assert all(" ".join(step.split()) in flat for step in (*item["short"], *item["long"]))


def test_show_prints_markup_in_a_question_as_it_is():
    item = json.loads(call(bench.app, "show", "coding/simulation", "--n", 1, "--json"))["items"][0]
    from rich.console import Console

    from metaprobe.benchmark.items import Item

    hostile = Item.model_validate({**item, "question": "[red]a[/b] [link=x]"})
    console = Console(width=80, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(bench._item_view(hostile))
    assert "[red]a[/b] [link=x]" in captured.get()


def test_show_takes_one_family_a_split_and_says_when_there_are_no_more():
    printed = call(
        bench.app,
        *("show", "mathematics/enumeration", "--family", "divisors", "--level", 1),
        *("--split", "train", "--n", 500),
    )
    assert "No more than" in printed
    assert "divisors" in printed
    assert "primes_in_interval" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "science/simulaton"], "did you mean 'science/simulation'"),
        (["show", "science/simulation", "--family", "divisors"], "has no family 'divisors'"),
        (["show", "science/simulation", "--split", "test"], "use eval or train"),
        (["build", "--name", "nanno", "--out", "x"], "did you mean 'nano'"),
        (["stats", "arts/*"], "unknown cell"),
    ],
)
def test_bad_arguments_are_one_clear_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message) as error:
        call(bench.app, *arguments)
    assert "\n" not in str(error.value)


def test_build_writes_items_and_manifest(frozen, tmp_path):
    items = read_items(frozen / "items.jsonl")
    assert len(items) == 3 * len(CELLS)
    manifest = json.loads((frozen / "benchmark.json").read_text())
    again = json.loads(
        call(
            bench.app,
            *("build", "--name", "nano", "--items-per-cell", 3, "--out", tmp_path, "--json"),
        )
    )
    assert again == manifest
    assert (tmp_path / "items.jsonl").read_bytes() == (frozen / "items.jsonl").read_bytes()


def test_stats_reports_capacity_majority_and_chance_by_level():
    stats = json.loads(call(bench.app, "stats", "coding/fact_retrieval", "--json"))
    assert stats["n_families"] == len(stats["families"]) >= 2
    for row in stats["families"]:
        assert (row["domain"], row["skill"]) == ("coding", "fact_retrieval")
        for level in map(str, row["levels"]):
            assert row["capacity"][level] > 0
            assert 0 <= row["chance"][level] <= 1
            assert 0 < row["majority"][level] <= 1
            assert row["clean"][level] is None
    printed = call(bench.app, "stats", "coding/fact_retrieval")
    assert max(map(len, printed.splitlines())) <= 80


def test_stats_names_every_diagnostic_family_whole_with_its_clean_share():
    own = families_of(Cell(Domain.SCIENCE, Skill.DIAGNOSTIC))
    printed = call(bench.app, "stats", "science/diagnostic")
    for family in own:
        line = next(line for line in printed.splitlines() if f" {family.name} " in line)
        assert line.endswith(f"{family.clean(1):.2f}, {family.clean(5):.2f}")


def test_grading_golds_against_themselves_is_all_correct(frozen, tmp_path):
    items = read_items(frozen / "items.jsonl")
    rows = [{"id": i.id, "response": f"\\boxed{{{i.answer.render()}}}"} for i in items]
    responses = write_lines(tmp_path / "responses.jsonl", reversed(rows))
    out = tmp_path / "verdicts.jsonl"
    graded = json.loads(call(GRADE, frozen / "items.jsonl", responses, "--json", "--out", out))
    assert graded["overall"]["correct"] == len(items)
    assert graded["items_without_response"] == 0
    assert {cell: row["correct"] for cell, row in graded["cells"].items()} == {
        str(cell): 3 for cell in CELLS
    }
    verdicts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [v["id"] for v in verdicts] == [row["id"] for row in rows[::-1]]
    assert {v["verdict"] for v in verdicts} == {"correct"}


def test_verdicts_are_counted_apart_and_accuracy_is_a_mean_over_items(frozen, tmp_path):
    items = [i for i in read_items(frozen / "items.jsonl") if i.answer.kind == "integer"][:2]
    right = f"\\boxed{{{items[0].answer.render()}}}"
    rows = [
        {"id": items[0].id, "response": right},
        {"id": items[0].id, "response": "\\boxed{-987654}"},
        {"id": items[0].id, "response": "no box", "truncated": True},
        {"id": items[0].id, "response": "no box"},
        {"id": items[1].id, "response": "\\boxed{-987654}"},
        {"id": items[1].id, "response": None},
    ]
    responses = write_lines(tmp_path / "responses.jsonl", rows)
    overall = json.loads(call(GRADE, frozen / "items.jsonl", responses, "--json"))["overall"]
    expected = {"correct": 1, "wrong": 2, "truncated": 1, "unparsed": 1, "errored": 1}
    assert {str(v): overall[v] for v in Verdict} == expected
    assert overall["accuracy"] == pytest.approx((1 / 4 + 0 / 1) / 2)
    assert overall["n_items"] == 2
    assert "58 items have no response" in call(GRADE, frozen / "items.jsonl", responses)


def test_gsm8k_style_golds_grade_as_numbers_in_order_or_by_question(tmp_path):
    golds = [
        {"question": "How many?", "answer": "2 * 900 = <<2*900=1800>>1800\n#### 1,800"},
        {"question": "Who?", "answer": "#### Ada Lovelace"},
        {"question": "How much?", "answer": 0.5},
    ]
    texts = ["\\boxed{1800}", "so\n#### ada lovelace", "It is \\boxed{\\frac{1}{2}}"]
    items = write_lines(tmp_path / "gsm8k.jsonl", golds)
    ordered = write_lines(tmp_path / "ordered.jsonl", [{"response": t} for t in texts])
    rows = [{"question": g["question"], "response": t} for g, t in zip(golds, texts, strict=True)]
    named = write_lines(tmp_path / "named.jsonl", rows[::-1])
    for responses in (ordered, named):
        assert json.loads(call(GRADE, items, responses, "--json"))["overall"]["correct"] == 3


def test_free_form_golds_are_mathematics_on_request(tmp_path):
    pytest.importorskip("math_verify", reason="math-verify is not installed: metaprobe[math]")
    golds = [
        {"question": "Which?", "gold": "\\frac{\\sqrt{3}}{2}"},
        {"question": "How?", "gold": "4"},
    ]
    items = write_lines(tmp_path / "items.jsonl", golds)
    texts = ["\\boxed{\\sqrt3/2}", "\\boxed{4 \\text{ dollars}}"]
    responses = write_lines(tmp_path / "r.jsonl", [{"response": t} for t in texts])
    assert json.loads(call(GRADE, items, responses, "--json"))["overall"]["correct"] == 0
    assert json.loads(call(GRADE, items, responses, "--json", "--math"))["overall"]["correct"] == 2


def test_broken_characters_in_questions_and_responses_are_graded(tmp_path):
    items = write_lines(tmp_path / "items.jsonl", [{"question": "\ud800?", "gold": 7}])
    rows = [
        {"question": "\ud800?", "response": text} for text in ("\\boxed{7}", "\\boxed{\x00\udfff}")
    ]
    responses = write_lines(tmp_path / "r.jsonl", rows)
    out = tmp_path / "out.jsonl"
    overall = json.loads(call(GRADE, items, responses, "--json", "--out", out))["overall"]
    assert (overall["correct"], overall["unparsed"]) == (1, 1)


def test_lenient_mode_is_off_by_default(tmp_path):
    items = write_lines(tmp_path / "items.jsonl", [{"question": "How many?", "gold": 7}])
    responses = write_lines(tmp_path / "r.jsonl", [{"response": "The answer is 7."}])
    assert json.loads(call(GRADE, items, responses, "--json"))["overall"]["unparsed"] == 1
    graded = json.loads(call(GRADE, items, responses, "--json", "--lenient"))
    assert graded["overall"]["correct"] == 1


@pytest.mark.parametrize(
    ("items", "responses", "message"),
    [
        ([{"question": "?", "gold": 1}], [{"id": "x", "response": "1"}], "no item has the id 'x'"),
        ([{"question": "?", "gold": 1}], [{"response": "1"}] * 2, "2 responses for 1 items"),
        ([{"question": "?", "gold": 1}], [{"text": "1"}], "needs a text, or null"),
        ([{"question": "?", "gold": 1}], [{"response": 1}], "needs a text, or null"),
        ([{"question": "?", "gold": 1}], [], "0 responses|no response"),
        ([{"question": "?"}], [{"response": "1"}], "needs a text under one of"),
        ([], [{"response": "1"}], "no item in it"),
        (
            [{"question": "?", "gold": 1}, {"question": "?", "gold": 2}],
            [{"question": "?", "response": "1"}],
            "different golds share",
        ),
    ],
)
def test_bad_files_are_one_clear_line(items, responses, message, tmp_path):
    golds = write_lines(tmp_path / "items.jsonl", items)
    with pytest.raises(MetaprobeError, match=message) as error:
        call(GRADE, golds, write_lines(tmp_path / "responses.jsonl", responses))
    assert "\n" not in str(error.value)
    assert isinstance(error.value, InputError)


def test_help_imports_nothing_heavy():
    probe = (
        "import sys; import metaprobe.cli.bench, metaprobe.cli.grade;"
        "print([m for m in ('torch', 'polars', 'scipy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
