"""Anchors hold what falls, by exactly as much as stated, and cost nothing where nothing falls."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import ITEMS, metrics_of, moved, toy_run

from metaprobe.core.vocabulary import Cell, Domain, Skill
from metaprobe.models.logprobs import frozen_copy
from metaprobe.models.runtime import torch
from metaprobe.training.anchors import Anchors, controlled
from metaprobe.training.arms import AnchorConfig, SFTConfig
from metaprobe.training.session import ArmRun
from metaprobe.training.sft import train_sft

TRAINED = {Cell(Domain.MATHEMATICS, Skill.CALCULATION)}
SMALL: dict[str, Any] = {
    "cells": ["general/calculation", "general/simulation"],
    "levels": [1],
    "responses": 8,
    "batch_size": 6,
    "max_new_tokens": 14,
    "probe_problems": 4,
    "probe_every": 2,
}
SKILL = Skill.CALCULATION


def anchors_of(kind: str, base: Any, tokenizer: Any, folder: Path, **settings: Any) -> Anchors:
    config = AnchorConfig.model_validate({"kind": kind, **SMALL, **settings})
    return Anchors(
        frozen_copy(base), tokenizer, config, toy_run(folder, "anchored"), trained=TRAINED
    )


def anchored(steps: int, **settings: Any) -> SFTConfig:
    return SFTConfig(
        steps=steps,
        stages=[steps],
        batch_size=4,
        teacher="base",
        precision="float32",
        learning_rate=3e-3,
        anchor=AnchorConfig.model_validate({**SMALL, **settings}) if settings else None,
    )


def trained(base: Any, tokenizer: Any, config: SFTConfig, run: ArmRun) -> Any:
    model = copy.deepcopy(base)
    train_sft(model, tokenizer, config, ITEMS, run)
    return model


@given(
    falls=st.lists(st.floats(-1, 1), min_size=1, max_size=12),
    proportional=st.floats(0.1, 10),
    integral=st.floats(0, 5),
    weight=st.floats(0.1, 3),
)
def test_the_controller_is_proportional_plus_integral_within_its_bounds(
    falls: list[float], proportional: float, integral: float, weight: float
) -> None:
    config = AnchorConfig(kind="skill", proportional=proportional, integral=integral, weight=weight)
    totals: dict[Skill, float] = {}
    summed = 0.0
    for fall in falls:
        control = controlled({SKILL: fall}, totals, config)
        totals, summed = control.totals, max(0.0, summed + fall)
        expected = min(weight, max(0.0, proportional * fall + integral * summed))
        assert control.weights[SKILL] == pytest.approx(expected)


def test_a_skill_that_never_falls_is_never_held() -> None:
    config = AnchorConfig(kind="skill")
    totals: dict[Skill, float] = {}
    for fall in (0.0, -0.2, 0.0, -0.1):
        weights, totals = controlled({SKILL: fall}, totals, config)
        assert weights == {SKILL: 0.0}


def test_a_skill_is_held_as_soon_as_it_falls_however_long_it_was_above() -> None:
    config = AnchorConfig(kind="skill", proportional=0.0, integral=1.0)
    totals: dict[Skill, float] = {}
    for _ in range(50):
        _, totals = controlled({SKILL: -0.5}, totals, config)
    assert controlled({SKILL: 0.1}, totals, config).weights[SKILL] == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["replay", "kl"])
def test_the_term_is_the_weighted_mean_of_each_skill(
    kind: str, unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    anchors = anchors_of(kind, unsure_model, tiny_tokenizer, tmp_path, batch_size=16)
    anchors.control.weights.update({Skill.CALCULATION: 0.7, Skill.SIMULATION: 0.2})
    model = moved(unsure_model, 0.05)
    expected = 0.0
    for skill, texts in anchors.texts.items():
        values = []
        for text in texts:  # a batch of 16 takes all 8 texts of both skills
            ids = torch.tensor([[*text.prompt, *text.completion]])
            at = slice(len(text.prompt) - 1, ids.shape[1] - 1)
            with torch.no_grad():
                ours, base = (m(ids).logits[0, at] for m in (model, anchors.base))
            log_ours = torch.distributions.Categorical(logits=ours)
            if kind == "kl":
                other = torch.distributions.Categorical(logits=base)
                values.append(torch.distributions.kl_divergence(other, log_ours))
            else:
                values.append(-log_ours.log_prob(torch.as_tensor(text.completion)))
        expected += anchors.control.weights[skill] * float(torch.cat(values).mean())
    term, _ = anchors.term(model, step=1)
    assert term is not None
    assert term.item() == pytest.approx(expected, rel=1e-3)


def test_only_the_texts_of_skills_that_fell_are_read(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    anchors = anchors_of("skill", unsure_model, tiny_tokenizer, tmp_path)
    anchors.spent = 0
    assert anchors.term(unsure_model, 1)[0] is None
    assert anchors.spent == 0
    anchors.control.weights[Skill.SIMULATION] = 0.5
    term, _ = anchors.term(unsure_model, 1)
    assert term is not None
    texts = anchors.texts[Skill.SIMULATION]
    longest = max(len(t.prompt) + len(t.completion) for t in texts)
    assert all(text in texts for text in anchors._drawn(1)[0])
    assert 0 < anchors.spent <= 4 * SMALL["batch_size"] * longest


def test_the_base_does_not_learn_from_its_own_anchor(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    anchors = anchors_of("kl", unsure_model, tiny_tokenizer, tmp_path)
    model = moved(unsure_model, 0.05)
    term, _ = anchors.term(model, 1)
    assert term is not None
    term.backward()
    assert all(p.grad is None for p in anchors.base.parameters())
    assert any(p.grad is not None and bool(p.grad.any()) for p in model.parameters())


def test_an_arm_whose_skills_hold_is_trained_as_without_an_anchor(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    # The toy base solves none of the probed problems, so that no skill can fall.
    plain, held = toy_run(tmp_path / "plain", "sft"), toy_run(tmp_path / "held", "sft")
    expected = trained(unsure_model, tiny_tokenizer, anchored(6), plain)
    found = trained(unsure_model, tiny_tokenizer, anchored(6, kind="skill"), held)
    for name, value in expected.state_dict().items():
        assert torch.equal(value, found.state_dict()[name]), name
    spent = [metrics_of(run)[-1]["forward_tokens"] for run in (plain, held)]
    assert spent[0] < spent[1]  # measuring is not free


@pytest.fixture
def falling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skills whose accuracy falls with the distance from the base."""

    def measure(anchors: Anchors, model: Any) -> dict[Skill, float]:
        pairs = zip(model.parameters(), anchors.base.parameters(), strict=True)
        distance = sum(float((a - b).detach().pow(2).sum()) for a, b in pairs)
        return {skill: 1 / (1 + 10 * n * distance) for n, skill in enumerate(anchors.texts)}

    monkeypatch.setattr(Anchors, "_measure", measure)


@pytest.mark.usefixtures("falling")
def test_the_weights_of_falling_skills_rise_and_survive_a_kill(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    config = anchored(9, kind="skill").model_copy(update={"stages": [4, 9]})
    whole, broken = toy_run(tmp_path / "whole", "sft"), toy_run(tmp_path / "broken", "sft")
    expected = trained(unsure_model, tiny_tokenizer, config, whole)

    def kill(step: int, _: Any) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_sft(copy.deepcopy(unsure_model), tiny_tokenizer, config, ITEMS, broken, on_step=kill)
    found = trained(unsure_model, tiny_tokenizer, config, broken)
    for name, value in expected.state_dict().items():
        assert torch.equal(value, found.state_dict()[name]), name
    rows = metrics_of(whole)
    held, steady = (f"weight_{skill}" for skill in (Skill.SIMULATION, Skill.CALCULATION))
    assert rows[0][held] == 0.0
    assert rows[-1][held] > 0.0
    assert all(row[steady] == 0.0 for row in rows)
    assert rows[-1]["forward_tokens"] == metrics_of(broken)[-1]["forward_tokens"]


@pytest.mark.usefixtures("falling")
def test_an_anchored_model_stays_nearer_to_its_base_where_it_is_anchored(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    distance = {}
    judge = anchors_of("kl", unsure_model, tiny_tokenizer, tmp_path / "judge", batch_size=16)
    for kind in ("none", "kl", "skill"):
        settings = {} if kind == "none" else {"kind": kind, "weight": 2.0, "batch_size": 16}
        run = toy_run(tmp_path / kind, "sft")
        model = trained(unsure_model, tiny_tokenizer, anchored(16, **settings), run)
        with torch.no_grad():
            term, _ = judge.term(model, 1)
        assert term is not None
        distance[kind] = term.item()
    assert distance["kl"] < 0.7 * distance["none"]
    assert distance["skill"] < distance["none"]


def test_an_anchor_without_gains_is_refused() -> None:
    with pytest.raises(ValueError, match="proportional or integral"):
        AnchorConfig(kind="skill", proportional=0.0, integral=0.0)


def test_an_anchor_of_unknown_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown cell"):
        AnchorConfig(kind="kl", cells=["history/*"])
