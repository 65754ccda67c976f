"""The accuracy probe: one graded row a response, the same whatever stands beside it."""

import polars as pl
import pytest

from metaprobe.analysis.profile import COLUMNS
from metaprobe.benchmark.freeze import baselines, build_benchmark
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.self_check import has_self_check
from metaprobe.core.vocabulary import parse_cells
from metaprobe.models.loading import load_model
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses

SAMPLING = Sampling(samples=2, max_new_tokens=64)


@pytest.fixture(scope="module")
def benchmark():
    return build_benchmark("nano", items_per_cell=4, cells=parse_cells(["mathematics/*"]))


@pytest.fixture(scope="module")
def base():
    return load_model("nano/qwen3")


@pytest.fixture(scope="module")
def table(benchmark, base):
    return measure_responses(base, benchmark.items, SAMPLING, baselines(benchmark.manifest))


def test_every_item_has_its_samples_and_every_row_what_the_analysis_reads(table, benchmark):
    assert len(table) == 2 * len(benchmark.items)
    assert set(COLUMNS) <= set(table.columns)
    assert table["item_id"].unique().len() == len(benchmark.items)


def test_verdicts_are_those_of_the_grader_on_the_stored_text(table, benchmark, base):
    items = {item.id: item for item in benchmark.items}
    for row in table.iter_rows(named=True):
        truncated = row["tokens"][-1] != base.tokenizer.eos_token_id
        graded = grade(items[row["item_id"]].answer, row["response"], truncated=truncated)
        assert row["verdict"] == graded.verdict
        assert row["self_check"] == has_self_check(row["response"])
        assert row["response"] == base.tokenizer.decode(row["tokens"], skip_special_tokens=True)


def test_some_are_right_and_some_are_not(table):
    share = (table["verdict"] == "correct").mean()
    assert 0.1 < share < 1


def test_a_part_of_the_items_gives_the_same_rows(table, benchmark, base):
    part = benchmark.items[3:7]
    alone = measure_responses(base, part, SAMPLING, baselines(benchmark.manifest))
    same = table.filter(pl.col("item_id").is_in([i.id for i in part]))
    keys = ["item_id", "sample"]
    columns = [*keys, "response", "verdict", "tokens"]
    assert alone.sort(keys).select(columns).equals(same.sort(keys).select(columns))


def test_another_seed_gives_other_responses(table, benchmark, base):
    other = measure_responses(
        base,
        benchmark.items,
        SAMPLING.model_copy(update={"seed": 1}),
        baselines(benchmark.manifest),
    )
    assert other["response"].to_list() != table["response"].to_list()
