"""`metaprobe analyse`: graded responses of any origin, as a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

    from metaprobe.analysis.foreign import Foreign
    from metaprobe.core.results import Summary


def analyse(
    tables: Annotated[
        list[str],
        typer.Argument(
            help="Parquet, CSV or JSON lines with the columns model, stage, item, cell, and "
            "correct or verdict; or lm-eval's samples_*.jsonl; or Inspect's logs; or folders of "
            "these. NAME=PATH and NAME:STAGE=PATH say whose responses they are."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the results.")],
    base: Annotated[
        str | None,
        typer.Option(help="MODEL or MODEL:STAGE that the others came from; by default `base`."),
    ] = None,
    cell_map: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=DOMAIN/SKILL: the cell of a task, or of another name; "
            "NAME may hold a *; repeatable."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Of logs: which METRIC, or METRIC,FILTER, says what is correct; repeatable."
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Of tables: correct=COLUMN, item=COLUMN and so on; repeatable."),
    ] = None,
    trained: Annotated[
        str | None,
        typer.Option(help="Cells that the models were trained on, as in 'mathematics/*'."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the study.")] = "analysis",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of the table.")
    ] = False,
) -> None:
    """Give profile, changes, findings and a report for responses that were graded elsewhere.

    Models are arms, their stages are in numeric order, and responses to one item are its samples.
    """
    from rich.console import Console

    from metaprobe.analysis.foreign import arrange
    from metaprobe.core.vocabulary import parse_cells
    from metaprobe.report.terminal import print_summary

    cells = parse_cells([part.strip() for part in trained.split(",")]) if trained else []
    rows = _read(tables, metric or [], _pairs(column, "--column"))
    foreign = arrange(rows, base, _pairs(cell_map, "--cell-map"))
    summary = _write(out, foreign, name, [str(cell) for cell in cells], tables)
    if as_json:
        print(summary.model_dump_json(indent=1))
    else:
        print_summary(Console(), summary, out)


def _write(
    out: Path, foreign: "Foreign", name: str, trained: list[str], tables: list[str]
) -> "Summary":
    """Write the folder that a study would leave, and return its summary."""
    from metaprobe.analysis.foreign import summarise_foreign
    from metaprobe.analysis.summary import Context
    from metaprobe.analysis.tables import responses_path
    from metaprobe.core.files import write_parquet
    from metaprobe.core.results import write_summary
    from metaprobe.report.page import write_report

    context = Context(
        study=name,
        question=None,
        base=foreign.base,
        parameters=None,
        family=None,
        trained_cells=trained,
        missing=foreign.missing,
        seconds=0.0,
        provenance=_provenance(tables, foreign),
    )
    summary = summarise_foreign(foreign, context)
    for place, table in foreign.tables.items():
        write_parquet(responses_path(out, *place), table)
    write_summary(out / "summary.json", summary)
    write_report(out)
    return summary


def _read(tables: list[str], metrics: list[str], columns: dict[str, str]) -> "pl.DataFrame":
    """Return the graded rows of all files."""
    import polars as pl

    from metaprobe.benchmark.interchange.graded import COLUMNS, graded_files, read_graded
    from metaprobe.core.errors import ConfigError, InputError, nearest

    for ours in columns:
        if ours not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise ConfigError(f"--column {ours}: use one of {known}{nearest(ours, COLUMNS)}")
    parts = []
    for argument in tables:
        model, stage, place = _named(argument)
        for path in graded_files(place):
            rows = read_graded(path, metrics=metrics, columns=columns)
            if model is not None:
                rows = rows.with_columns(model=pl.lit(model))
            if stage is not None:
                rows = rows.with_columns(stage=pl.lit(stage, dtype=pl.Int64))
            if rows["model"].null_count():
                raise InputError(f"{path}: whose responses are they? write NAME={place}")
            parts.append(rows)
    return pl.concat(parts)


def _named(argument: str) -> tuple[str | None, int | None, Path]:
    """Return the model and stage in front of a path, where they are given."""
    from metaprobe.core.errors import ConfigError

    front, equals, rest = argument.partition("=")
    if not equals or Path(argument).exists():
        return None, None, Path(argument)
    if not front:
        raise ConfigError(f"{argument!r}: no name before the =")
    model, colon, stage = front.rpartition(":")
    if colon and model and stage.isdecimal():
        return model, int(stage), Path(rest)
    return front, None, Path(rest)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    from metaprobe.core.errors import ConfigError

    pairs = {}
    for text in given or []:
        key, equals, value = text.rpartition("=")
        if not equals or not key or not value:
            raise ConfigError(f"{option} {text!r}: write it as NAME=VALUE")
        pairs[key] = value
    return pairs


def _provenance(tables: list[str], foreign: "Foreign") -> dict[str, object]:
    import shlex
    import sys

    from metaprobe import __version__

    return {
        "command": shlex.join(["metaprobe", *sys.argv[1:]]),
        "metaprobe": __version__,
        "tables": tables,
        "benchmark": {
            "name": "graded elsewhere",
            "hash": foreign.content_hash,
            "items": foreign.n_items,
        },
    }
