"""mathematics/simulation: a process on numbers, places or cells, run step by step."""

from metaprobe.benchmark.families.mathematics.simulation import numbers, processes

__all__ = ["numbers", "processes"]
