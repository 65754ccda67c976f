import pytest
from example import HOSTILE, example_summary
from test_report_page import Walk

from metaprobe.analysis.lighter import lighter_table
from metaprobe.core.results import (
    Estimate,
    Lighter,
    LighterMethod,
    SkillMovement,
    SteeringEffect,
    Summary,
)
from metaprobe.core.vocabulary import Skill
from metaprobe.report.page import render_report
from metaprobe.report.sections.lighter import lighter
from metaprobe.report.view import build_view


def asked() -> Lighter:
    steering = SteeringEffect(
        coefficient=-0.5,
        effect=0.08,
        effect_low=-0.01,
        effect_high=0.18,
        beyond_random=0.04,
        beyond_random_low=-0.03,
        beyond_random_high=0.12,
        n_items=60,
    )
    movements = [
        SkillMovement(skill=skill, value=n / 10, low=n / 20, high=n / 5, n_items=120)
        for n, skill in enumerate(Skill)
    ]
    given = {"steering": steering, "tokens": None, "cpu_seconds": 0.25}
    methods = [
        LighterMethod(
            method="mean_difference", movements=movements, cosine=0.31, peak_mb=12.4, problem=None,
            **given,
        ),
        LighterMethod(
            method="weights", movements=None, cosine=None, peak_mb=None, problem=HOSTILE,
            **given | {"steering": None},
        ),
    ]  # fmt: skip
    return Lighter(
        module="model.layers.1",
        n_texts=600,
        lost=Skill.SIMULATION,
        change=Estimate(value=-0.37, low=-0.49, high=-0.23),
        step=2.5,
        random_cosine=0.24,
        random=[steering.model_copy(update={"beyond_random": None})],
        methods=methods,
        states_cpu_seconds=8.0,
        states_peak_mb=110.0,
        sae=None,
    )


def with_lighter() -> Summary:
    summary = example_summary()
    for arm in summary.arms:
        arm.steps[-1].lighter = asked()
    summary.lighter = lighter_table(summary.arms)
    return summary


def test_methods_stand_beside_each_other_with_intervals_and_cost() -> None:
    walk = Walk(lighter(build_view(with_lighter())))
    words = " ".join(walk.words)
    assert walk.wrong == []
    assert "Lighter than an autoencoder" in words
    assert "−37 (−49 to −23)" in words
    assert "+8 (−1 to +18)" in words
    assert "+4 (−3 to +12)" in words
    assert "random direction" in words


@pytest.mark.slow  # the whole page takes seconds
def test_the_page_leads_to_them() -> None:
    walk = Walk(render_report(with_lighter()))
    assert walk.wrong == []
    assert any(attributes.get("href") == "#lighter" for attributes in walk.named("a"))


def test_what_went_wrong_is_told_and_stays_text() -> None:
    page = lighter(build_view(with_lighter()))
    assert "weights has no answer at" in page
    assert "<script" not in page


def test_a_study_without_the_probe_has_no_such_section() -> None:
    assert lighter(build_view(example_summary())) == ""
