import pytest
from example import example_summary, unmeasured

from metaprobe.core.vocabulary import Cell, Domain, Skill
from metaprobe.report.markup import duration, interval, percent, points, tag, text
from metaprobe.report.view import build_view

CELL = Cell(Domain.MATHEMATICS, Skill.CALCULATION)


def test_seeds_are_pooled_to_their_mean_and_kept() -> None:
    summary = example_summary(seeds=(0, 1, 2))
    pooled = build_view(summary).arms[0].stages[-1].cells[CELL]
    rows = [arm.steps[-1].cells[0] for arm in summary.arms if arm.arm == "sft_short"]
    deltas = [row.delta for row in rows if row.delta is not None]
    assert pooled.seed_deltas == tuple(deltas)
    assert pooled.delta == pytest.approx(sum(deltas) / 3)
    assert pooled.n_samples == sum(row.n_samples for row in rows)
    assert pooled.n_items == rows[0].n_items


def test_a_pooled_change_is_marked_only_if_every_seed_shows_it() -> None:
    summary = example_summary(seeds=(0, 1))
    rows = [arm.steps[-1].cells[0] for arm in summary.arms if arm.arm == "sft_short"]
    rows[0].q_value, rows[1].q_value = 0.001, 0.001
    rows[0].delta, rows[1].delta = 0.2, 0.1
    assert build_view(summary).arms[0].stages[-1].cells[CELL].marked
    rows[1].delta = -0.1
    assert not build_view(summary).arms[0].stages[-1].cells[CELL].marked
    rows[1].delta, rows[1].q_value = 0.1, 0.2
    assert not build_view(summary).arms[0].stages[-1].cells[CELL].marked


def test_a_seed_without_a_value_does_not_count_as_zero() -> None:
    summary = example_summary(seeds=(0, 1))
    first, second = (arm.steps[-1].cells[0] for arm in summary.arms if arm.arm == "sft_short")
    unmeasured(second)
    assert build_view(summary).arms[0].stages[-1].cells[CELL].delta == first.delta
    unmeasured(first)
    pooled = build_view(summary).arms[0].stages[-1].cells[CELL]
    assert pooled.delta is None
    assert not pooled.marked


def test_numbers_read_as_a_person_writes_them() -> None:
    assert points(-0.123) == "−12"
    assert points(0.0004) == points(-0.0004) == "0"
    assert points(0.04, 1) == "+4.0"
    assert percent(None) == points(None) == "not measured"
    assert interval(-0.1, 0.2, signed=True) == "−10 to +20"
    assert interval(None, 0.2) == ""
    assert duration(742.0) == "12 min"


def test_text_and_attributes_are_escaped() -> None:
    assert tag("p", text("<a>"), title='"x"') == '<p title="&quot;x&quot;">&lt;a&gt;</p>'
