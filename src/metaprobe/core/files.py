"""Atomic files: every write goes to a temporary name beside the target and is then renamed."""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from metaprobe.core.errors import InputError, StorageError


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or an unwritable folder into one clear line.

    Raises:
        StorageError: the operating system refused the write.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full; free some space and run the same command again",
            errno.EDQUOT: "the disk quota is used up; free some space and run again",
            errno.EACCES: "the folder is not writable; choose another with --out",
            errno.EPERM: "the folder is not writable; choose another with --out",
            errno.EROFS: "the file system is read-only; choose another folder with --out",
            errno.ENOTDIR: "a part of the path is a file; choose another folder with --out",
        }
        reason = reasons.get(error.errno or 0, str(error))
        raise StorageError(f"cannot write {path}: {reason}") from error


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
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(path: Path, table: pl.DataFrame) -> None:
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
    for number, line in enumerate(_read(path, str.splitlines, "text"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}: not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
        rows.append(row)
    return rows


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
