"""The local engine: order, failure and progress, with units of work that do almost nothing."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from metaprobe.core.errors import InputError, StorageError
from metaprobe.study.engine import Unit, run_units


@dataclass(frozen=True)
class Touch:
    path: Path
    needs: tuple[Path, ...] = ()
    error: type[Exception] | None = None

    def run(self, tell):
        for path in self.needs:
            assert path.exists(), f"{path} should have been there"
        tell(0.5)
        if self.error:
            raise self.error("planted")
        time.sleep(0.05)
        self.path.touch()


class Log:
    def __init__(self):
        self.events = []

    def started(self, unit):
        self.events.append(("started", unit.name))

    def progress(self, unit, share):
        self.events.append(("progress", unit.name))

    def finished(self, unit, seconds):
        self.events.append(("finished", unit.name))

    def failed(self, unit, error, dropped):
        self.events.append(("failed", unit.name, tuple(dropped)))


def units_of(folder, *, error=None):
    a, b, c, d = (folder / name for name in "abcd")
    return [
        Unit(name="c", task=Touch(c, (a, b)), after=("a", "b")),
        Unit(name="d", task=Touch(d, (c,)), after=("c",)),
        Unit(name="a", task=Touch(a)),
        Unit(name="b", task=Touch(b, (), error)),
    ]


def test_units_wait_for_what_they_need(tmp_path):
    log = Log()
    run_units(units_of(tmp_path), log, workers=2)
    assert [e[1] for e in log.events if e[0] == "finished"][2:] == ["c", "d"]
    assert ("progress", "d") in log.events


def test_a_survivable_failure_drops_what_depends_on_it_and_nothing_else(tmp_path):
    log = Log()
    run_units(units_of(tmp_path, error=InputError), log, workers=2, keep_going=(InputError,))
    assert ("failed", "b", ("c", "d")) in log.events
    assert (tmp_path / "a").exists()
    assert not (tmp_path / "c").exists()


def test_any_other_failure_ends_the_run_with_its_own_error(tmp_path):
    with pytest.raises(StorageError, match="planted"):
        run_units(
            units_of(tmp_path, error=StorageError), Log(), workers=1, keep_going=(InputError,)
        )
