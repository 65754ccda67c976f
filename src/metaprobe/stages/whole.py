"""Whether a checkpoint has been written to its end, without any word from whoever writes it."""

import re
from pathlib import Path

from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json
from metaprobe.models.folders import weight_files
from metaprobe.models.loading import check_tokenizer, check_weights
from metaprobe.stages.discover import model_folder

_READ = {".json", ".safetensors", ".txt", ".model", ".jinja"}
"""Suffixes of files that a probe reads; the optimiser's state may still be on its way."""

_SHARD = re.compile(r".*-\d+-of-\d+\.safetensors")

Signature = tuple[tuple[str, int, int], ...]
"""Name, size and time of each file that a probe reads."""


def signature(folder: Path) -> Signature:
    """Return what changes while a checkpoint is written; empty where the folder is gone."""
    found = []
    for path in folder.rglob("*"):
        if path.suffix in _READ:
            try:
                status = path.stat()
            except FileNotFoundError:  # renamed or deleted since it was listed
                continue
            found.append((str(path.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def unfinished(folder: Path) -> str | None:
    """Return what a checkpoint still lacks, or None where it could be loaded.

    Every weight file has to have a readable header and the size that it says, and shards their
    index, which is written last. A file that was given its full size first and is filled later
    looks whole; `signature` tells as long as it is written to.
    """
    try:
        model = Path(model_folder(folder))
        read_json(model / "config.json")
        files = weight_files(model)
        index = model / "model.safetensors.index.json"
        if not index.is_file() and any(_SHARD.fullmatch(path.name) for path in files):
            return f"{index}: missing, though there are shards"
        check_weights(model)
        check_tokenizer(model)
    except InputError as error:
        return str(error)
    return None
