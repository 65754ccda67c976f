"""Write docs/results.md from the docstrings of core/results/; run it from the repository's root.

A field without a docstring is described by the class that it holds, or by nothing where its name
says it.
"""

import json
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from metaprobe.core import results

PAGE = Path("docs/results.md")

_OPENING = """\
# summary.json

<!-- Written by tools/docs/results.py from src/metaprobe/core/results/; edit there. -->

`metaprobe run` and `metaprobe probe` write `summary.json`: everything that the report shows, in
one file. This page is its schema, version {version}. Read it with `metaprobe.core.results`, which
needs no torch and refuses a file that does not follow the schema:

```python
from pathlib import Path

from metaprobe.core.results import read_summary

summary = read_summary(Path("runs/nano/summary.json"))
```

[examples/read_summary.py](../examples/read_summary.py) prints the cells that fell.

Shares and accuracies lie in 0..1, and changes are differences of accuracies. Intervals cover
95 %. `null` (None in Python) means that something was not measured, never that it is zero. A
field with a default may be absent.
"""


def render() -> str:
    """Return the page."""
    parts = [_OPENING.format(version=results.SCHEMA_VERSION)]
    parts += [_section(model) for model in _models(results.Summary)]
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


def _models(root: type[BaseModel]) -> list[type[BaseModel]]:
    """The root and all classes that it holds, each after the first that names it."""
    found: list[type[BaseModel]] = []
    queue = [root]
    while queue:
        model = queue.pop(0)
        if model in found:
            continue
        found.append(model)
        parent = _documented_parent(model)
        queue += [parent] if parent else []
        for name in _own_fields(model):
            queue += _held(model.model_fields[name].annotation)
    return found


def _section(model: type[BaseModel]) -> str:
    summary = " ".join((model.__doc__ or "").split())
    lines = [f"## {model.__name__}", "", summary]
    parent = _documented_parent(model)
    if parent:
        lines += ["", f"All fields of {_link(parent)}, and:"]
    lines += ["", "| field | type | default | meaning |", "|---|---|---|---|"]
    lines += [_row(name, model.model_fields[name]) for name in _own_fields(model)]
    return "\n".join([*lines, ""])


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else f"`{_json(field.get_default())}`"
    cells = [f"`{name}`", _type(field.annotation), default, _meaning(field)]
    return f"| {' | '.join(cell.replace('||', '&#124;&#124;') for cell in cells)} |"


def _meaning(field: FieldInfo) -> str:
    if field.description:
        return " ".join(field.description.split())
    held = _held(field.annotation)
    return " ".join((held[0].__doc__ or "").split()) if held else ""


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _documented_parent(model: type[BaseModel]) -> type[BaseModel] | None:
    """The class whose fields this one adds to, if it has any."""
    parent = model.__bases__[0]
    return parent if issubclass(parent, BaseModel) and parent.model_fields else None


def _own_fields(model: type[BaseModel]) -> list[str]:
    parent = _documented_parent(model)
    return [name for name in model.model_fields if not parent or name not in parent.model_fields]


def _held(annotation: Any) -> list[type[BaseModel]]:
    """The schema's classes inside a type."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _held(part)]


def _link(model: type[BaseModel]) -> str:
    return f"[{model.__name__}](#{model.__name__.lower()})"


def _type(annotation: Any) -> str:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_type(part) for part in parts)
    if origin is Literal:
        return ", ".join(f"`{_json(part)}`" for part in parts)
    if origin is list:
        return f"list of {_type(parts[0])}"
    if origin is dict:
        return f"object of {_type(parts[1])}"
    return _plain_type(annotation)


def _plain_type(annotation: Any) -> str:
    if annotation in (None, type(None)):
        return "null"
    if annotation is Any:
        return "anything"
    if issubclass(annotation, BaseModel):
        return _link(annotation)
    if issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    return {str: "text", int: "integer", float: "number", bool: "true or false"}[annotation]


if __name__ == "__main__":
    main()
