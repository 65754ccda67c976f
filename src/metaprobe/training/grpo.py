"""GRPO in one process (arXiv 2402.03300), with the axes that its successors changed.

On-policy by default: one update on each batch of rollouts, so there is no ratio, no clipping and
no reference model. Groups without variance have no gradient and are dropped before the forward
pass.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

from metaprobe.benchmark.items import Item
from metaprobe.core.repetition import TOKEN_GRAM, is_loop
from metaprobe.models.chat import encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import (
    Text,
    completion_logprobs,
    frozen_copy,
    masked_log_softmax,
    pad_texts,
    use_float32_attention,
)
from metaprobe.models.runtime import matmul_precision, torch
from metaprobe.training.advantages import ADVANTAGES, has_signal
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.losses import PolicyLoss, PolicyTerms, k3, kl_divergence, policy_loss
from metaprobe.training.order import Order
from metaprobe.training.rewards import RewardSettings
from metaprobe.training.rollouts import Rollout, RolloutSettings, roll_out, sampled_tokens
from metaprobe.training.session import TRAINING_PASSES, ArmRun, OnStep, Session


def train_grpo(
    model: Model,
    tokenizer: Any,
    config: GRPOConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    on_step: OnStep | None = None,
) -> None:
    """Reinforce what the arm rewards in `model` in place, writing stages as it goes.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        on_step: called after every optimiser step.
    """
    base = None
    if config.kl != "off" or config.rollouts_from == "base":
        base = frozen_copy(model)  # before the session resumes
    order = Order(model, tokenizer, items, config, run, size=config.prompts, count=config.steps)
    session = Session(model, tokenizer, config, run, on_step=on_step)
    if session.step == 0:
        session.spend(order.spent)
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    settings = RolloutSettings(
        config.group_size,
        config.temperature,
        config.max_new_tokens,
        RewardSettings(config.reward, config.step_weight),
    )
    drawn = session.carried or 0
    ordered = order.batches(skip=drawn)
    use_float32_attention(model)
    for step in session.steps():
        groups: list[Group] = []
        for draw in range(1 + config.refill):
            chosen, drawn = next(ordered), drawn + 1
            with session.sampling():
                sampled = roll_out(
                    base if base is not None and config.rollouts_from == "base" else model,
                    tokenizer,
                    [items[i] for i in chosen],
                    [prompts[i] for i in chosen],
                    settings,
                    stream=run.stream("rollouts", step, *([draw] if draw else [])),
                )
            session.spend(sampled_tokens([prompts[i] for i in chosen], sampled))
            groups += [Group(prompts[i], own) for i, own in zip(chosen, sampled, strict=True)]
            if sum(group.has_signal for group in groups) >= config.prompts:
                break
        session.carried = drawn
        metrics = rollout_metrics(groups)
        batch = _batch(groups, config)
        if batch is not None:
            metrics |= _update(session, config, batch, base)
        tokens = sum(len(text.completion) for text in batch.texts) if batch else 0
        session.finish(tokens=tokens, metrics=metrics)
    model.eval()


class Group(NamedTuple):
    """The rollouts of one prompt."""

    prompt: Sequence[int]
    rollouts: list[Rollout]

    @property
    def rewards(self) -> Tensor:
        """The rewards (G,)."""
        return torch.tensor([r.reward for r in self.rollouts])

    @property
    def has_signal(self) -> bool:
        """Whether the rewards differ, so that the group has any gradient."""
        return bool(has_signal(self.rewards[None])[0])


class _Rollouts(NamedTuple):
    """What one update is made on: B rollouts with N tokens in all."""

    texts: list[Text]
    sampled: Tensor
    """(N,) log-probabilities under the policy that sampled, at temperature 1."""
    advantages: Tensor
    """(B,)."""


def _batch(groups: list[Group], config: GRPOConfig) -> _Rollouts | None:
    """Return the rollouts that have a part in the loss; None where none has."""
    advantages = ADVANTAGES[config.advantage](torch.stack([g.rewards for g in groups]))  # (P, G)
    kept = [n for n, group in enumerate(groups) if group.has_signal][: config.prompts]
    rows = [
        (Text(groups[n].prompt, rollout.tokens), rollout.logprobs, advantage)
        for n in kept
        for rollout, advantage in zip(groups[n].rollouts, advantages[n], strict=True)
        if not (config.mask_truncated and rollout.truncated)
    ]
    if not rows:
        return None
    texts, logprobs, of_rows = zip(*rows, strict=True)
    sampled = torch.cat([torch.as_tensor(values) for values in logprobs])
    return _Rollouts(list(texts), sampled, torch.stack(of_rows))


def _update(
    session: Session, config: GRPOConfig, batch: _Rollouts, base: Model | None
) -> dict[str, float]:
    model, pad = session.model, session.tokenizer.pad_token_id
    lengths = torch.tensor([len(t.completion) for t in batch.texts], device=model.device)
    mask = torch.arange(int(lengths.max()), device=model.device) < lengths[:, None]  # (B, T)
    sampled = batch.sampled.to(model.device)
    how = PolicyLoss(
        horizon=config.max_new_tokens,
        kind=config.loss,
        aggregation=config.aggregation,
        clip=None if config.on_policy else (config.clip_low, config.clip_high),
        dual_clip=config.dual_clip,
        kl_weight=config.kl_weight,
        entropy_weight=config.entropy_weight,
    )
    # Recorded at temperature 1; at another one the policy's own value before the first update.
    old = sampled if config.temperature == 1 else None
    correction: Tensor | None = None
    metrics: dict[str, float] = {}
    whole = sum(len(t.prompt) + len(t.completion) for t in batch.texts)
    passes = TRAINING_PASSES + (base is not None and config.kl != "off")
    session.spend(whole, passes=config.updates_per_rollout * passes)
    model.train()
    for _ in range(config.updates_per_rollout):
        with matmul_precision(config.precision, model.device):
            measured = token_measures(model, base, batch.texts, config, pad)
        own = measured.logprobs.detach()
        old = own if old is None else old
        if config.token_correction is not None and correction is None:
            correction = (own - sampled).exp().clamp(max=config.token_correction)
            old = own
        terms = PolicyTerms(
            logprobs=_spread(measured.logprobs, mask),
            old_logprobs=_spread(old, mask),
            advantages=batch.advantages.to(model.device),
            mask=mask.float(),
            correction=None if correction is None else _spread(correction, mask),
            kl=None if measured.kl is None else _spread(measured.kl, mask),
            entropy=_spread(measured.entropy, mask) if config.entropy_weight else None,
        )
        loss, found = policy_loss(terms, how)
        session.update(loss)
        entropy = measured.entropy.detach().mean().item()
        metrics = {"loss": loss.item(), "entropy": entropy, **found}
    return metrics


class TokenMeasures(NamedTuple):
    """Of the N completion tokens of some texts, under the current policy."""

    logprobs: Tensor
    """(N,), with gradient."""
    entropy: Tensor
    """(N,) in nats; with gradient where a bonus is paid for it."""
    kl: Tensor | None
    """(N,) divergence from the base in nats, with gradient."""


def token_measures(
    model: Model, base: Model | None, texts: list[Text], config: GRPOConfig, pad: int
) -> TokenMeasures:
    """Return what the loss reads of each completion token, text by text.

    Whole distributions (N, V) are held only for an exact divergence or an entropy bonus.

    Args:
        model: the current policy.
        base: the frozen base, where a divergence from it is asked for.
        texts: prompts and completions.
        config: settings of the arm.
        pad: the padding id.
    """
    exact = config.kl == "exact"
    if not exact and not config.entropy_weight:
        logprobs, entropy = completion_logprobs(model, texts, pad, temperature=config.temperature)
    else:
        ids, mask = (part.to(model.device) for part in pad_texts(texts, pad))
        targets = torch.cat([torch.as_tensor(t.completion) for t in texts]).to(model.device)
        whole = masked_log_softmax(model, ids, mask, temperature=config.temperature)
        logprobs = whole.gather(1, targets[:, None])[:, 0]
        entropy = -(whole.exp() * whole).sum(1)
        if exact:
            assert base is not None
            with torch.no_grad():
                reference = masked_log_softmax(base, ids, mask, temperature=config.temperature)
            return TokenMeasures(logprobs, entropy, kl_divergence(whole, reference))
    if config.kl != "k3":
        return TokenMeasures(logprobs, entropy, None)
    assert base is not None
    with torch.no_grad():
        of_base, _ = completion_logprobs(base, texts, pad, temperature=config.temperature)
    return TokenMeasures(logprobs, entropy, k3(of_base - logprobs))


def _spread(values: Tensor, mask: Tensor) -> Tensor:
    """Return values (N,) at the true places of a mask (B, T), zero elsewhere."""
    return torch.zeros(mask.shape, device=values.device).masked_scatter(mask, values)


def rollout_metrics(groups: list[Group]) -> dict[str, float]:
    """Return what is measured of the rollouts of a step."""
    rollouts = [r for group in groups for r in group.rollouts]
    rewards = torch.tensor([r.reward for r in rollouts])
    return {
        "reward": rewards.mean().item(),
        "reward_std": rewards.std().item(),
        "correct_share": sum(r.correct for r in rollouts) / len(rollouts),
        "zero_variance_share": sum(not g.has_signal for g in groups) / len(groups),
        "mean_length": sum(len(r.tokens) for r in rollouts) / len(rollouts),
        "truncated_share": sum(r.truncated for r in rollouts) / len(rollouts),
        "repeated_share": sum(is_loop(r.tokens, TOKEN_GRAM) for r in rollouts) / len(rollouts),
    }
