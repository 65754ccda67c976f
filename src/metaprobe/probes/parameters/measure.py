"""How far the weights of a stage are from those of its base, in one pass over both."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from math import inf, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import ChangedShare, ModuleChange, ModuleGroup, ParameterChange
from metaprobe.probes.parameters.blocks import Pair, compiled, in_order, spans, threads_within
from metaprobe.probes.parameters.curve import CURVE, module_of
from metaprobe.probes.parameters.pairs import Checkpoints

MEMORY_MB = 256
"""What blocks and matrices may take by default, in MB."""

SPECTRUM_COST = 40
"""What an entry costs in a spectrum, in passes of the curve; it only moves the progress bar."""

Progress = Callable[[float], None]
"""Is told the share of the work that is done."""


class _Sums(NamedTuple):
    """What is added up over the entries of a tensor, of a group of them or of all."""

    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    n: int

    def plus(self, other: "_Sums") -> "_Sums":
        return _Sums(self.counts + other.counts, self.sums + other.sums, self.n + other.n)

    @property
    def relative_norm(self) -> float:
        """Frobenius norm of the change over that of the base, or of the stage where it is 0."""
        change, base, tuned = (float(x) for x in self.sums[:3])
        return sqrt(change / (base or tuned)) if change else 0.0

    @property
    def cosine(self) -> float | None:
        """Cosine between base and stage; None where one of them is 0."""
        _, base, tuned, product = (float(x) for x in self.sums[:4])
        return product / sqrt(base) / sqrt(tuned) if base and tuned else None


class _Largest(NamedTuple):
    size: float
    place: int


class _Tensor(NamedTuple):
    """A measured tensor."""

    pair: Pair
    sums: _Sums
    largest: _Largest


def measure_parameters(
    base: Path,
    tuned: Path,
    *,
    spectra: int | None = None,
    memory_mb: int = MEMORY_MB,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ParameterChange:
    """Return how far the weights in one model folder are from those in another.

    - `changed`: share of entries with |change| > tolerance. `float32`: both as float32, at
      `ABSOLUTE_TOLERANCES`. `bfloat16`: both rounded to bfloat16 first, at the same ones.
      `relative`: both as float32, and the tolerance, one of `RELATIVE_TOLERANCES`, multiplies
      max(|before|, |after|) of the entry (as in arXiv 2511.08567).
    - `relative_norm`: Frobenius norm of the change over that of the base, summed in float64, for
      all weights together, for each tensor, and by module kind and layer. Weights that are zero in
      the base are taken relative to the stage's, which gives 1.
    - `changed` of a module: the share at tolerance 0 in float32.
    - `cosine`: between base and stage; `sign_flips`: share of entries that changed their sign;
      `largest`: the largest |change|, and where in the tensor it is.
    - `spectrum` of a matrix, with `spectra`: see `spectra.measure_spectrum`.

    An output head that is a copy of the input embedding in both folders, or absent, is tied and
    counted once. Where a tensor of the stage is stored in a coarser number format than that of the
    base, as verl's merged checkpoints are, the base's is rounded to that format first, for all of
    the above; `rounded_to` says so. The numbers do not depend on threads and memory, but for the
    last digits of the spectra of matrices that do not fit.

    Args:
        base: Folder with the safetensors files of the model before post-training.
        tuned: Folder with those of the stage, or with a LoRA adapter of the base in peft's format.
        spectra: How many leading singular values and directions of each matrix to compare.
        memory_mb: What blocks and matrices may take, in MB, beside 12 (spectra + 16) bytes for
            each row and column of the largest matrix.
        threads: Blocks that are measured at the same time; one a core by default.
        progress: Called with the share of the work that is done.

    Raises:
        ConfigError: `spectra`, `memory_mb` or `threads` is too small.
        InputError: a tensor is missing on one side, has another shape, is not floating-point or
            not finite; a file is missing or damaged; or an adapter does more than add B A. The
            tensor and the file are named.
    """
    workers = threads_within(memory_mb, threads)
    if spectra is not None and spectra < 1:
        raise ConfigError(f"spectra: needs at least 1 singular value, got {spectra}")
    with ExitStack() as stack:
        checkpoints = Checkpoints(base, tuned, stack)
        if not checkpoints.n:
            raise InputError(f"{base}: its safetensors files hold no weights")
        matrices = _matrix_entries(checkpoints) if spectra else 0
        told = _Told(progress, checkpoints.n + SPECTRUM_COST * matrices)
        measured = list(_tensors(checkpoints, workers, told))
        result = _result(measured)
        if spectra:
            from metaprobe.probes.parameters.spectra import add_spectra

            changes = {m.pair.base.name: float(m.sums.sums[0]) for m in measured}
            del measured

            def step(entries: int) -> None:
                told.add(SPECTRUM_COST * entries)

            result = add_spectra(result, checkpoints, changes, (spectra, memory_mb, step))
    return result


class _Told:
    """Adds up work, and tells the share that is done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, work: int) -> None:
        self._done += work
        if self._progress:
            self._progress(self._done / self._total)


def _matrix_entries(checkpoints: Checkpoints) -> int:
    shapes = [checkpoints.base.tensors[name].shape for name in checkpoints.names]
    return sum(shape[0] * shape[1] for shape in shapes if len(shape) == 2)


def _tensors(checkpoints: Checkpoints, threads: int, told: _Told) -> Iterator[_Tensor]:
    """Yield the sums of each tensor; blocks are added up in their order, whoever measured them."""
    jobs = ((pair, *span) for pair in checkpoints.pairs() for span in spans(pair.base.n))
    kernels = compiled()
    current: _Tensor | None = None
    for pair, start, stop, counts, sums in in_order(_measure_block, jobs, threads):
        told.add(stop - start)
        block = _Sums(counts, sums[: kernels.LARGEST], stop - start)
        largest = _Largest(float(sums[kernels.LARGEST]), start + int(counts[kernels.PLACE]))
        if current is not None and current.pair is pair:
            first = current.largest.size >= largest.size
            largest = current.largest if first else largest
            current = _Tensor(pair, current.sums.plus(block), largest)
        else:
            if current is not None:
                yield current
            current = _Tensor(pair, block, largest)
        _check_finite(pair, current.sums)
    if current is not None:
        yield current


def _measure_block(
    job: tuple[Pair, int, int],
) -> tuple[Pair, int, int, NDArray[np.int64], NDArray[np.float64]]:
    pair, start, stop = job
    kernels = compiled()
    counts = np.zeros(kernels.COUNTS, dtype=np.int64)
    sums = np.zeros(kernels.SUMS)
    before, after = pair.read(start, stop)
    kernels.compare(before, after, (kernels.HALF, kernels.EIGHT), counts, sums)
    return pair, start, stop, counts, sums


def _check_finite(pair: Pair, sums: _Sums) -> None:
    """Refuse what only a number that is not finite makes infinite or NaN."""
    for path, square in ((pair.base.path, sums.sums[1]), (pair.stage, sums.sums[2])):
        if not np.isfinite(square):
            raise InputError(
                f"{path}: tensor {pair.base.name!r} holds a number that is not finite; the file "
                "is damaged or the training diverged"
            )


def _result(measured: list[_Tensor]) -> ParameterChange:
    flips = compiled().FLIPS
    total = _add(m.sums for m in measured)
    shares = (total.counts / total.n).tolist()
    rounded = {m.pair.rounded_to for m in measured if m.pair.rounded_to}
    per_module = [_module(m) for m in measured]
    return ParameterChange(
        changed=[
            ChangedShare(dtype=dtype, tolerance=tolerance, share=share)
            for (dtype, tolerance), share in zip(CURVE, shares[: len(CURVE)], strict=True)
        ],
        relative_norm=total.relative_norm,
        per_module=per_module,
        n=total.n,
        rounded_to="+".join(sorted(rounded)) or None,
        cosine=total.cosine,
        sign_flips=shares[flips],
        per_kind=_groups(measured, by_kind=True),
        per_layer=_groups(measured, by_kind=False),
    )


def _add(parts: Iterable[_Sums]) -> _Sums:
    first, *rest = parts
    for part in rest:
        first = first.plus(part)
    return first


def _module(tensor: _Tensor) -> ModuleChange:
    base, sums = tensor.pair.base, tensor.sums
    kind, layer = module_of(base.name)
    size, place = tensor.largest
    at = [int(i) for i in np.unravel_index(place, base.shape)] if size else None
    return ModuleChange(
        name=base.name,
        kind=kind,
        layer=layer,
        relative_norm=sums.relative_norm,
        changed=int(sums.counts[0]) / sums.n,
        n=sums.n,
        cosine=sums.cosine,
        sign_flips=int(sums.counts[compiled().FLIPS]) / sums.n,
        largest=size if size < inf else None,
        largest_at=at,
    )


def _groups(measured: list[_Tensor], *, by_kind: bool) -> list[ModuleGroup]:
    """Return the change of each module kind or of each layer, in the order of the tensors."""
    found: dict[tuple[str | None, int | None], _Sums] = {}
    for tensor in measured:
        kind, layer = module_of(tensor.pair.base.name)
        group = (kind, None) if by_kind else (None, layer)
        found[group] = found[group].plus(tensor.sums) if group in found else tensor.sums
    return [
        ModuleGroup(
            kind=kind,
            layer=layer,
            relative_norm=sums.relative_norm,
            changed=int(sums.counts[0]) / sums.n,
            n=sums.n,
        )
        for (kind, layer), sums in found.items()
    ]
