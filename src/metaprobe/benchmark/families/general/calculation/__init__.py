"""general/calculation, for now."""

from metaprobe.benchmark.families.general.calculation import everyday

__all__ = ["everyday"]
