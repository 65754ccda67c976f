"""Rates by item, skill and token from responses whose counts are known."""

import polars as pl
import pytest

from metaprobe.core.results import Behaviour
from metaprobe.probes.behaviours import behaviour_spans, measure_behaviours

RESPONSES = pl.DataFrame(
    {
        "item_id": ["a", "a", "b", "c"],
        "skill": ["calculation", "calculation", "calculation", "simulation"],
        "sample": [0, 1, 0, 0],
        "response": ["1 + 1 = 2. 2 + 2 = 4.", "none", "1 + 1 = 2", "Wait. Hold on."],
        "tokens": [[1] * 20, [1] * 5, [1] * 15, [1] * 10],
    }
)


def test_rates_are_counts_over_responses_and_tokens() -> None:
    result = measure_behaviours(RESPONSES)
    rows = {row.behaviour: row for row in result.all}
    assert set(rows) == set(Behaviour)
    row = rows[Behaviour.ARITHMETIC]
    assert (row.n_items, row.n_responses, row.n_tokens) == (3, 4, 50)
    assert row.per_response == pytest.approx(3 / 4)
    assert row.per_100_tokens == pytest.approx(100 * 3 / 50)
    assert row.share == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert row.per_response_low < 3 / 4 < row.per_response_high
    assert row.delta is row.delta_low is None
    assert rows[Behaviour.RECALL].per_response == 0 < rows[Behaviour.RECALL].per_response_high
    by_skill = {(row.skill, row.behaviour): row.per_response for row in result.skills}
    assert len(by_skill) == 2 * len(Behaviour)
    assert by_skill["calculation", Behaviour.ARITHMETIC] == 1
    assert by_skill["simulation", Behaviour.BACKTRACKING] == 2


def test_a_stage_beside_itself_has_not_changed_and_one_beside_another_has() -> None:
    for row in measure_behaviours(RESPONSES, RESPONSES).all:
        assert row.delta == 0
        assert row.delta_low is row.delta_high is None
    silent = RESPONSES.with_columns(response=pl.lit(""))
    changed = {row.behaviour: row for row in measure_behaviours(RESPONSES, silent).all}
    assert changed[Behaviour.ARITHMETIC].delta == pytest.approx((1 + 1 + 0) / 3)
    assert changed[Behaviour.BACKTRACKING].delta == pytest.approx(2 / 3)


def test_items_that_the_base_lacks_are_not_paired() -> None:
    base = RESPONSES.filter(pl.col("item_id") != "c")
    row = next(r for r in measure_behaviours(RESPONSES, base).all if r.behaviour == "backtracking")
    assert row.delta == 0


def test_spans_cut_the_text_that_was_found() -> None:
    texts = {(r["item_id"], r["sample"]): r["response"] for r in RESPONSES.to_dicts()}
    cut = [
        texts[r["item_id"], r["sample"]][r["start"] : r["end"]]
        for r in behaviour_spans(RESPONSES).to_dicts()
    ]
    assert cut == ["1 + 1 = 2", "2 + 2 = 4", "1 + 1 = 2", "Wait", "Hold on"]


def test_no_response_gives_no_row() -> None:
    result = measure_behaviours(RESPONSES.clear())
    assert result.all == result.skills == []
