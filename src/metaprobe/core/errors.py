"""Errors that a user can act on: one line that says what, where and the fix.

Every error derives from `MetaprobeError` and from the built-in error it refines. The command
line prints the message without a traceback and leaves with `exit_status`.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MetaprobeError(Exception):
    """Root of all errors that metaprobe raises on purpose."""

    exit_status = 1


class ConfigError(MetaprobeError, ValueError):
    """An argument, option or study file is wrong."""

    exit_status = 2


class CapacityError(ConfigError):
    """A family was asked for more distinct items than it has."""


class InputError(MetaprobeError, OSError):
    """A file or folder that was named cannot be read as what it should be."""

    exit_status = 2


class StorageError(MetaprobeError, OSError):
    """Results cannot be written, for instance because the disk is full."""


class FolderError(StorageError):
    """Results cannot be written to the folder that was named, and never could be."""

    exit_status = 2


class MissingExtraError(MetaprobeError, ImportError):
    """A feature needs an optional dependency that is not installed."""

    exit_status = 2


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known word nearest to `word`, else an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
