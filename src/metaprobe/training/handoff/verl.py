"""A GRPO arm as a job of verl, with metaprobe's grader as the reward.

Prompts, their order, group size, advantage, loss and learning rates are those of our own loop;
`Job.differences` says what is not. verl takes some wrong values without a word: `check.py` in the
job looks for them before a launch.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, nearest
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.handoff import paper
from metaprobe.training.handoff.data import Corpus, Row, order_stream, planned, problems
from metaprobe.training.handoff.job import (
    BASE,
    LAUNCH,
    Content,
    Draft,
    Job,
    Setting,
    Target,
    base_in_job,
    describe,
    refuse_unmapped,
    saved_steps,
    spell,
    version_check,
)
from metaprobe.training.session import FINAL_RATE

ENGINE = "verl"
VERSION = "0.9.1"
CHECKPOINTS = "checkpoints"
MERGED = "merged"
MERGE = "merge.sh"

ROLLOUTS = ("vllm", "sglang", "trtllm")
"""What verl samples with."""
ADVANTAGES = {
    "group_std": ("grpo", True),
    "group_mean": ("grpo", False),
    "leave_one_out": ("rloo", False),
    "batch_std": ("reinforce_plus_plus_baseline", False),
}
"""By our name, verl's estimator and whether it divides by the deviation of the group."""
AGGREGATIONS = {
    "token_mean": "token-mean",
    "sequence_mean": "seq-mean-token-mean",
    "constant": "seq-mean-token-sum-norm",
}
LOSSES = {"ppo": "vanilla", "cispo": "cispo", "gspo": "gspo"}

_MAPPED = frozenset(
    {
        *("kind", "steps", "learning_rate", "warmup", "schedule", "weight_decay", "max_grad_norm"),
        *("precision", "curriculum", "curriculum_samples", "curriculum_tokens", "stages"),
        *("group_size", "prompts", "temperature", "max_new_tokens", "advantage", "aggregation"),
        *("loss", "updates_per_rollout", "clip_low", "clip_high", "dual_clip", "kl", "kl_weight"),
        *("entropy_weight", "refill", "token_correction"),
    }
)
_NO_DUAL_CLIP = 1e9
"""verl always clips; it bounds ratios at e^20, so that this never does."""
_TOKENS_PER_GPU = 16_384
_TEMPLATE_ROOM = 64
"""Tokens that a chat template adds to a question, and more."""
_ACTOR = "actor_rollout_ref.actor"
_ROLLOUT = "actor_rollout_ref.rollout"


def arm_corpus(items: Sequence[Item], config: GRPOConfig, target: Target) -> Corpus:
    """Return the problems of an arm: those of each step in turn, or each once for a preset.

    Args:
        items: problems of the train split.
        config: the arm.
        target: what is trained.
    """
    if target.preset:
        return Corpus(problems(items), in_order=False)
    order = planned(
        items,
        config,
        size=config.prompts,
        stream=order_stream(target),
        count=config.steps * (1 + config.refill),
    )
    return Corpus(problems(order), in_order=True)


def draft_job(
    config: GRPOConfig, corpus: Corpus, validation: Sequence[Row], target: Target, rollout: str
) -> Draft:
    """Return the job of an arm.

    Args:
        config: the arm.
        corpus: from `arm_corpus`, or rows of a prepared file.
        validation: rows of problems; verl opens them and, as the job is written, never asks them.
        target: what is trained, and on how many devices.
        rollout: what verl samples with.

    Raises:
        ConfigError: the arm asks for what verl cannot do, or its batches cannot be shared.
    """
    if rollout not in ROLLOUTS:
        raise ConfigError(
            f"--rollout {rollout}: verl has {', '.join(ROLLOUTS)}" + nearest(rollout, ROLLOUTS)
        )
    stages: list[int] | None = None
    tensor_parallel = 1
    if target.preset:
        tensor_parallel = paper.rl_layout(target.base).tensor_parallel
        own, differences = paper.rl_settings(), list(paper.NOT_TOLD)
    else:
        refuse_unmapped(config, _MAPPED, ENGINE, in_order=corpus.in_order)
        own, differences, stages = _arm_settings(config, corpus)
    value = {s.key: s.value for s in own}
    _check_shares(value, len(corpus.rows), target, tensor_parallel)
    settings = [*own, *_fixed(value, corpus, target, rollout, tensor_parallel)]
    job = Job(
        engine=ENGINE,
        engine_version=VERSION,
        **asdict(target),
        kind=config.kind,
        config=config.model_dump(mode="json"),
        mapped=describe(settings) | _data_told(corpus),
        differences=differences,
        stages=stages,
        checkpoints=CHECKPOINTS,
        rows=len(corpus.rows),
    )
    here = Path(__file__).parent
    files: dict[str, Content] = {
        "overrides.txt": "".join(f"{s.key}={_hydra(s.value)}\n" for s in settings),
        "train.parquet": table(corpus.rows),
        "val.parquet": table(validation),
        "reward.py": (here / "reward.py").read_text(encoding="utf-8"),
        "check.py": (here / "check.py").read_text(encoding="utf-8"),
        LAUNCH: _launch(base_in_job(target.base) == BASE),
        MERGE: _MERGE,
    }
    return Draft(job, files)


def table(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows as a table of verl's schema, the same for every row."""
    turn = pl.Struct({"role": pl.String, "content": pl.String})
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "data_source": pl.String,
        "prompt": pl.List(turn),
        "ability": pl.String,
        "reward_model": pl.Struct({"style": pl.String, "ground_truth": pl.String}),
        "extra_info": pl.Struct({"split": pl.String, "index": pl.Int64, "id": pl.String}),
    }
    return pl.DataFrame(rows, schema=schema)


def _arm_settings(config: GRPOConfig, corpus: Corpus) -> tuple[list[Setting], list[str], list[int]]:
    """Return the keys of an arm, where verl differs, and the steps of its checkpoints."""
    if config.kl == "exact":
        raise ConfigError('kl = "exact": verl only estimates the divergence; use kl = "k3"')
    stages = config.planned_stages
    distance, saved = saved_steps(stages, config.steps)
    estimator, by_deviation = ADVANTAGES[config.advantage]
    dtype = "float32" if config.precision == "float32" else "bfloat16"
    warm = round(config.warmup * config.steps)
    settings = [
        Setting("trainer.total_training_steps", config.steps, "steps"),
        # verl ends with its epochs too; so many are enough for any number of rows.
        Setting("trainer.total_epochs", config.steps),
        Setting("trainer.save_freq", distance, "stages"),
        Setting("data.train_batch_size", config.prompts, "prompts"),
        Setting("data.max_prompt_length", _prompt_length(corpus)),
        Setting("data.max_response_length", config.max_new_tokens, "max_new_tokens"),
        Setting("algorithm.adv_estimator", estimator, "advantage"),
        Setting("algorithm.norm_adv_by_std_in_grpo", by_deviation, "advantage"),
        Setting("algorithm.use_kl_in_reward", False),
        Setting(f"{_ACTOR}.optim.lr", config.learning_rate, "learning_rate"),
        Setting(f"{_ACTOR}.optim.lr_warmup_steps", warm, "warmup"),
        Setting(f"{_ACTOR}.optim.lr_scheduler_type", config.schedule, "schedule"),
        Setting(f"{_ACTOR}.optim.min_lr_ratio", FINAL_RATE, "schedule"),
        Setting(f"{_ACTOR}.optim.zero_indexed_step", False, "schedule"),
        Setting(f"{_ACTOR}.optim.weight_decay", config.weight_decay, "weight_decay"),
        Setting(f"{_ACTOR}.grad_clip", config.max_grad_norm, "max_grad_norm"),
        Setting(f"{_ACTOR}.fsdp_config.dtype", dtype, "precision"),
        Setting(f"{_ROLLOUT}.dtype", dtype, "precision"),
        # All rollouts of a step in every update, as often as the arm says.
        Setting(f"{_ACTOR}.ppo_mini_batch_size", config.prompts, "updates_per_rollout"),
        Setting(f"{_ACTOR}.ppo_epochs", config.updates_per_rollout, "updates_per_rollout"),
        Setting(f"{_ACTOR}.policy_loss.loss_mode", LOSSES[config.loss], "loss"),
        Setting(f"{_ACTOR}.loss_agg_mode", AGGREGATIONS[config.aggregation], "aggregation"),
        Setting(f"{_ACTOR}.clip_ratio_low", config.clip_low, "clip_low"),
        Setting(f"{_ACTOR}.clip_ratio_high", config.clip_high, "clip_high"),
        Setting(f"{_ACTOR}.clip_ratio_c", config.dual_clip or _NO_DUAL_CLIP, "dual_clip"),
        Setting(f"{_ACTOR}.use_kl_loss", config.kl == "k3", "kl"),
        Setting(f"{_ACTOR}.entropy_coeff", config.entropy_weight, "entropy_weight"),
        Setting(f"{_ROLLOUT}.n", config.group_size, "group_size"),
        Setting(f"{_ROLLOUT}.temperature", config.temperature, "temperature"),
        Setting(f"{_ROLLOUT}.top_p", 1.0),
        Setting("algorithm.filter_groups.enable", config.refill > 0, "refill"),
    ]
    settings += _where_asked(config)
    differences = _differences(config, warm)
    if saved != stages:
        differences.append(f"checkpoints at {saved}, the nearest even distance to {stages}")
    return settings, differences, saved


def _where_asked(config: GRPOConfig) -> list[Setting]:
    settings = []
    if config.kl == "k3":
        settings += [
            Setting(f"{_ACTOR}.kl_loss_type", "k3", "kl"),
            Setting(f"{_ACTOR}.kl_loss_coef", config.kl_weight, "kl_weight"),
        ]
    if config.aggregation == "constant":
        settings.append(
            Setting(f"{_ACTOR}.loss_scale_factor", config.max_new_tokens, "aggregation")
        )
    if config.refill:
        settings.append(Setting("algorithm.filter_groups.metric", "acc", "refill"))
    if config.token_correction is not None:
        correction = "algorithm.rollout_correction"
        settings += [
            Setting(f"{correction}.rollout_is", "token", "token_correction"),
            Setting(
                f"{correction}.rollout_is_threshold", config.token_correction, "token_correction"
            ),
        ]
    return settings


def _differences(config: GRPOConfig, warm: int) -> list[str]:
    """Return where verl does something else than our own loop."""
    found = []
    if config.refill:
        found.append(
            f"refill = {config.refill}: verl draws until a step is full, without a limit, and "
            "starts the prompts again where they end"
        )
    elif config.aggregation == "token_mean":
        found.append("groups without signal count in the mean over tokens; ours leaves them out")
    else:
        found.append("groups without signal count in the mean; ours leaves them out")
    if config.advantage == "batch_std":
        found.append("advantages are centred and scaled over tokens; ours scales over rollouts")
    if config.loss == "cispo" and config.updates_per_rollout > 1:
        found.append("cispo bounds the ratio from below too, at 1 - clip_low")
    if config.schedule == "constant" and warm:
        found.append("the learning rate of the warm-up is that of our loop one step earlier")
    if config.weight_decay:
        found.append("weight decay is on vectors too; ours is on matrices")
    return found


def _prompt_length(corpus: Corpus) -> int:
    """Return a token limit that no prompt of the benchmark can exceed: its bytes, and some room."""
    if not corpus.in_order:
        return paper.PROMPT
    longest = max(len(row["prompt"][0]["content"].encode()) for row in corpus.rows)
    return -(-(longest + _TEMPLATE_ROOM) // 64) * 64


def _check_shares(value: dict[str, Any], rows: int, target: Target, tensor_parallel: int) -> None:
    """Refuse batches that the rows cannot fill, or the devices cannot share."""
    if rows < value["data.train_batch_size"]:
        raise ConfigError(
            f"{rows} problems do not fill a step of {value['data.train_batch_size']} prompts; "
            "give more"
        )
    rollouts = value[f"{_ACTOR}.ppo_mini_batch_size"] * value[f"{_ROLLOUT}.n"]
    if rollouts % target.devices:
        raise ConfigError(
            f"{rollouts} rollouts in an update cannot be shared by {target.devices} devices; "
            "change prompts, group_size, --nodes or --gpus"
        )
    if target.gpus % tensor_parallel:
        raise ConfigError(
            f"--gpus {target.gpus}: the sampler wants a multiple of {tensor_parallel}"
        )


def _fixed(
    value: dict[str, Any], corpus: Corpus, target: Target, rollout: str, tensor_parallel: int
) -> list[Setting]:
    """Return what verl needs besides."""
    longest = value["data.max_prompt_length"] + value["data.max_response_length"]
    settings = [
        Setting("data.shuffle", not corpus.in_order),
        Setting("data.seed", target.seed),
        # Prompts of the benchmark fit; one that did not would change the order without a word.
        Setting("data.filter_overlong_prompts", not corpus.in_order),
        Setting("data.truncation", "error"),
        Setting("actor_rollout_ref.model.use_remove_padding", True),
        Setting("actor_rollout_ref.model.enable_gradient_checkpointing", True),
        Setting("actor_rollout_ref.model.trust_remote_code", False),
        Setting(f"{_ACTOR}.use_dynamic_bsz", True),
        Setting(f"{_ACTOR}.ppo_max_token_len_per_gpu", max(_TOKENS_PER_GPU, longest)),
        Setting(f"{_ROLLOUT}.name", rollout),
        Setting(f"{_ROLLOUT}.tensor_model_parallel_size", tensor_parallel),
        Setting("reward.custom_reward_function.name", "compute_score"),
        Setting("trainer.nnodes", target.nodes),
        Setting("trainer.n_gpus_per_node", target.gpus),
        Setting("trainer.project_name", "metaprobe"),
        Setting("trainer.experiment_name", f"{target.arm}-{target.seed}"),
        Setting("trainer.logger", ["console"]),
        Setting("trainer.max_actor_ckpt_to_keep", None),
        Setting("trainer.resume_mode", "auto"),
        Setting("trainer.val_before_train", False),
        Setting("trainer.test_freq", -1),
        Setting("trainer.use_v1", True),
    ]
    if base_in_job(target.base) != BASE:
        settings.append(Setting("actor_rollout_ref.model.path", base_in_job(target.base)))
    return settings


def _data_told(corpus: Corpus) -> dict[str, str]:
    if corpus.in_order:
        return {"curriculum": "train.parquet: the problems in the order of the steps"}
    return {"data": "train.parquet: each problem once, shuffled in every epoch"}


def _hydra(value: Any) -> str:
    """Return a value in Hydra's grammar of overrides; text is quoted where it has to be."""
    if isinstance(value, list):
        return f"[{','.join(_hydra(v) for v in value)}]"
    if not isinstance(value, str):
        return spell(value)
    if value.replace("_", "").replace("-", "").replace("/", "").replace(".", "").isalnum():
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _launch(shipped_base: bool) -> str:
    paths = {
        "data.train_files": "train.parquet",
        "data.val_files": "val.parquet",
        "reward.custom_reward_function.path": "reward.py",
        "trainer.default_local_dir": CHECKPOINTS,
    }
    if shipped_base:
        paths["actor_rollout_ref.model.path"] = BASE
    lines = "".join(f'  "{key}=\\"$job/{name}\\""\n' for key, name in paths.items())
    return f"""\
#!/usr/bin/env bash
# Trains this job; overrides are passed on, as in: bash {LAUNCH} trainer.save_freq=10
# With several nodes, start Ray on them first and run this on the head node.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"
job=$PWD
{version_check(ENGINE, VERSION)}\
mapfile -t overrides < overrides.txt
overrides+=(
{lines})
python3 check.py "${{overrides[@]}}" "$@"
exec python3 -m verl.trainer.main_ppo "${{overrides[@]}}" "$@"
"""


_MERGE = f"""\
#!/usr/bin/env bash
# Merges the shards of every checkpoint into a model folder below {MERGED}/; verl writes bfloat16.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"
shopt -s nullglob
mkdir -p {MERGED}
for actor in {CHECKPOINTS}/global_step_*/actor; do
  step=$(basename "$(dirname "$actor")")
  if [ -d "{MERGED}/$step" ]; then continue; fi
  rm -rf "{MERGED}/.$step"
  python3 -m verl.model_merger merge --backend fsdp \\
    --local_dir "$actor" --target_dir "{MERGED}/.$step"
  mv "{MERGED}/.$step" "{MERGED}/$step"
done
"""
