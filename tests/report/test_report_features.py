import pytest
from example import example_summary
from feature_example import stage_features, with_features
from test_report_page import Walk

from metaprobe.analysis.features import feature_findings
from metaprobe.core.results import Summary
from metaprobe.report.page import render_report
from metaprobe.report.sections.features import features, visible
from metaprobe.report.view import build_view


def page(summary: Summary) -> str:
    """The section, with the findings on features."""
    summary.findings += feature_findings(summary.base.profile, summary.arms)
    return features(build_view(summary))


@pytest.fixture(scope="module")
def html() -> str:
    return page(with_features(example_summary()))


def test_the_panel_shows_changes_beside_the_floor_controls_cards_and_edits(html: str) -> None:
    walk = Walk(html)
    words = " ".join(walk.words)
    assert walk.wrong == []
    assert "lost 1 of 5, gained 2 of 5" in words
    assert "2 of 25 (2 to 25 %)" in words
    assert "Every edit beside its controls" in words
    assert "−18* (−25 to −11)" in words
    assert "Feature 0, calculation: counts as a feature of it" in words
    assert "features-" in html
    assert "Shares of features that are lost, rotated and gained" in html


def test_that_no_feature_survives_is_said_in_words() -> None:
    words = " ".join(Walk(page(with_features(example_summary(), survivors=0))).words)
    assert "none survives all four controls (95 % 0 to 13 %)" in words
    assert "there is none of a skill that could be gained or lost" in words


def test_contexts_are_inert(html: str) -> None:
    walk = Walk(html)
    assert walk.wrong == []
    assert "<script>" not in html
    assert "alert(1)</mark>" in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "⟨U+202E⟩gnp.exe" in html
    assert "⟨U+0000⟩⟨U+001B⟩[31m" in html
    assert "↵" in html
    assert "&amp;amp;" in html


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u200bb\u2066c\n") == "a⟨U+200B⟩b⟨U+2066⟩c↵"
    assert visible(" é 好 ") == " é 好 "


def test_a_study_without_features_has_no_such_section() -> None:
    assert features(build_view(example_summary())) == ""


def test_the_report_leads_to_the_section() -> None:
    walk = Walk(render_report(with_features(example_summary())))
    assert any(attributes.get("href") == "#features" for attributes in walk.named("a"))


def test_only_shares_above_the_floor_are_told_as_changes() -> None:
    summary = with_features(example_summary())
    findings = {f.arm: f for f in feature_findings(summary.base.profile, summary.arms)}
    assert set(findings) == {"base", "sft_short", "sft_long", "sft_on_policy"}
    assert "no more features are lost, rotated or gained" in findings["sft_short"].text
    assert "lost 13 %, against 7 % (q < 0.001)" in findings["sft_long"].text
    assert "beyond random features and directions" in findings["sft_long"].text
    patched = "Giving the base's values to features of the skill that fell most moves no skill"
    assert patched in findings["sft_long"].text


def test_without_a_scored_feature_that_is_what_is_said() -> None:
    summary = example_summary()
    found = stage_features(0, 0, survivors=0, base=True)
    found.scores.shares.clear()
    summary.base.profile.features = found
    texts = [f.text for f in feature_findings(summary.base.profile, summary.arms)]
    assert texts == ["None of the base's scored features tells a skill from the others (q < 0.05)."]
