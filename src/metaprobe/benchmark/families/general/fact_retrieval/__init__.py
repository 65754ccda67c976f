"""general/fact_retrieval, for now."""

from metaprobe.benchmark.families.general.fact_retrieval import places_and_animals

__all__ = ["places_and_animals"]
