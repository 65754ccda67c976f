from example import example_summary
from test_report_page import Walk

from metaprobe.core.results import CellLikelihood, Likelihood, LikelihoodRow
from metaprobe.core.vocabulary import CELLS
from metaprobe.report.page import render_report


def ranking(accuracy: float, delta: float | None) -> Likelihood:
    """A ranking of twelve items, the same in every cell but the last, which has none."""
    row = {
        "n_items": 12,
        "left_out": 3,
        "accuracy": accuracy,
        "accuracy_low": accuracy - 0.11,
        "accuracy_high": accuracy + 0.11,
        "unnormalised": 0.31,
        "unnormalised_low": 0.2,
        "unnormalised_high": 0.4,
        "chance": 0.26,
        "margin": -0.05,
        "margin_low": -0.1,
        "margin_high": 0.0,
    }
    if delta is not None:
        row |= {"delta": delta, "delta_low": delta - 0.07, "delta_high": delta + 0.07}
    cells = [CellLikelihood(domain=c.domain, skill=c.skill, **row) for c in CELLS[:-1]]
    return Likelihood(all=LikelihoodRow(**row), cells=cells)


def test_the_ranking_stands_beside_what_was_generated() -> None:
    summary = example_summary(seeds=(0, 1))
    summary.base.profile.likelihood = ranking(0.53, None)
    for number, arm in enumerate(summary.arms):
        arm.steps[-1].likelihood = ranking(0.47, -0.06 if number % 2 else -0.04)
    walk = Walk(render_report(summary))
    words = " ".join(walk.words)
    assert walk.wrong == []
    assert "What is preferred, beside what is written" in words
    assert walk.words.count("42 to 64") == len(CELLS)
    assert words.count("−5 (−12 to +2)") == len(CELLS) * len({a.arm for a in summary.arms})
    assert any(attributes.get("href") == "#likelihood" for attributes in walk.named("a"))


def test_a_study_without_the_probe_has_no_such_section() -> None:
    page = render_report(example_summary())
    assert 'id="likelihood"' not in page
