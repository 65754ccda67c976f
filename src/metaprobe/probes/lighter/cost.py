"""CPU seconds and peak memory of a piece of work inside a process that goes on."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_SELF = Path("/proc/self")


class Cost(NamedTuple):
    """What a piece of work took."""

    cpu_seconds: float
    """Of all threads of the process."""
    peak_mb: float | None
    """Resident memory at its highest, beyond that before; None where the system does not tell."""


def measured(work: Callable[[], T]) -> tuple[T, Cost]:
    """Return what `work` returns and what it took.

    Memory that former work has freed is given back to the system first, and the system's own
    record of the highest resident memory starts anew (Linux, proc(5): `clear_refs`), so that each
    piece of work pays for what it uses. Modules that it imports first, and what they compile,
    count.
    """
    before = _start_anew()
    started = time.process_time()
    result = work()
    seconds = time.process_time() - started
    peak = None if before is None else max(0.0, _status("VmHWM") - before)
    return result, Cost(seconds, peak)


def _start_anew() -> float | None:
    """Return the resident memory in MB after its record was reset; None where that cannot be."""
    try:
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
        if trim is not None:
            trim(0)
        (_SELF / "clear_refs").write_text("5")
        return _status("VmRSS")
    except OSError:
        return None


def _status(key: str) -> float:
    lines = (_SELF / "status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(key))
