"""GRPO in one process (arXiv 2402.03300), with the axes that its successors changed.

On-policy by default: one update on each batch of rollouts, so there is no ratio, no clipping and
no reference model. Groups without variance have no gradient and are dropped before the forward
pass. Left out: a KL penalty, an entropy bonus, refilling of dropped groups.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import Text, completion_logprobs, use_float32_attention
from metaprobe.models.runtime import matmul_precision, torch
from metaprobe.training.advantages import ADVANTAGES, has_signal
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.losses import PolicyTerms, policy_loss
from metaprobe.training.rollouts import Rollout, RolloutSettings, roll_out
from metaprobe.training.session import ArmRun, OnStep, Session
from metaprobe.training.sft import shuffled_batches


def train_grpo(
    model: Model,
    tokenizer: Any,
    config: GRPOConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    on_step: OnStep | None = None,
) -> None:
    """Reinforce correct answers of `model` in place, writing stages as it goes.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        on_step: called after every optimiser step.
    """
    session = Session(model, tokenizer, config, run, on_step=on_step)
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    settings = RolloutSettings(config.group_size, config.temperature, config.max_new_tokens)
    order = shuffled_batches(len(items), config.prompts, run.stream("order"), session.step)
    use_float32_attention(model)
    for step in session.steps():
        chosen = next(order)
        groups = roll_out(
            model,
            tokenizer,
            [items[i] for i in chosen],
            [prompts[i] for i in chosen],
            settings,
            stream=run.stream("rollouts", step),
        )
        # A model that broke down earns 0 everywhere, which would look like a lack of signal.
        session.check_finite("log-probability", sum(r.logprobs[0] for g in groups for r in g))
        rewards = torch.tensor([[r.reward for r in group] for group in groups])  # (P, G)
        kept = has_signal(rewards)
        metrics = _rollout_metrics(groups, rewards, kept)
        tokens = 0
        if kept.any():
            advantages = ADVANTAGES[config.advantage](rewards)[kept].flatten()
            rollouts = [r for group, keep in zip(groups, kept, strict=True) if keep for r in group]
            sources = [prompts[i] for i, keep in zip(chosen, kept, strict=True) if keep]
            texts = [
                Text(p, r.tokens)
                for p, r in zip(
                    [p for p in sources for _ in range(config.group_size)], rollouts, strict=True
                )
            ]
            tokens = sum(len(t.completion) for t in texts)
            metrics |= _update(session, config, texts, rollouts, advantages)
        session.finish(tokens=tokens, metrics=metrics)
    model.eval()


def _update(
    session: Session,
    config: GRPOConfig,
    texts: list[Text],
    rollouts: list[Rollout],
    advantages: Tensor,
) -> dict[str, float]:
    model = session.model
    lengths = torch.tensor([len(t.completion) for t in texts], device=model.device)
    mask = torch.arange(int(lengths.max()), device=model.device) < lengths[:, None]  # (B, T)
    sampled = torch.cat([torch.as_tensor(r.logprobs) for r in rollouts]).to(model.device)
    on_policy = config.updates_per_rollout == 1
    # Recorded at temperature 1; at another one the policy's own value before the first update.
    old = sampled if config.temperature == 1 else None
    metrics: dict[str, float] = {}
    model.train()
    for _ in range(config.updates_per_rollout):
        with matmul_precision(config.precision, model.device):
            chosen, entropy = completion_logprobs(
                model, texts, session.tokenizer.pad_token_id, temperature=config.temperature
            )
        old = chosen.detach() if old is None else old
        terms = PolicyTerms(
            logprobs=_spread(chosen, mask),
            old_logprobs=_spread(old, mask),
            advantages=advantages.to(model.device),
            mask=mask.float(),
        )
        loss, measured = policy_loss(
            terms,
            aggregation=config.aggregation,
            clip=None if on_policy else (config.clip_low, config.clip_high),
            horizon=config.max_new_tokens,
        )
        session.update(loss)
        metrics = {"loss": loss.item(), "entropy": entropy.mean().item(), **measured}
    return metrics


def _spread(values: Tensor, mask: Tensor) -> Tensor:
    """Return values (N,) at the true places of a mask (B, T), zero elsewhere."""
    return torch.zeros(mask.shape, device=values.device).masked_scatter(mask, values)


def _rollout_metrics(
    groups: list[list[Rollout]], rewards: Tensor, kept: Tensor
) -> dict[str, float]:
    rollouts = [r for group in groups for r in group]
    return {
        "reward": rewards.mean().item(),
        "reward_std": rewards.std().item(),
        "zero_variance_share": 1 - kept.float().mean().item(),
        "mean_length": sum(len(r.tokens) for r in rollouts) / len(rollouts),
        "truncated_share": sum(r.truncated for r in rollouts) / len(rollouts),
    }
