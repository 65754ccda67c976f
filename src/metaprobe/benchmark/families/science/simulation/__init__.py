"""Families of science/simulation: physical and biological processes carried out step by step."""

from metaprobe.benchmark.families.science.simulation import mechanics_and_circuits, populations

__all__ = ["mechanics_and_circuits", "populations"]
