"""Supervised fine-tuning on a teacher's traces, in one process.

Left out: packing (texts of one batch are of similar make), gradient accumulation, LoRA.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from metaprobe.benchmark.items import Item
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.chat import encode_completion, encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import use_float32_attention
from metaprobe.models.runtime import matmul_precision
from metaprobe.training.arms import SFTConfig
from metaprobe.training.data import Example, collate
from metaprobe.training.losses import IGNORED, next_token_loss
from metaprobe.training.session import ArmRun, OnStep, Session
from metaprobe.training.traces import choose_length, solution_text, style_of


def train_sft(
    model: Model,
    tokenizer: Any,
    config: SFTConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    on_step: OnStep | None = None,
) -> None:
    """Fine-tune `model` in place on traces of `items`, writing stages as it goes.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        on_step: called after every optimiser step.
    """
    session = Session(model, tokenizer, config, run, on_step=on_step)
    examples = teacher_examples(tokenizer, config, items)
    order = shuffled_batches(len(examples), config.batch_size, run.stream("order"), session.step)
    model.train()
    use_float32_attention(model)
    for _ in session.steps():
        batch = collate([examples[i] for i in next(order)], tokenizer.pad_token_id)
        with matmul_precision(config.precision, model.device):
            loss = next_token_loss(
                model, batch.input_ids.to(model.device), batch.labels.to(model.device)
            )
        session.update(loss)
        tokens = int((batch.labels != IGNORED).sum())
        session.finish(tokens=tokens, metrics={"loss": loss.item()})
    model.eval()


def teacher_examples(tokenizer: Any, config: SFTConfig, items: Sequence[Item]) -> list[Example]:
    """Return one training example an item, worded by the configured teacher."""
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    examples = []
    for item, prompt in zip(items, prompts, strict=True):
        length = choose_length(item, config.traces, config.long_share)
        text = solution_text(item, style_of(item, config.teacher), length)
        examples.append(Example(prompt, encode_completion(tokenizer, text)))
    return examples


def shuffled_batches(count: int, size: int, stream: str, skip: int = 0) -> Iterator[list[int]]:
    """Yield index batches for ever, every index once an epoch.

    Args:
        count: number of examples.
        size: of a batch; a last one that is not full is completed from the next epoch.
        stream: name of the random stream.
        skip: batches to leave out at the start.
    """
    waiting: list[int] = []
    epoch = 0
    while True:
        while len(waiting) < size:
            waiting += numpy_rng_for(stream, epoch).permutation(count).tolist()
            epoch += 1
        batch, waiting = waiting[:size], waiting[size:]
        if skip:
            skip -= 1
            continue
        yield batch
