"""`metaprobe handoff` writes whole jobs, the same each time, that name no other place."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metaprobe.cli.handoff import app
from metaprobe.core.errors import ConfigError
from metaprobe.core.files import sha256_file

SETTINGS = [
    *("data.problems=40", "arms.sft_short.steps=4", "arms.sft_long.steps=4", "arms.grpo.steps=2"),
]
FILES = {
    "llamafactory": {
        *("job.yaml", "ds_z3.json", "launch.sh", "study.toml"),
        *("data/dataset_info.json", "data/train.jsonl"),
    },
    "verl": {
        *("overrides.txt", "train.parquet", "val.parquet", "reward.py", "check.py"),
        *("launch.sh", "merge.sh", "study.toml"),
    },
}


def write(engine: str, out: Path, *more: object, settings: tuple[str, ...] = ()) -> str:
    chosen = [part for s in (*SETTINGS, *settings) for part in ("--set", s)]
    arguments = [engine, "nano", "--out", str(out), *map(str, more), *chosen]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All jobs of the built-in study, made smaller."""
    root = tmp_path_factory.mktemp("handoff")
    for engine in FILES:
        write(engine, root / engine)
    return {engine: root / engine for engine in FILES}


@pytest.mark.parametrize(
    ("engine", "arms"), [("llamafactory", {"sft_short", "sft_long"}), ("verl", {"grpo"})]
)
def test_every_arm_of_the_kind_gets_a_whole_job(
    roots: dict[str, Path], engine: str, arms: set[str]
) -> None:
    assert {path.name for path in roots[engine].iterdir()} == arms
    for arm in arms:
        folder = roots[engine] / arm
        job = json.loads((folder / "job.json").read_text())
        assert set(job["files"]) == set(contents(folder)) - {"job.json"}
        assert set(job["files"]) >= FILES[engine]
        assert job["files"] == {name: sha256_file(folder / name) for name in job["files"]}
        assert (job["engine"], job["arm"], job["base"]) == (engine, arm, "nano/qwen3")


@pytest.mark.parametrize("engine", FILES)
def test_a_job_is_the_same_each_time_and_names_no_place(
    roots: dict[str, Path], engine: str, tmp_path: Path
) -> None:
    write(engine, tmp_path / "again")
    again = contents(tmp_path / "again")
    assert again == contents(roots[engine])
    here = str(Path(__file__).parents[3]).encode()
    for name, content in again.items():
        assert str(tmp_path).encode() not in content, name
        assert here not in content, name


@pytest.mark.parametrize("engine", FILES)
def test_scripts_are_shell(roots: dict[str, Path], engine: str) -> None:
    for script in roots[engine].rglob("*.sh"):
        done = subprocess.run(["bash", "-n", str(script)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert script.stat().st_mode & 0o100


def test_one_arm_lies_in_the_folder_itself_and_seeds_below_it(tmp_path: Path) -> None:
    write("verl", tmp_path, "--arm", "grpo", settings=("seeds=[1, 2]",))
    jobs = [json.loads((tmp_path / f"seed-{s}" / "job.json").read_text()) for s in (1, 2)]
    assert [job["seed"] for job in jobs] == [1, 2]
    assert jobs[0]["files"]["train.parquet"] != jobs[1]["files"]["train.parquet"]


def test_another_base_and_prepared_data_are_taken(tmp_path: Path) -> None:
    rows = [{"prompt": f"{n}", "completion": "c"} for n in range(3)]
    data = tmp_path / "mine.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    more = ("--arm", "sft_long", "--model", "Qwen/Qwen3-4B-Base", "--data", data, "--gpus", 2)
    write("llamafactory", tmp_path / "job", *more)
    written = (tmp_path / "job" / "data" / "train.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in written] == rows
    job = json.loads((tmp_path / "job" / "job.json").read_text())
    assert (job["base"], job["rows"], job["gpus"]) == ("Qwen/Qwen3-4B-Base", 3, 2)
    assert not (tmp_path / "job" / "base").exists()
    assert 'base = "Qwen/Qwen3-4B-Base"' in (tmp_path / "job" / "study.toml").read_text()


def test_a_job_that_was_run_is_not_written_over(tmp_path: Path) -> None:
    write("verl", tmp_path, "--arm", "grpo")
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(ConfigError, match="run already"):
        write("verl", tmp_path, "--arm", "grpo")


@pytest.mark.parametrize(
    ("engine", "more", "settings", "named"),
    [
        ("verl", ("--arm", "sft_long"), (), "of kind sft"),
        ("llamafactory", ("--arm", "sft_on_policy"), (), "sft_on_policy"),
        ("llamafactory", ("--arm", "sft_lang"), (), "did you mean 'sft_long'"),
        ("llamafactory", (), ('arms.sft_long.objective="psft"',), "arm 'sft_long'.*psft"),
        ("verl", ("--preset", "papr"), (), "paper"),
        ("verl", ("--preset", "paper"), (), "Qwen3-14B-Base"),
    ],
)
def test_what_cannot_be_handed_over_is_refused_before_anything_is_written(
    engine: str, more: tuple[str, ...], settings: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=named) as error:
        write(engine, tmp_path / "job", *more, settings=settings)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "job").exists()
