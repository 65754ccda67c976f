"""Python literals in texts: read as data by a grammar that evaluates nothing."""

import ast
import warnings
from typing import Any

MOST_LITERAL_CHARACTERS = 2000
"""A longer text is not read."""


def read_literal(text: str) -> tuple[str, str] | None:
    """Return the type and one spelling of the value of a literal, or None where it is none.

    Two literals have the same result just when they have the same type, all through, and value:
    `1`, `1.0` and `True` differ; `{1, 2}` and `{2, 1}` do not.
    """
    if len(text) > MOST_LITERAL_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the compiler, on odd escapes and spellings
            value = ast.literal_eval(text)
        return type(value).__name__, _spelling(value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _spelling(value: Any) -> str:
    """Return what equal values of the same types share."""
    match value:
        case list() | tuple():
            return f"{type(value).__name__}({', '.join(map(_spelling, value))})"
        case set():
            return f"set({', '.join(sorted(map(_spelling, value)))})"
        case dict():
            pairs = sorted(f"{_spelling(k)}: {_spelling(v)}" for k, v in value.items())
            return f"dict({', '.join(pairs)})"
        case _:
            return repr(value)
