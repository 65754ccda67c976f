"""Graded responses of any origin as a study: base, arms and stages out of one table."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import polars as pl

from metaprobe.analysis.profile import COLUMNS
from metaprobe.analysis.summary import Context, Stage, summarise_stages
from metaprobe.analysis.tables import BASE
from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.core.results import StageResult, Summary
from metaprobe.core.vocabulary import CELLS, Verdict

KIND = "external"
"""Kind of an arm that was not trained here."""

Place = tuple[str, int, int]
"""Arm, seed and step; those of the base are `BASE`, 0, 0."""


class Foreign(NamedTuple):
    """What became of a table."""

    tables: dict[Place, pl.DataFrame]
    """Graded responses of the base and of each stage, as `profile` wants them."""
    base: str
    """Name of the base's model."""
    told: dict[Place, set[Verdict]]
    """Verdicts that the source of a stage tells apart."""
    missing: list[str]
    """Items that cannot be paired, a line each."""
    content_hash: str
    """SHA-256 of the names and cells of all items."""
    n_items: int


def assign_cells(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the cell, written `domain/skill`, of each name that a table gives a group of items.

    Args:
        names: cells, or names of tasks.
        mapping: cells by name; a name may hold `*`, and an exact one goes first.

    Raises:
        ConfigError: a name has no cell, a cell does not exist, or an entry fits no name.
    """
    known = [str(cell) for cell in CELLS]
    for name, cell in mapping.items():
        if cell not in known:
            raise ConfigError(f"--cell-map {name}: no cell {cell!r}{nearest(cell, known)}")
        if not any(fnmatchcase(given, name) for given in names):
            raise ConfigError(f"--cell-map: nothing is called {name!r}{nearest(name, names)}")
    found = {}
    for name in names:
        fits = [pattern for pattern in mapping if fnmatchcase(name, pattern)]
        if name in mapping or fits:
            found[name] = mapping.get(name) or mapping[fits[0]]
        elif name in known:
            found[name] = name
        else:
            raise ConfigError(
                f"{name!r} is no cell; say which one it is with "
                f"--cell-map '{name}=DOMAIN/SKILL'{nearest(name, known)}"
            )
    return found


def arrange(rows: pl.DataFrame, base: str | None, mapping: Mapping[str, str]) -> Foreign:
    """Return the rows as a base and the stages of arms, each model being an arm.

    Args:
        rows: columns model, stage, seed, item, cell, verdict, told, self_check, chance and
            majority, one row a response. A stage that is null is step 0, a seed that is null 0.
        base: `MODEL` or `MODEL:STAGE`; without a stage the model's first one, and `base` if None.
        mapping: cells by name, see `assign_cells`.

    Raises:
        ConfigError: the base is not there, a cell is unknown, or an arm has the name of the base.
        InputError: there is no row, or no item that base and a stage share.
    """
    if rows.is_empty():
        raise InputError("no graded response in the tables")
    cells = assign_cells(sorted(rows["cell"].unique()), mapping)
    table = _as_responses(rows, cells)
    model, step = _find_base(table, base)
    is_base = (pl.col("model") == model) & (pl.col("stage") == step)
    tables: dict[Place, pl.DataFrame] = {(BASE, 0, 0): table.filter(is_base)}
    stages = table.filter(~is_base).partition_by(
        "model", "seed", "stage", maintain_order=True, as_dict=True
    )
    for (arm, seed, stage), own in stages.items():
        if arm == BASE:
            raise ConfigError(f"{BASE!r} is kept for the base; give that model another name")
        tables[str(arm), int(seed), int(stage)] = own
    items = table.select("item_id", "domain", "skill").unique().sort("item_id", "domain", "skill")
    listed = "\n".join("\t".join(row) for row in items.iter_rows())
    return Foreign(
        tables={place: _numbered(own) for place, own in tables.items()},
        base=model if step == 0 else f"{model}:{step}",
        told={place: _told(own) for place, own in tables.items()},
        missing=_unpaired(tables),
        content_hash=sha256(listed.encode()).hexdigest(),
        n_items=items.height,
    )


def summarise_foreign(foreign: Foreign, context: Context) -> Summary:
    """Return the summary; a verdict that a source does not tell apart has no count."""
    stages = {
        place: Stage(
            *place,
            kind=KIND,
            responses=partial(_same, table),
            seconds=None,
            tokens=None,
            forward_tokens=None,
            details={},
        )
        for place, table in foreign.tables.items()
    }
    base = stages.pop((BASE, 0, 0))
    summary = summarise_stages(base, list(stages.values()), context)
    arms = [
        arm.model_copy(
            update={
                "steps": [
                    _without_untold(stage, foreign.told[arm.arm, arm.seed, stage.step])
                    for stage in arm.steps
                ]
            }
        )
        for arm in summary.arms
    ]
    profile = _without_untold(summary.base.profile, foreign.told[BASE, 0, 0])
    return summary.model_copy(
        update={"arms": arms, "base": summary.base.model_copy(update={"profile": profile})}
    )


def _same(table: pl.DataFrame) -> pl.DataFrame:
    return table


def _as_responses(rows: pl.DataFrame, cells: Mapping[str, str]) -> pl.DataFrame:
    """Return the rows with `COLUMNS`, beside model, seed, stage and told.

    The name that the table gives the cell is a part of an item's name: tasks number their items
    from 0, each for itself.
    """
    parts = pl.col("cell").replace_strict(cells).str.split_exact("/", 1)
    return rows.with_columns(
        pl.col("stage", "seed").fill_null(0),
        parts.struct.field("field_0").alias("domain"),
        parts.struct.field("field_1").alias("skill"),
        item_id=pl.col("cell") + "/" + pl.col("item"),
        family=pl.col("cell"),
        level=pl.lit(None, dtype=pl.Int64),
    )


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(sample=pl.int_range(pl.len()).over("item_id")).select(COLUMNS)


def _find_base(table: pl.DataFrame, base: str | None) -> tuple[str, int]:
    wanted = BASE if base is None else base
    stages: dict[str, set[int]] = {}
    for model, stage in table.select("model", "stage").unique().iter_rows():
        stages.setdefault(model, set()).add(stage)
    if wanted in stages:
        return wanted, min(stages[wanted])
    model, _, step = wanted.rpartition(":")
    if model in stages and step.isdecimal():
        if int(step) in stages[model]:
            return model, int(step)
        known = ", ".join(map(str, sorted(stages[model])))
        raise ConfigError(f"--base {wanted}: {model} has no stage {step}; it has {known}")
    listed = ", ".join(sorted(stages)[:8])
    raise ConfigError(
        f"which model is the base? --base {wanted}: no such model{nearest(wanted, stages)}; "
        f"there are {listed}"
    )


def _told(table: pl.DataFrame) -> set[Verdict]:
    """Return what all rows tell apart, and what occurs."""
    lists = [{Verdict(name) for name in told.split()} for told in table["told"].unique()]
    return set.intersection(*lists) | {Verdict(name) for name in table["verdict"].unique()}


def _unpaired(tables: Mapping[Place, pl.DataFrame]) -> list[str]:
    known = set(tables[BASE, 0, 0]["item_id"])
    lines = []
    for (arm, seed, step), table in tables.items():
        own = set(table["item_id"])
        name = f"{arm} (seed {seed}, step {step})"
        if not own & known:
            raise InputError(f"{name} shares no item with the base; are they named alike?")
        if own != known:
            lines.append(
                f"{name}: {len(known - own)} items of the base are not there, and "
                f"{len(own - known)} are not in the base; changes are over the {len(own & known)} "
                "that both have"
            )
    return lines


def _without_untold(stage: StageResult, told: set[Verdict]) -> StageResult:
    untold = dict.fromkeys((str(verdict) for verdict in Verdict if verdict not in told), None)
    groups = {
        name: [row.model_copy(update=untold) for row in getattr(stage, name)]
        for name in ("cells", "skills", "domains")
    }
    return stage.model_copy(update=groups)
