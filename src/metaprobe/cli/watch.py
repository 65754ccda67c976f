"""`metaprobe watch`: the checkpoints of a run that is still going on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from metaprobe.cli.compare import FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from metaprobe.core.results import GroupChange, Look
    from metaprobe.study.config import StudyConfig
    from metaprobe.study.looks import Looks
    from metaprobe.study.watch import Following


def watch(
    folder: Annotated[
        str,
        typer.Argument(
            help="The run's folder, into which checkpoint-N, global_step_N or step-N folders "
            "are written; NAME=FOLDER names the arm."
        ),
    ],
    base: Annotated[str, typer.Option(help="The model that the run began from.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results; runs/watch-NAME by default.")
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the folder.")
    ] = 5.0,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Leave with 3 as soon as this is true of a checkpoint, as in "
            "'collapse or mathematics < -0.02'; see docs/watch.md."
        ),
    ] = None,
    until_step: Annotated[
        int | None, typer.Option(min=0, help="End after this step's checkpoint, or a later one.")
    ] = None,
    idle: Annotated[
        float | None, typer.Option(min=0.1, help="End after so many seconds without anything new.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="POST each checkpoint's changes as JSON to this URL.")
    ] = None,
    probes: Annotated[
        str | None, typer.Option(help="What to measure, as for metaprobe probe.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, as in benchmark.items_per_cell=50."),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Processes for several checkpoints at once; 0 is this one."),
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON line a checkpoint instead of text.")
    ] = False,
) -> None:
    """Measure each new checkpoint of a growing run, and say what changed.

    Half-written checkpoints are waited for. Stop it with Ctrl-C; the same command goes on.
    """
    config = _config(base, probes, overrides or [], fail_on, webhook)

    from metaprobe.study.looks import Looks  # torch: a wrong setting need not wait for it
    from metaprobe.study.run import silent
    from metaprobe.study.watch import Following

    results = out or Path("runs") / f"watch-{Path(folder.rpartition('=')[2]).resolve().name}"
    looks = Looks(config, results, watch=silent, gate=fail_on, workers=workers)
    following = Following(place=folder, every=every, until_step=until_step, idle=idle)
    _follow(following, looks, webhook, as_json=as_json)


def _follow(following: "Following", looks: "Looks", webhook: str | None, *, as_json: bool) -> None:
    """Tell what happens until the end, which may be that of the gate."""
    from rich.console import Console

    from metaprobe.core.results import Look
    from metaprobe.report.page import write_report
    from metaprobe.study.watch import follow
    from metaprobe.study.webhook import post_look

    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    against = f"against {looks.config.base}, results in {looks.out}"
    _say(console, f"watching {following.place} {against}")
    for event in follow(following, looks):
        if not isinstance(event, Look):
            _say(console, _line(event))
            continue
        write_report(looks.out)
        if as_json:
            print(event.model_dump_json(), flush=True)
        else:
            _show(console, event)
        problem = post_look(webhook, event) if webhook else None
        if problem:
            _say(console, f"warning: {problem}")
        if event.gate and event.gate.failed:
            raise typer.Exit(FAILED)


def _config(
    base: str,
    probes: str | None,
    overrides: list[str],
    fail_on: str | None,
    webhook: str | None,
) -> "StudyConfig":
    """Return the settings; the gate and the URL are checked first, since they load nothing."""
    from metaprobe.analysis.gate import parse_gate
    from metaprobe.cli.probe import PROBES, named_probes
    from metaprobe.core.config import apply_overrides, parse_config
    from metaprobe.study.webhook import check_webhook

    if fail_on is not None:
        parse_gate(fail_on)
    if webhook is not None:
        check_webhook(webhook)

    from metaprobe.study.config import StudyConfig

    table: dict[str, object] = {"name": "watch", "base": base}
    if probes is not None:
        wanted = named_probes(probes)
        table["probes"] = {name: name in wanted for name in PROBES}
    return parse_config(StudyConfig, apply_overrides(table, overrides), "--set")


def _say(console: "Console", line: str) -> None:
    console.print(line, markup=False)


def _line(event: object) -> str:
    from metaprobe.study.watch import Arrived, Broken

    if isinstance(event, Arrived):
        return f"{event.stage.model}: whole, measured now"
    assert isinstance(event, Broken)
    return f"{event.path}: not measured, and waited for: {event.reason}"


def _show(console: "Console", look: "Look") -> None:
    """Print one compact block."""
    from metaprobe.report.markup import points

    def row(groups: "list[GroupChange]") -> str:
        found = [g for g in groups if g.kind == "domain"]
        marks = {True: "*", False: ""}
        return "  ".join(f"{g.name} {points(g.change)}{marks[g.fell or g.rose]}" for g in found)

    _say(console, f"{look.arm} step {look.step}, look {look.number}")
    _say(console, f"  since the base     {row(look.since_base)}")
    if look.since_previous:
        _say(console, f"  since step {look.previous:<8}{row(look.since_previous)}")
    for word, fallen in (("fell", True), ("rose", False)):
        clear = [g for g in look.since_base if g.kind == "cell" and (g.fell if fallen else g.rose)]
        clear.sort(key=lambda g: g.change, reverse=not fallen)
        if clear:
            told = [f"{g.name} {points(g.change)} (q {g.q_value:.2g})" for g in clear[:5]]
            more = f" and {len(clear) - 5} more" if len(clear) > 5 else ""
            _say(console, f"  {word:<19}{', '.join(told)}{more}")
    if look.gate:
        verdict = "FAILED" if look.gate.failed else "passed"
        said = "; ".join(f"{c.text}: {c.detail}" for c in look.gate.conditions)
        _say(console, f"  gate {verdict:<14}{said}")
