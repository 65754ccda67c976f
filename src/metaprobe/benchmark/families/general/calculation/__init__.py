"""general/calculation: the arithmetic of everyday life."""

from metaprobe.benchmark.families.general.calculation import (
    dates_and_percentages,
    everyday,
    timetables,
)

__all__ = ["dates_and_percentages", "everyday", "timetables"]
