"""From settings to units of work: what there is to do, what each unit waits for, what is done."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import sha256_file
from metaprobe.core.streams import short_hash
from metaprobe.models.folders import resolve_model, weight_files
from metaprobe.models.loading import check_weights
from metaprobe.models.sampling import Sampling
from metaprobe.probes import accuracy
from metaprobe.stages.discover import FoundStage
from metaprobe.stages.store import arm_folder
from metaprobe.study.config import ProbeSettings, StudyConfig
from metaprobe.study.engine import Unit
from metaprobe.study.layout import BASE, Layout, StageName
from metaprobe.study.probes import chosen_probes
from metaprobe.study.tasks import InterpolateTask, ProbeTask, TrainTask
from metaprobe.training import VERSION as TRAINING_VERSION
from metaprobe.training.arms import InterpolationConfig
from metaprobe.training.corpus.load import prepared_key
from metaprobe.training.session import ArmRun

_SECONDS = {"sft": 1.0, "sft_on_policy": 1.6, "grpo": 2.0}
"""Rough relative cost of a training step, for the order of starting and the time left."""
_PROBE_COST = 12.0
_INTERPOLATION_COST = 3.0


class Planned(NamedTuple):
    """A unit with what recognises it as done."""

    unit: Unit
    key: str
    outputs: tuple[Path, ...]
    stage: StageName | None
    """The stage that the unit probes; None for training."""


class Measuring(NamedTuple):
    """What is needed to probe any stage of a study."""

    base: str
    benchmark_hash: str
    sampling: Sampling
    probes: ProbeSettings


def model_key(name: str) -> str:
    """Return a hash of a model's weights; of its name where it is on a hub.

    Raises:
        InputError: a weight file is missing or damaged.
    """
    folder = resolve_model(name)
    if folder is None:
        return short_hash("hub", name)
    check_weights(folder)
    return short_hash(*[sha256_file(path) for path in weight_files(folder)])


def plan_study(config: StudyConfig, layout: Layout, benchmark_hash: str) -> list[Planned]:
    """Return the units of a study that trains its own arms."""
    measuring = Measuring(config.base, benchmark_hash, config.sampling, config.probes)
    base_key = model_key(config.base)
    planned = [_probe(layout, measuring, BASE, config.base, base_key, base_key, after=())]
    for arm, settings in config.arms.items():
        for seed in config.seeds:
            made = _make_arm(config, layout, base_key, arm, seed)
            planned.append(made)
            for step, output in zip(settings.planned_stages, made.outputs, strict=True):
                stage = StageName(arm, seed, step)
                stage_key = short_hash(made.key, step)
                model, after = str(output.parent), (made.unit.name, _probe_name(BASE))
                asked = _asked(measuring, last=step == settings.planned_stages[-1])
                planned.append(
                    _probe(layout, asked, stage, model, stage_key, base_key, after=after)
                )
    return planned


def _make_arm(config: StudyConfig, layout: Layout, base_key: str, arm: str, seed: int) -> Planned:
    """Return the unit that writes the stages of one arm and seed."""
    settings, name = config.arms[arm], f"train-{arm}-{seed}"
    folder = arm_folder(layout.stages, arm, seed)
    outputs = tuple(folder / f"step-{s}" / "stage.json" for s in settings.planned_stages)
    if isinstance(settings, InterpolationConfig):
        source = _make_arm(config, layout, base_key, settings.of, seed)
        key = short_hash("interpolate", source.key, settings.model_dump_json())
        run = ArmRun(arm=arm, seed=seed, base=config.base, root=layout.stages)
        between = InterpolateTask(arm=run, config=settings)
        unit = Unit(name=name, task=between, after=(source.unit.name,), cost=_INTERPOLATION_COST)
        return Planned(unit, key, outputs, None)
    before = _make_arm(config, layout, base_key, settings.after, seed) if settings.after else None
    start = str(before.outputs[-1].parent) if before else config.base
    key = short_hash(
        *("train", TRAINING_VERSION, before.key if before else base_key, arm, seed),
        settings.model_dump_json(),
        config.data.model_dump_json(),
        *([prepared_key(Path(config.data.prepared))] if config.data.prepared else []),
    )
    cost = settings.steps * _SECONDS[settings.kind]
    run = ArmRun(arm=arm, seed=seed, base=start, root=layout.stages)
    task = TrainTask(arm=run, config=settings, data=config.data)
    waits = (before.unit.name,) if before else ()
    return Planned(Unit(name=name, task=task, after=waits, cost=cost), key, outputs, None)


def plan_probe(found: Sequence[FoundStage], measuring: Measuring, layout: Layout) -> list[Planned]:
    """Return the units that measure checkpoints which are already there.

    A checkpoint that cannot be read has a unit too, which fails and is named in the report.

    Raises:
        ConfigError: two checkpoints would be the same stage.
        InputError: none of them can be read, or the base cannot.
    """
    base_key = model_key(measuring.base)
    planned = [_probe(layout, measuring, BASE, measuring.base, base_key, base_key, after=())]
    names = [StageName(f.arm, f.seed, f.step) for f in found]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ConfigError(
            f"two checkpoints are both {sorted(twice)[0].label}; name their arms as NAME=PATH"
        )
    keys = _readable_keys([checkpoint.model for checkpoint in found])
    ends = {(n.arm, n.seed): n.step for n in sorted(names, key=lambda n: n.step)}
    for name, checkpoint in zip(names, found, strict=True):
        key = keys.get(checkpoint.model, short_hash("unreadable", checkpoint.model))
        after = (_probe_name(BASE),)
        asked = _asked(measuring, last=name.step == ends[name.arm, name.seed])
        planned.append(_probe(layout, asked, name, checkpoint.model, key, base_key, after=after))
    return planned


def _readable_keys(models: Sequence[str]) -> dict[str, str]:
    """Return `model_key` by model, without those that cannot be read.

    Raises:
        InputError: none of them can be read.
    """
    keys, problems = {}, []
    for model in models:
        try:
            keys[model] = model_key(model)
        except InputError as error:
            problems.append(error)
    if problems and not keys:
        raise problems[0]
    return keys


def _asked(measuring: Measuring, *, last: bool) -> Measuring:
    """Return what is measured of a stage, by whether it is the last of its arm."""
    probes, left_out = measuring.probes, dict[str, object]()
    if not last and probes.lighter_stages == "last":
        left_out["lighter"] = False
    if not last and probes.features and probes.features.stages == "last":
        left_out["features"] = None
    return measuring._replace(probes=probes.model_copy(update=left_out))


def _probe_name(stage: StageName) -> str:
    return f"probe-{stage.label}"


def _probe(
    layout: Layout,
    measuring: Measuring,
    stage: StageName,
    model: str,
    key: str,
    base_key: str,
    *,
    after: tuple[str, ...],
) -> Planned:
    task = ProbeTask(
        root=layout.root,
        stage=stage,
        model=model,
        base=measuring.base,
        sampling=measuring.sampling,
        probes=measuring.probes,
    )
    probes = [p for p in chosen_probes(measuring.probes) if p.of_base or stage != BASE]
    found = [p for p in probes if not layout.problem(p.name, stage).is_file()]
    outputs = [layout.responses(stage), *(layout.detail(p.name, stage) for p in found)]
    identity = short_hash(
        *("probe", accuracy.VERSION, *(f"{p.name} {p.version}" for p in probes)),
        *(key, base_key, measuring.benchmark_hash),
        measuring.sampling.model_dump_json(),
        json.dumps(measuring.probes.model_dump(mode="json"), sort_keys=True),
    )
    unit = Unit(name=_probe_name(stage), task=task, after=after, cost=_PROBE_COST)
    return Planned(unit, identity, tuple(outputs), stage)
