"""One SFT step on 32 texts of 128 tokens, against TRL's `SFTTrainer`.

The loss is on all tokens but the first, every text is full, so there is no padding to skip. The
peer runs in float32, its faster choice on CPUs; we run as by default, and once more in float32.
"""

from itertools import cycle
from typing import Any

from common import Bench, Turn, base_model, main, scratch

BATCH, WIDTH = 32, 128
RATE = 1e-6
STEPS = 1000


def _texts(vocabulary: int, count: int) -> list[list[int]]:
    import numpy as np

    ids: list[list[int]] = np.random.default_rng(0).integers(3, vocabulary, (count, WIDTH)).tolist()
    return ids


def _ours(base: str | None, precision: Any) -> None:
    from metaprobe.models.logprobs import use_float32_attention
    from metaprobe.models.runtime import matmul_precision
    from metaprobe.training.arms import SFTConfig
    from metaprobe.training.data import Example, collate
    from metaprobe.training.losses import next_token_loss
    from metaprobe.training.session import ArmRun, Session

    model, tokenizer = base_model(base)
    config = SFTConfig(steps=STEPS, learning_rate=RATE, batch_size=BATCH, stages=[STEPS])
    examples = [Example(ids[:1], ids[1:]) for ids in _texts(len(tokenizer), BATCH * 8)]
    order = cycle(examples[i : i + BATCH] for i in range(0, len(examples), BATCH))
    model.train()
    use_float32_attention(model)
    turn = Turn()
    with scratch() as folder:
        session = Session(
            model, tokenizer, config, ArmRun(arm="sft", seed=0, base="base", root=folder)
        )
        for _ in session.steps():
            turn.start()
            batch = collate(next(order), tokenizer.pad_token_id)
            with matmul_precision(precision, model.device):
                loss = next_token_loss(model, batch.input_ids, batch.labels)
            session.update(loss)
            session.finish(tokens=BATCH * WIDTH, metrics={"loss": loss.item()})
            turn.stop(BATCH * WIDTH)


def ours(base: str | None) -> None:
    """Our step with its default precision."""
    _ours(base, "auto")


def ours_float32(base: str | None) -> None:
    """Our step with products in float32."""
    _ours(base, "float32")


def peer(base: str | None) -> None:
    """TRL's trainer with a callback that waits between steps."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    model, tokenizer = base_model(base)
    turn = Turn()

    class Turns(TrainerCallback):  # type: ignore[misc]
        """Measures from one step's end to the next."""

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            turn.start()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            turn.stop(BATCH * WIDTH)
            turn.start()

    rows = [{"input_ids": ids} for ids in _texts(len(tokenizer), BATCH * 8)]
    with scratch() as folder:
        SFTTrainer(
            model,
            args=SFTConfig(
                str(folder),
                use_cpu=True,
                bf16=False,
                activation_checkpointing=False,
                max_steps=STEPS,
                learning_rate=RATE,
                per_device_train_batch_size=BATCH,
                max_length=None,
                dataset_kwargs={"skip_prepare_dataset": True},
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[Turns()],
        ).train()


if __name__ == "__main__":
    main(
        Bench(
            name="sft",
            peer="TRL SFTTrainer",
            sides={"ours": ours, "ours, float32": ours_float32, "peer": peer},
            unit="tokens",
            packages=("torch", "transformers", "trl", "accelerate"),
            warm_up=3,
            turns=15,
        )
    )
