"""What the benches share: sides that take turns, CPU seconds, peak memory, the table.

Every side is a process of its own with one thread, so that its peak memory is its own. After the
warm-up the sides take turns, one step each, so that other work on the machine slows all of them.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

OURS = "ours"
GO = "go"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One comparison; the first side is ours, the last one the peer."""

    name: str
    peer: str
    """Name of the peer, as it is printed."""
    sides: dict[str, Callable[[str | None], None]]
    """By name, what runs in a side's process: given the base's name, it measures every step."""
    unit: str
    """What `work` counts, such as sampled tokens."""
    packages: tuple[str, ...]
    """Whose versions are printed."""
    needs: dict[str, str] = field(default_factory=dict)
    """By side, the package without which it is left out."""
    warm_up: int = 2
    turns: int = 5


@dataclass
class Measured:
    """What one side took."""

    cpu: list[float]
    work: list[float]
    peak_mb: float

    @property
    def seconds(self) -> float:
        """CPU seconds of the median step."""
        return statistics.median(self.cpu)


class Turn:
    """Waits for the side's turn, and measures what lies between `start` and `stop`.

    `extra` counts the peak memory from what the process has had when the turn is made.
    """

    def __init__(self, *, extra: bool = False) -> None:
        self._began = 0.0
        self._floor_mb = _peak_mb() if extra else 0.0

    def start(self) -> None:
        """Wait for the word to go; leave the process where none comes."""
        if sys.stdin.readline().strip() != GO:
            # The training loops of peers offer no way out that is quicker.
            os._exit(0)
        self._began = time.process_time()

    def stop(self, work: float) -> None:
        """Report the CPU seconds since `start` and the amount of work done in them."""
        seconds = time.process_time() - self._began
        report = {"cpu": seconds, "work": work, "peak_mb": _peak_mb() - self._floor_mb}
        print(f"\n{json.dumps({'turn': report})}", flush=True)


def _peak_mb() -> float:
    # That of getrusage would begin at what the process that started this one held.
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(bench: Bench) -> None:
    """Run one side, where the command line names one, or else all of them and the comparison."""
    parser = argparse.ArgumentParser(description=f"{bench.name}: ours against {bench.peer}")
    parser.add_argument("--side", choices=list(bench.sides), help="used by the bench itself")
    parser.add_argument("--turns", type=int, default=bench.turns, help="measured steps of a side")
    parser.add_argument("--base", help="model to run; by default a shipped one")
    arguments = parser.parse_args()
    if arguments.side:
        bench.sides[arguments.side](arguments.base)
        return
    missing = {side: need for side, need in bench.needs.items() if _version(need) is None}
    for need in missing.values():
        print(f"{bench.name}: left out {need}, which is not installed: pip install {need}")
    if bench.sides.keys() <= {OURS, *missing}:
        return
    sides = {name: side for name, side in bench.sides.items() if name not in missing}
    if list(bench.sides)[-1] in missing:
        bench = replace(bench, peer=list(sides)[-1])
    bench = replace(bench, sides=sides)
    show(bench, measure(bench, arguments.turns, arguments.base))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def measure(bench: Bench, turns: int, base: str | None) -> dict[str, Measured]:
    """Let the sides take turns, and return what each of them took."""
    results = {name: Measured([], [], 0.0) for name in bench.sides}
    with tempfile.TemporaryFile("w+") as messages:
        processes = {name: _start(name, base, messages) for name in bench.sides}
        try:
            for number in range(bench.warm_up + turns):
                for name, process in processes.items():
                    report = _one_turn(process, messages)
                    results[name].peak_mb = report["peak_mb"]
                    if number >= bench.warm_up:
                        results[name].cpu.append(report["cpu"])
                        results[name].work.append(report["work"])
        finally:
            for process in processes.values():
                process.kill()
                process.wait()
    return results


def _start(side: str, base: str | None, messages: Any) -> "subprocess.Popen[str]":
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [sys.executable, sys.argv[0], "--side", side, *(["--base", base] if base else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=messages,
        text=True,
        env={**os.environ, **threads, **quiet, "OMP_WAIT_POLICY": "PASSIVE"},
    )


def _one_turn(process: "subprocess.Popen[str]", messages: Any) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{GO}\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith('{"turn"'):
            report: dict[str, float] = json.loads(line)["turn"]
            return report
    messages.seek(0)
    raise SystemExit(f"a side of the bench ended early:\n{messages.read()[-4000:]}")


def show(bench: Bench, results: dict[str, Measured]) -> None:
    """Print the table and, as the last line, the JSON object."""
    print_table(bench, results)
    print(json.dumps(record(bench, results)))


def print_table(bench: Bench, results: dict[str, Measured]) -> None:
    """Print what each side took; a ratio is the peer's seconds over the side's."""
    peer = results[list(bench.sides)[-1]]
    table = Table(title=bench.name)
    for column in ("side", "CPU s a step", "range", f"{bench.unit} a CPU s", "peak MB", "ratio"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for name, side in results.items():
        speed = sum(side.work) / sum(side.cpu)
        table.add_row(
            bench.peer if side is peer else name,
            f"{side.seconds:.3f}",
            f"{min(side.cpu):.3f} to {max(side.cpu):.3f}",
            f"{speed:,.0f}",
            f"{side.peak_mb:,.0f}",
            f"{peer.seconds / side.seconds:.2f}",
        )
    Console().print(table)


def record(bench: Bench, results: dict[str, Measured]) -> dict[str, Any]:
    """Return what the last line says."""
    ours, peer = results[OURS], results[list(bench.sides)[-1]]
    return {
        "bench": bench.name,
        "peer": bench.peer,
        "ours_cpu_s": round(ours.seconds, 4),
        "peer_cpu_s": round(peer.seconds, 4),
        "ratio": round(peer.seconds / ours.seconds, 3),
        "ours_peak_mb": round(ours.peak_mb, 1),
        "peer_peak_mb": round(peer.peak_mb, 1),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("metaprobe", *bench.packages)},
        },
        "cpu_s": {name: round(side.seconds, 4) for name, side in results.items()},
    }


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what a side writes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def base_model(name: str | None) -> tuple[Any, Any]:
    """Return the named or else a shipped base with its tokenizer, or else random weights."""
    from metaprobe.models.folders import shipped_models
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import set_threads, torch

    set_threads(1)
    names = [name, *shipped_models()] if name else sorted(shipped_models(), key="nano/qwen3".__ne__)
    if names:
        loaded = load_model(names[0], dtype=torch.float32)
        return loaded.model, loaded.tokenizer
    from metaprobe.models.tokenizer import train_tokenizer
    from metaprobe.training.pretrain import PretrainConfig, build_model

    tokenizer = train_tokenizer(
        (item.question for item in problems(400)), vocabulary=PretrainConfig().vocabulary
    )
    torch.manual_seed(0)
    return build_model(PretrainConfig(), tokenizer).eval(), tokenizer


def problems(count: int) -> list[Any]:
    """Return low-level items, spread over all cells."""
    from metaprobe.core.vocabulary import CELLS, Split
    from metaprobe.training.data import draw_items

    return draw_items(CELLS, (1, 2), count, split=Split.TRAIN, seed=0)
