"""Objectives of SFT against closed forms, reference libraries and finite differences."""

import copy
import math
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, fresh_model, metrics_of, moved, toy_run

from metaprobe.models.runtime import torch
from metaprobe.training.arms import SFTConfig
from metaprobe.training.data import collate
from metaprobe.training.objectives import (
    EAFT_TOP,
    TokenTerms,
    dft,
    eaft,
    forward_kl,
    nll,
    psft,
    reverse_kl,
)
from metaprobe.training.sft import Objective, teacher_examples, train_sft

TOKENS, VOCABULARY = 6, 31


def random_logits(seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    drawn = 2 * torch.randn(TOKENS, VOCABULARY, generator=generator, dtype=torch.float64)
    return drawn.requires_grad_()


def terms_of(logits: Any, *, old: Any = None, base: Any = None) -> TokenTerms:
    targets = torch.arange(TOKENS)
    whole = logits.log_softmax(1)
    logprobs = whole.gather(1, targets[:, None])[:, 0]
    return TokenTerms(logprobs, whole, None if base is None else base.log_softmax(1), old)


def errors(logits: Any) -> Any:
    """The gradient of -log p with respect to the logits of each position."""
    return logits.detach().softmax(1) - torch.nn.functional.one_hot(
        torch.arange(TOKENS), VOCABULARY
    )


def test_dft_scales_each_error_by_the_probability_of_its_target() -> None:
    logits = random_logits()
    dft(terms_of(logits)).backward()
    share = logits.detach().softmax(1).gather(1, torch.arange(TOKENS)[:, None])
    torch.testing.assert_close(logits.grad, share * errors(logits) / TOKENS)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_eaft_lets_through_what_the_model_is_unsure_of(alpha: float) -> None:
    logits = torch.full((TOKENS, VOCABULARY), -40.0, dtype=torch.float64)
    alike = (1, 2, 5, 10, EAFT_TOP, VOCABULARY)
    for row, count in enumerate(alike):
        logits[row, :count] = 0.0
    logits.requires_grad_()
    eaft(terms_of(logits), alpha).backward()
    entropy = torch.tensor([math.log(min(count, EAFT_TOP)) for count in alike]).double()
    gate = (entropy / 3).pow(alpha)[:, None]
    torch.testing.assert_close(logits.grad, gate * errors(logits) / TOKENS, atol=1e-6, rtol=1e-5)


def test_psft_is_sft_at_the_snapshot_and_stops_above_it() -> None:
    logits = random_logits()
    terms = terms_of(logits)
    here = terms.logprobs.detach()
    (gradient,) = torch.autograd.grad(psft(terms._replace(old_logprobs=here), 0.2, 0.28), logits)
    torch.testing.assert_close(gradient, errors(logits) / TOKENS)
    risen = torch.tensor([0.0, 0.1, 0.24, 0.26, 1.0, -1.0]).double()
    after = terms_of(logits, old=here - risen)
    (gradient,) = torch.autograd.grad(psft(after, 0.2, 0.28), logits)
    ratio = risen.exp()
    passes = (ratio <= 1.28).double()
    torch.testing.assert_close(gradient, (ratio * passes)[:, None] * errors(logits) / TOKENS)


def test_the_anchors_are_the_divergences_of_the_library() -> None:
    logits, base = random_logits(0), random_logits(1).detach()
    terms = terms_of(logits, base=base)
    ours, theirs = (torch.distributions.Categorical(logits=x) for x in (logits, base))
    kl = torch.distributions.kl_divergence
    torch.testing.assert_close(
        forward_kl(terms), kl(theirs, ours).mean().float(), check_dtype=False
    )
    torch.testing.assert_close(
        reverse_kl(terms), kl(ours, theirs).mean().float(), check_dtype=False
    )
    (gradient,) = torch.autograd.grad(forward_kl(terms), logits)
    expected = (logits.detach().softmax(1) - base.softmax(1)) / TOKENS
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("anchor", [forward_kl, reverse_kl])
def test_an_anchor_is_zero_and_flat_at_the_base(anchor: Any) -> None:
    logits = random_logits()
    value = anchor(terms_of(logits, base=logits.detach().clone()))
    assert value.item() == pytest.approx(0, abs=1e-7)
    (gradient,) = torch.autograd.grad(value, logits)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-7, rtol=0)


SETTINGS: dict[str, dict[str, Any]] = {
    "nll": {},
    "dft": {"objective": "dft"},
    "eaft": {"objective": "eaft"},
    "psft": {"objective": "psft", "updates_per_snapshot": 4},
    "forward": {"kl": "forward", "kl_weight": 0.7},
    "reverse": {"kl": "reverse", "kl_weight": 0.7},
    "asft": {"objective": "dft", "kl": "forward"},
}


def config_of(name: str, **changes: Any) -> SFTConfig:
    common: dict[str, Any] = {"steps": 7, "stages": [3, 5, 7], "precision": "float32"}
    return SFTConfig(**{**common, "batch_size": 4, "teacher": "base", **SETTINGS[name], **changes})


def gradient_and_difference(objective: Objective, model: Any, batch: Any, old: Any) -> Any:
    """The largest entry of a gradient, and the central difference of the loss there."""
    loss, _ = objective(model, batch, old)
    loss.backward()
    weight = model.model.layers[0].mlp.down_proj.weight
    place = divmod(int(weight.grad.abs().argmax()), weight.shape[1])
    step, ends = 3e-3, []
    with torch.no_grad():
        for sign in (1, -2):
            weight[place] += sign * step
            ends.append(objective(model, batch, old)[0].item())
    return weight.grad[place].item(), (ends[0] - ends[1]) / (2 * step)


@pytest.mark.parametrize("name", ["nll", "psft", "forward", "reverse"])
def test_the_gradient_in_the_weights_agrees_with_finite_differences(
    name: str, unsure_model: Any, tiny_tokenizer: Any
) -> None:
    """Not for DFT and EAFT: differences of their value see the weights that have no gradient."""
    config = config_of(name)
    objective = Objective(config, unsure_model)
    batch = collate(teacher_examples(tiny_tokenizer, config, ITEMS[:4]), 0)
    snapshots = objective.snapshot(unsure_model, [batch])
    old = torch.tensor(snapshots[0]) if snapshots else None
    gradient, difference = gradient_and_difference(objective, moved(unsure_model, 0.03), batch, old)
    assert gradient == pytest.approx(difference, rel=0.03)


def test_a_base_that_moves_with_the_model_would_be_noticed(
    unsure_model: Any, tiny_tokenizer: Any
) -> None:
    config = config_of("forward", kl_weight=20.0)
    objective = Objective(config, unsure_model)
    objective.base = model = moved(unsure_model, 0.03)
    batch = collate(teacher_examples(tiny_tokenizer, config, ITEMS[:4]), 0)
    with torch.no_grad():
        frozen = Objective(config, unsure_model)(model, batch, None)[0].item()
        assert objective(model, batch, None)[0].item() < frozen
    frozen_gradient, _ = gradient_and_difference(
        Objective(config, unsure_model), moved(unsure_model, 0.03), batch, None
    )
    gradient, _ = gradient_and_difference(objective, model, batch, None)
    assert gradient != pytest.approx(frozen_gradient, rel=0.03)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_objective_learns_the_toy(name: str, tiny_tokenizer: Any, tmp_path: Path) -> None:
    model, run = fresh_model(tiny_tokenizer), toy_run(tmp_path, "sft")
    before = copy.deepcopy(model)
    config = config_of(name, steps=60, stages=[60], learning_rate=1e-2, batch_size=8)
    train_sft(model, tiny_tokenizer, config, ITEMS, run)
    batch = collate(teacher_examples(tiny_tokenizer, config, ITEMS), 0)
    plain = Objective(config_of("nll"), model)
    with torch.no_grad():
        start, end = (float(plain(m, batch, None)[0]) for m in (before, model))
    assert end < 0.8 * start


def test_an_anchored_arm_stays_nearer_to_the_base(tiny_tokenizer: Any, tmp_path: Path) -> None:
    reached = {}
    for weight in (0.01, 3.0):
        run = toy_run(tmp_path / str(weight), "sft")
        config = config_of(
            "forward", steps=40, stages=[40], learning_rate=1e-2, batch_size=8, kl_weight=weight
        )
        train_sft(fresh_model(tiny_tokenizer), tiny_tokenizer, config, ITEMS, run)
        rows = metrics_of(run)
        assert rows[0]["kl_base"] == pytest.approx(0, abs=1e-6)
        reached[weight] = rows[-1]["kl_base"]
    assert reached[3.0] < 0.5 * reached[0.01]


def test_the_likelihood_is_the_mean_over_tokens() -> None:
    logprobs = torch.tensor([-1.0, -3.0])
    assert float(nll(TokenTerms(logprobs))) == 2.0
