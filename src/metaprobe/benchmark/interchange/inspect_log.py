"""Responses out of Inspect's logs, through its own reader, and out of one model output."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

from metaprobe.core.errors import InputError, MissingExtraError

Format = Literal["eval", "json"]
"""The two forms of a log."""

_ENDED_BY_LIMIT = ("max_tokens", "model_length")
_MEMBERS = {"header.json", "_journal/start.json"}  # of a finished log, of one that was cut short


def log_format(path: Path) -> Format | None:
    """Return which form of an Inspect log the file's content has, or None where it is none.

    Raises:
        InputError: the file is a zip archive of something else.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if not _MEMBERS & set(archive.namelist()):
                raise InputError(f"{path}: a zip archive that is not an Inspect log")
        return "eval"
    try:
        log = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return "json" if isinstance(log, dict) and {"version", "status", "eval"} <= set(log) else None


def read_inspect_log(path: Path, form: Format) -> list[dict[str, Any]]:
    """Return `id`, `response` and `truncated` of every sample; null is the response of a failure.

    Raises:
        MissingExtraError: inspect-ai is not installed.
        InputError: its reader refuses the file.
    """
    return [_row(sample) for sample in load_log(path, form).samples or ()]


def load_log(path: Path, form: Format) -> Any:
    """Return a log as inspect-ai's own reader gives it.

    Raises:
        MissingExtraError: inspect-ai is not installed.
        InputError: its reader refuses the file.
    """
    try:
        from inspect_ai.log import read_eval_log
        from zstandard import ZstdError  # with which inspect-ai compresses its logs
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{path}: an Inspect log, which its own package reads: pip install inspect-ai"
        ) from error
    damage = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error, ZstdError)
    try:
        return read_eval_log(str(path), resolve_attachments=True, format=form)
    except damage as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not a log that inspect-ai reads ({reason})") from error


def read_output(output: Any) -> tuple[str, bool]:
    """Return the text of an Inspect model output and whether a limit ended it.

    Thoughts that Inspect has set apart are part of the text again: to metaprobe a response is all
    that the model wrote.
    """
    if not output.choices:
        return "", False
    choice = output.choices[0]
    content = choice.message.content
    if not isinstance(content, str):
        parts = [getattr(part, part.type, "") for part in content if part.type in _WRITTEN]
        content = "\n".join(parts)
    return content, choice.stop_reason in _ENDED_BY_LIMIT


_WRITTEN = ("reasoning", "text")
"""Kinds of content that hold what they say under their own name."""


def _row(sample: Any) -> dict[str, Any]:
    text, truncated = read_output(sample.output)
    return {
        "id": str(sample.id),
        "response": None if sample.error else text,
        "truncated": truncated or sample.limit is not None,
    }
