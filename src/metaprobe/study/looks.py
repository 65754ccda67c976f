"""The record of a run that is measured while it goes on: one look for each checkpoint.

`looks.jsonl` in the folder of the results has a line for each. From it a second call knows which
checkpoints were reported, also those that have been deleted since, and how many looks were spent.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
from pydantic import ValidationError

from metaprobe.analysis.gate import parse_gate
from metaprobe.analysis.looks import group_changes, judge_look, spent
from metaprobe.analysis.profile import profile
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import read_jsonl, write_text
from metaprobe.core.results import Look, StageResult, Summary
from metaprobe.stages.discover import FoundStage
from metaprobe.study.config import StudyConfig
from metaprobe.study.layout import Layout, StageName
from metaprobe.study.plan import model_key
from metaprobe.study.run import MakeWatcher, run_probe
from metaprobe.study.tasks import forget_models
from metaprobe.study.toml import dump_toml

LOG_NAME = "looks.jsonl"


class Measured(NamedTuple):
    """What came of some checkpoints."""

    looks: list[Look]
    failed: dict[str, str]
    """Why a checkpoint could not be measured, by its folder."""


class Looks:
    """Measures checkpoints against a base as they come, and remembers what it has seen."""

    def __init__(
        self,
        config: StudyConfig,
        out: Path,
        *,
        watch: MakeWatcher,
        gate: str | None = None,
        workers: int = 0,
    ) -> None:
        """Read what was seen before.

        Args:
            config: base, benchmark, sampling and probes; it has no arms.
            out: folder of the results.
            watch: makes the watcher of the work.
            gate: expression that stops the run where it is true.
            workers: processes; with 0 all is done in this one, which keeps the base loaded.

        Raises:
            ConfigError: the gate is no expression, or the folder was filled with other settings.
            InputError: the log is damaged.
        """
        if gate is not None:
            parse_gate(gate)
        self.config, self.out, self.gate, self.workers = config, out, gate, workers
        self._watch = watch
        self._layout = Layout(out)
        self._log = out / LOG_NAME
        self._loaded: set[str] = set()
        self.seen = _read(self._log) if self._log.is_file() else []
        written = dump_toml(config.model_dump(mode="json", exclude_none=True))
        if self.seen and self._layout.study.read_text(encoding="utf-8") != written:
            raise ConfigError(
                f"{out}: its checkpoints were measured with other settings, so that they cannot be "
                "compared; use another --out"
            )

    def is_known(self, stage: FoundStage) -> bool:
        """Return whether the checkpoint was looked at before, with the weights that it has now.

        Raises:
            InputError: its weights cannot be read.
        """
        names = [_name(look) for look in self.seen]
        if _stage_name(stage) not in names:
            return False
        known = self.seen[names.index(_stage_name(stage))]
        return known.weights == model_key(stage.model)

    def measure(self, found: Sequence[FoundStage]) -> Measured:
        """Measure checkpoints, or the base alone where there are none; rewrite the summary.

        Args:
            found: in the order in which they are to be reported.

        Raises:
            InputError: the base, or a checkpoint's weights, cannot be read.
        """
        keys = [model_key(stage.model) for stage in found]
        models = {stage.model for stage in found}
        if models & self._loaded:  # a folder that was written anew
            forget_models()
        self._loaded |= models
        replaced = {_stage_name(stage) for stage in found}
        earlier = [_found(look) for look in self.seen if _name(look) not in replaced]
        outcome = run_probe(
            self.config,
            found,
            self.out,
            watch=self._watch,
            workers=self.workers,
            known=earlier,
            command="metaprobe watch",
        )
        looks: list[Look] = []
        failed: dict[str, str] = {}
        for stage, key in zip(found, keys, strict=True):
            if self._layout.responses(_stage_name(stage)).is_file():
                looks.append(self._look(stage, key, outcome.summary))
                self.seen.append(looks[-1])
                write_text(self._log, "".join(look.model_dump_json() + "\n" for look in self.seen))
            else:
                begin = f"probe-{_stage_name(stage).label}: "
                lines = [line for line in outcome.summary.missing if line.startswith(begin)]
                failed[stage.model] = " ".join(lines).removeprefix(begin)
        return Measured(looks, failed)

    def _look(self, stage: FoundStage, key: str, summary: Summary) -> Look:
        number = len(self.seen) + 1
        name = _stage_name(stage)
        groups = group_changes(_result(summary, name), spent(number))
        before = self.seen[-1] if self.seen else None
        since = []
        if before is not None and self._layout.responses(_name(before)).is_file():
            tables = (pl.read_parquet(self._layout.responses(n)) for n in (name, _name(before)))
            since = group_changes(profile(*tables, stream=f"look/{name.label}"))
        gate = judge_look(stage.arm, stage.step, groups, self.gate) if self.gate else None
        return Look(
            number=number,
            arm=stage.arm,
            kind=stage.kind,
            seed=stage.seed,
            step=stage.step,
            seconds=stage.seconds,
            tokens=stage.tokens,
            forward_tokens=stage.forward_tokens,
            model=stage.model,
            weights=key,
            since_base=groups,
            previous=before.step if before else None,
            since_previous=since,
            gate=gate,
        )


def _read(path: Path) -> list[Look]:
    try:
        return [Look.model_validate(row) for row in read_jsonl(path)]
    except ValidationError as error:
        raise InputError(f"{path}: not a log of looks ({error.errors()[0]['msg']})") from error


def _name(look: Look) -> StageName:
    return StageName(look.arm, look.seed, look.step)


def _stage_name(stage: FoundStage) -> StageName:
    return StageName(stage.arm, stage.seed, stage.step)


def _found(look: Look) -> FoundStage:
    return FoundStage(
        look.arm,
        look.kind,
        look.seed,
        look.step,
        look.seconds,
        look.tokens,
        look.forward_tokens,
        look.model,
    )


def _result(summary: Summary, name: StageName) -> StageResult:
    return next(
        stage
        for arm in summary.arms
        if (arm.arm, arm.seed) == (name.arm, name.seed)
        for stage in arm.steps
        if stage.step == name.step
    )
