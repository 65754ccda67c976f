"""`metaprobe train`: training data, the recipe of the nano bases, and single arms."""

from pathlib import Path
from typing import Annotated

import typer

from metaprobe.cli import train_data

app = typer.Typer(
    help="Make training data, or train a nano base or one arm of a study.", no_args_is_help=True
)
app.command("data")(train_data.data)


@app.command("pretrain")
def pretrain(
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a part of the recipe, as in tokens=1000000."),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Torch threads; small models gain nothing from more.")
    ] = 1,
) -> None:
    """Train a nano base from nothing by the recipe of the shipped one."""
    from metaprobe.core.config import apply_overrides, parse_config
    from metaprobe.models.runtime import set_threads
    from metaprobe.training.pretrain import PretrainConfig
    from metaprobe.training.pretrain import pretrain as train

    set_threads(threads)
    config = parse_config(PretrainConfig, apply_overrides({}, overrides or []), "--set")
    train(
        config,
        out,
        report=lambda row: print(
            f"step {row['step']:>6}  tokens {row['tokens']:>10,}  loss {row['loss']:.4f}  "
            f"{row['seconds']:.0f} s",
            flush=True,
        ),
    )
    print(f"base written to {out}")


def _arm_command(kind: str, summary: str) -> None:
    def command(
        out: Annotated[Path, typer.Option(help="Folder that gets stages/<arm>/seed-<s>/step-<n>.")],
        base: Annotated[str, typer.Option(help="The model to begin from.")] = "nano/qwen3",
        seed: Annotated[int, typer.Option(min=0, help="Names the random streams.")] = 0,
        overrides: Annotated[
            list[str] | None,
            typer.Option("--set", help="A setting of the arm, or of its data as data.problems=N."),
        ] = None,
    ) -> None:
        _train_arm(kind, out, base, seed, overrides or [])

    app.command(kind, help=f"{summary} Goes on where it was interrupted.")(command)


_arm_command("sft", "Fine-tune a model on a teacher's traces, without probing it.")
_arm_command("sft_on_policy", "Fine-tune a model on its own correct solutions, without probing it.")
_arm_command("grpo", "Reinforce correct answers of a model, without probing it.")


def _train_arm(kind: str, out: Path, base: str, seed: int, overrides: list[str]) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from metaprobe.core.config import apply_overrides, parse_config
    from metaprobe.study.config import StudyConfig
    from metaprobe.study.layout import Layout
    from metaprobe.study.tasks import TrainTask
    from metaprobe.training.arms import InterpolationConfig
    from metaprobe.training.session import ArmRun

    table = apply_overrides({"kind": kind}, overrides)
    data = table.pop("data", {})
    study = {"name": kind, "base": base, "data": data, "arms": {kind: table}}
    config = parse_config(StudyConfig, study, "--set")
    arm = config.arms[kind]
    assert not isinstance(arm, InterpolationConfig)  # no command has that kind
    run = ArmRun(arm=kind, seed=seed, base=base, root=Layout(out).stages)
    task = TrainTask(arm=run, config=arm, data=config.data)
    console = Console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as display:
        bar = display.add_task(kind, total=1.0)
        task.run(lambda share: display.update(bar, completed=share))
    print(f"{kind}: stages in {out / 'stages' / kind}")
