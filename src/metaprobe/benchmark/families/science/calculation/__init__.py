"""Families of science/calculation: quantities worked out with one formula after another."""

from metaprobe.benchmark.families.science.calculation import (
    gases,
    lenses_and_waves,
    matter,
    mechanics_and_circuits,
)

__all__ = ["gases", "lenses_and_waves", "matter", "mechanics_and_circuits"]
