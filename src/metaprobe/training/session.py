"""What every training loop shares: optimiser, learning rate, metrics, stages and resuming.

A loop reads

    for step in session.steps():
        loss = ...
        session.update(loss)
        session.finish(tokens=..., metrics=...)

and everything random in it comes from streams named by the step, so an interrupted run that goes
on from its last stage ends with the same weights as an uninterrupted one.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from metaprobe.core.errors import InputError, MetaprobeError
from metaprobe.core.files import atomic_path
from metaprobe.models.loading import Model
from metaprobe.models.lora import Adapter, attach_lora
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import NotFiniteError
from metaprobe.stages.store import (
    StageInfo,
    append_metrics,
    arm_folder,
    read_stage,
    save_stage,
    truncate_metrics,
)
from metaprobe.training.arms import ArmConfig

OnStep = Callable[[int, Model], None]
"""Called after every optimiser step with the step and the model."""

TRAINING_PASSES = 3
"""Cost of a token in training, in forward passes: a backward pass costs about two."""

FINAL_RATE = 0.1
"""Share of the peak learning rate that the cosine schedule ends at."""


class DivergedError(MetaprobeError, ArithmeticError):
    """The loss of an arm is not a finite number any more."""


@dataclass(frozen=True, kw_only=True)
class ArmRun:
    """Which arm is trained, and where its stages go."""

    arm: str
    seed: int
    base: str
    """Name of the model that training begins from."""
    root: Path
    """Folder of all stages."""

    @property
    def folder(self) -> Path:
        """Folder of this arm and seed."""
        return arm_folder(self.root, self.arm, self.seed)

    def stream(self, *parts: object) -> str:
        """Return the name of a random stream of this arm and seed."""
        return "/".join(str(p) for p in ("train", self.arm, self.seed, *parts))


class Session:
    """The state of one arm's training; opening it resumes what is there."""

    def __init__(
        self,
        model: Model,
        tokenizer: Any,
        config: ArmConfig,
        run: ArmRun,
        *,
        on_step: OnStep | None = None,
    ) -> None:
        self.model, self.tokenizer, self.config, self.run = model, tokenizer, config, run
        self.on_step = on_step
        self.stages = set(config.planned_stages)
        self.adapter = adapter_for(model, config, run)
        self.optimizer = optimizer_for(model, config.learning_rate, config.weight_decay)
        self.step = self.tokens = 0
        self.forward_tokens = spent_before(run.base)
        self.seconds = 0.0
        self.carried: Any = None
        """What a loop wants to find again when it resumes; JSON."""
        self._grad_norm = 0.0
        self._resume()
        self._started = time.monotonic() - self.seconds

    def steps(self) -> Iterator[int]:
        """Yield the steps that are still to do, counted from one."""
        while self.step < self.config.steps:
            yield self.step + 1

    def update(self, loss: Tensor) -> None:
        """Take one optimiser step down the gradient of `loss`.

        Raises:
            DivergedError: the loss or its gradient is not finite.
        """
        self.check_finite("loss", loss.item())
        rate = learning_rate(self.config, self.step + 1)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        self._grad_norm = float(norm)
        self.check_finite("norm of the gradient", self._grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def spend(self, tokens: int, *, passes: int = 1) -> None:
        """Count compute, in tokens that go forward through the model.

        Args:
            tokens: tokens that were read or sampled, prompts included, padding left out.
            passes: 1 forward; `TRAINING_PASSES` with a backward pass.
        """
        self.forward_tokens += passes * tokens

    def check_finite(self, what: str, value: float) -> None:
        """Stop the arm where a number of the step that is being done is not finite.

        Raises:
            DivergedError: it is not.
        """
        check_finite(what, value, self.config, self.run, self.step + 1)

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Stop the arm where its model breaks down while it is sampled from.

        Raises:
            DivergedError: it does.
        """
        try:
            yield
        except NotFiniteError:
            self.check_finite("model's next-token distribution", math.nan)

    def finish(self, *, tokens: int, metrics: dict[str, float]) -> None:
        """Close a step: write its metrics and, where one is due, its stage.

        Args:
            tokens: tokens that took part in the loss of this step.
            metrics: what the loop measured.
        """
        self.step += 1
        self.tokens += tokens
        self.seconds = time.monotonic() - self._started
        row = {
            "step": self.step,
            "tokens": self.tokens,
            "forward_tokens": self.forward_tokens,
            "seconds": round(self.seconds, 3),
            "learning_rate": learning_rate(self.config, self.step),
            "grad_norm": self._grad_norm,
            **metrics,
        }
        self._grad_norm = 0.0  # a step without an update has none
        self.run.folder.mkdir(parents=True, exist_ok=True)
        append_metrics(self.run.folder / "metrics.jsonl", row)
        if self.step in self.stages:
            paused = time.monotonic()
            self._save(stage_info(self.config, self.run, row, metrics))
            self._started += time.monotonic() - paused
        if self.on_step:
            self.on_step(self.step, self.model)

    def _save(self, info: StageInfo) -> None:
        save_stage(self.run.root, self.model, self.tokenizer, info, adapter=self.adapter)
        state = {
            "step": self.step,
            "tokens": self.tokens,
            "forward_tokens": self.forward_tokens,
            "seconds": self.seconds,
            "carried": self.carried,
        }
        with atomic_path(self._resume_path) as path:
            save_file(self._tensors(), path, metadata={"state": json.dumps(state)})

    @property
    def _resume_path(self) -> Path:
        return self.run.folder / "resume.safetensors"

    def _trained(self) -> list[tuple[str, Tensor]]:
        return [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]

    def _check_same_arm(self, tensors: dict[str, Tensor]) -> None:
        saved = {key: value.shape for key, value in tensors.items() if key.startswith("weight/")}
        if saved != {f"weight/{name}": p.shape for name, p in self._trained()}:
            raise InputError(
                f"{self._resume_path}: it belongs to an arm with another base or another lora; "
                "train into another folder, or remove that one"
            )

    def _tensors(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        for name, parameter in self._trained():
            tensors[f"weight/{name}"] = parameter.detach().contiguous()
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"{key}/{name}"] = value.contiguous()
        return tensors

    def _resume(self) -> None:
        if not self._resume_path.is_file():
            truncate_metrics(self.run.folder / "metrics.jsonl", 0)
            return
        try:
            with safe_open(self._resume_path, framework="pt") as file:
                state = json.loads(file.metadata()["state"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, json.JSONDecodeError):
            self._resume_path.unlink()  # cut off while it was written; begin again
            self._resume()
            return
        self._check_same_arm(tensors)
        with torch.no_grad():
            for name, parameter in self._trained():
                parameter.copy_(tensors[f"weight/{name}"])
                self.optimizer.state[parameter] = {
                    key: tensors[f"{key}/{name}"]
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"{key}/{name}" in tensors
                }
        self.step, self.tokens = state["step"], state["tokens"]
        self.forward_tokens = state["forward_tokens"]
        self.seconds, self.carried = state["seconds"], state["carried"]
        truncate_metrics(self.run.folder / "metrics.jsonl", self.step)


def adapter_for(model: Model, config: ArmConfig, run: ArmRun) -> Adapter | None:
    """Put the arm's adapter on the model, where its settings ask for one."""
    if config.lora is None:
        return None
    return attach_lora(model, **config.lora.model_dump(), stream=run.stream("lora"))


def spent_before(base: str) -> int:
    """Return the compute of the stage that an arm begins from; 0 where that is no stage."""
    folder = Path(base)
    if not (folder / "stage.json").is_file():
        return 0
    return read_stage(folder).info.forward_tokens or 0


def stage_info(
    config: ArmConfig, run: ArmRun, row: dict[str, Any], metrics: dict[str, float]
) -> StageInfo:
    """Return what a stage is.

    Args:
        config: settings of the arm.
        run: name of the arm.
        row: of the stage's step in `metrics.jsonl`.
        metrics: what the loop measured in that step.
    """
    return StageInfo(
        arm=run.arm,
        kind=getattr(config, "kind", "custom"),
        seed=run.seed,
        step=row["step"],
        seconds=row["seconds"],
        tokens=row["tokens"],
        forward_tokens=row["forward_tokens"],
        base=run.base,
        config=config.model_dump(mode="json"),
        metrics=metrics,
    )


def check_finite(what: str, value: float, config: ArmConfig, run: ArmRun, step: int) -> None:
    """Stop an arm where a number of one of its steps is not finite.

    Raises:
        DivergedError: it is not.
    """
    if not math.isfinite(value):
        raise DivergedError(
            f"arm {run.arm!r}, seed {run.seed}: the {what} is {value} at step {step}; "
            f"lower its learning_rate ({config.learning_rate})"
        )


def optimizer_for(
    model: Model, rate: float, weight_decay: float, *, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Optimizer:
    """Return AdamW for the weights that take a gradient, with weight decay on matrices only."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1]},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=betas, weight_decay=0.0, fused=True)


def learning_rate(config: ArmConfig, step: int) -> float:
    """Return the learning rate of a step, counted from one."""
    warm = round(config.warmup * config.steps)
    if step <= warm:
        return config.learning_rate * step / warm
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - warm) / max(1, config.steps - warm)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return config.learning_rate * (FINAL_RATE + (1 - FINAL_RATE) * cosine)
