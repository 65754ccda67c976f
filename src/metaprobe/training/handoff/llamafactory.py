"""An SFT arm as a job of LLaMA-Factory: full fine-tuning under DeepSpeed ZeRO-3.

The keys are those of the version below, which refuses unknown ones; what is trained on, in which
order and at which learning rates is what our own loop does, and `Job.differences` says what is not.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.training.arms import SFTConfig
from metaprobe.training.handoff import paper
from metaprobe.training.handoff.data import Corpus, Row, dump_rows, order_stream, planned, traces
from metaprobe.training.handoff.job import (
    LAUNCH,
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

ENGINE = "llamafactory"
VERSION = "0.9.5"
CHECKPOINTS = "output"

_YAML = "job.yaml"
_DEEPSPEED = "ds_z3.json"
_DATASET = "metaprobe"
_ROWS = "train.jsonl"

_MAPPED = frozenset(
    {
        *("kind", "steps", "learning_rate", "warmup", "schedule", "weight_decay", "max_grad_norm"),
        *("precision", "curriculum", "curriculum_samples", "curriculum_tokens", "stages"),
        *("traces", "long_share", "teacher", "batch_size", "objective", "eaft_alpha", "kl"),
        *("kl_weight", "clip_low", "clip_high", "updates_per_snapshot"),
        *("quality", "quality_share", "traces_per_problem"),
    }
)

ZERO_3: dict[str, Any] = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "zero_allow_untested_optimizer": True,
    "bf16": {"enabled": "auto"},
    "zero_optimization": {
        "stage": 3,
        "overlap_comm": False,
        "contiguous_gradients": True,
        "sub_group_size": 1_000_000_000,
        "reduce_bucket_size": "auto",
        "stage3_prefetch_bucket_size": "auto",
        "stage3_param_persistence_threshold": "auto",
        "stage3_max_live_parameters": 1_000_000_000,
        "stage3_max_reuse_distance": 1_000_000_000,
        "stage3_gather_16bit_weights_on_model_save": True,
    },
}
"""DeepSpeed ZeRO-3; the last key makes every checkpoint a folder that can be loaded."""


def arm_corpus(items: Sequence[Item], config: SFTConfig, target: Target) -> Corpus:
    """Return the training data of an arm.

    Without a preset it is what each step is trained on, in turn; a preset counts epochs over each
    example once, and the engine shuffles.

    Args:
        items: problems of the train split.
        config: the arm.
        target: what is trained.
    """
    if target.preset:
        return Corpus(traces(items, config), in_order=False)
    order = planned(
        items, config, size=config.batch_size, stream=order_stream(target), count=config.steps
    )
    return Corpus(traces(order, config), in_order=True)


def draft_job(config: SFTConfig, corpus: Corpus, target: Target, template: str | None) -> Draft:
    """Return the job of an arm.

    Args:
        config: the arm.
        corpus: from `arm_corpus`, or rows of a prepared file.
        target: what is trained, and on how many devices.
        template: LLaMA-Factory's name of the base's chat template; found from the name of a Qwen3
            where None.

    Raises:
        ConfigError: the arm asks for what the engine cannot do, or no template is known.
    """
    differences: list[str] = []
    stages: list[int] | None = None
    if target.preset:
        paper.check_base(target.base)
        own = paper.sft_settings(config.traces)
        if template not in (None, "qwen3"):
            raise ConfigError(f"--template {template}: preset {target.preset!r} sets qwen3")
    else:
        refuse_unmapped(config, _MAPPED, ENGINE, in_order=corpus.in_order)
        own, differences, stages = _arm_settings(config, target)
        own.append(Setting("template", template or template_of(target.base)))
    settings = [*_fixed(target, corpus), *own, *_objective(config)]
    if config.objective == "dft" and config.kl == "forward":
        settings = _without_accumulation(settings)
    job = Job(
        engine=ENGINE,
        engine_version=VERSION,
        **asdict(target),
        kind=config.kind,
        config=config.model_dump(mode="json"),
        mapped=describe(settings) | _data_told(config, corpus),
        differences=differences,
        stages=stages,
        checkpoints=CHECKPOINTS,
        rows=len(corpus.rows),
    )
    files = {
        _YAML: "".join(f"{s.key}: {spell(s.value)}\n" for s in settings),
        _DEEPSPEED: json.dumps(ZERO_3, indent=2) + "\n",
        "data/dataset_info.json": json.dumps(_dataset_info(corpus.rows[0]), indent=2) + "\n",
        f"data/{_ROWS}": dump_rows(corpus.rows),
        LAUNCH: _launch(target),
    }
    return Draft(job, files)


def template_of(base: str) -> str:
    """Return LLaMA-Factory's name of a base's chat template.

    Raises:
        ConfigError: the base's name does not tell.
    """
    if "qwen3" in base.lower():
        return "qwen3"
    raise ConfigError(
        f"which chat template {base!r} has is not known here; name LLaMA-Factory's with --template"
    )


def _fixed(target: Target, corpus: Corpus) -> list[Setting]:
    return [
        Setting("model_name_or_path", base_in_job(target.base)),
        Setting("trust_remote_code", False),
        Setting("stage", "sft"),
        Setting("do_train", True),
        Setting("finetuning_type", "full"),
        Setting("deepspeed", _DEEPSPEED),
        Setting("dataset", _DATASET),
        Setting("dataset_dir", "data"),
        Setting("disable_shuffling", corpus.in_order),
        Setting("output_dir", CHECKPOINTS),
        Setting("logging_steps", 1),
        Setting("save_strategy", "steps"),
        Setting("save_only_model", True),
        Setting("report_to", "none"),
        Setting("seed", target.seed),
        Setting("ddp_timeout", 180_000_000),
    ]


def _arm_settings(config: SFTConfig, target: Target) -> tuple[list[Setting], list[str], list[int]]:
    """Return the keys of an arm, where the engine differs, and the steps of its checkpoints."""
    if config.precision == "float32":
        raise ConfigError(
            'precision = "float32": LLaMA-Factory trains in bfloat16 over float32 master weights; '
            "leave it out"
        )
    if config.batch_size % target.devices:
        raise ConfigError(
            f"batch_size = {config.batch_size} cannot be shared by {target.devices} devices; "
            "change it, --nodes or --gpus"
        )
    stages = config.planned_stages
    distance, saved = saved_steps(stages, config.steps)
    cosine = config.schedule == "cosine"
    settings = [
        Setting("enable_thinking", True),  # else the engine takes the thought out of the traces
        Setting("cutoff_len", paper.CUTOFF),
        Setting("max_steps", config.steps, "steps"),
        Setting("per_device_train_batch_size", 1, "batch_size"),
        Setting("gradient_accumulation_steps", config.batch_size // target.devices, "batch_size"),
        Setting("learning_rate", config.learning_rate, "learning_rate"),
        Setting("warmup_steps", round(config.warmup * config.steps), "warmup"),
        Setting(
            "lr_scheduler_type",
            "cosine_warmup_with_min_lr" if cosine else "constant_with_warmup",
            "schedule",
        ),
        Setting("weight_decay", config.weight_decay, "weight_decay"),
        Setting("max_grad_norm", config.max_grad_norm, "max_grad_norm"),
        Setting("bf16", True, "precision"),
        Setting("save_steps", distance, "stages"),
    ]
    differences = ["the newline after the end of a turn takes part in the loss"]
    if cosine:
        settings.append(Setting("lr_scheduler_kwargs", {"min_lr_rate": FINAL_RATE}, "schedule"))
    elif config.warmup:
        differences.append("the learning rate of the warm-up is that of our loop one step earlier")
    if saved != stages:
        differences.append(f"checkpoints at {saved}, the nearest even distance to {stages}")
    return settings, differences, saved


def _objective(config: SFTConfig) -> list[Setting]:
    """Return the keys of an objective.

    Raises:
        ConfigError: the engine does not have it.
    """
    pair = config.objective, config.kl
    if pair == ("nll", "off"):
        return []
    if pair == ("dft", "off"):
        return [Setting("use_dft_loss", True, "objective")]
    if pair == ("dft", "forward"):
        return [
            Setting("use_asft_loss", True, "objective"),
            Setting("asft_alpha", config.kl_weight, "kl_weight"),
        ]
    if pair == ("eaft", "off"):
        return [
            Setting("use_eaft_loss", True, "objective"),
            Setting("eaft_alpha", config.eaft_alpha, "eaft_alpha"),
        ]
    raise ConfigError(
        f"objective = {config.objective!r} with kl = {config.kl!r}: LLaMA-Factory has nll, dft and "
        "eaft with kl = 'off', and dft with kl = 'forward'"
    )


def _without_accumulation(settings: list[Setting]) -> list[Setting]:
    # The engine adds up the anchored loss over accumulated batches and does not divide it.
    value = {s.key: s.value for s in settings}
    batch = value["per_device_train_batch_size"] * value["gradient_accumulation_steps"]
    changed = {"per_device_train_batch_size": batch, "gradient_accumulation_steps": 1}
    return [s._replace(value=changed.get(s.key, s.value)) for s in settings]


def _data_told(config: SFTConfig, corpus: Corpus) -> dict[str, str]:
    if not corpus.in_order:
        return {"data": f"{_ROWS}: each example once, shuffled by the engine in every epoch"}
    order = f"{_ROWS}: the rows in the order of the steps"
    words = f"{_ROWS}: {config.traces} traces of the teacher {config.teacher!r}"
    return {"curriculum": order, "traces": words, "teacher": words}


def _dataset_info(row: Row) -> dict[str, Any]:
    if "messages" not in row:
        columns = {"prompt": "prompt", "response": "completion"}
        return {_DATASET: {"file_name": _ROWS, "columns": columns}}
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    columns = {"messages": "messages"}
    return {
        _DATASET: {
            "file_name": _ROWS,
            "formatting": "sharegpt",
            "columns": columns,
            "tags": tags,
        }
    }


def _launch(target: Target) -> str:
    return f"""\
#!/usr/bin/env bash
# Trains this job; arguments are passed on, as in: bash {LAUNCH} save_steps=10
# With several nodes, run it on each with NODE_RANK and MASTER_ADDR set.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"
{version_check(ENGINE, VERSION)}\
# DeepSpeed wants torchrun, even for one device.
export FORCE_TORCHRUN=1 NNODES={target.nodes} NPROC_PER_NODE={target.gpus}
exec llamafactory-cli train {_YAML} "$@"
"""
