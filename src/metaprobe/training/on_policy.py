"""On-policy SFT: maximum likelihood on the model's own correct solutions, sampled as it changes.

The arm that separates "on-policy data" from "reinforcement": same loss as SFT, same source of
data as RL (arXiv 2507.00432, 2510.18874).
"""

from collections.abc import Sequence
from typing import Any

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import use_float32_attention
from metaprobe.models.runtime import matmul_precision
from metaprobe.training.arms import OnPolicySFTConfig
from metaprobe.training.data import Example, collate
from metaprobe.training.losses import IGNORED, next_token_loss
from metaprobe.training.order import Order
from metaprobe.training.rollouts import RolloutSettings, roll_out, sampled_tokens
from metaprobe.training.session import TRAINING_PASSES, ArmRun, DivergedError, OnStep, Session


def train_on_policy(
    model: Model,
    tokenizer: Any,
    config: OnPolicySFTConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    on_step: OnStep | None = None,
) -> None:
    """Fine-tune `model` in place on its own correct solutions, writing stages as it goes.

    Every `refresh` steps problems are drawn, solved by the current model, and the first correct
    solution of each is kept until the next round.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        on_step: called after every optimiser step.
    """
    wanted, rounds = config.refresh * config.batch_size, -(-config.steps // config.refresh)
    order = Order(model, tokenizer, items, config, run, size=wanted, count=rounds)
    session = Session(model, tokenizer, config, run, on_step=on_step)
    if session.step == 0:
        session.spend(order.spent)
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    settings = RolloutSettings(config.samples, config.temperature, config.max_new_tokens)
    ordered = order.batches(skip=-(-session.step // config.refresh))
    pool = [Example(p, c) for p, c in session.carried["pool"]] if session.carried else []
    share = session.carried["share"] if session.carried else 0.0
    use_float32_attention(model)
    for step in session.steps():
        inner = (step - 1) % config.refresh
        if inner == 0:
            chosen = next(ordered)
            with session.sampling():
                rollouts = roll_out(
                    model,
                    tokenizer,
                    [items[i] for i in chosen],
                    [prompts[i] for i in chosen],
                    settings,
                    stream=run.stream("samples", step),
                )
            session.spend(sampled_tokens([prompts[i] for i in chosen], rollouts))
            correct = [next((r for r in group if r.reward == 1), None) for group in rollouts]
            pool = [
                Example(prompts[i], r.tokens) for i, r in zip(chosen, correct, strict=True) if r
            ]
            share = sum(r.reward for group in rollouts for r in group) / (wanted * config.samples)
            if not pool:
                raise DivergedError(
                    f"arm {run.arm!r}: no correct solution among {wanted * config.samples} samples "
                    f"at step {step}; the problems are too hard for this model"
                )
        batch_rows = [pool[(inner * config.batch_size + n) % len(pool)] for n in _rows(config)]
        batch = collate(batch_rows, tokenizer.pad_token_id)
        model.train()
        with matmul_precision(config.precision, model.device):
            loss = next_token_loss(
                model, batch.input_ids.to(model.device), batch.labels.to(model.device)
            )
        session.update(loss)
        session.spend(sum(row.length for row in batch_rows), passes=TRAINING_PASSES)
        session.carried = {"pool": pool, "share": share}
        tokens = int((batch.labels != IGNORED).sum())
        session.finish(tokens=tokens, metrics={"loss": loss.item(), "reward": share})
    model.eval()


def _rows(config: OnPolicySFTConfig) -> range:
    return range(config.batch_size)
