"""Data sets of the Hugging Face hub, and the licence that a set states."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe.core.errors import InputError, MissingExtraError

_NAME = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<config>[\w.-]+))?(?::(?P<split>[\w.-]+))?"
)


class HubName(NamedTuple):
    """A data set as the user writes it: `owner/name[@configuration][:split]`."""

    repository: str
    config: str | None
    split: str | None


class HubTable(NamedTuple):
    """A split of a data set."""

    rows: Iterator[dict[str, Any]]
    licence: str | None
    """As its card states it."""
    revision: str | None
    """Commit on the hub; None where only a copy in the cache could be had."""


def hub_name(text: str) -> HubName | None:
    """Return the data set that a text names, or None where it names none."""
    found = _NAME.fullmatch(text)
    return HubName(found["repository"], found["config"], found["split"]) if found else None


def open_hub(name: HubName, *, streaming: bool = False) -> HubTable:
    """Return a split of a data set.

    Args:
        name: with a split.
        streaming: whether rows come over the network as they are asked for, or all at once first.

    Raises:
        InputError: the hub cannot be reached, or has no such set.
        MissingExtraError: the package `datasets` is not installed.
    """
    if find_spec("datasets") is None:
        raise MissingExtraError(
            f"{name.repository}: no such file or folder, and the hub needs the package datasets: "
            "pip install 'metaprobe[hub]'"
        )
    from datasets import load_dataset
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    licence = revision = None
    with _hub_errors(name.repository):
        try:
            info = HfApi().dataset_info(name.repository, timeout=20)
            licence, revision = (info.card_data or {}).get("license"), info.sha
        except OfflineModeIsEnabled:  # a copy in the cache may do
            pass
        table = load_dataset(
            name.repository, name.config, split=name.split, revision=revision, streaming=streaming
        )
    stated = ", ".join(licence) if isinstance(licence, list) else licence
    return HubTable(_rows(table, name.repository), stated, revision)


def _rows(table: Iterable[dict[str, Any]], repository: str) -> Iterator[dict[str, Any]]:
    with _hub_errors(repository):  # a stream may break at any row
        yield from table


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except InputError:
        raise
    except (DatasetsError, HTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{repository} cannot be read from the hub ({reason}); download it where there "
            "is a network, and name its .parquet or .jsonl files instead"
        ) from error


def licence_of(folder: Path) -> str | None:
    """Return the first line of the licence that lies in a folder, or None where none does."""
    for path in sorted(folder.glob("LICEN[CS]E*")):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in lines if line.strip()), None)
    return None
