"""Run by LLaMA-Factory's Python: what it makes of jobs. Arguments: job folders; prints JSON."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from omegaconf import OmegaConf

CPU = {"use_cpu": True, "bf16": False}
SHOWN = (
    *("learning_rate", "max_steps", "num_train_epochs", "save_steps", "warmup_steps"),
    *("gradient_accumulation_steps", "per_device_train_batch_size", "weight_decay"),
    *("max_grad_norm", "seed", "save_only_model"),
)
TUNED = (
    *("use_dft_loss", "use_asft_loss", "asft_alpha", "use_eaft_loss", "eaft_alpha"),
    *("disable_shuffling", "finetuning_type"),
)


def parse(**changes: Any) -> Any:
    """The engine's own classes of arguments for the job in the current folder."""
    table = OmegaConf.to_container(OmegaConf.load("job.yaml"))
    del table["deepspeed"]  # not installed where there is no accelerator
    return get_train_args({**table, **CPU, **changes})


def shown(job: Path) -> dict[str, Any]:
    """How the engine reads the settings of a job."""
    os.chdir(job)
    model, data, training, tuning, _ = parse()
    found = {name: getattr(training, name) for name in SHOWN}
    found |= {name: getattr(tuning, name) for name in TUNED}
    found |= {
        "lr_scheduler_type": str(training.lr_scheduler_type.value),
        "model": model.model_name_or_path,
        "template": data.template,
        "enable_thinking": data.enable_thinking,
        "cutoff_len": data.cutoff_len,
    }
    return found


def tokens(job: Path) -> list[dict[str, list[int]]]:
    """What the engine would train on, row by row."""
    os.chdir(job)
    model, data, training, _, _ = parse()
    module = load_tokenizer(model)
    template = get_template_and_fix_tokenizer(module["tokenizer"], data)
    rows = get_dataset(template, model, data, training, stage="sft", **module)["train_dataset"]
    return [{"ids": row["input_ids"], "labels": row["labels"]} for row in rows]


def refusal(job: Path) -> str:
    """What the engine says of a key that it does not know."""
    os.chdir(job)
    try:
        parse(no_such_key=1)
    except ValueError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    jobs = [Path(folder) for folder in sys.argv[1:]]
    found = {
        "read": {str(job): shown(job) for job in jobs},
        "refusal": refusal(jobs[0]),
        "tokens": tokens(jobs[0]),
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")
