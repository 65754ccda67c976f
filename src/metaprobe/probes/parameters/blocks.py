"""Blocks of tensors as they are compared, and threads that work on them within bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from types import ModuleType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.errors import ConfigError, MissingExtraError
from metaprobe.probes.parameters.adapter import LowRank
from metaprobe.probes.parameters.files import FORMATS, Bytes, StoredTensor

BLOCK = 2**19
"""Entries that one thread reads and measures at a time."""

THREAD_MB = 24
"""Most that one thread holds, in MB: two blocks of 8 bytes an entry, and four of float32."""

Floats = NDArray[np.float32]
Coded = tuple[Bytes, int]
"""Bytes, and the format of their entries as `kernels` counts formats."""

_ITEM = TypeVar("_ITEM")
_RESULT = TypeVar("_RESULT")
_buffers = local()


@dataclass(frozen=True)
class Pair:
    """A tensor of the base and what became of it."""

    base: StoredTensor
    tuned: StoredTensor
    """The base's own where `change` says what is added to it."""
    change: LowRank | None
    rounded_to: str | None
    """Format that the base is rounded to first, since the stage is stored in it."""
    stage: Path
    """The file or folder to name where the stage's numbers are wrong."""

    def read(self, start: int, stop: int) -> tuple[Coded, Coded]:
        """Return entries of both sides in this thread's buffers, as `kernels.compare` takes them.

        Raises:
            InputError: a file has become shorter.
        """
        first, second = _two_buffers()
        before: Coded = self.base.read(start, stop, first), self.base.code
        if self.rounded_to:
            before = _as_bytes(_rounded(decoded(*before, stop - start), self.rounded_to))
        if self.change is None:
            return before, (self.tuned.read(start, stop, second), self.tuned.code)
        change, _ = _as_bytes(self.change.entries(start, stop))
        return before, (change, compiled().CHANGE)

    def floats(self, start: int, stop: int) -> tuple[Floats, Floats]:
        """Return entries before and after; where `change` is known, 0 and the change.

        Raises:
            InputError: a file has become shorter.
        """
        before, after = self.read(start, stop)
        n = stop - start
        if self.change is not None:
            return np.zeros(n, np.float32), decoded(*after, n)
        return decoded(*before, n), decoded(*after, n)

    def base_floats(self, start: int, stop: int) -> Floats:
        """Return entries of the base.

        Raises:
            InputError: the file has become shorter.
        """
        return decoded(*self.read(start, stop)[0], stop - start)


def compiled() -> ModuleType:
    """Return the compiled kernels, which take a second to import.

    Raises:
        MissingExtraError: numba is not installed.
    """
    try:
        from metaprobe.probes.parameters import kernels
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "comparing weights needs numba; pip install 'metaprobe[train]'"
        ) from error
    return kernels


def decoded(raw: Bytes, code: int, n: int) -> Floats:
    """Return n stored entries as float32."""
    kernels = compiled()
    out = np.empty(n, dtype=np.float32)
    kernels.decode(raw, code, kernels.HALF, kernels.EIGHT, out)
    return out


def read_floats(tensor: StoredTensor, start: int, stop: int) -> Floats:
    """Return entries of a tensor as float32.

    Raises:
        InputError: the file has become shorter.
    """
    raw = np.empty((stop - start) * tensor.item, dtype=np.uint8)
    return decoded(tensor.read(start, stop, raw), tensor.code, stop - start)


def spans(n: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks of n entries as (start, stop)."""
    for start in range(0, n, BLOCK):
        yield start, min(start + BLOCK, n)


def threads_within(memory_mb: int, threads: int | None) -> int:
    """Return how many threads fit into the memory, at most `threads`, or one a core.

    Raises:
        ConfigError: there is not even room for one.
    """
    if threads is None:
        threads = os.cpu_count() or 1
    if memory_mb < THREAD_MB or threads < 1:
        raise ConfigError(
            f"memory of {memory_mb} MB and {threads} threads: needs at least {THREAD_MB} MB and "
            "one thread"
        )
    return min(threads, memory_mb // THREAD_MB)


def in_order(
    work: Callable[[_ITEM], _RESULT], items: Iterable[_ITEM], threads: int
) -> Iterator[_RESULT]:
    """Yield the result of each item in the items' order, a few items ahead at a time."""
    waiting: deque[Future[_RESULT]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def coarser(tensor: StoredTensor, than: StoredTensor) -> bool:
    """Return whether one tensor's format has a coarser spacing than another's."""

    return FORMATS[tensor.format][2] < FORMATS[than.format][2]


def _two_buffers() -> tuple[Bytes, Bytes]:
    if not hasattr(_buffers, "pair") or len(_buffers.pair[0]) < 8 * BLOCK:
        _buffers.pair = np.empty((2, 8 * BLOCK), dtype=np.uint8)
    first, second = _buffers.pair
    return first, second


def _as_bytes(floats: Floats) -> Coded:
    return np.ascontiguousarray(floats).view(np.uint8), list(FORMATS).index("F32")


def _rounded(floats: Floats, to: str) -> Floats:
    from metaprobe.models.runtime import torch  # large, and most pairs need no rounding

    rounded: Floats = torch.from_numpy(floats).to(getattr(torch, to)).float().numpy()
    return rounded
