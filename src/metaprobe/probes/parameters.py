"""How far the weights of a stage are from those of its base, read from their safetensors files.

A single share of changed parameters means nothing: the same update is 0 % or 100 % "changed"
depending on number format and tolerance (arXiv 2505.11711 counts |change| <= 1e-5 in bfloat16 as
unchanged). So the share is a curve over tolerances, in three ways of comparing.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from metaprobe.core.errors import InputError
from metaprobe.core.results import ChangedShare, ModuleChange, ParameterChange
from metaprobe.models.loading import weight_files
from metaprobe.models.runtime import torch

Comparison = Literal["float32", "bfloat16", "relative"]

ABSOLUTE_TOLERANCES: tuple[float, ...] = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
"""Largest |change| that counts as none, for `float32` and `bfloat16`."""

RELATIVE_TOLERANCES: tuple[float, ...] = (0.0, 1e-4, 1e-3, 1e-2)
"""Largest |change| / max(|before|, |after|) that counts as none, for `relative`."""

CURVE: tuple[tuple[Comparison, float], ...] = (
    *(("float32", t) for t in ABSOLUTE_TOLERANCES),
    *(("bfloat16", t) for t in ABSOLUTE_TOLERANCES),
    *(("relative", t) for t in RELATIVE_TOLERANCES),
)
"""The points of the tolerance curve."""

_SLICE = 2**20
_HEAD = "lm_head.weight"
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight")

Counts = NDArray[np.int64]


VERSION = 2
"""Raised whenever the same models would give other values."""


class _Change(NamedTuple):
    """Sums over the entries of one tensor, or of all of them."""

    counts: Counts  # entries beyond each point of CURVE
    square_change: float
    square_base: float
    square_tuned: float
    n: int

    def plus(self, other: "_Change") -> "_Change":
        return _Change(
            self.counts + other.counts,
            self.square_change + other.square_change,
            self.square_base + other.square_base,
            self.square_tuned + other.square_tuned,
            self.n + other.n,
        )

    @property
    def relative_norm(self) -> float:
        """Frobenius norm of the change over that of the base, or of the stage where it is 0."""
        if self.square_change == 0:
            return 0.0
        return float(np.sqrt(self.square_change / (self.square_base or self.square_tuned)))


_NOTHING = _Change(np.zeros(len(CURVE), dtype=np.int64), 0.0, 0.0, 0.0, 0)


class _Weights:
    """The tensors of one model folder, by name, each read when it is asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        from safetensors import SafetensorError, safe_open

        self.folder = folder
        self.files: dict[str, Path] = {}
        self._handles: dict[Path, Any] = {}
        for path in weight_files(folder):
            try:
                handle = stack.enter_context(safe_open(path, framework="pt"))
            except (SafetensorError, OSError) as error:
                raise InputError(f"{path}: not a readable safetensors file ({error})") from error
            self._handles[path] = handle
            for name in handle.keys():  # noqa: SIM118 - a handle is not a mapping
                if name in self.files:
                    raise InputError(
                        f"{path}: tensor {name!r} is also in {self.files[name].name}; keep one "
                        "copy of the weights in the folder"
                    )
                self.files[name] = path

    def read(self, name: str) -> Tensor:
        """Return a tensor as stored.

        Raises:
            InputError: it holds no floating-point numbers.
        """
        path = self.files[name]
        tensor: Tensor = self._handles[path].get_tensor(name)
        if not tensor.is_floating_point():
            raise InputError(
                f"{path}: tensor {name!r} holds {str(tensor.dtype).removeprefix('torch.')}, not "
                "floating-point numbers; dequantise the weights first"
            )
        return tensor

    def has_tied_head(self) -> bool:
        """Return whether the output head is absent or a copy of the input embedding."""
        if _HEAD not in self.files:
            return True
        embeddings = [name for name in self.files if name.endswith(_EMBEDDINGS)]
        if len(embeddings) != 1:
            return False
        head, embedding = self.read(_HEAD), self.read(embeddings[0])
        return head.dtype == embedding.dtype and torch.equal(head, embedding)


def measure_parameters(base: Path, tuned: Path) -> ParameterChange:
    """Return how far the weights in one model folder are from those in another.

    - `changed`: share of entries with |change| > tolerance. `float32`: both as float32, at
      `ABSOLUTE_TOLERANCES`. `bfloat16`: both rounded to bfloat16 first, at the same ones.
      `relative`: both as float32, and the tolerance, one of `RELATIVE_TOLERANCES`, multiplies
      max(|before|, |after|) of the entry (as in arXiv 2511.08567).
    - `relative_norm`: Frobenius norm of the change over that of the base, summed in float64, for
      all weights together and for each tensor. A tensor that is zero in the base is taken
      relative to the stage's, which gives 1.
    - `changed` of a module: the share at tolerance 0 in float32.

    The principal angle and the stable rank of the whole change are not measured here. An output
    head that is a copy of the input embedding in both folders, or absent, is tied and counted
    once. Where a tensor of the stage is stored in a coarser number format than that of the base, as
    verl's merged checkpoints are, the base's is rounded to that format first, for all of the above;
    `rounded_to` says so. One pair of tensors is held at a time.

    Args:
        base: Folder with the safetensors files of the model before post-training.
        tuned: Folder with those of the stage.

    Raises:
        InputError: a tensor is missing on one side, has another shape, is not floating-point or
            not finite; or a file is missing or damaged. The tensor and the file are named.
    """
    total = _NOTHING
    per_module: list[ModuleChange] = []
    rounded: set[str] = set()
    for name, change in _changes(base, tuned, rounded):
        total = total.plus(change)
        kind, layer = module_of(name)
        per_module.append(
            ModuleChange(
                name=name,
                kind=kind,
                layer=layer,
                relative_norm=change.relative_norm,
                changed=int(change.counts[0]) / change.n,
                n=change.n,
            )
        )
    if not per_module:
        raise InputError(f"{base}: its safetensors files hold no weights")
    shares = (total.counts / total.n).tolist()
    return ParameterChange(
        changed=[
            ChangedShare(dtype=dtype, tolerance=tolerance, share=share)
            for (dtype, tolerance), share in zip(CURVE, shares, strict=True)
        ],
        relative_norm=total.relative_norm,
        per_module=per_module,
        n=total.n,
        rounded_to="+".join(sorted(rounded)) or None,
    )


def module_of(name: str) -> tuple[str, int | None]:
    """Return the module kind and the layer index in the name of a weight tensor.

    The kind is the last word that names a module, such as `q_proj`; all normalisations are
    `norm`, the input embedding is `embedding`. The layer is the first number; None without one.
    """
    parts = name.split(".")
    numbers = [int(part) for part in parts if part.isdecimal()]
    words = [part for part in parts if not part.isdecimal()]
    word = words[-2] if len(words) > 1 else words[-1]
    if re.search(r"norm|(^|_)ln(_|$)", word):
        word = "norm"
    elif f"{word}.weight" in _EMBEDDINGS:
        word = "embedding"
    return word, numbers[0] if numbers else None


def _changes(
    base_folder: Path, tuned_folder: Path, rounded: set[str]
) -> Iterator[tuple[str, _Change]]:
    """Yield the change of each tensor, layer by layer, what has no layer first.

    Number formats that the base is rounded to are added to `rounded`.
    """
    with ExitStack() as stack:
        base, tuned = _Weights(base_folder, stack), _Weights(tuned_folder, stack)
        names = set(base.files) | set(tuned.files)
        if base.has_tied_head() and tuned.has_tied_head():
            names.discard(_HEAD)
        for here, there in ((base, tuned), (tuned, base)):
            missing = sorted(n for n in names if n not in there.files)
            if missing:
                raise InputError(
                    f"{there.folder}: lacks tensor {missing[0]!r} of {here.files[missing[0]]} "
                    f"({len(missing)} missing); name two full checkpoints of one architecture, "
                    "with adapters merged"
                )

        def place(name: str) -> tuple[int, str]:
            layer = module_of(name)[1]
            return -1 if layer is None else layer, name

        for name in sorted(names, key=place):
            before, after = base.read(name), tuned.read(name)
            if before.shape != after.shape:
                raise InputError(
                    f"{tuned.files[name]}: tensor {name!r} has shape {tuple(after.shape)} and "
                    f"{tuple(before.shape)} in {base.files[name]}; name two checkpoints of one "
                    "architecture"
                )
            change = _compare(_rounded(before, after, rounded), after)
            for weights, square in ((base, change.square_base), (tuned, change.square_tuned)):
                if not np.isfinite(square):
                    raise InputError(
                        f"{weights.files[name]}: tensor {name!r} holds a number that is not "
                        "finite; the file is damaged or the training diverged"
                    )
            if change.n:
                yield name, change


def _rounded(before: Tensor, after: Tensor, formats: set[str]) -> Tensor:
    """Return a tensor of the base in the stage's format where that is coarser; note the format."""
    if torch.finfo(after.dtype).eps <= torch.finfo(before.dtype).eps:
        return before
    formats.add(str(after.dtype).removeprefix("torch."))
    return before.to(after.dtype)


def _compare(before: Tensor, after: Tensor) -> _Change:
    total = _NOTHING
    pairs = zip(before.flatten().split(_SLICE), after.flatten().split(_SLICE), strict=True)
    for a, b in pairs:
        a, b = a.float(), b.float()
        change = b - a
        sums = (_square_sum(change), _square_sum(a), _square_sum(b))
        total = total.plus(_Change(_counts(a, b, change.abs_()), *sums, a.numel()))
    return total


def _square_sum(values: Tensor) -> float:
    """Return the sum of squares, which only a number that is not finite makes infinite or NaN."""
    values = values.double()
    return float(values @ values)


def _counts(a: Tensor, b: Tensor, size: Tensor) -> Counts:
    """Return the entries whose change exceeds each point of `CURVE`; `size` is |b - a|."""
    rounded = (b.bfloat16().float() - a.bfloat16().float()).abs_()
    larger = torch.maximum(a.abs(), b.abs())
    counts = [_beyond(size, t) for t in ABSOLUTE_TOLERANCES]
    counts += [_beyond(rounded, t) for t in ABSOLUTE_TOLERANCES]
    counts += [_beyond(size, larger * t) for t in RELATIVE_TOLERANCES]
    return np.array(counts, dtype=np.int64)


def _beyond(size: Tensor, tolerance: float | Tensor) -> int:
    return int(torch.count_nonzero(size > tolerance))
