import pytest

from metaprobe.analysis.findings import findings, rank_arms
from metaprobe.analysis.wording import label
from metaprobe.core.results import (
    ArmResult,
    BaseInfo,
    CellDivergence,
    CellResult,
    Divergence,
    DivergenceSummary,
    DomainResult,
    Evidence,
    Signature,
    SignatureName,
    StageResult,
)
from metaprobe.core.vocabulary import CELLS, Domain

TRAINED = [str(cell) for cell in CELLS[:5]]
COUNTS = dict.fromkeys(("correct", "wrong", "unparsed", "truncated", "errored"), 0)
BASE = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "chance": 0.0, "majority": 0.1}
COMMON = {**COUNTS, **BASE, "n_items": 25, "n_samples": 100, "self_check_rate": 0.0}
SIMULATION = "coding/simulation"


def change(delta, q):
    return {
        "delta": delta,
        "delta_low": delta - 0.06,
        "delta_high": delta + 0.06,
        "p_value": q / 10,
        "q_value": q,
        "mde": 0.14,
    }


def stage(step, moved=None, *, gain=0.12, gain_q=0.001, moved_kl=None):
    """A stage in which the cells in `moved` changed at q = 0.01 and no other cell did."""
    cells = [
        CellResult(
            domain=cell.domain,
            skill=cell.skill,
            **COMMON,
            **(change(moved[str(cell)], 0.01) if str(cell) in (moved or {}) else change(0.0, 0.9)),
        )
        for cell in CELLS
    ]
    domains = [
        DomainResult(domain=d, **COMMON, **change(gain, gain_q if d == "mathematics" else 0.9))
        for d in Domain
    ]
    return StageResult(
        step=step,
        seconds=1,
        tokens=1,
        cells=cells,
        skills=[],
        domains=domains,
        divergence=divergence(moved_kl) if moved_kl else None,
    )


def divergence(kl):
    numbers = dict.fromkeys(
        ("kl_reverse", "js", "top1_agreement", "rank_shift", "entropy", "entropy_base"), 0.1
    )
    numbers |= {"high_js_share": 0.0, "n_texts": 9, "n_positions": 99}
    summary = DivergenceSummary(kl_forward=0.1, **numbers)
    per_cell = [
        CellDivergence(
            domain=c.domain, skill=c.skill, text="base", kl_forward=kl.get(str(c), 0.01), **numbers
        )
        for c in CELLS
    ]
    return Divergence(base_text=summary, own_text=summary, per_cell=per_cell)


def arm(*steps, name="grpo", kind="grpo", seed=0, signatures=()):
    return ArmResult(arm=name, kind=kind, seed=seed, steps=list(steps), signatures=list(signatures))


def seen(name, onsets):
    """A signature that names the cells in `onsets` with their steps."""
    evidence = [
        Evidence(subject=cell, before=0.5, after=0.3, n=25, p_value=0.001, onset=step, curve=[])
        for cell, step in onsets.items()
    ]
    return Signature(
        name=name,
        text="",
        onset=min(onsets.values()),
        onset_low=None,
        onset_high=None,
        evidence=evidence,
        advice=[],
    )


def base(**updates):
    """A base whose cells in `updates`' indices differ from `BASE`."""
    cells = [
        CellResult(domain=c.domain, skill=c.skill, **{**COMMON, **updates.get(f"cell{i}", {})})
        for i, c in enumerate(CELLS)
    ]
    profile = StageResult(step=0, seconds=0, tokens=0, cells=cells, skills=[], domains=[])
    return BaseInfo(name="nano", parameters=1, family="qwen3", profile=profile)


def texts(arms, kind, trained=TRAINED, of=None):
    return [f.text for f in findings(of or base(), arms, trained) if f.kind == kind]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("sft_short", "sft", "SFT on short traces"),
        ("sft_on_policy", "sft", "SFT on its own traces"),
        ("grpo", "grpo", "GRPO"),
        ("sft", "sft", "SFT"),
        ("my-run", "sft", "my-run"),
    ],
)
def test_labels_are_readable(name, kind, expected):
    assert label(name, kind) == expected


def test_headline_names_what_holds_gains_and_falls():
    assert texts([arm(stage(60, {SIMULATION: -0.09}))], "headline") == [
        "GRPO holds 19 of 20 cells and gains 12 points on mathematics; "
        "one cell falls: coding/simulation by 9 points (95 % 3 to 15)."
    ]


def test_several_falls_name_the_worst():
    moved = {SIMULATION: -0.09, "science/calculation": -0.3}
    (text,) = texts([arm(stage(60, moved))], "headline")
    assert text.endswith(
        "two cells fall, most of all science/calculation by 30 points (95 % 24 to 36)."
    )


def test_nothing_seen_names_what_could_be_seen():
    assert texts([arm(stage(60, gain=0.03, gain_q=0.4))], "headline") == [
        "GRPO holds 20 of 20 cells and shows no clear change on mathematics (3, 95 % −3 to 9); "
        "no cell moved by more than this study can see, about 14 points with 25 items a cell; "
        "10 points would take about 49."
    ]


def test_an_interval_without_zero_that_is_not_clear_names_its_q_value():
    (text,) = texts([arm(stage(60, gain=-0.08, gain_q=0.07))], "headline")
    assert "mathematics (−8, 95 % −14 to −2, but q = 0.07 over all comparisons);" in text


def test_a_gain_without_a_fall_is_not_called_nothing():
    found = findings(base(), [arm(stage(60, {"mathematics/calculation": 0.2}))], TRAINED)
    assert [f.kind for f in found] == ["headline", "gain"]
    assert found[0].text.endswith("no cell clearly falls.")
    assert "mathematics/calculation by 20 points (95 % 14 to 26)" in found[1].text
    assert found[1].text.endswith("It was trained on.")


def test_a_lost_domain_is_told():
    (text,) = texts([arm(stage(60, gain=-0.2))], "headline")
    assert "loses 20 points on mathematics" in text


def test_untrained_study_speaks_of_cells_only():
    (text,) = texts([arm(stage(60, {SIMULATION: -0.09}))], "headline", trained=[])
    assert text.startswith("GRPO holds 19 of 20 cells; one cell falls")


def test_collapse_names_the_step_at_which_it_began():
    down = {SIMULATION: -0.2}
    stages = [stage(3), stage(12, down), stage(60, down)]
    run = arm(*stages, signatures=[seen(SignatureName.COLLAPSE, {SIMULATION: 12})])
    (found,) = [f for f in findings(base(), [run], TRAINED) if f.kind == "collapse"]
    assert found.text == (
        "GRPO loses one cell: coding/simulation by 20 points (95 % 14 to 26), from step 12. "
        "It began at step 12."
    )
    assert found.evidence["cells"][0]["steps"] == [12]
    assert not texts([run], "dip")


def test_collapse_at_the_first_stage_may_be_older():
    down = {SIMULATION: -0.2, "general/diagnostic": -0.3}
    collapse = seen(SignatureName.COLLAPSE, dict.fromkeys(down, 12))
    (text,) = texts([arm(stage(12, down), stage(60, down), signatures=[collapse])], "collapse")
    assert text.endswith("The first was there at the first stage measured, step 12.")


def test_dip_is_told_at_its_lowest():
    stages = [stage(3, {SIMULATION: -0.1}), stage(12, {SIMULATION: -0.2}), stage(60)]
    run = arm(*stages, signatures=[seen(SignatureName.DIP_AND_RECOVERY, {SIMULATION: 12})])
    (text,) = texts([run], "dip")
    assert "recovers: coding/simulation by 20 points (95 % 14 to 26), lowest at step 12" in text
    assert not texts([run], "collapse")


def test_a_dip_without_a_clear_recovery_is_not_told():
    stages = [stage(3), stage(12, {SIMULATION: -0.2}), stage(60)]
    assert not texts([arm(*stages)], "dip")


def test_seeds_give_a_range():
    runs = [
        arm(stage(60, {SIMULATION: -0.09}, gain=0.1), seed=0),
        arm(stage(60, {SIMULATION: -0.05}, gain=0.14), seed=1),
        arm(stage(60, gain=0.12), seed=2),
    ]
    assert texts(runs, "headline") == [
        "GRPO holds 19 to 20 of 20 cells and gains 10 to 14 points on mathematics "
        "(over three seeds); one cell falls: coding/simulation by 5 to 9 points "
        "in two of three seeds."
    ]


def test_seeds_that_disagree_are_not_called_a_gain():
    runs = [arm(stage(60, gain=0.1)), arm(stage(60, gain=-0.02, gain_q=0.6), seed=1)]
    (text,) = texts(runs, "headline")
    assert "moves by −2 to 10 points on mathematics, not clearly in every seed" in text


@pytest.mark.parametrize(
    ("top", "words"),
    [
        (SIMULATION, "the cell that also lost most"),
        ("general/diagnostic", "the cell that lost most, coding/simulation, was number 2 of 20"),
    ],
)
def test_largest_divergence_is_set_beside_the_largest_loss(top, words):
    kl = {SIMULATION: 0.3} | {top: 0.42}
    (text,) = texts([arm(stage(60, {SIMULATION: -0.2}, moved_kl=kl))], "divergence")
    assert f"furthest from the base on {top} (0.42 nats a token)" in text
    assert words in text


def test_caution_needs_a_weak_or_a_perfect_base():
    runs = [arm(stage(60))]
    assert not texts(runs, "caution")
    (text,) = texts(runs, "caution", of=base(cell2={"majority": 0.45}))
    assert text.startswith("On one cell the base is not clearly better")
    assert str(CELLS[2]) in text
    perfect = {f"cell{i}": {"accuracy": 0.99, "low": 0.97} for i in range(5)}
    (text,) = texts(runs, "caution", of=base(**perfect))
    assert text.startswith("On five cells the base is already above 95 %")
    perfect.pop("cell0")
    assert not texts(runs, "caution", of=base(**perfect))


def test_ranking_names_the_arm_that_kept_most():
    runs = [
        arm(stage(60, {SIMULATION: -0.1}, gain=0.15), name="sft_short", kind="sft"),
        arm(stage(60)),
    ]
    found = rank_arms(runs, TRAINED)
    assert found is not None
    assert (found.kind, found.arm) == ("ranking", "grpo")
    assert found.text == (
        "GRPO kept the most, 20 of 20 cells; it gained 12 points on mathematics; "
        "SFT on short traces kept 19 of 20 cells and gained 15 points on mathematics."
    )


def test_equal_arms_tie():
    runs = [arm(stage(60)), arm(stage(60, gain=0.02, gain_q=0.5), name="sft_short", kind="sft")]
    found = rank_arms(runs, TRAINED)
    assert found is not None
    assert found.kind == "tie"
    assert found.evidence["best"] == ["grpo", "sft_short"]
    assert found.text == (
        "GRPO and SFT on short traces tie, each with 20 of 20 cells kept; "
        "GRPO gained 12 points on mathematics; "
        "SFT on short traces gained 2 points on mathematics (not clearly)."
    )


def test_one_arm_has_no_ranking_and_no_stage_no_finding():
    assert rank_arms([arm(stage(60)), arm(stage(60), seed=1)], TRAINED) is None
    assert findings(base(), [arm()], TRAINED) == []
