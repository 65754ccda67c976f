"""coding/fact_retrieval: names, codes, ranks and bounds that a programmer knows by heart."""

from metaprobe.benchmark.families.coding.fact_retrieval import bounds, names, operators

__all__ = ["bounds", "names", "operators"]
