"""A set of training data as an arm takes it."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from metaprobe.benchmark.items import Item, read_items
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import read_json, sha256_file
from metaprobe.core.streams import rng_for, short_hash
from metaprobe.training.corpus.prepare import CARD, PROBLEMS, TRACES
from metaprobe.training.traces import Length, Solutions


class Prepared(NamedTuple):
    """The problems of a set and their traces."""

    items: list[Item]
    """All problems, those without a trace too: what GRPO is trained on."""
    traces: Solutions
    """By length and the item's id, the traces of a problem, the first sample first."""


def load_traces(folder: Path) -> Prepared:
    """Return the set that `metaprobe train data` wrote to a folder.

    Raises:
        InputError: it is not finished, or a file is missing or was changed since.
    """
    import polars as pl

    hashes = _hashes(folder)
    for name in (PROBLEMS, TRACES):
        path = folder / name
        if name in hashes and (not path.is_file() or sha256_file(path) != hashes[name]):
            raise InputError(f"{path}: missing or changed since {CARD} was written; make it again")
    traces: dict[Length, dict[str, list[str]]] = {"short": {}, "long": {}}
    if TRACES in hashes:
        for row in pl.read_parquet(folder / TRACES).iter_rows(named=True):
            length: Length = row["variant"]
            traces[length].setdefault(row["id"], []).append(row["completion"])
    return Prepared(read_items(folder / PROBLEMS), traces)


def prepared_key(folder: Path) -> str:
    """Return a hash of the problems and traces of a set.

    Raises:
        InputError: it is not finished.
    """
    hashes = _hashes(folder)
    return short_hash(hashes[PROBLEMS], hashes.get(TRACES))


def draw_prepared(
    prepared: Prepared, count: int, *, lengths: Collection[Length], seed: int
) -> list[Item]:
    """Return `count` problems of a set, drawn at random.

    Args:
        prepared: the set.
        count: how many.
        lengths: each problem has a trace of each of these.
        seed: names the random stream.

    Raises:
        ConfigError: the set has fewer.
    """
    able = [i for i in prepared.items if all(i.id in prepared.traces[n] for n in lengths)]
    if count > len(able):
        of = f" with {' and '.join(sorted(lengths))} traces" if lengths else ""
        raise ConfigError(
            f"data.problems: {count} were asked for, and the prepared set has {len(able)}{of}"
        )
    return rng_for("prepared", seed).sample(able, count)


def _hashes(folder: Path) -> dict[str, str]:
    path = folder / CARD
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; make or finish the set with metaprobe train data --out {folder}"
        )
    match read_json(path):
        case {"files": {"problems.jsonl": str(), **_other} as files}:
            return {str(name): str(digest) for name, digest in files.items()}
    raise InputError(f"{path}: not the card of a set of training data")
