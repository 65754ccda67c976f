"""Following a folder into which checkpoints are written, by whatever writes them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import Look
from metaprobe.stages.discover import FoundStage, named_place, stage_in, step_folders
from metaprobe.stages.whole import Signature, signature, unfinished
from metaprobe.study.looks import Looks, Measured

SETTLED = 1.0
"""Seconds for which the files of a checkpoint have to stay as they are."""
PATIENCE = 60.0
"""Seconds without a change after which a checkpoint that is not whole is named as broken."""


@dataclass(frozen=True, kw_only=True)
class Following:
    """What is followed, and until when."""

    place: str
    """Folder of the run; `NAME=` in front names the arm."""
    every: float = 5.0
    """Seconds between two looks at the folder."""
    until_step: int | None = None
    """End after a checkpoint of this step or a later one; never where None."""
    idle: float | None = None
    """End after so many seconds in which nothing came; never where None."""
    patience: float = PATIENCE
    """Seconds without a change after which a checkpoint that is not whole is named."""


class Arrived(NamedTuple):
    """A checkpoint that is whole and will be measured now."""

    stage: FoundStage


class Broken(NamedTuple):
    """A checkpoint that has not changed for long and cannot be measured."""

    path: str
    reason: str


Event = Arrived | Broken | Look


def follow(following: Following, looks: Looks) -> Iterator[Event]:
    """Yield what happens to the checkpoints of a run, until the end that was asked for or a gate.

    Every checkpoint is measured once it is whole; one that is still being written, or is deleted
    while it is read, is looked at again later. The base is measured first.

    Args:
        following: the folder, and until when.
        looks: measures and remembers.

    Raises:
        ConfigError: there is no such folder, or the arm's name is unusable.
        InputError: the base cannot be measured.
    """
    arm, place = named_place(following.place)
    folder = Path(place)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; make it, or start the run, before the watch")
    looks.measure([])
    desk = _Desk(folder, arm, following.patience)
    last = time.monotonic()
    while True:
        ready, broken = desk.sort()
        new = [stage for stage in ready if not desk.forgets(looks, stage)]
        if looks.workers == 0:
            new = new[:1]  # reported before the next one is begun
        yield from broken
        yield from (Arrived(stage) for stage in new)
        found = desk.measure(looks, new) if new else Measured([], {})
        for path, reason in found.failed.items():
            yield Broken(path, reason)
        yield from found.looks
        if any(look.gate and look.gate.failed for look in found.looks):
            return
        if desk.moved or found.looks:
            last = time.monotonic()
        newest = max((look.step for look in looks.seen), default=-1)
        if following.until_step is not None and newest >= following.until_step and not desk.open:
            return
        if following.idle is not None and time.monotonic() - last > following.idle:
            yield from desk.left()
            return
        if not new:
            time.sleep(min(following.every, SETTLED) if desk.moved else following.every)


@dataclass
class _Waiting:
    files: Signature
    since: float
    """When the files were first seen as they are."""
    reason: str | None = None
    named: bool = False


class _Desk:
    """Tells checkpoints that are whole from those that are on their way."""

    def __init__(self, folder: Path, arm: str | None, patience: float) -> None:
        self._folder, self._arm, self._patience = folder, arm, patience
        self._waiting: dict[Path, _Waiting] = {}
        self._done: dict[Path, Signature] = {}
        self._paths: dict[FoundStage, Path] = {}
        self.moved = False
        """Whether anything was new at the last look."""

    @property
    def open(self) -> bool:
        """Whether a checkpoint is on its way and not yet named as broken."""
        return any(not waiting.named for waiting in self._waiting.values())

    def sort(self) -> tuple[list[FoundStage], list[Broken]]:
        """Return the checkpoints that became whole, and those that have stayed broken for long."""
        self.moved = False
        ready, broken = [], []
        steps = step_folders(self._folder)
        self._waiting = {p: w for p, w in self._waiting.items() if any(p == q for _, q in steps)}
        for step, path in steps:
            files, now = signature(path), time.monotonic()
            if self._done.get(path) == files:
                continue
            waiting = self._waiting.get(path)
            if waiting is None or waiting.files != files:
                self._waiting[path] = _Waiting(files, now)
                self.moved = True
                continue
            if now - waiting.since < SETTLED:
                self.moved = True
                continue
            waiting.reason = waiting.reason or unfinished(path)
            if waiting.reason is None:
                stage = stage_in(self._folder, step, path, self._arm)
                ready.append(stage)
                self._paths[stage] = path
            elif now - waiting.since > self._patience and not waiting.named:
                waiting.named = True
                broken.append(Broken(str(path), waiting.reason))
        return ready, broken

    def forgets(self, looks: Looks, stage: FoundStage) -> bool:
        """Return whether a checkpoint needs no look: it had one, or is gone."""
        try:
            known = looks.is_known(stage)
        except InputError:
            return True  # deleted or rewritten since it was sorted: sorted again at the next look
        if known:
            self._close(stage)
        return known

    def measure(self, looks: Looks, stages: list[FoundStage]) -> Measured:
        """Measure checkpoints; where one is gone by now, none, and the others at the next look."""
        try:
            found = looks.measure(stages)
        except InputError:
            if all(unfinished(self._paths[stage]) is None for stage in stages):
                raise
            self.moved = True
            return Measured([], {})
        for stage in stages:
            self._close(stage)
        return found

    def left(self) -> list[Broken]:
        """Return what is still not whole and was not named."""
        return [
            Broken(str(path), waiting.reason or "still changing")
            for path, waiting in self._waiting.items()
            if not waiting.named
        ]

    def _close(self, stage: FoundStage) -> None:
        path = self._paths[stage]
        self._done[path] = self._waiting.pop(path).files
