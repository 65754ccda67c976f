"""The process in which one program of a corpus runs: `call_worker.py CPU_SECONDS MEMORY_BYTES`.

It reads one JSON line {code, call}, shuts itself in, executes the code, and writes one JSON line
with `value` (the repr of what the call returns), `failed` (why there is none) or `refused` (why
nothing was executed). It imports nothing of metaprobe, so that it starts without that.

Shut in means: fresh namespaces of network, processes and files, an empty folder as the root of all
files, no privileges, no other process, and limits of time, memory and output. A kernel that gives
no such namespaces executes nothing.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from typing import Any

_USUAL = (
    *("bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "hashlib"),
    *("heapq", "itertools", "json", "math", "operator", "random", "re", "statistics", "string"),
    "typing",
)
"""Modules that programs import: read before the files are gone."""

_NAMESPACES = 0x10000000 | 0x00020000 | 0x08000000 | 0x20000000 | 0x40000000
"""CLONE_NEWUSER, NEWNS, NEWIPC, NEWPID, NEWNET."""
_PARENT_DEATH, _NO_NEW_PRIVILEGES = 1, 38
_CAPABILITIES_VERSION = 0x20080522
_NOBODY = 65534
_OUTPUT_BYTES = 64 * 1024
_MOST_VALUE_CHARACTERS = 2000


def main() -> None:
    """Answer the one question."""
    cpu_seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    job = json.loads(sys.stdin.readline())
    for name in _USUAL:
        if name in job["code"]:
            importlib.import_module(name)
    try:
        _leave_everything()
    except (OSError, AttributeError) as error:
        _say({"refused": str(error)})
        return
    if os.fork():  # only a child is in the new namespace of processes
        os.wait()
        return
    ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    _limit(cpu_seconds, memory)
    _say(_result(job["code"], job["call"]))


def _leave_everything() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    os.chmod(".", 0o555)  # noqa: PTH101
    if os.geteuid() == 0:  # whose limits of processes do not count
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _call(libc.unshare, _NAMESPACES)
    os.chroot(".")
    os.chdir("/")
    _call(libc.prctl, _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    _call(libc.capset, header, (ctypes.c_uint32 * 6)())


def _call(function: Any, *arguments: Any) -> None:
    if function(*arguments):
        raise OSError(ctypes.get_errno(), f"{function.__name__}: {os.strerror(ctypes.get_errno())}")


def _limit(cpu_seconds: int, memory: int) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _OUTPUT_BYTES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 8),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _result(code: str, call: str) -> dict[str, str]:
    output, sys.stdout = sys.stdout, None  # print then does nothing
    names: dict[str, Any] = {"__name__": "corpus"}
    try:
        exec(compile(code, "<corpus>", "exec", dont_inherit=True), names)
        value = repr(eval(compile(call, "<call>", "eval", dont_inherit=True), names))
    except BaseException as error:  # noqa: BLE001 - whatever the program raises is its outcome
        return {"failed": type(error).__name__}
    finally:
        sys.stdout = output
    if type(value) is not str or len(value) > _MOST_VALUE_CHARACTERS:
        return {"failed": "long value"}
    return {"value": value}


def _say(reply: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
