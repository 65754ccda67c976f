"""coding/enumeration: every element, path, row or state that a piece of code admits."""

from metaprobe.benchmark.families.coding.enumeration import conditions, graphs, strings

__all__ = ["conditions", "graphs", "strings"]
