"""The settings of an arm: one way of post-training a base."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from metaprobe.benchmark.selection import CellPatterns, FamilyNames
from metaprobe.core.errors import ConfigError
from metaprobe.training.curricula import Curriculum
from metaprobe.training.engines import check_engine
from metaprobe.training.quality import Quality
from metaprobe.training.rewards import Reward
from metaprobe.training.traces import Teacher, Traces

StageSpec = str | list[int] | list[float]


class LoraSettings(BaseModel):
    """A low-rank adapter on every linear layer, trained in place of the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rank: int = Field(default=16, ge=1)
    """Rank of the change of each matrix."""
    alpha: float = Field(default=32.0, gt=0)
    """The change is scaled by alpha / rank."""


class ArmConfig(BaseModel):
    """What every kind of arm has."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    steps: int = Field(default=80, ge=1)
    """Optimiser steps."""
    learning_rate: float = Field(default=3e-4, gt=0)
    """Peak learning rate of AdamW."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps in which the learning rate rises linearly."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Course of the learning rate after the warm-up; cosine falls to a tenth."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Of AdamW, on matrices."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients with a larger norm are scaled down to it."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products; weights stay in float32."""
    after: str | None = None
    """Arm of the study from whose last stage this one begins, seed by seed; else from the base."""
    lora: LoraSettings | None = None
    """Train an adapter in place of the weights, as in `{ rank = 16 }`; none by default."""
    curriculum: Curriculum = "shuffled"
    """Order of the problems; see training/curricula.py."""
    curriculum_samples: int = Field(default=4, ge=1)
    """Of `pass_rate`: solutions that the base samples of each problem, to measure its rate."""
    curriculum_tokens: int = Field(default=192, ge=1)
    """Of `pass_rate`: token limit of such a solution; a truncated one is a failure."""
    engine: Literal["builtin", "trl"] = "builtin"
    """What runs the arm: the loops of this package, or TRL's trainers; see training/engines.py."""
    trl: dict[str, Any] = {}
    """Further keys of TRL's own configuration, such as `use_vllm`; only with `engine = "trl"`."""
    stages: StageSpec = "log:6"
    """`log:N` for N log-spaced checkpoints, `every:N`, a list of steps, or of shares in (0, 1]."""

    @property
    def planned_stages(self) -> list[int]:
        """The steps at which checkpoints are written."""
        return stage_steps(self.stages, self.steps)

    @model_validator(mode="after")
    def _check_stages(self) -> "ArmConfig":
        stage_steps(self.stages, self.steps)
        return self

    @model_validator(mode="after")
    def _check_engine(self) -> "ArmConfig":
        check_engine(dict(self))
        return self


class AnchorConfig(BaseModel):
    """What holds a model to its base where it is not trained; see training/anchors.py."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["replay", "kl", "skill"]
    """Likelihood of the base's responses, KL to the base on them, or KL on skills that fall."""
    cells: CellPatterns | None = None
    """Whose problems the base responds to; every cell that the arm is not trained on by default."""
    families: FamilyNames = None
    """The only families of those cells, or a preset whose families they are; all by default."""
    levels: list[int] = [1, 2]
    """Levels of the problems."""
    responses: int = Field(default=64, ge=1)
    """Problems of each skill that the base responds to, once, before training."""
    batch_size: int = Field(default=16, ge=1)
    """Responses in a step, spread over the skills that are held."""
    max_new_tokens: int = Field(default=192, ge=1)
    """Token limit of a response; truncated ones are used as far as they go."""
    weight: float = Field(default=0.1, gt=0)
    """Of the anchor against the objective; of `skill` the largest weight of one skill."""
    probe_every: int = Field(default=10, ge=1)
    """Of `skill`: steps between two measurements of the skills."""
    probe_problems: int = Field(default=48, ge=1)
    """Of `skill`: problems of each skill on which it is measured, none of which is anchored on."""
    proportional: float = Field(default=5.0, ge=0)
    """Of `skill`: gain on how far a skill lies below the base, as a share of problems."""
    integral: float = Field(default=1.0, ge=0)
    """Of `skill`: gain on the sum of that over the measurements."""

    @model_validator(mode="after")
    def _check_gains(self) -> "AnchorConfig":
        if self.kind == "skill" and not self.proportional + self.integral:
            raise ConfigError("an anchor on skills needs a gain: set proportional or integral")
        return self


class SFTConfig(ArmConfig):
    """Supervised fine-tuning on a teacher's traces."""

    kind: Literal["sft"] = "sft"
    traces: Traces = "short"
    """Length of the traces; `mixed` takes long ones with `long_share`."""
    long_share: float = Field(default=0.5, ge=0, le=1)
    """Share of long traces among mixed ones."""
    teacher: Teacher = "near"
    """Whose words the traces are in: `base`, or a teacher `near` to or `far` from the base's."""
    traces_per_problem: int = Field(default=1, ge=1, le=8)
    """Different traces of a problem; the next one is taken when it is met again."""
    quality: Quality = "verified"
    """What is done to the traces that are touched; see training/quality.py."""
    quality_share: float = Field(default=1.0, ge=0, le=1)
    """Share of the traces that are touched."""
    batch_size: int = Field(default=32, ge=1)
    """Examples in a step."""
    objective: Literal["nll", "dft", "eaft", "psft"] = "nll"
    """What is minimised on the traces; see training/objectives.py."""
    eaft_alpha: float = Field(default=1.0, ge=0)
    """Of `eaft`: how sharply tokens are left out on which the model is sure."""
    clip_low: float = Field(default=0.2, gt=0, lt=1)
    """Of `psft`: lower clipping distance of the probability ratio."""
    clip_high: float = Field(default=0.28, gt=0)
    """Of `psft`: upper clipping distance of the probability ratio."""
    updates_per_snapshot: int = Field(default=8, ge=2)
    """Of `psft`: optimiser steps between two snapshots of the model, to which the ratio refers."""
    kl: Literal["off", "forward", "reverse"] = "off"
    """Divergence from the base on the traces that is added to the objective."""
    kl_weight: float = Field(default=0.1, gt=0)
    """What that divergence is multiplied by."""
    anchor: AnchorConfig | None = None
    """What holds the model to its base on other problems; nothing by default."""

    @property
    def block(self) -> int:
        """Steps that belong together: those that share a snapshot."""
        return self.updates_per_snapshot if self.objective == "psft" else 1


class OnPolicySFTConfig(ArmConfig):
    """Supervised fine-tuning on the model's own correct solutions, sampled as it changes."""

    kind: Literal["sft_on_policy"] = "sft_on_policy"
    batch_size: int = Field(default=32, ge=1)
    """Examples in a step."""
    refresh: int = Field(default=5, ge=1)
    """Steps between two rounds of sampling from the current model."""
    samples: int = Field(default=4, ge=1)
    """Solutions sampled for each problem; the correct ones are kept, at most one a problem."""
    temperature: float = Field(default=1.0, gt=0)
    """Sampling temperature."""
    max_new_tokens: int = Field(default=192, ge=1)
    """Token limit of a solution; truncated ones are never kept."""


class GRPOConfig(ArmConfig):
    """Group relative policy optimisation with a rule as reward (arXiv 2402.03300)."""

    kind: Literal["grpo"] = "grpo"
    reward: Reward = "answer"
    """What is rewarded; see training/rewards.py."""
    step_weight: float = Field(default=1.0, ge=0, le=1)
    """Of `steps`: weight of the verified steps; the answer has the rest."""
    group_size: int = Field(default=16, ge=2)
    """Rollouts of each prompt; advantages are centred inside a group."""
    prompts: int = Field(default=8, ge=1)
    """Prompts in a step."""
    temperature: float = Field(default=1.0, gt=0)
    """Sampling temperature of the rollouts."""
    max_new_tokens: int = Field(default=192, ge=1)
    """Token limit of a rollout; a truncated one is a failure."""
    advantage: Literal["group_std", "group_mean", "leave_one_out", "batch_std"] = "group_std"
    """How rewards become advantages; see training/advantages.py."""
    aggregation: Literal["token_mean", "sequence_mean", "constant"] = "token_mean"
    """How token losses become one; see training/losses.py."""
    loss: Literal["ppo", "cispo", "gspo"] = "ppo"
    """How the probability ratio enters where the policy has moved; see training/losses.py."""
    updates_per_rollout: int = Field(default=1, ge=1)
    """Optimiser steps on one batch of rollouts; 1 is on-policy, and needs no ratio or clipping."""
    clip_low: float = Field(default=0.2, gt=0)
    """Lower clipping distance of the probability ratio; GSPO's is about 3e-4."""
    clip_high: float = Field(default=0.28, gt=0)
    """Upper clipping distance of the probability ratio (DAPO); GSPO's is about 4e-4."""
    dual_clip: float | None = Field(default=None, gt=1)
    """Of `ppo`: largest ratio that a negative advantage is multiplied by; none by default."""
    rollouts_from: Literal["current", "base"] = "current"
    """Who samples the rollouts; `base` makes a control that is reinforced off-policy."""
    kl: Literal["off", "k3", "exact"] = "off"
    """Divergence from the base that is held down: estimated, or exact over the vocabulary."""
    kl_weight: float = Field(default=0.01, gt=0)
    """What that divergence is multiplied by."""
    entropy_weight: float = Field(default=0.0, ge=0)
    """Bonus on the mean entropy of a token, in nats."""
    refill: int = Field(default=0, ge=0)
    """How many more times prompts are drawn while groups without signal leave a step short."""
    mask_truncated: bool = False
    """Leave truncated rollouts out of the loss; by default they are failures."""
    token_correction: float | None = Field(default=None, gt=0)
    """Cap of the weights that correct for the sampler's arithmetic; none by default."""

    @property
    def on_policy(self) -> bool:
        """Whether every update is on rollouts of the model that is updated."""
        return self.updates_per_rollout == 1 and self.rollouts_from == "current"

    @model_validator(mode="after")
    def _check_recorded_probabilities(self) -> "GRPOConfig":
        for name, asked in (
            ("token_correction", self.token_correction is not None),
            ('rollouts_from = "base"', self.rollouts_from == "base"),
        ):
            if asked and self.temperature != 1:
                raise ConfigError(
                    f"{name} needs temperature = 1, at which the sampler records probabilities; "
                    f"it is {self.temperature:g}"
                )
        return self


class InterpolationConfig(BaseModel):
    """Weights between the base and the last stage of another arm (WiSE-FT, arXiv 2109.01903)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["interpolation"] = "interpolation"
    of: str
    """Name of the arm in the same study."""
    shares: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.25, 0.5, 0.75], min_length=1
    )
    """How far from the base to go, ascending, in hundredths; each is a stage."""

    @property
    def planned_stages(self) -> list[int]:
        """The shares as percentages, which stand for steps."""
        return [round(100 * share) for share in self.shares]

    @model_validator(mode="after")
    def _check_shares(self) -> "InterpolationConfig":
        stages = self.planned_stages
        whole = all(abs(100 * s - n) < 1e-6 for s, n in zip(self.shares, stages, strict=True))
        if not whole or stages != sorted(set(stages)):
            raise ConfigError(f"shares {self.shares} must ascend, in hundredths")
        return self


Trained = SFTConfig | OnPolicySFTConfig | GRPOConfig
"""Settings of an arm that takes optimiser steps."""

Arm = Annotated[Trained | InterpolationConfig, Field(discriminator="kind")]
"""Settings of any kind of arm; `kind` tells which."""


def stage_steps(spec: StageSpec, steps: int) -> list[int]:
    """Return the steps at which checkpoints are written, ascending; the last step is one of them.

    Raises:
        ConfigError: the specification cannot be read, or names a step outside 1..steps.
    """
    if isinstance(spec, str):
        chosen = _spelled_stages(spec, steps)
    elif all(isinstance(value, float) for value in spec) and spec:
        chosen = [math.ceil(value * steps) for value in spec]
    else:
        chosen = [int(value) for value in spec]
    if not chosen or min(chosen) < 1 or max(chosen) > steps:
        raise ConfigError(f"stages {spec!r}: every stage must lie in 1..{steps}, the arm's steps")
    return sorted({*chosen, steps})


def _spelled_stages(spec: str, steps: int) -> list[int]:
    kind, _, text = spec.partition(":")
    if not text.isdigit() or int(text) < 1 or kind not in ("log", "every"):
        raise ConfigError(f"stages {spec!r}: use log:N, every:N, a list of steps or of shares")
    number = int(text)
    if kind == "every":
        return list(range(number, steps + 1, number)) or [steps]
    number = min(number, steps)
    spaced: list[int] = []
    for n in range(number):
        ideal = steps ** ((n + 1) / number)
        after = spaced[-1] + 1 if spaced else 1
        spaced.append(min(max(after, round(ideal)), steps - (number - 1 - n)))
    return spaced
