"""How torch runs on this machine: threads, device and precision."""

import contextlib

import torch as torch  # re-exported, so that one module stands for torch's set-up

Precision = str
"""`float32`, `bfloat16` or `auto`."""


def set_threads(count: int) -> None:
    """Use `count` torch threads in this process."""
    torch.set_num_threads(count)


def default_device() -> torch.device:
    """Return the first CUDA device if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bfloat16(device: torch.device) -> bool:
    """Return whether matrix products in bfloat16 are faster than in float32 on the device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def matmul_precision(
    precision: Precision, device: torch.device
) -> contextlib.AbstractContextManager[object]:
    """Return a context in which matrix products run in the given precision.

    Weights stay as they are; `auto` takes bfloat16 where the hardware multiplies it faster.
    """
    if precision == "bfloat16" or (precision == "auto" and fast_bfloat16(device)):
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()
