"""Running units of work on this machine: a few processes of one torch thread each.

On small models two processes of one thread finish sooner than one of two. A worker leaves when
the process that started it is gone, so a run that is killed leaves nothing behind that writes.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.managers import SyncManager
from queue import Empty
from typing import Any, Protocol

from metaprobe.core.errors import MetaprobeError

_POLL_SECONDS = 0.2


class Runnable(Protocol):
    """A picklable unit of work."""

    def run(self, tell: Callable[[float], None]) -> None:
        """Do the work; call `tell` with the share that is done."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit of work and what it waits for."""

    name: str
    task: Runnable
    after: tuple[str, ...] = ()
    """Names of units that must be finished first."""
    cost: float = 1.0
    """Expected duration relative to the others; longer ones are started first."""


class Watcher(Protocol):
    """Somebody who is told how a run goes."""

    def started(self, unit: Unit) -> None:
        """The unit is running now."""

    def progress(self, unit: Unit, share: float) -> None:
        """The share of the unit that is done."""

    def finished(self, unit: Unit, seconds: float) -> None:
        """The unit is done."""

    def failed(self, unit: Unit, error: MetaprobeError, dropped: Sequence[str]) -> None:
        """The unit failed, and the dropped ones will not run."""


def run_units(
    units: Sequence[Unit],
    watcher: Watcher,
    *,
    workers: int,
    keep_going: tuple[type[MetaprobeError], ...] = (),
) -> None:
    """Run all units, each after those that it waits for.

    Args:
        units: in any order; `after` may name finished units that are not in the list.
        watcher: is told of every start, progress and end.
        workers: processes; 0 runs one after the other in this process.
        keep_going: errors that end a unit and those behind it, but not the run.

    Raises:
        MetaprobeError: a unit failed with another error than those.
    """
    if not units:
        return
    if workers == 0:
        _run_here(units, watcher, keep_going)
        return
    context = get_context("spawn")
    manager = SyncManager(ctx=context)
    manager.start(_leave_with_parent, (os.getpid(),))
    with manager:
        queue = manager.Queue()
        pool = ProcessPoolExecutor(
            max_workers=min(workers, len(units)),
            mp_context=context,
            initializer=_enter_worker,
            initargs=(os.getpid(),),
        )
        try:
            _schedule(list(units), watcher, pool, queue, workers, keep_going)
        except BrokenProcessPool as error:
            raise MetaprobeError(
                "a worker process ended without a word, most often for lack of memory; "
                "run the same command again to go on, with --workers 1 if it happens again"
            ) from error
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _run_here(
    units: Sequence[Unit], watcher: Watcher, keep_going: tuple[type[MetaprobeError], ...]
) -> None:
    waiting = list(units)
    while waiting:
        names = {u.name for u in waiting}
        unit = next(u for u in waiting if not names.intersection(u.after))
        waiting.remove(unit)
        watcher.started(unit)
        begun = time.monotonic()
        try:
            unit.task.run(partial(watcher.progress, unit))
        except keep_going as error:
            dropped = _behind(unit.name, waiting)
            waiting = [u for u in waiting if u.name not in dropped]
            watcher.failed(unit, error, sorted(dropped))
        else:
            watcher.finished(unit, time.monotonic() - begun)


def _schedule(
    waiting: list[Unit],
    watcher: Watcher,
    pool: ProcessPoolExecutor,
    queue: Any,
    workers: int,
    keep_going: tuple[type[MetaprobeError], ...],
) -> None:
    names = {u.name: u for u in waiting}
    open_names = set(names)
    running: dict[Future[float], Unit] = {}
    while waiting or running:
        ready = [u for u in waiting if not open_names.intersection(u.after)]
        for unit in sorted(ready, key=lambda u: -u.cost)[: workers - len(running)]:
            waiting.remove(unit)
            running[pool.submit(_work, unit.name, unit.task, queue)] = unit
            watcher.started(unit)
        done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        _pass_on(queue, names, watcher)
        for future in done:
            unit = running.pop(future)
            try:
                seconds = future.result()
            except keep_going as error:
                dropped = _behind(unit.name, waiting)
                waiting[:] = [u for u in waiting if u.name not in dropped]
                open_names -= dropped
                watcher.failed(unit, error, sorted(dropped))
            else:
                watcher.finished(unit, seconds)
            open_names.discard(unit.name)


def _behind(name: str, waiting: Sequence[Unit]) -> set[str]:
    lost = {name}
    while True:
        more = {u.name for u in waiting if lost.intersection(u.after)} - lost
        if not more:
            return lost - {name}
        lost |= more


def _pass_on(queue: Any, names: dict[str, Unit], watcher: Watcher) -> None:
    while True:
        try:
            name, share = queue.get_nowait()
        except Empty:
            return
        watcher.progress(names[name], share)


def _work(name: str, task: Runnable, queue: Any) -> float:
    started = time.monotonic()
    task.run(lambda share: queue.put((name, share)))
    return time.monotonic() - started


def _enter_worker(parent: int) -> None:
    from metaprobe.models.runtime import set_threads

    set_threads(1)
    _leave_with_parent(parent)


def _leave_with_parent(parent: int) -> None:
    """End this process soon after its parent, however that one ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
