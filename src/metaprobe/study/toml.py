"""Writing settings as TOML; the standard library only reads it."""

import json
from typing import Any


def dump_toml(table: dict[str, Any]) -> str:
    """Return a table of plain values, lists and tables as TOML."""
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def _lines(table: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(k)} = {_value(v)}" for k, v in table.items() if not isinstance(v, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = (*path, key)
            lines += ["", f"[{'.'.join(_key(part) for part in inner)}]", *_lines(value, inner)]
    return lines


def _key(text: str) -> str:
    plain = text.replace("_", "").replace("-", "").isalnum() and text.isascii()
    return text if plain else json.dumps(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_value(v) for v in value)}]"
    return json.dumps(value)
