"""Where a study's files lie, and how a finished unit of work is recognised.

A unit of work is named by a hash of all that determines it. When it is finished, a small file in
`units/` records that name; it counts as done only while the name is the same and its outputs are
there.
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from metaprobe.core.errors import InputError, StorageError
from metaprobe.core.files import read_json, storage_errors, write_json


class StageName(NamedTuple):
    """Which checkpoint of a study."""

    arm: str
    seed: int
    step: int

    @property
    def label(self) -> str:
        """The stem of the stage's result files."""
        return f"{self.arm}-{self.seed}-{self.step}"


BASE = StageName("base", 0, 0)
"""The base, as a stage."""


class Layout:
    """The paths of one study's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.benchmark = root / "benchmark"
        self.stages = root / "stages"
        self.study = root / "study.toml"
        self.manifest = root / "manifest.json"
        self.summary = root / "summary.json"
        self.report = root / "report.html"

    def responses(self, stage: StageName) -> Path:
        """Return the table of a stage's graded responses."""
        return self.root / "responses" / f"{stage.label}.parquet"

    def metrics(self, stage: StageName) -> Path:
        """Return what the training of a stage's arm and seed logged."""
        return self.stages / stage.arm / f"seed-{stage.seed}" / "metrics.jsonl"

    def result(self, probe: str, stage: StageName) -> Path:
        """Return the table of one probe's values for a stage."""
        return self.root / "results" / probe / f"{stage.label}.parquet"

    def detail(self, probe: str, stage: StageName) -> Path:
        """Return the typed result of one probe for a stage."""
        return self.root / "results" / probe / f"{stage.label}.json"

    def table(self, probe: str, stage: StageName) -> Path:
        """Return the table that one probe keeps of a stage's items."""
        return self.root / "results" / probe / "items" / f"{stage.label}.parquet"

    def kept(self, probe: str, stage: StageName) -> Path:
        """Return the folder of what one probe keeps of a stage, so as not to make it twice."""
        return self.root / probe / stage.label

    def problem(self, probe: str, stage: StageName) -> Path:
        """Return the file that says why one probe could not measure a stage."""
        return self.root / "results" / probe / f"{stage.label}.txt"

    def problems(self, stage: StageName) -> list[str]:
        """Return why probes could not measure a stage, a line each."""
        found = [self.problem(probe, stage) for probe in self._probes()]
        return [
            f"{path.parent.name} of {stage.label}: {path.read_text('utf-8').strip()}"
            for path in found
            if path.is_file()
        ]

    def discard(self, stage: StageName) -> None:
        """Remove everything that was measured of a stage."""
        self.responses(stage).unlink(missing_ok=True)
        for probe in self._probes():
            for path in (self.result, self.detail, self.table, self.problem):
                path(probe, stage).unlink(missing_ok=True)

    def _probes(self) -> list[str]:
        return sorted(path.name for path in (self.root / "results").glob("*"))

    def unit(self, name: str) -> Path:
        """Return the file that marks a unit of work as done."""
        return self.root / "units" / f"{name}.json"

    def is_done(self, name: str, key: str, outputs: Sequence[Path]) -> bool:
        """Return whether a unit was finished under this key and its outputs are still there."""
        path = self.unit(name)
        if not path.is_file() or not all(p.exists() for p in outputs):
            return False
        try:
            return bool(read_json(path).get("key") == key)
        except (InputError, AttributeError):
            return False  # cut off while it was written: do the unit again

    def mark_done(self, name: str, key: str, seconds: float) -> None:
        """Record that a unit was finished."""
        write_json(self.unit(name), {"key": key, "seconds": round(seconds, 3)})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's folder for this process alone.

        Raises:
            StorageError: the folder is not writable, or another run holds it.
        """
        with storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = (self.root / ".lock").open("w")
        with handle:
            if not _acquire(handle.fileno()):
                raise StorageError(
                    f"{self.root}: another run is writing to it; wait for it or use another --out"
                )
            yield


def _acquire(descriptor: int, patience: float = 3.0) -> bool:
    # Workers of a run that was killed leave within a second.
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        else:
            return True


def study_of_stage(folder: Path) -> Path | None:
    """Return the `study.toml` of the study that a stage's folder belongs to, or None."""
    parents = folder.resolve().parents
    if len(parents) < 4 or parents[2].name != "stages":
        return None
    study = Layout(parents[3]).study
    return study if study.is_file() else None
