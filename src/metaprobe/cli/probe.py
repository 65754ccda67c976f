"""`metaprobe probe`: checkpoints that are already there, measured against their base."""

from pathlib import Path
from typing import Annotated, Any

import typer

PROBES = (
    "accuracy",
    "divergence",
    "parameters",
    "behaviours",
    "representation",
    "cross_sampling",
    "likelihood",
    "features",
    "lighter",
)


def probe(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Hub names, model folders, or run folders whose checkpoint-N, global_step_N or "
            "step-N folders become stages; NAME=PATH names an arm."
        ),
    ],
    base: Annotated[str, typer.Option(help="The model that they were trained from.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")],
    probes: Annotated[
        str | None,
        typer.Option(
            help=f"What to measure, out of {', '.join(PROBES)}; by default as "
            "the stages' own study says, else the first four."
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, as in benchmark.items_per_cell=50."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of the table.")
    ] = False,
) -> None:
    """Measure checkpoints against their base on every cell, and write the report.

    Stages of one study are measured as its `study.toml` says, others as the built-in defaults say.
    """
    from rich.console import Console

    from metaprobe.cli.run import conclude, watching
    from metaprobe.core.config import apply_overrides, parse_config
    from metaprobe.study.config import StudyConfig
    from metaprobe.study.layout import study_of_stage

    wanted = named_probes(probes) if probes is not None else []

    from metaprobe.stages.discover import find_stages  # torch: a wrong name need not wait for it

    found = [stage for argument in models for stage in find_stages(argument)]
    studies = {study_of_stage(Path(stage.model)) for stage in found}
    study = studies.pop() if len(studies) == 1 else None
    table = _measured(study) | {"name": "probe", "base": base}
    if wanted:
        table["probes"] = table.get("probes", {}) | {name: name in wanted for name in PROBES}
    config = parse_config(StudyConfig, apply_overrides(table, overrides or []), "--set")

    from metaprobe.study.run import run_probe  # transformers: nor a wrong setting

    console = Console(stderr=as_json)
    if study:
        console.print(f"measured as {study} says; --set changes it")
    console.print(f"[bold]probe[/bold]: {len(found)} checkpoints against {base}, results in {out}")
    with watching(console) as watch:
        outcome = run_probe(config, found, out, watch=watch, workers=workers)
    conclude(outcome, out, console, as_json=as_json)


def named_probes(probes: str) -> list[str]:
    """Return the probes that a list with commas names.

    Raises:
        ConfigError: one of them is unknown.
    """
    from metaprobe.core.errors import ConfigError, nearest

    wanted = [name.strip() for name in probes.split(",")]
    for name in wanted:
        if name not in PROBES:
            raise ConfigError(f"--probes: unknown probe {name!r}{nearest(name, PROBES)}")
    return wanted


def _measured(study: Path | None) -> dict[str, Any]:
    """Return what a study measures, and on what; nothing without a study."""
    from metaprobe.core.config import read_toml

    table = read_toml(study) if study else {}
    return {key: table[key] for key in ("benchmark", "sampling", "probes") if key in table}
