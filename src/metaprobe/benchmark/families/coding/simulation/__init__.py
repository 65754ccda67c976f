"""coding/simulation: code, containers and algorithms followed step by step."""

from metaprobe.benchmark.families.coding.simulation import (
    containers,
    machines,
    recursion,
    sorting,
)

__all__ = ["containers", "machines", "recursion", "sorting"]
