"""coding/calculation: the arithmetic of programs, carried out to an exact value."""

from metaprobe.benchmark.families.coding.calculation import (
    formats,
    operators,
    slices,
    subnets,
)

__all__ = ["formats", "operators", "slices", "subnets"]
