"""Run by verl's Python: what it makes of jobs.

Arguments: job folders, the first with a tokenizer in `base`; prints one line of JSON.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_module
from hydra.errors import HydraException
from transformers import AutoTokenizer
from verl.trainer.ppo.core_algos import ADV_ESTIMATOR_REGISTRY, POLICY_LOSS_REGISTRY
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.utils.torch_functional import get_cosine_schedule_with_warmup
from verl.workers.rollout.base import _ROLLOUT_REGISTRY


def overrides(job: Path, *more: str) -> list[str]:
    """The overrides of a job with the paths that its launch script adds."""
    paths = {
        "data.train_files": "train.parquet",
        "data.val_files": "val.parquet",
        "reward.custom_reward_function.path": "reward.py",
        "actor_rollout_ref.model.path": "base",
    }
    lines = [f'{key}="{job / name}"' for key, name in paths.items()]
    return [*lines, *(job / "overrides.txt").read_text().splitlines(), *more]


def config(lines: Sequence[str]) -> Any:
    """verl's configuration under these overrides."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer", overrides=list(lines))


def verdict(check: Callable[[Sequence[str]], None], lines: Sequence[str]) -> str:
    """`ok`, or what the job's own check says of the overrides."""
    try:
        check(lines)
    except (SystemExit, AssertionError, ValueError, HydraException) as error:
        return str(error)
    return "ok"


def wrong(check: Callable[[Sequence[str]], None], job: Path) -> dict[str, str]:
    """What the job's check says of values that verl itself takes."""
    actor = "actor_rollout_ref.actor"
    path = f'path="{job / "reward.py"}"'
    changes = {
        "estimator": [*overrides(job), "algorithm.adv_estimator=grppo"],
        "loss": [*overrides(job), f"{actor}.policy_loss.loss_mode=vanila"],
        "rollout": [*overrides(job), "actor_rollout_ref.rollout.name=hf"],
        "aggregation": [*overrides(job), f"{actor}.loss_agg_mode=mean"],
        "old reward key": [
            *(line for line in overrides(job) if "reward.custom" not in line),
            *(f"custom_reward_function.{path}", "custom_reward_function.name=compute_score"),
        ],
    }
    return {name: verdict(check, lines) for name, lines in changes.items()}


def dataset(job: Path) -> list[dict[str, Any]]:
    """The training rows as verl's own class of data sets gives them."""
    tokenizer = AutoTokenizer.from_pretrained(job / "base")
    data = config(overrides(job, f'+data.cache_dir="{job / "cache"}"')).data
    rows = RLHFDataset(data_files=data.train_files, tokenizer=tokenizer, config=data)
    return [
        {
            "prompt": row["raw_prompt"],
            "source": row["data_source"],
            "gold": row["reward_model"]["ground_truth"],
            "ids": tokenizer.apply_chat_template(
                row["raw_prompt"], add_generation_prompt=True, return_dict=False
            ),
        }
        for row in (rows[i] for i in range(len(rows)))
    ]


def rewards(job: Path, rows: Sequence[dict[str, Any]], answers: Sequence[str]) -> list[Any]:
    """The reward of each answer to the row of the same number, by verl's own loader."""
    score = get_custom_reward_fn(config(overrides(job)))
    assert score is not None
    return [
        score(data_source=r["source"], solution_str=a, ground_truth=r["gold"], extra_info={})
        for r, a in zip(rows, answers, strict=False)
    ]


def rates(job: Path) -> list[float]:
    """The learning rate of every step, by verl's own schedule."""
    read = config(overrides(job))
    optim, steps = read.actor_rollout_ref.actor.optim, read.trainer.total_training_steps
    weight = torch.nn.Parameter(torch.zeros(1))
    schedule = get_cosine_schedule_with_warmup(
        torch.optim.SGD([weight], lr=optim.lr),
        num_warmup_steps=optim.lr_warmup_steps,
        num_training_steps=steps,
        min_lr_ratio=optim.min_lr_ratio,
        num_cycles=optim.num_cycles,
        zero_indexed_step=optim.zero_indexed_step,
    )
    return [optim.lr * schedule.lr_lambdas[0](step) for step in range(steps)]


def main(jobs: Sequence[Path]) -> dict[str, Any]:
    """Everything that the tests ask."""
    spec = importlib.util.spec_from_file_location("check", jobs[0] / "check.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows = dataset(jobs[0])
    answers = json.loads((jobs[0] / "answers.json").read_text())
    return {
        "checked": {str(job): verdict(module.check, overrides(job)) for job in jobs},
        "wrong": wrong(module.check, jobs[0]),
        "rows": rows,
        "rewards": rewards(jobs[0], rows, answers),
        "rates": rates(jobs[0]),
        "estimators": [str(getattr(k, "value", k)) for k in ADV_ESTIMATOR_REGISTRY],
        "losses": list(POLICY_LOSS_REGISTRY),
        "rollouts": [name for name, _ in _ROLLOUT_REGISTRY],
    }


if __name__ == "__main__":
    found = main([Path(folder) for folder in sys.argv[1:]])
    sys.stdout.write("\n" + json.dumps(found) + "\n")
