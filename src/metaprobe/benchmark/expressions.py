"""Equality of free-form mathematics, decided by math-verify in a process of its own.

math-verify works on sympy, which can take for ever, fill the memory or break the interpreter on
what a model writes, and its own time limit is an alarm signal that only the main thread may set.
So that limit is off, and one worker process (`expression_worker.py`) is asked in turn by all
threads. A question that exceeds a limit ends the worker, has no verdict, and the next question
starts another one, which takes about a second. The limit that decides is in CPU seconds, so that
a verdict does not depend on how busy the machine is.
"""

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

from metaprobe.core.errors import MissingExtraError

CPU_SECONDS = 5
"""Longest computation on one question."""

WALL_SECONDS = 120
"""Longest wait for one answer, and for the worker's start: it has stopped if it takes longer."""

MEMORY_BYTES = 4 * 2**30
"""Address space of the worker."""

_WORKER = Path(__file__).with_name("expression_worker.py")


def same_expression(gold: str, text: str) -> bool | None:
    """Return whether two LaTeX expressions are equal; None where that could not be decided.

    Raises:
        MissingExtraError: math-verify is not installed.
    """
    # The children of a fork would talk into the same pipe; each gets a worker of its own.
    return _worker_of(os.getpid()).ask(gold, text)


@cache
def _worker_of(_process_id: int) -> "_Worker":
    if importlib.util.find_spec("math_verify") is None:
        raise MissingExtraError(
            "free-form answers need math-verify: install metaprobe[math], or grade typed golds only"
        )
    worker = _Worker()
    atexit.register(worker.stop)
    return worker


class _Worker:
    """One process at a time, replaced after it has ended."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def ask(self, gold: str, text: str) -> bool | None:
        with self._turn:
            if self._process is None:
                self._process = _start()
            reply = _exchange(self._process, json.dumps([gold, text]))
            if not reply:
                self._discard()
                return None
            verdict: bool | None = json.loads(reply)
            return verdict

    def stop(self) -> None:
        with self._turn:
            self._discard()

    def _discard(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None


def _start() -> "subprocess.Popen[str]":
    # -P: a folder that the process happens to stand in must not stand in for a library.
    process = subprocess.Popen(
        [sys.executable, "-P", str(_WORKER), str(CPU_SECONDS), str(MEMORY_BYTES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if not _exchange(process, json.dumps(["1", "1"])):
        _end(process)
        raise MissingExtraError(
            "math-verify does not start, for the reason above: install metaprobe[math] again"
        )
    return process


def _exchange(process: "subprocess.Popen[str]", question: str) -> str:
    """Return the line that answers `question`, or nothing where the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    guard = threading.Timer(WALL_SECONDS, process.kill)
    guard.start()
    try:
        process.stdin.write(question + "\n")
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return ""
    finally:
        guard.cancel()


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
