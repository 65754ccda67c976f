"""Running a study, or the probes of checkpoints that are already there."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe import __version__
from metaprobe.analysis.summary import Context
from metaprobe.benchmark.freeze import Benchmark, load_benchmark, write_benchmark
from metaprobe.core.errors import ConfigError, InputError, MetaprobeError
from metaprobe.core.files import read_json, write_json, write_text
from metaprobe.core.results import Summary, read_summary, write_summary
from metaprobe.core.streams import short_hash
from metaprobe.core.vocabulary import parse_cells
from metaprobe.models.loading import load_model
from metaprobe.probes.prompts import prompt_form
from metaprobe.stages.discover import FoundStage
from metaprobe.stages.store import COLLECTED, arm_folder, read_stage
from metaprobe.study.config import StudyConfig
from metaprobe.study.engine import Unit, Watcher, run_units
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.study.plan import Measuring, Planned, plan_probe, plan_study
from metaprobe.study.summary import MeasuredStage, summarise
from metaprobe.study.toml import dump_toml
from metaprobe.training.session import DivergedError

_VERSIONS = ("torch", "transformers", "tokenizers", "numpy", "polars", "scipy")
_SURVIVABLE = (DivergedError, InputError)
"""An arm that diverges or a checkpoint that is damaged is reported; the others go on."""


class Outcome(NamedTuple):
    """What a run did."""

    summary: Summary
    ran: int
    """Units of work that were run."""
    skipped: int
    """Units that were done before."""


MakeWatcher = Callable[[Sequence[Unit], int], Watcher]
"""From the units to run and the number of skipped ones to somebody who watches."""


class Silent:
    """Watches a run and says nothing."""

    def started(self, unit: Unit) -> None:
        """Nothing."""

    def progress(self, unit: Unit, share: float) -> None:
        """Nothing."""

    def finished(self, unit: Unit, seconds: float) -> None:
        """Nothing."""

    def failed(self, unit: Unit, error: MetaprobeError, dropped: Sequence[str]) -> None:
        """Nothing; the summary names what is missing."""


def silent(_units: Sequence[Unit], _skipped: int) -> Watcher:
    """Return a watcher that says nothing."""
    return Silent()


def run_study(
    config: StudyConfig,
    out: Path,
    *,
    watch: MakeWatcher,
    workers: int | None = None,
    command: str = "metaprobe run",
) -> Outcome:
    """Train every arm, probe every stage and write `summary.json`; do only what is missing.

    Args:
        config: the study.
        out: its folder.
        watch: makes the watcher of the run.
        workers: processes; as many as there are cores where None.
        command: recorded in the provenance.

    Raises:
        ConfigError: a setting is wrong, or the base is not there.
        StorageError: the folder cannot be written.
    """
    layout = Layout(out)
    started = time.monotonic()
    with layout.locked():
        write_text(layout.study, dump_toml(config.model_dump(mode="json", exclude_none=True)))
        benchmark = _benchmark(config, layout)
        planned = plan_study(config, layout, benchmark.manifest.content_hash)
        _discard_stale(planned)
        ran, skipped, missing = _do(planned, layout, watch, workers)
        plan = _plan_key(planned)
        known = _known_outcome(layout, plan, ran, skipped)
        if known:
            return known
        stages = [
            _measured(layout, name, config.base)
            for name in _probed(planned)
            if name != BASE and layout.responses(name).is_file()
        ]
        context = _context(config, layout, benchmark, missing, time.monotonic() - started, command)
        context.provenance["plan"] = plan
        return _conclude(layout, stages, benchmark, context, ran, skipped)


def run_probe(
    config: StudyConfig,
    found: Sequence[FoundStage],
    out: Path,
    *,
    watch: MakeWatcher,
    workers: int | None = None,
    known: Sequence[FoundStage] = (),
    command: str = "metaprobe probe",
) -> Outcome:
    """Probe checkpoints against `config.base` and write `summary.json`; do only what is missing.

    Args:
        config: base, benchmark, sampling and probes; it has no arms.
        found: the checkpoints.
        out: folder of the results.
        watch: makes the watcher of the run.
        workers: processes; as many as there are cores where None, this one alone where 0.
        known: checkpoints that were measured into the folder before, and may be gone by now.
        command: recorded in the provenance.
    """
    layout = Layout(out)
    started = time.monotonic()
    with layout.locked():
        write_text(layout.study, dump_toml(config.model_dump(mode="json", exclude_none=True)))
        benchmark = _benchmark(config, layout)
        measuring = Measuring(
            config.base, benchmark.manifest.content_hash, config.sampling, config.probes
        )
        planned = plan_probe(found, measuring, layout)
        ran, skipped, missing = _do(planned, layout, watch, workers)
        stages = [
            MeasuredStage(
                StageName(f.arm, f.seed, f.step), f.kind, f.seconds, f.tokens, f.forward_tokens
            )
            for f in (*known, *found)
        ]
        stages = [s for s in stages if layout.responses(s.name).is_file()]
        context = _context(config, layout, benchmark, missing, time.monotonic() - started, command)
        context = context._replace(trained_cells=())
        return _conclude(layout, stages, benchmark, context, ran, skipped)


def _benchmark(config: StudyConfig, layout: Layout) -> Benchmark:
    settings = config.benchmark
    wanted = settings.model_dump(mode="json")
    marker = layout.root / "benchmark" / "request.json"
    asked_before = marker.is_file() and read_json(marker) == [wanted, __version__]
    # A folder may have been frozen again since; a preset stays what it is.
    if asked_before and not Path(settings.name).is_dir():
        return load_benchmark(str(layout.benchmark))
    benchmark = load_benchmark(settings.name, items_per_cell=settings.items_per_cell)
    write_benchmark(layout.benchmark, benchmark)
    write_json(marker, [wanted, __version__])
    return benchmark


def _discard_stale(planned: Sequence[Planned]) -> None:
    """Remove what an arm left behind under other settings, so that it is not resumed."""
    for plan in planned:
        if plan.stage is not None:
            continue
        task: Any = plan.unit.task
        folder = task.arm.folder
        if (folder / COLLECTED).is_file():
            raise ConfigError(
                f"{folder}: these stages were trained elsewhere and would be replaced; "
                "measure them with metaprobe probe, or run the study with another --out"
            )
        marker = folder / "key.json"
        if folder.is_dir() and not (marker.is_file() and read_json(marker) == plan.key):
            shutil.rmtree(folder)
        write_json(marker, plan.key)


def _do(
    planned: Sequence[Planned], layout: Layout, watch: MakeWatcher, workers: int | None
) -> tuple[int, int, list[str]]:
    todo = [p for p in planned if not layout.is_done(p.unit.name, p.key, p.outputs)]
    for plan in todo:
        if plan.stage is not None:  # should it fail now, its older results are another model's
            layout.discard(plan.stage)
    keys = {p.unit.name: p.key for p in todo}
    waiting = set(keys)
    units = [
        Unit(
            name=p.unit.name,
            task=p.unit.task,
            after=tuple(name for name in p.unit.after if name in waiting),
            cost=p.unit.cost,
        )
        for p in todo
    ]
    skipped = len(planned) - len(todo)
    recorder = _Recorder(watch(units, skipped), layout, keys)
    count = (os.cpu_count() or 1) if workers is None else workers
    run_units(units, recorder, workers=count, keep_going=_SURVIVABLE)
    return len(units), skipped, recorder.missing


class _Recorder:
    """Marks finished units as done, remembers failed ones, and passes everything on."""

    def __init__(self, inner: Watcher, layout: Layout, keys: dict[str, str]) -> None:
        self.inner, self.layout, self.keys = inner, layout, keys
        self.missing: list[str] = []

    def started(self, unit: Unit) -> None:
        self.inner.started(unit)

    def progress(self, unit: Unit, share: float) -> None:
        self.inner.progress(unit, share)

    def finished(self, unit: Unit, seconds: float) -> None:
        self.layout.mark_done(unit.name, self.keys[unit.name], seconds)
        self.inner.finished(unit, seconds)

    def failed(self, unit: Unit, error: MetaprobeError, dropped: Sequence[str]) -> None:
        self.missing.append(f"{unit.name}: {error}")
        self.missing += [f"{name}: not run, because {unit.name} failed" for name in dropped]
        self.inner.failed(unit, error, dropped)


def _plan_key(planned: Sequence[Planned]) -> str:
    return short_hash(__version__, *(p.key for p in planned))


def _known_outcome(layout: Layout, plan: str, ran: int, skipped: int) -> Outcome | None:
    """Return the summary that is there already, where nothing has changed since it was made."""
    if ran or not layout.summary.is_file():
        return None
    summary = read_summary(layout.summary)
    if summary.provenance.get("plan") != plan or summary.missing:
        return None
    return Outcome(summary, ran, skipped)


def _probed(planned: Sequence[Planned]) -> list[StageName]:
    return [p.stage for p in planned if p.stage is not None]


def _measured(layout: Layout, name: StageName, base: str) -> MeasuredStage:
    folder = arm_folder(layout.stages, name.arm, name.seed) / f"step-{name.step}"
    info = read_stage(folder).info
    costs = info.seconds, info.tokens, info.forward_tokens
    return MeasuredStage(name, info.kind, *costs, from_base=info.base == base)


def _context(
    config: StudyConfig,
    layout: Layout,
    benchmark: Benchmark,
    missing: Sequence[str],
    seconds: float,
    command: str,
) -> Context:
    earlier = read_json(layout.manifest) if layout.manifest.is_file() else {}
    total = seconds + float(earlier.get("seconds", 0.0))
    base = load_model(config.base)
    provenance = {
        "command": command,
        "metaprobe": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: _version(name) for name in _VERSIONS},
        "commit": _commit(),
        "seeds": config.seeds,
        "sampling": config.sampling.model_dump(mode="json"),
        "prompt": prompt_form(base.tokenizer, config.probes.shots),
        "benchmark": {
            "name": benchmark.manifest.name,
            "hash": benchmark.manifest.content_hash,
            "items": len(benchmark.items),
        },
        "arms": {name: arm.model_dump(mode="json") for name, arm in config.arms.items()},
        "data": config.data.model_dump(mode="json") if config.arms else None,
    }
    write_json(layout.manifest, {"status": "done", "seconds": round(total, 1), **provenance})
    return Context(
        study=config.name,
        question=config.question,
        base=config.base,
        parameters=base.parameters,
        family=base.model.config.model_type,
        trained_cells=[str(c) for c in parse_cells(config.data.cells)],
        missing=missing,
        seconds=total,
        provenance=provenance,
    )


def _conclude(
    layout: Layout,
    stages: Sequence[MeasuredStage],
    benchmark: Benchmark,
    context: Context,
    ran: int,
    skipped: int,
) -> Outcome:
    if not layout.responses(BASE).is_file():
        raise InputError(f"the base could not be measured: {'; '.join(context.missing)}")
    summary = summarise(layout, stages, benchmark.items, context)
    write_summary(layout.summary, summary)
    return Outcome(summary, ran, skipped)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of the source tree that metaprobe runs from, if it is one."""
    try:
        found = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
