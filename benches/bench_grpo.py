"""One GRPO step of 8 prompts x 16 rollouts x at most 64 tokens, against TRL's `GRPOTrainer`.

Both sides sample at temperature 1, take one optimiser step with the token-mean loss and have no
reference model. The reward is the parity of the response's length, so that no group lacks variance
and none is dropped: dropping them is a saving that the comparison leaves out. The learning rate
is so small that the model stays what it is. The peer runs in float32, its faster choice on CPUs;
we run as by default, and once more in float32.
"""

from typing import Any
from unittest import mock

from common import Bench, Turn, base_model, main, problems, scratch

PROMPTS, GROUP, LIMIT = 8, 16, 64
RATE = 1e-7
STEPS = 1000


def _reward(text: str) -> float:
    return float(len(text) % 2)


def _ours(base: str | None, precision: Any) -> None:
    from metaprobe.training.arms import GRPOConfig
    from metaprobe.training.grpo import train_grpo
    from metaprobe.training.session import ArmRun

    model, tokenizer = base_model(base)
    config = GRPOConfig(
        steps=STEPS,
        learning_rate=RATE,
        prompts=PROMPTS,
        group_size=GROUP,
        max_new_tokens=LIMIT,
        precision=precision,
        stages=[STEPS],
    )
    turn = Turn()

    def on_step(_: int, trained: Any) -> None:
        del trained
        turn.stop(PROMPTS * GROUP)
        turn.start()

    with (
        scratch() as folder,
        mock.patch(
            "metaprobe.training.rollouts.answer_correctness",
            lambda _, response, **__: _reward(response),
        ),
    ):
        run = ArmRun(arm="grpo", seed=0, base="base", root=folder)
        items = problems(PROMPTS * 16)
        turn.start()
        train_grpo(model, tokenizer, config, items, run, on_step=on_step)


def ours(base: str | None) -> None:
    """Our loop with its default precision."""
    _ours(base, "auto")


def ours_float32(base: str | None) -> None:
    """Our loop with products in float32."""
    _ours(base, "float32")


def peer(base: str | None) -> None:
    """TRL's trainer with a callback that waits between steps."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    from metaprobe.models.chat import prompt_text

    model, tokenizer = base_model(base)
    turn = Turn()

    class Turns(TrainerCallback):  # type: ignore[misc]
        """Measures from one step's end to the next."""

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            turn.start()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            turn.stop(PROMPTS * GROUP)
            turn.start()

    rows = [{"prompt": prompt_text(tokenizer, i.question)} for i in problems(PROMPTS * 16)]
    with scratch() as folder:
        GRPOTrainer(
            model,
            reward_funcs=lambda completions, **_: [_reward(text) for text in completions],
            args=GRPOConfig(
                str(folder),
                use_cpu=True,
                bf16=False,
                activation_checkpointing=False,
                max_steps=STEPS,
                learning_rate=RATE,
                per_device_train_batch_size=PROMPTS * GROUP,
                num_generations=GROUP,
                max_completion_length=LIMIT,
                temperature=1.0,
                beta=0.0,
                loss_type="dapo",
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
            name="grpo",
            peer="TRL GRPOTrainer",
            sides={"ours": ours, "ours, float32": ours_float32, "peer": peer},
            unit="rollouts",
            packages=("torch", "transformers", "trl", "accelerate"),
            turns=7,
        )
    )
