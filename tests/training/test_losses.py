"""Losses against closed forms and against TRL on the same batch of the same model."""

import copy
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metaprobe.models.logprobs import Text, masked_logits, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.training.arms import SFTConfig
from metaprobe.training.data import Example, collate
from metaprobe.training.losses import (
    PolicyLoss,
    PolicyTerms,
    aggregate,
    k3,
    next_token_loss,
    policy_loss,
)
from metaprobe.training.sft import Objective

HORIZON = 9
CLIP = (0.2, 0.28)
AGGREGATIONS = {"token_mean": "dapo", "sequence_mean": "grpo", "constant": "dr_grpo"}
"""Our names and TRL's."""

needs_trl = pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is missing")


def texts(count: int) -> list[Text]:
    rng = np.random.default_rng(4)
    ids = rng.integers(10, 290, (count, 30)).tolist()
    return [Text(row[: 2 + n % 5], row[10 : 11 + 3 * n % HORIZON]) for n, row in enumerate(ids)]


def terms_of(rows: int = 5, width: int = 7, *, distance: float = 0.3) -> PolicyTerms:
    """Random terms in float64, with a policy that has moved from the one that sampled."""
    generator = torch.Generator().manual_seed(0)
    old = -3 * torch.rand(rows, width, generator=generator, dtype=torch.float64)
    moved = distance * torch.randn(rows, width, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([1 + 2 * n % width for n in range(rows)])
    mask = (torch.arange(width)[None] < lengths[:, None]).double()
    advantages = torch.randn(rows, generator=generator, dtype=torch.float64)
    return PolicyTerms((old + moved).requires_grad_(), old, advantages, mask)


def test_next_token_loss_is_the_labelled_cross_entropy_of_the_model(tiny_qwen3: Any) -> None:
    batch = collate([Example(t.prompt, t.completion) for t in texts(6)], pad=0)
    with torch.inference_mode():
        loss = next_token_loss(tiny_qwen3, batch.input_ids, batch.labels)
        logits = tiny_qwen3(input_ids=batch.input_ids).logits
        expected = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), batch.labels.flatten(), ignore_index=-100
        )
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("how", AGGREGATIONS)
def test_aggregation_is_that_of_a_plain_loop(how: str) -> None:
    terms = terms_of()
    values, mask = terms.old_logprobs, terms.mask
    rows = [[v for v, m in zip(*row, strict=True) if m] for row in zip(values, mask, strict=True)]
    expected = {
        "token_mean": sum(sum(row) for row in rows) / sum(len(row) for row in rows),
        "sequence_mean": sum(sum(row) / len(row) for row in rows) / len(rows),
        "constant": sum(sum(row) for row in rows) / (len(rows) * HORIZON),
    }[how]
    torch.testing.assert_close(aggregate(values, mask, how, HORIZON), expected)
    with pytest.raises(ValueError, match="unknown aggregation"):
        aggregate(values, mask, "median", HORIZON)


@pytest.mark.parametrize("how", AGGREGATIONS)
@pytest.mark.parametrize("clip", [(0.2, 0.28), (0.05, 0.05)])
def test_gradients_agree_with_finite_differences(how: str, clip: tuple[float, float]) -> None:
    terms = terms_of()

    def value(logprobs: torch.Tensor) -> torch.Tensor:
        given = terms._replace(logprobs=logprobs)
        return policy_loss(given, PolicyLoss(HORIZON, aggregation=how, clip=clip))[0]

    assert torch.autograd.gradcheck(value, (terms.logprobs,))


@pytest.mark.parametrize("how", AGGREGATIONS)
def test_clipping_changes_nothing_where_the_policy_has_not_moved(how: str) -> None:
    losses, gradients = [], []
    for clip in (None, (0.2, 0.28)):
        terms = terms_of(distance=0)
        loss, metrics = policy_loss(terms, PolicyLoss(HORIZON, aggregation=how, clip=clip))
        loss.backward()
        losses.append(loss.detach())
        gradients.append(terms.logprobs.grad)
        assert metrics["clipped_share"] == 0
        assert metrics["kl_old"] == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close(gradients[0], gradients[1])
    assert gradients[0].abs().sum() > 0


def test_a_clipped_token_has_no_gradient_and_padding_never_has() -> None:
    terms = terms_of()
    loss, metrics = policy_loss(terms, PolicyLoss(HORIZON, clip=CLIP))
    loss.backward()
    ratio = (terms.logprobs - terms.old_logprobs).exp().detach()
    up = terms.advantages[:, None] > 0
    clipped = torch.where(up, ratio > 1.28, ratio < 0.8)
    inside = terms.mask.bool()
    assert clipped[inside].any()
    assert terms.logprobs.grad[clipped | ~inside].eq(0).all()
    assert terms.logprobs.grad[~clipped & inside].ne(0).all()
    assert metrics["clipped_share"] == pytest.approx(clipped[inside].double().mean().item())
    k3 = ratio - 1 - ratio.log()
    assert metrics["kl_old"] == pytest.approx(k3[inside].mean().item())


@pytest.fixture(scope="module")
def trl() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages, while they are imported
        import trl
        from trl import GRPOTrainer, SFTTrainer  # noqa: F401
    return trl


QUIET: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "activation_checkpointing": False,
    "report_to": [],
    "disable_tqdm": True,
}


@needs_trl
@pytest.mark.parametrize("kind", ["nll", "dft"])
def test_sft_has_the_loss_and_gradient_of_trl(
    trl: Any, tiny_qwen3: Any, tiny_tokenizer: Any, tmp_path: Path, kind: Any
) -> None:
    from datasets import Dataset

    ours, theirs = copy.deepcopy(tiny_qwen3), copy.deepcopy(tiny_qwen3)
    some = texts(6)
    trainer = trl.SFTTrainer(
        theirs,
        args=trl.SFTConfig(
            str(tmp_path),
            loss_type=kind,
            dataset_kwargs={"skip_prepare_dataset": True},
            max_length=None,
            **QUIET,
        ),
        train_dataset=Dataset.from_list([{"input_ids": [1, 2, 3]}]),
        processing_class=tiny_tokenizer,
    )
    ids, mask = pad_texts(some, pad=0)
    total = torch.tensor([len(t.prompt) + len(t.completion) for t in some])
    there = torch.arange(ids.shape[1])[None] < total[:, None]
    labels = ids.masked_fill(~mask.roll(1, 1), -100)  # theirs stand at the token, not before it
    inputs = {"input_ids": ids, "attention_mask": there.long(), "labels": labels}
    expected = trainer.compute_loss(trainer.model, inputs)
    batch = collate([Example(t.prompt, t.completion) for t in some], pad=0)
    config = SFTConfig(objective=kind, precision="float32")
    loss, _ = Objective(config, ours)(ours, batch, None)
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-4)
    assert_same_gradients(loss, ours, expected, theirs)


def assert_same_gradients(
    loss: torch.Tensor, ours: Any, expected: torch.Tensor, theirs: Any
) -> None:
    loss.backward()
    expected.backward()
    for (name, mine), (_, other) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        scale = other.grad.abs().max().item()
        assert scale > 0, name
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-4 * scale, rtol=1e-3)


@pytest.fixture(scope="module")
def grpo_trainer(
    trl: Any, tiny_qwen3: Any, tiny_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    from datasets import Dataset

    return trl.GRPOTrainer(
        copy.deepcopy(tiny_qwen3),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=trl.GRPOConfig(
            str(tmp_path_factory.mktemp("grpo")),
            per_device_train_batch_size=6,
            num_generations=3,
            max_completion_length=HORIZON,
            epsilon=0.2,
            epsilon_high=0.28,
            **QUIET,
        ),
        train_dataset=Dataset.from_list([{"prompt": "one"}, {"prompt": "two"}]),
        processing_class=tiny_tokenizer,
    )


@needs_trl
@pytest.mark.parametrize("how", AGGREGATIONS)
@pytest.mark.parametrize("on_policy", [True, False])
def test_the_policy_loss_is_that_of_trl(
    grpo_trainer: Any, tiny_qwen3: Any, how: str, on_policy: bool
) -> None:
    some, ours, terms = rolled_out(tiny_qwen3, distance=0 if on_policy else 0.3)
    clip = None if on_policy else (0.2, 0.28)
    loss, metrics = policy_loss(terms, PolicyLoss(HORIZON, aggregation=how, clip=clip))
    inputs = inputs_of(some, terms.advantages)
    if not on_policy:
        inputs["old_per_token_logps"] = terms.old_logprobs
        assert metrics["clipped_share"] > 0
    theirs = grpo_trainer.model
    theirs.eval().zero_grad()
    grpo_trainer.loss_type = AGGREGATIONS[how]
    expected = grpo_trainer.compute_loss(theirs, inputs)
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-4)
    assert_same_gradients(loss, ours, expected, theirs)


def rolled_out(model: Any, *, distance: float) -> tuple[list[Text], Any, PolicyTerms]:
    """Texts, a copy of the model, and its terms on them with gradient."""
    some, ours = texts(6), copy.deepcopy(model)
    ids, mask = pad_texts(some, pad=0)
    targets = torch.cat([torch.tensor(t.completion) for t in some])
    chosen = masked_logits(ours, ids, mask).log_softmax(1).gather(1, targets[:, None])[:, 0]
    moved = torch.randn(len(chosen), generator=torch.Generator().manual_seed(1)) * distance
    lengths = [len(t.completion) for t in some]
    terms = PolicyTerms(
        logprobs=pad(chosen, lengths),
        old_logprobs=pad(chosen.detach() + moved, lengths),
        advantages=torch.tensor([1.0, -0.5, 0.3, -1.2, 0.8, -0.4]),
        mask=pad(torch.ones(len(chosen)), lengths),
    )
    return some, ours, terms


VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cispo": ({"kind": "cispo"}, {"loss_type": "cispo", "epsilon_high": 1 + CLIP[1]}),
    "gspo": (
        {"kind": "gspo", "aggregation": "sequence_mean"},
        {"loss_type": "grpo", "importance_sampling_level": "sequence"},
    ),
    "dual": ({"dual_clip": 1.4}, {"loss_type": "dapo", "delta": 1.4}),
    "k3": ({"kl_weight": 0.3}, {"loss_type": "dapo", "beta": 0.3}),
}
"""Our settings, and those of TRL's trainer or of its arguments."""


@needs_trl
@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_the_policy_loss_are_those_of_trl(
    grpo_trainer: Any, tiny_qwen3: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, their_settings = VARIANTS[name]
    some, ours, terms = rolled_out(tiny_qwen3, distance=0.5)
    inputs = inputs_of(some, terms.advantages)
    inputs["old_per_token_logps"] = terms.old_logprobs
    if name == "k3":
        generator = torch.Generator().manual_seed(3)
        drawn = torch.randn(terms.mask.shape, generator=generator)
        reference = terms.old_logprobs + 0.4 * drawn * terms.mask
        inputs["ref_per_token_logps"] = reference
        terms = terms._replace(kl=k3(reference - terms.logprobs))
    monkeypatch.setattr(grpo_trainer.args, "use_bias_correction_kl", False)
    for setting, value in their_settings.items():
        owner = grpo_trainer.args if setting == "delta" else grpo_trainer
        monkeypatch.setattr(owner, setting, value)
    theirs = grpo_trainer.model
    theirs.eval().zero_grad()
    expected = grpo_trainer.compute_loss(theirs, inputs)
    loss, metrics = policy_loss(terms, PolicyLoss(HORIZON, clip=CLIP, **mine))
    assert metrics["clipped_share"] > 0
    torch.testing.assert_close(loss, expected, atol=1e-4, rtol=1e-4)
    assert_same_gradients(loss, ours, expected, theirs)


@pytest.mark.parametrize("how", AGGREGATIONS)
def test_gradients_of_all_kinds_agree_where_the_policy_has_not_moved(how: str) -> None:
    """At ratio 1 only the aggregation is left (GSPO's mean over a rollout is a mean of ones)."""
    gradients = []
    for kind in ("ppo", "cispo", "gspo"):
        for extra in ({}, {"clip": CLIP}, {"clip": CLIP, "dual_clip": 3.0}):
            terms = terms_of(distance=0)
            policy_loss(terms, PolicyLoss(HORIZON, kind, how, **extra))[0].backward()
            gradients.append(terms.logprobs.grad)
    assert gradients[0].abs().sum() > 0
    expected = aggregated_gradient(terms_of(distance=0), how)
    for found in gradients:
        torch.testing.assert_close(found.sum(1), expected.sum(1))
    for found in gradients[:6]:
        torch.testing.assert_close(found, expected)


def aggregated_gradient(terms: PolicyTerms, how: str) -> torch.Tensor:
    """The gradient of REINFORCE: -A by the weight that a token has."""
    lengths = terms.mask.sum(1, keepdim=True)
    rows = len(terms.mask)
    weight = {
        "token_mean": terms.mask / terms.mask.sum(),
        "sequence_mean": terms.mask / lengths / rows,
        "constant": terms.mask / (rows * HORIZON),
    }[how]
    return -terms.advantages[:, None] * weight


def test_a_flipped_advantage_flips_every_gradient() -> None:
    for kind in ("ppo", "cispo", "gspo"):
        gradients = []
        for sign in (1, -1):
            terms = terms_of(distance=0)
            flipped = terms._replace(advantages=sign * terms.advantages)
            policy_loss(flipped, PolicyLoss(HORIZON, kind))[0].backward()
            gradients.append(terms.logprobs.grad)
        torch.testing.assert_close(gradients[0], -gradients[1])


def test_corrections_scale_tokens_and_entropy_is_a_bonus() -> None:
    terms = terms_of(distance=0)
    weights = torch.rand(terms.mask.shape, generator=torch.Generator().manual_seed(5)).double()
    policy_loss(terms._replace(correction=weights), PolicyLoss(HORIZON))[0].backward()
    torch.testing.assert_close(
        terms.logprobs.grad, weights * aggregated_gradient(terms, "token_mean")
    )
    entropy = torch.ones(terms.mask.shape, dtype=torch.float64, requires_grad=True)
    plain, _ = policy_loss(terms, PolicyLoss(HORIZON))
    paid, _ = policy_loss(terms._replace(entropy=entropy), PolicyLoss(HORIZON, entropy_weight=0.5))
    assert (plain - paid).item() == pytest.approx(0.5)


def test_an_unknown_policy_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown policy loss"):
        policy_loss(terms_of(), PolicyLoss(HORIZON, kind="ppp"))


def pad(values: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(values.split(lengths)), batch_first=True)


def inputs_of(some: list[Text], advantages: torch.Tensor) -> dict[str, torch.Tensor]:
    """A batch as TRL prepares it: prompts padded on the left, completions on the right."""
    widest = max(len(t.prompt) for t in some)
    prompts = [[0] * (widest - len(t.prompt)) + list(t.prompt) for t in some]
    real = [[0] * (widest - len(t.prompt)) + [1] * len(t.prompt) for t in some]
    completions = torch.cat([torch.tensor(t.completion) for t in some])
    lengths = [len(t.completion) for t in some]
    return {
        "prompt_ids": torch.tensor(prompts),
        "prompt_mask": torch.tensor(real),
        "completion_ids": pad(completions, lengths),
        "completion_mask": pad(torch.ones_like(completions), lengths),
        "advantages": advantages,
        "num_items_in_batch": torch.tensor(float(len(completions))),
    }
