"""verl itself validates our jobs, loads data and reward, and merges what becomes a stage."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from environment import HERE, Engine, metaprobe, options
from safetensors.torch import load_file

from metaprobe.benchmark.interchange.rows import grade_row
from metaprobe.models.chat import encode_prompts
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import load_model
from metaprobe.probes.parameters import measure_parameters
from metaprobe.stages.store import read_stage
from metaprobe.study.config import load_study
from metaprobe.training.handoff import verl as handoff
from metaprobe.training.session import learning_rate

pytestmark = pytest.mark.engines

SMALL = [
    *("data.problems=40", "arms.grpo.steps=4", "arms.grpo.stages=[2, 4]"),
    "arms.grpo.warmup=0.5",
]
ARMS = {
    "mean": ['advantage="group_mean"', 'aggregation="sequence_mean"'],
    "rloo": ['advantage="leave_one_out"', 'aggregation="constant"', 'loss="gspo"'],
    "batch": ['advantage="batch_std"', 'loss="cispo"', "updates_per_rollout=3"],
    "kl": ['kl="k3"', "kl_weight=0.02", "dual_clip=3.0", 'schedule="constant"'],
    "refill": ["refill=2", "token_correction=2.0", "entropy_weight=0.01"],
    "float32": ['precision="float32"', 'curriculum="level"'],
}
"""Arms that between them say everything that verl can be told."""


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Jobs of the shipped base, of the arms above and of the preset."""
    root = tmp_path_factory.mktemp("verl")
    made = {name: root / name for name in ("plain", *ARMS)}
    for name, out in made.items():
        settings = [f"arms.grpo.{setting}" for setting in ARMS.get(name, [])]
        metaprobe(
            *("handoff", "verl", "nano", "--arm", "grpo", "--gpus", 2, "--out", out),
            *options(SMALL + settings),
        )
    for size in ("1.7B", "4B", "14B"):
        made[size] = root / size
        metaprobe(
            *("handoff", "verl", "nano", "--arm", "grpo", "--preset", "paper"),
            *("--model", f"Qwen/Qwen3-{size}-Base", "--out", made[size]),
            *options(["data.problems=600"]),
        )
    return made


def responses(job: Path) -> list[str]:
    """A right answer, a wrong one, none, and hostile ones, by turns."""
    rows = handoff.pl.read_parquet(job / "train.parquet")["reward_model"].to_list()
    gold = [json.loads(row["ground_truth"]) for row in rows]
    return [
        [
            f"So \\boxed{{{answer.get('value', 1)}}}.",
            "The answer is \\boxed{-987654}.",
            "I do not know.",
            "\\boxed{" * 50 + "__import__('os')",
        ][number % 4]
        for number, answer in enumerate(gold)
    ]


@pytest.fixture(scope="module")
def found(verl: Engine, jobs: dict[str, Path]) -> dict[str, Any]:
    """What verl says of all jobs."""
    (jobs["plain"] / "answers.json").write_text(json.dumps(responses(jobs["plain"])))
    done = verl.run(
        ["python3", str(HERE / "verl_checks.py"), *map(str, jobs.values())], cwd=jobs["plain"]
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def test_verl_and_the_jobs_own_check_accept_every_job(
    jobs: dict[str, Path], found: dict[str, Any]
) -> None:
    assert found["checked"] == {str(job): "ok" for job in jobs.values()}


def test_what_verl_takes_unchecked_is_refused(found: dict[str, Any]) -> None:
    wrong = found["wrong"]
    assert "grppo" in wrong["estimator"]
    assert "vanila" in wrong["loss"]
    assert "hf" in wrong["rollout"]
    assert "mean" in wrong["aggregation"]
    assert "names no reward" in wrong["old reward key"]


def test_what_we_name_is_in_verls_registries(found: dict[str, Any]) -> None:
    assert {name for name, _ in handoff.ADVANTAGES.values()} <= set(found["estimators"])
    assert set(handoff.LOSSES.values()) <= set(found["losses"])
    assert set(handoff.ROLLOUTS) == set(found["rollouts"])


def test_verls_data_set_has_our_prompts_in_our_order(
    jobs: dict[str, Path], found: dict[str, Any]
) -> None:
    rows = handoff.pl.read_parquet(jobs["plain"] / "train.parquet").to_dicts()
    assert [row["prompt"] for row in found["rows"]] == [row["prompt"] for row in rows]
    tokenizer = load_model("nano/qwen3").tokenizer
    asked = [row["prompt"][0]["content"].rpartition("\n")[0] for row in rows]
    assert [row["ids"] for row in found["rows"]] == encode_prompts(tokenizer, asked)


def test_verls_reward_is_our_grader(jobs: dict[str, Path], found: dict[str, Any]) -> None:
    said = responses(jobs["plain"])
    expected = [
        float(grade_row({"answer": row["gold"]}, text).verdict == "correct")
        for row, text in zip(found["rows"], said, strict=True)
    ]
    assert [reward["score"] for reward in found["rewards"]] == expected
    assert [reward["acc"] for reward in found["rewards"]] == expected
    assert 0 < sum(expected) < len(expected)


def test_verls_learning_rates_are_those_of_our_own_loop(found: dict[str, Any]) -> None:
    arm = load_study("nano", SMALL).arms["grpo"]
    expected = [learning_rate(arm, step) for step in range(1, arm.steps + 1)]
    assert found["rates"] == pytest.approx(expected)


def test_the_launch_script_gives_verl_every_setting(verl: Engine, jobs: dict[str, Path]) -> None:
    job = jobs["14B"]
    done = verl.run(["bash", "launch.sh", "--cfg", "job", "--resolve"], cwd=job)
    assert done.returncode == 0, done.stderr[-3000:]
    text = done.stdout
    resolved = yaml.safe_load(text[text.index("actor_rollout_ref:") :])
    for line in (job / "overrides.txt").read_text().splitlines():
        key, _, value = line.removeprefix("+").partition("=")
        place = resolved
        for part in key.split("."):
            place = place[part]
        assert place == yaml.safe_load(value), line
    assert resolved["reward"]["custom_reward_function"]["path"] == str(job / "reward.py")
    assert resolved["trainer"]["default_local_dir"] == str(job / "checkpoints")


def test_a_merged_checkpoint_becomes_a_stage(
    verl: Engine, jobs: dict[str, Path], tmp_path: Path
) -> None:
    job = tmp_path / "job"
    shutil.copytree(jobs["plain"], job)
    actor = job / "checkpoints" / "global_step_2" / "actor"
    done = verl.run(["python3", str(HERE / "verl_shards.py"), str(job / "base"), str(actor)], job)
    assert done.returncode == 0, done.stderr[-3000:]
    done = verl.run(["bash", "merge.sh"], cwd=job)
    assert done.returncode == 0, done.stderr[-3000:]
    metaprobe("handoff", "collect", job, "--out", tmp_path / "out")
    stage = tmp_path / "out" / "stages" / "grpo" / "seed-0" / "step-2"
    info = read_stage(stage).info
    assert (info.kind, info.step, info.dtype) == ("grpo", 2, "bfloat16")
    assert load_model(str(stage)).model.dtype == torch.bfloat16
    base = resolve_model("nano/qwen3")
    assert base is not None
    _only_the_first_layer_changed(base, stage)


def _only_the_first_layer_changed(base: Path, stage: Path) -> None:
    before, after = (load_file(folder / "model.safetensors") for folder in (base, stage))
    moved = {n for n in before if not torch.equal(before[n].bfloat16(), after[n])}
    assert moved == {n for n in before if "layers.0." in n}
    change = measure_parameters(base, stage)
    assert change.rounded_to == "bfloat16"
    for module in change.per_module:
        assert (module.changed > 0) == (module.layer == 0), module.name
    share = {c.tolerance: c.share for c in change.changed if c.dtype == "float32"}
    assert share[0] < 0.3
