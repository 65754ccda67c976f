"""A folder that grows under somebody's hands is measured checkpoint by checkpoint."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import Gate, Look, read_summary
from metaprobe.models.folders import resolve_model
from metaprobe.stages.whole import unfinished
from metaprobe.study import watch as module
from metaprobe.study.looks import LOG_NAME, Measured
from metaprobe.study.watch import Arrived, Broken, Following, follow
from metaprobe.study.webhook import check_webhook, post_look

NOTHING = Gate(expression="collapse", failed=False, failing_arms=[], conditions=[])


def look(number: int, step: int, *, failed: bool = False) -> Look:
    return Look(
        number=number,
        arm="run",
        kind="external",
        seed=0,
        step=step,
        seconds=0.0,
        tokens=0,
        forward_tokens=None,
        model="m",
        weights="w",
        since_base=[],
        previous=None,
        since_previous=[],
        gate=NOTHING.model_copy(update={"failed": failed}),
    )


class Recorder:
    """Stands for `Looks`: notes what it is asked to measure, and checks that it is whole."""

    workers = 0

    def __init__(self, *, fails_at: int | None = None, gone: int | None = None) -> None:
        self.seen: list[Look] = []
        self.calls: list[list[int]] = []
        self.fails_at, self.gone = fails_at, gone

    def is_known(self, stage) -> bool:
        return False

    def measure(self, found) -> Measured:
        self.calls.append([stage.step for stage in found])
        for stage in found:
            if stage.step == self.gone:
                shutil.rmtree(stage.model)
                raise InputError("gone")
            assert unfinished(Path(stage.model)) is None
        looks = [
            look(len(self.seen) + 1, stage.step, failed=stage.step == self.fails_at)
            for stage in found
        ]
        self.seen += looks
        return Measured(looks, {})


def parts() -> dict[str, bytes]:
    """The files of a small checkpoint."""
    tensors = {"w": np.arange(64, dtype=np.float32)}
    header = json.dumps({"w": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}}).encode()
    weights = len(header).to_bytes(8, "little") + header + tensors["w"].tobytes()
    return {
        "model.safetensors": weights,
        "config.json": b'{"model_type": "qwen3"}',
        "tokenizer.json": b"{}",
    }


def write(folder: Path, *, pause: float = 0.0) -> None:
    folder.mkdir(parents=True)
    for name, content in parts().items():
        for piece in range(4):
            with (folder / name).open("ab") as file:
                file.write(content[len(content) * piece // 4 : len(content) * (piece + 1) // 4])
            time.sleep(pause)


@pytest.fixture
def quick(monkeypatch) -> None:
    monkeypatch.setattr(module, "SETTLED", 0.04)


def test_each_checkpoint_that_a_script_writes_slowly_is_measured_once_and_whole(
    tmp_path, quick
) -> None:
    steps = [10, 20, 30]

    def script() -> None:
        for step in steps:
            write(tmp_path / f"checkpoint-{step}", pause=0.015)

    writer = threading.Thread(target=script)
    writer.start()
    recorder = Recorder()
    events = list(follow(Following(place=str(tmp_path), every=0.02, until_step=30), recorder))
    writer.join()
    assert [e.step for e in events if isinstance(e, Look)] == steps
    assert [e.stage.step for e in events if isinstance(e, Arrived)] == steps
    assert recorder.calls == [[], [10], [20], [30]]
    assert not [e for e in events if isinstance(e, Broken)]


def test_one_that_stays_broken_is_named_once_and_measured_when_it_is_mended(
    tmp_path, quick
) -> None:
    folder = tmp_path / "checkpoint-7"
    write(folder)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:100])
    following = Following(place=str(tmp_path), every=0.02, until_step=7, patience=0.1)
    found = []
    for event in follow(following, Recorder()):
        found.append(event)
        if isinstance(event, Broken):
            (folder / "model.safetensors").write_bytes(whole)
    broken, arrived, measured = found
    assert "model.safetensors" in broken.reason
    assert "\n" not in broken.reason
    assert (arrived.stage.step, measured.step) == (7, 7)


def test_what_is_broken_at_the_end_is_named(tmp_path, quick) -> None:
    (tmp_path / "checkpoint-9").mkdir()
    events = list(follow(Following(place=str(tmp_path), every=0.02, idle=0.1), Recorder()))
    assert [Path(e.path).name for e in events if isinstance(e, Broken)] == ["checkpoint-9"]


def test_one_that_is_deleted_while_it_is_measured_ends_nothing(tmp_path, quick) -> None:
    for step in (1, 2):
        write(tmp_path / f"checkpoint-{step}")
    recorder = Recorder(gone=1)
    events = list(follow(Following(place=str(tmp_path), every=0.02, until_step=2), recorder))
    assert [e.step for e in events if isinstance(e, Look)] == [2]


def test_a_gate_that_fails_ends_the_watch(tmp_path, quick) -> None:
    for step in (1, 2, 3):
        write(tmp_path / f"checkpoint-{step}")
    recorder = Recorder(fails_at=2)
    list(follow(Following(place=str(tmp_path), every=0.02), recorder))
    assert [seen.step for seen in recorder.seen] == [1, 2]


def test_a_folder_that_is_not_there_is_an_error(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        next(follow(Following(place=str(tmp_path / "x")), Recorder()))


class Server(BaseHTTPRequestHandler):
    """Answers with the number in the path, and notes what it got."""

    got: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(int(self.path[1:]))
        if self.path == "/302":
            self.send_header("Location", "file:///etc/hostname")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


def test_a_webhook_gets_the_look_and_its_failures_are_one_line(monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert post_look(f"{url}/200", look(1, 10)) is None
        assert Look.model_validate_json(Server.got[-1]) == look(1, 10)
        for status in (302, 404, 500):
            assert post_look(f"{url}/{status}", look(1, 10)) == (
                f"webhook: the server answered {status}"
            )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    problem = post_look(f"{url}/200", look(1, 10))
    assert problem.startswith("webhook: ")
    assert "\n" not in problem


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "http://", "x", "http://[1/"])
def test_a_webhook_is_one_of_http_or_https(url) -> None:
    with pytest.raises(ConfigError, match="--webhook"):
        check_webhook(url)


SMALL = ["--base", "nano/qwen3", "--every", "0.5", "--probes", "accuracy"]
for setting in ("benchmark.items_per_cell=4", "sampling.samples=1", "sampling.max_new_tokens=40"):
    SMALL += ["--set", setting]


def start(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "metaprobe.cli.main", "watch", *map(str, arguments), *SMALL]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def finished(process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def here(*arguments) -> tuple[int, str, str]:
    """A watch in this process, which need not import everything again."""
    from typer.testing import CliRunner

    from metaprobe.cli.main import app

    done = CliRunner().invoke(app, ["watch", *map(str, arguments), *SMALL])
    return done.exit_code, done.stdout, str(done.exception)


def stage(folder: Path, noise: float) -> None:
    """A copy of the base with noise on its weights, written in two pieces."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(10)
    for path in Path(resolve_model("nano/qwen3")).iterdir():
        if path.suffix != ".safetensors":
            shutil.copy(path, folder)
            continue
        tensors = {
            k: (v.astype(np.float32) + noise * rng.normal(size=v.shape)).astype(v.dtype)
            for k, v in load_file(path).items()
        }
        aside = folder.parent / f"{folder.name}.tmp"
        save_file(tensors, aside, metadata={"format": "pt"})
        content = aside.read_bytes()
        aside.unlink()
        with (folder / path.name).open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            time.sleep(2.5)
            file.write(content[len(content) // 2 :])


@pytest.mark.slow
def test_a_killed_watch_goes_on_where_it_was_and_a_gate_leaves_with_3(tmp_path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    first = start(run, "--out", out, "--json")
    stage(run / "checkpoint-1", 0.0)
    line = first.stdout.readline()
    first.send_signal(signal.SIGINT)
    status, rest, err = finished(first)
    assert (status, rest) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    one = Look.model_validate_json(line)
    assert (one.number, one.step, one.previous) == (1, 1, None)
    assert all(g.change == 0 for g in one.since_base)

    shutil.rmtree(run / "checkpoint-1")  # as a trainer does that keeps the last ones
    stage(run / "checkpoint-2", 0.5)
    gate = ("--fail-on", "worst < -0.2")  # four items of a cell are too few for a small q-value
    status, told, err = here(run, "--out", out, "--json", "--until-step", "2", *gate)
    assert status == 3, err
    two = Look.model_validate_json(told)
    assert (two.number, two.step, two.previous) == (2, 2, 1)
    assert [g.change for g in two.since_base] == [g.change for g in two.since_previous]
    assert two.gate.failed
    arm = read_summary(out / "summary.json").arms[0]
    assert [s.step for s in arm.steps] == [1, 2]
    assert (out / "report.html").stat().st_size > 10_000
    assert len((out / LOG_NAME).read_text().splitlines()) == 2

    status, told, err = here(run, "--out", out, "--idle", "2", "--json")
    assert (status, told) == (0, ""), "what was reported is not reported again"
    _, _, err = here(run, "--out", out, "--set", "sampling.seed=1")
    assert "other settings" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--fail-on", "colapse"], "colapse"),
        (["--webhook", "file:///etc/passwd"], "no http or https URL"),
    ],
)
@pytest.mark.slow
def test_what_is_wrong_is_said_before_anything_is_loaded(tmp_path, arguments, word) -> None:
    status, _, err = finished(start(tmp_path, *arguments))
    assert status == 2
    assert word in err
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
