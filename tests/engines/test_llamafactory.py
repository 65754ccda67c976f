"""LLaMA-Factory itself trains our jobs, reads our keys and sees our tokens."""

import json
from pathlib import Path
from typing import Any

import pytest
from environment import HERE, Engine, metaprobe, options
from safetensors.numpy import load_file

from metaprobe.core.vocabulary import Split, parse_cells
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import load_model
from metaprobe.probes.parameters import measure_parameters
from metaprobe.stages.discover import find_stages
from metaprobe.stages.store import read_stage
from metaprobe.study.config import load_study
from metaprobe.training.data import draw_items
from metaprobe.training.handoff.data import planned
from metaprobe.training.session import ArmRun
from metaprobe.training.sft import teacher_examples
from metaprobe.training.train import train_arm

pytestmark = pytest.mark.engines

SMALL = [
    *("data.problems=64", "arms.sft_long.steps=2", "arms.sft_long.batch_size=4"),
    *("arms.sft_long.stages=[1, 2]", "arms.sft_long.warmup=0.5"),
]
"""Two steps, of four examples each."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job of two steps from the shipped base."""
    out = tmp_path_factory.mktemp("llamafactory") / "job"
    metaprobe(
        *("handoff", "llamafactory", "nano", "--arm", "sft_long", "--gpus", 1, "--out", out),
        *options(SMALL),
    )
    return out


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Jobs with every objective that the engine has, and of the preset."""
    root = tmp_path_factory.mktemp("others")
    arms = {
        "dft": ['arms.sft_long.objective="dft"'],
        "asft": [
            *('arms.sft_long.objective="dft"', 'arms.sft_long.kl="forward"'),
            "arms.sft_long.kl_weight=0.25",
        ],
        "eaft": ['arms.sft_long.objective="eaft"', "arms.sft_long.eaft_alpha=0.5"],
        "constant": ['arms.sft_long.schedule="constant"'],
    }
    made = {}
    for name, settings in arms.items():
        made[name] = root / name
        metaprobe(
            *("handoff", "llamafactory", "nano", "--arm", "sft_long", "--gpus", 2),
            *("--out", made[name], *options(SMALL + settings)),
        )
    for size in ("1.7B", "4B", "14B"):
        metaprobe(
            *("handoff", "llamafactory", "nano", "--preset", "paper", "--out", root / size),
            *("--model", f"Qwen/Qwen3-{size}-Base", *options(SMALL)),
        )
        made |= {f"{size} {arm}": root / size / f"sft_{arm}" for arm in ("short", "long")}
    return made


@pytest.fixture(scope="module")
def checked(llama_factory: Engine, job: Path, others: dict[str, Path]) -> dict[str, Any]:
    """What the engine says of all jobs."""
    done = llama_factory.run(
        ["python3", str(HERE / "llamafactory_checks.py"), str(job), *map(str, others.values())],
        cwd=job,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def trained(llama_factory: Engine, job: Path, checked: dict[str, Any]) -> Path:
    """The job after it was run on the CPU by its own launch script."""
    del checked
    done = llama_factory.run(
        ["bash", "launch.sh", "use_cpu=true", "bf16=false", "deepspeed=null"], cwd=job
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return job


def test_the_engine_reads_what_was_meant(job: Path, checked: dict[str, Any]) -> None:
    read = checked["read"][str(job)]
    arm = load_study("nano").arms["sft_long"]
    assert read["learning_rate"] == arm.learning_rate
    assert (read["max_steps"], read["save_steps"], read["warmup_steps"]) == (2, 1, 1)
    assert read["gradient_accumulation_steps"] == 4
    assert read["lr_scheduler_type"] == "cosine_warmup_with_min_lr"
    assert read["disable_shuffling"]
    assert read["template"] == "qwen3"


def test_every_objective_is_the_engines_own(
    others: dict[str, Path], checked: dict[str, Any]
) -> None:
    read = {name: checked["read"][str(path)] for name, path in others.items()}
    switches = ("use_dft_loss", "use_asft_loss", "use_eaft_loss")
    on = {name: [s for s in switches if read[name][s]] for name in read}
    assert on["dft"] == ["use_dft_loss"]
    assert on["asft"] == ["use_asft_loss"]
    assert on["eaft"] == ["use_eaft_loss"]
    assert read["asft"]["asft_alpha"] == 0.25
    assert read["eaft"]["eaft_alpha"] == 0.5
    assert read["asft"]["gradient_accumulation_steps"] == 1
    assert read["asft"]["per_device_train_batch_size"] == 2
    assert read["constant"]["lr_scheduler_type"] == "constant_with_warmup"


@pytest.mark.parametrize("size", ["1.7B", "4B", "14B"])
@pytest.mark.parametrize("traces", ["short", "long"])
def test_the_engine_takes_the_published_hyperparameters(
    size: str, traces: str, others: dict[str, Path], checked: dict[str, Any]
) -> None:
    read = checked["read"][str(others[f"{size} {traces}"])]
    assert read["model"] == f"Qwen/Qwen3-{size}-Base"
    assert (read["learning_rate"], read["num_train_epochs"], read["cutoff_len"]) == (5e-5, 2, 16384)
    assert (read["per_device_train_batch_size"], read["gradient_accumulation_steps"]) == (1, 8)
    assert (read["lr_scheduler_type"], read["warmup_steps"]) == ("cosine", 0.1)
    assert read["save_steps"] == 50
    assert read["enable_thinking"] == (traces == "long")
    assert not read["disable_shuffling"]


def test_an_unknown_key_is_refused(checked: dict[str, Any]) -> None:
    assert "no_such_key" in checked["refusal"]


def test_the_engine_sees_our_tokens_in_our_order(checked: dict[str, Any]) -> None:
    study = load_study("nano", SMALL)
    arm: Any = study.arms["sft_long"]
    items = _items(study)
    order = planned(items, arm, size=4, stream="train/sft_long/0/order", count=2)
    tokenizer = load_model("nano/qwen3").tokenizer
    newline = tokenizer.encode("\n", add_special_tokens=False)
    rows = checked["tokens"]
    assert len(rows) == len(order) == 8
    for row, example in zip(rows, teacher_examples(tokenizer, arm, order), strict=True):
        target = [*example.completion, *newline]  # a difference that the job states
        assert row["ids"] == [*example.prompt, *target]
        assert row["labels"] == [-100] * len(example.prompt) + target


def _items(study: Any) -> list[Any]:
    return draw_items(
        parse_cells(study.data.cells),
        study.data.levels,
        study.data.problems,
        split=Split.TRAIN,
        seed=0,
        families=study.data.families,
    )


def test_checkpoints_become_stages(trained: Path, tmp_path: Path) -> None:
    metaprobe("handoff", "collect", trained, "--out", tmp_path)
    stages = tmp_path / "stages" / "sft_long" / "seed-0"
    found = find_stages(str(stages))
    assert [(s.arm, s.kind, s.step) for s in found] == [
        ("sft_long", "sft", 1),
        ("sft_long", "sft", 2),
    ]
    info = read_stage(stages / "step-2").info
    assert info.dtype == "float32"  # on the CPU without mixed precision
    assert info.config["engine"] == "llamafactory 0.9.5"
    base = resolve_model("nano/qwen3")
    assert base is not None
    norms = [measure_parameters(base, Path(s.model)).relative_norm for s in found]
    assert 0 < norms[0] < norms[1] < 0.1


def test_the_engine_learns_what_our_own_loop_learns(trained: Path, tmp_path: Path) -> None:
    study = load_study("nano", SMALL)
    run = ArmRun(arm="sft_long", seed=0, base="nano/qwen3", root=tmp_path)
    train_arm(study.arms["sft_long"], _items(study), run)
    base = load_file(Path(str(resolve_model("nano/qwen3"))) / "model.safetensors")
    theirs = load_file(trained / "output" / "checkpoint-2" / "model.safetensors")
    ours = load_file(run.folder / "step-2" / "model.safetensors")
    dot = sum(float(((theirs[n] - base[n]) * (ours[n] - base[n])).sum()) for n in base)
    norms = [sum(float(((w[n] - base[n]) ** 2).sum()) for n in base) ** 0.5 for w in (theirs, ours)]
    assert dot / (norms[0] * norms[1]) > 0.9
    assert norms[0] == pytest.approx(norms[1], rel=0.05)


def test_stages_are_probed_as_their_study_says(trained: Path, tmp_path: Path) -> None:
    metaprobe("handoff", "collect", trained, "--out", tmp_path)
    few = ["benchmark.items_per_cell=1", "sampling.max_new_tokens=8"]
    done = metaprobe(
        *("probe", tmp_path / "stages" / "sft_long" / "seed-0", "--base", "nano/qwen3"),
        *("--out", tmp_path / "probed", "--workers", 1, "--json", *options(few)),
    )
    [arm] = json.loads(done)["arms"]
    assert [step["step"] for step in arm["steps"]] == [1, 2]
    assert all(step["parameters"]["relative_norm"] > 0 for step in arm["steps"])
