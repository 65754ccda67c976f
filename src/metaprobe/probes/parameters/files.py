"""Safetensors files, read by position: their headers, and blocks of their tensors' bytes.

The header is 8 bytes of length and as much JSON. Files are never mapped: mapped pages would count
as resident memory.
"""

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from metaprobe.core.errors import InputError
from metaprobe.models.folders import weight_files

Bytes = NDArray[np.uint8]

FORMATS = {
    "F64": (8, "float64", 52),
    "F32": (4, "float32", 23),
    "F16": (2, "float16", 10),
    "BF16": (2, "bfloat16", 7),
    "F8_E4M3": (1, "float8_e4m3fn", 3),
    "F8_E5M2": (1, "float8_e5m2", 2),
}
"""Bytes an entry, torch's name and bits of the mantissa of each format that can be compared."""

_OTHERS = {
    "I8": "int8",
    "U8": "uint8",
    "I16": "int16",
    "U16": "uint16",
    "I32": "int32",
    "U32": "uint32",
    "I64": "int64",
    "U64": "uint64",
    "BOOL": "bool",
}
_LONGEST_HEADER = 10**8
_SCALES = ("_scale", "_scale_inv")


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies."""

    name: str
    path: Path
    format: str
    """A key of `FORMATS`, or another name that a header may have."""
    shape: tuple[int, ...]
    offset: int
    """Of its first byte in the file."""
    file: BinaryIO

    @property
    def n(self) -> int:
        """Number of entries."""
        return prod(self.shape)

    @property
    def item(self) -> int:
        """Bytes an entry."""
        return FORMATS[self.format][0]

    @property
    def code(self) -> int:
        """Place of the format among `FORMATS`, by which compiled code knows it."""
        return list(FORMATS).index(self.format)

    def read(self, start: int, stop: int, out: Bytes) -> Bytes:
        """Read entries into the beginning of a buffer and return that part of it.

        Raises:
            InputError: the file has become shorter.
        """
        part = out[: (stop - start) * self.item]
        view, at = part.data, self.offset + start * self.item
        while len(view):
            got = os.preadv(self.file.fileno(), [view], at)
            if got == 0:
                raise InputError(f"{self.path}: ends within tensor {self.name!r}; copy it again")
            view, at = view[got:], at + got
        return part


class Weights:
    """The tensors of one model folder, by name."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Open the files of a folder; `stack` closes them.

        Raises:
            InputError: one is missing or damaged, or two hold the same tensor.
        """
        self.folder = folder
        self.tensors: dict[str, StoredTensor] = {}
        for path in weight_files(folder):
            for tensor in _tensors(path, stack.enter_context(path.open("rb", buffering=0))):
                if tensor.name in self.tensors:
                    raise InputError(
                        f"{path}: tensor {tensor.name!r} is also in "
                        f"{self.tensors[tensor.name].path.name}; keep one copy of the weights in "
                        "the folder"
                    )
                self.tensors[tensor.name] = tensor

    def tensor(self, name: str) -> StoredTensor:
        """Return a tensor whose entries are what they stand for.

        Raises:
            InputError: it holds no floating-point numbers, or numbers that are to be scaled.
        """
        tensor = self.tensors[name]
        if tensor.format not in FORMATS:
            raise InputError(
                f"{tensor.path}: tensor {name!r} holds "
                f"{_OTHERS.get(tensor.format, tensor.format)}, not floating-point numbers of 8 "
                "bits or more; dequantise the weights first"
            )
        scale = next((name + end for end in _SCALES if name + end in self.tensors), None)
        if scale:
            raise InputError(
                f"{tensor.path}: tensor {name!r} is to be multiplied by {scale!r}; dequantise the "
                "weights first"
            )
        return tensor


def _tensors(path: Path, file: BinaryIO) -> list[StoredTensor]:
    """Return what a file's header says, after checking it against the file's size."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _LONGEST_HEADER):
        raise _unreadable(path, f"a header of {length} bytes in a file of {size}")
    try:
        header = json.loads(os.pread(file.fileno(), length, 8))
        entries = [(n, entry) for n, entry in header.items() if n != "__metadata__"]
        return [_tensor(name, entry, path, file, 8 + length) for name, entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, f"its header is damaged: {error}") from error


def _tensor(
    name: str, entry: dict[str, Any], path: Path, file: BinaryIO, data: int
) -> StoredTensor:
    begin, end = (int(offset) for offset in entry["data_offsets"])
    shape = tuple(int(width) for width in entry["shape"])
    tensor = StoredTensor(name, path, str(entry["dtype"]), shape, data + begin, file)
    size = os.fstat(file.fileno()).st_size - data
    if begin < 0 or min(shape, default=0) < 0:
        raise _unreadable(path, f"tensor {name!r} has a negative offset or size")
    if end > size:
        raise _unreadable(path, f"tensor {name!r} ends at byte {end} of {size}; is it truncated?")
    if tensor.format in FORMATS and end - begin != tensor.n * tensor.item:
        raise _unreadable(path, f"tensor {name!r} of shape {shape} has {end - begin} bytes")
    return tensor


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: not a readable safetensors file ({reason})")
