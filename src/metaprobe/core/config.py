"""Reading TOML files and overrides into validated, immutable settings."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from metaprobe.core.errors import ConfigError, InputError, nearest

Config = TypeVar("Config", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table in a TOML file.

    Raises:
        InputError: the file cannot be read.
        ConfigError: it is not TOML; the line is named.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error


def apply_overrides(table: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return the table with `a.b.c=value` settings put in; values are TOML, or else plain text.

    Raises:
        ConfigError: an override has no `=`, or goes through something that is not a table.
    """
    result: dict[str, Any] = _copy(table)
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path.strip():
            raise ConfigError(f"--set {override!r}: write it as key.sub=value")
        *parents, last = [part.strip() for part in path.split(".")]
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set {override!r}: {parent!r} is a value, not a table")
        place[last] = _value(text.strip())
    return result


def parse_config(kind: type[Config], table: dict[str, Any], source: str) -> Config:
    """Return the settings in `table`, validated.

    Raises:
        ConfigError: one problem in one line: an unknown key, with the nearest known one, before
            what may only be missing because of it.
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        where = _place(table, first["loc"])
        if first["type"] == "extra_forbidden":
            key = str(first["loc"][-1])
            hint = nearest(key, known_keys(kind))
            raise ConfigError(f"{source}: unknown key {where!r}{hint}") from error
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(": ".join(part for part in (source, where, message) if part)) from error


def known_keys(kind: type[BaseModel]) -> list[str]:
    """Return the names of all fields of the settings and of what is nested in them."""
    schema = kind.model_json_schema()
    tables = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for table in tables for name in table.get("properties", {})})


def _place(table: Any, location: tuple[int | str, ...]) -> str:
    """Return the dotted path of an error, without the tags that unions put into it."""
    parts = []
    for number, part in enumerate(location):
        inside = isinstance(table, dict) and part in table
        last = number == len(location) - 1
        if inside or last or not isinstance(table, dict):
            parts.append(str(part))
        table = table[part] if inside else table
    return ".".join(parts)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _copy(value: Any) -> Any:
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, dict) else value
