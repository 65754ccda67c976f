"""A foreign table becomes what a study of the same responses would be."""

import polars as pl
import pytest

from metaprobe.analysis.foreign import arrange, assign_cells, summarise_foreign
from metaprobe.analysis.profile import profile
from metaprobe.analysis.summary import Context
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Verdict

ONE, TWO = str(CELLS[0]), str(CELLS[7])
FIVE = " ".join(Verdict)


def rows(model, stage, verdicts, *, seed=None, cell=ONE, told=FIVE):
    """Rows as `read_graded` returns them, one item after another."""
    table = pl.DataFrame(
        [
            {
                "model": model,
                "stage": stage,
                "seed": seed,
                "item": str(n),
                "cell": cell,
                "verdict": verdict,
                "told": told,
            }
            for n, given in enumerate(verdicts)
            for verdict in given
        ],
        schema_overrides={"stage": pl.Int64, "seed": pl.Int64},
    )
    empty = {"self_check": pl.Boolean, "chance": pl.Float64, "majority": pl.Float64}
    return table.with_columns(pl.lit(None, dtype=kind).alias(n) for n, kind in empty.items())


def drawn(share, name, items=30):
    rng = numpy_rng_for(name)
    return [
        ["correct" if rng.random() < share else "wrong" for _ in range(3)] for _ in range(items)
    ]


def summary_of(table, base=None, mapping=None, trained=()):
    foreign = arrange(table, base, mapping or {})
    context = Context("t", None, foreign.base, None, None, list(trained), foreign.missing, 0.0, {})
    return foreign, summarise_foreign(foreign, context)


RESPONSES = pl.concat(
    [
        rows("base", None, drawn(0.6, "b")),
        rows("base", None, drawn(0.5, "b2"), cell=TWO),
        *(
            rows("sft", step, drawn(share, step), cell=cell)
            for step, share in ((100, 0.1), (20, 0.5), (3, 0.6))
            for cell in (ONE, TWO)
        ),
    ]
)


def test_rows_become_the_profile_that_a_study_gives():
    foreign, summary = summary_of(RESPONSES, trained=[ONE])
    (arm,) = summary.arms
    assert [stage.step for stage in arm.steps] == [3, 20, 100]
    assert (arm.arm, arm.kind, arm.seed) == ("sft", "external", 0)
    last = foreign.tables["sft", 0, 100]
    expected = profile(last, foreign.tables["base", 0, 0], stream="sft-0-100")
    for ours, theirs in zip(arm.steps[-1].cells, expected.cells, strict=True):
        same = {"q_value", "collapsed"}
        assert ours.model_dump(exclude=same) == theirs.model_dump(exclude=same)
        assert ours.collapsed
        assert ours.n_samples == 90
    assert summary.findings[0].text.startswith("sft holds 0 of 2 cells")
    assert summary.transfer is not None
    assert summary.base.parameters is summary.base.family is None
    assert arm.steps[0].tokens is None


def test_what_a_source_does_not_tell_has_no_count():
    table = pl.concat(
        [
            rows("base", None, [["correct", "wrong"]] * 4, told="correct wrong"),
            rows("new", 5, [["correct", "truncated"]] * 4, told="correct wrong truncated"),
        ]
    )
    _, summary = summary_of(table)
    (base,), (new,) = summary.base.profile.cells, summary.arms[0].steps[0].cells
    assert (base.wrong, base.unparsed, base.truncated, base.errored) == (4, None, None, None)
    assert (new.wrong, new.unparsed, new.truncated, new.errored) == (0, None, 4, None)
    assert base.chance is base.majority is base.self_check_rate is None
    assert summary.findings  # the caution about majority answers is left out


def test_items_of_two_tasks_in_one_cell_stay_apart():
    tables = [rows(m, None, [["correct"]] * 3, cell=c) for m in ("base", "x") for c in ("a", "b1")]
    mapping = {"a": ONE, "b*": ONE}
    foreign, summary = summary_of(pl.concat(tables), mapping=mapping)
    assert summary.base.profile.cells[0].n_items == 6
    assert set(foreign.tables["x", 0, 0]["item_id"]) == {
        f"{c}/{n}" for c in ("a", "b1") for n in "012"
    }


def test_the_exact_name_goes_before_a_pattern():
    found = assign_cells(["mmlu_law", "mmlu_math", TWO], {"mmlu_*": TWO, "mmlu_math": ONE})
    assert found == {"mmlu_law": TWO, "mmlu_math": ONE, TWO: TWO}


@pytest.mark.parametrize(
    ("names", "mapping", "words"),
    [
        (["mathematics/calculations"], {}, "; did you mean 'mathematics/calculation'?"),
        (["gsm8k"], {}, "--cell-map 'gsm8k=DOMAIN/SKILL'"),
        (["gsm8k"], {"gsm8k": "maths/calculation"}, "no cell 'maths/calculation'; did you mean"),
        ([ONE], {"gsm": TWO}, "nothing is called 'gsm'"),
    ],
)
def test_a_name_without_a_cell_is_refused(names, mapping, words):
    with pytest.raises(ConfigError) as caught:
        assign_cells(names, mapping)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("base", "expected", "arms"),
    [
        ("qwen:8b", ("qwen:8b:2"), {("qwen:8b", 10), ("qwen", 8)}),
        ("qwen:8b:10", ("qwen:8b:10"), {("qwen:8b", 2), ("qwen", 8)}),
        ("qwen:8", "qwen:8", {("qwen:8b", 2), ("qwen:8b", 10)}),
    ],
)
def test_the_base_is_a_model_or_a_stage_of_one(base, expected, arms):
    table = pl.concat(
        rows(m, s, [["correct"]] * 2) for m, s in (("qwen:8b", 10), ("qwen:8b", 2), ("qwen", 8))
    )
    foreign, summary = summary_of(table, base)
    assert foreign.base == expected
    assert {(a.arm, s.step) for a in summary.arms for s in a.steps} == arms


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (None, "which model is the base? --base base: no such model; there are a, b"),
        ("a:7", "a has no stage 7; it has 0"),
        ("c", "no such model"),
    ],
)
def test_a_missing_base_is_one_clear_line(base, words):
    table = pl.concat(rows(m, None, [["correct"]]) for m in "ab")
    with pytest.raises(ConfigError) as caught:
        arrange(table, base, {})
    assert words in str(caught.value)


def test_the_name_of_the_base_is_kept_for_it():
    table = pl.concat(rows("base", s, [["correct"]]) for s in (0, 5))
    with pytest.raises(ConfigError, match="'base' is kept for the base"):
        arrange(table, None, {})


def test_items_without_a_partner_are_told():
    table = pl.concat([rows("base", None, [["correct"]] * 5), rows("a", 1, [["wrong"]] * 3)])
    foreign = arrange(table, None, {})
    assert foreign.missing == [
        "a (seed 0, step 1): 2 items of the base are not there, and 0 are not in the base; "
        "changes are over the 3 that both have"
    ]
    other = rows("b", 1, [["wrong"]], cell=TWO)
    with pytest.raises(InputError, match="shares no item with the base"):
        arrange(pl.concat([table, other]), None, {})


def test_the_hash_is_of_the_items_and_not_of_the_answers():
    one, two = (
        arrange(pl.concat([rows("base", None, v), rows("a", 1, v)]), None, {}).content_hash
        for v in ([["correct"], ["wrong"]], [["wrong"], ["wrong"]])
    )
    assert one == two
    more = [["correct"]] * 3
    other = arrange(pl.concat([rows("base", None, more), rows("a", 1, more)]), None, {})
    assert other.content_hash != one
