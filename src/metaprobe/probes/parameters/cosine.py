"""Whether two stages of one base moved in the same direction."""

from collections.abc import Iterator
from contextlib import ExitStack
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.errors import InputError
from metaprobe.core.results import KindCosine, TaskVectorCosine
from metaprobe.probes.parameters.blocks import Pair, compiled, in_order, spans, threads_within
from metaprobe.probes.parameters.curve import module_of
from metaprobe.probes.parameters.measure import MEMORY_MB, Progress
from metaprobe.probes.parameters.pairs import Checkpoints

_Sums = NDArray[np.float64]


def task_vector_cosine(
    base: Path,
    first: Path,
    second: Path,
    *,
    memory_mb: int = MEMORY_MB,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TaskVectorCosine:
    """Return the cosine between the changes of two stages from their base.

    A task vector is the difference between the weights of a stage and those of its base (arXiv
    2212.04089). Differences of the float32 values, products and sums are in float64. As in
    `measure_parameters`, the base is rounded to a stage's format where that is coarser, and an
    output head that is tied in all three counts once.

    Args:
        base: Folder of the model that both stages come from.
        first: Folder of a stage, or of a LoRA adapter.
        second: Folder of another one.
        memory_mb: What blocks may take, in MB.
        threads: Blocks that are measured at the same time; one a core by default.
        progress: Called with the share of the work that is done.

    Raises:
        ConfigError: `memory_mb` or `threads` is too small.
        InputError: as in `measure_parameters`, or only one of the stages ties its output head.
    """
    workers = threads_within(memory_mb // 2, threads)
    with ExitStack() as stack:
        one, other = Checkpoints(base, first, stack), Checkpoints(base, second, stack)
        if one.names != other.names:
            raise InputError(
                f"{first} and {second}: only one of them ties its output head; compare stages "
                "that both do or both do not"
            )
        kinds: dict[str, _Sums] = {}
        counts: dict[str, int] = {}
        done = 0
        for pair, n, sums in in_order(_measure_block, _jobs(one, other), workers):
            kind = module_of(pair.base.name)[0]
            kinds[kind] = kinds.get(kind, np.zeros(3)) + sums
            counts[kind] = counts.get(kind, 0) + n
            done += n
            if progress:
                progress(done / one.n)
    total = sum(kinds.values(), start=np.zeros(3))
    if not np.isfinite(total).all():
        raise InputError(f"{first} or {second}: holds a number that is not finite")
    return TaskVectorCosine(
        cosine=_cosine(total),
        per_kind=[KindCosine(kind=k, cosine=_cosine(s), n=counts[k]) for k, s in kinds.items()],
        n=done,
    )


def _jobs(one: Checkpoints, other: Checkpoints) -> Iterator[tuple[Pair, Pair, int, int]]:
    for pair in one.pairs():
        opposite = other.pair(pair.base.name)
        for start, stop in spans(pair.base.n):
            yield pair, opposite, start, stop


def _measure_block(job: tuple[Pair, Pair, int, int]) -> tuple[Pair, int, _Sums]:
    pair, other, start, stop = job
    before, after = np.empty((2, 2, stop - start), dtype=np.float32)
    for row, side in enumerate((pair, other)):
        before[row], after[row] = side.floats(start, stop)
    sums = np.zeros(3)
    compiled().add_task_vectors(before, after, sums)
    return pair, stop - start, sums


def _cosine(sums: _Sums) -> float | None:
    """Return the cosine, or None where one of the two has not moved."""
    product, first, second = (float(x) for x in sums)
    return product / sqrt(first) / sqrt(second) if first and second else None
