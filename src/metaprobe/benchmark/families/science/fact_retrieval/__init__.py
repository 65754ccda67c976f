"""Families of science/fact_retrieval: facts recalled without any arithmetic."""

from metaprobe.benchmark.families.science.fact_retrieval import elements_units_planets, physics

__all__ = ["elements_units_planets", "physics"]
