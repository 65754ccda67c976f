"""Settings that name cells and families, checked where they are read."""

from typing import Annotated

from pydantic import BeforeValidator

from metaprobe.benchmark.family import find_family
from metaprobe.benchmark.freeze import PRESETS
from metaprobe.core.errors import ConfigError, nearest
from metaprobe.core.vocabulary import parse_cells


def _checked_cells(patterns: object) -> object:
    if isinstance(patterns, list):
        parse_cells([str(pattern) for pattern in patterns])
    return patterns


def _checked_families(named: object) -> object:
    if isinstance(named, str):
        if named not in PRESETS:
            raise ConfigError(
                f"families: no preset {named!r}{nearest(named, PRESETS)}: "
                f"list families, or name one of {', '.join(PRESETS)}"
            )
        return PRESETS[named].families
    for name in named if isinstance(named, list | tuple) else ():
        find_family(str(name))
    return named


CellPatterns = Annotated[list[str], BeforeValidator(_checked_cells)]
"""Cells as `domain/skill`, with `*` for all."""

FamilyNames = Annotated[tuple[str, ...] | None, BeforeValidator(_checked_families)]
"""Names of families, or a preset whose families they are."""
