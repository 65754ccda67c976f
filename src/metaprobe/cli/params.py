"""`metaprobe params`: how far the weights of checkpoints are from those of their base."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from metaprobe.core.results import ParameterChange, TaskVectorCosine
    from metaprobe.probes.parameters.measure import Progress

MOVERS = 10
"""Tensors in the table of those that moved most."""


def params(
    base: Annotated[
        str, typer.Argument(help="The model before training: a folder or a shipped name.")
    ],
    stages: Annotated[
        list[str],
        typer.Argument(
            help="Models after it: folders, shipped names, or folders of LoRA adapters."
        ),
    ],
    spectra: Annotated[
        int | None,
        typer.Option(
            min=1, help="Also compare this many singular values and directions of each matrix."
        ),
    ] = None,
    memory: Annotated[
        int, typer.Option(help="What blocks and matrices may take, in MB, beside the program.")
    ] = 256,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; one a core by default.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of tables.")
    ] = False,
) -> None:
    """Compare the weights of checkpoints with those of their base, straight from the files."""
    import json

    from rich.console import Console

    from metaprobe.probes.parameters import measure_parameters, task_vector_cosine

    if threads and spectra:  # which are torch's; nothing else here needs it
        from metaprobe.models.runtime import set_threads

        set_threads(threads)
    before, *after = (_folder(name) for name in (base, *stages))
    options: dict[str, Any] = {"memory_mb": memory, "threads": threads}
    changes: dict[str, ParameterChange] = {}
    cosines: dict[tuple[str, str], TaskVectorCosine] = {}
    folders = dict(zip(stages, after, strict=True))
    with _bar() as bar:
        for name, folder in folders.items():
            changes[name] = measure_parameters(
                before, folder, spectra=spectra, progress=bar(name), **options
            )
        for one, other in combinations(folders, 2):
            cosines[one, other] = task_vector_cosine(
                before, folders[one], folders[other], progress=bar(f"{one}, {other}"), **options
            )
    if as_json:
        print(json.dumps(_record(base, changes, cosines), indent=1))
        return
    console = Console()
    for name, change in changes.items():
        _print_change(console, f"{name} against {base}", change)
    _print_cosines(console, cosines)


def _folder(name: str) -> Path:
    """Return the folder that an argument stands for.

    Raises:
        ConfigError: there is none, or it is a hub name.
        InputError: a shipped model is damaged.
    """
    from metaprobe.core.errors import ConfigError
    from metaprobe.models.folders import resolve_model

    folder = Path(name) if Path(name).is_dir() else resolve_model(name)
    if folder is None:
        raise ConfigError(
            f"{name}: no such folder; weights are read from files, so download a model of the hub "
            "first and name its folder"
        )
    return folder


@contextmanager
def _bar() -> "Iterator[Callable[[str], Progress]]":
    """Yield what makes a bar on stderr out of a name; without a terminal it shows nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Display

    console = Console(stderr=True)
    display = Display(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

    def bar(name: str) -> "Progress":
        task = display.add_task(name, total=1.0)
        return lambda share: display.update(task, completed=share)

    with display:
        yield bar


def _record(
    base: str,
    changes: "dict[str, ParameterChange]",
    cosines: "dict[tuple[str, str], TaskVectorCosine]",
) -> dict[str, Any]:
    return {
        "base": base,
        "stages": [{"name": n, **c.model_dump(mode="json")} for n, c in changes.items()],
        "cosines": [
            {"stages": list(pair), **found.model_dump(mode="json")}
            for pair, found in cosines.items()
        ],
    }


def _print_change(console: "Console", title: str, change: "ParameterChange") -> None:
    from rich.text import Text

    console.print(Text(title, style="bold"))
    note = f", the base rounded to {change.rounded_to}" if change.rounded_to else ""
    console.print(
        f"{change.n:,} weights{note}; relative norm {change.relative_norm:.3e}, "
        f"cosine {_number(change.cosine, '.8f')}, sign flips {_number(change.sign_flips, '.3%')}"
    )
    _print_curve(console, change)
    _print_groups(console, change)
    _print_movers(console, change)
    _print_spectra(console, change)


def _print_curve(console: "Console", change: "ParameterChange") -> None:
    shares: dict[float, dict[str, float]] = {}
    for point in change.changed:
        shares.setdefault(point.tolerance, {})[point.dtype] = point.share
    kinds = ("float32", "bfloat16", "relative")
    rows = [
        (f"{tolerance:g}", *(_number(shares[tolerance].get(kind), ".3%") for kind in kinds))
        for tolerance in sorted(shares)
    ]
    _print_table(console, "share changed by more than", ("tolerance", *kinds), rows)


def _print_groups(console: "Console", change: "ParameterChange") -> None:
    for title, groups in (("module kind", change.per_kind), ("layer", change.per_layer)):
        rows = []
        for group in groups or []:
            label = group.kind if title == "module kind" else group.layer
            norm, changed = f"{group.relative_norm:.3e}", f"{group.changed:.3%}"
            rows.append(("none" if label is None else str(label), norm, changed, f"{group.n:,}"))
        header = (title, "relative norm", "changed", "weights")
        _print_table(console, f"by {title}", header, rows)


def _print_movers(console: "Console", change: "ParameterChange") -> None:
    modules = sorted(change.per_module, key=lambda m: m.relative_norm, reverse=True)[:MOVERS]
    rows = [
        (
            _short(m.name),
            f"{m.relative_norm:.3e}",
            f"{m.changed:.3%}",
            _number(m.largest, ".3e"),
            "" if m.largest_at is None else str(m.largest_at),
        )
        for m in modules
    ]
    header = ("tensor", "relative norm", "changed", "largest change", "at")
    _print_table(console, "largest movers", header, rows)


def _print_spectra(console: "Console", change: "ParameterChange") -> None:
    rows = []
    for module in change.per_module:
        s = module.spectrum
        if s is None:
            continue
        low, high = s.effective_rank_low, s.effective_rank_high
        rank = f"{low:.1f}" if s.exact else f"{low:.1f} to {high:.1f}"
        turned = f"{max(s.left_angle, s.right_angle):.4f}"
        if s.angle_error is not None:
            turned += f" ± {s.angle_error:.4f}"
        energies = (f"{s.energy_in_base:.3%}", f"{s.energy_on_diagonal:.3%}")
        rows.append((_short(module.name), f"{s.stable_rank:.2f}", rank, *energies, turned))
    if rows:
        header = ("matrix", "stable rank", "eff. rank", "in base", "diagonal", "angle")
        _print_table(console, "spectra of the change, angle in radians", header, rows)


def _print_cosines(console: "Console", cosines: "dict[tuple[str, str], TaskVectorCosine]") -> None:
    rows = [(f"{one}\n{other}", _number(c.cosine, ".6f")) for (one, other), c in cosines.items()]
    if rows:
        _print_table(console, "cosine between the changes", ("stages", "cosine"), rows)


def _print_table(
    console: "Console", title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for column in header:
        first = column == header[0]
        justify: Literal["left", "right"] = "left" if first else "right"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=not first)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _short(name: str) -> str:
    """Return the name of a tensor without the words that nearly all of them share."""
    return name.removeprefix("model.").removeprefix("layers.").removesuffix(".weight")
