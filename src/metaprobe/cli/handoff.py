"""`metaprobe handoff`: jobs for LLaMA-Factory and verl, and their checkpoints back as stages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from metaprobe.benchmark.items import Item
    from metaprobe.study.config import StudyConfig
    from metaprobe.training.handoff.job import Draft, Target

app = typer.Typer(
    help="Train arms with LLaMA-Factory or verl, and take their checkpoints back as stages.",
    no_args_is_help=True,
)

Study = Annotated[str, typer.Argument(help="A TOML file, or the name of a built-in study.")]
Out = Annotated[Path, typer.Option(help="Folder of the jobs; each arm gets one of its name.")]
ArmName = Annotated[str | None, typer.Option("--arm", help="Only this arm, in --out itself.")]
Preset = Annotated[
    str | None,
    typer.Option(help="`paper`: the hyperparameters of arXiv 2507.00432 in place of the arm's."),
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", help="Begin from this model, as Qwen/Qwen3-14B-Base; else the base."),
]
Nodes = Annotated[int | None, typer.Option(min=1, help="Machines; 1 by default.")]
Gpus = Annotated[int | None, typer.Option(min=1, help="Devices of a machine; 8 by default.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting of the study, as in arms.grpo.steps=200."),
]

_VALIDATION_ITEMS = 8


@app.command("llamafactory")
def llamafactory(
    study: Study,
    out: Out,
    arm: ArmName = None,
    preset: Preset = None,
    model: ModelName = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="JSON lines with prompt and completion, or with messages, to train on in place of "
            "the arm's traces."
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="LLaMA-Factory's chat template; known for a base named Qwen3."),
    ] = None,
    nodes: Nodes = None,
    gpus: Gpus = None,
    overrides: Overrides = None,
) -> None:
    """Write a job folder of LLaMA-Factory for every SFT arm of a study."""
    config = _study(study, overrides, model)
    _check_preset(preset)

    from metaprobe.training.handoff import llamafactory as engine
    from metaprobe.training.handoff.data import Corpus, read_traces

    prepared = Corpus(read_traces(data), in_order=False) if data else None

    def draft(target: "Target") -> "Draft":
        settings: Any = config.arms[target.arm]
        corpus = prepared or engine.arm_corpus(_items(config, target.seed), settings, target)
        return engine.draft_job(settings, corpus, target, template)

    layout = (nodes or 1, gpus or 8)
    targets = _targets(config, "sft", arm, preset, layout)
    _write(config, targets, draft, out, alone=arm is not None)


@app.command("verl")
def verl(
    study: Study,
    out: Out,
    arm: ArmName = None,
    preset: Preset = None,
    model: ModelName = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="JSON lines with prompt and answer to train on in place of the study's problems."
        ),
    ] = None,
    rollout: Annotated[str, typer.Option(help="What samples: vllm, sglang or trtllm.")] = "vllm",
    nodes: Nodes = None,
    gpus: Gpus = None,
    overrides: Overrides = None,
) -> None:
    """Write a job folder of verl, with metaprobe's grader as reward, for every GRPO arm."""
    config = _study(study, overrides, model)
    _check_preset(preset)

    from metaprobe.core.vocabulary import Split
    from metaprobe.training.handoff import verl as engine
    from metaprobe.training.handoff.data import Corpus, problems, read_problems
    from metaprobe.training.handoff.paper import rl_layout

    prepared = Corpus(read_problems(data), in_order=False) if data else None

    def draft(target: "Target") -> "Draft":
        settings: Any = config.arms[target.arm]
        corpus = prepared or engine.arm_corpus(_items(config, target.seed), settings, target)
        held_out = _items(config, target.seed, split=Split.EVAL, count=_VALIDATION_ITEMS)
        return engine.draft_job(settings, corpus, problems(held_out), target, rollout)

    published = rl_layout(config.base) if preset else None
    layout = (
        nodes or (published.nodes if published else 1),
        gpus or (published.gpus if published else 8),
    )
    targets = _targets(config, "grpo", arm, preset, layout)
    _write(config, targets, draft, out, alone=arm is not None)


@app.command("collect")
def collect(
    job: Annotated[Path, typer.Argument(help="A job folder that was run, or one that has some.")],
    out: Annotated[Path, typer.Option(help="Folder that gets stages/<arm>/seed-<s>/step-<n>.")],
) -> None:
    """Make stages of the checkpoints of jobs, for `metaprobe probe`; repeat it as a job goes on."""
    from metaprobe.training.handoff.collect import collect_job, copy_study, find_jobs

    for folder in find_jobs(job):
        stages = collect_job(folder, out / "stages")
        copy_study(folder, out)
        print(f"{folder}: {len(stages)} stages in {stages[0].parent}")
    print(f"next: metaprobe probe {out}/stages/ARM/seed-S --base BASE --out DIR")


def _study(name: str, overrides: list[str] | None, model: str | None) -> "StudyConfig":
    from metaprobe.study.config import load_study

    config = load_study(name, overrides or [])
    return config.model_copy(update={"base": model}) if model else config


def _check_preset(preset: str | None) -> None:
    from metaprobe.core.errors import ConfigError

    if preset not in (None, "paper"):
        raise ConfigError(f"--preset {preset}: there is one preset, paper")


def _targets(
    config: "StudyConfig", kind: str, arm: str | None, preset: str | None, layout: tuple[int, int]
) -> "list[Target]":
    """Return every arm of a kind with every seed, or the one that was named."""
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.training.handoff.job import Target, safe_name

    if arm is not None and arm not in config.arms:
        raise ConfigError(f"--arm {arm}: no such arm in the study{nearest(arm, config.arms)}")
    names = [arm] if arm else [name for name, c in config.arms.items() if c.kind == kind]
    if arm and config.arms[arm].kind != kind:
        raise ConfigError(
            f"--arm {arm}: of kind {config.arms[arm].kind}; LLaMA-Factory trains sft arms, verl "
            "grpo ones, and sft_on_policy only our own loop"
        )
    if not names:
        raise ConfigError(f"study {config.name!r} has no arm of kind {kind}")
    return [
        Target(
            arm=safe_name(name),
            seed=seed,
            base=config.base,
            nodes=layout[0],
            gpus=layout[1],
            preset=preset,
        )
        for name in names
        for seed in config.seeds
    ]


def _items(
    config: "StudyConfig", seed: int, *, split: Any = None, count: int | None = None
) -> "list[Item]":
    """Return the problems that the study trains on, or some of another split."""
    from metaprobe.core.errors import ConfigError
    from metaprobe.core.vocabulary import Split, parse_cells
    from metaprobe.training.data import draw_items

    data = config.data
    if data.prepared:
        raise ConfigError(f"data.prepared: hand its rows over with --data {data.prepared}/FILE")
    return draw_items(
        parse_cells(data.cells),
        data.levels,
        count or data.problems,
        split=split or Split.TRAIN,
        seed=seed,
        families=data.families,
    )


def _write(
    config: "StudyConfig",
    targets: "list[Target]",
    draft: "Callable[[Target], Draft]",
    out: Path,
    *,
    alone: bool,
) -> None:
    """Write the jobs when all of them are known to be possible, and say how each differs."""
    from metaprobe.core.errors import ConfigError
    from metaprobe.study.toml import dump_toml
    from metaprobe.training.handoff.job import LAUNCH, write_draft

    study = dump_toml(config.model_dump(mode="json", exclude_none=True))
    drafts = []
    for target in targets:
        try:
            made = draft(target)
        except ConfigError as error:
            raise ConfigError(f"arm {target.arm!r}: {error}") from error
        drafts.append(made._replace(files={**made.files, "study.toml": study}))
    for target, made in zip(targets, drafts, strict=True):
        folder = out if alone else out / target.arm
        if len(config.seeds) > 1:
            folder = folder / f"seed-{target.seed}"
        write_draft(folder, made)
        print(f"{folder}: {made.job.rows} rows; start it with bash {folder / LAUNCH}")
        for difference in made.job.differences:
            print(f"  differs: {difference}")
