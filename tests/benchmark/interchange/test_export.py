"""Exported tasks hold the probe's own prompts, and grade as the benchmark does."""

import ast
import importlib.util
import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from metaprobe.benchmark.freeze import read_benchmark
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.interchange.rows import grade_row
from metaprobe.cli import bench
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import CELLS
from metaprobe.models.chat import prompt_text

OF_ANY_KIND = ("\\boxed{7}", "\\boxed{seven, eight}", "\\boxed{yes}", "no box", "\\boxed{")


def call(*arguments: object) -> None:
    done = CliRunner().invoke(bench.app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A frozen benchmark and its three exports."""
    root = tmp_path_factory.mktemp("exports")
    call("build", "--name", "nano", "--items-per-cell", 2, "--out", root / "frozen")
    for to in ("lm-eval", "inspect", "datasets"):
        call("export", root / "frozen", "--to", to, "--out", root / to)
    return root


@pytest.fixture(scope="module")
def items(folder):
    return read_benchmark(folder / "frozen").items


def rows_of(path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def load(path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_chat_template_makes_the_probes_prompt_out_of_an_exported_one(
    folder, items, tiny_tokenizer
):
    exported = {row["id"]: row["prompt"] for row in rows_of(folder / "lm-eval" / "items.jsonl")}
    for item in items:
        turn = [{"role": "user", "content": exported[item.id]}]
        rendered = tiny_tokenizer.apply_chat_template(
            turn, tokenize=False, add_generation_prompt=True
        )
        assert rendered == prompt_text(tiny_tokenizer, item.question)


def test_a_plain_export_holds_the_whole_prompt_of_a_model_without_a_template(
    folder, items, tmp_path
):
    call("export", folder / "frozen", "--to", "inspect", "--out", tmp_path, "--plain")
    prompts = [row["prompt"] for row in rows_of(tmp_path / "items.jsonl")]
    assert prompts == [prompt_text(object(), item.question) for item in items]


def test_every_form_holds_every_item_once(folder, items):
    ids = sorted(item.id for item in items)
    assert sorted(r["id"] for r in rows_of(folder / "lm-eval" / "items.jsonl")) == ids
    assert sorted(r["id"] for r in rows_of(folder / "inspect" / "items.jsonl")) == ids
    files = (folder / "datasets" / "data").iterdir()
    assert sorted(i for file in files for i in pl.read_parquet(file)["id"]) == ids


@pytest.mark.parametrize("form", ["lm-eval", "datasets"])
def test_an_exported_row_grades_as_its_item(folder, items, form):
    if form == "lm-eval":
        rows = rows_of(folder / form / "items.jsonl")
    else:
        files = (folder / form / "data").iterdir()
        rows = [row for file in files for row in pl.read_parquet(file).to_dicts()]
    by_id = {row["id"]: row for row in rows}
    for item in items:
        for response in (*OF_ANY_KIND, f"\\boxed{{{item.answer.render()}}}"):
            for truncated in (False, True):
                ours = grade(item.answer, response, truncated=truncated)
                assert grade_row(by_id[item.id], response, truncated=truncated) == ours


def test_lm_eval_group_names_a_task_for_every_cell(folder):
    root = folder / "lm-eval"
    group = yaml.safe_load((root / "metaprobe.yaml").read_text())
    assert group["group"] == "metaprobe"
    assert group["task"] == [f"metaprobe_{cell.domain}_{cell.skill}" for cell in CELLS]
    for name, cell in zip(group["task"], CELLS, strict=True):
        task = yaml.safe_load((root / f"{name}.yaml").read_text())
        assert (task["task"], task["dataset_kwargs"]["cell"]) == (name, str(cell))
        assert (root / task["include"]).is_file()


def test_lm_eval_code_loads_a_cell_and_gives_one_verdict(folder, items):
    utils = load(folder / "lm-eval" / "utils.py")
    cell = str(CELLS[7])
    split = utils.load_cell(cell=cell, version="1")["test"]
    assert [row["id"] for row in split] == [i.id for i in items if str(i.cell) == cell]
    for row in split:
        for response in (*OF_ANY_KIND, f"\\boxed{{{row['gold']}}}"):
            scores = utils.process_results(row, [response])
            assert [name for name, value in scores.items() if value] == [
                grade_row(row, response).verdict
            ]


@pytest.mark.parametrize("file", ["lm-eval/utils.py", "inspect/metaprobe_task.py"])
def test_exported_code_says_clearly_that_metaprobe_is_missing(folder, file):
    tree = ast.parse((folder / file).read_text())
    guard = next(node for node in tree.body if isinstance(node, ast.Try))
    code = "import sys; sys.modules['metaprobe'] = None\n" + ast.unparse(guard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("pip install metaprobe")


def test_datasets_loads_every_configuration(folder, items, tmp_path):
    datasets = pytest.importorskip("datasets")
    source = str(folder / "datasets")
    everything = datasets.load_dataset(source, split="test", cache_dir=str(tmp_path))
    assert sorted(everything["id"]) == sorted(item.id for item in items)
    one = datasets.load_dataset(source, "coding_simulation", split="test", cache_dir=str(tmp_path))
    own = [item for item in items if str(item.cell) == "coding/simulation"]
    assert one["question"] == [item.question for item in own]
    assert [tuple(steps) for steps in one["long"]] == [item.long for item in own]


def test_bad_arguments_are_one_clear_line(folder, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'lm-eval'"):
        call("export", folder / "frozen", "--to", "lm_eval", "--out", tmp_path)
    with pytest.raises(InputError, match=r"benchmark\.json"):
        call("export", tmp_path, "--to", "inspect", "--out", tmp_path / "out")
