"""Atomic files: every write goes to a temporary name beside the target and is then renamed."""

import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaprobe.core.errors import FolderError, InputError, StorageError

if TYPE_CHECKING:
    import polars as pl

_FULL = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
}
_UNWRITABLE = {
    errno.ENOENT: "no such folder can be made; choose another with --out",
    errno.EACCES: "the folder is not writable; choose another with --out",
    errno.EPERM: "the folder is not writable; choose another with --out",
    errno.EROFS: "the file system is read-only; choose another folder with --out",
    errno.EEXIST: "a part of the path is a file; choose another folder with --out",
    errno.ENOTDIR: "a part of the path is a file; choose another folder with --out",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or an unwritable folder into one clear line.

    Raises:
        FolderError: nothing can ever be written there.
        StorageError: the operating system refused the write for another reason.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        code = error.errno if isinstance(error, OSError) else _wrapped_code(error)
        if code is None and not isinstance(error, OSError):
            raise
        if code in _UNWRITABLE:
            raise FolderError(f"cannot write {path}: {_UNWRITABLE[code]}") from error
        reason = _FULL.get(code or 0, str(error))
        raise StorageError(f"cannot write {path}: {reason}") from error


def _wrapped_code(error: Exception) -> int | None:
    """Return the system's error number in the text of an error.

    Libraries written in Rust (safetensors, polars) raise errors of their own on a full disk.
    """
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, else it is removed.

    Raises:
        StorageError: the folder cannot be made or the file cannot be written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(path: Path, table: "pl.DataFrame") -> None:
    """Write a table as Parquet, atomically."""
    with atomic_path(path) as temporary:
        table.write_parquet(temporary)


def read_json(path: Path) -> Any:
    """Return the JSON value in a file.

    Raises:
        InputError: the file is missing or is not JSON.
    """
    return _read(path, lambda text: json.loads(text), "JSON")


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON-lines file.

    Raises:
        InputError: the file is missing or a line is not a JSON object; the line is named.
    """
    rows = []
    # Not splitlines: JSON may hold a line separator that is not a newline.
    lines = _read(path, lambda text: text.split("\n"), "text")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(parse_object(line, f"{path}:{number}"))
    return rows


def parse_object(text: str, place: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        InputError: the text is none; `place` is named.
    """
    try:
        row = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{place}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: expected a JSON object, got {type(row).__name__}")
    return row


def sha256_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, parse: Callable[[str], Any], kind: str) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as {kind} ({error})") from error
