"""Families of science/enumeration: all states, offspring, networks or nuclei under constraints."""

from metaprobe.benchmark.families.science.enumeration import (
    networks,
    nuclei,
    states_and_crosses,
)

__all__ = ["networks", "nuclei", "states_and_crosses"]
