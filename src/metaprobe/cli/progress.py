"""How a run looks in the terminal: what is worked on, how far it is, how long it will take."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from metaprobe.core.errors import MetaprobeError

if TYPE_CHECKING:
    from metaprobe.study.engine import Unit


class ProgressWatcher:
    """A bar for the whole run and one for each running unit; plain lines without a terminal."""

    def __init__(self, console: Console, units: Sequence["Unit"], skipped: int) -> None:
        self.console = console
        self.cost = {u.name: u.cost for u in units}
        self.share = dict.fromkeys(self.cost, 0.0)
        self.begun = time.monotonic()
        self.done = 0
        self.bars: dict[str, TaskID] = {}
        if skipped:
            console.print(f"[dim]{skipped} units of work were done before and are skipped[/dim]")
        self.display = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.whole = self.display.add_task(f"{len(units)} units", total=1.0, note="")
        if units:
            self.display.start()

    def started(self, unit: "Unit") -> None:
        """Add the unit's bar."""
        self.bars[unit.name] = self.display.add_task(f"  {unit.name}", total=1.0, note="")

    def progress(self, unit: "Unit", share: float) -> None:
        """Move the unit's bar and the whole one."""
        if unit.name in self.bars:
            self.share[unit.name] = share
            self.display.update(self.bars[unit.name], completed=share)
            self._move()

    def finished(self, unit: "Unit", seconds: float) -> None:
        """Replace the unit's bar by a line."""
        self._close(unit.name)
        self.done += 1
        line = Text(f"{self.done:>4}/{len(self.cost)}  {unit.name}  {seconds:.0f} s", style="dim")
        self.console.print(line)

    def failed(self, unit: "Unit", error: MetaprobeError, dropped: Sequence[str]) -> None:
        """Say what failed and what that takes with it."""
        self._close(unit.name)
        self.console.print(Text(f"failed: {unit.name}: {error}", style="bold red"))
        for name in dropped:
            self.share[name] = 1.0
        if dropped:
            self.console.print(Text(f"left out because of it: {', '.join(dropped)}", style="red"))

    def stop(self) -> None:
        """Take the bars off the screen."""
        self.display.stop()

    def _close(self, name: str) -> None:
        self.share[name] = 1.0
        bar = self.bars.pop(name, None)
        if bar is not None:
            self.display.remove_task(bar)
        self._move()

    def _move(self) -> None:
        total = sum(self.cost.values())
        share = sum(self.cost[n] * s for n, s in self.share.items()) / total
        spent = time.monotonic() - self.begun
        left = spent / share - spent if share > 0.02 else None
        note = "" if left is None else f"about {_duration(left)} left"
        self.display.update(self.whole, completed=share, note=note)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
