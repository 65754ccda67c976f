"""What a call of a corpus's program returns, found by executing it in a process that is shut in.

`call_worker.py` tells how. One process a call: programs share nothing with one another.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

CPU_SECONDS = 2
"""Longest computation of one call."""

WALL_SECONDS = 10
"""Longest wait for one call; a program that sleeps ends here."""

MEMORY_BYTES = 512 * 2**20
"""Address space of the process."""

_WORKER = Path(__file__).with_name("call_worker.py")
_MOST_REPLY_BYTES = 64 * 1024


class Returned(NamedTuple):
    """What became of a call; one of the two is None."""

    value: str | None
    """The repr of what was returned."""
    failed: str | None
    """Why there is no value."""


def run_call(code: str, call: str) -> Returned:
    """Execute a program and return the value of a call of it.

    Args:
        code: defines what is called.
        call: an expression.
    """
    job = json.dumps({"code": code, "call": call}) + "\n"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as reply:
        # -I -S: nothing of the user's settings, folders or packages is read. The output goes into
        # a file, whose size has a limit, and the program inherits no environment.
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER), str(CPU_SECONDS), str(MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
        )
        try:
            process.communicate(job.encode(), timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Returned(None, f"no value within {WALL_SECONDS} s")
        reply.seek(0)
        said = reply.read(_MOST_REPLY_BYTES).decode(errors="replace")
    return _read(said.strip().rpartition("\n")[2])


def _read(said: str) -> Returned:
    """Return what a worker, or a program that took its place, has said."""
    try:
        reply = json.loads(said)
    except (json.JSONDecodeError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        return Returned(None, "ended by a limit, or by itself")
    if "refused" in reply:
        return Returned(None, f"not executed: this system gives no sandbox ({reply['refused']})")
    value = reply.get("value")
    if not isinstance(value, str):
        return Returned(None, f"raised {reply.get('failed')}")
    return Returned(value, None)
