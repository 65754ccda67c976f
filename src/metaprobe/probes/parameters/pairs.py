"""Two checkpoints, or a base and an adapter, tensor by tensor."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from metaprobe.core.errors import InputError
from metaprobe.probes.parameters.adapter import Adapter, is_adapter
from metaprobe.probes.parameters.blocks import Pair, coarser
from metaprobe.probes.parameters.curve import EMBEDDINGS, HEAD, module_of
from metaprobe.probes.parameters.files import FORMATS, StoredTensor, Weights


class Checkpoints:
    """A base and a stage whose tensors correspond."""

    def __init__(self, base: Path, tuned: Path, stack: ExitStack) -> None:
        """Open both folders and check that they can be compared; `stack` closes the files.

        Raises:
            InputError: a file is missing or damaged, a tensor is missing on one side, has another
                shape or holds no floating-point numbers, or an adapter does not fit.
        """
        self.base = Weights(base, stack)
        self._adapter = Adapter(tuned, self.base, stack) if is_adapter(tuned) else None
        if self._adapter:
            self._tuned = self.base.tensors | self._adapter.replaced
            names = set(self.base.tensors)
            if has_tied_head(self.base) and not self._adapter.changes(HEAD):
                names.discard(HEAD)
        else:
            stage = Weights(tuned, stack)
            self._tuned = stage.tensors
            names = _common(self.base, stage)
            for name in sorted(names):
                stage.tensor(name)
        self.names = sorted(names, key=_place)
        """Tensors in the order of the layers, what has no layer first."""
        for name in self.names:
            _check_shapes(self.base.tensor(name), self._tuned[name])

    @property
    def n(self) -> int:
        """Number of weights, tied ones counted once."""
        return sum(self.base.tensors[name].n for name in self.names)

    def pair(self, name: str) -> Pair:
        """Return both sides of a tensor; of an adapter its factors are read.

        Raises:
            InputError: the factors of an adapter do not fit.
        """
        base, tuned = self.base.tensors[name], self._tuned[name]
        change = self._adapter.change(base) if self._adapter else None
        rounded = FORMATS[tuned.format][1] if coarser(tuned, base) else None
        stage = self._adapter.folder if change and self._adapter else tuned.path
        return Pair(base, tuned, change, rounded, stage)

    def pairs(self) -> Iterator[Pair]:
        """Yield both sides of each tensor that has entries."""
        for name in self.names:
            if self.base.tensors[name].n:
                yield self.pair(name)


def has_tied_head(weights: Weights) -> bool:
    """Return whether the output head is absent or a copy of the input embedding.

    Raises:
        InputError: a file has become shorter.
    """
    if HEAD not in weights.tensors:
        return True
    embeddings = [t for name, t in weights.tensors.items() if name.endswith(EMBEDDINGS)]
    return len(embeddings) == 1 and _same(weights.tensors[HEAD], embeddings[0])


def _same(a: StoredTensor, b: StoredTensor) -> bool:
    if (a.format, a.shape) != (b.format, b.shape) or a.format not in FORMATS:
        return False
    buffers = np.empty((2, 2**22), dtype=np.uint8)
    step = buffers.shape[1] // a.item
    return all(
        np.array_equal(
            a.read(start, min(start + step, a.n), buffers[0]),
            b.read(start, min(start + step, a.n), buffers[1]),
        )
        for start in range(0, a.n, step)
    )


def _common(base: Weights, tuned: Weights) -> set[str]:
    names = set(base.tensors) | set(tuned.tensors)
    if has_tied_head(base) and has_tied_head(tuned):
        names.discard(HEAD)
    for here, there in ((base, tuned), (tuned, base)):
        missing = sorted(name for name in names if name not in there.tensors)
        if missing:
            raise InputError(
                f"{there.folder}: lacks tensor {missing[0]!r} of "
                f"{here.tensors[missing[0]].path} ({len(missing)} missing); name two full "
                "checkpoints of one architecture, or the folder of an adapter"
            )
    return names


def _check_shapes(base: StoredTensor, tuned: StoredTensor) -> None:
    if base.shape == tuned.shape:
        return
    if base.name.endswith((*EMBEDDINGS, HEAD)) and base.shape[1:] == tuned.shape[1:]:
        raise InputError(
            f"{tuned.path}: tensor {tuned.name!r} has a vocabulary of {tuned.shape[0]}, and of "
            f"{base.shape[0]} in {base.path}; resize the base's embeddings to the stage's first"
        )
    raise InputError(
        f"{tuned.path}: tensor {tuned.name!r} has shape {tuned.shape} and {base.shape} in "
        f"{base.path}; name two checkpoints of one architecture"
    )


def _place(name: str) -> tuple[int, str]:
    layer = module_of(name)[1]
    return -1 if layer is None else layer, name
