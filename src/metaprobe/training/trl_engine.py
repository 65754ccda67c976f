"""SFT and GRPO arms through TRL's trainers, in this process or in those that accelerate starts.

The problems, their order, the reward, the learning rate of each step, the stages and the metrics
are those of the built-in loops; forward pass, sampling, loss and optimiser are TRL's. Left out:
weights sharded by FSDP or DeepSpeed, of which no process could write a stage.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from transformers import PrinterCallback, TrainerCallback

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.files import read_jsonl
from metaprobe.core.streams import seed_for
from metaprobe.models.chat import (
    encode_prompts,
    end_of_turn,
    has_chat_template,
    plain_prompt,
    user_message,
)
from metaprobe.models.loading import Model
from metaprobe.models.lora import Adapter
from metaprobe.stages.store import append_metrics, save_stage, truncate_metrics
from metaprobe.training.arms import ArmConfig, GRPOConfig, SFTConfig
from metaprobe.training.grpo import Group, rollout_metrics
from metaprobe.training.losses import IGNORED
from metaprobe.training.order import Order
from metaprobe.training.rewards import RewardSettings, answer_correctness, reward_for
from metaprobe.training.rollouts import Rollout
from metaprobe.training.session import (
    TRAINING_PASSES,
    ArmRun,
    OnStep,
    adapter_for,
    check_finite,
    learning_rate,
    spent_before,
    stage_info,
)
from metaprobe.training.sft import teacher_examples
from metaprobe.training.traces import Solutions
from metaprobe.training.trl_keys import trl_arguments


class Measured(NamedTuple):
    """What is known of a step when it is over."""

    tokens: int
    """Tokens in its loss."""
    forward_tokens: int
    """Its compute, in tokens that go forward through the model."""
    metrics: dict[str, float]


Measure = Callable[[int, dict[str, float]], Measured]
"""From a step and TRL's log of it to what the built-in loops record."""


def require_trl() -> None:
    """Check that TRL is installed, and take this process's own GPU where there are several.

    Raises:
        ConfigError: it is not installed.
    """
    if find_spec("trl") is None:
        raise ConfigError("engine = \"trl\" needs TRL; pip install 'metaprobe[trl]'")
    from accelerate import PartialState

    PartialState()


def train_with_trl(
    model: Model,
    tokenizer: Any,
    config: SFTConfig | GRPOConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    solutions: Solutions | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Train `model` in place with TRL, writing stages as it goes; resumes at the last of them.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        solutions: prepared traces of the items, for SFT.
        on_step: called after every optimiser step, in the main process.

    Raises:
        ConfigError: TRL or accelerate would run the arm in a way that is not supported.
        DivergedError: the loss or its gradient is not finite.
    """
    size = config.batch_size if isinstance(config, SFTConfig) else config.prompts
    order = Order(model, tokenizer, items, config, run, size=size, count=config.steps)
    chosen = [items[i] for batch in islice(order.batches(), config.steps) for i in batch]
    arm = _Arm(model, adapter_for(model, config, run), tokenizer, config, run, on_step)
    folder = run.folder / ".trl"
    done = _last_checkpoint(folder)
    arguments = trl_arguments(config, folder, seed_for(run.stream("trl")) % 2**31)
    if isinstance(config, SFTConfig):
        trainer, measure = _sft_trainer(arm, arguments, chosen, solutions)
    else:
        trainer, measure = _grpo_trainer(arm, arguments, chosen)
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        raise ConfigError(
            'engine = "trl" writes stages from whole weights; start accelerate without FSDP and '
            "DeepSpeed"
        )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StageWriter(arm, measure, begun_with=order.spent))
    if trainer.is_world_process_zero():
        run.folder.mkdir(parents=True, exist_ok=True)
        truncate_metrics(run.folder / "metrics.jsonl", _step_of(done) if done else 0)
    trainer.accelerator.wait_for_everyone()
    if done is None or _step_of(done) < config.steps:
        trainer.train(resume_from_checkpoint=str(done) if done else None)
    model.eval()


@dataclass(frozen=True)
class _Arm:
    """What is trained, and what follows each step."""

    model: Model
    adapter: Adapter | None
    tokenizer: Any
    config: ArmConfig
    run: ArmRun
    on_step: OnStep | None

    @property
    def trained(self) -> Model:
        """What TRL is given."""
        return self.adapter or self.model


class StageWriter(TrainerCallback):  # type: ignore[misc]
    """Sets the learning rate of each step, and writes its metrics and its stage."""

    def __init__(self, arm: _Arm, measure: Measure, *, begun_with: int = 0) -> None:
        """Remember the arm.

        Args:
            arm: what is trained.
            measure: tells what a step was.
            begun_with: compute before the first step, in forward tokens.
        """
        self.arm, self.measure, self.begun_with = arm, measure, begun_with
        self.stages = set(arm.config.planned_stages)
        self.tokens = self.forward_tokens = 0
        self.started = 0.0

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Go on counting where an interrupted run stopped."""
        metrics = self.arm.run.folder / "metrics.jsonl"
        rows = read_jsonl(metrics) if metrics.is_file() else []
        self.tokens = int(rows[-1]["tokens"]) if rows else 0
        before = spent_before(self.arm.run.base) + self.begun_with
        self.forward_tokens = int(rows[-1]["forward_tokens"]) if rows else before
        self.started = time.monotonic() - (float(rows[-1]["seconds"]) if rows else 0.0)

    def on_step_begin(
        self, _args: Any, state: Any, _control: Any, *, optimizer: Any, **_: Any
    ) -> None:
        """Set the learning rate of the step that begins."""
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.arm.config, state.global_step + 1)

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a log of every step, and for a checkpoint to resume from at every stage."""
        control.should_log = True
        control.should_save = state.global_step in self.stages

    def on_log(
        self, _args: Any, state: Any, _control: Any, *, logs: dict[str, float], **_: Any
    ) -> None:
        """Close a step; the log at the end of training, which is of no step, is left out."""
        if "loss" not in logs:
            return
        arm, step = self.arm, int(state.global_step)
        for what, key in (("loss", "loss"), ("norm of the gradient", "grad_norm")):
            check_finite(what, logs[key], arm.config, arm.run, step)
        tokens, forward_tokens, metrics = self.measure(step, logs)
        self.tokens += tokens
        self.forward_tokens += forward_tokens
        if not state.is_world_process_zero:
            return
        seconds = time.monotonic() - self.started
        row = {
            "step": step,
            "tokens": self.tokens,
            "forward_tokens": self.forward_tokens,
            "seconds": round(seconds, 3),
            "learning_rate": learning_rate(arm.config, step),
            "grad_norm": logs["grad_norm"],
            **metrics,
        }
        append_metrics(arm.run.folder / "metrics.jsonl", row)
        if step in self.stages:
            info = stage_info(arm.config, arm.run, row, metrics)
            save_stage(arm.run.root, arm.model, arm.tokenizer, info, adapter=arm.adapter)
        if arm.on_step:
            arm.on_step(step, arm.model)
        self.started = time.monotonic() - seconds  # neither counts as training


def _sft_trainer(
    arm: _Arm, arguments: Any, chosen: list[Item], solutions: Solutions | None
) -> tuple[Any, Measure]:
    import trl
    from datasets import Dataset

    config = arm.config
    assert isinstance(config, SFTConfig)
    examples = teacher_examples(arm.tokenizer, config, chosen, solutions=solutions)
    rows = [
        {
            "input_ids": [*e.prompt, *e.completion],
            "labels": [IGNORED] * len(e.prompt) + list(e.completion),
        }
        for e in examples
    ]
    trainer = trl.SFTTrainer(
        arm.trained,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=arm.tokenizer,
    )

    def measure(step: int, logs: dict[str, float]) -> Measured:
        batch = examples[(step - 1) * config.batch_size : step * config.batch_size]
        spent = TRAINING_PASSES * sum(e.length for e in batch)
        return Measured(sum(len(e.completion) for e in batch), spent, {"loss": logs["loss"]})

    return trainer, measure


def _grpo_trainer(arm: _Arm, arguments: Any, chosen: list[Item]) -> tuple[Any, Measure]:
    import trl
    from datasets import Dataset

    config = arm.config
    assert isinstance(config, GRPOConfig)
    prompts: list[Any] = (
        [[{"role": "user", "content": user_message(item.question)}] for item in chosen]
        if has_chat_template(arm.tokenizer)
        else [plain_prompt(item.question) for item in chosen]
    )
    rewards = _Rewards(arm, config, chosen)
    trainer = trl.GRPOTrainer(
        arm.trained,
        reward_funcs=rewards.reward,
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": prompts, "place": range(len(chosen))}),
        processing_class=arm.tokenizer,
    )
    return trainer, rewards.measure


class _Rewards:
    """Our grader as TRL's reward; remembers the rollouts of the step."""

    def __init__(self, arm: _Arm, config: GRPOConfig, chosen: list[Item]) -> None:
        self.arm, self.config, self.chosen = arm, config, chosen
        self.settings = RewardSettings(config.reward, config.step_weight)
        self.stop = end_of_turn(arm.tokenizer)
        prompts = encode_prompts(arm.tokenizer, [item.question for item in chosen])
        self.prompt_lengths = [len(prompt) for prompt in prompts]
        self.rollouts: list[Rollout] = []
        self.read = 0
        """Tokens of the step's prompts, each once a rollout, as TRL reads them."""

    def reward(self, completion_ids: list[list[int]], place: list[int], **_: object) -> list[float]:
        """Return the reward of each completion; `place` is that of its problem."""
        texts = self.arm.tokenizer.batch_decode(completion_ids, skip_special_tokens=True)
        new: list[Rollout] = []
        for ids, text, where in zip(completion_ids, texts, place, strict=True):
            truncated = len(ids) >= self.config.max_new_tokens and ids[-1] != self.stop
            item, nth = self.chosen[where], len(self.rollouts) + len(new)
            correct = answer_correctness(item, text, truncated=truncated)
            stream = self.arm.run.stream("rewards", where, nth)
            value = reward_for(self.settings, item, text, correct=correct, stream=stream)
            new.append(Rollout(list(ids), [], value, truncated, correct))
            self.read += self.prompt_lengths[where]
        self.rollouts += new
        return [rollout.reward for rollout in new]

    def measure(self, _step: int, logs: dict[str, float]) -> Measured:
        """Return what is known of the step, over the rollouts of all processes."""
        from accelerate.utils import gather_object

        rollouts, self.rollouts = gather_object(self.rollouts), []
        read, self.read = sum(gather_object([self.read])), 0
        size = self.config.group_size
        groups = [Group((), rollouts[n : n + size]) for n in range(0, len(rollouts), size)]
        tokens = sum(
            len(rollout.tokens)
            for group in groups
            for rollout in group.rollouts
            if group.has_signal and not (self.config.mask_truncated and rollout.truncated)
        )
        whole = read + sum(len(rollout.tokens) for rollout in rollouts)
        passes = 1 + TRAINING_PASSES + (self.config.kl == "k3")
        names = {"loss": "loss", "entropy": "entropy", "kl": "kl_base"}
        found = {ours: logs[theirs] for theirs, ours in names.items() if theirs in logs}
        return Measured(tokens, passes * whole, rollout_metrics(groups) | found)


def _last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=_step_of, default=None)


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("checkpoint-"))
