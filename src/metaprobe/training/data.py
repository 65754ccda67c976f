"""From items to token ids: training examples, and batches that waste little padding."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from metaprobe.benchmark.family import families_of
from metaprobe.benchmark.freeze import interleaved, spread
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Cell, Split
from metaprobe.models.logprobs import padded_width
from metaprobe.models.runtime import torch
from metaprobe.training.losses import IGNORED


class Example(NamedTuple):
    """One prompt and its completion, as token ids."""

    prompt: Sequence[int]
    completion: Sequence[int]

    @property
    def length(self) -> int:
        """Number of tokens in all."""
        return len(self.prompt) + len(self.completion)


class Batch(NamedTuple):
    """Right-padded texts; `labels` are the next tokens, `IGNORED` outside completions."""

    input_ids: torch.Tensor  # (B, T)
    labels: torch.Tensor  # (B, T)
    tokens: int
    """Tokens of all texts, padding left out."""


def draw_items(
    cells: Sequence[Cell],
    levels: Sequence[int],
    count: int,
    *,
    split: Split,
    seed: int,
    families: Collection[str] | None = None,
) -> list[Item]:
    """Return `count` items, spread evenly over the cells, their families and the levels.

    A family that has fewer problems than its share gives all that it has, and the others make up
    for it.

    Raises:
        ConfigError: all families together have too few problems.
    """
    sources = [
        stream
        for cell in cells
        for stream in interleaved(
            families_of(cell, families), levels, split=split, seed=seed, limit=count
        )
    ]
    items = spread(sources, count, seen=set())
    if len(items) < count:
        raise ConfigError(
            f"only {len(items)} distinct {split} problems exist in {len(cells)} cells at levels "
            f"{list(levels)}, {count} were asked for; ask for fewer or add levels"
        )
    return items


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Return the examples as one right-padded batch.

    Args:
        examples: at least one.
        pad: the id of the padding token.
    """
    width = padded_width(max(e.length for e in examples) - 1)
    ids = np.full((len(examples), width), pad, dtype=np.int64)
    labels = np.full((len(examples), width), IGNORED, dtype=np.int64)
    for row, example in enumerate(examples):
        tokens = np.asarray([*example.prompt, *example.completion], dtype=np.int64)
        ids[row, : len(tokens) - 1] = tokens[:-1]
        labels[row, len(example.prompt) - 1 : len(tokens) - 1] = example.completion
    read = sum(e.length for e in examples)
    return Batch(torch.from_numpy(ids), torch.from_numpy(labels), read)


def token_batches(lengths: Sequence[int], tokens: int, *, stream: str) -> Iterator[list[int]]:
    """Yield index batches for ever, each of at most `tokens` padded tokens, in shuffled order.

    Texts of similar length share a batch: each epoch shuffles, cuts into large windows, sorts a
    window by length and shuffles the batches of the window.

    Args:
        lengths: of each text, in tokens.
        tokens: padded tokens in a batch; a longer text is a batch of its own.
        stream: name of the random stream.
    """
    window = 2048
    epoch = 0
    while True:
        rng = numpy_rng_for("batches", stream, epoch)
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), window):
            part = sorted(order[start : start + window].tolist(), key=lambda i: lengths[i])
            cut = _cut(part, lengths, tokens)
            for position in rng.permutation(len(cut)):
                yield cut[position]
        epoch += 1


def _cut(order: list[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    batches: list[list[int]] = [[]]
    for index in order:  # ascending in length, so the newest is the longest
        if batches[-1] and (len(batches[-1]) + 1) * padded_width(lengths[index]) > tokens:
            batches.append([])
        batches[-1].append(index)
    return batches
