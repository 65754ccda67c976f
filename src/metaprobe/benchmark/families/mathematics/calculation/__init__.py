"""mathematics/calculation: arithmetic and algebra carried out to an exact result."""

from metaprobe.benchmark.families.mathematics.calculation import algebra, arithmetic, digits

__all__ = ["algebra", "arithmetic", "digits"]
