"""general/enumeration, for now."""

from metaprobe.benchmark.families.general.enumeration import plans

__all__ = ["plans"]
