"""general/simulation, for now."""

from metaprobe.benchmark.families.general.simulation import updates

__all__ = ["updates"]
