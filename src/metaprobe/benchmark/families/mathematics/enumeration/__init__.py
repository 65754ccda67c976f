"""mathematics/enumeration: every number, sum, path or order that meets a stated condition."""

from metaprobe.benchmark.families.mathematics.enumeration import arrangements, numbers, sums

__all__ = ["arrangements", "numbers", "sums"]
